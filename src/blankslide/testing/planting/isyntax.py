"""Plants in iSyntax slides: the header's XML, attributes unknown and known, pictures in base64, gaps, behind the end.

Places of blocks are counted from the beginning of the file, so the header must not grow: samples for these plants
have white space behind the data of the first picture, and what is planted takes its room from there.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from blankslide.testing.planting.sets import Found, Members, blob, secret, sets, telling

if TYPE_CHECKING:
    from random import Random

_ROOM = re.compile(rb" {400,}")
_END = b"</DataObject>"
_ORDINARY = (
    "PIM_DP_UFS_BARCODE",
    "PIIM_DP_SCANNER_OPERATOR_ID",
    "DICOM_DEVICE_SERIAL_NUMBER",
    "DICOM_ACQUISITION_DATETIME",
)
_NAMES = (
    "DP_HOSPITAL_CODE",
    "PIM_DP_NOTE",
    "DICOM_PATIENT_NAME",
    "UFS_IMAGE_COMMENT",
    "PIM_DP_WARD",
    "DICOM_STUDY_DATE",
)


class Header:
    """The XML of a slide under alteration, and what follows it."""

    def __init__(self, members: Members) -> None:
        data = members.files[members.main]
        self.members, end = members, data.rindex(_END, 0, data.index(b"\x04")) + len(_END)
        self.text, self.rest, self.size = data[:end], data[end:], end

    def insert(self, at: int, more: bytes, stop: int = 0) -> None:
        """Put bytes in place of others."""
        self.text = self.text[:at] + more + self.text[stop or at :]

    def done(self) -> bool:
        """Take the room back, and keep the changed file; False if there is too little."""
        over = len(self.text) - self.size
        room = max(_ROOM.finditer(self.text), key=lambda m: m.end() - m.start(), default=None)
        if room is None or over > room.end() - room.start() - 8:
            return False
        stop = room.end() - over if over > 0 else room.end()
        self.text = self.text[: room.start()] + b" " * (stop - room.start() - min(over, 0)) + self.text[room.end() :]
        self.members.files[self.members.main] = self.text + self.rest
        return True


def _escaped(raw: bytes) -> bytes:
    return raw.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b'"', b"&quot;") if b"&#" not in raw else raw


def _attribute(name: str, element: int, kind: str, value: bytes) -> bytes:
    return (
        f'<Attribute Name="{name}" Group="0x301D" Element="0x{element:04X}" PMSVR="{kind}">'.encode()
        + value
        + b"</Attribute>\n"
    )


@sets("isyntax", "philips-isyntax", times=3)
def plant_isyntax_xml(members: Members, rng: Random) -> Found | None:
    """Attributes known and unknown, anywhere; comments, instructions, CDATA; names, attributes of elements."""
    header, hidden = Header(members), secret(rng, line=True)
    raw = _escaped(hidden.raw)
    starts = [m.start() for m in re.finditer(rb"<Attribute ", header.text)]
    opens = [m.end() - 1 for m in re.finditer(rb"<(Attribute|DataObject) [^<>]*>", header.text)]
    leaves = list(re.finditer(rb'Name="(\w+)"[^<>]*>([^<>]{1,200})</Attribute>', header.text))
    at, leaf = rng.choice(starts), rng.choice(leaves)
    name = rng.choice(_NAMES)
    named = b"N" + re.sub(rb"[^A-Za-z0-9_.\x80-\xff-]", b"_", hidden.raw)
    forms = {
        "unknown attribute": (at, _attribute(name, rng.randrange(0x1F00, 0x1FFF), "IString", raw)),
        "unknown array": (at, _attribute(name, 0x1F01, "IStringArray", b"&quot;" + raw + b"&quot; &quot;&quot;")),
        "comment": (at, b"<!-- " + hidden.raw.replace(b"--", b"__") + b" -->"),
        "instruction": (at, b"<?note " + hidden.raw.replace(b"?>", b"") + b"?>"),
        "CDATA": (at, _attribute(name, 0x1F02, "IString", b"<![CDATA[" + hidden.raw.replace(b"]]>", b"") + b"]]>")),
        "loose text": (at, raw),
        "element": (at, b"<Note>" + raw + b"</Note>"),
        "attribute of an element": (rng.choice(opens), b' Remark="' + raw + b'"'),
        "name of an attribute": (
            at,
            b'<Attribute Name="' + raw + b'" Group="0x301D" Element="0x1F03" PMSVR="IString">1</Attribute>',
        ),
        "name of an element": (at, b"<" + named + b"/>"),
        "base64": (at, _attribute(name, 0x1F04, "IString", base64.b64encode(hidden.raw * 3))),
    }
    how = rng.choice((*forms, "value that is there", "value that is there"))
    if how == "value that is there":
        header.insert(leaf.start(2), raw, leaf.end(2))
        name = leaf[1].decode()
    else:
        header.insert(*forms[how])
    if not header.done():
        return None
    needles = (raw, named, base64.b64encode(hidden.raw * 3), *hidden.needles)
    usual = how == "value that is there" and name in _ORDINARY
    return Found(f"header: {how}", f"{hidden.encoding} {name}", usual, needles)


@sets("isyntax", "philips-isyntax")
def plant_isyntax_picture(members: Members, rng: Random) -> Found | None:
    """A picture in base64 in an attribute of its own, or in place of one; text behind a picture's data."""
    header, hidden = Header(members), secret(rng)
    stream, kind, needles = blob(rng)
    how = rng.choice(("unknown attribute", "behind a picture", "behind a picture's end"))
    starts = [m.start() for m in re.finditer(rb"<Attribute ", header.text)]
    coded = base64.b64encode(stream)
    needles = (coded[len(coded) // 2 :][:60], coded[-120:-60], *needles)
    if how == "unknown attribute":
        header.insert(rng.choice(starts), _attribute("PIM_DP_EXTRA", 0x1F05, "IString", coded))
    else:
        one = re.search(rb"PIM_DP_IMAGE_DATA[^<>]*>([A-Za-z0-9+/=]+)", header.text)
        if one is None:
            return None
        picture = base64.b64decode(one[1])
        new = picture + hidden.raw if how == "behind a picture" else picture[:-2] + hidden.raw + picture[-2:]
        header.insert(one.start(1), base64.b64encode(new), one.end(1))
        kind, needles = hidden.encoding, (base64.b64encode(new)[-40:], *hidden.needles)
    if not header.done():
        return None
    return Found(f"picture: {how}", kind, how == "behind a picture", needles)


@sets("isyntax", "philips-isyntax")
def plant_isyntax_label(members: Members, rng: Random) -> Found | None:
    """Another label or macro, of another size or codec."""
    from blankslide.testing.planting.pictures import drawn

    header = Header(members)
    shown = drawn(rng, rng.choice(("jpeg", "jpeg", "png", "jpeg 2000")))
    places = list(re.finditer(rb"PIM_DP_IMAGE_DATA[^<>]*>([A-Za-z0-9+/=\s]+?)( *)</Attribute>", header.text))
    one = rng.choice(places)
    coded = base64.b64encode(shown.stream)
    header.insert(one.start(1), coded + one[2], one.end(2))
    if not header.done():
        return None
    needles = (coded[len(coded) // 2 :][:60], coded[-120:-60], *telling(shown))
    return Found("another picture", shown.codec, shown.codec == "jpeg", needles)


@sets("isyntax", "philips-isyntax")
def plant_isyntax_gap(members: Members, rng: Random) -> Found | None:
    """Behind the header, between it and the blocks, behind the last block, behind the end."""
    hidden = secret(rng)
    header = Header(members)
    how = rng.choice(("behind the end", "behind the end, behind zeros", "in the white space", "behind the header"))
    if how == "in the white space":
        room = max(_ROOM.finditer(header.text), key=lambda m: m.end() - m.start())
        at = room.start() + 20
        header.text = header.text[:at] + hidden.raw + header.text[at + len(hidden.raw) :]
    elif how == "behind the header":
        room = max(_ROOM.finditer(header.text), key=lambda m: m.end() - m.start())
        more = b"\n" + hidden.raw
        header.text = header.text[: room.start()] + header.text[room.start() + len(more) :]
        header.rest = more + header.rest
    else:
        header.rest += (bytes(64) if "zeros" in how else b"") + hidden.raw
    members.files[members.main] = header.text + header.rest
    return Found(f"gap: {how}", hidden.encoding, False, hidden.needles)


@sets("isyntax", "philips-isyntax")
def plant_isyntax_beside(members: Members, rng: Random) -> Found | None:
    """Files beside the slide."""
    stream, kind, needles = blob(rng)
    hidden, own = secret(rng, plain=True), members.own
    names = {
        f"{own}_label.jpg": stream,
        f"{own}.xml": b"<a>" + hidden.raw + b"</a>",
        f"{own}.i2syntax": hidden.raw,
        f"{own}.txt": hidden.raw,
    }
    name = rng.choice(sorted(names))
    members.files[name] = names[name]
    pictured = names[name] is stream
    shown = name.replace(own, "SLIDE")
    return Found(
        f"beside: {shown}", kind if pictured else hidden.encoding, False, needles if pictured else hidden.needles, name
    )
