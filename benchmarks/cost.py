"""Cost follows metadata, not pixels: a 2 MB slide against one that looks like 20 GB.

Run: ``python benchmarks/cost.py [SMALL.svs]``. Prints, in one run and as ratios:

1. the small slide: inspect + plan + apply without sync, against tifffile opening it and
   walking its pages (warm, medians of alternating runs);
2. the parts of a whole run with journal, sync and verification;
3. the big slide: bytes read, time against tifffile reading the same index, peak memory;
4. starting up: ``import blankslide``, ``blankslide inspect`` against ``python -c pass``.
"""

from __future__ import annotations

import gc
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent))

T = TypeVar("T")
RUNS = 200
REAL = Path(__file__).resolve().parents[2] / "shared/slides/aperio/CMU-1-Small-Region.svs"


def edit(path: Path) -> dict[str, float]:
    """Inspect, plan and apply without journal and sync; seconds of each, and bytes read."""
    from blankslide.formatkit.protocol import Probe
    from blankslide.formats import detect
    from blankslide.planner import make_plan
    from blankslide.policy.profiles import RESEARCH
    from blankslide.storage.blocks import compile_blocks
    from blankslide.storage.slide_files import open_slide
    from blankslide.storage.volume import DiskVolume

    marks = [perf_counter()]
    with open_slide(path, write=True) as slide:
        probe = Probe(slide, main=slide.views()[0])
        inspection = detect(probe).inspect(probe)
        probe.forget()
        marks.append(perf_counter())
        plan = make_plan(inspection, RESEARCH, slide.views(), b"k" * 32)
        marks.append(perf_counter())
        volume = DiskVolume(sync=False)
        for block in compile_blocks(plan.patches, slide.files):
            if block.data is None:
                volume.fill_at(slide.main.fd, block.offset, block.length, block.byte)
            else:
                volume.write_at(slide.main.fd, block.data, block.offset)
        read = slide.bytes_read
    marks.append(perf_counter())
    inspected, planned, applied = (b - a for a, b in pairwise(marks))
    return {"inspect": inspected, "plan": planned, "apply": applied, "all": marks[-1] - marks[0], "read": float(read)}


def walk(path: Path) -> float:
    """Seconds that tifffile takes to open a slide and walk its pages, tags and series."""
    from tifffile import TiffFile

    start = perf_counter()
    with TiffFile(path) as tiff:
        for page in tiff.pages:
            for tag in page.tags:
                _ = tag.value
        _ = [len(s.levels) for s in tiff.series]
    return perf_counter() - start


def own(what: Callable[[Path], T], path: Path) -> T:
    """Do something after the collector ran: nobody pays for the garbage of the one before."""
    gc.collect()
    return what(path)


def index(path: Path) -> float:
    """Seconds that tifffile takes to read the same tile index."""
    from tifffile import TiffFile

    start = perf_counter()
    with TiffFile(path) as tiff:
        for page in tiff.pages:
            _ = page.dataoffsets, page.databytecounts
    return perf_counter() - start


def median(of: Callable[[], float], runs: int = 9) -> float:
    """Median of some runs."""
    return statistics.median(of() for _ in range(runs))


def small(source: Path, folder: Path) -> None:
    """Print part 1 and 2."""
    copies = [Path(shutil.copyfile(source, folder / f"small-{i}.svs")) for i in range(RUNS)]
    path = copies[0]
    walk(path), edit(path)
    shutil.copyfile(source, path)
    gc.collect()
    gc.freeze()
    both = [(own(walk, copy), own(edit, copy)) for copy in copies]
    gc.unfreeze()
    theirs, ours = [b[0] for b in both], [b[1] for b in both]
    mid = {k: statistics.median(o[k] for o in ours) for k in ours[0]}
    other = statistics.median(theirs)
    print(f"small slide, {path.stat().st_size / 1e6:.1f} MB, warm, in process, without sync")
    print("  " + "  ".join(f"{k} {mid[k] * 1e3:.2f} ms" for k in ("inspect", "plan", "apply", "all")))
    print(f"  tifffile opens it and walks its pages {other * 1e3:.2f} ms   ratio {mid['all'] / other:.2f} (<= 1)")
    from blankslide import anonymize

    parts: list[dict[str, float]] = []
    for _ in range(9):
        shutil.copyfile(source, path)
        parts.append(anonymize(path, in_place=True, ledger=str(folder / "l.jsonl"), key=folder / "key").seconds)
    print("with journal, sync and verification")
    line = {k: statistics.median(p[k] for p in parts) * 1e3 for k in parts[0]}
    print("  " + "  ".join(f"{k} {v:.1f} ms" for k, v in line.items()) + f"  all {sum(line.values()):.1f} ms")


def big(folder: Path) -> None:
    """Print part 3; runs in a process of its own so that peak memory is its own."""
    from big_slide import build

    path = build(folder / "big.svs")
    size = path.stat().st_size
    tiles = 400_000
    pristine = (folder / "big.svs").open("rb").read(64 << 20)
    index(path)
    theirs, ours = [], []
    for _ in range(5):
        with path.open("r+b") as file:
            file.write(pristine)
        theirs.append(index(path))
        ours.append(edit(path))
    del pristine
    mid = {k: statistics.median(o[k] for o in ours) for k in ours[0]}
    other = statistics.median(theirs)
    print(f"big slide, {size / 1e9:.1f} GB apparent, {tiles} tiles")
    print("  " + "  ".join(f"{k} {mid[k] * 1e3:.0f} ms" for k in ("inspect", "plan", "apply", "all")))
    print(f"  tifffile reads the same index {other * 1e3:.0f} ms   ratio {mid['all'] / other:.2f} (<= 3)")
    limit = tiles * 12 + 4e6
    print(f"  read {mid['read'] / 1e6:.2f} MB (<= index + 4 MB = {limit / 1e6:.2f} MB)")


def _own_peak() -> int:
    """Peak memory of this process in kilobytes; what ``getrusage`` tells may be that of the process that started it."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.partition("VmHWM:")[2].split()[0])


def peak(path: Path) -> None:
    """Anonymize one slide completely and print this process's peak memory."""
    from blankslide import anonymize

    outcome = anonymize(path, in_place=True, ledger="none", key=path.parent / "key")
    kilobytes = _own_peak()
    parts = "  ".join(f"{k} {v * 1e3:.0f} ms" for k, v in outcome.seconds.items())
    print(f"  whole run: {outcome.content}, by {' and '.join(outcome.readers)}; {parts}")
    print(f"  peak memory {kilobytes / 1024:.0f} MB (<= 250 MB)")


def start(source: Path, folder: Path) -> None:
    """Print part 4."""
    env = os.environ | {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}

    def cold(*args: str) -> Callable[[], float]:
        def run() -> float:
            begin = perf_counter()
            subprocess.run([sys.executable, *args], check=True, env=env, stdout=subprocess.DEVNULL)
            return perf_counter() - begin

        return run

    nothing = median(cold("-c", "pass"), 15)
    imported = median(cold("-c", "import blankslide"), 15)
    inspected = median(cold("-c", "from blankslide.cli import main; main()", "inspect", str(source)), 15)
    print("starting up")
    print(f"  import blankslide {1e3 * (imported - nothing):.0f} ms above python -c pass (<= 100)")
    print(f"  cold blankslide inspect {1e3 * inspected:.0f} ms, python -c pass {1e3 * nothing:.0f} ms", end="")
    print(f"   ratio {inspected / nothing:.1f} (<= 10)")


def main() -> None:
    """Print all four parts."""
    if sys.argv[1:2] == ["--peak"]:
        peak(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = Path(sys.argv[1]) if len(sys.argv) > 1 else REAL
        if not source.exists():
            from blankslide.samples.aperio.slide import build_aperio

            source = folder / "source.svs"
            build_aperio(source)
        small(source, folder)
        big(folder)
        from big_slide import build

        again = build(folder / "again.svs")
        subprocess.run([sys.executable, __file__, "--peak", str(again)], check=True)
        start(source, folder)


if __name__ == "__main__":
    main()
