"""Compare trees of Blankslide by instructions instead of time: the same to a ten-thousandth on a busy machine.

    python benchmarks/instructions.py /tmp/old . [MORE ...] [--only import,inspect] [--slide SMALL.svs]

Needs valgrind, under which everything takes fifty times as long. Figures are millions of instructions of the whole
process, with their ratio to the first tree; `look` and `run` are what one more warm turn costs. The parts are those of
`compare`; what a machine does besides, such as waiting for a disk, is not counted here.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from compare import _WARM, MOST, PROGRAM, Bench, built, environment

PARTS = ("import", "inspect", "look", "big look", "run")


def counted(tree: Path, bench: Bench, code: str, *args: str) -> float:
    """Run code with a tree's Blankslide, once to write bytecode and once to count; return millions of instructions."""
    command = [sys.executable, "-c", code, *args]
    home = environment(tree, bench) | {"PYTHONHASHSEED": "0"}
    subprocess.run(
        command, env=home, cwd=bench.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}", *command]
    done = subprocess.run(valgrind, env=home, cwd=bench.folder, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit(f"valgrind counted nothing:\n{done.stderr[-500:]}")
    return int(found[1]) / 1e6


def warm(tree: Path, bench: Bench, what: str, slide: Path) -> float:
    """Return what one more turn costs, once everything is imported."""
    few, more = (counted(tree, bench, _WARM, what, str(slide), str(bench.folder), str(n)) for n in (2, 6))
    return (more - few) / 4


def measures() -> dict[str, Callable[[Path, Bench], float]]:
    """Return what counts each part in one tree."""
    return {
        "import": lambda tree, bench: counted(tree, bench, "import blankslide"),
        "inspect": lambda tree, bench: counted(tree, bench, PROGRAM, "inspect", str(bench.small)),
        "look": lambda tree, bench: warm(tree, bench, "look", bench.small),
        "big look": lambda tree, bench: warm(tree, bench, "look", bench.big),
        "run": lambda tree, bench: warm(tree, bench, "run", bench.small),
    }


def main() -> int:
    """Count in all trees; the last is judged by the first, but for `run`, which holds the census since issue 12."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--slide", type=Path)
    chosen = parser.parse_args()
    trees, dearer = [tree.resolve() for tree in chosen.trees], []
    with tempfile.TemporaryDirectory(prefix="blankslide-instructions-") as name:
        parts = chosen.only.split(",")
        bench = built(Path(name), chosen.slide, ["big"] if "big look" in parts else [])
        print(f"{'':9}" + "".join(f"{tree.name[-18:]:>22}" for tree in trees))
        for part in parts:
            row = [measures()[part](tree, bench) for tree in trees]
            cells = [f"{value:9.1f} M  {value / row[0]:6.3f} ×" for value in row]
            print(f"{part:9}" + "".join(f"{cell:>22}" for cell in cells), flush=True)
            if part != "run" and row[-1] > MOST * row[0]:
                dearer.append(part)
    print(f"dearer than {MOST} × the first: {', '.join(dearer)}" if dearer else f"all within {MOST} × the first")
    return int(bool(dearer))


if __name__ == "__main__":
    sys.exit(main())
