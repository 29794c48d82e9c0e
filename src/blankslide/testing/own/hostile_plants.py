"""Hostile slides of our own: kinds of the shared folder, made of the samples of every TIFF format.

The shared builders make each kind for a format or two. A kind that is mended has to hold wherever it can occur, so here
it is put into the sample of each TIFF format, a plant at a time. `PLANTS` lists them by the number of their kind. Each
takes the sample under alteration, the number of its largest level's page and a draw, and returns what it planted; it
raises `Cannot` with the reason where the format has no such place.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import NamedTuple

from blankslide.testing.own.tiffplant import ASCII, KINDS, LONG, SHORT, UNDEFINED, Plant

DESCRIPTION, SOFTWARE, MAKE, MODEL, DATE, ARTIST = 270, 305, 271, 272, 306, 315
_BYTE, _RATIONAL, _DOUBLE = 1, 5, 12


class Cannot(Exception):
    """The format has no place for this."""


class Sample(NamedTuple):
    """A sample, the format that takes it, and the number of the page of its largest level.

    ``member`` is the file of a set that is a TIFF.
    """

    format: str
    name: str
    level: int = 0
    member: str = ""


SAMPLES = (
    Sample("aperio", "aperio-classic.svs"),
    Sample("aperio", "aperio-big.svs"),
    Sample("argos", "argos.avs"),
    Sample("generic_tiff", "generic-vips.tif"),
    Sample("generic_tiff", "generic-tifffile.tif"),
    Sample("hamamatsu", "hamamatsu-nanozoomer.ndpi"),
    Sample("hamamatsu_ndpis", "hamamatsu-channels.ndpis", 0, "hamamatsu-channels-DAPI.ndpi"),
    Sample("huron", "huron.tif"),
    Sample("leica", "leica-scn400.scn", 2),
    Sample("leica", "leica-versa.scn", 2),
    Sample("mikroscan", "mikroscan.tif"),
    Sample("motic", "motic-easyscan.tif"),
    Sample("ome_tiff", "ome-pyramid.ome.tif"),
    Sample("philips_tiff", "philips-both.tiff"),
    Sample("qptiff", "qptiff-brightfield.qptiff"),
    Sample("threedhistech_tiff", "3dhistech-export.tif"),
    Sample("trestle", "trestle.tif"),
    Sample("ventana", "ventana-iscan.bif", 2),
    Sample("ventana", "ventana-plain.tif", 2),
)


class Draw:
    """Invented names and numbers, drawn from a seed."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def name(self, letters: int = 8) -> str:
        """Return a word that no language has."""
        sounds = ("bdfgklmnprstvz", "aeiou")
        return "".join(self.random.choice(sounds[i % 2]) for i in range(letters)).capitalize()

    def person(self) -> bytes:
        """Return a name and a date of birth, as on a label."""
        day = f"{self.random.randint(1931, 1988)}-{self.random.randint(1, 12):02}-{self.random.randint(10, 28)}"
        return f"{self.name()} {self.name(4)} {day}".upper().encode()

    def digits(self, count: int) -> str:
        """Return a number of so many digits."""
        return str(self.random.randrange(10 ** (count - 1), 10**count))


Put = Callable[[Plant, int, Draw], tuple[bytes, ...]]


def label(width: int, height: int) -> bytes:
    """Return the pixels of a label: black strokes on white."""
    edge, rows = min(20, height // 4), []
    for y in range(height):
        dark = edge <= y < height - edge and y % 4 == 0
        row = (b"\0\0\0" if dark and 8 <= x < width - 8 and x % 3 == 0 else b"\xff" * 3 for x in range(width))
        rows.append(b"".join(row))
    return b"".join(rows)


def label_row(width: int, height: int) -> bytes:
    """Return one row of it, to look for."""
    at = _stroke(height) * width * 3
    return label(width, height)[at : at + width * 3]


def _stroke(height: int) -> int:
    """Number of a row in the middle that has strokes."""
    return height // 2 // 4 * 4


def add_page(plant: Plant, entries: list[tuple[int, int, int, bytes]]) -> None:
    """Append a page to the chain."""
    pointer = plant.pointers()[-1]
    last = int.from_bytes(plant.data[pointer : pointer + plant.wide], "little")
    count = int.from_bytes(plant.data[last : last + plant.head], "little")
    at = plant.directory(entries)
    where = last + plant.head + plant.step * count
    plant.data[where : where + plant.wide] = at.to_bytes(plant.wide, "little")


def picture(plant: Plant, width: int, height: int, pixels: bytes, tile: int = 0) -> list[tuple[int, int, int, bytes]]:
    """Return the entries of a page of raw RGB pixels, in one strip or one tile."""
    at = plant.append(pixels)
    numbers = {256: width, 257: height, 259: 1, 262: 2, 277: 3}
    numbers |= {322: tile, 323: tile, 324: at, 325: len(pixels)} if tile else {273: at, 278: height, 279: len(pixels)}
    short = (259, 262, 277)
    entries = [
        (tag, SHORT, 1, value.to_bytes(2, "little")) if tag in short else (tag, LONG, 1, struct.pack("<L", value))
        for tag, value in numbers.items()
    ]
    return [*entries, (258, SHORT, 3, struct.pack("<3H", 8, 8, 8))]


def _text(tag: int, value: bytes) -> tuple[int, int, int, bytes]:
    return tag, ASCII, len(value) + 1, value + b"\0"


def _known(name: str) -> Put:
    def put(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
        if name == "surplus tile" and plant.ndpi:
            raise Cannot("a picture of NDPI is one strip, and readers take the first")
        if name == "unused bytes" and plant.room < 8:
            raise Cannot("two bytes hold no name")
        who = draw.person()[: plant.room - 2] if name == "unused bytes" else draw.person()
        KINDS[name](plant, page, who)
        return (who,)

    return put


def _child(tag: int) -> Put:
    """A label's picture below a level, behind the children that are there already."""

    def put(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
        at = plant.directory(picture(plant, 90, 50, label(90, 50)))
        old = next((e for e in plant.entries(page) if e[0] == tag), None)
        width = 8 if old is not None and old[1] in (16, 18) else 4
        kind = old[1] if old is not None else LONG
        plant.put(page, tag, kind, (old[3] if old is not None else b"") + at.to_bytes(width, "little"))
        return (label_row(90, 50),)

    return put


def _tiled_label(described: bool) -> Put:
    """A tiled page behind the others, with the texts of a level if ``described``."""

    def put(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
        if plant.ndpi:
            raise Cannot("NDPI has no tiles")
        entries = picture(plant, 64, 64, label(64, 64), 64)
        if described:
            last = len(plant.pointers()) - 1
            levels = [i for i in range(page, last + 1) if plant.value(i, 322)]
            entries += [e for e in plant.entries(levels[-1]) if e[0] in (DESCRIPTION, SOFTWARE, MAKE, MODEL, 254)]
        add_page(plant, entries)
        return (label_row(64, 64),)

    return put


def _thumbnail(plant: Plant, page: int) -> int:
    """Number of an untiled page of the slide's shape."""
    shape = plant.value(page, 256) / plant.value(page, 257)
    for i in range(len(plant.pointers())):
        width, height = plant.value(i, 256), plant.value(i, 257)
        alike = abs(width / height / shape - 1) < 0.03 or (plant.ndpi and plant.value(i, 262) == 1)
        if not plant.value(i, 322) and i != page and alike and not (plant.ndpi and plant.value(i, 262) != 1):
            return i
    raise Cannot("the sample has no picture that is kept")


def _instead(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    """A label in place of the thumbnail, with its texts and its size."""
    number = _thumbnail(plant, page)
    width, height = plant.value(number, 256), plant.value(number, 257)
    if plant.ndpi:
        grey = label(width, height)[::3]
        plant.grow(number, (273, 279), lambda _: grey)
        return (grey[(at := _stroke(height) * width) : at + width],)
    kept = [e for e in plant.entries(number) if e[0] in (254, DESCRIPTION, SOFTWARE, MAKE, MODEL, DATE)]
    plant.replace(number, [*picture(plant, width, height, label(width, height)), *kept])
    return (label_row(width, height),)


def _behind_thumbnail(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    who, number = draw.person(), _thumbnail(plant, page)
    plant.grow(number, (273, 279), lambda old: old + who)
    return (who,)


def _surplus_strip(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    if plant.ndpi:
        raise Cannot("a picture of NDPI is one strip, and readers take the first")
    who, number = draw.person(), _thumbnail(plant, page)
    KINDS["surplus tile"](plant, number, who)
    return (who,)


def _behind_tables(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    if plant.value(page, 259) != 7:
        raise Cannot("the sample has no JPEG tiles")
    who = draw.person()
    old = next((e[3] for e in plant.entries(page) if e[0] == 347), b"\xff\xd8\xff\xd9")
    plant.put(page, 347, UNDEFINED, old + who)
    return (who,)


def _adobe(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    """An Adobe segment of 13 bytes in the first tile; its transform flag says what readers assume without it."""
    if plant.value(page, 259) != 7:
        raise Cannot("the sample has no JPEG tiles")
    flag = b"\1" if plant.value(page, 262) == 6 else b"\0"
    segment = b"\xff\xee\0\x0f" + b"Adobe\0\x64\0\0\0\0" + flag + b"\0"
    tags = (324, 325) if plant.value(page, 322) else (273, 279)
    plant.grow(page, tags, lambda old: old[:2] + segment + old[2:])
    return ()


def _shared(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    """Two names whose entries point at the same bytes."""
    who = draw.person()
    for tag in (269, 285):
        plant.put(page, tag, ASCII, who + b"\0")
    first = int.from_bytes(plant.data[(at := plant.pointers()[page]) : at + plant.wide], "little")
    count = int.from_bytes(plant.data[first : first + plant.head], "little")
    where = {}
    for i in range(count):
        pos = first + plant.head + plant.step * i
        where[int.from_bytes(plant.data[pos : pos + 2], "little")] = pos + plant.step - plant.room
    value = plant.data[where[269] : where[269] + plant.room]
    old = int.from_bytes(plant.data[where[285] : where[285] + plant.room], "little")
    plant.data[old : old + len(who)] = bytes(len(who))
    plant.data[where[285] : where[285] + plant.room] = value
    return (who,)


def _tag(tag: int, kind: int, value: Callable[[Draw], bytes]) -> Put:
    def put(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
        raw = value(draw)
        plant.put(page, tag, kind, raw)
        return (raw.rstrip(b"\0"),)

    return put


def _first_stream(change: Callable[[bytes, bytes], bytes], codec: int) -> Put:
    """Change the first coded tile of a level of this codec."""

    def put(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
        if plant.value(page, 259) != codec:
            raise Cannot("the sample has no such tiles")
        who = draw.person()
        tags = (324, 325) if plant.value(page, 322) else (273, 279)
        plant.grow(page, tags, lambda old: change(old, who))
        return (who,)

    return put


def _segment(marker: int, who: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(who) + 2).to_bytes(2, "big") + who


def _in_every_tile(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    if plant.value(page, 259) != 7:
        raise Cannot("the sample has no JPEG tiles")
    name = draw.name().encode()
    tags = (324, 325) if plant.value(page, 322) else (273, 279)
    count = next(e for e in plant.entries(page) if e[0] == tags[0])[2]
    for i in range(count):
        plant.grow(page, tags, lambda old, i=i: old[:2] + _segment(0xFE, name + b"Tile%d" % i) + old[2:], i)  # type: ignore[misc]
    return (name + b"Tile",)


#: Tags of photographs, maps and office tools, and their types.
_PHOTOGRAPHS = {
    269: ASCII, 285: ASCII, 315: ASCII, 316: ASCII, 333: ASCII, 337: ASCII, 32932: _BYTE, 33432: ASCII,
    33723: UNDEFINED, 34377: _BYTE, 37724: UNDEFINED, 42112: ASCII, 42113: ASCII, 50706: _BYTE, 50708: ASCII,
    51112: UNDEFINED, 64999: ASCII,
}  # fmt: skip


def _photographs(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    name, planted = draw.name(), []
    for tag, kind in _PHOTOGRAPHS.items():
        raw = f"{name}{tag}".encode()
        plant.put(page, tag, kind, raw + b"\0" * (kind == ASCII))
        planted.append(raw)
    wide = f"{name}40091".encode("utf-16-le")
    plant.put(page, 40091, _BYTE, wide)
    return (*planted, wide)


def _profile(where: str) -> Put:
    def put(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
        who = draw.person()
        texts = (
            {b"desc": b"desc" + bytes(4) + struct.pack(">I", len(who) + 1) + who + bytes(79)} if where == "text" else {}
        )
        texts[b"cprt"] = b"text" + bytes(4) + b"Copyright\0"
        table, body, start = b"", b"", 132 + 12 * len(texts)
        for name, value in texts.items():
            table += name + struct.pack(">II", start + len(body), len(value))
            body += value.ljust(-(-len(value) // 4) * 4, b"\0")
        gap = who if where == "gap" else b""
        head = (
            struct.pack(">I", start + len(body) + len(gap)) + b"lcms" + struct.pack(">I", 0x02100000) + b"mntrRGB XYZ "
        )
        head = (head + struct.pack(">6H", 1998, 2, 9, 6, 49, 0) + b"acsp" + bytes(28)).ljust(68, b"\0")
        head = (head + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0")
        plant.put(page, 34675, UNDEFINED, head + struct.pack(">I", len(texts)) + table + body + gap)
        return (who,)

    return put


def _pointing(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    """Hundreds of tags with small values, each of which stands apart."""
    small = [(52000 + i, _BYTE, 9, b"\1\2\3\4\5\6\7\1\2") for i in range(1000)]
    plant.replace(page, [*plant.entries(page), *small])
    return ()


PLANTS: dict[int, dict[str, Put]] = {
    1: {"SubIFD": _child(330), "EXIF": _child(34665), "a small SubIFD": _known("label as SubIFD")},
    2: {"tags 513 and 514": _known("tags 513 and 514"), "surplus tile": _known("surplus tile")},
    3: {"bare": _tiled_label(False), "with a level's texts": _tiled_label(True)},
    4: {"instead of the thumbnail": _instead},
    5: {"thirteen bytes": _adobe},
    6: {"two names": _shared},
    7: {n: _known(n) for n in ("second description", "second software", "second width")},
    8: {
        "colours": _known("text as colours"),
        "curve": _known("text as curve"),
        "black and white": _known("text as black and white"),
        "grey response": _tag(291, UNDEFINED, lambda d: b"\1" + d.person()),
        "colours in UTF-16": _tag(320, SHORT, lambda d: d.person().decode().encode("utf-16-le")),
    },
    9: {
        "a name": _tag(64998, _DOUBLE, lambda d: d.name(8).upper().encode()),
        "days": _tag(64998, _DOUBLE, lambda d: struct.pack("<d", 40000 + d.random.random() * 5000)),
    },
    10: {"behind the end": _behind_tables},
    11: {
        "behind the scan": _first_stream(lambda old, who: old[:-2] + _segment(0xFE, who) + old[-2:], 7),
        "behind the end": _first_stream(lambda old, who: old + who, 7),
        "in front": _first_stream(lambda old, who: old[:2] + _segment(0xFE, who) + old[2:], 7),
        "in APP1": _first_stream(lambda old, who: old[:2] + _segment(0xE1, who) + old[2:], 7),
    },
    12: {"behind the pixels": _behind_thumbnail, "surplus strip": _surplus_strip},
    13: {"behind a short": _known("unused bytes")},
    15: {
        "software": _tag(
            SOFTWARE, ASCII, lambda d: f"{d.random.randint(10, 28)}.03.20{d.random.randint(15, 24)}\0".encode()
        ),
        "software is a name": _tag(SOFTWARE, ASCII, lambda d: f"{d.name()} {d.name(5)}\0".encode()),
    },
    16: {"description": _profile("text"), "gap": _profile("gap")},
    19: {"a thousand tags": _pointing},
    20: {
        "a pixel scale": _tag(33550, _DOUBLE, lambda d: struct.pack("<3d", 0.5, 0.25 + d.random.randint(1, 9) / 64, 0))
    },
    25: {"garbage": _tag(ARTIST, ASCII, lambda d: b"KF" + d.digits(12).encode() + b"\x03(:.):\x8d,\0")},
    28: {"in every tile": _in_every_tile, "tags of photographs": _photographs},
    44: {
        "make": _tag(MAKE, ASCII, lambda d: f"{d.name(4).upper()} Pathologie Dr {d.name(9)}\0".encode()),
        "model": _tag(MODEL, ASCII, lambda d: f"Scanner {d.name(9)} {d.name(4)}\0".encode()),
    },
}
