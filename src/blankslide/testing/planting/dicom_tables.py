"""Plants in the tables and pictures that elements of DICOM hold: palettes, colour profiles, icons, documents."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from blankslide.testing.planting.dicom import Instance, levels, place, put
from blankslide.testing.planting.sets import Found, Members, blob, secret, sets

if TYPE_CHECKING:
    from random import Random


@sets("dicom")
def plant_palette(members: Members, rng: Random) -> Found | None:
    """A palette: its rest behind the last entry, its entries themselves, or segments of it; or the same in a path."""
    one, hidden = Instance(members, rng), secret(rng)
    paths = [level for path, level in levels(one.data) if path.endswith("OpticalPathSequence/")]
    level = rng.choice([one.data, *paths])
    from pydicom.dataset import Dataset

    if level is not one.data:
        item = Dataset()
        level.add_new(0x00480120, "SQ", [item])  # Palette Color Lookup Table Sequence
        level = item
    how = rng.choice(("rest", "entries", "segments"))
    table = b"".join(struct.pack("<H", i * 257) for i in range(256))
    for number, tag in enumerate((0x00281201, 0x00281202, 0x00281203)):
        put(level, tag - 0x100, "US", struct.pack("<3H", 256, 0, 16))
        own = table + hidden.raw if how == "rest" and number == 1 else table
        if how == "entries" and number == 1:
            own = (hidden.raw + b" " * (len(hidden.raw) % 2) + table)[: len(table)]
        put(level, tag, "OW", own)
    if how == "segments":
        put(level, 0x00281221, "OW", struct.pack("<2H", 0, 256) + hidden.raw * 3)
    one.done()
    return Found(f"palette: {how}", f"{hidden.encoding}, {one.part}", False, hidden.needles)


@sets("dicom")
def plant_profile(members: Members, rng: Random) -> Found | None:
    """A colour profile: behind its end, in the gap behind its table, in its texts, in a private tag."""
    one, hidden = Instance(members, rng), secret(rng)
    holders = [level for _, level in levels(one.data) if "ICCProfile" in level]
    if not holders:
        return None
    how = rng.choice(("behind", "text", "private tag", "behind, counted", "not a profile", "device"))
    level = rng.choice(holders)
    put(level, 0x00282000, "OB", _profile(bytes(level.ICCProfile), how, hidden.raw))
    one.done()
    return Found(f"profile: {how}", f"{hidden.encoding}, {one.part}", how == "text", hidden.needles)


def _profile(old: bytes, how: str, text: bytes) -> bytes:
    if how == "behind":
        return old + text
    if how == "not a profile":
        return text * 4
    if how == "device":
        return old[:48] + (text + b" " * 8)[:8] + old[56:]
    if how == "behind, counted":
        new = old + text
        return len(new).to_bytes(4, "big") + new[4:]
    count = int.from_bytes(old[128:132], "big")
    name = b"cprt" if how == "text" else b"xADA"
    rows = [old[132 + 12 * i : 144 + 12 * i] for i in range(count)]
    if how == "text":
        rows = [row for row in rows if row[:4] != name]
    body = b"text\0\0\0\0" + text + b"\0"
    body += bytes(-len(body) % 4)
    shift = 12 * (len(rows) + 1 - count)
    data = old[132 + 12 * count :] + bytes(-len(old) % 4)
    rows = [r[:4] + (int.from_bytes(r[4:8], "big") + shift).to_bytes(4, "big") + r[8:] for r in rows]
    start = 132 + 12 * (len(rows) + 1) + len(data)
    rows.append(name + start.to_bytes(4, "big") + len(body).to_bytes(4, "big"))
    new = old[:128] + len(rows).to_bytes(4, "big") + b"".join(rows) + data + body
    return len(new).to_bytes(4, "big") + new[4:]


@sets("dicom")
def plant_document(members: Members, rng: Random) -> Found | None:
    """Pictures in elements: an icon, a document, a waveform, a blob in a private element or as a text."""
    from pydicom.dataset import Dataset

    one = Instance(members, rng)
    stream, kind, needles = blob(rng)
    path, level = place(one.data, rng)
    how = rng.choice(("icon", "document", "private", "unknown", "waveform", "text"))
    if how == "icon":
        item = Dataset()
        for keyword, value in (
            ("Rows", 16),
            ("Columns", 16),
            ("SamplesPerPixel", 1),
            ("BitsAllocated", 8),
            ("BitsStored", 8),
        ):
            setattr(item, keyword, value)
        item.PhotometricInterpretation = "MONOCHROME2"
        put(item, 0x7FE00010, "OB", stream)
        level.add_new(0x00880200, "SQ", [item])
    elif how == "waveform":
        item = Dataset()
        put(item, 0x54001010, "OW", stream)
        level.add_new(0x54000100, "SQ", [item])
    else:
        tags = {
            "document": (0x00420011, "OB"),
            "private": (0x00091007, "OB"),
            "unknown": (0x00181234, "UN"),
            "text": (0x00104000, "UT"),
        }
        put(level, *tags[how], stream)
    one.done()
    return Found(f"blob: {how}", f"{kind}, {one.part} {path}", how == "icon", needles)
