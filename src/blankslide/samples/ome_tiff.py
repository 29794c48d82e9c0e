"""OME-TIFF slides with invented patients: ``ome-pyramid.ome.tif`` and ``ome-big.ome.tif``.

As Bio-Formats writes them: one page for each image, smaller resolutions as SubIFDs, and on
the first page the OME-XML with the complete metadata of the source scanner copied into
``OriginalMetadata``. Label and macro are images of their own, known by their whole name. The
larger flavour is a BigTIFF whose label is stripped LZW and whose XML stands on every page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.kit.spots import Spot, Text, answer_key, fill
from blankslide.samples.kit.tiff_values import Value, ascii, long, rational, short
from blankslide.samples.kit.tiff_writer import Page, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.answer_key import Planted

_SUB = 330


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one slide.

    Attributes
    ----------
    size, factors, tile
        Pixels of the tissue, downsampling of the page and its SubIFDs, edge of a tile.
    names
        Name of each further image -> its role in the answer key and its size.
    lzw_label
        Whether the label is stripped LZW rather than tiled JPEG.
    everywhere
        Whether each page repeats the XML.
    spots, extra
        Values to plant beside, or instead of, the usual ones; XML before ``</OME>``.
    tags
        Page number -> tags to add.
    """

    patient: Patient
    size: tuple[int, int] = (1024, 768)
    factors: tuple[int, ...] = (1, 2, 4)
    tile: int = 256
    names: Mapping[str, tuple[str, tuple[int, int]]] = field(
        default_factory=lambda: {"Label": ("label", (300, 360)), "macro image": ("macro", (800, 272))}
    )
    lzw_label: bool = False
    everywhere: bool = False
    xml: str = ""
    spots: Mapping[str, Spot | str] = field(default_factory=dict)
    extra: str = ""
    tags: Mapping[int, Mapping[int, Value]] = field(default_factory=dict)
    big: bool = False
    seed: int = 21


_FLAVOURS: dict[str, dict[str, Any]] = {
    "pyramid": {},
    "big": {"big": True, "lzw_label": True, "everywhere": True, "seed": 22},
}

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><!-- {{comment}} --><OME '
    'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'Creator="OME Bio-Formats 6.7.0" UUID="urn:uuid:{{uuid}}" xsi:schemaLocation="'
    "http://www.openmicroscopy.org/Schemas/OME/2016-06 http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd"
    '" SiteRecord="{{site}}"><Experimenter ID="Experimenter:0" UserName="{{login}}" LastName="{{doctor}}" '
    'Institution="{{place}}"/><Instrument ID="Instrument:0"><Microscope Model="{{model}}" '
    'SerialNumber="{{serial}}"/><Objective ID="Objective:0:0" NominalMagnification="20.0" LensNA="0.75"/></Instrument>'
)
_IMAGE = (
    '<Image ID="Image:NUMBER" Name="{{NAME}}"><AcquisitionDate>{{date}}</AcquisitionDate>'
    "<Description>{{text}}</Description>"
    '<Pixels BigEndian="false" DimensionOrder="XYCZT" ID="Pixels:NUMBER" Interleaved="true" PhysicalSizeX="SCALE" '
    'PhysicalSizeXUnit="µm" PhysicalSizeY="SCALE" PhysicalSizeYUnit="µm" SignificantBits="8" SizeC="3" SizeT="1" '
    'SizeX="WIDTH" SizeY="HEIGHT" SizeZ="1" Type="uint8"><Channel ID="Channel:NUMBER:0" SamplesPerPixel="3">'
    '<LightPath/></Channel><TiffData FirstC="0" FirstT="0" FirstZ="0" IFD="NUMBER" PlaneCount="1">'
    '<UUID FileName="{{file}}">urn:uuid:{{uuid}}</UUID></TiffData></Pixels></Image>'
)
_PAIR = (
    '<XMLAnnotation ID="Annotation:NUMBER" Namespace="openmicroscopy.org/OriginalMetadata"><Value>'
    "<OriginalMetadata><Key>Series 0 KEY</Key><Value>{{VALUE}}</Value></OriginalMetadata></Value></XMLAnnotation>"
)
_TAIL = (
    '<StructuredAnnotations>PAIRS<CommentAnnotation ID="Annotation:90"><Value>{{note}}</Value></CommentAnnotation>'
    "</StructuredAnnotations>EXTRA<LabRecord>{{record}}</LabRecord></OME>"
)
#: Keys of the source scanner and the spots that hold their values.
_PAIRS = ("Filename", "Date", "User", "ScanScope ID", "Ward Number", "MPP", "AppMag")


def build_ome(path: Path, flavour: str = "pyramid", *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    flavour
        ``pyramid`` or ``big``.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.
    """
    changes = {**_FLAVOURS[flavour], **overrides}
    seed = changes.get("seed", Recipe.__dataclass_fields__["seed"].default)
    plan = replace(Recipe(patient or invent(seed)), **changes)
    from blankslide.samples.kit.drawing import tissue

    pages = [_tiled(tissue(*plan.size, plan.seed), plan.factors, plan)]
    pages += [_picture(role, size, plan) for role, size in plan.names.values()]
    roles = ["level", *(role for role, _ in plan.names.values())]
    text = fill(plan.xml or _template(plan), {**_spots(plan), **plan.spots})
    texts = dict.fromkeys(range(len(pages)) if plan.everywhere else (0,), text)
    _add_tags(pages, plan, texts)
    layout = write_tiff(path, pages, big=plan.big)
    return answer_key(path.name, "ome_tiff", layout, pages, roles, texts, _kept(plan), plan.patient)


def _picture(role: str, size: tuple[int, int], plan: Recipe) -> Page:
    from blankslide.samples.kit.drawing import label, macro, tissue

    if role == "macro":
        return _tiled(macro(plan.patient, size, plan.seed + 1), (1, 2), plan)
    if role == "thumbnail":
        return _tiled(tissue(*plan.size, plan.seed).resize(size), (1,), plan)
    picture = label(plan.patient, size, plan.seed + 2) if role == "label" else tissue(*size, plan.seed)
    return _striped(picture) if plan.lzw_label and role == "label" else _tiled(picture, (1,), plan)


def _tiled(picture: Image, factors: Sequence[int], plan: Recipe) -> Page:
    """One page of JPEG tiles with its smaller resolutions as children."""
    from blankslide.samples.kit.codecs import jpeg
    from blankslide.samples.kit.pyramid import build_levels

    levels = build_levels(picture, picture.size, factors, plan.tile, partial(jpeg, quality=70))
    pages = [
        Page({**_basics(v.width, v.height, 7, 6, i > 0), 322: short(v.tile), 323: short(v.tile), 530: short(2, 2)},
             v.tiles, tiled=True)
        for i, v in enumerate(levels)
    ]  # fmt: skip
    if len(pages) > 1:
        pages[0].children = {_SUB: pages[1:]}
    return pages[0]


def _striped(picture: Image) -> Page:
    from blankslide.samples.kit.codecs import lzw_strips

    tags = {**_basics(*picture.size, 5, 2, False), 278: short(16), 317: short(2)}
    return Page(tags, lzw_strips(picture, 16))


def _basics(width: int, height: int, codec: int, colour: int, smaller: bool) -> dict[int, Value]:
    return {
        254: long(int(smaller)), 256: long(width), 257: long(height), 258: short(8, 8, 8), 259: short(codec),
        262: short(colour), 277: short(3), 284: short(1),
    }  # fmt: skip


def _add_tags(pages: list[Page], plan: Recipe, texts: Mapping[int, Text]) -> None:
    date = ascii(f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}")
    for number, page in enumerate(pages):
        own = {270: ascii(texts[number].data)} if number in texts else {}
        scale = {282: rational(20000), 283: rational(20000), 296: short(3)}
        extra = {305: ascii("OME Bio-Formats 6.7.0"), 306: date, **scale, **plan.tags.get(number, {})}
        page.tags = {**page.tags, **extra, **own}


def _template(plan: Recipe) -> str:
    sizes = [plan.size, *(size for _, size in plan.names.values())]
    images = ""
    for i, (width, height) in enumerate(sizes):
        words = {"NUMBER": i, "NAME": f"name-{i}", "WIDTH": width, "HEIGHT": height, "SCALE": "16.0" if i else "0.5"}
        images += _worded(_IMAGE, words)
    pairs = "".join(_worded(_PAIR, {"NUMBER": i, "KEY": k, "VALUE": _spot_of(k)}) for i, k in enumerate(_PAIRS))
    return _HEAD + images + _worded(_TAIL, {"PAIRS": pairs, "EXTRA": plan.extra})


def _spot_of(key: str) -> str:
    return "pair-" + key.lower().replace(" ", "-")


def _worded(template: str, words: Mapping[str, object]) -> str:
    for word, value in words.items():
        template = template.replace(word, str(value))
    return template


def _spots(plan: Recipe) -> dict[str, Spot | str]:
    who = plan.patient
    digest = hashlib.sha256(f"{who.token}/ome".encode()).hexdigest()
    spots: dict[str, Spot | str] = {
        "comment": Spot("ome.comment", f"exported by {who.login} for {who.name}"),
        "uuid": Spot("ome.uuid", f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"),
        "site": Spot("ome.ome.siterecord", who.institution),
        "login": Spot("ome.experimenter.username", who.login),
        "doctor": Spot("ome.experimenter.lastname", who.physician),
        "place": Spot("ome.experimenter.institution", who.institution),
        "model": Spot("ome.model", f"Scanner of {who.institution}"),
        "serial": Spot("ome.serialnumber", who.scanner),
        "date": Spot("ome.acquisition-date", f"{who.scanned:%Y-%m-%dT%H:%M:%S}"),
        "text": Spot("ome.description", f"{who.name}, {who.specimen}"),
        "file": Spot("ome.file-name", f"{who.case}.ome.tif"),
        "note": Spot("ome.value.text", f"call {who.physician} about {who.family}"),
        "record": Spot("ome.labrecord.text", who.mrn),
        "name-0": Spot("ome.image.name", f"{who.case}.svs"),
        "pair-filename": Spot("ome.original.filename", who.case),
        "pair-date": Spot("ome.original.date", f"{who.scanned:%m/%d/%y}"),
        "pair-user": Spot("ome.original.user", who.token),
        "pair-scanscope-id": Spot("ome.original.scanscope-id", who.scanner),
        "pair-ward-number": Spot("ome.original.ward-number", f"ward {who.block}/{who.accession}"),
        "pair-mpp": "0.5",
        "pair-appmag": "20",
    }
    return spots | {f"name-{i}": name for i, name in enumerate(plan.names, 1)}


def _kept(plan: Recipe) -> dict[str, str]:
    size = {"openslide.level[0].width": str(plan.size[0]), "openslide.level[0].height": str(plan.size[1])}
    return size | {"openslide.mpp-x": "0.5"}


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    f"ome-{name}.ome.tif": partial(build_ome, flavour=name) for name in _FLAVOURS
}
