"""Akoya QPTIFF slides with invented patients: ``qptiff-brightfield`` and ``qptiff-fluorescence``.

As the scanner writes them: XML on every page that repeats slide, operator and machine, the
full resolution (one page, or one for each channel), thumbnail, reduced levels, then overview
and label as last pages. The first page's XML also holds the scan profile.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
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


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one slide.

    Attributes
    ----------
    channels
        Names of the channels; none for brightfield (RGB).
    size, factors, tile
        Pixels of full resolution, downsampling of each level, edge of a tile.
    types
        Page number -> another ``ImageType`` than the right one.
    profile
        XML inside ``ScanProfile``, instead of the usual one.
    spots
        Values to plant beside, or instead of, the usual ones.
    tags
        Page number -> tags to add.
    """

    patient: Patient
    channels: tuple[str, ...] = ()
    size: tuple[int, int] = (1024, 768)
    factors: tuple[int, ...] = (1, 2, 4)
    tile: int = 256
    label_size: tuple[int, int] = (240, 300)
    overview_size: tuple[int, int] = (640, 216)
    types: Mapping[int, str] = field(default_factory=dict)
    profile: str = ""
    spots: Mapping[str, Spot | str] = field(default_factory=dict)
    tags: Mapping[int, Mapping[int, Value]] = field(default_factory=dict)
    big: bool = False
    seed: int = 41


_FLAVOURS: dict[str, dict[str, Any]] = {
    "brightfield": {},
    "fluorescence": {"channels": ("DAPI", "Opal 570", "Opal 690"), "big": True, "seed": 42, "size": (768, 512)},
}

_XML = (
    '<?xml version="1.0" encoding="utf-16"?>\r\n<PerkinElmer-QPI-ImageDescription>\r\n'
    "  <DescriptionVersion>2</DescriptionVersion>\r\n"
    "  <AcquisitionSoftware>VectraPolaris 1.0</AcquisitionSoftware>\r\n  <ImageType>TYPE</ImageType>\r\n"
    "  <Identifier>{{identifier}}</Identifier>\r\n  <SlideID>{{slide}}</SlideID>\r\n"
    "  <Barcode>{{barcode}}</Barcode>\r\n"
    "  <ComputerName>{{computer}}</ComputerName>\r\n  <OperatorName>{{operator}}</OperatorName>\r\n"
    "  <SampleDescription>{{sample}}</SampleDescription>\r\n  <WardNote>{{ward}}</WardNote>\r\n"
    "  <IsUnmixedComponent>False</IsUnmixedComponent>\r\n  <ExposureTime>2630</ExposureTime>\r\n"
    "  <SignalUnits>64</SignalUnits>\r\nCHANNEL  <Objective>20x</Objective>\r\n"
    "  <CameraName>C11440-50U-53</CameraName>\r\nPROFILE"
    "  <ValidationCode>{{code}}</ValidationCode>\r\n</PerkinElmer-QPI-ImageDescription>"
)
_CHANNEL = (
    "  <Name>CHANNEL</Name>\r\n  <Color>0,0,255</Color>\r\n  <Responsivity>\r\n    <Filter>\r\n"
    "      <Name>CHANNEL</Name>\r\n      <Response>162.886055122817</Response>\r\n      <Date>{{date}}</Date>\r\n"
    "      <FilterID>CHANNEL_Semrock:FF01-453/571/709-25 Emission / Semrock:FF01-391/538/649-25 Excitation"
    "</FilterID>\r\n"
    "    </Filter>\r\n  </Responsivity>\r\n"
)
_PROFILE = (
    '    <root s_v="1" ref="ref0">\r\n      <V>8</V>\r\n      <BarcodeFormats>NoFormat</BarcodeFormats>\r\n'
    '      <ScanResolution ref="ref2">\r\n        <PixelSizeMicrons>0.5</PixelSizeMicrons>\r\n'
    "        <Magnification>20</Magnification>\r\n      </ScanResolution>\r\n"
    '      <Name>{{protocol}}</Name>\r\n      <CaseRecord kept="{{record}}" />\r\n'
    "      <AlgorithmPath>{{path}}</AlgorithmPath>\r\n    </root>\r\n"
)


def build_qptiff(
    path: Path, flavour: str = "brightfield", *, patient: Patient | None = None, **overrides: Any
) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    flavour
        ``brightfield`` or ``fluorescence``.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.
    """
    changes = {**_FLAVOURS[flavour], **overrides}
    seed = changes.get("seed", Recipe.__dataclass_fields__["seed"].default)
    plan = replace(Recipe(patient or invent(seed)), **changes)
    from blankslide.samples.kit.drawing import label, macro

    planes = _planes(plan)
    columns = [_levels(plane, plan) for plane in planes]
    thumbnail = _striped(_small(planes, plan))
    reduced = [column[i] for i in range(1, len(plan.factors)) for column in columns]
    pages = [column[0] for column in columns] + [thumbnail, *reduced]
    pages.append(_striped(macro(plan.patient, plan.overview_size, plan.seed)))
    pages.append(_striped(label(plan.patient, plan.label_size, plan.seed)))
    count, small = len(columns), len(reduced)
    roles = ["level"] * count + ["thumbnail"] + ["level"] * small + ["macro", "label"]
    types = ["FullResolution"] * count + ["Thumbnail"] + ["ReducedResolution"] * small + ["Overview", "Label"]
    texts = {i: _text(plan, i, plan.types.get(i, t)) for i, t in enumerate(types)}
    _add_tags(pages, plan, texts)
    layout = write_tiff(path, pages, big=plan.big)
    return answer_key(path.name, "qptiff", layout, pages, roles, texts, _kept(plan), plan.patient)


def _planes(plan: Recipe) -> list[Image]:
    """Draw the tissue; of fluorescence one dark plane for each channel, in which other nuclei shine."""
    from PIL import ImageChops

    from blankslide.samples.kit.drawing import tissue

    if not plan.channels:
        return [tissue(*plan.size, plan.seed)]
    return [ImageChops.invert(tissue(*plan.size, plan.seed + i).getchannel("R")) for i in range(len(plan.channels))]


def _small(planes: list[Image], plan: Recipe) -> Image:
    """Draw the thumbnail, in which each channel has a colour; one that is called a label shows the label."""
    from PIL import Image

    from blankslide.samples.kit.drawing import label

    if plan.types.get(len(planes)) == "Label":
        return label(plan.patient, plan.label_size, plan.seed)
    whole = Image.merge("RGB", [planes[-(i + 1) % len(planes)] for i in range(3)]) if plan.channels else planes[0]
    return whole.reduce(max(2, plan.size[0] // 240))


def _levels(picture: Image, plan: Recipe) -> list[Page]:
    """Tiled pages of one plane: JPEG for colour, LZW for grey."""
    from blankslide.samples.kit.codecs import jpeg
    from blankslide.samples.kit.pyramid import build_levels

    grey = picture.mode == "L"
    code = _lzw if grey else partial(jpeg, quality=75)
    levels = build_levels(picture, picture.size, plan.factors, plan.tile, code)
    colour = {262: short(1), 259: short(5)} if grey else {262: short(6), 259: short(7), 530: short(2, 2)}
    depth = {258: short(8), 277: short(1)} if grey else {258: short(8, 8, 8), 277: short(3)}
    return [
        Page(
            {254: long(0), 256: long(v.width), 257: long(v.height), 284: short(1), 322: short(v.tile),
             323: short(v.tile), **colour, **depth},
            v.tiles, tiled=True,
        )
        for v in levels
    ]  # fmt: skip


def _lzw(tile: Image) -> bytes:
    """Code one grey tile as a single LZW strip."""
    from PIL import Image as images

    out = io.BytesIO()
    tile.save(out, "TIFF", compression="tiff_lzw", tiffinfo={317: 1}, strip_size=tile.width * tile.height)
    data = out.getvalue()
    with images.open(out) as coded:
        tags = coded.tag_v2  # type: ignore[attr-defined]
        return data[tags[273][0] : tags[273][0] + tags[279][0]]


def _striped(picture: Image) -> Page:
    from blankslide.samples.kit.codecs import lzw_strips

    tags = {
        254: long(0), 256: long(picture.width), 257: long(picture.height), 258: short(8, 8, 8), 259: short(5),
        262: short(2), 277: short(3), 278: short(16), 284: short(1), 317: short(2),
    }  # fmt: skip
    return Page(tags, lzw_strips(picture, 16))


def _text(plan: Recipe, number: int, kind: str) -> Text:
    channel = ""
    if plan.channels and kind.endswith("Resolution"):
        channel = _CHANNEL.replace(
            "CHANNEL", plan.channels[(number - (number > len(plan.channels))) % len(plan.channels)]
        )
    inside = plan.profile or _PROFILE
    profile = f"  <ScanProfile>\r\n{inside}  </ScanProfile>\r\n" if number == 0 else ""
    xml = _XML.replace("CHANNEL", channel).replace("PROFILE", profile).replace("TYPE", kind)
    return fill(xml, {**_spots(plan), **plan.spots})


def _add_tags(pages: list[Page], plan: Recipe, texts: Mapping[int, Text]) -> None:
    date = ascii(f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}")
    for number, page in enumerate(pages):
        extra = {270: ascii(texts[number].data), 305: ascii("PerkinElmer-QPI"), 306: date}
        scale = {282: rational(20000), 283: rational(20000), 296: short(3)}
        page.tags = {**page.tags, **scale, **extra, **plan.tags.get(number, {})}


def _spots(plan: Recipe) -> dict[str, Spot | str]:
    who = plan.patient
    return {
        "identifier": Spot("qptiff.identifier", who.token),
        "slide": Spot("qptiff.slideid", who.case),
        "barcode": Spot("qptiff.barcode", who.accession),
        "computer": Spot("qptiff.computername", who.host),
        "operator": Spot("qptiff.operatorname", who.login),
        "sample": Spot("qptiff.sampledescription", f"{who.name}, {who.specimen}"),
        "ward": Spot("qptiff.wardnote.text", f"ward of {who.institution}"),
        "code": Spot("qptiff.validation-code", hashlib.sha256(who.token.encode()).hexdigest().upper()),
        "date": Spot("qptiff.date", f"{who.scanned:%Y-%m-%dT%H:%M:%S}.7375777Z"),
        "protocol": Spot("qptiff.name", f"protocol of {who.physician}"),
        "record": Spot("qptiff.caserecord.kept", who.mrn),
        "path": Spot("qptiff.algorithmpath", f"D:\\{who.family}\\{who.case}.ifr"),
    }


def _kept(plan: Recipe) -> dict[str, str]:
    out = {"openslide.mpp-x": "0.5"}
    for i, factor in enumerate(plan.factors):
        out[f"openslide.level[{i}].width"] = str(plan.size[0] // factor)
        out[f"openslide.level[{i}].height"] = str(plan.size[1] // factor)
    return out


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    f"qptiff-{name}.qptiff": partial(build_qptiff, flavour=name) for name in _FLAVOURS
}
