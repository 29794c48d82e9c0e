"""What a de-identified copy costs beside a plain ``cp`` of the same slide.

    python benchmarks/copy_vs_cp.py [--gib N] [--rounds N] [--dir FOLDER]

Both read the slide from the page cache where it fits, both end with a sync of the copy, and
their rounds alternate, so that neither gains by the machine's mood. Printed are the medians,
the ratio of the copying itself, and, separately, what looking, planning and verifying take on
top: ``cp`` does nothing of the kind. Most of that is the digest of all tissue, twice.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from blankslide import pipeline
from blankslide.api import options
from blankslide.samples.aperio.slide import build_aperio

SIDE = 4096


def build(path: Path, gib: float) -> int:
    """Write a slide of about ``gib`` GiB; wide tiles of high quality make it large quickly."""
    side = SIDE
    build_aperio(path, size=(side, side), factors=(1, 4), quality=95)
    wanted = gib * 2**30 / path.stat().st_size
    side = int(side * max(1.0, wanted) ** 0.5) // 256 * 256
    build_aperio(path, size=(side, side), factors=(1, 4), quality=95, big=True)
    return path.stat().st_size


def plain_copy(source: Path, target: Path) -> float:
    """Seconds of ``cp`` and a sync of what it wrote."""
    start = perf_counter()
    subprocess.run(["cp", "--reflink=auto", source, target], check=True)
    handle = os.open(target, os.O_RDWR)
    os.fsync(handle)
    os.close(handle)
    return perf_counter() - start


def our_copy(source: Path, folder: Path) -> dict[str, float]:
    """Seconds of each stage of a run that ended clean."""
    outcome = pipeline.anonymize_copy(source, folder, options(ledger="none", key=folder.parent / "site.key"))
    assert outcome.content == "clean", outcome.residue
    assert outcome.tissue[0] == outcome.tissue[1]
    (folder / outcome.target).unlink()
    return outcome.seconds


def compare(folder: Path, gib: float, rounds: int) -> float:
    """Run both in turns and print; return the ratio of the medians."""
    source = folder / "slide.svs"
    size = build(source, gib)
    plain, ours = [], []
    for _ in range(rounds):
        plain.append(plain_copy(source, folder / "plain.svs"))
        (folder / "plain.svs").unlink()
        ours.append(our_copy(source, folder / "out"))
    copying = median(o["copy"] for o in ours)
    ratio = copying / median(plain)
    print(f"slide                 {size / 2**30:6.2f} GiB, {rounds} rounds in turns")
    print(f"cp and sync           {median(plain):6.2f} s")
    print(f"our copy and sync     {copying:6.2f} s   ratio {ratio:.2f}")
    for stage in ("open", "inspect", "plan", "read with other readers", "digest", "verify", "record"):
        print(f"  {stage:<24}{median(o[stage] for o in ours):7.3f} s")
    print(f"all of it             {median(sum(o.values()) for o in ours):6.2f} s")
    return ratio


def main() -> None:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gib", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", type=Path, help="folder on the disk to measure")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.dir) as folder:
        compare(Path(folder), chosen.gib, chosen.rounds)


if __name__ == "__main__":
    main()
