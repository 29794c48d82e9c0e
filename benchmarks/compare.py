"""Compare trees of Blankslide in one run: what has become dearer since another commit?

    git worktree add /tmp/old COMMIT
    python benchmarks/compare.py /tmp/old . [MORE ...] [--rounds 9] [--only import,inspect] [--slide SMALL.svs]

Each round measures every part in every tree, one after the other and in fresh processes, so that all meet the
machine in the same mood. Figures are the processor's time (user and system, all threads), which other programs
disturb least; medians, and their ratio to the first tree. The parts:

    import      `import blankslide`, inside of a running interpreter
    inspect     `blankslide inspect` of a small slide, from nothing: the interpreter's own start included
    look        inspecting and planning the same slide, warm
    frame       from "open" to the first frame in napari, window up (needs the extra `napari` and a screen)
    bare        the same with bare tifffile and zarr: it knows no tree, and so shows how far noise goes
    run         a whole run in place on the small slide, warm, synced and verified
    big         the same on a slide that looks like 20 GB

`run` and `big` hold the census since issue 12, which older trees do not have. The first four must not become more
than 1.03 times as dear as in the first tree; the exit code is 1 if one does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "src")]

MOST = 1.03
REAL = Path(__file__).resolve().parents[2] / "shared/slides/aperio/CMU-1-Small-Region.svs"
HELD = ("import", "inspect", "look", "frame")
PARTS = (*HELD, "bare", "run", "big")

PROGRAM = """
try:
    from blankslide.__main__ import run
except ImportError:  # older trees
    from blankslide.cli import main as run
run()
"""
"""What the script does that pip puts on the path."""
_IMPORT = """
from time import process_time
start = process_time()
import blankslide
print(process_time() - start)
"""
_WARM = """
import gc, subprocess, sys
from pathlib import Path
from statistics import median
from time import process_time
from blankslide import anonymize, pipeline
what, source, folder, count = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
slide, key, used = folder / source.name, folder / "key", []
def look():
    pipeline.plan(source)
def run():
    anonymize(slide, in_place=True, ledger="none", key=key)
def fresh():  # nothing that a run writes lies behind the first megabytes
    if not slide.exists():
        subprocess.run(["cp", "--sparse=auto", source, slide], check=True)
        slide.chmod(0o644)
    with source.open("rb") as file, slide.open("r+b") as copy:
        copy.write(file.read(64 << 20))
do = look if what == "look" else run
for turn in range(count + 2):
    if do is run:
        fresh()
    gc.collect()
    start = process_time()
    do()
    if turn > 1:
        used.append(process_time() - start)
print(median(used))
"""


class Bench(NamedTuple):
    """What all measurements share: slides, and a folder for homes and copies."""

    small: Path
    big: Path
    wide: Path
    folder: Path


def environment(tree: Path, bench: Bench) -> dict[str, str]:
    """Return an environment in which only the tree's Blankslide is found, with a home of its own."""
    home = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), str(bench.folder))
    paths = os.pathsep.join(filter(None, (str(tree / "src"), os.environ.get("PYTHONPATH", ""))))
    return os.environ | home | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": ""}


def told(tree: Path, bench: Bench, code: str, *args: str) -> float:
    """Run code with a tree's Blankslide; return the number that it prints."""
    command = [sys.executable, "-c", code, *args]
    done = subprocess.run(command, env=environment(tree, bench), check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def spent(tree: Path, bench: Bench, code: str, *args: str) -> float:
    """Run code with a tree's Blankslide; return what its whole process has used."""
    command = [sys.executable, "-c", code, *args]
    child = subprocess.Popen(command, env=environment(tree, bench), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{tree}: {' '.join(args)} ended with {child.returncode}")
    return used.ru_utime + used.ru_stime


def frame(way: str, tree: Path, bench: Bench) -> float:
    """Open a wide slide in napari one way."""
    from napari_first_frame import in_process

    return float(in_process(way, bench.wide, bench.folder, tree)["cpu"])


def measures() -> dict[str, Callable[[Path, Bench], float]]:
    """Return what measures each part in one tree."""
    inspect = PROGRAM
    return {
        "import": lambda tree, bench: told(tree, bench, _IMPORT),
        "inspect": lambda tree, bench: spent(tree, bench, inspect, "inspect", str(bench.small)),
        "look": lambda tree, bench: told(tree, bench, _WARM, "look", str(bench.small), str(bench.folder), "40"),
        "frame": partial(frame, "blankslide"),
        "bare": partial(frame, "bare"),
        "run": lambda tree, bench: told(tree, bench, _WARM, "run", str(bench.small), str(bench.folder), "9"),
        "big": lambda tree, bench: told(tree, bench, _WARM, "run", str(bench.big), str(bench.folder), "2"),
    }


def built(folder: Path, slide: Path | None, parts: list[str]) -> Bench:
    """Make the slides that are needed."""
    from big_slide import build

    from blankslide.samples.aperio.slide import build_aperio

    bench = Bench(slide or REAL, folder / "slides/big.svs", folder / "slides/wide.svs", folder)
    (folder / "slides").mkdir()
    if not bench.small.exists():
        bench = bench._replace(small=folder / "slides/small.svs")
        build_aperio(bench.small)
    if "big" in parts:
        build(bench.big)
    if {"frame", "bare"} & set(parts):
        build_aperio(bench.wide, size=(20480, 15360), factors=(1, 4, 16, 64))
    return bench


def table(found: dict[str, list[list[float]]], trees: list[Path]) -> int:
    """Print medians and ratios; return the exit code."""
    print(f"{'':8}" + "".join(f"{tree.name[-18:]:>22}" for tree in trees))
    broken = []
    for part, rounds in found.items():
        middle = [median(column) for column in zip(*rounds, strict=True)]
        cells = [f"{value * 1e3:9.1f} ms  {value / middle[0]:5.2f} ×" for value in middle]
        print(f"{part:8}" + "".join(f"{cell:>22}" for cell in cells))
        if part in HELD and middle[-1] > MOST * middle[0]:
            broken.append(part)
    print(f"dearer than {MOST} × the first: {', '.join(broken)}" if broken else f"all within {MOST} × the first")
    return int(bool(broken))


def main() -> int:
    """Measure all trees in turns; the last is judged by the first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--slide", type=Path)
    chosen = parser.parse_args()
    trees, parts = [tree.resolve() for tree in chosen.trees], chosen.only.split(",")
    measure, found = measures(), dict[str, list[list[float]]]()
    with tempfile.TemporaryDirectory(prefix="blankslide-compare-") as name:
        bench = built(Path(name), chosen.slide, parts)
        for number in range(chosen.rounds + 1):
            for part in parts:
                row = [measure[part](tree, bench) for tree in trees]
                if number:  # the first round fills caches and writes bytecode
                    found.setdefault(part, []).append(row)
            print(f"round {number} of {chosen.rounds}", file=sys.stderr)
    return table(found, trees)


if __name__ == "__main__":
    sys.exit(main())
