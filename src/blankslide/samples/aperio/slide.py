"""Aperio slides with invented patients: ``aperio-classic``, ``aperio-big``, ``aperio-gt450`` and more.

Page for page as the scanners write them: tiled levels, a stripped thumbnail as second page
that repeats the whole description, label and macro at the end marked by NewSubfileType 1
and 9. `build_aperio` also returns the answer key. Any size works; above 2048 x 1536 the
tissue repeats, so a slide for viewers is made about as fast as it is written::

    build_aperio(path, size=(20480, 15360), factors=(1, 4, 16, 64))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from blankslide.samples.aperio.key import answer_key
from blankslide.samples.aperio.recipe import Recipe, recipe
from blankslide.samples.aperio.text import Description, compose, pairs_of
from blankslide.samples.kit.tiff_values import Value, ascii, double, long, short, slong, undefined
from blankslide.samples.kit.tiff_writer import Blob, Page, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.answer_key import Planted
    from blankslide.samples.kit.patients import Patient
    from blankslide.samples.kit.pyramid import TileLevel

_JPEG, _LZW, _JP2K_YCC = 7, 5, 33003
_GREY, _RGB, _YCC = 1, 2, 6
_STRIP_ROWS = 16
_THUMBNAIL = 768


def build_aperio(
    path: Path,
    flavour: str = "classic",
    *,
    patient: Patient | None = None,
    size: tuple[int, int] | None = None,
    **overrides: Any,
) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    flavour
        ``classic``, ``big``, ``gt450``, ``jp2k-ycc``, ``jp2k-rgb``, ``kfbio``, ``motic``, ``grundium``,
        ``fluorescence`` or ``z-levels``.
    patient
        Whose slide it is; by default one invented for the flavour.
    size
        Width and height of level 0 in pixels.
    overrides
        Any other field of `aperio_recipe.Recipe`.

    Raises
    ------
    ValueError
        If the flavour is unknown, or the layout cannot be written.
    TypeError
        If an override is no field of the recipe.
    """
    plan = recipe(flavour, patient, size, **overrides)
    kitchen = _Kitchen(plan)
    roles = plan.roles()
    pages = [kitchen.page(role) for role in roles]
    layout = write_tiff(
        path, pages, big=plan.big, byteorder=plan.byteorder, order=plan.order, by=plan.by,
        disk_order=plan.disk_order, filler=plan.filler,
    )  # fmt: skip
    texts = [kitchen.texts.get(role) for role in roles]
    return answer_key(path.name, plan, layout, pages, texts)


class _Kitchen:
    """Makes the pages of one recipe."""

    def __init__(self, plan: Recipe) -> None:
        from blankslide.samples.kit.drawing import tissue
        from blankslide.samples.kit.pyramid import FIELD, build_levels

        self.plan = plan
        self.texts: dict[str, Description] = {}
        self.field = tissue(min(plan.size[0], FIELD[0]), min(plan.size[1], FIELD[1]), plan.seed)
        self.tables: dict[str, bytes] = {}
        code = partial(self._code, "levels", plan.quality)
        self.levels = build_levels(self.field, plan.size, plan.factors, plan.tile, code)
        self.pairs, self.old = pairs_of(plan)

    def _code(self, name: str, quality: int, picture: Image) -> bytes:
        """Code one tile or strip, keeping the tables that all of ``name`` share."""
        from blankslide.samples.kit.codecs import jpeg, jpeg_2000, jpeg_abbreviated

        if name == "levels" and self.plan.grey:
            return jpeg(picture.convert("L"), quality)
        if name == "levels" and self.plan.tile_codec != _JPEG:
            return jpeg_2000(picture, self.plan.tile_codec == _JP2K_YCC)
        if not self.plan.abbreviated:
            return jpeg(picture, quality)
        split = jpeg_abbreviated(picture, quality)
        self.tables[name] = split.tables
        return split.stream

    def page(self, role: str) -> Page:
        """Make the page of a role, with the recipe's own tags last."""
        makers: dict[str, Callable[[], Page]] = {
            "thumbnail": self._thumbnail,
            "label": self._label,
            "macro": self._macro,
        }
        page = makers[role]() if role in makers else self._level(int(role.removeprefix("level")))
        own = self.plan.of_role(role, self.plan.tags)
        tags = {**page.tags, **self._extras(role), **own}
        if 270 in own:
            self.texts.pop(role, None)
        page.tags = {tag: value for tag, value in tags.items() if value is not None}
        page.types = self.plan.of_role(role, self.plan.types)
        return page

    def _once(self, data: bytes) -> str:
        """Name under which equal values are stored once, if the recipe wants that."""
        return data.hex() if self.plan.share else ""

    def _extras(self, role: str) -> dict[int, Value]:
        plan, out = self.plan, {}
        if role in self.texts:
            out[270] = ascii(self.texts[role].data)
        if plan.date_time:
            date = f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}".encode()
            out[306] = ascii(date, self._once(date))
        if role in plan.icc_roles:
            icc = _icc(plan)
            out[34675] = undefined(icc, self._once(icc))
        if role == "level0" and plan.private:
            out |= _private(plan)
        return out

    def _jpeg_tags(self, name: str) -> dict[int, Value]:
        if not self.plan.abbreviated:
            return {530: short(2, 2)}
        tables = self.tables[name]
        return {347: undefined(tables, self._once(tables)), 530: short(2, 2)}

    def _level(self, index: int) -> Page:
        level, first = self.levels[index], self.levels[0]
        geometry = f"{first.width}x{first.height} [0,0 {first.width}x{first.height}] ({level.tile}x{level.tile})"
        scaled = f" -> {level.width}x{level.height}" if index else ""
        colours = self._words()
        self._describe(f"level{index}", f"\r\n{geometry}{scaled} {colours} Q={self.plan.quality}")
        tags = _basics(level.width, level.height, self.plan.tile_codec, self._colour(), 0) | self._level_tags()
        tags |= {322: short(level.tile), 323: short(level.tile)}
        return Page(tags, self._blobs(index, level), tiled=True)

    def _blobs(self, index: int, level: TileLevel) -> list[bytes | Blob]:
        start = self.plan.level0_at
        if index == 0 and start is not None:
            offsets = accumulate(map(len, level.tiles), initial=start)
            return [Blob(tile, at=at) for tile, at in zip(level.tiles, offsets, strict=False)]
        if self.plan.share_tiles:
            return [Blob(tile, share=f"tile {id(tile)}") for tile in level.tiles]
        return list(level.tiles)

    def _words(self) -> str:
        """Codec and colours as the header names them."""
        if self.plan.tile_codec != _JPEG:
            return "J2K/YUV16" if self.plan.tile_codec == _JP2K_YCC else "J2K/KDU"
        return "JPEG/RGB" if self.plan.abbreviated else "JPEG/YCC"

    def _level_tags(self) -> dict[int, Value]:
        if self.plan.grey:
            return {258: short(8), 262: short(_GREY), 277: short(1)}
        return self._jpeg_tags("levels") if self.plan.tile_codec == _JPEG else {262: short(_RGB)}

    def _colour(self) -> int:
        return _RGB if self.plan.abbreviated else _YCC

    def _describe(self, role: str, line: str) -> None:
        self.texts[role] = compose(self.plan.header + line, self.pairs, self.old, self.plan.encoding)

    def _thumbnail(self) -> Page:
        from blankslide.samples.kit.pyramid import overview

        picture = overview(self.field, self.plan.size, _THUMBNAIL)
        width, height = self.plan.size
        if self.plan.describe_thumbnail:
            self._describe("thumbnail", f"\n{width}x{height} -> {picture.width}x{picture.height} - ")
        return self._jpeg_page("thumbnail", picture, 0)

    def _jpeg_page(self, role: str, picture: Image, kind: int, rows: int = _STRIP_ROWS) -> Page:
        from blankslide.samples.kit.codecs import bands

        strips = [self._code(role, 80, band) for band in bands(picture, rows)]
        tags = _basics(picture.width, picture.height, _JPEG, self._colour(), kind) | self._jpeg_tags(role)
        return Page(tags | {278: short(rows)}, strips)

    def _name(self, role: str, picture: Image) -> None:
        if self.plan.describe_pictures:
            text = f"{self.plan.header}\n{role} {picture.width}x{picture.height}"
            self.texts[role] = Description(text.encode("ascii"), ())

    def _label(self) -> Page:
        from blankslide.samples.kit.codecs import lzw_strips
        from blankslide.samples.kit.drawing import label

        picture = label(self.plan.patient, self.plan.label_size, self.plan.seed + 100)
        self._name("label", picture)
        if self.plan.label_codec == "jpeg":
            return self._jpeg_page("label", picture, 1)
        rows = self.plan.label_rows
        tags = _basics(picture.width, picture.height, _LZW, _RGB, 1) | {278: short(rows), 317: short(2)}
        return Page(tags, lzw_strips(picture, rows))

    def _macro(self) -> Page:
        from blankslide.samples.kit.drawing import macro

        plan = self.plan
        picture = macro(plan.patient, plan.macro_size, plan.seed + 200, with_label=plan.macro_shows_label)
        self._name("macro", picture)
        return self._jpeg_page("macro", picture, 9)


def _basics(width: int, height: int, compression: int, colour: int, kind: int) -> dict[int, Value]:
    size = short if max(width, height) < 1 << 16 else long
    return {
        254: long(kind), 256: size(width), 257: size(height), 258: short(8, 8, 8), 259: short(compression),
        262: short(colour), 277: short(3), 284: short(1), 32997: long(1),
    }  # fmt: skip


def _private(plan: Recipe) -> dict[int, Value]:
    """Scan area in micrometres, magnification, pixel size, scanner, date."""
    mpp = float(plan.mpp)
    area = slong(25691, 23449, round(plan.size[0] * mpp), round(plan.size[1] * mpp))
    return {
        55000: area,
        55001: double(float(plan.magnification)),
        55002: double(mpp),
        55003: ascii(plan.patient.scanner),
        55004: ascii(f"{plan.patient.scanned:%m/%d/%Y}"),
    }


def _icc(plan: Recipe) -> bytes:
    from datetime import datetime

    from blankslide.samples.kit.icc import profile

    return plan.icc if plan.icc is not None else profile(datetime(2018, 2, 3, 4, 5, 6))


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    f"aperio-{name}.svs": partial(build_aperio, flavour=name) for name in ("classic", "big", "gt450")
}
