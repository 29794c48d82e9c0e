"""Pages that many scanners write alike: levels in JPEG tiles, pictures in strips.

A vendor's builder gives a `Recipe` (sizes, codec, texts) and puts the pages in its own order;
what they hold, and the answer key to it, comes from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.kit.spots import Spot, Text, answer_key, fill
from blankslide.samples.kit.tiff_values import Value, ascii, long, rational, short, undefined
from blankslide.samples.kit.tiff_writer import Page, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.answer_key import Planted
    from blankslide.samples.kit.tiff_writer import Layout

Codec = Literal["raw", "lzw", "jpeg"]
_ROWS = 32


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one slide.

    Attributes
    ----------
    size, factors, tile
        Pixels of level 0, downsampling of each level, edge of a tile.
    label_size, macro_size, thumbnail
        Pixels of the pictures, None for one that is absent; downsampling of the thumbnail, or 0.
    codec
        How the pictures are coded.
    mpp
        Micrometres per pixel of level 0.
    text
        Template of the first page's description instead of the vendor's own.
    spots
        Values to plant beside, or instead of, the usual ones.
    extra
        Further pages at the end.
    tags
        Page number -> tags to add or replace.
    types
        Integer types of offsets and byte counts in the pictures' pages.
    """

    patient: Patient
    size: tuple[int, int] = (1024, 768)
    factors: tuple[int, ...] = (1, 2, 4)
    tile: int = 256
    label_size: tuple[int, int] | None = (240, 288)
    macro_size: tuple[int, int] | None = (640, 215)
    thumbnail: int = 4
    codec: Codec = "raw"
    mpp: float = 0.5
    text: str = ""
    spots: Mapping[str, Spot | str] = field(default_factory=dict)
    extra: tuple[Page, ...] = ()
    tags: Mapping[int, Mapping[int, Value]] = field(default_factory=dict)
    types: Mapping[int, int] = field(default_factory=dict)
    big: bool = False
    seed: int = 41


def recipe(seed: int, patient: Patient | None, changes: Mapping[str, Any]) -> Recipe:
    """Make a recipe for an invented patient; ``changes`` are fields of it.

    Raises
    ------
    TypeError
        If one is no field.
    """
    seed = changes.get("seed", seed)
    return replace(Recipe(patient or invent(seed), seed=seed), **changes)


def tiled(plan: Recipe, plane: int = 0) -> list[Page]:
    """Return the levels; all but the first are marked as reduced. Of another focal plane they are less sharp."""
    from PIL import ImageFilter

    from blankslide.samples.kit.codecs import jpeg_abbreviated
    from blankslide.samples.kit.drawing import tissue
    from blankslide.samples.kit.pyramid import build_levels

    tables: list[bytes] = []

    def code(part: Image) -> bytes:
        split = jpeg_abbreviated(part, 70)
        tables.append(split.tables)
        return split.stream

    field = tissue(*plan.size, plan.seed)
    field = field.filter(ImageFilter.GaussianBlur(plane)) if plane else field
    levels = build_levels(field, plan.size, plan.factors, plan.tile, code)
    pages = []
    for number, (level, factor) in enumerate(zip(levels, plan.factors, strict=True)):
        per_cm = 10000 / (plan.mpp * factor)
        own = {
            254: long(int(number > 0)), 259: short(7), 262: short(2), 322: short(level.tile), 323: short(level.tile),
            282: rational(per_cm), 283: rational(per_cm), 296: short(3), 347: undefined(tables[0]),
        }  # fmt: skip
        pages.append(Page({**_basics(level.width, level.height), **own}, level.tiles, tiled=True))
    return pages


def thumbnail(plan: Recipe) -> Page:
    """Return the small picture of the tissue."""
    from blankslide.samples.kit.drawing import tissue

    return stripped(tissue(*plan.size, plan.seed).reduce(plan.thumbnail), 0, plan)


def label(plan: Recipe) -> Page:
    """Return the label, marked as such."""
    from blankslide.samples.kit import drawing

    assert plan.label_size is not None  # noqa: S101 - asked for by its caller only where there is one
    return stripped(drawing.label(plan.patient, plan.label_size, plan.seed + 100), 1, plan)


def macro(plan: Recipe) -> Page:
    """Return the macro with the label in it, marked as such."""
    from blankslide.samples.kit import drawing

    assert plan.macro_size is not None  # noqa: S101 - asked for by its caller only where there is one
    return stripped(drawing.macro(plan.patient, plan.macro_size, plan.seed + 200), 9, plan)


def stripped(picture: Image, kind: int, plan: Recipe) -> Page:
    """Code a picture in strips; ``kind`` is its NewSubfileType."""
    coding, code = _CODECS[plan.codec]
    tags = {254: long(kind), **_basics(*picture.size), **coding, 278: long(_ROWS)}
    return Page(tags, code(picture), types=plan.types)


def _basics(width: int, height: int) -> dict[int, Value]:
    return {256: long(width), 257: long(height), 258: short(8, 8, 8), 277: short(3), 284: short(1)}


def _raw(picture: Image) -> list[bytes]:
    from blankslide.samples.kit.codecs import bands

    return [band.tobytes() for band in bands(picture, _ROWS)]


def _lzw(picture: Image) -> list[bytes]:
    from blankslide.samples.kit.codecs import lzw_strips

    return lzw_strips(picture, _ROWS)


def _jpeg(picture: Image) -> list[bytes]:
    from blankslide.samples.kit.codecs import bands, jpeg

    return [jpeg(band, 75) for band in bands(picture, _ROWS)]


_CODECS: dict[Codec, tuple[dict[int, Value], Callable[[Image], list[bytes]]]] = {
    "raw": ({259: short(1), 262: short(2)}, _raw),
    "lzw": ({259: short(5), 262: short(2), 317: short(2)}, _lzw),
    "jpeg": ({259: short(7), 262: short(6), 530: short(2, 2)}, _jpeg),
}


def usual_order(plan: Recipe) -> tuple[list[Page], list[str]]:
    """Return pages and roles as Aperio and those who follow it order them."""
    base, *rest = tiled(plan)
    pages, roles = [base], ["level"]
    if plan.thumbnail:
        pages, roles = [*pages, thumbnail(plan)], [*roles, "thumbnail"]
    pages, roles = [*pages, *rest], roles + ["level"] * len(rest)
    if plan.label_size:
        pages, roles = [*pages, label(plan)], [*roles, "label"]
    if plan.macro_size:
        pages, roles = [*pages, macro(plan)], [*roles, "macro"]
    return [*pages, *plan.extra], roles + ["unknown"] * len(plan.extra)


def write(
    path: Path,
    vendor: str,
    plan: Recipe,
    pages: Sequence[Page],
    roles: Sequence[str],
    texts: Mapping[int, Text],
    kept: Mapping[str, str],
    dated: bool = True,
) -> Planted:
    """Write the slide and return its answer key.

    Parameters
    ----------
    vendor
        Registry name of the format.
    roles
        One for each page.
    texts
        Page -> its filled description.
    kept
        Science values beside those of the levels.
    dated
        Whether each page holds the date of the scan.
    """
    date = {306: ascii(f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}")} if dated else {}
    for number, page in enumerate(pages):
        text = {270: ascii(texts[number].data)} if number in texts else {}
        page.tags = {**page.tags, **date, **text, **plan.tags.get(number, {})}
    layout: Layout = write_tiff(path, pages, big=plan.big)
    return answer_key(path.name, vendor, layout, pages, roles, texts, {**_sizes(plan), **kept}, plan.patient)


def described(plan: Recipe, template: str, spots: Mapping[str, Spot | str]) -> Text:
    """Fill the recipe's own description, or the vendor's."""
    return fill(plan.text or template, {**spots, **plan.spots}, "latin-1")


def _sizes(plan: Recipe) -> dict[str, str]:
    out = {"openslide.level-count": str(len(plan.factors))}
    for i, factor in enumerate(plan.factors):
        out[f"openslide.level[{i}].width"] = str(plan.size[0] // factor)
        out[f"openslide.level[{i}].height"] = str(plan.size[1] // factor)
    return out
