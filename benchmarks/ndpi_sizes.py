"""Time an NDPI slide of 5 GB and one of 9 GB against a small one; the promise is at most 1.5 times.

The large ones are sparse: the same pages, with the later ones placed beyond 4 and 8 GB, so
that offsets have high words and everything that grows with the file's length would show.
Each size is built anew and anonymized in place several times, in turns; the fastest counts.

    python benchmarks/ndpi_sizes.py [runs]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from blankslide import pipeline
from blankslide.samples.hamamatsu.slide import build_hamamatsu

GB = 1 << 30
SIZES = {"small": {}, "5 GB": {1: 5 * GB}, "9 GB": {1: 5 * GB, 3: 9 * GB}}
MOST = 1.5


def once(folder: Path, places: dict[int, int]) -> float:
    """Build one slide, anonymize it and return the seconds of that."""
    path = folder / "slide.ndpi"
    build_hamamatsu(path, strips_at=places)
    start = perf_counter()
    outcome = pipeline.anonymize_in_place(path)
    seconds = perf_counter() - start
    if outcome.content != "clean" or len(outcome.readers) < 2:
        raise SystemExit(f"not clean: {outcome.residue}, judged by {outcome.readers}")
    return seconds


def main() -> int:
    """Print one line for each size; fail if a large slide takes too long."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    best = dict.fromkeys(SIZES, float("inf"))
    with tempfile.TemporaryDirectory() as name:
        once(Path(name), {})  # imports do not count
        for _ in range(runs):
            for size, places in SIZES.items():
                best[size] = min(best[size], once(Path(name), places))
    for size, seconds in best.items():
        print(f"NDPI {size:>5}: clean in {seconds * 1e3:6.1f} ms, {seconds / best['small']:.2f} x the small one")
    return 0 if max(best.values()) <= MOST * best["small"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
