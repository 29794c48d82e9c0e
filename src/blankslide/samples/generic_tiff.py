"""Plain pyramidal TIFFs with invented patients, as converters write them.

``generic-vips.tif``: libvips copies every property of the source slide, the scanner's and the
patient's included, into an XML description. ``generic-tifffile.tif``: tifffile writes the
shape and whatever the caller gave it as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.answer_key import slug
from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.kit.spots import Spot, answer_key, fill
from blankslide.samples.kit.tiff_values import Value, ascii, long, rational, short, undefined
from blankslide.samples.kit.tiff_writer import Page, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one slide.

    Attributes
    ----------
    size, factors, tile
        Pixels of level 0, downsampling of each page, edge of a tile.
    vips
        Description in the way of libvips rather than tifffile.
    description
        Template instead of the usual one.
    extra
        Further pages, behind the levels.
    tags
        Page number -> tags to add.
    """

    patient: Patient
    size: tuple[int, int] = (1024, 768)
    factors: tuple[int, ...] = (1, 2, 4)
    tile: int = 256
    vips: bool = True
    description: str | None = None
    spots: Mapping[str, Spot | str] = field(default_factory=dict)
    extra: tuple[Page, ...] = ()
    tags: Mapping[int, Mapping[int, Value]] = field(default_factory=dict)
    big: bool = False
    seed: int = 31


_FLAVOURS: dict[str, dict[str, Any]] = {"vips": {}, "tifffile": {"vips": False, "big": True, "seed": 32}}


def build_generic(path: Path, flavour: str = "vips", *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    flavour
        ``vips`` or ``tifffile``.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.
    """
    changes = {**_FLAVOURS[flavour], **overrides}
    seed = changes.get("seed", Recipe.__dataclass_fields__["seed"].default)
    plan = replace(Recipe(patient or invent(seed)), **changes)
    pages = [*_levels(plan), *plan.extra]
    spots = {**(_vips_spots(plan) if plan.vips else _json_spots(plan)), **plan.spots}
    template = plan.description if plan.description is not None else (_vips if plan.vips else _json)(spots, plan)
    texts = {0: fill(template, spots)} if template else {}
    date = ascii(f"{plan.patient.scanned:%Y:%m:%d %H:%M:%S}")
    for number, page in enumerate(pages):
        own = {270: ascii(texts[number].data)} if number in texts else {}
        page.tags = {**page.tags, 306: date, **own, **plan.tags.get(number, {})}
    layout = write_tiff(path, pages, big=plan.big)
    roles = ["level"] * len(plan.factors) + ["unknown"] * len(plan.extra)
    return answer_key(path.name, "generic_tiff", layout, pages, roles, texts, _kept(plan), plan.patient)


def _levels(plan: Recipe) -> list[Page]:
    from blankslide.samples.kit.codecs import jpeg_abbreviated
    from blankslide.samples.kit.drawing import tissue
    from blankslide.samples.kit.pyramid import build_levels

    tables: list[bytes] = []

    def code(part: Any) -> bytes:
        split = jpeg_abbreviated(part, 70)
        tables.append(split.tables)
        return split.stream

    levels = build_levels(tissue(*plan.size, plan.seed), plan.size, plan.factors, plan.tile, code)
    return [
        Page(
            {
                254: long(int(i > 0)), 256: long(v.width), 257: long(v.height), 258: short(8, 8, 8), 259: short(7),
                262: short(2), 277: short(3), 284: short(1), 322: short(v.tile), 323: short(v.tile),
                282: rational(20000 / f), 283: rational(20000 / f), 296: short(3), 347: undefined(tables[0]),
            },
            v.tiles, tiled=True,
        )
        for i, (v, f) in enumerate(zip(levels, plan.factors, strict=True))
    ]  # fmt: skip


def _vips(spots: Mapping[str, Spot | str], plan: Recipe) -> str:
    rows = "".join(
        f'    <property>\n      <name>{escape(key)}</name>\n      <value type="VipsRefString">{{{{{slug(key)}}}}}'
        f"</value>\n    </property>\n"
        for key in _VIPS_KEYS
    )
    date = f"{plan.patient.scanned:%Y-%m-%dT%H:%M:%S}Z"
    return (
        f'<?xml version="1.0"?>\n<image xmlns="http://www.vips.ecs.soton.ac.uk/dzsave" date="{date}" '
        f'version="8.14.2">\n  <properties>\n{rows}  </properties>\n</image>'
    )


_VIPS_KEYS = (
    "width", "openslide.mpp-x", "aperio.AppMag", "aperio.Filename", "aperio.User", "aperio.Date", "filename",
    "openslide.quickhash-1", "aperio.Ward Note", "hospital", "tiff.Remark", "vips-loader",
)  # fmt: skip


def _vips_spots(plan: Recipe) -> dict[str, Spot | str]:
    who, at = plan.patient, "generic.description.property."
    return {
        "width": str(plan.size[0]),
        "openslide-mpp-x": "0.5",
        "aperio-appmag": "20",
        "vips-loader": "openslideload",
        "aperio-filename": Spot(at + "aperio-filename", who.case),
        "aperio-user": Spot(at + "aperio-user", who.token),
        "aperio-date": Spot(at + "aperio-date", f"{who.scanned:%m/%d/%y}"),
        "filename": Spot(at + "filename", f"/data/{who.name}/{who.case}.svs"),
        "openslide-quickhash-1": Spot(at + "openslide-quickhash-1", who.token.replace("-", "") * 2),
        "aperio-ward-note": Spot(at + "aperio-ward-note", f"ward {who.block}/{who.mrn}"),
        "hospital": Spot(at + "hospital", who.institution),
        "tiff-remark": Spot(at + "tiff-remark", f"call {who.physician}"),
    }


def _json(spots: Mapping[str, Spot | str], plan: Recipe) -> str:
    words = {"caseRef": "case", "shape": None, "operator": "operator", "mpp": 0.5, "clinic": "clinic"}
    parts = []
    for key, value in words.items():
        written = [plan.size[1], plan.size[0], 3] if key == "shape" else value
        is_spot = isinstance(value, str)
        parts.append(f'"{key}": ' + (f'"{{{{{value}}}}}"' if is_spot else json.dumps(written)))
    return "{" + ", ".join(parts) + "}"


def _json_spots(plan: Recipe) -> dict[str, Spot | str]:
    who, at = plan.patient, "generic.description."
    return {
        "case": Spot(at + "caseref", who.case),
        "operator": Spot(at + "operator", who.login),
        "clinic": Spot(at + "clinic", who.institution),
    }


def _kept(plan: Recipe) -> dict[str, str]:
    out = {"openslide.level-count": str(len(plan.factors)), "openslide.mpp-x": "0.5"}
    for i, factor in enumerate(plan.factors):
        out[f"openslide.level[{i}].width"] = str(plan.size[0] // factor)
        out[f"openslide.level[{i}].height"] = str(plan.size[1] // factor)
    return out


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    f"generic-{name}.tif": partial(build_generic, flavour=name) for name in _FLAVOURS
}
