"""A day in a lab, compressed: two requesters, one wrong slide, one full disk, one restart; and a share that goes away.

`scripts/trust watch` runs it. What a technician would do is done by hand of this script: slides are dropped in, a slide
in the quarantine is replaced by a whole one, room is made on a disk. Each run returns what went wrong.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blankslide.testing.own.feeding import Parcel, write_list
from blankslide.testing.own.watch_runs import ONE_FILE, SETS, build_kinds
from blankslide.testing.own.watched import Watched, feed, files_below, parcel

STUDY = 'requester = "Study A"\nnames = "requests.csv"\noriginals = "move"\n'
_WAYS = ("at once", "renamed", "at once", "slowly")


def sent_by_two(kinds: dict[str, Path], root: Path, count: int) -> tuple[list[Parcel], set[str]]:
    """Return slides of two requesters, and what has to come out; one of them has a table of names."""
    sent, wanted = list[Parcel](), set[str]()
    study, rows = root / "Study A", ["old;new"]
    for i in range(count):
        name = (*ONE_FILE, *SETS)[i % 8]
        stem, _, suffix = name.rpartition(".")
        way = _WAYS[i % 4]
        if name in SETS:
            sent.append(parcel(kinds[name], name, root / "Biobank" / f"{i:04}", name, way))
            wanted.add(f"Biobank/{i:04}/{name}")
        elif i % 3:
            sent.append(parcel(kinds[name], name, root / "Biobank", f"{stem}-{i:04}.{suffix}", way))
            wanted.add(f"Biobank/{stem}-{i:04}.{suffix}")
        else:
            sent.append(parcel(kinds[name], name, study, f"S24-{i:05}.{suffix}", way))
            rows.append(f"S24-{i:05};A-{i:05}")
            wanted.add(f"Study A/A-{i:05}.{suffix}")
    study.mkdir(parents=True)
    (study / "requests.csv").write_text("\n".join(rows))
    (study / "blankslide.toml").write_text(STUDY)
    return sent, wanted


@contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[bool]:
    """Mount a disk of its own for copies; says False, and mounts none, where that is not allowed."""
    at.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(at)]
    is_there = sys.platform == "linux" and subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
    try:
        yield is_there
    finally:
        if is_there:
            subprocess.run(["umount", "-l", str(at)], check=False)  # noqa: S603, S607 - the system's own tool


def _fill(folder: Path) -> Path:
    """Leave hardly any room on a disk."""
    ballast = folder / ".ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass
    return ballast


def day(count: int, jobs: int = 2) -> list[str]:
    """Let the day go by; return what went wrong."""
    with tempfile.TemporaryDirectory() as name, small_disk(Path(name, "out"), 300 + count) as is_small:
        service = Watched(Path(name), "--jobs", str(jobs), "--patience", "2")
        try:
            return _day(service, count, jobs, is_small)
        finally:
            if service.process is not None:
                service.kill(everything=True)


def _day(service: Watched, count: int, jobs: int, is_small: bool) -> list[str]:
    begun, notes, root = time.monotonic(), list[str](), service.root
    kinds = build_kinds(root / "kinds")
    sent, wanted = sent_by_two(kinds, service.source, count)
    write_list(root / "list.json", sent, 0.2, 1)
    whole = (kinds["argos.avs"] / "argos.avs").read_bytes()
    (service.source / "Biobank").mkdir()
    (service.source / "Biobank" / "wrong.avs").write_bytes(whole[: len(whole) // 3])
    feeder, last = feed(root / "list.json"), 240 + 4.0 * count

    def out() -> int:
        return len(wanted & files_below(service.out).keys())

    service.start()
    lying = service.quarantine / "Biobank" / "wrong.avs"
    service.wait_for(lying.exists, 120, "the wrong slide")
    reason = lying.with_name("wrong.avs.reason.txt").read_text().splitlines()[0]
    notes.append(f"the wrong slide is in the quarantine: {reason}")
    service.wait_for(lambda: out() >= count // 4, last, "a quarter")
    if is_small:
        ballast = _fill(service.out)
        service.wait_for(lambda: any("disk" in i["why"] for i in service.status()["waiting"]), 120, "a full disk")
        notes.append(f"the disk is full: {service.status()['waiting'][0]['why']}")
        ballast.unlink()
    service.wait_for(lambda: out() >= count // 2, last, "a half")
    code = service.stop()
    notes.append(f"restarted with {out()} of {count} done; the first run ended with {code}")
    service.start()
    (service.source / "Biobank" / "wrong.avs").write_bytes(whole)
    lying.unlink()
    wanted.add("Biobank/wrong.avs")
    service.wait_for(lambda: feeder.poll() is not None and out() == len(wanted), last, "all of them")
    service.wait_for(lambda: not service.status()["running"], why="it rests")
    wrong = [f"it ended with {each}" for each in (code, service.stop()) if each]
    wrong += _faults(service, wanted, count)
    took = time.monotonic() - begun
    print(f"a day: {count} slides of two requesters in {took:.0f} s, {took / count:.2f} s each, {jobs} at a time")
    for note in notes + ([] if is_small else ["no disk could be made full: nothing may be mounted here"]):
        print(f"  {note}")
    by = Counter(entry.get("requester", "nobody") for entry in service.entries())
    print(f"  recorded: {dict(by)}; {len(wrong)} faults", flush=True)
    return wrong


def _faults(service: Watched, wanted: set[str], count: int) -> list[str]:
    import blankslide

    found = {str(path.relative_to(service.out)) for path in blankslide.slides(service.out)}
    wrong = [f"missing: {name}" for name in sorted(wanted - found)]
    wrong += [f"nobody asked for: {name}" for name in sorted(found - wanted)]
    wrong += [f"half: {name}" for name in files_below(service.out) if "/." in f"/{name}"]
    entries = service.entries()
    if len(entries) != count + 1 or len({each["transaction"] for each in entries}) != len(entries):
        wrong.append(f"{count + 1} slides, but {len(entries)} entries")
    wrong += [f"an entry is {each['content']}" for each in entries if each["content"] != "clean"]
    moved = {name for name in files_below(service.root / "originals") if not name.startswith(".")}
    study = {name for name in wanted if name.startswith("Study A/")}
    if len(moved) != len(study):
        wrong.append(f"{len(study)} originals were to be moved, but {len(moved)} were")
    left = [name for name in files_below(service.quarantine) if "reason" not in name]
    said = service.said() + service.health.read_text()
    wrong += [f"in the quarantine: {name}" for name in left]
    wrong += [f"in log or health file: {word}" for word in ("S24-", "A-0", "Study", "Traceback") if word in said]
    return wrong


def share(count: int) -> list[str]:
    """Let a share go away again and again while slides come; return what went wrong."""
    from blankslide.testing.own.flaky_share import mounted, why_not

    if why_not():
        print(f"share: left out, because {why_not()}")
        return []
    errors = ("EBUSY", "ESTALE", "EIO", "ENOTCONN", "EHOSTDOWN")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for part in ("real/in", "real/quarantine"):
            (root / part).mkdir(parents=True)
        kinds = build_kinds(root / "kinds")
        with mounted(root / "real", root / "share", root / "trouble") as mount:
            service = Watched(root, "--quarantine", str(root / "share" / "quarantine"), "--patience", "1")
            service.watch(root / "share" / "in")
            with service.running():
                service.wait_for(service.health.exists, why="the health file")
                for i in range(count):
                    kind = (*ONE_FILE, *SETS)[i % 8]
                    shutil.copytree(kinds[kind], root / "real" / "in" / f"{i:03}")
                    time.sleep(0.2 * (i % 5))
                    mount.away(errors[i % 5])
                    service.wait_for(lambda: service.status()["state"] == "share away", 60, errors[i % 5])
                    time.sleep(0.2)
                    mount.back()
                service.wait_for(lambda: len(service.entries()) == count, 60 + 3 * count, "all slides")
            wrong = [f"in the quarantine: {name}" for name in files_below(root / "real" / "quarantine")]
            wrong += [f"{count} slides, but {len(service.entries())} entries"] * (len(service.entries()) != count)
            away, back = (service.said().count(f"the share is {word}") for word in ("away", "back"))
            wrong += ["Traceback"] * ("Traceback" in service.said())
    print(f"share: {count} slides, away {away} times by {len(errors)} errors, back {back} times; {len(wrong)} faults")
    return wrong
