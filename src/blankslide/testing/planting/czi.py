"""Plants in CZI slides: XML, attachments, segments that nobody needs, gaps, documents of tiles, tables.

Segments are walked as heads of 32 bytes; a segment that grows is appended anew, and its pointer follows it. What
stood there before becomes zeros behind the head of a deleted segment, as the vendor's library leaves it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.planting.sets import Found, Members, Secret, blob, secret, sets

if TYPE_CHECKING:
    from random import Random

_HEAD = 32
_ORDINARY = ("Comment", "Description", "Title", "UserName", "DisplayName", "Keywords", "Author", "Subject", "Content")
_KINDS = ("JPG", "TXT", "CZTIMS", "CZEVL", "CZI", "XML", "CZLUT", "ZIP", "CZPML", "CZHWS", "CZMVM", "Zip-Comp")
_NAMES = ("Label", "SlidePreview", "Thumbnail", "Prescan", "TimeStamps", "EventList", "Profile", "Image", "Report")


class Segment(NamedTuple):
    """A segment: its name, where it begins, its content."""

    name: str
    at: int
    room: int
    used: int


class File:
    """A CZI under alteration."""

    def __init__(self, members: Members) -> None:
        self.members, self.data = members, bytearray(members.files[members.main])

    def segments(self) -> Iterator[Segment]:
        """Yield all segments in their order."""
        at = 0
        while at + _HEAD <= len(self.data):
            name, room, used = struct.unpack_from("<16sqq", self.data, at)
            yield Segment(name.rstrip(b"\0").decode("latin-1"), at, room, used)
            at += _HEAD + room

    def first(self, name: str) -> Segment:
        """Return the first segment of a name."""
        return next(s for s in self.segments() if s.name == name)

    def content(self, segment: Segment) -> bytearray:
        """Return what a segment holds."""
        return self.data[segment.at + _HEAD : segment.at + _HEAD + segment.room]

    def append(self, name: str, body: bytes) -> int:
        """Put a segment behind all others; return where it begins."""
        room, at = -(-len(body) // 32) * 32, len(self.data)
        self.data += struct.pack("<16sqq", name.encode(), room, len(body)) + body.ljust(room, b"\0")
        return at

    def delete(self, segment: Segment, leave: bytes = b"") -> None:
        """Leave a deleted segment of zeros, but for some bytes."""
        head = struct.pack("<16sqq", b"DELETED", segment.room, len(leave))
        self.data[segment.at : segment.at + _HEAD + segment.room] = head + leave.ljust(segment.room, b"\0")

    def point(self, offset: int, target: int) -> None:
        """Let the head of the file point somewhere else; the offset counts in the content of the first segment."""
        struct.pack_into("<q", self.data, _HEAD + offset, target)

    def xml(self) -> bytes:
        """Return the main document."""
        body = self.content(self.first("ZISRAWMETADATA"))
        return bytes(body[256 : 256 + struct.unpack_from("<i", body)[0]])

    def set_xml(self, text: bytes, attached: bytes = b"") -> None:
        """Write the main document anew."""
        self.delete(self.first("ZISRAWMETADATA"))
        body = struct.pack("<ii248x", len(text), len(attached)) + text + attached
        self.point(60, self.append("ZISRAWMETADATA", body))

    def attach(self, name: str, kind: str, data: bytes) -> None:
        """Give the file one more attachment."""
        old = self.first("ZISRAWATTDIR")
        body = self.content(old)
        count = struct.unpack_from("<i", body)[0]
        entry = struct.pack(
            "<2s10xqi16s8s80s", b"A1", len(self.data), 0, bytes(range(16)), kind.encode()[:8], name.encode()
        )
        self.append("ZISRAWATTACH", struct.pack("<q8x", len(data)) + entry + bytes(112) + data)
        table = struct.pack("<i252x", count + 1) + bytes(body[256 : 256 + 128 * count]) + entry
        self.delete(old)
        self.point(72, self.append("ZISRAWATTDIR", table))

    def done(self) -> None:
        """Keep the changed file."""
        self.members.files[self.members.main] = bytes(self.data)


def _escaped(raw: bytes) -> bytes:
    return raw.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b'"', b"&quot;") if b"&#" not in raw else raw


def _name(raw: bytes) -> bytes:
    return b"N" + re.sub(rb"[^A-Za-z0-9_.\x80-\xff-]", b"_", raw)


@sets("czi", "zeiss", times=4)
def plant_czi_xml(members: Members, rng: Random) -> Found | None:
    """Anywhere in the main document: elements, attributes, comments, instructions, CDATA, names, behind its end."""
    file, hidden = File(members), secret(rng, line=True)
    text, raw = file.xml(), _escaped(hidden.raw)
    opens = list(re.finditer(rb"<([A-Za-z]+)([^<>]*[^/<>]|)>", text))
    leaves = list(re.finditer(rb">([^<>]+)</([A-Za-z]+)>", text))
    where, leaf = rng.choice(opens), rng.choice(leaves)
    word = rng.choice((*_ORDINARY, "Ward", "PatientName", "CustomAttributes", "Name", "Institution")).encode()
    named = _name(hidden.raw)
    forms = {
        "element": (where.end(), b"<" + word + b">" + raw + b"</" + word + b">"),
        "attribute": (where.end() - 1, b" " + word + b'="' + raw + b'"'),
        "comment": (where.end(), b"<!-- " + hidden.raw.replace(b"--", b"__") + b" -->"),
        "instruction": (where.end(), b"<?note " + hidden.raw.replace(b"?>", b"") + b"?>"),
        "CDATA": (where.end(), b"<" + word + b"><![CDATA[" + hidden.raw.replace(b"]]>", b"") + b"]]></" + word + b">"),
        "loose text": (where.end(), raw),
        "name of an element": (where.end(), b"<" + named + b">1</" + named + b">"),
        "name of an attribute": (where.end() - 1, b" " + named + b'="1"'),
        "namespace": (where.end() - 1, b' xmlns:q="' + raw + b'"'),
        "behind the end": (len(text), hidden.raw),
    }
    how = rng.choice((*forms, "value that is there", "value that is there", "as an attachment of the document"))
    if how == "value that is there":
        new = text[: leaf.start(1)] + raw + text[leaf.end(1) :]
        word = leaf[2]
    else:
        at, more = forms.get(how, (0, b""))
        new = text[:at] + more + text[at:]
    file.set_xml(new, hidden.raw if how.startswith("as an") else b"")
    file.done()
    needles = (named, *hidden.needles) if how.startswith("name of") else (raw, *hidden.needles)
    usual = how in ("element", "value that is there") and word.decode() in _ORDINARY
    return Found(f"xml: {how}", f"{hidden.encoding} {word.decode()} in {where[1].decode()}", usual, needles)


@sets("czi", "zeiss", times=2)
def plant_czi_attachment(members: Members, rng: Random) -> Found | None:
    """One more attachment of any kind and name, holding text or a picture; or its name or kind is the text."""
    file = File(members)
    stream, form, needles = blob(rng)
    hidden = secret(rng)
    how = rng.choice(("text", "picture", "text", "picture", "name", "kind"))
    name, kind = rng.choice(_NAMES), rng.choice(_KINDS)
    if how == "picture":
        hidden = Secret(stream, form, needles)
    if how == "name":
        file.attach("x", kind, b"")
        at = file.data.rindex(b"x" + bytes(79))
        file.data[at : at + 80] = hidden.raw[:80].ljust(80, b"\0")
    elif how == "kind":
        file.attach(name, "QQQQQQQQ", b"")
        at = file.data.rindex(b"QQQQQQQQ")
        file.data[at : at + 8] = hidden.raw[:8].ljust(8, b"\0")
        hidden = hidden._replace(needles=(hidden.raw[:8],) if len(hidden.raw) >= 8 else ())
    else:
        file.attach(name, kind, hidden.raw)
    file.done()
    shown = tuple(n for n in hidden.needles if n in file.data) if how == "name" else hidden.needles
    return Found(f"attachment: {how}", f"{hidden.encoding}, {name} {kind}", how == "picture" and name == "Label", shown)


@sets("czi", "zeiss", times=2)
def plant_czi_segment(members: Members, rng: Random) -> Found | None:
    """Segments that nobody needs: deleted, unknown; behind the content of one; behind the end of the file."""
    file, hidden = File(members), secret(rng)
    how = rng.choice(
        (
            "deleted",
            "deleted, not used",
            "unknown",
            "room behind the content",
            "behind the end",
            "rest of a head",
            "gap",
        )
    )
    if how == "deleted":
        file.append("DELETED", hidden.raw)
    elif how == "deleted, not used":
        at = file.append("DELETED", hidden.raw)
        struct.pack_into("<q", file.data, at + 24, 0)
    elif how == "unknown":
        file.append("ZISRAWNOTES", hidden.raw)
    elif how == "behind the end":
        file.data += hidden.raw
    elif how == "gap":
        file.data += bytes(64) + hidden.raw.ljust(96, b"\0")
    elif how == "rest of a head":
        body = file.first("ZISRAWFILE")
        file.data[body.at + _HEAD + 120 : body.at + _HEAD + 120 + len(hidden.raw)] = hidden.raw
    else:
        last = file.append("DELETED", bytes(32) + hidden.raw + bytes(40))
        file.data[last : last + 16] = b"DELETED".ljust(16, b"\0")
        struct.pack_into("<q", file.data, last + 24, 8)
    file.done()
    return Found(f"segment: {how}", hidden.encoding, how.startswith("deleted"), hidden.needles)


@sets("czi", "zeiss", times=2)
def plant_czi_tile(members: Members, rng: Random) -> Found | None:
    """In a tile's segment: its document, its attachment, the rest of its head, behind its pixels."""
    file, hidden = File(members), secret(rng, line=True)
    old = rng.choice([s for s in file.segments() if s.name == "ZISRAWSUBBLOCK"])
    body = bytes(file.content(old))
    text_size, mask_size, size = struct.unpack_from("<iiq", body)
    count = struct.unpack_from("<i", body, 16 + 28)[0]
    head = max(256, 16 + 32 + 20 * count)
    text, data = body[head : head + text_size], body[head + text_size : head + text_size + size]
    mask, spare = body[head + text_size + size :][:mask_size], b""
    used = 16 + 32 + 20 * count
    how = rng.choice(
        ("document", "comment in the document", "attachment", "rest of the head", "behind the pixels", "element")
    )
    if how == "document":
        text = b"<METADATA><Tags><Note>" + _escaped(hidden.raw) + b"</Note></Tags></METADATA>"
    elif how == "element":
        text = text.replace(b"</METADATA>", b"<Note>" + _escaped(hidden.raw) + b"</Note></METADATA>")
    elif how == "comment in the document":
        text += b"<!-- " + hidden.raw.replace(b"--", b"__") + b" -->"
    elif how == "attachment":
        mask = hidden.raw
    elif how == "behind the pixels":
        spare = hidden.raw
    front = bytearray(body[:head])
    if how == "rest of the head":
        front[used : used + len(hidden.raw)] = hidden.raw
        if len(front) != head:
            return None
    front[:16] = struct.pack("<iiq", len(text), len(mask), size)
    at = len(file.data)
    struct.pack_into("<q", front, 16 + 6, at)
    file.append("ZISRAWSUBBLOCK", bytes(front) + text + data + mask + spare)
    file.delete(old)
    directory = file.first("ZISRAWDIRECTORY")
    entries = bytes(file.content(directory))
    moved = entries.replace(struct.pack("<q", old.at), struct.pack("<q", at), 1)
    file.data[directory.at + _HEAD : directory.at + _HEAD + directory.room] = moved
    file.done()
    needles = (_escaped(hidden.raw), *hidden.needles)
    return Found(f"tile: {how}", hidden.encoding, how in ("document", "element"), needles)


@sets("czi", "zeiss")
def plant_czi_table(members: Members, rng: Random) -> Found | None:
    """In the rest of the tables of tiles and attachments, behind their last entries, and in the document's head."""
    file, hidden = File(members), secret(rng)
    which = rng.choice(("ZISRAWDIRECTORY", "ZISRAWATTDIR", "ZISRAWMETADATA", "ZISRAWATTACH"))
    segment = rng.choice([s for s in file.segments() if s.name == which])
    body = file.content(segment)
    how = "rest of the head"
    if which in ("ZISRAWDIRECTORY", "ZISRAWATTDIR") and rng.random() < 0.6:
        how = "behind the entries"
        file.delete(segment)
        point = 52 if which == "ZISRAWDIRECTORY" else 72
        file.point(_pointer(file, segment.at, point), file.append(which, bytes(body[: segment.used]) + hidden.raw))
    else:
        start = {"ZISRAWDIRECTORY": 8, "ZISRAWATTDIR": 8, "ZISRAWMETADATA": 12, "ZISRAWATTACH": 148}[which]
        raw = hidden.raw[: (110 if which != "ZISRAWMETADATA" else 240)]
        file.data[segment.at + _HEAD + start : segment.at + _HEAD + start + len(raw)] = raw
    file.done()
    needles = tuple(n for n in hidden.needles if n in file.data)
    return Found(f"{which}: {how}", hidden.encoding, False, needles)


def _pointer(file: File, target: int, fallback: int) -> int:
    """Where in the head of the file the place of a segment stands."""
    at = bytes(file.data[_HEAD : _HEAD + 128]).find(struct.pack("<q", target))
    return at if at >= 0 else fallback


@sets("czi", "zeiss")
def plant_czi_beside(members: Members, rng: Random) -> Found | None:
    """Files beside the slide: further parts, pictures, notes."""
    stream, kind, needles = blob(rng)
    hidden, own = secret(rng, plain=True), members.own
    names = {
        f"{own}_label.jpg": stream, f"{own}.txt": hidden.raw, f"{own}.czi.bak": hidden.raw,
        f"{own}.xml": b"<a>" + hidden.raw + b"</a>", f"{own}.czi.json": b'{"name": "' + hidden.raw + b'"}',
    }  # fmt: skip
    name = rng.choice(sorted(names))
    members.files[name] = names[name]
    pictured = names[name] is stream
    shown = name.replace(own, "SLIDE")
    return Found(
        f"beside: {shown}", kind if pictured else hidden.encoding, False, needles if pictured else hidden.needles, name
    )
