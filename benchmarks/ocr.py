"""How much of what a person would read on a label is found, and how often tissue is taken for writing.

Run: ``python benchmarks/ocr.py [--labels 300] [--tissue 200] [--every] [--seed N]``. Labels are built from a seed
(`blankslide.testing.own.built_labels`) and looked at in four rotations, one after the other; with ``--every`` each in
every one. A line or code is *seen* if boxes cover half of it, and a line is *read* if four fifths of its letters are
right; only this program, which has planted them, compares. Tissue is built, and cut out of the real slides in
``BLANKSLIDE_SHARED``, which has a real MIRAX label, too. Ends with 1 if fewer than 95 % of the lines or 98 % of the
codes were seen, or more than 1 % of the tissue pictures have a box.
"""

from __future__ import annotations

import os
import random
import sys
import tarfile
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from blankslide.errors import BlankslideError  # noqa: E402 - the line above is for these
from blankslide.found.engine import Seen, look  # noqa: E402
from blankslide.found.text import Reader  # noqa: E402
from blankslide.samples.kit import drawing  # noqa: E402
from blankslide.testing.own.built_labels import Built, built_labels  # noqa: E402

SHARED = Path(os.environ.get("BLANKSLIDE_SHARED", ROOT.parents[1] / "shared/slides"))
LINES, CODES, FALSE = 0.95, 0.98, 0.01
_CODES, _WRITING = ("barcode", "unread barcode"), ("text", "ink")
_MIRAX_LINES = ("09B27881-1", "RQ 10533 HPS", "p161", "refslid4")


def covered(box: Sequence[int], boxes: Sequence[Sequence[int]], shape: Sequence[int]) -> float:
    """Return which part of a box others cover."""
    import numpy as np

    mask = np.zeros(shape[:2], bool)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    part = mask[box[1] : box[3], box[0] : box[2]]
    return float(part.mean()) if part.size else 0.0


def likeness(text: str, seen: Sequence[Seen]) -> float:
    """Return how like the likest of the lines that were read is."""
    bare = "".join(text.split()).lower()
    return max((SequenceMatcher(None, bare, "".join(s.text.split()).lower()).ratio() for s in seen), default=0.0)


def judge(built: Built, seen: Sequence[Seen], count: Counter[str]) -> None:
    """Count what was found of a label."""
    shape = built.pixels.shape
    writing = [s for s in seen if s.kind in _WRITING]
    codes = [s.box for s in seen if s.kind in _CODES]
    for text, box, by_hand in built.lines:
        found = covered(box, [s.box for s in writing], shape) >= 0.5
        count["lines"] += 1
        count["lines seen"] += found
        count["lines read"] += found and likeness(text, writing) >= 0.8
        count["lines by hand"] += by_hand
        count["lines by hand seen"] += by_hand and found
    for _, box in built.codes:
        count["codes"] += 1
        count["codes seen"] += covered(box, codes, shape) >= 0.5
        count["codes read"] += covered(box, [s.box for s in seen if s.kind == "barcode"], shape) >= 0.5
    planted = [box for _, box in built.codes]
    count["codes where none is"] += sum(covered(box, planted, shape) < 0.2 for box in codes)


def labels(reader: Reader, number: int, every: bool, seed: int) -> bool:
    """Look at built labels and print what was found."""
    counts, started = [Counter[str]() for _ in range(4)], time.process_time()
    for i, built in enumerate(built_labels(number, seed)):
        for quarters in range(4) if every else (i % 4,):
            turned = built.turned(quarters)
            counts[quarters]["pictures"] += 1
            judge(turned, look(turned.pixels, reader, printed=True), counts[quarters])
    whole = sum(counts, Counter[str]())
    spent = (time.process_time() - started) / whole["pictures"]
    print(f"{number} built labels in four rotations, {whole['pictures']} pictures, {spent:.2f} s of CPU each")
    for quarters, own in enumerate(counts):
        lines, codes = own["lines seen"] / max(own["lines"], 1), own["codes seen"] / max(own["codes"], 1)
        print(
            f"  turned {90 * quarters:3}: lines seen {lines:.2%} of {own['lines']}, codes {codes:.2%} of {own['codes']}"
        )
    return _told(whole)


def _told(count: Counter[str]) -> bool:
    lines, codes = count["lines seen"] / count["lines"], count["codes seen"] / count["codes"]
    print(f"  lines seen     {lines:7.2%}   {count['lines seen']} of {count['lines']}")
    print(f"  lines read     {count['lines read'] / count['lines']:7.2%}")
    if count["lines by hand"]:
        print(f"  by hand, seen  {count['lines by hand seen'] / count['lines by hand']:7.2%}")
    print(f"  codes seen     {codes:7.2%}   {count['codes seen']} of {count['codes']}")
    print(f"  codes read     {count['codes read'] / count['codes']:7.2%}")
    print(f"  boxes of codes where none is: {count['codes where none is']}", flush=True)
    return lines >= LINES and codes >= CODES


def mirax(reader: Reader) -> bool:
    """Look at the real MIRAX label and print what was found: four lines and a code."""
    import numpy as np

    from blankslide.pipeline import inspect
    from blankslide.viewing.picture import open_pictures

    archive = SHARED / "mirax" / "Mirax2-Fluorescence-2.tar.xz"
    if not archive.is_file():
        print("real MIRAX label: left out, because it is not there")
        return True
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
        main = next(Path(folder).rglob("*.mrxs"))
        with open_pictures(main, inspect(main)) as pictures:
            pixels = np.asarray(pictures.pictures["label"][...])
    ended = True
    for quarters in range(4):
        seen = look(np.ascontiguousarray(np.rot90(pixels, quarters)), reader, printed=True)
        lines = sum(likeness(line, seen) >= 0.8 for line in _MIRAX_LINES)
        codes = sum(s.kind in _CODES for s in seen)
        print(f"real MIRAX label, turned {90 * quarters:3}: {lines} of 4 lines read, {min(codes, 1)} of 1 code seen")
        ended = ended and lines == 4 and codes == 1
    return ended


def tissue(reader: Reader, number: int, seed: int) -> bool:
    """Look at pictures of tissue and print how many have a box."""
    ended = True
    for name, pictures in (("built", _built_tissue(number, seed)), ("real", _real_tissue())):
        count = Counter[str]()
        for source, pixels in pictures:
            seen = look(pixels, reader)
            count["pictures"] += 1
            count["with a box"] += bool(seen)
            count["boxes"] += len(seen)
            if seen:
                print(f"  false: {source}: {', '.join(s.kind for s in seen)}")
        part = count["with a box"] / max(count["pictures"], 1)
        print(f"{name} tissue: {part:.2%} of {count['pictures']} pictures have a box ({count['boxes']})", flush=True)
        ended = ended and part <= FALSE
    return ended


def _built_tissue(number: int, seed: int) -> Iterator[tuple[str, Any]]:
    import numpy as np

    for i in range(number):
        rng = random.Random(f"tissue {seed} {i}")
        picture = drawing.tissue(rng.choice((300, 512, 768, 1024)), rng.choice((256, 400, 600, 768)), seed * 1000 + i)
        pixels = np.asarray(picture, np.float32) * [rng.uniform(0.7, 1) for _ in range(3)]
        yield f"built {i}", pixels.astype(np.uint8)


def _real_tissue() -> Iterator[tuple[str, Any]]:
    """Yield the thumbnails of the real slides, and pieces of their levels as large as a thumbnail, whole and halved."""
    import numpy as np

    from blankslide.viewing.pyramid import open_pyramid
    from blankslide.viewing.reading_apart import plain

    slides = [*SHARED.glob("aperio/*.svs"), *SHARED.glob("czi/*.czi"), *SHARED.glob("qptiff/*"), *SHARED.glob("ome/*")]
    for path in slides:
        try:
            opened = open_pyramid(path)
        except BlankslideError:
            continue
        with opened:
            if "thumbnail" in opened.pictures:
                yield f"{path.name} thumbnail", plain(np.asarray(opened.pictures["thumbnail"][...]))
            for i, level in enumerate(opened.levels):
                height, width = level.shape[:2]
                side = min(700, height, width)
                for k in range(12 if side == 700 else 1):
                    rng = random.Random(f"{path.name} {i} {k}")
                    y, x = rng.randint(0, height - side), rng.randint(0, width - side)
                    piece = plain(np.asarray(level[y : y + side, x : x + side]))
                    yield f"{path.name} level {i} at {x}, {y}", piece
                    yield f"{path.name} level {i} at {x}, {y}, halved", np.ascontiguousarray(piece[::2, ::2])


def main() -> int:
    """Run all, print, and return the exit code."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--tissue", type=int, default=200)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    reader = Reader()
    ended = [mirax(reader), labels(reader, asked.labels, asked.every, asked.seed) if asked.labels else True]
    ended.append(tissue(reader, asked.tissue, asked.seed) if asked.tissue else True)
    return 0 if all(ended) else 1


if __name__ == "__main__":
    raise SystemExit(main())
