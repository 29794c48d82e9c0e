"""Hamamatsu NDPI slides with invented patients: ``hamamatsu-nanozoomer``, ``hamamatsu-no-macro``.

As the scanners write them: one JPEG with restart markers for each level, the macro with the
legible label at its left end, a map of the tissue, and a property map of ``key=value`` lines.
Text stands once for all directories, or (``share=False``) once in each::

    build_hamamatsu(path, size=(1024, 768), strips_at={2: 5 << 30})
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.hamamatsu.key import answer_key
from blankslide.samples.kit.ndpi_writer import write_ndpi
from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.kit.tiff_values import FLOAT, Value, ascii, byte, long, rational, short, slong
from blankslide.samples.kit.tiff_writer import Page

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.answer_key import Planted

_INTERVAL = 8
"""MCUs between restart markers; divides the MCUs of a row where the width is a multiple of 128."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one NDPI slide.

    Attributes
    ----------
    size, factors
        Pixels of level 0 (width a multiple of 128), and downsampling of each level.
    macro_size
        Pixels of the macro, or None for a slide without.
    map_page
        Whether there is a map of the tissue.
    properties
        Lines of tag 65449 to add, replace or (None) leave out.
    tags
        Role (``level0``, ``macro``, ``map``, ``all``) -> tags to add, replace or (None) leave out.
    share
        Store equal text once for all directories.
    planes
        Further focal planes of level 0.
    comment, trailer
        Text in a COM segment of every level's JPEG, and behind its end.
    bare
        Write the macro's JPEG without the JFIF segment.
    strips_at
        Page number -> offset at which its strip is put.
    """

    patient: Patient
    size: tuple[int, int] = (1024, 768)
    factors: tuple[int, ...] = (1, 2, 4)
    macro_size: tuple[int, int] | None = (600, 204)
    map_page: bool = True
    properties: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, Mapping[int, Value | None]] = field(default_factory=dict)
    share: bool = True
    planes: int = 0
    comment: bytes = b""
    trailer: bytes = b""
    bare: bool = False
    strips_at: Mapping[int, int] = field(default_factory=dict)
    seed: int = 4


def build_hamamatsu(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.

    Raises
    ------
    TypeError
        If an override is no field of the recipe.
    """
    plan = replace(Recipe(patient or invent(4)), **overrides)
    pages = _pages(plan)
    roles = list(pages)
    layout = write_ndpi(path, list(pages.values()))
    return answer_key(path.name, plan.patient, layout, list(pages.values()), roles)


def _pages(plan: Recipe) -> dict[str, Page]:
    from blankslide.samples.kit.drawing import macro, tissue

    field_ = tissue(*plan.size, plan.seed)
    out = {}
    for i, factor in enumerate(plan.factors):
        picture = field_.reduce(factor)
        out[f"level{i}"] = _level(plan, picture, 40.0 / factor, 0, has_starts=i + 1 < len(plan.factors))
        for plane in range(1, plan.planes + 1 if i == 0 else 1):
            out[f"plane{plane}"] = _level(plan, picture, 40.0, plane * 1000, has_starts=True)
    if plan.macro_size is not None:
        out["macro"] = _macro(macro(plan.patient, plan.macro_size, plan.seed + 200), plan.bare)
    if plan.map_page:
        out["map"] = _map(plan)
    for number, (role, page) in enumerate(out.items()):
        extra = {**_texts(plan), **plan.tags.get("all", {}), **plan.tags.get(role.rstrip("0123456789"), {})}
        page.tags = {t: v for t, v in {**page.tags, **extra, **plan.tags.get(role, {})}.items() if v is not None}
        page.at = plan.strips_at.get(number)
    return out


# -- pages -------------------------------------------------------------------------------


def _basics(picture: Image, lens: float, colour: int) -> dict[int, Value]:
    return {
        256: long(picture.width), 257: long(picture.height), 258: short(8, 8, 8), 259: short(7), 262: short(colour),
        277: short(3), 278: long(picture.height), 296: short(3), 65420: long(1), 65421: Value(FLOAT, (lens,)),
        65422: slong(-2345678), 65423: slong(1216748),
    }  # fmt: skip


def _level(plan: Recipe, picture: Image, lens: float, focus: int, has_starts: bool) -> Page:
    stream = jpeg_with_restarts(picture, _INTERVAL)
    if plan.comment:
        stream = stream[:2] + b"\xff\xfe" + (len(plan.comment) + 2).to_bytes(2, "big") + plan.comment + stream[2:]
    stream += plan.trailer
    resolution = 43924 * lens / 40.0
    tags = _basics(picture, lens, 6) | {282: rational(resolution), 283: rational(resolution), 65424: slong(focus)}
    if has_starts:
        starts = restarts(stream)
        tags |= {65426: long(*starts), 65432: long(*(s >> 32 for s in starts))}
    return Page(tags, [stream])


def _macro(picture: Image, bare: bool) -> Page:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    stream = out.getvalue()
    if bare:  # without the 18 bytes of its JFIF segment
        stream = stream[:2] + stream[20:]
    return Page(_basics(picture, -1.0, 6) | {282: rational(160.0), 283: rational(160.0)}, [stream])


def _map(plan: Recipe) -> Page:
    """Draw a grey outline of where tissue lies."""
    from PIL import Image

    picture = Image.new("L", (75, 26), 255)
    picture.paste(0, (20, 4, 60, 22))
    tags = _basics(picture, -2.0, 1) | {258: short(8), 259: short(1), 277: short(1)}
    return Page(tags, [picture.tobytes()])


def jpeg_with_restarts(picture: Image, interval: int) -> bytes:
    """Code a 4:2:2 stream with a restart marker every ``interval`` MCUs (16 x 8 pixels each)."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=70, subsampling="4:2:2", restart_marker_blocks=interval)
    return out.getvalue()


def restarts(stream: bytes) -> list[int]:
    """Return where the coded data of each restart interval begins."""
    scan = stream.index(b"\xff\xda")
    at = scan + 2 + int.from_bytes(stream[scan + 2 : scan + 4], "big")
    found = [at]
    while (at := stream.find(b"\xff", at)) >= 0:
        if 0xD0 <= stream[at + 1] <= 0xD7:
            found.append(at + 2)
        at += 2
    return found


# -- texts -------------------------------------------------------------------------------


def properties(plan: Recipe) -> dict[str, str]:
    """Return the property map: keys as two real scanners write them, and three of nobody's."""
    p = plan.patient
    known: dict[str, str | None] = {
        "NDP.S/N": f"{p.scanner[2:7]}7",
        "Macro.S/N": f"9Y{p.scanner[2:6]}",
        "Product": "C12000-02",
        "Created": f"{p.scanned:%Y/%m/%d}",
        "Updated": f"{p.scanned.replace(year=2026):%Y/%m/%d}",
        "system.version": "1.0",
        "Objective.Lens.Magnificant": "35.16",
        "stage.center": "298494,478654",
        "roi.slide.macro": "117,278,1277,674",
        "target.white.intensity": "235",
        "AHEX[0]": "0F" * 24,
        "MHLN[0].24bit": "_1357CJJPMKOWZjx",
        "User": p.login,
        "Hospital": p.institution,
        "RequestedBy": p.physician,
        "Ward": f"bed={p.mrn}",
    }
    return {k: v for k, v in {**known, **plan.properties}.items() if v is not None}


def _texts(plan: Recipe) -> dict[int, Value]:
    p = plan.patient
    lines = "".join(f"{key}={value}\r\n" for key, value in properties(plan).items())
    profile = f'<?xml version="1.0"?><ScanProfile name="{p.login} routine"><Note>{p.specimen}</Note></ScanProfile>'
    texts = {
        271: "Hamamatsu",
        272: "C12000-02",
        305: "NDP.scan 3.0.4",
        306: f"{p.scanned:%Y:%m:%d %H:%M:%S}",
        65427: f"{p.case} {p.name}",
        65428: f"{p.token[:8]}",
        65442: p.scanner,
        65448: "1.20",
        65449: lines,
        65468: f"BC-{p.accession}",
        **{tag: f"{p.mrn}-{tag % 100} {p.family}" for tag in range(65469, 65476)},
        65476: f"for {p.institution} only",
        65480: "CODE39",
    }
    out = {tag: ascii(text, f"text {tag}" if plan.share else "") for tag, text in texts.items()}
    scan_profile = byte(profile.encode(), "profile" if plan.share else "")
    return out | {65477: scan_profile, 65453: long(731), 65481: long(7)}


def build_hamamatsu_ndpis(path: Path, *, extra: str = "", **overrides: Any) -> Planted:
    """Write an index and two channels beside it; return the answer key of all three.

    Parameters
    ----------
    path
        The index.
    extra
        Further lines of the index.
    overrides
        Fields of `Recipe`, for both channels.
    """
    names = [f"{path.stem}-{channel}.ndpi" for channel in ("DAPI", "FITC")]
    keys = []
    for number, name in enumerate(names):
        own = {"seed": 8 + number, "patient": invent(8 + number), **overrides}
        keys.append(build_hamamatsu(path.with_name(name), **own))
    lines = ["[NanoZoomer Digital Pathology Image Set]", f"NoImages={len(names)}"]
    lines += [f"Image{i}={name}" for i, name in enumerate(names)]
    text = "".join(f"{line}\r\n" for line in lines) + extra
    path.write_bytes(text.encode())
    return replace(
        keys[0],
        file=path.name,
        format="hamamatsu_ndpis",
        removed=tuple(replace(r, file=n) for n, key in zip(names, keys, strict=True) for r in key.removed),
        pictures=tuple(replace(p, file=n) for n, key in zip(names, keys, strict=True) for p in key.pictures),
    )


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    "hamamatsu-nanozoomer.ndpi": build_hamamatsu,
    "hamamatsu-no-macro.ndpi": partial(build_hamamatsu, macro_size=None, share=False, patient=invent(5)),
    "hamamatsu-channels.ndpis": partial(build_hamamatsu_ndpis, size=(512, 384)),
}
