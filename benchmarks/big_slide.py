"""Build a BigTIFF Aperio slide that looks like 20 GB and costs a few megabytes.

A small built slide gets a new tile index for level 0: its own tiles first, then hundreds of
thousands of tiles in a hole at the end of the file. Real JPEG tiles are put where readers
take their samples, so that independent readers can judge the slide.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from blankslide.samples.aperio.slide import build_aperio
from blankslide.verification.views import places

if TYPE_CHECKING:
    from pathlib import Path

TILE = 256
TILE_BYTES = 50_000


def build(path: Path, tiles: int = 400_000) -> Path:
    """Write the slide; level 0 has ``tiles`` tiles of 256 x 256 pixels."""
    planted = build_aperio(path, "big")
    page = planted.layout.pages[0]
    across = 730  # the shape of the other levels
    down = -(-tiles // across)
    old = page.strips
    with path.open("r+b") as file:
        file.seek(*old[0][:1])
        jpeg = file.read(old[0][1])
        index = (planted.layout.size + 15) // 16 * 16
        data = index + across * down * 12
        offsets = [o for o, _ in old] + [data + i * TILE_BYTES for i in range(across * down - len(old))]
        counts = [n for _, n in old] + [TILE_BYTES] * (across * down - len(old))
        file.seek(index)
        file.write(struct.pack(f"<{len(offsets)}Q", *offsets) + struct.pack(f"<{len(counts)}I", *counts))
        for tag, value in ((256, across * TILE), (257, down * TILE)):
            _patch(file, page.entries[tag].at, tag, 4, 1, struct.pack("<Q", value))
        _patch(file, page.entries[324].at, 324, 16, len(offsets), struct.pack("<Q", index))
        _patch(file, page.entries[325].at, 325, 4, len(counts), struct.pack("<Q", index + 8 * len(offsets)))
        for number in _sampled(across, down):
            if number >= len(old):
                file.seek(offsets[number])
                file.write(jpeg.ljust(TILE_BYTES, b"\0"))
        file.truncate(offsets[-1] + TILE_BYTES)
        _blank_old_index(file, page)
    return path


def _patch(file: object, at: int, tag: int, kind: int, count: int, value: bytes) -> None:
    file.seek(at)  # type: ignore[attr-defined]
    file.write(struct.pack("<HHQ", tag, kind, count) + value)  # type: ignore[attr-defined]


def _blank_old_index(file: object, page: object) -> None:
    """The first index is nobody's now; a slide of a scanner would not hold it."""
    for tag in (324, 325):
        spot = page.entries[tag]  # type: ignore[attr-defined]
        if not spot.inline:
            file.seek(spot.value_at)  # type: ignore[attr-defined]
            file.write(bytes(spot.length))  # type: ignore[attr-defined]


def _sampled(across: int, down: int) -> set[int]:
    """Tiles that a sample of up to 512 pixels at the usual places can touch."""
    found = set()
    for side in (TILE, 512):
        for x, y, w, h in places(across * TILE, down * TILE, side, 5):
            for ty in range(y // TILE, (y + h) // TILE + 1):
                for tx in range(x // TILE, (x + w) // TILE + 1):
                    found.add(min(ty, down - 1) * across + min(tx, across - 1))
    # readers that decode single segments take them by number
    count = across * down
    found.update(int((count - 1) * f) for f in (0.0, 0.2, 0.25, 0.35, 0.5, 0.65, 0.75, 0.8, 1.0))
    return found
