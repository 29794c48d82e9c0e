"""Plant in descriptions of keys and values: ``|User = ...|``, ``Case Name=...;``, lines of ``key = value``, JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.testing.planting.core import Plant, planter
from blankslide.testing.planting.invented import (
    NARROW,
    Value,
    anything,
    dated,
    day,
    epoch,
    filetime,
    number,
    ole,
    person,
)
from blankslide.testing.planting.tiff_kit import Text, any_way, done, retold, texts
from blankslide.testing.planting.tiff_patch import Tiff

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

KNOWN = (
    "User",
    "Barcode",
    "Filename",
    "Title",
    "Operator",
    "Case Name",
    "Patient",
    "SlideName",
    "Scanner",
    "Diagnosis",
)
UNKNOWN = (
    "Ward Remark",
    "Col4",
    "Anforderer",
    "Zweitmeinung",
    "X17",
    "Bemerkung",
    "Kommentar 2",
    "LIS.Field",
    "extra_info",
)
TELLING = (
    "MRN",
    "Patient",
    "Case",
    "Patient ID",
    "Case Number",
    "Accession",
    "Fallnummer",
    "Order No",
    "Block",
    "Chart",
)
BORN = ("Age", "Birth Year", "DOB Year", "Born", "Patient Age")
MOMENTS = ("Scan Started", "Timestamp", "Ticks", "ScanTime", "Acquired", "Created", "Calibrated", "LastModified")
SHORT = ("Kim", "Li", "Oz", "Ng", "Bo", "Yu", "Ann", "Max")


def pairs(tiff: Tiff, random: Random) -> tuple[Text, bytes, bytes] | None:
    """Choose a text of pairs; return it, what divides two pairs, and what stands between key and value."""
    found = []
    for text in texts(tiff):
        if text.tag == 65449:
            found.append((text, b"\r\n", b"="))
        elif text.text.startswith(b"{"):
            found.append((text, b", ", b'": "'))
        elif not text.markup and b"=" in text.text and text.text.count(b"=") > 2:
            found.append((text, *_style(text.text)))
    return random.choice(found) if found else None


def _style(text: bytes) -> tuple[bytes, bytes]:
    division = next((d for d in (b"|", b";") if text.count(d) > 1), b"\n")
    return division, b" = " if b" = " in text else b"="


def added(text: Text, division: bytes, between: bytes, key: bytes, value: bytes) -> bytes:
    """Return the text with a pair more, or with another value if it has the key."""
    if between == b'": "':
        return text.text.rstrip(b"} ") + b', "' + key + between + value + b'"}'
    old = re.search(re.escape(key + between) + rb"[^|;\r\n]*", text.text)
    if old:
        return text.text[: old.start()] + key + between + value + text.text[old.end() :]
    if text.text.rstrip(b"\0\r\n ").endswith(b"OverlapsXY= 0 0 0 0 0 0"):
        return key + between + value + division + text.text
    return text.text.rstrip(b"\0\r\n ") + division + key + between + value


def field(
    sample: Path, target: Path, random: Random, where: str, keys: tuple[str, ...], value: Value, *, way: str = ""
) -> Plant | None:
    """Give a description a field."""
    tiff = Tiff.read(sample)
    place = pairs(tiff, random)
    if place is None:
        return None
    text, division, between = place
    ways = (way,) if way else ("utf-8", "latin-1", "utf-8", "a country's own")
    encoding, data = any_way(random, value, ways)
    key = random.choice(keys).encode()
    retold(tiff, text, added(text, division, between, key, data), random.random() < 0.8)
    needles = value.needles() if len(value.text) > 7 else (key + between + data,)
    return done(tiff, sample, target, where, f"{value.kind}, {encoding}", needles, ordinary=True)


@planter("tiff")
def plant_known_field(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value under a key that the format knows."""
    return field(sample, target, random, "field: known key", KNOWN, anything(random))


@planter("tiff")
def plant_unknown_field(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value under a key that nobody knows."""
    return field(sample, target, random, "field: unknown key", UNKNOWN, anything(random))


@planter("tiff")
def plant_coded_field(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in base64, hexadecimal, percents or entities."""
    keys = random.choice((KNOWN, UNKNOWN))
    return field(sample, target, random, "field: coded value", keys, anything(random), way=random.choice(NARROW[3:]))


@planter("tiff")
def plant_telling_number(sample: Path, target: Path, random: Random) -> Plant | None:
    """A number of a patient, small or large, plain or with a point, under a key that says so."""
    digits = str(random.randrange(10 ** random.randrange(2, 14) + 3))
    text = random.choice((digits, digits, f"{digits}.0", f"0{digits}", f"{digits[:3]} {digits[3:]}".strip()))
    return field(sample, target, random, "field: telling number", TELLING, Value("number", text, (text,)))


@planter("tiff")
def plant_birth(sample: Path, target: Path, random: Random) -> Plant | None:
    """An age or a year of birth."""
    when = day(random)
    text = random.choice((str(when.year), str(2026 - when.year), f"{2026 - when.year}Y", f"{when:%m/%Y}"))
    return field(sample, target, random, "field: age, year of birth", BORN, Value("birth", text, (text,)))


@planter("tiff")
def plant_moment(sample: Path, target: Path, random: Random) -> Plant | None:
    """A moment as a count of seconds, days or ticks."""
    when = day(random)
    counts = {
        "FILETIME": str(filetime(when)),
        "OLE": f"{ole(when):.4f}",
        "OLE day": f"{ole(when):.0f}",
        "epoch": str(epoch(when)),
        "epoch, ms": f"{epoch(when)}417",
    }
    kind = random.choice(sorted(counts))
    return field(sample, target, random, "field: counted moment", MOMENTS, Value(kind, counts[kind], (counts[kind],)))


@planter("tiff")
def plant_short_name(sample: Path, target: Path, random: Random) -> Plant | None:
    """A name of two or three letters."""
    name = random.choice(SHORT)
    return field(
        sample, target, random, "field: short name", ("User", "Operator", "Pathologist"), Value("name", name, (name,))
    )


@planter("tiff")
def plant_split_name(sample: Path, target: Path, random: Random) -> Plant | None:
    """A name in two fields."""
    tiff, value = Tiff.read(sample), person(random)
    place = pairs(tiff, random)
    if place is None or len(value.parts) < 2:
        return None
    text, division, between = place
    keys = random.choice((("First Name", "Last Name"), ("Vorname", "Nachname"), ("P1", "P2"), ("Given", "Family")))
    for key, part in zip(keys, value.parts, strict=True):
        new = added(text, division, between, key.encode(), part.encode())
        text = Text(text.page, text.tag, new)
    old = place[0]
    retold(tiff, old, text.text)
    return done(tiff, sample, target, "field: name in two", "utf-8", value.needles(), ordinary=True)


@planter("tiff")
def plant_key(sample: Path, target: Path, random: Random) -> Plant | None:
    """A name as the key of a number."""
    tiff, value = Tiff.read(sample), person(random)
    place = pairs(tiff, random)
    if place is None:
        return None
    text, division, between = place
    retold(tiff, text, added(text, division, between, value.written("utf-8"), str(random.randrange(9)).encode()))
    return done(tiff, sample, target, "field: key", "utf-8", value.needles(), ordinary=False)


@planter("tiff")
def plant_loose_words(sample: Path, target: Path, random: Random) -> Plant | None:
    """A sentence among the pairs, without a key, or at the beginning."""
    tiff, value = Tiff.read(sample), random.choice((person, dated, number))(random)
    place = pairs(tiff, random)
    if place is None or place[0].text.startswith(b"{"):
        return None
    text, division, _ = place
    said = random.choice((b"", b"for ", b"seen by ", b"# ")) + value.written("utf-8")
    parts = text.text.split(division)
    parts.insert(random.randrange(len(parts) + 1), said)
    retold(tiff, text, division.join(parts))
    return done(tiff, sample, target, "field: words without a key", value.kind, value.needles(), ordinary=False)


@planter("tiff")
def plant_behind_zero(sample: Path, target: Path, random: Random) -> Plant | None:
    """A text behind the zero that ends another one."""
    tiff, value = Tiff.read(sample), anything(random)
    found = list(texts(tiff))
    if not found:
        return None
    text = random.choice(found)
    encoding, data = any_way(random, value)
    retold(tiff, text, text.text + b"\0" + data, every=False)
    return done(tiff, sample, target, "text: behind its zero", encoding, value.needles(), ordinary=False)


@planter("tiff")
def plant_in_science(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value under a key that is there already, be it one that is kept for its numbers."""
    tiff, value = Tiff.read(sample), anything(random)
    place = pairs(tiff, random)
    if place is None:
        return None
    text, division, between = place
    rows = [row for row in text.text.split(division) if between in row]
    if not rows:
        return None
    key = random.choice(rows).split(between)[0].strip(b" \r\n\"',{")
    encoding, data = any_way(random, value, ("utf-8", "a country's own", "base64", "hex", "percent"))
    retold(tiff, text, added(text, division, between, key, data), random.random() < 0.5)
    return done(
        tiff, sample, target, "field: any key of it", f"{value.kind}, {encoding}", value.needles(), ordinary=False
    )


@planter("tiff")
def plant_description(sample: Path, target: Path, random: Random) -> Plant | None:
    """A description in place of that of any page, or where a page has none."""
    tiff, value, page = Tiff.read(sample), anything(random), 0
    page = random.randrange(len(tiff))
    encoding, data = any_way(random, value)
    old = tiff.text(page) or b""
    tiff.describe(page, random.choice((b"", old + b" ", b"level=1 mag=20 ", b"Label ")) + data)
    return done(tiff, sample, target, "text: whole description", encoding, value.needles(), ordinary=False)
