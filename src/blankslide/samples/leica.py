"""Leica SCN slides with invented patients: ``leica-scn400`` and ``leica-versa``.

As the scanners write them: BigTIFF, the XML on the first page, then the macro as a small
tiled pyramid (portrait, label end at the bottom) and the levels of the tissue. The older
scanner's XML is of the 2010/10 schema with the barcode in base64; the Versa writes the
2010/03 schema, the barcode as an attribute, and the label as a page of its own that the XML
names as supplemental image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.kit.spots import Spot, Text, answer_key, fill
from blankslide.samples.kit.tiff_values import Value, ascii, long, rational, short, undefined
from blankslide.samples.kit.tiff_writer import Page, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.answer_key import Planted

_MACRO_NM, _MAIN_NM = 16000, 500


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one slide.

    Attributes
    ----------
    size, factors
        Pixels of the largest level, downsampling of each level.
    macro_size, macro_factors
        The same of the macro.
    schema
        ``2010/10`` or ``2010/03``.
    label_size
        Size of a label page of its own, or None.
    abbreviated
        Whether tiles leave their tables to tag 347.
    xml
        Template of the XML; by default the flavour's own.
    spots
        Values to plant beside, or instead of, the usual ones.
    tags
        Page number -> tags to add.
    """

    patient: Patient
    size: tuple[int, int] = (1024, 768)
    factors: tuple[int, ...] = (1, 4)
    macro_size: tuple[int, int] = (404, 1167)
    macro_factors: tuple[int, ...] = (1, 4)
    tile: int = 256
    schema: str = "2010/10"
    label_size: tuple[int, int] | None = None
    abbreviated: bool = True
    xml: str = ""
    spots: Mapping[str, Spot | str] = field(default_factory=dict)
    tags: Mapping[int, Mapping[int, Value]] = field(default_factory=dict)
    big: bool = True
    seed: int = 11


_FLAVOURS: dict[str, dict[str, Any]] = {
    "scn400": {},
    "versa": {"schema": "2010/03", "label_size": (300, 300), "abbreviated": False, "seed": 12},
}

_HEAD = (
    '<?xml version="1.0"?>\r\n<!-- {{comment}} -->\r\n<scn xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" uuid="urn:uuid:{{scn-uuid}}" '
    'xmlns="http://www.leica-microsystems.com/scn/{{schema}}">\r\n'
    '  <collection name="{{case}}" uuid="urn:uuid:{{uuid}}" sizeX="{{slide-x}}" sizeY="{{slide-y}}"ATTRIBUTE>\r\n'
    "ELEMENT"
)
_IMAGE = (
    '    <image name="{{NAME}}" uuid="urn:uuid:{{NAME-uuid}}">\r\n'
    "      <creationDate>{{date}}</creationDate>\r\n"
    '      <device model="Leica SCN400;Leica SCN" version="{{version}}" />\r\n'
    '      <pixels sizeX="SIZEX" sizeY="SIZEY">\r\nDIMENSIONS      </pixels>\r\n'
    '      <view sizeX="VIEWX" sizeY="VIEWY" offsetX="OFFX" offsetY="OFFY" spacingZ="0" />\r\n'
    "      <scanSettings>\r\n        <objectiveSettings>\r\n          <objective>POWER</objective>\r\n"
    "        </objectiveSettings>\r\n        <illuminationSettings>\r\n"
    "          <numericalAperture>0.4</numericalAperture>\r\n"
    "          <illuminationSource>brightfield</illuminationSource>\r\n        </illuminationSettings>\r\n"
    "      </scanSettings>\r\n    </image>\r\n"
)
_TAIL = (
    "LABEL    <hospitalNote>{{note}}</hospitalNote>\r\n"
    '    <customRecord ward="{{ward}}"><caller>{{caller}}</caller></customRecord>\r\n'
    "  </collection>\r\n</scn>"
)


def build_leica(path: Path, flavour: str = "scn400", *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    flavour
        ``scn400`` or ``versa``.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.
    """
    changes = {**_FLAVOURS[flavour], **overrides}
    seed = changes.get("seed", Recipe.__dataclass_fields__["seed"].default)
    plan = replace(Recipe(patient or invent(seed)), **changes)
    from blankslide.samples.kit.drawing import label, macro, tissue

    levels = _pyramid(tissue(*plan.size, plan.seed), plan.factors, plan, _MAIN_NM)
    portrait = macro(plan.patient, plan.macro_size[::-1], plan.seed).rotate(90, expand=True)
    pages = _pyramid(portrait, plan.macro_factors, plan, _MACRO_NM) + levels
    roles = ["macro"] * len(plan.macro_factors) + ["level"] * len(plan.factors)
    if plan.label_size:
        pages.append(_striped(label(plan.patient, plan.label_size, plan.seed)))
        roles.append("label")
    text = fill(plan.xml or _template(plan), {**_spots(plan), **plan.spots})
    _add_tags(pages, plan, text)
    layout = write_tiff(path, pages, big=plan.big)
    return answer_key(path.name, "leica", layout, pages, roles, {0: text}, _kept(plan), plan.patient)


def _pyramid(picture: Image, factors: tuple[int, ...], plan: Recipe, scale: int) -> list[Page]:
    """One tiled page for each factor; ``scale`` is the size of a pixel in nanometres."""
    from blankslide.samples.kit.codecs import jpeg, jpeg_abbreviated
    from blankslide.samples.kit.pyramid import build_levels

    tables: list[bytes] = []

    def code(part: Image) -> bytes:
        if not plan.abbreviated:
            return jpeg(part, 75)
        split = jpeg_abbreviated(part, 75)
        tables.append(split.tables)
        return split.stream

    levels = build_levels(picture, picture.size, factors, plan.tile, code)
    colour = {262: short(2), 347: undefined(tables[0])} if plan.abbreviated else {262: short(6), 530: short(2, 2)}
    return [
        Page(
            {
                254: long(0), 256: long(v.width), 257: long(v.height), 258: short(8, 8, 8), 259: short(7),
                277: short(3), 284: short(1), 322: short(v.tile), 323: short(v.tile), **colour,
                **_resolution(1e7 / scale / f),
            },
            v.tiles, tiled=True,
        )
        for v, f in zip(levels, factors, strict=True)
    ]  # fmt: skip


def _resolution(pixels: float) -> dict[int, Value]:
    """Pixels per centimetre."""
    return {282: rational(pixels), 283: rational(pixels), 296: short(3)}


def _striped(picture: Image) -> Page:
    from blankslide.samples.kit.codecs import bands, jpeg

    tags = {
        254: long(0), 256: long(picture.width), 257: long(picture.height), 258: short(8, 8, 8), 259: short(7),
        262: short(6), 277: short(3), 278: short(16), 284: short(1), 530: short(2, 2),
    }  # fmt: skip
    return Page(tags, [jpeg(band, 80) for band in bands(picture, 16)])


def _add_tags(pages: list[Page], plan: Recipe, text: Text) -> None:
    date = f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}"
    for number, page in enumerate(pages):
        extra = {306: ascii(date), **plan.tags.get(number, {})}
        page.tags = {**page.tags, **extra, **({270: ascii(text.data)} if number == 0 else {})}


def _template(plan: Recipe) -> str:
    """Return the XML with two images: the macro over the whole glass, the tissue inside."""
    macro_pages, first = len(plan.macro_factors), len(plan.macro_factors)
    glass = (plan.macro_size[0] * _MACRO_NM, plan.macro_size[1] * _MACRO_NM)
    area = (plan.size[0] * _MAIN_NM, plan.size[1] * _MAIN_NM)
    macro = _image("macro-name", plan.macro_size, plan.macro_factors, 0, glass, (0, 0), "0.60833")
    main = _image("image-name", plan.size, plan.factors, first, area, (1200000, 2500000), "20")
    number = macro_pages + len(plan.factors)
    label = f'    <supplementalImage type="label" ifd="{number}" />\r\n' if plan.label_size else ""
    old = plan.schema == "2010/03"
    head = _HEAD.replace("ATTRIBUTE", ' barcode="{{barcode}}"' if old else "")
    head = head.replace("ELEMENT", "" if old else "    <barcode>{{barcode}}</barcode>\r\n")
    return head + macro + main + _TAIL.replace("LABEL", label)


def _image(
    name: str,
    size: tuple[int, int],
    factors: tuple[int, ...],
    first: int,
    view: tuple[int, int],
    offset: tuple[int, int],
    power: str,
) -> str:
    rows = "".join(
        f'        <dimension sizeX="{size[0] // f}" sizeY="{size[1] // f}" r="{i}" ifd="{first + i}" />\r\n'
        for i, f in enumerate(factors)
    )
    words = dict(zip(("VIEWX", "VIEWY", "OFFX", "OFFY", "SIZEX", "SIZEY"), (*view, *offset, *size), strict=True))
    out = _IMAGE.replace("NAME", name).replace("DIMENSIONS", rows).replace("POWER", power)
    for word, number in words.items():
        out = out.replace(word, str(number))
    return out


def _uuid(patient: Patient, what: str) -> str:
    digest = hashlib.sha256(f"{patient.token}/{what}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _spots(plan: Recipe) -> dict[str, Spot | str]:
    who, old = plan.patient, plan.schema == "2010/03"
    spots: dict[str, Spot | str] = {
        "comment": Spot("leica.comment", f"scanned for {who.name}"),
        "scn-uuid": Spot("leica.scn.uuid", _uuid(who, "scn")),
        "schema": plan.schema + ("/10" if old else "/01"),
        "case": Spot("leica.collection.name", who.case),
        "uuid": Spot("leica.collection.uuid", who.token),
        "slide-x": str(plan.macro_size[0] * _MACRO_NM),
        "slide-y": str(plan.macro_size[1] * _MACRO_NM),
        "barcode": Spot("leica.collection.barcode", who.accession, base64=not old),
        "date": Spot("leica.image.creation-date", f"{who.scanned:%Y-%m-%dT%H:%M:%S}.31Z"),
        "version": Spot("leica.device.version", f"1.4.0.9691 {who.scanned:%Y/%m/%d %H:%M:%S};{who.scanner}"),
        "note": Spot("leica.hospitalnote.text", f"call {who.physician}"),
        "ward": Spot("leica.customrecord.ward", who.institution),
        "caller": Spot("leica.caller.text", f"ask for {who.family}"),
    }
    for name in ("macro-name", "image-name"):
        spots[name] = Spot("leica.image.name", f"{who.case} {name[:5]}")
        spots[f"{name}-uuid"] = Spot("leica.image.uuid", _uuid(who, name))
    return spots


def _kept(plan: Recipe) -> dict[str, str]:
    out = {"openslide.level-count": str(len(plan.factors))}
    for i, factor in enumerate(plan.factors):
        out[f"openslide.level[{i}].width"] = str(plan.size[0] // factor)
        out[f"openslide.level[{i}].height"] = str(plan.size[1] // factor)
    return out | {"openslide.mpp-x": str(_MAIN_NM / 1000), "openslide.objective-power": "20"}


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    f"leica-{name}.scn": partial(build_leica, flavour=name) for name in _FLAVOURS
}
