"""Which values of a slide's science attributes are legal, so that they stay.

An attribute of a slide that Table E.1-1 does not list stays, so its value must be of the kind that
its representation says: code strings and meanings of codes consist of known words (from the list
``code_words.txt``, made by ``scripts/dicom-words``), numbers are numbers and not text in their
place, UIDs have the form of those of the standard. Everything else goes. The price is that an
unknown word is lost; but no name is kept.

Source: DICOM PS3.3, PS3.5 6.2 and PS3.16; shapes of codes as their makers publish them.
"""

from __future__ import annotations

import os
import re
import struct
from functools import lru_cache

from blankslide.model.patterns import pattern

TEXT = frozenset("AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())
NUMBERS = frozenset("AT FD FL SL SS SV UL US UV".split())
CODES = frozenset((0x00080100, 0x00080102, 0x00080103, 0x00080104, 0x00080106, 0x0008010F, 0x00080119, 0x00080120))
_MEANING, _SCHEME, _META_VERSION = 0x00080104, 0x00080102, 0x00020001
#: Texts that may consist of known words: name of a coding scheme, description of an optical path.
_PROSE = frozenset((0x00080115, 0x00480107))
#: Attributes that count frames.
_COUNTS = frozenset((0x00280008, 0x00081160))
_WORDS_FILE = os.path.join(os.path.dirname(__file__), "code_words.txt")
_SPLIT = pattern(r"[A-Za-z]+|\d+")
#: Numbers of standards that stand in code strings such as ISO_10918_1.
_STANDARDS = frozenset("2022 10918 14495 15444 13818 14496 18181 22028 23008 18030".split())
_CODE_STRING = pattern(r"[A-Z0-9_. -]{0,16}")
_MEANING_TEXT = pattern(r"[\w ,.;:/()+%&'\[\]<>=*-]{0,64}")
_COUNT = pattern(r" *+[-+]?\d{0,10} *+")
_INTEGER = pattern(r" *+[-+]?\d{0,4} *+")
_DECIMAL = pattern(r" *+[-+]?\d{0,6}(?:\.\d*+)?(?:[eE][-+]?\d{1,3})? *+")
_SHORT_WORD = pattern(r"(?:[A-Za-z]{0,4}[ _-]?\d{0,3}|[a-z]+[ _-]?\d{0,3})", re.I)
MOST_VALUES = 32
"""The largest number of values in a text."""

#: Texts with few legal values.
_LEGAL = {
    0x00201040: pattern(r"SLIDE_CORNER|UNKNOWN|"),
    0x00209421: pattern(r"(?:(?:row|column|tile|index|position|frame|focal|plane|optical|path|z|number) ?){1,5}", re.I),
    0x00080112: pattern(r"HL7|"),
}
#: Names of optical paths, lenses and channels: known words, or words of few letters.
_NAMES = frozenset((0x00480106, 0x00220019, 0x00480113))
#: Public coding scheme -> form of its codes.
_SHAPES = {
    "DCM": pattern(r"\d{6}|[A-Z0-9]{1,8}"), "SCT": pattern(r"\d{6,18}"), "LN": pattern(r"\d{1,6}-\d"),
    "SRT": pattern(r"[A-Z]-[0-9A-FX]{4,6}"), "SNM3": pattern(r"[A-Z]-[0-9A-FX]{4,6}"), "RADLEX": pattern(r"RID\d{1,6}"),
    "NCIt": pattern(r"C\d{2,7}"), "UMLS": pattern(r"C\d{7}"), "FMA": pattern(r"\d{1,6}"),
    "UCUM": pattern(r"[A-Za-z0-9.:/{}\[\]*_%'-]{0,12}"), "I10": pattern(r"[A-Z]\d\d(?:\.\d{1,3})?"),
    "ISO3166_1": pattern(r"[A-Z]{2,3}"),
}  # fmt: skip
_STANDARD_CLASS = pattern(r"\d{1,7}(?:\.\d{1,7}){2,15}")


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    with open(_WORDS_FILE, encoding="ascii") as file:
        return frozenset(file.read().split())


def is_known(text: str, short: int) -> bool:
    """Whether each word is known or has at most ``short`` letters, and each number at most three digits."""
    known = _words()
    for part in _SPLIT.findall(text):
        if part.isdigit():
            if len(part) > 3 and part not in _STANDARDS:
                return False
        elif len(part) > short and part.lower() not in known:
            return False
    return True


def is_code_string(text: str) -> bool:
    """Whether one value of CS is a term, not a name."""
    return _CODE_STRING.fullmatch(text) is not None and is_known(text, 3)


def is_text(tag: int, vr: str, text: str) -> bool:
    """Whether a text that is not a code may stay; of several values, each must be legal."""
    if not text:
        return True
    legal = _LEGAL.get(tag)
    if legal is not None:
        return legal.fullmatch(text) is not None
    if tag in _PROSE:
        return _MEANING_TEXT.fullmatch(text) is not None and is_known(text, 3)
    if tag in _NAMES:
        return _SHORT_WORD.fullmatch(text) is not None and is_known(text, 4)
    values = text.split("\\")
    return len(values) <= MOST_VALUES and all(_is_value(tag, vr, value) for value in values)


def _is_value(tag: int, vr: str, value: str) -> bool:
    if vr == "CS":
        return is_code_string(value)
    kind = {"IS": _COUNT if tag in _COUNTS else _INTEGER, "DS": _DECIMAL}.get(vr)
    return kind is not None and kind.fullmatch(value) is not None


def is_code(tag: int, text: str, scheme: str) -> bool:
    """Whether a part of a code may stay, which it can only if its scheme is public."""
    shape = _SHAPES.get(scheme)
    if shape is None:
        return False
    if tag == _SCHEME:
        return True
    if tag == _MEANING:
        return _MEANING_TEXT.fullmatch(text) is not None and is_known(text, 3)
    if tag in (0x00080100, 0x00080119, 0x00080120):
        return shape.fullmatch(text) is not None and (scheme != "SCT" or _has_check_digit(text))
    return is_known(text, 3)


def is_number(vr: str, raw: bytes) -> bool:
    """Whether binary numbers are real ones: text in their place can be read, or gives absurd sizes."""
    if vr in ("FD", "FL"):
        size, kind = (8, "d") if vr == "FD" else (4, "f")
        values = struct.unpack(f"<{len(raw) // size}{kind}", raw[: len(raw) // size * size])
        return len(raw) % size == 0 and all(v == 0 or 1e-15 < abs(v) < 1e15 for v in values)
    return len(raw) <= 4 or not all(32 <= b < 127 for b in raw.rstrip(b"\0 ")) or not any(raw)


def is_binary(tag: int, raw: bytes) -> bool:
    """Whether a blob that the slide needs, such as a colour table, is not text."""
    return raw == b"\0\1" if tag == _META_VERSION else not reads(raw)


def is_class(uid: str) -> bool:
    """Whether a UID has the form of those of makers' software or of coding schemes."""
    return len(uid) <= 48 and _STANDARD_CLASS.fullmatch(uid) is not None


def reads(raw: bytes) -> bool:
    """Whether bytes can be read as text."""
    body = raw.rstrip(b"\0 ")
    return bool(body) and all(b >= 32 or b in b"\t\r\n" for b in body)


# Every SNOMED CT identifier ends with Verhoeff's check digit; record numbers have none.
_TIMES = tuple(
    tuple((b + a) % 5 + 5 * (b >= 5) if a < 5 else (a - b) % 5 + 5 * (b < 5) for b in range(10)) for a in range(10)
)
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _has_check_digit(digits: str) -> bool:
    check = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char)
        for _ in range(place % 8):
            value = _TURN[value]
        check = _TIMES[check][value]
    return check == 0
