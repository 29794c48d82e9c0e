"""Hostile slides of our own: kinds that any format can have, and those of slides of several files.

Each plant changes the files of a sample, relative path -> bytes, and says what was planted. Only what needs no parser
of the format is done here: a member that is a JPEG, a line of a key file, a file beside, an end that is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.own.hostile_plants import Cannot, label

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.testing.own.hostile_plants import Draw

Files = dict[str, bytes]


class Made(NamedTuple):
    """What a plant did: what must be gone, files that must be named, and the exit codes that may be right."""

    planted: tuple[bytes, ...] = ()
    beside: tuple[str, ...] = ()
    codes: tuple[int, ...] = (0, 1, 3)


class Set(NamedTuple):
    """A sample: its format, the file that is named, and what its other files begin with."""

    format: str
    main: str
    stem: str


SETS = (
    Set("aperio", "aperio-classic.svs", "aperio-classic"),
    Set("argos", "argos.avs", "argos"),
    Set("dicom", "dicom-wsi.dcm", "dicom-wsi"),
    Set("generic_tiff", "generic-vips.tif", "generic-vips"),
    Set("hamamatsu", "hamamatsu-nanozoomer.ndpi", "hamamatsu-nanozoomer"),
    Set("hamamatsu_ndpis", "hamamatsu-channels.ndpis", "hamamatsu-channels"),
    Set("hamamatsu_vms", "hamamatsu-vms.vms", "hamamatsu-vms"),
    Set("hamamatsu_vms", "hamamatsu-vmu.vmu", "hamamatsu-vmu"),
    Set("huron", "huron.tif", "huron"),
    Set("leica", "leica-scn400.scn", "leica-scn400"),
    Set("mikroscan", "mikroscan.tif", "mikroscan"),
    Set("mirax", "mirax.mrxs", "mirax"),
    Set("motic", "motic-easyscan.tif", "motic-easyscan"),
    Set("ome_tiff", "ome-pyramid.ome.tif", "ome-pyramid"),
    Set("philips_isyntax", "philips-isyntax.isyntax", "philips-isyntax."),
    Set("philips_tiff", "philips-both.tiff", "philips-both"),
    Set("qptiff", "qptiff-brightfield.qptiff", "qptiff-brightfield"),
    Set("sakura", "sakura.svslide", "sakura"),
    Set("threedhistech_tiff", "3dhistech-export.tif", "3dhistech-export"),
    Set("trestle", "trestle.tif", "trestle"),
    Set("ventana", "ventana-iscan.bif", "ventana-iscan"),
    Set("zeiss", "zeiss-axioscan.czi", "zeiss-axioscan"),
)
Change = Callable[[Files, str, "Draw"], Made]


def files_of(samples: Path, sample: Set) -> Files:
    """Read the files of a sample."""
    found = (p for p in sorted(samples.rglob("*")) if p.is_file())
    named = ((p.relative_to(samples).as_posix(), p) for p in found)
    return {name: p.read_bytes() for name, p in named if name.startswith(sample.stem) and name != "planted.json"}


def _photograph(suffix: str) -> Change:
    """A picture of the label beside the slide, named after it."""

    def change(files: Files, main: str, draw: Draw) -> Made:
        stem = main.removesuffix(".ome.tif") if main.endswith(".ome.tif") else main.rpartition(".")[0]
        name = f"{stem}{suffix}"
        files[name] = jpeg(label(96, 96), 96)
        return Made((), (name,))

    return change


def jpeg(pixels: bytes, width: int) -> bytes:
    """Return RGB pixels as a JPEG."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.frombytes("RGB", (width, len(pixels) // width // 3), pixels).save(out, "JPEG")
    return out.getvalue()


def _cut(share: float) -> Change:
    """The main file, or the largest of a set whose main file only leads to others, ends too early."""

    def change(files: Files, main: str, draw: Draw) -> Made:
        largest = max(files, key=lambda name: len(files[name])) if len(files[main]) < 16384 else main
        files[largest] = files[largest][: int(len(files[largest]) * share)]
        return Made((), (), (3,))

    return change


_JFIF = b"\xff\xd8\xff\xe0\0\x10JFIF\0"


def _instead_of_jfif(segment: int) -> Change:
    """Another segment of the same length in place of the first one, in the JPEG in the middle of the largest file."""

    def change(files: Files, main: str, draw: Draw) -> Made:
        name = max(files, key=lambda n: files[n].count(_JFIF))
        found = [hit.start() for hit in re.finditer(re.escape(_JFIF), files[name])]
        if len(found) < 4:
            raise Cannot("the sample has no JPEG tiles of that kind")
        at = found[len(found) // 2]
        planted: tuple[bytes, ...] = ()
        if segment == 0xEE:
            body = b"Adobe\0\x64\0\0\0\0\1\0\0"
        else:
            body = f"{draw.name(8)} {draw.digits(5)}".encode()
            planted = (body,)
        files[name] = files[name][: at + 3] + bytes((segment, 0, 16)) + body + files[name][at + 20 :]
        return Made(planted)

    return change


def _streams(files: Files) -> list[tuple[str, int]]:
    """Places of JPEG files that are whole members: what follows them needs no new offsets."""
    found = [(name, 0) for name, data in files.items() if data[:2] == b"\xff\xd8"]
    if not found:
        raise Cannot("no member of the sample is a JPEG file")
    return found


def _in_jpeg(where: str) -> Change:
    """Text in the JPEG file of a tile: in front of its scan, behind its end."""

    def change(files: Files, main: str, draw: Draw) -> Made:
        name, _ = next((s for s in _streams(files) if "macro" not in s[0] and "map" not in s[0]), ("", 0))
        if not name:
            raise Cannot("no member of the sample is a JPEG file of tissue")
        who, data = draw.person(), files[name]
        if where == "behind":
            files[name] = data + who
        else:
            marker = 0xFE if where == "comment" else 0xE1
            segment = bytes((0xFF, marker)) + (len(who) + 2).to_bytes(2, "big") + who
            files[name] = data[:2] + segment + data[2:]
        return Made((who,))

    return change


def _line(form: str) -> Change:
    """A comment, a line without a key, or an unknown key in a key file."""

    def change(files: Files, main: str, draw: Draw) -> Made:
        keys = [n for n in files if n.endswith((".vms", ".vmu", ".ndpis", "Slidedat.ini"))]
        if not keys:
            raise Cannot("the format has no key file")
        who, data = f"{draw.name()} {draw.name(5)}".encode(), files[keys[0]]
        end = b"\r\n" if b"\r\n" in data else b"\n"
        at = data.index(b"]") + 1
        line = {"comment": b"; scanned for " + who, "keyless": b" = " + who, "key": b"Ward = " + who}[form]
        files[keys[0]] = data[:at] + end + line + data[at:]
        return Made((who,))

    return change


WHOLE: dict[int, dict[str, Change]] = {
    5: {"in place of JFIF": _instead_of_jfif(0xEE)},
    11: {
        **{where: _in_jpeg(where) for where in ("comment", "APP1", "behind")},
        "comment instead of JFIF": _instead_of_jfif(0xFE),
        "APP1 instead of JFIF": _instead_of_jfif(0xE1),
    },
    29: {suffix: _photograph(suffix) for suffix in ("_label.jpg", "-macro.png", " label.png")},
    34: {form: _line(form) for form in ("comment", "keyless", "key")},
    35: {f"{share:.0%}": _cut(share) for share in (0.3, 0.7)},
}
