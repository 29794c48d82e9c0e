"""A watched folder at length: hundreds of slides that arrive slowly, in all ways, while the service is killed.

`scripts/trust watch` runs these; the tests run them in small. Each returns what went wrong, and prints what it saw.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from hashlib import blake2b
from pathlib import Path

from blankslide.samples import builders
from blankslide.samples.hamamatsu.slide import build_hamamatsu
from blankslide.samples.hamamatsu.vms import build_hamamatsu_vms
from blankslide.testing.own.feeding import WAYS, Parcel, arrived, write_list
from blankslide.testing.own.watched import Watched, feed, files_below, parcel

ONE_FILE = ("small.ndpi", "generic-vips.tif", "ventana-plain.tif", "argos.avs")
SETS = ("small.vms", "hamamatsu-vmu.vmu", "trestle.tif", "mirax.mrxs")
_PAUSE = 0.6


def build_kinds(root: Path) -> dict[str, Path]:
    """Build one slide of each of eight formats, each alone in a folder, named by its main file."""
    known, found = builders(), dict[str, Path]()
    for name in (*ONE_FILE, *SETS):
        folder = root / name.replace(".", "-")
        folder.mkdir(parents=True)
        if name == "small.ndpi":
            build_hamamatsu(folder / name, size=(128, 96), factors=(1,), macro_size=(90, 40), map_page=False)
        elif name == "small.vms":
            build_hamamatsu_vms(folder / name, cell=(128, 96), macro_size=(160, 56))
        else:
            known[name](folder / name)
        found[name] = folder
    return found


def parcels(kinds: dict[str, Path], root: Path, count: int, seed: int) -> list[Parcel]:
    """Return so many slides of all kinds on their way into the folders of two requesters."""
    rng, out = random.Random(seed), []
    for i in range(count):
        name = (*ONE_FILE, *SETS)[i % 8]
        home = root / f"requester {i % 2}"
        if name in SETS:
            out.append(parcel(kinds[name], name, home / f"{i:04} {name}", name, WAYS[rng.randrange(len(WAYS))]))
        else:
            stem, _, suffix = name.rpartition(".")
            out.append(parcel(kinds[name], name, home, f"{stem}-{i:04}.{suffix}", WAYS[rng.randrange(len(WAYS))]))
    return out


def _digests(folder: Path) -> dict[str, str]:
    return {name: blake2b(path.read_bytes()).hexdigest() for name, path in files_below(folder).items()}


def references(kinds: dict[str, Path], root: Path, key: str) -> dict[str, dict[str, str]]:
    """Return what a copy of each kind has to be, byte for byte: name of the file -> digest."""
    import blankslide

    found = {}
    for name, folder in kinds.items():
        outcome = blankslide.anonymize(folder / name, out=root / name, key=key, ledger="none")
        assert outcome, f"{name}: {outcome.reason}"
        found[name] = _digests(root / name)
    return found


def arriving(
    count: int,
    kills: int = 0,
    seed: int = 1,
    pause: float = 0.6,
    root: Path | None = None,
    between: tuple[float, float] | None = None,
) -> list[str]:
    """Let slides arrive slowly while the service runs, and is killed ``kills`` times; return what went wrong.

    Parameters
    ----------
    pause
        Longest pause of a copier in the middle of a file, in seconds; twice the quiet time by default.
    between
        Shortest and longest time between two kills.
    """
    if root is None:
        with tempfile.TemporaryDirectory() as name:
            return arriving(count, kills, seed, pause, Path(name), between)
    begun = time.monotonic()
    kinds = build_kinds(root / "kinds")
    service = Watched(root)
    sent = parcels(kinds, service.source, count, seed)
    done = write_list(root / "list.json", sent, pause, seed)
    least, most = between or (0.3, max(2.5, count / max(kills, 1) * 0.5))
    rng = random.Random(seed)
    code = _run(service, sent, root / "list.json", [rng.uniform(least, most) for _ in range(kills)])
    wrong = [f"it ended with {code}"] * (code != 0) + judged(service, sent, arrived(done), kinds, root)
    took = time.monotonic() - begun
    ways = Counter(each.way for each in sent)
    print(f"{count} slides of {len(kinds)} formats, killed {kills} times: {took:.0f} s, {took / count:.2f} s each")
    print("  " + ", ".join(f"{number} {way}" for way, number in sorted(ways.items())))
    print(f"  {len(service.entries())} entries, {len(sent)} copies wanted, {len(wrong)} faults", flush=True)
    return wrong


def _run(service: Watched, sent: list[Parcel], plan: Path, kills: list[float]) -> int:
    """Feed the service, kill it after each of these times, wait for the last slide, and stop it."""
    wanted = {str(Path(each.files[-1][1]).relative_to(service.source)) for each in sent}
    feeder, limit = feed(plan), time.monotonic() + 120 + 4 * len(sent)
    service.start()
    try:
        for number, pause in enumerate(kills):
            time.sleep(pause)
            service.kill(everything=number % 2 == 0)
            service.start()
        while time.monotonic() < limit:
            if feeder.poll() is not None and wanted <= files_below(service.out).keys():
                break
            time.sleep(0.2)
        while time.monotonic() < limit and not service.has_begun():
            time.sleep(0.05)  # before it has, a signal ends the interpreter
        return service.stop(timeout=120)
    finally:
        feeder.kill()
        feeder.wait()
        if service.process is not None:
            service.kill(everything=True)


def judged(
    service: Watched, sent: list[Parcel], ended: dict[str, float], kinds: dict[str, Path], root: Path
) -> list[str]:
    """Return what is wrong with what came out."""
    from blankslide.records.ledger import Ledger

    right = references(kinds, root / "right", str(root / "site.key"))
    wrong, copies = list[str](), service.copies()
    expected: set[str] = set()
    for each in sent:
        main = Path(each.files[-1][1])
        kind = Path(each.files[-1][0]).name
        inner = main.parent.relative_to(service.source)
        names = {name: main.name if name == kind else name for name in right[kind]}
        for name, there in names.items():
            target = str(inner / there)
            expected.add(target)
            path = copies.get(target)
            if path is None:
                wrong.append(f"missing: {target}")
            elif blake2b(path.read_bytes()).hexdigest() != right[kind][name]:
                wrong.append(f"not what it has to be: {target} ({each.way})")
            elif path.stat().st_mtime < ended.get(str(main), 0.0) - 0.01:
                wrong.append(f"begun before it was complete: {target} ({each.way})")
    wrong += [f"nobody asked for: {name}" for name in sorted(copies.keys() - expected)]
    entries = service.entries()
    if len({entry["transaction"] for entry in entries}) != len(entries) or len(entries) != len(sent):
        wrong.append(f"{len(sent)} slides, but {len(entries)} entries")
    wrong += [f"an entry is {entry['content']}" for entry in entries if entry["content"] != "clean"]
    wrong += Ledger(service.ledger).check()
    wrong += [f"in the quarantine: {name}" for name in files_below(service.quarantine)]
    for each in sent:
        wrong += [f"changed: {to}" for source, to in each.files if _differ(Path(source), Path(to))]
    return wrong


def _differ(source: Path, target: Path) -> bool:
    return not target.exists() or source.read_bytes() != target.read_bytes()


def printed_log(service: Watched, last: int = 40) -> str:
    """Return the end of the log."""
    return "\n".join(service.said().splitlines()[-last:])
