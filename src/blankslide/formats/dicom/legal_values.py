"""Which values of a slide's science attributes are legal, so that they stay.

An attribute of a slide that Table E.1-1 does not list stays, so its value must be of the kind that
its representation says: code strings are terms of their attribute and texts consist of few words
(`terms`), numbers are numbers of few digits and not text in their place, tables are as long as they
say (`palettes`), UIDs have the form of those of the standard. Codes are judged by `codes`. Everything
else goes. The price is that an unknown word is lost; but no name is kept.

Source: DICOM PS3.3, PS3.5 6.2.
"""

from __future__ import annotations

import re
import struct

from blankslide.formats.dicom import palettes, terms
from blankslide.model.patterns import pattern

TEXT = frozenset("AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())
NUMBERS = frozenset("AT FD FL SL SS SV UL US UV".split())
CODES = frozenset((0x00080100, 0x00080102, 0x00080103, 0x00080104, 0x00080106, 0x0008010F, 0x00080119, 0x00080120))
TABLES = palettes.PLAIN | palettes.SEGMENTED
_META_VERSION = 0x00020001
#: Attributes that count frames.
_COUNTS = frozenset((0x00280008, 0x00081160))
_COUNT = pattern(r" *+[-+]?\d{0,7} *+")
_INTEGER = pattern(r" *+[-+]?\d{0,4} *+")
_DECIMAL = pattern(r"(?=.{0,17}\Z) *+[-+]?\d{0,6}(?:\.\d*+)?(?:[eE][-+]?\d{1,3})? *+")
MOST_VALUES = 32
"""The largest number of values in a text."""

#: Texts with few legal values.
_LEGAL = {
    0x00201040: pattern(r"SLIDE_CORNER|UNKNOWN|"),
    0x00209421: pattern(r"(?:(?:row|column|tile|index|position|frame|focal|plane|optical|path|z|number) ?){1,5}", re.I),
    0x00080112: pattern(r"HL7|"),
    0x00480106: pattern(r"\d{1,3}"),
}
_SCHEME_NAME, _DESCRIPTION, _PATH = 0x00080115, 0x00480107, 0x00480106
#: Texts that may name any dye or marker; identifiers of paths may not, since they are told apart anyhow.
DYES = frozenset((_DESCRIPTION,))
_STANDARD_CLASS = pattern(r"\d{1,7}(?:\.\d{1,7}){2,15}")
_LARGEST = 10_000_000
_LARGEST_WORD = 0x20000000  # four letters are more


def is_text(tag: int, vr: str, text: str) -> bool:
    """Whether a text that is not a code may stay; of several values, each must be legal."""
    if not text:
        return True
    if tag in _LEGAL and _LEGAL[tag].fullmatch(text):
        return True
    if tag in (_DESCRIPTION, _PATH):
        return terms.is_light(text)
    if tag in _LEGAL or tag == _SCHEME_NAME:
        return tag == _SCHEME_NAME and terms.is_scheme_name(text)
    values = text.split("\\")
    return len(values) <= MOST_VALUES and all(_is_value(tag, vr, value) for value in values)


def _is_value(tag: int, vr: str, value: str) -> bool:
    if vr == "CS":
        return terms.is_term(tag, value)
    kind = {"IS": _COUNT if tag in _COUNTS else _INTEGER, "DS": _DECIMAL}.get(vr)
    return kind is not None and kind.fullmatch(value) is not None


def is_number(vr: str, raw: bytes) -> bool:
    """Whether binary numbers are small ones: text in their place can be read, or gives absurd sizes, as dates do."""
    if vr in ("FD", "FL"):
        size, kind = (8, "d") if vr == "FD" else (4, "f")
        values = struct.unpack(f"<{len(raw) // size}{kind}", raw[: len(raw) // size * size])
        return len(raw) % size == 0 and all(v == 0 or 1e-15 < abs(v) < _LARGEST for v in values)
    if vr in ("UL", "SL"):
        words = struct.unpack(f"<{len(raw) // 4}{'I' if vr == 'UL' else 'i'}", raw[: len(raw) // 4 * 4])
        return len(raw) % 4 == 0 and all(abs(w) < _LARGEST_WORD for w in words)
    return len(raw) <= 4 or not all(32 <= b < 127 for b in raw.rstrip(b"\0 ")) or not any(raw)


def is_binary(tag: int, raw: bytes, descriptor: bytes) -> bool:
    """Whether a blob that the slide needs, a colour table with its descriptor, is not text."""
    return raw == b"\0\1" if tag == _META_VERSION else tag in TABLES and palettes.is_table(tag, raw, descriptor)


def is_class(uid: str) -> bool:
    """Whether a UID has the form of those of makers' software or of coding schemes."""
    return len(uid) <= 48 and _STANDARD_CLASS.fullmatch(uid) is not None


def reads(raw: bytes) -> bool:
    """Whether bytes can be read as text."""
    body = raw.rstrip(b"\0 ")
    return bool(body) and all(b >= 32 or b in b"\t\r\n" for b in body)
