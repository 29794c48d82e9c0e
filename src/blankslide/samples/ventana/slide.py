"""Ventana slides with invented patients: iScan, DP 200, and the plain Ventana TIFF.

Page for page as the scanners write them: the portrait of the slide with its label, thumbnail
or tissue probability, levels that tell their number. iScan files code the portrait as JPEG and mix
quotes in the packet of level 0; DP files store it raw. Joints run ``RIGHT`` and ``UP``,
which OpenSlide reads; ``joints="LEFT"`` writes what a DP 200 really writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Range, Removed, tiles_digest
from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.kit.spots import Text, fill
from blankslide.samples.kit.tiff_values import Value, ascii, byte, long, short, undefined
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.samples.ventana.text import encode_info, scan_packet, spots_of

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.tiff_layout import Layout

_RAW, _LZW, _JPEG = 1, 5, 7


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one Ventana slide.

    Attributes
    ----------
    style
        ``iscan``, ``dp`` or ``tif``.
    size, tile, factors
        Pixels of level 0 (made a multiple of the tile), edge of a tile, downsampling of levels.
    res, power
        Micrometres per pixel and magnification, as written.
    macro_size
        Width and height of the portrait.
    macro_tiled
        Keep the portrait in a single tile, as old scanners do (JPEG styles only).
    joints
        ``RIGHT`` or ``LEFT``.
    values
        Values to put in place of the patient's, by name in the packets.
    scan, info
        Templates of the packets of page 0 and level 0 in place of the style's own.
    portrait
        Show the slide with its label in the thumbnail's place, too.
    tags
        Role -> tags to add; ``all`` for every page.
    types
        Integer types of offset and byte-count tags, for every page.
    """

    style: str
    patient: Patient
    size: tuple[int, int] = (1024, 768)
    tile: int = 256
    factors: tuple[int, ...] = (1, 2, 4)
    res: str = "0.25"
    power: str = "40"
    macro_size: tuple[int, int] = (216, 640)
    macro_tiled: bool = False
    joints: str = "RIGHT"
    values: Mapping[str, str] = field(default_factory=dict)
    scan: str | None = None
    info: str | None = None
    portrait: bool = False
    tags: Mapping[str, Mapping[int, Value]] = field(default_factory=dict)
    types: Mapping[int, int] = field(default_factory=dict)
    big: bool = True
    seed: int = 1


_STYLES: dict[str, dict[str, Any]] = {
    "iscan": {"res": "0.232500", "seed": 4},
    "dp": {"seed": 5},
    "tif": {"seed": 6, "big": False, "power": "20", "res": "0.5"},
}


def build_ventana(path: Path, style: str = "dp", *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    style
        ``iscan``, ``dp`` or ``tif``.
    overrides
        Any other field of `Recipe`.
    """
    given = {**_STYLES[style], **overrides}
    plan = replace(Recipe(style, patient or invent(given["seed"])), **given)
    width, height = (-(-side // plan.tile) * plan.tile for side in plan.size)
    plan = replace(plan, size=(width, height))
    kitchen = _Kitchen(plan)
    pages = kitchen.pages()
    layout = write_tiff(path, [p for _, p in pages], big=plan.big)
    return _key(path.name, plan, layout, pages, kitchen.packets)


class _Kitchen:
    """Makes the pages of one recipe."""

    def __init__(self, plan: Recipe) -> None:
        self.plan = plan
        self.packets: dict[str, Text] = {}

    def pages(self) -> list[tuple[str, Page]]:
        """Return roles and pages in chain order."""
        from blankslide.samples.kit.codecs import jpeg
        from blankslide.samples.kit.drawing import tissue
        from blankslide.samples.kit.pyramid import build_levels, overview

        plan = self.plan
        scene = tissue(*plan.size, plan.seed)
        levels = build_levels(scene, plan.size, plan.factors, plan.tile, partial(jpeg, quality=70))
        out = [("macro", self._macro())]
        if plan.style == "dp":
            out.append(("probability", _probability(overview(scene, plan.size, 64))))
        else:
            small = self._portrait((200, 68)) if plan.portrait else overview(scene, plan.size, 200)
            out.append(("thumbnail", _strip_jpeg(small, "Thumbnail")))
        for i, level in enumerate(levels):
            power = float(plan.power) / plan.factors[i]
            tags = _basics(level.width, level.height, _JPEG, 6) | {530: short(2, 2)}
            tags |= {322: short(level.tile), 323: short(level.tile)}
            tags[270] = ascii(f"level={i} mag={power:g} quality=90")
            out.append((f"level{i}", Page(tags, level.tiles, tiled=True)))
        if plan.style != "tif":
            self._packet(out[2], plan.info or encode_info(plan.style, plan.size, plan.tile, plan.joints))
        for role, page in out:
            page.tags = {**page.tags, **plan.tags.get("all", {}), **plan.tags.get(role, {})}
            page.types = plan.types
        return out

    def _packet(self, target: tuple[str, Page], template: str) -> None:
        role, page = target
        plan = self.plan
        science = {"res": plan.res, "power": plan.power}
        self.packets[role] = fill(template, {**spots_of(plan.patient, plan.values), **science})
        page.tags = {**page.tags, 700: byte(self.packets[role].data)}

    def _portrait(self, size: tuple[int, int]) -> Image:
        from blankslide.samples.kit.drawing import macro

        return macro(self.plan.patient, size, self.plan.seed + 200)

    def _macro(self) -> Page:
        plan = self.plan
        width, height = plan.macro_size
        picture = self._portrait((height, width)).rotate(-90, expand=True)  # the label's end is up
        if plan.style == "dp":
            rows = 64
            data = picture.tobytes()
            strips = [data[i : i + rows * width * 3] for i in range(0, len(data), rows * width * 3)]
            page = Page(_basics(width, height, _RAW, 2) | {270: ascii("Label_Image"), 278: short(rows)}, strips)
        else:
            page = _strip_jpeg(picture, "Label Image", plan.macro_tiled)
        self._packet(("macro", page), plan.scan or scan_packet(plan.style))
        page.tags = {**page.tags, 306: ascii(f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}"), 34675: undefined(_icc())}
        return page


def _icc() -> bytes:
    from datetime import datetime

    from blankslide.samples.kit.icc import profile

    return profile(datetime(2018, 2, 3, 4, 5, 6))


def _strip_jpeg(picture: Image, description: str, tiled: bool = False) -> Page:
    from blankslide.samples.kit.codecs import jpeg

    tags = _basics(picture.width, picture.height, _JPEG, 6) | {530: short(2, 2), 270: ascii(description)}
    if not tiled:
        return Page(tags | {278: short(picture.height)}, [jpeg(picture, 80)])
    width, height = (-(-n // 16) * 16 for n in picture.size)
    whole = picture.crop((0, 0, width, height))
    return Page(tags | {322: short(width), 323: short(height)}, [jpeg(whole, 80)], tiled=True)


def _probability(picture: Image) -> Page:
    """Grey map of where tissue is."""
    import io

    from PIL import Image as images

    grey = picture.convert("L").point(lambda v: 255 if v < 220 else 0)
    out = io.BytesIO()
    grey.save(out, "TIFF", compression="tiff_lzw", strip_size=1 << 20)
    with images.open(out) as coded:
        tags = coded.tag_v2  # type: ignore[attr-defined]
        at, size = tags[273][0], tags[279][0]
    own = {**_basics(grey.width, grey.height, _LZW, 1), 258: short(8), 277: short(1), 278: short(grey.height)}
    return Page(own | {270: ascii("Probability_Image")}, [out.getvalue()[at : at + size]])


def _basics(width: int, height: int, compression: int, colour: int) -> dict[int, Value]:
    return {
        256: long(width), 257: long(height), 258: short(8, 8, 8), 259: short(compression), 262: short(colour),
        277: short(3), 284: short(1), 305: ascii("ScanOutputManager 1.1.0.15854"),
    }  # fmt: skip


# -- answer key --------------------------------------------------------------------------


def _key(
    name: str, plan: Recipe, layout: Layout, pages: list[tuple[str, Page]], packets: Mapping[str, Text]
) -> Planted:
    removed = _removed(plan, layout, pages, packets)
    pictures = []
    for i, (role, page) in enumerate(pages):
        if not role.startswith("level"):
            width, height = (int(page.tags[t].items[0]) for t in (256, 257))
            pictures.append(Picture(role, i, width, height, tuple(layout.pages[i].strips)))
    removed.append(Removed("picture.macro", "", "picture", pictures[0].strips))
    levels = [p for role, p in pages if role.startswith("level")]
    kept = {"openslide.level-count": str(len(levels)), "ventana.ScanRes": plan.res, "ventana.Magnification": plan.power}
    for i, level in enumerate(levels):
        kept[f"openslide.level[{i}].width"] = str(level.tags[256].items[0])
        kept[f"openslide.level[{i}].height"] = str(level.tags[257].items[0])
    digests = tuple(tiles_digest(t if isinstance(t, bytes) else t.data for t in p.strips) for p in levels)
    keys = tuple(Kept(k, v) for k, v in kept.items())
    return Planted(name, "ventana", tuple(removed), keys, tuple(pictures), digests, layout)


def _removed(plan: Recipe, layout: Layout, pages: list[tuple[str, Page]], packets: Mapping[str, Text]) -> list[Removed]:
    found: dict[tuple[str, str], list[Range]] = {}
    for i, (role, page) in enumerate(pages):
        entries = layout.pages[i].entries
        for planting in packets[role].plantings if role in packets else ():
            if planting.value.strip(" 0"):
                where = (entries[700].value_at + planting.start, planting.length)
                found.setdefault((planting.id, planting.value), []).append(where)
        if 306 in page.tags and isinstance(date := page.tags[306].items, bytes):
            key = ("tiff.date-time", date.rstrip(b"\0").decode())
            found.setdefault(key, []).append((entries[306].value_at, len(date) - 1))
    return [Removed(*key, "utf-8", tuple(places)) for key, places in found.items()]


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    "ventana-iscan.bif": partial(build_ventana, style="iscan"),
    "ventana-dp200.bif": partial(build_ventana, style="dp"),
    "ventana-plain.tif": partial(build_ventana, style="tif"),
}
