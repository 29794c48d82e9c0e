"""Thousands of small slides: a batch of two jobs, one process a slide, and plain copying, measured in one run.

    python benchmarks/batch.py [--slides 2000] [--broken 40] [--jobs 2] [--single 60] [--folder DIR]

Builds an archive of nested folders with slides of eight formats, some of them cut off, and then measures

    first line     from the start of `blankslide batch` to the first line that it prints
    batch          the whole run into copies, slides a second
    again          the same once more, when every copy is there
    one process    `blankslide anonymize --out` for each of --single slides, slides a second
    copying        all bytes of the archive, read and written and synced

and says the ratios, and how much memory the run had in hand at a tenth, at half and at its end: parent and workers. The
figures of one run can be compared with each other, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

START = (sys.executable, "-c", "import sys; from blankslide.cli import main; sys.argv[0] = 'blankslide'; main()")
SAMPLES = (
    *("hamamatsu-vmu.vmu", "generic-vips.tif", "trestle.tif", "ventana-plain.tif", "argos.avs", "mirax.mrxs"),
    "leica-versa.scn",
)
OFTEN = 12


def build(root: Path, slides: int, broken: int) -> None:
    """Fill the archive: of every twenty slides, a dozen are small NDPI files."""
    from blankslide.samples import builders
    from blankslide.samples.hamamatsu.slide import build_hamamatsu

    kinds = root.with_name("kinds")
    (kinds / "small.ndpi").mkdir(parents=True)
    build_hamamatsu(
        kinds / "small.ndpi" / "small.ndpi", size=(128, 96), factors=(1,), macro_size=(90, 40), map_page=False
    )
    for name in SAMPLES:
        (kinds / name).mkdir()
        builders()[name](kinds / name / name)
    for i in range(slides):
        kind = "small.ndpi" if i % 20 < OFTEN else SAMPLES[i % len(SAMPLES)]
        folder = root / f"year {i % 7}" / f"box {i % 90}" / f"slide {i}"
        shutil.copytree(kinds / kind, folder)
        if i < broken:
            whole = (kinds / "small.ndpi" / "small.ndpi").read_bytes()
            (folder / "broken.ndpi").write_bytes(whole[: 300 + i])


def run(arguments: list[str]) -> tuple[int, dict[str, Any], dict[str, float], list[int]]:
    """Run a batch; return exit code, its summary, when its first lines came, and its memory over time in KB."""
    begun, seen, used = time.monotonic(), {}, []
    command = [*START, "batch", "--json-lines", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        over = threading.Event()
        threads = [
            threading.Thread(target=_watch_memory, args=(process.pid, used, over)),
            threading.Thread(target=_drain, args=(process.stderr,)),
        ]
        for thread in threads:
            thread.start()
        last = b""
        assert process.stdout is not None
        for line in os.fdopen(os.dup(process.stdout.fileno()), "rb"):
            if b'"clean"' in line[:400]:
                seen.setdefault("first slide", time.monotonic() - begun)
            last = line
        code = process.wait()
        over.set()
    for thread in threads:
        thread.join()
    return code, json.loads(last)["summary"], {**seen, "all": time.monotonic() - begun}, used


def first_line(arguments: list[str]) -> float:
    """Return when a person in front of a pipe sees the first line."""
    begun = time.monotonic()
    command = [*START, "batch", "--dry-run", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen = time.monotonic() - begun
        process.terminate()
        process.stdout.read()
    return seen


def _drain(stream: Any) -> None:
    for _ in stream:
        pass


def _watch_memory(pid: int, used: list[int], over: threading.Event) -> None:
    while not over.wait(0.5):
        used.append(sum(map(_resident, [pid, *_children(pid)])))


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, task.read_text().split())
        except OSError:
            continue


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    except (OSError, StopIteration):
        return 0


@contextmanager
def clock(took: dict[str, float], name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    took[name] = time.monotonic() - begun


def copied(root: Path, target: Path) -> None:
    for path in root.rglob("*"):
        if path.is_file():
            other = target / path.relative_to(root)
            other.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as source, other.open("wb") as file:
                shutil.copyfileobj(source, file)
                file.flush()
                os.fsync(file.fileno())


def measure(folder: Path, asked: argparse.Namespace) -> int:
    root, took = folder / "archive", {}
    build(root, asked.slides, asked.broken)
    own = ["--ledger", str(folder / "ledger.jsonl"), "--key", str(folder / "site.key")]
    wanted = ["--out", str(folder / "out"), "--jobs", str(asked.jobs), *own, str(root)]
    first = first_line(wanted)
    code, summary, when, used = run(wanted)
    print(f"exit code {code}: {summary}")
    with clock(took, "copying"):
        copied(root, folder / "plain")
    _, again, later, _ = run(wanted)
    singles = [p for p in sorted(root.rglob("*.*")) if p.suffix in (".ndpi", ".vmu", ".tif", ".avs", ".scn", ".mrxs")]
    singles = [p for p in singles if not p.name.startswith("broken")][:: max(len(singles) // asked.single, 1)]
    with clock(took, "single"):
        for i, path in enumerate(singles):
            command = [*START, "anonymize", "--out", str(folder / f"one/{i}"), *own, str(path)]
            subprocess.run(command, check=False, capture_output=True)
    rates = {
        f"batch, {asked.jobs} jobs": summary["slides"] / when["all"],
        "batch again": again["slides"] / later["all"],
        "one process a slide": len(singles) / took["single"],
        "plain copying": summary["slides"] / took["copying"],
    }
    ours = rates[f"batch, {asked.jobs} jobs"]
    for name, rate in rates.items():
        print(f"{name:22} {rate:9.1f} slides a second   batch is {ours / rate:7.3f} times as fast")
    print(f"first line after {first:.2f} s, first slide clean after {when.get('first slide', 0):.1f} s")
    tenth, half = used[len(used) // 10], used[len(used) // 2]
    print(f"memory of all processes: {tenth >> 10} MB at a tenth, {half >> 10} at half, {max(used) >> 10} at most")
    accounted = summary["clean"] + summary["nothing to do"] + sum(summary["refused"].values()) == summary["slides"]
    return 0 if accounted and summary["clean"] == again["nothing to do"] else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--slides", type=int, default=2000)
    parser.add_argument("--broken", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--single", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        return measure(Path(folder), asked)


if __name__ == "__main__":
    sys.exit(main())
