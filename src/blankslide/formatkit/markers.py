"""Names of stains, dyes, markers and channels, as laboratories write them.

Such a name is science: without it nobody knows what a channel shows. There are too many to list whole names,
and each is written in many ways: ``PD-L1``, ``PDL1``, ``CD8 (Opal 520)``, ``Cy5.5``. So a name is taken
apart at blanks and punctuation, and each part must be known (`marker_words`): a word, a letter code with a short
number, a clone. Parts belong together over a hyphen, or over a blank if they are a phrase or a code.
At least one part must name something by itself; a number or a colour beside it may stand.

A person's name has no such part, and where it looks like one it is written otherwise: KIT is a receptor, Kit a person.
Where one has (a user called Green), it stands elsewhere as a person's too, and there it is known for what it is:
`findings.FindingCollector.name` compares the two at the end.

`MARKER` can stand in place of a compiled pattern; ``MARKER.fullmatch(text)`` is all that it knows.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from unicodedata import normalize

from blankslide.formatkit.marker_genes import GENE, ISOTOPE, PROTEINS, SYMBOLS
from blankslide.formatkit.marker_words import (
    ACRONYMS,
    BESIDE,
    CLONE,
    CODED,
    EPONYMS,
    FILTER,
    GIVEN,
    LONELY,
    PHRASES,
    STAINS,
    WORDS,
)
from blankslide.model.patterns import pattern

__all__ = ["MARKER", "Names", "is_marker"]

_LONGEST, _MOST_PARTS, _MOST_NUMBERS = 96, 16, 2
_PART = pattern(r"([\s()\[\]/,+;:_&#*|=\u2013\u2014-]*+)([^\s()\[\]/,+;:_&#*|=\u2013\u2014-]++)")
_ALLOWED = pattern(r"[\w\s()\[\]/,+;:.&#*|=\u2013\u2014'\u2019\xae-]+")
_GREEK = str.maketrans(
    {"α": "a", "β": "b", "γ": "g", "δ": "d", "ε": "e", "κ": "k", "λ": "l", "μ": "u", "ζ": "z", "σ": "s", "ω": "o"}
)
_NUMBER = pattern(r"\d{1,3}")
_FRACTION = pattern(r"\d\.\d")
_WAVELENGTH = pattern(r"[3-8]\d\d")
_PARTNO = pattern(r"\d{4}[a-c]")
#: What dyes and lasers are called by: multiples of five, and a few more.
_DYE = pattern(
    r"[4-8]\d[05]|421|461|488|509|514|518|519|532|546|552|561|568|59[24]|612|61[78]|633|647|66[18]|69[24]|703|711|786"
)
_YEAR = pattern(r"(?:[a-z]{1,3})?(?:(?:19|20)\d\d|\d\d)")
_LATIN = pattern(r"i{1,3}|iv|vi{0,3}|ix")
#: A mutation, a variety of a dye, a site that is phosphorylated: ``R132H``, ``800CW``; it says nothing by itself.
_CODE = pattern(r"[a-z]?\d{1,3}[a-z]{1,2}\d?|[a-z]{1,2}-?\d{1,2}[a-z]?|[sty]\d{3}")
_JOINED_GREEK = pattern(r"(?<=[^\W_])(?=[α-ωΑ-Ω])|(?<=[α-ωΑ-Ω])(?=[^\W_])")
_HE = pattern(r"(?i)\bh\s?(?:[&+]|and|und)\s?e\b")
_INITIAL = pattern(r"(?<![^\W_])[^\W\d_]\.(?=[\s-]*[^\W\d_]{2})")
_GERM = pattern(r"[HT]\. ?(?:pylori|pallidum)\b")
_PRIMARY = frozenset(("r", "g", "b"))
_MOST_JOINED = 5


class _Part(NamedTuple):
    """A piece of a name: what stands before it, itself in small letters, and how many capitals it has."""

    before: str
    text: str
    capitals: int


@lru_cache(maxsize=4096)
def is_marker(text: str) -> bool:
    """Whether a text is the name of a stain, dye, marker or channel, or of several."""
    plain = normalize("NFKC", text).strip()
    if not plain or len(plain) > _LONGEST or not _ALLOWED.fullmatch(plain):
        return False
    if FILTER.fullmatch(plain.lower()) or plain.lower() in _PRIMARY:
        return True
    if _INITIAL.search(plain) and not _GERM.match(plain):
        return False
    parts = _parts(_HE.sub("haematoxylineosin", _JOINED_GREEK.sub("-", plain.replace("\xae", ""))))
    return 0 < len(parts) <= _MOST_PARTS and not any(map(_is_case, parts, parts[1:])) and _is_name(parts)


def _parts(plain: str) -> list[_Part]:
    out = []
    for before, piece in _PART.findall(plain):
        word = piece.strip(".'\u2019\xae")
        for end in ("'s", "\u2019s"):
            word = word.removesuffix(end)
        if word:
            out.append(_Part(before, word.lower().translate(_GREEK), sum(c.isupper() for c in word)))
    return out


def _is_case(one: _Part, part: _Part) -> bool:
    """Whether two parts are how a case is numbered: letters and a year, and a number that is no dye's."""
    if not (part.text.isdecimal() and len(part.text) == 3 and _YEAR.fullmatch(one.text)):
        return False
    if CLONE.fullmatch(f"{one.text}-{part.text}"):
        return False
    return not _DYE.fullmatch(part.text) or (one.text.isdecimal() and part.before in ("-", "/"))


def _is_name(parts: list[_Part]) -> bool:
    """Whether all parts are known, one of them names something, and the numbers beside are too few for a date."""
    stained = any(part.text in STAINS for part in parts)
    names, lonely, codes = 0, 0, 0
    numbers = list[str]()
    while parts:
        first = parts[0]
        taken, word = _longest(parts)
        if taken:
            names += 1
            lonely += LONELY.fullmatch(word) is not None or (word not in WORDS and _is_symbol(word))
        elif _NUMBER.fullmatch(first.text) or _FRACTION.fullmatch(first.text):
            numbers.append(first.text)
        elif not _is_beside(first, stained):
            if not (_CODE.fullmatch(first.text) or (names and _PARTNO.fullmatch(first.text))):
                return False
            codes += 1
        del parts[: taken or 1]
    return names > 0 and codes < 2 and _few(numbers) and (names > lonely or not numbers)


def _is_beside(part: _Part, stained: bool) -> bool:
    if _LATIN.fullmatch(part.text):  # in capitals: Vi is a name
        return part.capitals == len(part.text)
    return part.text in BESIDE or (stained and part.text in EPONYMS)


def _longest(parts: list[_Part]) -> tuple[int, str]:
    """Return how many of the first parts are a name together, and that name; 0 if none are."""
    for n in range(min(_MOST_JOINED, len(parts)), 0, -1):
        own = parts[:n]
        word = "".join(part.text for part in own)
        whole = all(part.before == "-" for part in own[1:])
        if word in PHRASES or (whole and (word in WORDS or word in PROTEINS or _is_symbol(word))):
            return n, word
        if n == 1 and own[0].capitals > 1 and (word in ACRONYMS or word in SYMBOLS):
            return n, word
        if _hang_together(own) and (CODED.fullmatch(word) or CLONE.fullmatch(word) or CLONE.fullmatch(_hyphened(own))):
            return n, word
    return 0, ""


def _is_symbol(word: str) -> bool:
    return word in ISOTOPE or GENE.fullmatch(word) is not None


def _hyphened(own: list[_Part]) -> str:
    return "-".join(part.text for part in own)


def _hang_together(own: list[_Part]) -> bool:
    """Whether parts can be one code: else letters behind its number swallow a name, as in "p53 Jo"."""
    if len(own) == 1:
        return True
    first, last = own[0], own[-1].text
    if first.text in GIVEN and first.capitals < 2 and own[1].before.isspace():
        return False
    ends = len(last) == 1 or any(c.isdecimal() for c in last)
    return ends and all(_continues(*two) for two in pairwise(own))


def _continues(one: _Part, part: _Part) -> bool:
    if part.before in ("-", "/"):
        return len(part.text) > 1 or part.before == "-" or part.text.isdecimal()
    if one.text[-1].isdecimal() and part.text[0].isdecimal():
        return False  # else a day behind a marker's number would be part of it
    return len(part.before) == 1 and (part.text[0].isdecimal() or (len(part.text) == 1 and part.before == " "))


def _few(numbers: list[str]) -> bool:
    """Whether the numbers beside names are too few for a date: two, one of them a wavelength."""
    return len(numbers) <= _MOST_NUMBERS and sum(not _WAVELENGTH.fullmatch(n) for n in numbers) <= 1


class Names:
    """Looks like a pattern, and matches names of markers.

    Parameters
    ----------
    also
        Pattern, as text, of whole names that a format has besides.
    """

    def __init__(self, also: str = "") -> None:
        self._also = pattern(also) if also else None

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it is one, else None."""
        return text if is_marker(text) or (self._also is not None and self._also.fullmatch(text)) else None


MARKER = Names()
