"""Plant in coded pictures and tissue: segments of JPEG and JPEG 2000, tables, rests behind an end."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from blankslide.testing.planting.core import Plant, planter
from blankslide.testing.planting.invented import Value, anything
from blankslide.testing.planting.pictures import drawn
from blankslide.testing.planting.tiff_kit import any_way, done, levels, pictures, shift_starts
from blankslide.testing.planting.tiff_patch import UNDEFINED, Tiff, entry
from blankslide.testing.planting.tiff_tags import resources, xmp

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

JPEG, J2K = (7, 6), (33003, 33004, 33005)


def segment(code: int, data: bytes) -> bytes:
    """Return a segment of JPEG."""
    return bytes((0xFF, code)) + struct.pack(">H", len(data) + 2) + data


def segments(random: Random, value: Value) -> dict[str, bytes]:
    """Return every segment that can hold a value."""
    data = any_way(random, value)[1]
    exif = b"II*\0\x08\0\0\0\1\0\x3b\1\2\0" + struct.pack("<LL", len(data) + 1, 26) + bytes(4) + data + b"\0"
    return {
        "COM": segment(0xFE, data),
        "APP1 Exif": segment(0xE1, b"Exif\0\0" + exif),
        "APP1 XMP": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(value.text)),
        "APP13": segment(0xED, b"Photoshop 3.0\0" + resources(data)),
        "APP0": segment(0xE0, b"JFXX\0\x10" + data),
        "APP2": segment(0xE2, b"MPF\0" + data),
        "APP4": segment(0xE4, data),
        "APP11": segment(0xEB, b"JP\0\1" + data),
        "APP15": segment(0xEF, data),
        "JPG7": segment(0xF7, data),
        "long APP14": segment(0xEE, b"Adobe\0d\0\0\0\0\1" + data),
    }


USUAL = ("COM", "APP1 Exif", "APP1 XMP", "APP13")


def _coded(tiff: Tiff, pages: list[int], codes: tuple[int, ...], random: Random) -> int | None:
    fit = [page for page in pages if tiff.value(page, 259) in codes and tiff.pieces(page)]
    return random.choice(fit) if fit else None


def _which(tiff: Tiff, page: int, random: Random, every: float = 0.6) -> tuple[str, list[int]]:
    """Choose the strips or tiles: all, the first, or any one; those that are empty have no stream."""
    full = [i for i, (_, size) in enumerate(tiff.pieces(page)) if size > 8]
    if random.random() < every:
        return "all", full
    return ("first", full[:1]) if random.random() < 0.5 else ("one", [random.choice(full)])


def planted_segment(
    sample: Path, target: Path, random: Random, pages: str, *, usual: bool, depth: str = "head"
) -> Plant | None:
    """Put a segment into the streams of a page of JPEG."""
    tiff, value = Tiff.read(sample), anything(random)
    page = _coded(tiff, (levels if pages == "level" else pictures)(tiff), JPEG, random)
    if page is None:
        return None
    known = segments(random, value)
    kind = random.choice(USUAL) if usual else random.choice(sorted(known))
    which, numbers = ("all", _which(tiff, page, random, 1.0)[1]) if usual else _which(tiff, page, random)
    new = known[kind]
    if tiff.data[tiff.pieces(page)[numbers[0]][0] :][:2] != b"\xff\xd8":
        return None
    tiff.recode(page, lambda old: _in_jpeg(old, new, depth), numbers)
    if tiff.ndpi:
        shift_starts(tiff, page, len(new) if depth != "behind the scan" else 0)
    where = f"JPEG of {pages}: " + ("usual segment" if usual else f"segment, {depth}")
    needles = value.needles()
    return done(tiff, sample, target, where, f"{kind} in {which}", needles, ordinary=usual)


def _in_jpeg(old: bytes, new: bytes, depth: str) -> bytes:
    """Put a segment behind the first marker, between tables, before the scan, or behind it."""
    if depth == "behind the scan":
        end = old.rfind(b"\xff\xd9")
        return old[:end] + new + old[end:] if end > 0 else old + new
    places = [2]
    at = 2
    while old[at : at + 1] == b"\xff" and old[at + 1] != 0xDA:
        at += 2 + int.from_bytes(old[at + 2 : at + 4], "big")
        places.append(at)
    begins = places[1] if len(places) > 1 and old[3] == 0xE0 else 2
    at = begins if depth == "head" else places[len(places) // 2]
    return old[:at] + new + old[at:]


@planter("tiff")
def plant_usual_in_picture(sample: Path, target: Path, random: Random) -> Plant | None:
    """A comment or a photograph's data in a label, macro or thumbnail."""
    return planted_segment(sample, target, random, "picture", usual=True)


@planter("tiff")
def plant_usual_in_level(sample: Path, target: Path, random: Random) -> Plant | None:
    """A comment or a photograph's data in all tiles of a level."""
    return planted_segment(sample, target, random, "level", usual=True)


@planter("tiff")
def plant_segment_in_picture(sample: Path, target: Path, random: Random) -> Plant | None:
    """Any segment anywhere in a label, macro or thumbnail."""
    depth = random.choice(("head", "between tables", "behind the scan"))
    return planted_segment(sample, target, random, "picture", usual=False, depth=depth)


@planter("tiff")
def plant_segment_in_level(sample: Path, target: Path, random: Random) -> Plant | None:
    """Any segment anywhere in tiles."""
    depth = random.choice(("head", "between tables", "behind the scan"))
    return planted_segment(sample, target, random, "level", usual=False, depth=depth)


@planter("tiff")
def plant_behind_end(sample: Path, target: Path, random: Random) -> Plant | None:
    """A text or a picture behind the end of a stream, of any coding, and inside of its length."""
    tiff, value = Tiff.read(sample), anything(random)
    page = random.randrange(len(tiff))
    if not tiff.pieces(page):
        return None
    which, numbers = _which(tiff, page, random, 0.3)
    coding = {1: "raw", 5: "LZW", 7: "JPEG", 8: "Deflate"}.get(tiff.value(page, 259), "other")
    if random.random() < 0.3:
        picture = drawn(random)
        tiff.recode(page, lambda old: old + picture.stream, numbers)
        where, needles, encoding = "behind a stream: picture", picture.needles, f"{picture.codec} behind {coding}"
    else:
        way, data = any_way(random, value)
        tiff.recode(page, lambda old: old + random.choice((b"", b"\0", b"\xff\xd9")) + data, numbers)
        where, needles, encoding = "behind a stream: text", value.needles(), f"{way} behind {coding} of {which}"
    return done(tiff, sample, target, where, encoding, needles, ordinary=False)


@planter("tiff")
def plant_in_tables(sample: Path, target: Path, random: Random) -> Plant | None:
    """A segment in the tables that all tiles share, or a text behind them."""
    tiff, value = Tiff.read(sample), anything(random)
    pages = [page for page in range(len(tiff)) if tiff.find(page, 347)]
    if not pages:
        return None
    page = random.choice(pages)
    found = tiff.find(page, 347)
    assert found is not None
    known = segments(random, value)
    kind = random.choice(sorted(known))
    way, data = any_way(random, value)
    new = {
        "head": found.raw[:2] + known[kind] + found.raw[2:],
        "tail": found.raw[:-2] + known[kind] + found.raw[-2:],
        "behind": found.raw + data,
    }
    place = random.choice(sorted(new))
    tiff.put(page, entry(347, UNDEFINED, new[place]))
    encoding = f"{place}, {way if place == 'behind' else kind}"
    return done(tiff, sample, target, "JPEG tables", encoding, value.needles(), ordinary=False)


@planter("tiff")
def plant_in_codestream(sample: Path, target: Path, random: Random) -> Plant | None:
    """A comment in the main header of JPEG 2000, in all tiles of a level or in one."""
    tiff, value = Tiff.read(sample), anything(random)
    page = _coded(tiff, list(range(len(tiff))), J2K, random)
    if page is None:
        return None
    which, numbers = _which(tiff, page, random)
    way, data = any_way(random, value)
    new = segment(0x64, struct.pack(">H", random.choice((0, 1))) + data)

    def change(old: bytes) -> bytes:
        at = 4 + int.from_bytes(old[4:6], "big")
        return old[:at] + new + old[at:]

    tiff.recode(page, change, numbers)
    where = "JPEG 2000: comment" + ("" if which == "all" else " in one tile")
    return done(tiff, sample, target, where, f"{way} in {which}", value.needles(), ordinary=which == "all")


@planter("tiff")
def plant_in_other_marker(sample: Path, target: Path, random: Random) -> Plant | None:
    """A text in another segment of JPEG 2000 that no decoder needs."""
    tiff, value = Tiff.read(sample), anything(random)
    page = _coded(tiff, list(range(len(tiff))), J2K, random)
    if page is None:
        return None
    which, numbers = _which(tiff, page, random)
    code = random.choice((0x63, 0x57, 0x58, 0x30, 0x6F, 0x78))
    data = value.written("utf-8")
    new = bytes((0xFF, code)) + (b"" if code == 0x30 else struct.pack(">H", len(data) + 2)) + data

    def change(old: bytes) -> bytes:
        at = old.find(b"\xff\x90")
        return old[:at] + new + old[at:]

    tiff.recode(page, change, numbers)
    needles = value.needles()
    return done(tiff, sample, target, "JPEG 2000: other segment", f"{code:02x} in {which}", needles, ordinary=False)


@planter("tiff")
def plant_in_table(sample: Path, target: Path, random: Random) -> Plant | None:
    """A table of JPEG that no component uses, and that spells something; in tiles, pictures or what they share."""
    tiff, value = Tiff.read(sample), anything(random)
    page = _coded(tiff, list(range(len(tiff))), JPEG, random)
    if page is None:
        return None
    data = value.written("utf-8")[:60]
    new = segment(0xDB, bytes((random.choice((2, 3)),)) + data.ljust(64, b"\1"))
    shared = tiff.find(page, 347)
    if shared and random.random() < 0.5:
        tiff.put(page, entry(347, UNDEFINED, shared.raw[:2] + new + shared.raw[2:]))
        where = "shared"
    else:
        where, numbers = _which(tiff, page, random)
        tiff.recode(page, lambda old: old[:2] + new + old[2:], numbers)
        if tiff.ndpi:
            shift_starts(tiff, page, len(new))
    return done(tiff, sample, target, "JPEG: unused table", where, (data[:40],), ordinary=False)
