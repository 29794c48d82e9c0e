"""Plant in colour profiles: in the texts that profiles have, and wherever else one has room."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from blankslide.testing.planting.core import Plant, planter
from blankslide.testing.planting.invented import Value, anything
from blankslide.testing.planting.tiff_kit import done, levels
from blankslide.testing.planting.tiff_patch import UNDEFINED, Tiff, entry

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

USUAL = ("desc", "cprt", "dmnd", "dmdd")
OTHER = ("vued", "targ", "calt", "priv", "DevD", "zxml", "info")


def base() -> dict[str, bytes]:
    """Return the tags of a plain profile, by Pillow's own, without its texts."""
    from PIL.ImageCms import ImageCmsProfile, createProfile

    data = ImageCmsProfile(createProfile("sRGB")).tobytes()
    tags = {}
    for i in range(int.from_bytes(data[128:132], "big")):
        name, at, size = struct.unpack_from(">4sLL", data, 132 + 12 * i)
        tags[name.decode()] = data[at : at + size]
    return {"": data[:128], **{name: tag for name, tag in tags.items() if name not in ("desc", "cprt")}}


def assembled(tags: dict[str, bytes], gap: bytes = b"") -> bytes:
    """Put a profile together, with bytes behind its table that no tag points at."""
    names = [name for name in tags if name]
    at, table, body = 132 + 12 * len(names) + len(gap) + (-len(gap) % 4), b"", b""
    for name in names:
        table += struct.pack(">4sLL", name.encode(), at + len(body), len(tags[name]))
        body += tags[name] + bytes(-len(tags[name]) % 4)
    whole = tags[""] + struct.pack(">L", len(names)) + table + gap + bytes(-len(gap) % 4) + body
    return struct.pack(">L", len(whole)) + whole[4:]


def text_tag(kind: str, text: str) -> bytes:
    """Return a text as profiles of version 2 or 4 write it."""
    narrow = text.encode("latin-1", "replace") + b"\0"
    if kind == "mluc":
        wide = text.encode("utf-16-be")
        return b"mluc" + struct.pack(">LLL2s2sLL", 0, 1, 12, b"en", b"US", len(wide), 28) + wide
    if kind == "desc":
        return b"desc" + struct.pack(">LL", 0, len(narrow)) + narrow + bytes(8 + 3 + 67)
    return kind.encode() + bytes(4) + narrow


def _placed(tiff: Tiff, profile: bytes, random: Random) -> None:
    has = [page for page in range(len(tiff)) if tiff.find(page, 34675)]
    tiff.put(random.choice(has or levels(tiff)[:1] or [0]), entry(34675, UNDEFINED, profile))


@planter("tiff")
def plant_profile_text(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in one of the texts that every profile has."""
    tiff, value, name = Tiff.read(sample), anything(random), random.choice(USUAL)
    kind = random.choice(("mluc", "desc" if name != "cprt" else "text"))
    if kind != "mluc" and not all(ord(c) < 256 for c in value.text):
        kind = "mluc"
    texts = {n: text_tag("mluc", "sRGB built-in") for n in ("desc", "cprt")}
    _placed(tiff, assembled({**base(), **texts, name: text_tag(kind, value.text)}), random)
    return done(tiff, sample, target, "profile: usual text", f"{name} as {kind}", value.needles(), ordinary=True)


@planter("tiff")
def plant_profile_anywhere(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in another tag, in the gap, behind the profile, or in its header."""
    tiff, value, tags = Tiff.read(sample), anything(random), base()
    tags |= {n: text_tag("mluc", "sRGB built-in") for n in ("desc", "cprt")}
    place = random.choice((*OTHER, "gap", "behind", "header", "behind a text", "numbers"))
    data, needles = value.written(random.choice(("utf-8", "utf-16-be", "base64"))), value.needles()
    if place in OTHER:
        narrow = ("text", "data") if all(ord(letter) < 256 for letter in value.text) else ()
        profile = assembled({**tags, place: text_tag(random.choice((*narrow, "mluc")), value.text)})
        needles = value.needles() + Value("", value.text, (value.text,)).needles()
    elif place == "header":
        letters = bytes(random.randrange(97, 123) for _ in range(28))
        profile, needles = assembled({**tags, "": tags[""][:100] + letters}), (letters,)
    elif place == "numbers":
        name, kind = random.choice((("lumi", b"XYZ "), ("rTRC", b"curv"), ("A2B0", b"mft2"), ("chad", b"sf32")))
        profile = assembled({**tags, name: kind + bytes(4) + value.written("utf-8")})
    elif place == "behind a text":
        profile = assembled({**tags, "desc": text_tag("mluc", "sRGB") + data})
    else:
        profile = assembled(tags, data) if place == "gap" else assembled(tags) + data
    _placed(tiff, profile, random)
    return done(tiff, sample, target, "profile: anywhere else", place, needles, ordinary=False)
