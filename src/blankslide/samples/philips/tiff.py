"""Philips TIFF slides with invented patients: pictures as pages, in the XML, and both.

Built like an IntelliSite export: the description of page 0 is the whole ``DPUfsImport`` XML,
levels are tiled JPEG with a sparse tile here and there, label and macro come last in strips.
``objects`` orders the scanned images, ``data_first`` puts their data before their type; real
files do all of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Range, Removed, tiles_digest
from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.kit.spots import Text
from blankslide.samples.kit.tiff_values import Value, ascii, long, short
from blankslide.samples.kit.tiff_writer import Blob, Page, write_tiff
from blankslide.samples.philips.text import compose
from blankslide.samples.philips.tiff_recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.tiff_layout import Layout

_STRIP_ROWS = 16


def build_philips(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    overrides
        Any other field of `Recipe`.
    """
    plan = replace(Recipe(patient or invent(overrides.get("seed", 7))), **overrides)
    width, height = (-(-side // plan.tile) * plan.tile for side in plan.size)
    plan = replace(plan, size=(width, height))
    kitchen = _Kitchen(plan)
    pages = kitchen.pages()
    layout = write_tiff(path, [page for _, page in pages], big=plan.big)
    return _key(path.name, plan, layout, pages, kitchen)


class _Kitchen:
    """Makes the pages of one recipe."""

    def __init__(self, plan: Recipe) -> None:
        from blankslide.samples.kit.codecs import jpeg
        from blankslide.samples.kit.drawing import label, macro, tissue

        self.plan = plan
        self.scene = tissue(*plan.size, plan.seed)
        self.drawn: dict[str, Image] = {
            "label": label(plan.patient, plan.label_size, plan.seed + 100),
            "macro": macro(plan.patient, plan.macro_size, plan.seed + 200),
        }
        self.coded = {role: b64encode(jpeg(self.drawn[role], 60)).decode() for role in plan.base64}
        self.text = compose(plan, self.coded) if plan.xml is None else Text(plan.xml, ())

    def pages(self) -> list[tuple[str, Page]]:
        """Return roles and pages in chain order."""
        from blankslide.samples.kit.codecs import jpeg
        from blankslide.samples.kit.pyramid import build_levels

        plan, scene = self.plan, self.scene
        out = []
        for i, level in enumerate(build_levels(scene, plan.size, plan.factors, plan.tile, partial(jpeg, quality=70))):
            tags = _basics(level.width, level.height) | {322: short(level.tile), 323: short(level.tile)}
            tags |= {254: long(1)} if i else {}
            words = f"level={i} mag={40 / plan.factors[i]:g} quality=80".encode()
            tags[270] = ascii(words if i else self.text.data + (b"\0" + plan.behind if plan.behind else b""))
            out.append((f"level{i}", Page(tags, self._tiles(i, level.tiles), tiled=True)))
        out += [(role, self._strips(role)) for role in plan.pages]
        for role, page in out:
            page.tags = {**page.tags, **plan.tags.get("all", {}), **plan.tags.get(role, {})}
        date = ascii(f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}")
        out[0][1].tags = {**out[0][1].tags, 306: date}
        return out

    def _tiles(self, index: int, tiles: list[bytes]) -> list[bytes | Blob]:
        if index or not self.plan.sparse or len(tiles) < 2:
            return list(tiles)
        return [tiles[0], Blob(b"", at=0), *tiles[2:]]

    def _strips(self, role: str) -> Page:
        from blankslide.samples.kit.codecs import bands, jpeg

        picture = self.drawn[role]
        strips = [jpeg(band, 80) for band in bands(picture, _STRIP_ROWS)]
        tags = _basics(*picture.size) | {254: long(1), 278: short(_STRIP_ROWS), 270: ascii(role.capitalize())}
        return Page(tags, strips)


def _basics(width: int, height: int) -> dict[int, Value]:
    return {
        256: long(width), 257: long(height), 258: short(8, 8, 8), 259: short(7), 262: short(6), 277: short(3),
        284: short(1), 305: ascii("Philips DP v1.0"), 530: short(2, 2),
    }  # fmt: skip


# -- answer key --------------------------------------------------------------------------


def _key(name: str, plan: Recipe, layout: Layout, pages: list[tuple[str, Page]], kitchen: _Kitchen) -> Planted:
    pictures = []
    for i, (role, page) in enumerate(pages):
        if not page.tiled:
            pictures.append(Picture(role, i, *kitchen.drawn[role].size, tuple(layout.pages[i].strips)))
    removed = _removed(kitchen.text, layout, pictures)
    date = layout.pages[0].entries[306]
    removed.append(
        Removed("tiff.date-time", f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}", "latin-1", ((date.value_at, 19),))
    )
    levels = [page for _, page in pages if page.tiled]
    kept = (
        {"openslide.level-count": str(len(levels)), "philips.DICOM_MANUFACTURER": "PHILIPS"} if plan.xml is None else {}
    )
    for i, level in enumerate(levels):
        kept[f"openslide.level[{i}].width"] = str(level.tags[256].items[0])
        kept[f"openslide.level[{i}].height"] = str(level.tags[257].items[0])
    digests = tuple(tiles_digest(t if isinstance(t, bytes) else t.data for t in p.strips) for p in levels)
    keys = tuple(Kept(k, v) for k, v in kept.items())
    return Planted(name, "philips_tiff", tuple(removed), keys, tuple(pictures), digests, layout)


def _removed(text: Text, layout: Layout, pictures: list[Picture]) -> list[Removed]:
    """Return what the XML plants, and the pictures with all their strips and all their base64."""
    start = layout.pages[0].entries[270].value_at
    found: dict[tuple[str, str, str], list[Range]] = {}
    for picture in pictures:
        found.setdefault((f"picture.{picture.role}", "", "picture"), []).extend(picture.strips)
    for planting in text.plantings:
        key = (planting.id, planting.value, planting.encoding)
        if planting.id.startswith("picture."):
            key = (planting.id, "", "picture")
        if planting.value.strip(" 0"):
            found.setdefault(key, []).append((start + planting.start, planting.length))
    return [Removed(*key, tuple(places)) for key, places in found.items()]


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    "philips-both.tiff": build_philips,
    "philips-pages.tiff": partial(build_philips, base64=(), big=True, seed=8),
    "philips-base64.tiff": partial(build_philips, pages=(), data_first=True, seed=9),
}
