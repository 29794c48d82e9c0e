"""What an Aperio sample shall be: ten flavours, and every knob that tests turn.

A `Recipe` is data; `aperio` cooks it. The flavours differ as real scanners do: ScanScope
writes classic TIFF with abbreviated RGB tiles or JPEG 2000, newer software BigTIFF with
complete YCbCr tiles, a GT450 leaves label and macro without a description, and KFBIO, Motic
and Grundium write Aperio's layout under headers of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from blankslide.samples.kit.drawing import LABEL_SIZE, MACRO_SIZE
from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.kit.tiff_values import LONG, LONG8, Value

if TYPE_CHECKING:
    from blankslide.samples.kit.tiff_writer import Part

LEVEL_TYPES: Mapping[int, int] = {324: LONG8, 325: LONG}
STRIP_TYPES: Mapping[int, int] = {273: LONG, 279: LONG8}


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one Aperio slide.

    Roles name pages: ``level0``, ``level1`` ..., ``thumbnail``, ``label``, ``macro``; ``all``
    stands for every page.

    Attributes
    ----------
    header
        First line of every description.
    size, tile, factors, quality
        Pixels of level 0, edge of a tile, downsampling of each level, JPEG quality.
    abbreviated
        RGB streams with JPEGTables; otherwise complete YCbCr streams.
    tile_codec
        TIFF compression of the levels: 7 (JPEG), 33003 or 33005 (JPEG 2000, YCbCr or RGB).
    grey
        One channel of a fluorescence scan: tiles of one sample (JPEG only).
    label_codec, label_rows
        How the label is coded, and the rows of a strip.
    label_size, macro_size
        Width and height of the pictures.
    describe_pictures
        Whether label and macro pages have a description.
    describe_thumbnail
        Whether the thumbnail has one.
    fields
        Pairs to add or replace in the newest header; None takes one out.
    base_fields
        Which set of pairs the flavour starts from.
    older
        Append the header of an earlier save after a ``;``.
    encoding
        Of the descriptions.
    date_time
        Tag 306 on every page.
    private
        Tags 55000 to 55004 on level 0.
    icc_roles, icc
        Pages that carry an ICC profile, and the profile; by default one with a date in it.
    tags
        Role -> tags to add, replace or (None) leave out.
    label, macro, thumbnail
        Whether the page exists.
    macro_shows_label
        Whether the label end is in the macro picture.
    page_order
        Roles in chain order; default the real one.
    types
        Role -> integer types of offset and byte-count tags.
    share
        Store equal dates, JPEG tables and profiles once.
    share_tiles
        Store equal coded tiles once.
    level0_at
        Absolute offset of the first level-0 tile: makes a sparse file.
    order, by, disk_order, filler
        As in `tiffwriter.write_tiff`.
    """

    flavour: str
    patient: Patient
    header: str = "Aperio Image Library v11.2.1 "
    size: tuple[int, int] = (2048, 1536)
    tile: int = 256
    factors: tuple[int, ...] = (1, 4, 16)
    quality: int = 70
    mpp: str = "0.4990"
    magnification: str = "20"
    abbreviated: bool = True
    tile_codec: Literal[7, 33003, 33005] = 7
    grey: bool = False
    label_codec: Literal["lzw", "jpeg"] = "lzw"
    label_rows: int = 7
    label_size: tuple[int, int] = LABEL_SIZE
    macro_size: tuple[int, int] = MACRO_SIZE
    describe_pictures: bool = True
    describe_thumbnail: bool = True
    base_fields: Literal["scanscope", "gt450"] = "scanscope"
    fields: Mapping[str, str | None] = field(default_factory=dict)
    older: bool = True
    encoding: str = "latin-1"
    date_time: bool = True
    private: bool = True
    icc_roles: tuple[str, ...] = ("level0",)
    icc: bytes | None = None
    tags: Mapping[str, Mapping[int, Value | None]] = field(default_factory=dict)
    label: bool = True
    macro: bool = True
    thumbnail: bool = True
    macro_shows_label: bool = True
    page_order: Sequence[str] | None = None
    types: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    share: bool = False
    share_tiles: bool = False
    level0_at: int | None = None
    seed: int = 1
    big: bool = False
    byteorder: Literal["<", ">"] = "<"
    order: Sequence[Part] = ("strips", "ifd", "values")
    by: Literal["page", "part"] = "page"
    disk_order: Sequence[int] | None = None
    filler: bytes = b""

    def roles(self) -> list[str]:
        """Roles of all pages in chain order."""
        if self.page_order is not None:
            return list(self.page_order)
        out = [f"level{i}" for i in range(len(self.factors))]
        if self.thumbnail:
            out.insert(1, "thumbnail")
        return out + ["label"] * self.label + ["macro"] * self.macro

    def of_role(self, role: str, table: Mapping[str, Mapping[int, Any]]) -> dict[int, Any]:
        """Merge what a table says of every page and of this role."""
        return {**table.get("all", {}), **table.get(role, {})}


_FLAVOURS: dict[str, dict[str, Any]] = {
    "classic": {},
    "big": {
        "header": "Aperio Image Library v12.0.15 ",
        "big": True,
        "abbreviated": False,
        "label_codec": "jpeg",
        "types": {"all": {**LEVEL_TYPES, **STRIP_TYPES}, "level1": {324: LONG, 325: LONG}},
    },
    "gt450": {
        "header": "Aperio Leica Biosystems GT450 v1.0.1 ",
        "big": True,
        "abbreviated": False,
        "describe_pictures": False,
        "base_fields": "gt450",
        "older": False,
        "factors": (1, 2, 4, 16),
        "mpp": "0.2630",
        "magnification": "40",
        "private": False,
        "icc_roles": ("level0", "thumbnail", "level1", "level2", "level3"),
    },
    "jp2k-ycc": {"header": "Aperio Image Library v10.0.50 ", "tile_codec": 33003},
    "jp2k-rgb": {"tile_codec": 33005},
    "kfbio": {
        "header": "Aperio Image Library v1.0.0 KFBIO",
        "abbreviated": False,
        "describe_thumbnail": False,
        "label_codec": "jpeg",
        "older": False,
        "private": False,
    },
    "motic": {
        "header": "Motic V1.0.0",
        "abbreviated": False,
        "label_codec": "jpeg",
        "older": False,
        "private": False,
        "fields": {"BackgroundColor": "16514557"},
    },
    "grundium": {
        "header": "Aperio Image, Grundium Ocus40",
        "abbreviated": False,
        "label": False,
        "older": False,
        "private": False,
    },
    "fluorescence": {"grey": True, "page_order": ("level0", "thumbnail", "level1", "level2", "label", "macro")},
    "z-levels": {"page_order": ("level0", "thumbnail", "level0", "level0", "level1", "level2", "label", "macro")},
}
_SEEDS = {name: number for number, name in enumerate(_FLAVOURS, 1)}


def recipe(
    flavour: str, patient: Patient | None = None, size: tuple[int, int] | None = None, **overrides: Any
) -> Recipe:
    """Return a flavour's recipe with some of its fields replaced.

    Raises
    ------
    ValueError
        If there is no such flavour.
    TypeError
        If an override is no field of `Recipe`.
    """
    if flavour not in _FLAVOURS:
        raise ValueError(f"flavours are {', '.join(_FLAVOURS)}")
    seed = _SEEDS[flavour]
    changes = {**_FLAVOURS[flavour], **overrides}
    if size is not None:
        changes["size"] = size
    return replace(Recipe(flavour, patient or invent(seed), seed=seed), **changes)
