"""A Toyscope slide with an invented patient, and the answer key to it.

Two levels, a thumbnail that repeats the description, a label to unlink and a macro to blank.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Removed, tiles_digest
from blankslide.samples.kit.codecs import bands, jpeg
from blankslide.samples.kit.drawing import label, macro, tissue
from blankslide.samples.kit.patients import invent
from blankslide.samples.kit.tiff_values import Value, ascii, byte, long, rational, short
from blankslide.samples.kit.tiff_writer import Page, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.patients import Patient


def build_toy(
    path: Path,
    *,
    patient: Patient | None = None,
    size: tuple[int, int] = (512, 384),
    label_size: tuple[int, int] = (150, 120),
) -> Planted:
    """Write one slide and return its answer key."""
    who = patient or invent(5)
    text = "Toyscope 1.0"
    spots: list[tuple[str, str, int]] = []
    pairs = {
        "Operator": who.login, "MPP": "0.5000", "Scanned": f"{who.scanned:%Y-%m-%d %H:%M}",
        "Ward": who.institution, "Drawer": f"bottom {who.accession}", "Remark": f"ask {who.physician}",
    }  # fmt: skip
    for key, value in pairs.items():
        text += f"\n{key}="
        if key != "MPP":
            spots.append((f"toyscope.description.{key.lower()}", value, len(text)))
        text += value
    author = who.name.encode("utf-16-le")
    field = tissue(*size, 5)
    small = field.reduce(2)
    common = {270: ascii(text)}
    pages = [
        Page({**_tags(field, 0), **_tiles(), **common, 40093: byte(author + b"\0\0")}, _cut(field), tiled=True),
        _strips(small.reduce(2), 0, common),
        Page({**_tags(small, 1), **_tiles()}, _cut(small), tiled=True),
        _strips(label(who, label_size, 6), 1, {}),
        _strips(macro(who, (360, 120), 7, with_label=True), 9, {}),
    ]
    layout = write_tiff(path, pages)
    removed = [
        Removed(name, value, "latin-1", tuple((layout.pages[i].entries[270].value_at + at, len(value)) for i in (0, 1)))
        for name, value, at in spots
    ]
    removed.append(
        Removed("tiff.xp-author", who.name, "utf-16-le", ((layout.pages[0].entries[40093].value_at, len(author)),))
    )
    pictures = tuple(
        Picture(role, i, picture[0], picture[1], tuple(layout.pages[i].strips), (who.name,))
        for role, i, picture in (("label", 3, label_size), ("macro", 4, (360, 120)))
    )
    removed += [Removed(f"picture.{p.role}", "", "picture", p.strips) for p in pictures]
    kept = [Kept("openslide.mpp-x", "0.5"), Kept("openslide.level-count", "2")]
    kept += [Kept(f"openslide.level[{i}].width", str(p.width)) for i, p in enumerate((field, small))]
    digests = tuple(tiles_digest(bytes(t) for t in pages[i].strips if isinstance(t, bytes)) for i in (0, 2))
    return Planted(path.name, "toyscope", tuple(removed), tuple(kept), pictures, digests, layout)


def _tags(picture: Image, kind: int) -> dict[int, Value]:
    return {
        254: long(kind), 256: long(picture.width), 257: long(picture.height), 258: short(8, 8, 8), 259: short(7),
        262: short(6), 277: short(3), 282: rational(20000), 283: rational(20000), 284: short(1), 296: short(3),
        530: short(2, 2),
    }  # fmt: skip


def _tiles() -> dict[int, Value]:
    return {322: short(128), 323: short(128)}


def _cut(picture: Image) -> list[bytes]:
    """Cut into whole tiles; what lies outside the picture is black."""
    boxes = [(x, y, x + 128, y + 128) for y in range(0, picture.height, 128) for x in range(0, picture.width, 128)]
    return [jpeg(picture.crop(box), 60) for box in boxes]


def _strips(picture: Image, kind: int, more: dict[int, Value]) -> Page:
    return Page({**_tags(picture, kind), 278: short(32), **more}, [jpeg(band, 60) for band in bands(picture, 32)])


BUILDERS: dict[str, Callable[[Path], Planted]] = {"toyscope.toy": build_toy}
