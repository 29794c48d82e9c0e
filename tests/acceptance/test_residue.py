"""Issue 2, Must show 6: things left behind in an otherwise clean slide are reported by `verify`.

A built slide is anonymized once; each case plants one thing into the clean file (a restored
field, a tag, a page, bytes nobody owns, text in a JPEG stream, ...) and asks the command line.
It must exit 1 (3 where the thing contradicts itself, and then the sentence says so), and its
JSON must say ``residue`` and name what is left. Controls make sure that the way of planting
is not what is reported.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pytest

from blankslide.testing.built import build_aperio
from blankslide.testing.own.tiffpatch import ASCII, BYTE, DOUBLE, LONG, SHORT, UNDEFINED, Patcher
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from pathlib import Path

NAME = b"Quillfeather"
WIDE = "Quillfeather".encode("utf-16-le")
LEVEL0, THUMBNAIL, LEVEL1, LEVEL2, LABEL, MACRO = range(6)


class Slides(NamedTuple):
    """One slide before and after, and the places of bytes nobody owns."""

    before: bytes
    clean: bytes
    gaps: tuple[tuple[int, int], ...]


Plant = Callable[[Patcher, Slides], None]
PLANTS: dict[str, tuple[str, Plant]] = {}
"""Name of the case -> part of an id that must be named, and what is done to the clean slide."""


def plant(name: str, expected: str, work: Plant) -> None:
    assert name not in PLANTS
    PLANTS[name] = (expected, work)


# -- descriptions --------------------------------------------------------------------------


def field(text: bytes, index: int = LEVEL0) -> Plant:
    """Add text to the end of a page's description."""
    return lambda tiff, _: tiff.describe(index, lambda old: old + text)


def words(old: bytes, new: bytes, index: int = LEVEL0) -> Plant:
    """Replace the first occurrence of a text in a page's description."""

    def work(tiff: Patcher, _: Slides) -> None:
        assert old in tiff.value(tiff.page(index), 270)
        tiff.describe(index, lambda text: text.replace(old, new, 1))

    return work


for number, where in enumerate(("level 0", "the thumbnail", "level 1", "level 2")):
    plant(f"user in the description of {where}", "description.user", field(b"|User = jfictus", number))
for key in ("ScanScope ID", "Filename", "Title", "Barcode", "DSR ID", "Patient", "Accession", "Rack", "Copyright"):
    slug = key.lower().replace(" ", "-")
    plant(f"known key {key}", f"description.{slug}", field(f"|{key} = ".encode() + NAME))
plant("date", "description.date", field(b"|Date = 05/16/21"))
plant("time", "description.time", field(b"|Time = 03:30:13"))
plant("slide number of one digit", "description.slide", field(b"|Slide = 4"))
plant("image id", "description.imageid", field(b"|ImageID = 1004486"))
plant("custom field", "customfield-last-name", field(b"|CustomField.Last_Name = " + NAME))
plant("key in capitals", "description.user", field(b"|USER = jfictus"))
plant("key and value without spaces", "description.user", field(b"|User=jfictus"))
plant("unknown key", "description.ward", field(b"|Ward = " + NAME))
plant("unknown key with a number of five digits", "description.case", field(b"|Case = 70413"))
plant("unknown key with a number and a point", "description.nr", field(b"|Nr = 80103774.0"))
plant("unknown key with many small numbers", "description.codes", field(b"|Codes = 81 117 105 108 108"))
plant("name as key without a value", "description", field(b"|Quillfeather ="))
plant("text without an equals sign", "description.unnamed", field(b"|" + NAME))
plant("text before the first bar", "description.header", words(b"|", b" Quillfeather|"))
plant("word in the first line", "description.header", words(b"Library", b"Library Quillfeather"))
plant("word joined to the first one", "description.header", words(b"Aperio", b"Aperio-Quillfeather"))
plant("date of birth in the header", "description.header", words(b"|", b" 13.05.1957|"))
plant("name behind the pixel size", "description.mpp", words(b"MPP = 0.4990", b"MPP = 0.4990 Smith"))
plant("name as magnification", "description.appmag", words(b"AppMag = 20", b"AppMag = Smith"))
plant("date of birth as pixel offset", "description.left", field(b"|Left = 19570513"))
plant("record number as stripe width", "description.stripewidth", field(b"|StripeWidth = 80103774"))
plant("name as colour profile", "description.icc-profile", field(b"|ICC Profile = Quillfeather Ottoline"))
plant("second header with a field", "description.user", field(b";Aperio Image Library v10|User = jfictus"))
plant("second header with a word", "description.header", field(b";Aperio Image Library v10 Quillfeather"))
plant("text behind the NUL", "description.remainder", field(b"\0" + NAME))
plant("second string behind the NUL", "description.remainder", field(b"\0\0\0|User = jfictus\0"))
plant("UTF-16 behind the description", "description", field(b"|" + WIDE))
plant("UTF-16 behind the NUL", "description.remainder", field(b"\0" + WIDE))
plant("line break and a role", "description.title", field(b"|Title = \nlabel 387x463"))
plant("Latin-1 name", "description", field(b"|Gr\xfcnwald"))

# -- tags ----------------------------------------------------------------------------------


def tag(code: int, kind: int, value: bytes, index: int = LEVEL0, *, twice: bool = False) -> Plant:
    """Give a page a tag."""
    return lambda tiff, _: tiff.put(index, code, kind, value, twice=twice)


def both(*plants: Plant) -> Plant:
    """Do one after the other."""

    def work(tiff: Patcher, slides: Slides) -> None:
        for one in plants:
            one(tiff, slides)

    return work


TEXTS = {
    269: "document-name", 271: "make", 272: "model", 285: "page-name", 305: "software", 306: "date-time", 315: "artist",
    316: "host-computer", 333: "ink-names", 337: "target-printer", 32781: "image-id", 33432: "copyright",
    42112: "gdal-metadata", 55003: "scanscope-id", 55004: "scan-date",
}  # fmt: skip
for code, part in TEXTS.items():
    plant(f"text tag {code}", part, tag(code, ASCII, NAME + b"\0", (LEVEL0, THUMBNAIL, LEVEL1)[code % 3]))
for code, part in {700: "xmp", 33723: "iptc", 34377: "photoshop", 50839: "imagej", 37724: "image-source"}.items():
    plant(f"packet in tag {code}", part, tag(code, BYTE, b"<x>" + NAME + b"</x>\0"))
for code in range(40091, 40096):
    plant(f"XP tag {code}", "tiff.xp-", tag(code, BYTE, WIDE + b"\0\0"))
plant("unknown tag of text", "tag-65000", tag(65000, ASCII, NAME + b"\0"))
plant("unknown tag of three letters", "tag-65000", tag(65000, ASCII, b"OQ\0"))
plant("unknown tag of opaque bytes", "tag-65000", tag(65000, UNDEFINED, bytes(range(200, 256)) * 9))
plant("unknown tag of UTF-16", "tag-65000", tag(65000, BYTE, WIDE))
plant("unknown tag of short UTF-16", "tag-65000", tag(65000, BYTE, "Smith".encode("utf-16-le")))
plant("unknown tag of UTF-16 in letters of two bytes", "tag-65000", tag(65000, SHORT, "Smith".encode("utf-16-le")))
plant("unknown tag of a record number", "tag-65001", tag(65001, LONG, struct.pack("<L", 80103774)))
plant("unknown tag of a date as float", "tag-65001", tag(65001, DOUBLE, struct.pack("<d", 19570513.0)))
plant(
    "same tag twice, the second with a name",
    "software",
    both(tag(305, ASCII, b"Aperio\0"), tag(305, ASCII, NAME + b"\0", twice=True)),
)
plant("two descriptions", "second-270", tag(270, ASCII, b"Aperio " + NAME + b"\0", twice=True))
plant("text in a numeric tag", "290", tag(290, ASCII, NAME + b"\0"))
plant("text in Aperio's scan area", "55000", tag(55000, ASCII, NAME + b"\0"))
plant("text in place of a colour profile", "icc", tag(34675, UNDEFINED, b"Dear Dr. " + NAME * 20))


def behind_profile(tiff: Patcher, _: Slides) -> None:
    tiff.put(LEVEL0, 34675, UNDEFINED, tiff.value(tiff.page(LEVEL0), 34675) + NAME)


plant("text behind the colour profile", "icc", behind_profile)
EXIF, GPS, SUB = 34665, 34853, 330


def child(pointer: int, code: int, kind: int, value: bytes) -> Plant:
    """Give level 0 a child directory with one tag."""
    return lambda tiff, _: tiff.child(LEVEL0, pointer, {code: (kind, value)})


plant("EXIF date", "exif", child(EXIF, 36867, ASCII, b"2021:05:16 03:30:13\0"))
plant("EXIF maker note", "exif", child(EXIF, 37500, UNDEFINED, b"note about " + NAME))
plant("EXIF user comment", "exif", child(EXIF, 37510, UNDEFINED, b"ASCII\0\0\0" + NAME))
plant("EXIF serial number", "exif", child(EXIF, 42033, ASCII, b"SS72343X\0"))
plant("GPS position", "gps", child(GPS, 2, 5, struct.pack("<6L", 51, 1, 28, 1, 40, 1)))
plant("GPS date", "gps", child(GPS, 29, ASCII, b"2021:05:16\0"))
plant("text in a sub-directory", "sub", child(SUB, 315, ASCII, NAME + b"\0"))
plant("description in a sub-directory", "sub", child(SUB, 270, ASCII, NAME + b"\0"))

# -- pages and pictures --------------------------------------------------------------------


def old_page(tiff: Patcher, slides: Slides, index: int, *drop: int) -> None:
    """Bring back a page of the old slide, all its bytes where they stood."""
    old = Patcher(slides.before)
    directory = old.page(index)
    restore_strips(tiff, slides, index)
    entries = [e for e in old.entries(directory) if e[0] not in drop]
    tiff.add_page([tiff.entry(code, kind, old.value(directory, code)) for code, kind, _, _ in entries])


def spans(slides: Slides, index: int) -> list[tuple[int, int]]:
    old = Patcher(slides.before)
    pair = (old.value(old.page(index), code) for code in (273, 279))
    offsets, sizes = (struct.unpack(f"<{len(v) // 4}L", v) for v in pair)
    return list(zip(offsets, sizes, strict=True))


def restore_strips(tiff: Patcher, slides: Slides, index: int, only: slice = slice(None)) -> None:
    for at, size in spans(slides, index)[only]:
        tiff.data[at : at + size] = slides.before[at : at + size]


def restore_directory(tiff: Patcher, slides: Slides) -> None:
    at = Patcher(slides.before).page(LABEL)
    tiff.data[at : at + 120] = slides.before[at : at + 120]


def stranger(tiff: Patcher, _: Slides) -> None:
    pixels = tiff.append(bytes(range(256)) * 16)
    tags = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 273: pixels, 277: 1, 278: 64, 279: 4096}
    tiff.add_page([tiff.entry(code, LONG, struct.pack("<L", number)) for code, number in tags.items()])


def label_as_thumbnail(tiff: Patcher, slides: Slides) -> None:
    old = Patcher(slides.before)
    for at, size in spans(slides, THUMBNAIL):
        tiff.data[at : at + size] = bytes(size)
    restore_strips(tiff, slides, LABEL)
    directory = old.page(LABEL)
    entries = [e for e in old.entries(directory) if e[0] not in (254, 270, 306)]
    made = [tiff.entry(code, kind, old.value(directory, code)) for code, kind, _, _ in entries]
    for code in (273, 279, 347, 258):
        tiff.zero_value(THUMBNAIL, code)
    text = next(e for e in tiff.entries(tiff.page(THUMBNAIL)) if e[0] == 270)
    tiff.replace_page(THUMBNAIL, [*made, text])


plant("label linked again", "picture.label", lambda t, s: old_page(t, s, LABEL))
plant("macro linked again", "picture.macro", lambda t, s: old_page(t, s, MACRO))
plant("label linked again without description", "picture.label", lambda t, s: old_page(t, s, LABEL, 270))
plant("macro linked again without description", "picture.macro", lambda t, s: old_page(t, s, MACRO, 270))
plant("label linked again without any evidence", "picture.unknown", lambda t, s: old_page(t, s, LABEL, 270, 254))
plant("strange picture", "picture.unknown", stranger)
plant("label in place of the thumbnail", "picture", label_as_thumbnail)
plant("strips of the label", "unowned", lambda t, s: restore_strips(t, s, LABEL))
plant("one strip of the label", "unowned", lambda t, s: restore_strips(t, s, LABEL, slice(3, 4)))
plant("last strip of the macro", "unowned", lambda t, s: restore_strips(t, s, MACRO, slice(-1, None)))
plant("directory of the label", "unowned", restore_directory)

# -- bytes nobody owns, coded pictures -------------------------------------------------------


def gap(number: int, text: bytes) -> Plant:
    """Write into a hole between structures."""

    def work(tiff: Patcher, slides: Slides) -> None:
        at, size = slides.gaps[number]
        assert len(text) <= size
        tiff.data[at : at + len(text)] = text

    return work


plant("text at the end of the file", "unowned", lambda t, _: t.data.extend(NAME))
plant("one byte at the end of the file", "unowned", lambda t, _: t.data.extend(b"Q"))
plant("text a megabyte behind the end", "unowned", lambda t, _: t.data.extend(bytes(1 << 20) + NAME))
plant("text in the first gap", "unowned", gap(0, NAME))
plant("text in the gap behind the last page", "unowned", gap(-1, NAME))
plant("one byte in a gap", "unowned", gap(5, b"Q"))
plant("UTF-16 in a gap", "unowned", gap(7, WIDE))


def segment(marker: int, text: bytes) -> Callable[[bytes], bytes]:
    """Put a JPEG segment right behind the start of a stream."""
    return lambda data: data[:2] + bytes((255, marker)) + struct.pack(">H", len(text) + 2) + text + data[2:]


def in_thumbnail(change: Callable[[bytes], bytes]) -> Plant:
    return lambda tiff, _: tiff.strip(THUMBNAIL, change)


def in_tables(index: int) -> Plant:
    comment = segment(0xFE, NAME)
    return lambda t, _: t.put(index, 347, UNDEFINED, comment(t.value(t.page(index), 347)))


for marker, what in {0xFE: "comment", 0xE0: "APP0", 0xE1: "APP1", 0xE2: "APP2", 0xED: "APP13", 0xEE: "APP14"}.items():
    plant(f"{what} in the thumbnail", "jpeg", in_thumbnail(segment(marker, b"Exif\0\0" + NAME)))
plant("text behind the end of a thumbnail's stream", "jpeg", in_thumbnail(lambda data: data + NAME))
plant("comment in the tables of the thumbnail", "jpeg", in_tables(THUMBNAIL))
plant("comment in the tables of level 0", "jpeg", in_tables(LEVEL0))

# -- the tests -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Slides:
    folder = tmp_path_factory.mktemp("residue")
    path = folder / "slide.svs"
    size = {"size": (512, 384), "factors": (1, 2, 4), "macro_size": (400, 140), "label_size": (180, 200)}
    key = build_aperio(path, filler=bytes(32), types={"all": {273: LONG, 279: LONG}}, **size)
    before = path.read_bytes()
    home = {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    assert run_cli("anonymize", "--in-place", path, env=home).code == 0
    assert key.layout is not None
    return Slides(before, path.read_bytes(), key.layout.gaps)


def rebuild(tiff: Patcher) -> None:
    for index in range(4):
        tiff.replace_page(index, tiff.entries(tiff.page(index)))


CONTROLS: dict[str, Callable[[Patcher], None]] = {
    "as it is": lambda t: None,
    "directories written anew": rebuild,
    "descriptions written anew": lambda t: t.describe(THUMBNAIL, lambda text: text),
    "science added": lambda t: t.describe(LEVEL0, lambda text: text + b"|Gamma = 2.2|Left = 25.691574"),
    "known maker": lambda t: t.put(LEVEL0, 271, ASCII, b"Aperio\0"),
    "known software": lambda t: t.put(LEVEL0, 305, ASCII, b"Aperio Image Library v11.2.1\0"),
    "strip written anew": lambda t: t.strip(THUMBNAIL, lambda data: data),
    "zeros at the end": lambda t: t.data.extend(bytes(5000)),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_control_is_clean(slides: Slides, tmp_path: Path, name: str) -> None:
    tiff = Patcher(slides.clean)
    CONTROLS[name](tiff)
    path = tmp_path / "slide.svs"
    path.write_bytes(bytes(tiff))
    ended = run_cli("verify", "--json", path)
    assert (ended.code, ended.slides[0]["content"], ended.slides[0]["error"]) == (0, "clean", None)


def test_there_are_fifty_ways() -> None:
    assert len(PLANTS) >= 50


@pytest.mark.parametrize("name", PLANTS)
def test_residue_is_reported(slides: Slides, tmp_path: Path, name: str) -> None:
    expected, work = PLANTS[name]
    tiff = Patcher(slides.clean)
    work(tiff, slides)
    assert bytes(tiff) != slides.clean
    path = tmp_path / "slide.svs"
    path.write_bytes(bytes(tiff))
    ended = run_cli("verify", "--json", path)
    (slide,) = ended.slides
    assert ended.code in (1, 3), "nothing is reported"
    assert slide["content"] == ("residue" if ended.code == 1 else "untouched")
    assert expected in slide["error"]
    assert path.read_bytes() == bytes(tiff)
