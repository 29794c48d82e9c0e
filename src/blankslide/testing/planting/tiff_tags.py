"""Plant in tags: known ones, unknown ones of every type, containers of other standards, and what tags hide."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from blankslide.testing.planting.core import Plant, planter
from blankslide.testing.planting.invented import (
    ENCODINGS,
    Value,
    address,
    anything,
    dated,
    day,
    epoch,
    filetime,
    number,
    ole,
    person,
    plain,
)
from blankslide.testing.planting.pictures import drawn
from blankslide.testing.planting.tiff_kit import any_way, done, escaped, owned
from blankslide.testing.planting.tiff_patch import (
    ASCII,
    BYTE,
    DOUBLE,
    LONG,
    LONG8,
    RATIONAL,
    SHORT,
    SIZES,
    UNDEFINED,
    UTF8,
    Entry,
    Tiff,
    entry,
    longs,
)

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

TEXTS = {269: "DocumentName", 285: "PageName", 315: "Artist", 316: "HostComputer", 33432: "Copyright", 32781: "ImageID"}
PHOTO = {42016: "ImageUniqueID", 42032: "CameraOwnerName", 50735: "CameraSerialNumber", 50827: "OriginalRawFileName"}
WORDS = {271: "Make", 272: "Model", 305: "Software", 333: "InkNames", 337: "TargetPrinter", 33550: "scale"}
DATES = {306: "DateTime", 36867: "DateTimeOriginal", 36868: "DateTimeDigitized", 50971: "PreviewDateTime"}
WINDOWS = {40091: "XPTitle", 40092: "XPComment", 40093: "XPAuthor", 40094: "XPKeywords", 40095: "XPSubject"}


def free_tag(tiff: Tiff, page: int, random: Random) -> int:
    """Return the number of a tag that nobody knows and the page does not have."""
    used = {e.tag for e in tiff.entries(page)}
    while True:
        tag = random.choice((random.randrange(32768, 65536), random.randrange(65000, 65400)))
        known = {*TEXTS, *PHOTO, *WORDS, *DATES, *WINDOWS, 33723, 34377, 34665, 34675, 34853}
        if tag not in used | known and not 65419 < tag < 65500 and not 32995 < tag < 33000 and not 33400 < tag < 34900:
            return tag


def _page(tiff: Tiff, random: Random) -> int:
    return random.randrange(len(tiff))


@planter("tiff")
def plant_text_tag(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in a tag of text that everybody may write."""
    tiff, value = Tiff.read(sample), anything(random)
    tag = random.choice(sorted(TEXTS) * 2 + sorted(PHOTO))
    encoding, data = any_way(random, value, ("utf-8", "latin-1", "utf-8", "utf-8", "base64"))
    kind = random.choice((ASCII, ASCII, ASCII, UTF8))
    tiff.put(_page(tiff, random), entry(tag, kind, data + b"\0"))
    name = {**TEXTS, **PHOTO}[tag]
    return done(tiff, sample, target, "tag: text", f"{name}, {encoding}", value.needles(), ordinary=True)


@planter("tiff")
def plant_word_tag(sample: Path, target: Path, random: Random) -> Plant | None:
    """A person or number in a tag that names devices and programs."""
    tiff, value = Tiff.read(sample), random.choice((person, number, address, dated))(random)
    tag = random.choice(sorted(WORDS))
    data = random.choice((b"", b"ScanLab 2.1 ", b"NDP/")) + value.written("utf-8")
    tiff.put(_page(tiff, random), entry(tag, ASCII, data + b"\0"))
    return done(tiff, sample, target, "tag: device, program", WORDS[tag], value.needles(), ordinary=False)


@planter("tiff")
def plant_date_tag(sample: Path, target: Path, random: Random) -> Plant | None:
    """A day in a tag for it."""
    tiff, value = Tiff.read(sample), dated(random)
    tag = random.choice(sorted(DATES))
    tiff.put(_page(tiff, random), entry(tag, ASCII, value.written("utf-8") + b"\0"))
    return done(tiff, sample, target, "tag: date", DATES[tag], value.needles(), ordinary=True)


@planter("tiff")
def plant_windows_tag(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in one of Windows' tags: bytes of UTF-16."""
    tiff, value = Tiff.read(sample), anything(random)
    tag = random.choice(sorted(WINDOWS))
    tiff.put(_page(tiff, random), entry(tag, BYTE, value.written("utf-16-le") + b"\0\0"))
    return done(tiff, sample, target, "tag: Windows", WINDOWS[tag], value.needles(), ordinary=True)


@planter("tiff")
def plant_unknown_text(sample: Path, target: Path, random: Random) -> Plant | None:
    """A text in a tag that nobody knows, in any type that can hold bytes, and any encoding."""
    tiff, value, page = Tiff.read(sample), anything(random), 0
    page = _page(tiff, random)
    encoding, data = any_way(random, value)
    kind = random.choice((ASCII, BYTE, UNDEFINED, UTF8, 6, SHORT, LONG, RATIONAL, DOUBLE))
    size = {SHORT: 2, LONG: 4, RATIONAL: 8, DOUBLE: 8}.get(kind, 1)
    lead = random.choice((b"", b"", b"\0\1", b"v2\0"))
    data = (lead + data + b"\0").ljust(-(-(len(lead + data) + 1) // size) * size, b"\0")
    tiff.put(page, entry(free_tag(tiff, page, random), kind, data))
    where = "tag: unknown, text" if size == 1 else "tag: unknown, text as numbers"
    return done(tiff, sample, target, where, f"type {kind}, {encoding}", value.needles(), ordinary=owned(sample))


@planter("tiff")
def plant_unknown_number(sample: Path, target: Path, random: Random) -> Plant | None:
    """A patient's number or a moment in a tag that nobody knows."""
    tiff, when, page = Tiff.read(sample), day(random), 0
    page, some = _page(tiff, random), random.randrange(10**7, 2**31)
    raw = {
        "LONG": (LONG, struct.pack("<L", some)),
        "LONGs": (LONG, struct.pack("<3L", some, 7, 1)),
        "epoch": (LONG, struct.pack("<L", epoch(when))),
        "DOUBLE": (DOUBLE, struct.pack("<d", float(some) * 7)),
        "OLE": (DOUBLE, struct.pack("<d", ole(when))),
        "RATIONAL": (RATIONAL, struct.pack("<2L", some, 1)),
        "SLONG": (9, struct.pack("<l", -some)),
        "day": (SHORT, struct.pack("<3H", when.year, when.month, when.day)),
        "spelled": (DOUBLE, b"Weiden\xf0@Brueck\xf0@"),
    }
    if tiff.big:
        raw |= {"FILETIME": (LONG8, struct.pack("<Q", filetime(when)))}
    name = random.choice(sorted(raw))
    kind, data = raw[name]
    if name == "spelled":
        data = bytes(random.randrange(97, 123) if b < 128 and b != 64 else b for b in data)
    tag = free_tag(tiff, page, random)
    tiff.put(page, entry(tag, kind, data))
    needle = (
        data
        if len(data) > 4
        else struct.pack("<H", tag) + struct.pack("<H", kind) + b"\1".ljust(tiff.room, b"\0") + data
    )
    return done(tiff, sample, target, "tag: unknown, number", name, (needle,), ordinary=True)


@planter("tiff")
def plant_unknown_picture(sample: Path, target: Path, random: Random) -> Plant | None:
    """A whole picture as the bytes of a tag that nobody knows."""
    tiff, picture = Tiff.read(sample), drawn(random)
    page = _page(tiff, random)
    tiff.put(page, entry(free_tag(tiff, page, random), random.choice((UNDEFINED, BYTE)), picture.stream))
    return done(tiff, sample, target, "tag: unknown, picture", picture.codec, picture.needles, ordinary=owned(sample))


@planter("tiff")
def plant_packet(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in XMP, in IPTC or in Photoshop's resources."""
    tiff, value = Tiff.read(sample), anything(random)
    page = _page(tiff, random)
    new, name = _packets(random, value)
    if tiff.find(page, new.tag):
        return None
    tiff.put(page, new)
    return done(tiff, sample, target, "tag: XMP, IPTC, Photoshop", name, value.needles(), ordinary=True)


def xmp(text: str) -> bytes:
    """Return a packet as image editors write it."""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        '"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:creator><rdf:Seq><rdf:li>{escaped(text)}</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF>"
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def iptc(data: bytes) -> bytes:
    """Return a byline as news agencies write it."""
    return b"\x1c\x02\x50" + struct.pack(">H", len(data)) + data


def resources(data: bytes) -> bytes:
    """Return a caption and its block as Photoshop writes them."""
    block = iptc(data)
    return b"8BIM\x04\x04\0\0" + struct.pack(">L", len(block)) + block + bytes(len(block) % 2)


def _packets(random: Random, value: Value) -> tuple[Entry, str]:
    data = value.written("utf-8")
    name = random.choice(("XMP", "IPTC", "IPTC as LONG", "Photoshop"))
    if name == "XMP":
        return entry(700, random.choice((BYTE, UNDEFINED)), xmp(value.text)), name
    if name == "Photoshop":
        return entry(34377, BYTE, resources(data)), name
    block = iptc(data)
    if name == "IPTC":
        return entry(33723, random.choice((UNDEFINED, BYTE)), block), name
    return entry(33723, LONG, block.ljust(-(-len(block) // 4) * 4, b"\0")), name


@planter("tiff")
def plant_exif(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in a photograph's child directory."""
    tiff, value = Tiff.read(sample), anything(random)
    text = value.written("utf-8")
    forms = {
        "DateTimeOriginal": entry(36867, ASCII, text + b"\0"),
        "UserComment": entry(37510, UNDEFINED, b"ASCII\0\0\0" + text),
        "UserComment, UNICODE": entry(37510, UNDEFINED, b"UNICODE\0" + value.written("utf-16-le")),
        "CameraOwnerName": entry(42032, ASCII, text + b"\0"),
        "BodySerialNumber": entry(42033, ASCII, text + b"\0"),
        "LensMake": entry(42035, ASCII, text + b"\0"),
        "MakerNote": entry(37500, UNDEFINED, b"Nikon\0\2\0" + random.choice((text, value.written("utf-16-be")))),
        "UTF-8": entry(42016, UTF8, text + b"\0"),
        "unknown": entry(random.randrange(43000, 49000), ASCII, text + b"\0"),
    }
    name = random.choice(sorted(forms))
    child = [entry(36864, UNDEFINED, b"0230"), forms[name]]
    page = _page(tiff, random)
    tiff.put(page, longs(34665, tiff.directory(child)))
    return done(tiff, sample, target, "EXIF: value", name, value.needles(), ordinary=True)


@planter("tiff")
def plant_gps(sample: Path, target: Path, random: Random) -> Plant | None:
    """A place and a day in a child directory for it."""
    tiff, value = Tiff.read(sample), dated(random)
    place = struct.pack("<6L", random.randrange(90), 1, random.randrange(60), 1, random.randrange(10**5, 10**6), 10007)
    child = [entry(0, BYTE, b"\2\3\0\0"), entry(1, ASCII, b"N\0"), entry(2, RATIONAL, place)]
    child.append(entry(random.choice((29, 27, 28)), ASCII, value.written("utf-8") + b"\0"))
    tiff.put(_page(tiff, random), longs(34853, tiff.directory(child)))
    return done(tiff, sample, target, "GPS: place, day", value.kind, (*value.needles(), place[16:]), ordinary=True)


@planter("tiff")
def plant_grandchild(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in a child of a child directory."""
    tiff, value = Tiff.read(sample), anything(random)
    inner = tiff.directory([entry(random.choice((1, 2, 4096)), ASCII, value.written("utf-8") + b"\0")])
    child = [entry(36864, UNDEFINED, b"0230"), longs(random.choice((40965, 330, 34853)), inner)]
    tiff.put(_page(tiff, random), longs(random.choice((34665, 34665, 34853)), tiff.directory(child)))
    return done(tiff, sample, target, "EXIF: grandchild", value.kind, value.needles(), ordinary=False)


@planter("tiff")
def plant_second_tag(sample: Path, target: Path, random: Random) -> Plant | None:
    """A second tag of a number that the page has, before or behind it."""
    tiff, value = Tiff.read(sample), anything(random)
    page = _page(tiff, random)
    has = [e.tag for e in tiff.entries(page) if e.tag in (256, 258, 262, 270, 305, 306, 347, 700, 34675, 65420)]
    tag = random.choice(has)
    encoding, data = any_way(random, value, ("utf-8", "utf-16-le", "base64"))
    new = entry(tag, random.choice((ASCII, UNDEFINED, BYTE)), data + b"\0")
    old = tiff.entries(page)
    tiff.rewrite(page, [new, *old] if random.random() < 0.5 else [*old, new])
    return done(tiff, sample, target, "tag: second of a number", f"{tag}, {encoding}", value.needles(), ordinary=False)


@planter("tiff")
def plant_structural(sample: Path, target: Path, random: Random) -> Plant | None:
    """A text in a tag of numbers: curves, colours, references."""
    tiff, value = Tiff.read(sample), anything(random)
    page, data = _page(tiff, random), value.written(random.choice(list(ENCODINGS)))
    tag = random.choice((266, 274, 290, 291, 297, 301, 318, 319, 320, 321, 336, 338, 339, 340, 342, 529, 531, 532))
    kind = random.choice((SHORT, LONG, RATIONAL, UNDEFINED, BYTE, ASCII, DOUBLE))
    size = {SHORT: 2, LONG: 4, RATIONAL: 8, DOUBLE: 8}.get(kind, 1)
    tiff.put(page, entry(tag, kind, data.ljust(-(-len(data) // size) * size, b"\0")))
    return done(tiff, sample, target, "tag: structural, text", f"{tag}, type {kind}", value.needles(), ordinary=False)


@planter("tiff")
def plant_structure(sample: Path, target: Path, random: Random) -> Plant | None:
    """A patient's number as a resolution or a position, in a way that no writer has, or as a number of rows."""
    tiff = Tiff.read(sample)
    page, some = _page(tiff, random), random.randrange(10**8, 2**31 - 1)
    tag = random.choice((282, 283, 286, 287, 278))
    if tag == 278 and not tiff.find(page, 322):
        return None
    raw = struct.pack("<L", some) if tag == 278 else struct.pack("<2L", some, random.choice((1, 10)))
    tiff.put(page, entry(tag, LONG if tag == 278 else RATIONAL, raw))
    return done(tiff, sample, target, "tag: number as structure", str(tag), (raw,), ordinary=False)


@planter("tiff")
def plant_spelled_fraction(sample: Path, target: Path, random: Random) -> Plant | None:
    """A resolution or position whose bytes spell a name of five to seven letters."""
    tiff, page = Tiff.read(sample), 0
    page = _page(tiff, random)
    name = "".join(
        random.choice(pair) for pair in ("BKLMRTW", "aeiou", "lmnr", "aeiou", "bdkst", "aei", "nrs")
    ).encode()
    name = name[: random.choice((5, 6, 7))]
    tiff.put(page, entry(random.choice((282, 283, 286, 287)), RATIONAL, name.ljust(8, b"\0")))
    return done(tiff, sample, target, "tag: fraction that spells", f"{len(name)} letters", (name,), ordinary=False)


@planter("tiff")
def plant_short_numbers(sample: Path, target: Path, random: Random) -> Plant | None:
    """A day as the numbers of pages, of halftones, of restarts, of least and largest samples."""
    tiff, when, page = Tiff.read(sample), day(random), 0
    page, tag = _page(tiff, random), random.choice((297, 321, 280, 281, 515))
    numbers = (when.year, when.month * 100 + when.day)[: 1 if tag == 515 else 2]
    numbers = numbers if tag in (297, 321, 515) else (when.year,) * max(tiff.value(page, 277, 1), 1)
    tiff.put(page, entry(tag, SHORT, struct.pack(f"<{len(numbers)}H", *numbers)))
    found = tiff.find(page, tag)
    assert found is not None
    at = found.place - (tiff.step - tiff.room if len(found.raw) <= tiff.room else 0)
    needle = bytes(tiff.data[at : at + tiff.step]) if len(found.raw) <= tiff.room else found.raw
    return done(tiff, sample, target, "tag: day as short numbers", str(tag), (needle,), ordinary=False)


@planter("tiff")
def plant_index(sample: Path, target: Path, random: Random) -> Plant | None:
    """Numbers among the places of tiles, of which none is longer than nothing; or lengths without places."""
    tiff, value = Tiff.read(sample), plain(random)
    page = random.choice([p for p in range(len(tiff)) if tiff.pieces(p)])
    tags = tiff.tags(page)
    places, lengths = (tiff.find(page, tag) for tag in tags)
    assert places is not None
    assert lengths is not None
    data = value.written("utf-8").ljust(-(-len(value.text) // 4) * 4, b"\0")
    words = struct.unpack(f"<{len(data) // 4}L", data)
    if random.random() < 0.5:
        new = (longs(tags[0], *places.numbers, *words), longs(tags[1], *lengths.numbers, *[0] * len(words)))
        how = "places of nothing"
    else:
        new, how = (longs(tags[0], *places.numbers), longs(tags[1], *lengths.numbers, *words)), "lengths of nothing"
    tiff.put(page, *new)
    return done(tiff, sample, target, "tile too many, of no bytes", how, (data,), ordinary=False)


@planter("tiff")
def plant_private_value(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in a vendor's own tag that is there already, in its type or in another."""
    tiff, value, page = Tiff.read(sample), anything(random), 0
    page = _page(tiff, random)
    own = [e for e in tiff.entries(page) if e.tag > 32768 and e.tag not in (34665, 34675, 34853)]
    if not own:
        return None
    one, data = random.choice(own), value.written(random.choice(list(ENCODINGS)))
    kind = random.choice((one.kind, one.kind, one.kind, ASCII, UNDEFINED))
    size = SIZES[kind]
    tiff.put(page, entry(one.tag, kind, data.ljust(-(-(len(data) + 1) // size) * size, b"\0")))
    return done(tiff, sample, target, "tag: vendor's own", f"{one.tag}, type {kind}", value.needles(), ordinary=False)


@planter("tiff")
def plant_slack(sample: Path, target: Path, random: Random) -> Plant | None:
    """Letters in those bytes of an entry that its value does not use."""
    tiff = Tiff.read(sample)
    page = _page(tiff, random)
    short = [e for e in tiff.entries(page) if len(e.raw) <= tiff.room - 4 and not tiff.outside(e.kind, len(e.raw))]
    if not short:
        return None
    one = random.choice(short)
    letters = bytes(random.randrange(97, 123) for _ in range(tiff.room - len(one.raw)))
    tiff.data[one.place + len(one.raw) : one.place + tiff.room] = letters
    return done(tiff, sample, target, "tag: unused bytes", f"{len(letters)} letters", (letters,), ordinary=False)
