"""Hamamatsu VMS and VMU sets with invented patients: ``hamamatsu-vms.vms``, ``hamamatsu-vmu.vmu``.

As the scanners write them: a key file, the tissue as a grid of JPEGs with restart markers
(VMS) or one uncompressed file (VMU), a map, the macro with the label, and a table of restart
offsets. The key file is the slide; all others stand beside it, named after it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.hamamatsu.slide import jpeg_with_restarts, restarts
from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Removed, slug, tiles_digest
from blankslide.samples.kit.patients import Patient, invent

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

SCIENCE = frozenset(
    "NoLayers NoJpegColumns NoJpegRows SourceLens PhysicalWidth PhysicalHeight PhysicalMacroWidth "
    "PhysicalMacroHeight XOffsetFromSlideCentre YOffsetFromSlideCentre BitsPerPixel PixelOrder LayerSpacing".split()
)
"""Keys that must survive."""

_NM = 230
_INTERVAL = 8


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one set.

    Attributes
    ----------
    kind
        ``vms`` or ``vmu``.
    cell, columns, rows
        Pixels of one image file (width a multiple of 128), and how many there are.
    macro_size
        Pixels of the macro, or None for a set without.
    table
        Whether there is a table of restart offsets.
    keys
        Lines of the key file to add, replace or (None) leave out.
    newline, bom
        How the key file is written.
    comment
        Text in a COM segment of each image file.
    """

    patient: Patient
    kind: str = "vms"
    cell: tuple[int, int] = (512, 384)
    columns: int = 2
    rows: int = 1
    macro_size: tuple[int, int] | None = (600, 204)
    table: bool = True
    keys: Mapping[str, str | None] = field(default_factory=dict)
    newline: str = "\r\n"
    bom: bytes = b""
    comment: bytes = b""
    seed: int = 6


def build_hamamatsu_vms(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one set and return its answer key.

    Parameters
    ----------
    path
        The key file; the others are written beside it.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.

    Raises
    ------
    TypeError
        If an override is no field of the recipe.
    """
    plan = replace(Recipe(patient or invent(6)), **overrides)
    members, roles = _members(plan, path.stem)
    for name, data in members.items():
        path.with_name(name).write_bytes(data)
    lines = {k: v for k, v in {**_lines(plan, roles), **plan.keys}.items() if v is not None}
    group = "Uncompressed Virtual Microscope Specimen" if plan.kind == "vmu" else "Virtual Microscope Specimen"
    text = plan.newline.join([f"[{group}]", *(f"{k}={v}" for k, v in lines.items()), ""])
    path.write_bytes(plan.bom + text.encode())
    return _key(path.name, plan, lines, members, roles)


# -- files -------------------------------------------------------------------------------


def _members(plan: Recipe, stem: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the bytes of each file, and the file of each key."""
    from blankslide.samples.kit.drawing import macro, tissue

    size = (plan.cell[0] * plan.columns, plan.cell[1] * plan.rows)
    scene = tissue(*size, plan.seed)
    files, roles = _vmu(plan, stem, scene) if plan.kind == "vmu" else _vms(plan, stem, scene)
    if plan.macro_size is not None:
        out = io.BytesIO()
        macro(plan.patient, plan.macro_size, plan.seed + 200).save(out, "JPEG", quality=80)
        files[f"{stem}_macro.jpg"] = out.getvalue()
        roles["MacroImage"] = f"{stem}_macro.jpg"
    return files, roles


def _vms(plan: Recipe, stem: str, scene: Image) -> tuple[dict[str, bytes], dict[str, str]]:
    files, roles, table = {}, {}, b""
    for y in range(plan.rows):
        for x in range(plan.columns):
            left, top = x * plan.cell[0], y * plan.cell[1]
            picture = scene.crop((left, top, left + plan.cell[0], top + plan.cell[1]))
            place = f"({x},{y})" if x or y else ""
            name = f"{stem}{place}.jpg"
            files[name] = _spoken(jpeg_with_restarts(picture, _INTERVAL), plan.comment)
            roles[f"ImageFile{place}"] = name
            rows = restarts(files[name])[:: plan.cell[0] // (16 * _INTERVAL)]  # one record for each row of tiles
            table += b"".join(struct.pack("<Q32x", at) for at in rows)
    files[f"{stem}_map2.jpg"] = jpeg_with_restarts(scene.resize((128, 128 * scene.height // scene.width)), _INTERVAL)
    roles["MapFile"] = f"{stem}_map2.jpg"
    if plan.table:
        files[f"{stem}.opt"] = table
    roles["OptimisationFile"] = f"{stem}.opt"
    return files, roles


def _spoken(stream: bytes, comment: bytes) -> bytes:
    if not comment:
        return stream
    return stream[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + stream[2:]


def _vmu(plan: Recipe, stem: str, scene: Image) -> tuple[dict[str, bytes], dict[str, str]]:
    small = scene.resize((128, 128 * scene.height // scene.width))
    files = {f"{stem}.ngr": _ngr(scene), f"{stem}_map2.ngr": _ngr(small)}
    return files, {"ImageFile": f"{stem}.ngr", "MapFile": f"{stem}_map2.ngr"}


def _ngr(picture: Image) -> bytes:
    """Columns of 16-bit samples (12 used) behind a short header."""
    import numpy as np

    column = 64
    head = b"GN\0\0" + struct.pack("<LLL", picture.width, picture.height, column)
    samples = np.asarray(picture, dtype="<u2") << 4
    columns = [samples[:, x : x + column].tobytes() for x in range(0, picture.width, column)]
    return head.ljust(24, b"\0") + struct.pack("<L", 28) + b"".join(columns)


# -- key file and answer key -------------------------------------------------------------


def _lines(plan: Recipe, roles: Mapping[str, str]) -> dict[str, str | None]:
    p = plan.patient
    width, height = plan.cell[0] * plan.columns, plan.cell[1] * plan.rows
    grid: dict[str, str] = {"NoJpegColumns": str(plan.columns), "NoJpegRows": str(plan.rows)}
    if plan.kind == "vmu":
        grid = {"BitsPerPixel": "36", "PixelOrder": "RGB"}
    return {
        "NoLayers": "1",
        **grid,
        **roles,
        "AuthCode": str(int(p.token[:8], 16)),
        "SourceLens": "40.000000",
        "PhysicalWidth": str(width * _NM),
        "PhysicalHeight": str(height * _NM),
        "LayerSpacing": "203223615",
        "PhysicalMacroWidth": "76000000",
        "PhysicalMacroHeight": "26000000",
        "XOffsetFromSlideCentre": "4876667",
        "YOffsetFromSlideCentre": "-2340000",
        "Reference": f"{p.case} {p.name}",
        "HardwareSerial": p.scanner,
        "Operator": p.login,
        "Requested.By": p.physician,
        "Ward": f"bed={p.mrn}",
    }


def _key(
    name: str, plan: Recipe, lines: Mapping[str, str], members: Mapping[str, bytes], roles: Mapping[str, str]
) -> Planted:
    removed = []
    at = len(plan.bom) + len(f"[{_group(plan)}]") + len(plan.newline)
    for key, value in lines.items():
        start = at + len(key.encode()) + 1
        size = len(value.encode())
        if key not in SCIENCE and key not in roles and value:
            removed.append(Removed(f"hamamatsu.key.{slug(key)}", value, "utf-8", ((start, size),)))
        at = start + size + len(plan.newline)
    pictures: tuple[Picture, ...] = ()
    if plan.macro_size is not None:
        file = roles["MacroImage"]
        whole = ((0, len(members[file])),)
        removed.append(Removed("picture.macro", "", "picture", whole, file))
        from blankslide.samples.kit.drawing import label_lines

        words = (*label_lines(plan.patient), plan.patient.accession)
        pictures = (Picture("macro", 0, *plan.macro_size, whole, words, file),)
    kept = {f"hamamatsu.{k}": v for k, v in lines.items() if k in SCIENCE}
    kept |= {"openslide.mpp-x": "0.23", "openslide.objective-power": "40"}
    coded = [d for n, d in members.items() if n.endswith((".jpg", ".ngr")) and "_m" not in n]
    return Planted(
        name, "hamamatsu_vms", tuple(removed), tuple(Kept(*k) for k in kept.items()), pictures, (tiles_digest(coded),)
    )


def _group(plan: Recipe) -> str:
    return "Uncompressed Virtual Microscope Specimen" if plan.kind == "vmu" else "Virtual Microscope Specimen"


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    "hamamatsu-vms.vms": build_hamamatsu_vms,
    "hamamatsu-vmu.vmu": partial(build_hamamatsu_vms, kind="vmu", cell=(256, 192), columns=1, patient=invent(7)),
}
