"""Plants in MIRAX slides: the index text, records and their places, gaps of data files, the index, files beside them.

Records are found by where the index says they stand: nine numbers for one of the second table, four for an image.
Both are looked for as bytes, and changed by appending anew, so nothing of Blankslide's own reading is used.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.planting.sets import Found, Members, Secret, blob, secret, sets

if TYPE_CHECKING:
    from random import Random

_ORDINARY = ("SLIDE_NAME", "PROJECT_NAME", "SLIDE_CREATIONDATETIME", "SLIDE_UTC_CREATIONDATETIME", "SLIDE_ID", "OWNER")
_LAYERS = ("Scan data layer", "ScanDataLayer", "VIMSLIDE_HISTOGRAM_DATA", "StitchingLayer", "AuditTrail")
_VALUES = ("ScanDataLayer_SlideBarcode", "ScanDataLayer_Stage", "default", "StitchingIntensityLevel", "ProfileXML")


class Place(NamedTuple):
    """Where the index says that a record stands: offset, length and number of its data file, and where it says so."""

    at: int
    offset: int
    length: int
    file: int


class Index:
    """Index.dat of a slide, and its data files."""

    def __init__(self, members: Members) -> None:
        self.members, self.own = members, members.own
        self.data = bytearray(members.files[f"{self.own}/Index.dat"])
        self.head = self.data.index(struct.pack("<i", self._first()), 5)

    def _first(self) -> int:
        """The first table stands right behind the two pointers; the id before them is of a length of its own."""
        for head in range(5, 200):
            if struct.unpack_from("<i", self.data, head)[0] == head + 8:
                return head + 8
        raise ValueError("no index")

    @property
    def second(self) -> int:
        """Where the second table stands, at the end of the index."""
        return int(struct.unpack_from("<i", self.data, self.head + 4)[0])

    def singles(self) -> Iterator[Place]:
        """Yield the records of the second table."""
        for at in range(self.second, len(self.data) - 3, 4):
            pointer = struct.unpack_from("<i", self.data, at)[0]
            if pointer:
                row = struct.unpack_from("<9i", self.data, pointer)
                yield Place(pointer + 24, *row[6:])

    def slots(self) -> list[int]:
        """Where the pointers of the first table stand: one for each value of each layer that the index text counts."""
        text = self.members.files[f"{self.own}/Slidedat.ini"]
        count = sum(int(number) for number in re.findall(rb"\nHIER_\d+_COUNT = (\d+)", text))
        return list(range(self.head + 8, self.head + 8 + 4 * count, 4))

    def images(self) -> Iterator[Place]:
        """Yield the records of the first table."""
        for at in self.slots():
            page = struct.unpack_from("<i", self.data, at)[0]
            page = struct.unpack_from("<i", self.data, page + 4)[0] if page else 0
            while page:
                count, after = struct.unpack_from("<ii", self.data, page)
                for i in range(count):
                    yield Place(page + 12 + 16 * i, *struct.unpack_from("<4i", self.data, page + 8 + 16 * i)[1:])
                page = after

    def name(self, file: int) -> str:
        """Name of a data file."""
        return f"{self.own}/Data{file:04}.dat"

    def record(self, place: Place) -> bytes:
        """Return a record's bytes."""
        return self.members.files[self.name(place.file)][place.offset : place.offset + place.length]

    def add(self, file: int, record: bytes) -> tuple[int, int, int]:
        """Append a record to a data file."""
        name = self.name(file)
        self.members.files[name] += record
        return len(self.members.files[name]) - len(record), len(record), file

    def replace(self, place: Place, record: bytes) -> None:
        """Let the index point at another record, and zero the old one."""
        data = bytearray(self.members.files[self.name(place.file)])
        data[place.offset : place.offset + place.length] = bytes(place.length)
        self.members.files[self.name(place.file)] = bytes(data)
        struct.pack_into("<3i", self.data, place.at, *self.add(place.file, record))

    def one_more(self, record: bytes, file: int) -> None:
        """Give the second table one more record; the old table, at the end of the file, makes way."""
        table = bytes(self.data[self.second :])
        del self.data[self.second :]
        at = len(self.data)
        self.data += struct.pack("<9i", 0, at + 8, 1, 0, 0, 0, *self.add(file, record))
        struct.pack_into("<i", self.data, self.head + 4, len(self.data))
        self.data += table + struct.pack("<i", at)

    def done(self) -> None:
        """Keep the changed index."""
        self.members.files[f"{self.own}/Index.dat"] = bytes(self.data)


class Ini:
    """Slidedat.ini as lines."""

    def __init__(self, members: Members) -> None:
        self.members, self.name = members, f"{members.own}/Slidedat.ini"
        self.lines = members.files[self.name].split(b"\r\n")

    def value(self, key: str) -> str:
        """Return the value of a key, of whatever section."""
        start = f"{key} = ".encode()
        return next((line[len(start) :].decode() for line in self.lines if line.startswith(start)), "")

    def set(self, key: str, value: bytes) -> None:
        """Give a key another value, where it is first."""
        start = f"{key} = ".encode()
        at = next(i for i, line in enumerate(self.lines) if line.startswith(start))
        self.lines[at] = start + value

    def heads(self) -> list[int]:
        """Where sections begin."""
        return [i for i, line in enumerate(self.lines) if line.startswith((b"[", b"\xef\xbb\xbf["))]

    def section(self, at: int) -> bytes:
        """The heading that the line of a number stands under."""
        return self.lines[max(head for head in self.heads() if head <= at)].removeprefix(b"\xef\xbb\xbf")

    def put(self, line: bytes, at: int) -> None:
        """Put a line in front of the one of a number."""
        self.lines.insert(at, line)

    def done(self) -> None:
        """Keep the changed text."""
        self.members.files[self.name] = b"\r\n".join(self.lines)


@sets("mirax")
def plant_mirax_key(members: Members, rng: Random) -> Found | None:
    """A value under a key that is there, under a known one, or under one nobody knows, in any section."""
    ini, hidden = Ini(members), secret(rng, line=True)
    if rng.random() < 0.4:
        lines = [i for i, line in enumerate(ini.lines) if b" = " in line]
        at = rng.choice(lines)
        key = ini.lines[at].partition(b" = ")[0]
        ini.lines[at] = key + b" = " + hidden.raw
        how = "a value that is there"
    else:
        key = rng.choice((*_ORDINARY, "Ward", "COMMENT", "Patient.Name", "MRN", "OBJECTIVE_NAME_2", "X" * 40)).encode()
        line = key + rng.choice((b" = ", b"=", b" =\t")) + hidden.raw
        at = rng.choice(ini.heads()) + 1
        ini.put(line, at)
        how = "another key"
    ini.done()
    # where readers look for the slide's id a scanner writes the one of all files; with two it is refused as two slides
    usual = key.decode() in _ORDINARY and (key != b"SLIDE_ID" or ini.section(at) != b"[GENERAL]")
    return Found(f"ini: {how}", f"{hidden.encoding} {key.decode()}", usual, hidden.needles)


@sets("mirax")
def plant_mirax_line(members: Members, rng: Random) -> Found | None:
    """A comment, a line without a key, a section of an own name, text behind a section's head, key as the text."""
    ini, hidden = Ini(members), secret(rng, line=True)
    raw = hidden.raw
    forms = {
        "comment": b"; " + raw,
        "comment with #": b"# " + raw,
        "line": raw,
        "section": b"[" + raw.replace(b"]", b")") + b"]\r\nNote = 1",
        "behind a head": b"[NOTES] " + raw,
        "key": raw.replace(b"=", b":") + b" = 1",
        "continued": b"NOTE = \\\r\n   " + raw,
        "indented": b"\t \t" + raw,
    }
    how = rng.choice(sorted(forms))
    at = rng.choice((*ini.heads()[1:], len(ini.lines)))
    ini.put(forms[how], at)
    ini.done()
    return Found(f"ini: {how}", hidden.encoding, False, hidden.needles)


@sets("mirax")
def plant_mirax_end(members: Members, rng: Random) -> Found | None:
    """Behind the end of the ini, the index or a data file, with zeros or without; or in the padding of its head."""
    hidden = secret(rng)
    names = sorted(n for n in members.files if n.startswith(members.own + "/"))
    name = rng.choice(names)
    kind = "data file" if name.endswith(".dat") and "Data" in name else name.rpartition("/")[2]
    data = members.files[name]
    how = rng.choice(("behind", "behind zeros", "in the padding"))
    if how == "in the padding":
        at = data.find(bytes(200))
        if at < 0 or kind != "data file":
            return None
        members.files[name] = data[: at + 20] + hidden.raw[:150] + data[at + 20 + len(hidden.raw[:150]) :]
    else:
        members.files[name] = data + (bytes(64) if how == "behind zeros" else b"") + hidden.raw
    return Found(f"{kind}: {how}", hidden.encoding, False, tuple(n for n in hidden.needles if n in members.files[name]))


@sets("mirax")
def plant_mirax_record(members: Members, rng: Random) -> Found | None:
    """A record of the second table is another one: text, XML, a picture, packed text, numbers."""
    index = Index(members)
    place = rng.choice(list(index.singles()))
    hidden, record, how = _record(rng)
    index.replace(place, record)
    index.done()
    return Found(f"record: {how}", hidden.encoding, False, hidden.needles)


@sets("mirax")
def plant_mirax_layer(members: Members, rng: Random) -> Found | None:
    """One more record, with a layer of its own in the index text."""
    index, ini = Index(members), Ini(members)
    hidden, record, how = _record(rng)
    index.one_more(record, rng.choice((3, 7, 8)))
    index.done()
    number = int(ini.value("NONHIER_COUNT"))
    ini.set("NONHIER_COUNT", b"%d" % (number + 1))
    at = next(i for i, line in enumerate(ini.lines) if line.startswith(b"NONHIER_COUNT"))
    layer, value = rng.choice(_LAYERS), rng.choice(_VALUES)
    rows = {"NAME": layer, "COUNT": "1", "VAL_0": value, "VAL_0_SECTION": f"NONHIERLAYER_{number}_LEVEL_0_SECTION"}
    for key, text in rows.items():
        ini.put(f"NONHIER_{number}_{key} = {text}".encode(), at)
    if rng.random() < 0.5:
        ini.lines[-1:] = [f"[NONHIERLAYER_{number}_LEVEL_0_SECTION]".encode(), b"SLIDE_IMAGE_TYPE = JPEG", b""]
    ini.done()
    return Found(f"one more record: {how}", f"{hidden.encoding} {layer}", False, hidden.needles)


def _record(rng: Random) -> tuple[Secret, bytes, str]:
    how = rng.choice(
        ("text", "xml", "comment in xml", "picture", "zlib", "numbers", "text behind zeros", "text behind a picture")
    )
    if how == "picture":
        stream, kind, needles = blob(rng)
        return Secret(stream, kind, needles), stream, how
    hidden = secret(rng)
    raw = hidden.raw
    if how == "zlib":
        packed = zlib.compress(raw + bytes(rng.randrange(400)), rng.choice((0, 1, 6, 9)))
        return hidden._replace(needles=(*hidden.needles, packed)), packed, how
    forms = {
        "text": raw,
        "xml": b'<?xml version="1.0"?><scaninfo><data><scaninfo Attendant="' + raw + b'"/></data></scaninfo>',
        "comment in xml": b"<scaninfo><!-- " + raw + b" --></scaninfo>",
        "numbers": struct.pack("<4i", 1, 2, 3, 4) + raw + struct.pack("<4i", 1, 2, 3, 4),
        "text behind zeros": bytes(500) + raw,
    }
    if how == "text behind a picture":
        from io import BytesIO

        from PIL import Image

        out = BytesIO()
        Image.new("L", (8, 6), 255).save(out, rng.choice(("PNG", "JPEG")))
        return hidden, out.getvalue() + raw, how
    return hidden, forms[how], how


@sets("mirax")
def plant_mirax_tile(members: Members, rng: Random) -> Found | None:
    """A tile with a comment, a text behind its end, or an application segment."""
    index, hidden = Index(members), secret(rng)
    tiles = [place for place in index.images() if index.record(place)[:2] == b"\xff\xd8"]
    place = rng.choice(tiles)
    old, raw = index.record(place), hidden.raw
    segment = (len(raw) + 2).to_bytes(2, "big") + raw
    how = rng.choice(("comment", "application segment", "behind its end", "in front of its end"))
    forms = {
        "comment": old[:2] + b"\xff\xfe" + segment + old[2:],
        "application segment": old[:2] + b"\xff\xed" + segment + old[2:],
        "behind its end": old + raw,
        "in front of its end": old[:-2] + b"\xff\xfe" + segment + old[-2:],
    }
    index.replace(place, forms[how])
    index.done()
    return Found(f"tile: {how}", hidden.encoding, False, hidden.needles)


@sets("mirax")
def plant_mirax_hidden_level(members: Members, rng: Random) -> Found | None:
    """A slot of the first table that no level uses has a record."""
    index = Index(members)
    hidden, record, how = _record(rng)
    empty = [at for at in index.slots() if not any(index.data[at : at + 4])]
    if not empty:
        return None
    offset, length, file = index.add(rng.choice((0, 2, 7, 9)), record)
    table = bytes(index.data[index.second :])
    del index.data[index.second :]
    at = len(index.data)
    struct.pack_into("<i", index.data, rng.choice(empty), at)
    index.data += struct.pack("<8i", 0, at + 8, 1, 0, 0, offset, length, file)
    struct.pack_into("<i", index.data, index.head + 4, len(index.data))
    index.data += table
    index.done()
    return Found(f"hidden level: {how}", hidden.encoding, False, hidden.needles)


@sets("mirax")
def plant_mirax_beside(members: Members, rng: Random) -> Found | None:
    """A file in the slide's folder, or beside it, that the slide does not need."""
    stream, kind, needles = blob(rng)
    hidden = secret(rng, plain=True)
    own, stem = members.own, members.own
    names = {
        f"{own}/thumb.jpg": stream, f"{own}/Notes.txt": hidden.raw, f"{own}/Slidedat.ini.bak": hidden.raw,
        f"{own}/Data0099.dat": hidden.raw, f"{own}/Slidedat_old.ini": b"[GENERAL]\r\nSLIDE_NAME = " + hidden.raw,
        f"{stem}.xml": b"<a>" + hidden.raw + b"</a>", f"{stem}_label.jpg": stream, f"{own}/Annotations.dat": hidden.raw,
    }  # fmt: skip
    name = rng.choice(sorted(names))
    members.files[name] = names[name]
    pictured = names[name] is stream
    needles = needles if pictured else hidden.needles
    return Found(
        "file beside: " + name.removeprefix(own),
        kind if pictured else hidden.encoding,
        False,
        needles,
        name.rpartition("/")[2],
    )


@sets("mirax")
def plant_mirax_main(members: Members, rng: Random) -> Found | None:
    """The small picture that is the main file: a comment in it, a text behind it, or another picture."""
    hidden = secret(rng)
    old = members.files[members.main]
    how = rng.choice(("comment", "behind", "another picture"))
    if how == "another picture":
        stream, kind, needles = blob(rng)
        members.files[members.main] = stream
        return Found("main file: another picture", kind, False, needles)
    segment = b"\xff\xfe" + (len(hidden.raw) + 2).to_bytes(2, "big") + hidden.raw
    members.files[members.main] = old[:2] + segment + old[2:] if how == "comment" else old + hidden.raw
    return Found(f"main file: {how}", hidden.encoding, False, hidden.needles)
