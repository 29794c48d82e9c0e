"""What may stand where: a format's vocabulary by place, and nothing by its mere look.

A vocabulary says for each place, written as the census writes it, which values are the format's own. Values
are compared by their template, in which each number is ``#``: ``JPEG/RGB Q=30`` and ``JPEG/RGB Q=70`` are one.
A word is allowed only in the place where the vocabulary has it: ``Rose`` in a name's place is a person, whatever
stain there is elsewhere. Where a vocabulary says ``=kept``, free text may stand, if the plan lists that very
place as kept. ``=code`` is the same for numbers of coding schemes, which are longer than a plain number may be.
``=long`` is the same for lengths in nanometres, one or a row, and ``=hex`` for tables in hexadecimal digits. Where it
says ``=file``, the name of one of the slide's own files may stand: the verdict on names speaks about that. Where it
says ``=name`` or ``=sql``, a name of a database's schema or a statement of it may stand, put together of the names and
words at ``schema/name`` and ``schema/word``. Where it says ``=size``, a number of bytes may stand that the file can
have. A place that ends in ``<word>`` lists the words that headers are made of (`rows`).

A line of a vocabulary is the place, a tab, and the template. Capitals of places do not count. ``*`` as a part of a
place stands for any one part, ``**/`` at its beginning for any parts, and ``{a|b}`` in a template for one of both.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import cache, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.rows import WORD, is_row, row_and_rest
from blankslide.verification.census.texts import BYTES, DIGITS, is_table

if TYPE_CHECKING:
    from blankslide.verification.census.account import Text

KEPT, FILE, CODE, LONG, HEX = "=kept", "=file", "=code", "=long", "=hex"
NAME, SQL, SIZE = "=name", "=sql", "=size"
_RELEASED = re.compile(r"tifffile(?:\.py)? 20[12]\d\.\d{1,2}\.\d{1,2}")
"""What tifffile signs with: its releases are called by their day."""
_VERSION = re.compile(r"(?<![\d.])\d{1,5}+(?>(?:\.\d{1,6}+){2,4})(?!\.?\d)")
_NUMBER = re.compile(
    r"(?:(?<![\w.)\]])(?:-|\+(?!\d{1,3}[ /-]\d)))?(?<![\d.])\d{1,7}+(?:\.\d{1,20}+)?(?:[eE][-+]?\d{1,3}+)?(?!\.?\d)"
)
_BY = re.compile(r"(?<=\d)[xX×](?=\d)")
_DIGITS = re.compile(r"\d{1,7}+")
_SPACE = re.compile(r"\s++")
_ROW = re.compile(r"#(?>(?:[ ,;\\/x×]{1,2}#){3,})")
_HARMLESS = re.compile(
    r"(?:true|false|yes|no|on|off|nan|[-+]?\d{1,4}|[-+]?\d{0,5}\.\d{1,20}|[-+]?\d{1,5}\.?0?)(?:[eE][-+]?\d{1,3})?", re.I
)
_TELLING = re.compile(
    r"(?i)patient|person|name(?!space)|\bmrn\b|case|\bdob\b|birth|\bage\b|accession|specimen|operator|user|doctor|physician|"
    r"\bssn\b|social|phone|address|barcode|date|year|\bid\b|serial|number\Z"
)
_DATE = re.compile(r"(?<!\d)(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:19|20)\d{6})(?!\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.(?:19|20)\d\d|\d\d\.\d\d\.\d\d|(?:19|20)\d\d\.\d{1,2}\.\d{1,2}")
_LONG = re.compile(r"\d{6,}+")
_COMMA = re.compile(r"[-+]?\d{1,6}+,\d{1,15}+(?:[eE][-+]?\d{1,3}+)?")
_LONGER = re.compile(r"-?\d{1,10}+(?>(?:[ ,;]{1,2}+-?\d{1,10}+)*)")
_DAY = re.compile(r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)")
_TABLE = re.compile(r"(?>(?:[0-9A-Fa-f]{2}){16,})")
_SIZE = re.compile(r"[0-9]{1,13}+")
_ADDRESS = re.compile(r"[\w.]@[\w]|\w:\\|\\\\\w|://")
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9]*+(?>(?:[ _.:-][A-Za-z0-9]++){0,5})")
_NUMERIC = frozenset('#… ,;x()"')
_TRUTHS = frozenset(("true", "false", "yes", "no", "on", "off"))
_CHOICE = re.compile(r"\{([^{}|]*+\|[^{}]*+)\}")
_PIECES = re.compile(r"[^\W_](?>(?:(?:[,.;:] |[ ,.'^_/:-])?[^\W_]){4,})")
FILL = frozenset(" \t\r\n\0|;,.-_:=xX0#?*'\"<>/()[]{}")


_XMLNS = re.compile(r"/@xmlns:[^/]{1,40}+\Z")
_HEX = re.compile(r"[0-9A-Fa-f]{32,}+")
_ID = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
    r"|2\.25\.\d{20,39}|X[0-9A-Z]{7,15})(?![A-Za-z1-9])"
)
_PLACE_ID = re.compile(r"[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}")
_ZEROS = re.compile(r"(?<![\d.])0{8,}+(?!\.?\d)")
_FILLER = re.compile(r"0{32,}+")
_FILLED = re.compile(r"\bX\d{4}0*+(?!\w)")
_LEADING = re.compile(r"(?<![\d.])0{7,}(?=[1-9]\d{0,6}(?!\d))")


def known_ids(value: str, ours: Callable[[str], bool]) -> str:
    """Return a value with each id in it that is one of our replacements as ``@``."""
    if len(value) < 8:
        return value
    told = _ID.sub(lambda found: "@" if ours(found[0]) else found[0], value)
    return _HEX.sub(lambda found: _in_row(found[0], ours), told)


def _in_row(row: str, ours: Callable[[str], bool]) -> str:
    own = _own(row, ours)
    return row.replace(own, " @ ", 1) if own else row


def _own(row: str, ours: Callable[[str], bool]) -> str:
    """Find an id of ours in a row of hexadecimal digits: other digits may touch it."""
    parts = (row[at : at + 32] for at in range(min(len(row) - 31, _HEAD)))
    return next((part for part in parts if ours(part) and set(part) != {"0"}), "")


def _cut_off(value: str, ids: Iterable[str]) -> str:
    """Return a value with the longest piece of an id of ours in it as ``@``: a field may be too short for all of it."""
    for own in ids:
        for at in range(max(0, len(value) - _PIECE + 1)):
            if value[at : at + _PIECE] in own:
                end = at + _PIECE
                while end < len(value) and value[at : end + 1] in own:
                    end += 1
                return f"{value[:at]} @ {value[end:]}"
    return value


@cache
def template(value: str) -> str:
    """Return a value with each number as ``#``, white space as single spaces, and long rows of numbers as ``#…``."""
    plain = _BY.sub(" x ", _SPACE.sub(" ", value.strip()))
    plain = _LEADING.sub("", _ZEROS.sub("0", _FILLED.sub("X@", plain)))
    told = _NUMBER.sub("#", _VERSION.sub(_version, plain))
    return _ROW.sub("#…", told)


def _version(found: re.Match[str]) -> str:
    return found[0] if _DOTTED.fullmatch(found[0]) else "#v"


def place_of(path: str) -> str:
    """Return a path with each id as ``@``, each number as ``#`` and any prefix of a name space without its name.

    The tag's number at its beginning stays. White space is one space: where words of a key went, there may be more.
    """
    head, slash, rest = _XMLNS.sub("/@xmlns", _SPACE.sub(" ", path)).partition("/")
    return f"{_PLACE_ID.sub('@', head)}{slash}{_DIGITS.sub('#', _PLACE_ID.sub('@', rest))}"


_DECLARATION = re.compile(
    r"""version\s*=\s*(["'])1\.[01]\1(?:\s+encoding\s*=\s*(["'])(?i:utf-?(?:8|16)|(?:us-)?ascii|iso-8859-1?\d|windows-125\d)\2)?"""
    r"""(?:\s+standalone\s*=\s*(["'])(?:yes|no)\3)?"""
)
"""What the declaration of an XML document may say: all its words are XML's own (XML 1.0, 2.8)."""
_HEAD = 256
"""Characters at the beginning of a row of digits in which an id of ours is looked for."""
_PIECE = 14
"""Characters of an id that are no coincidence."""
_UNKNOWN: set[str] = set()


class Vocabulary:
    """The lines of a format, and perhaps those that all formats of its container share."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.places: dict[str, set[str]] = {}
        self._known: dict[str, set[str] | None] = {}
        self.wild: list[tuple[list[str], set[str]]] = []
        self.ends: dict[str, list[tuple[list[str], set[str]]]] = {}
        self.anywhere: dict[str, set[str]] = {}
        for line in lines:
            place, tab, allowed = line.rstrip("\n").partition("\t")
            if not tab or line.startswith("#"):
                continue
            forms = _alternatives(allowed)
            place = place_of(place).lower()
            if place.startswith("**/"):
                parts = place[3:].split("/")
                self.ends.setdefault(parts[-1], []).append((parts, forms))
            elif "*" in place.split("/"):
                self.wild.append((place.split("/"), forms))
            else:
                self.places.setdefault(place, set()).update(forms)
                if place.startswith("*."):  # a file may be called otherwise, or have no suffix at all
                    self.anywhere.setdefault(place.partition("/")[2], set()).update(forms)

    def unused(self) -> Vocabulary:
        """Return the same vocabulary, not yet asked: the places of one slide are not kept for the next."""
        new = copy(self)
        new._known = {}
        return new

    def at(self, path: str) -> set[str] | None:
        """Return the templates that may stand at a path; None if the place is unknown."""
        known = self._known.get(path, _UNKNOWN)
        if known is _UNKNOWN:
            known = self._known[path] = self._at(place_of(path).lower())
        return known

    def _at(self, place: str) -> set[str] | None:
        found = self.places.get(place)
        if found is None and place.startswith(("*.", "a file")):
            found = self.anywhere.get(place.partition("/")[2])
        parts = place.split("/")
        more = [forms for wild, forms in self.wild if _fits(wild, parts)]
        more += [forms for end, forms in self.ends.get(parts[-1], ()) if parts[-len(end) :] == end]
        return set().union(found or (), *more) if found is not None or more else None


@lru_cache(maxsize=8)
def _parsed(lines: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(lines)


def vocabulary(lines: tuple[str, ...]) -> Vocabulary:
    """Return the vocabulary of some lines, which are taken apart once only."""
    return _parsed(lines).unused()


def spelled(known: Vocabulary, path: str, shape: str) -> bool:
    """Whether a value may stand at a path whatever its digits are, which must be in rows of at most seven."""
    return template(shape) in (known.at(path) or ())


def _alternatives(line: str) -> set[str]:
    """Write out a line with ``{a|b}`` in it."""
    found = _CHOICE.search(line)
    if found is None:
        return {line}
    ways = (line[: found.start()] + way + line[found.end() :] for way in found[1].split("|"))
    return {form for way in ways for form in _alternatives(way)}


def _fits(wild: Sequence[str], parts: Sequence[str]) -> bool:
    return len(wild) == len(parts) and all(w in ("*", p) for w, p in zip(wild, parts, strict=True))


class Kept:
    """The places that the plan keeps: sorted spans of each file."""

    def __init__(self, places: Iterable[tuple[int, int, int]]) -> None:
        self.spans: dict[int, list[tuple[int, int]]] = {}
        for file, start, end in places:
            self.spans.setdefault(file, []).append((start, end))
        for spans in self.spans.values():
            spans.sort()
        self.reached = {file: list(accumulate((end for _, end in spans), max)) for file, spans in self.spans.items()}

    def covers(self, file: int, start: int, end: int) -> bool:
        """Whether one kept place holds the whole of a span."""
        spans = self.spans.get(file, [])
        i = bisect_right(spans, (start, 1 << 62)) - 1
        while i >= 0 and self.reached[file][i] >= end:
            if spans[i][1] >= end:
                return True
            i -= 1
        return False


class Rules(NamedTuple):
    """All that may explain a text.

    Attributes
    ----------
    vocabulary, kept
        What may stand where, and what the plan keeps.
    ours
        Whether a value is one of our own replacements.
    numbers
        Whether a short number may stay whose key nobody knows.
    files
        Names of the slide's own files.
    ids
        Replacements of ours that stand whole in the slide; elsewhere they may be cut off.
    sizes
        Bytes of each file.
    """

    vocabulary: Vocabulary
    kept: Kept
    ours: Callable[[str], bool]
    numbers: bool = True
    files: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    sizes: tuple[int, ...] = ()

    def knowing(self, texts: Iterable[Text]) -> Rules:
        """Return the rules with the ids of ours that stand in texts of a slide."""
        found = (row[0] for text in texts for row in _HEX.finditer(text.value[:_HEAD]))
        return self._replace(ids=frozenset(own for row in found if (own := _own(row, self.ours))))


def explained(text: Text, rules: Rules) -> bool:
    """Whether a text is nothing, ours, a word or number of the format in its place, or a listed kept value."""
    value = text.value
    said = set(value) - FILL
    if not said or (len(said) == 1 and len(value) > 3 and value.count(next(iter(said))) == len(value)):
        return True
    if rules.ours(value.strip(" \0\r\n\t")):
        return True
    if text.path.endswith("?xml") and _DECLARATION.fullmatch(value.strip()):
        return True
    allowed = rules.vocabulary.at(text.path)
    value = known_ids(value, rules.ours)
    if not set(value) - FILL - {"@"}:
        return True
    if is_loose(text.path):
        if rules.ids and "@" not in value and len(value) <= 48:
            value = _cut_off(value, rules.ids)
        return not residue(value, allowed or ())
    if _is_header(text, value, rules):
        return True
    if allowed is None:
        return _harmless(text, rules)
    if (
        template(value) in allowed
        or (value == DIGITS and BYTES in allowed)
        or (FILE in allowed and _is_file(value, rules.files))
    ):
        return True
    if SIZE in allowed and text.file < len(rules.sizes) and _is_size(value, rules.sizes[text.file]):
        return True
    if allowed & _OF_SCHEMAS and _is_of_schema(value, allowed, rules.vocabulary):
        return True
    if not rules.kept.covers(text.file, text.start, text.end):
        return False
    if _is_numbers(value) or (CODE in allowed and is_code(text.value)):
        return True
    if LONG in allowed and _LONGER.fullmatch(text.value.strip()) and _DAY.search(text.value) is None:
        return True
    if HEX in allowed and (value == DIGITS or (_TABLE.fullmatch(value) is not None and is_table(value))):
        return True
    return KEPT in allowed and plausible(text.value)


def _is_header(text: Text, value: str, rules: Rules) -> bool:
    """Whether a text is a row of the words that headers there are made of, or a value with such a row behind it.

    The last word of a row may look like a key and its value: ``Q=30``.
    """
    root, _, key = text.path.partition("/")
    words = rules.vocabulary.at(f"{root}/{WORD}")
    if words is None:
        return False
    if is_row(f"{key}={value}" if key else value, words, template):
        return True
    parted = row_and_rest(value) if key else None
    if parted is None or not is_row(parted[1], words, template):
        return False
    head = parted[0]
    return explained(text._replace(value=head, end=min(text.end, text.start + len(head))), rules)


_OF_SCHEMAS = frozenset((NAME, SQL))


def _is_of_schema(value: str, allowed: set[str], vocabulary: Vocabulary) -> bool:
    """Whether a value is a name, or a statement, of a schema that has nothing but the format's names."""
    from blankslide.verification.census.sql import is_name, is_statement

    whole = {name.lower() for name in vocabulary.at("schema/name") or ()}
    words = {word.lower() for word in vocabulary.at("schema/word") or ()}

    def is_known(name: str) -> bool:
        return is_name(name, whole, words) or template(name).lower() in whole

    plain = value.replace(" @ ", "@")
    return (NAME in allowed and is_known(plain)) or (SQL in allowed and is_statement(plain, is_known))


_ANY_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:[0-2]\d|3[01]){2}(?:19|20)\d\d")


def _is_size(value: str, most: int) -> bool:
    """Whether a value is a whole number up to a number of bytes, and does not look like a day."""
    number = value.strip()
    return _SIZE.fullmatch(number) is not None and int(number) <= most and _ANY_DAY.fullmatch(number) is None


def _is_file(value: str, files: Iterable[str]) -> bool:
    """Whether a value is the name of one of the slide's files, or of one that would only end otherwise and is gone."""
    stem, dot, suffix = value.rpartition(".")
    others = suffix if dot and len(suffix) <= 4 and suffix.isalpha() else ""
    return any(value == name or (others and stem == name.rpartition(".")[0]) for name in files)


def _is_numbers(value: str) -> bool:
    """Whether a value is nothing but numbers of at most seven digits, one with a decimal comma, or yes or no."""
    plain = value.strip()
    return not set(template(value)) - _NUMERIC or _COMMA.fullmatch(plain) is not None or plain.lower() in _TRUTHS


_TIMES = tuple(
    tuple((b + a) % 5 + 5 * (b >= 5) if a < 5 else (a - b) % 5 + 5 * (b < 5) for b in range(10)) for a in range(10)
)
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def is_code(value: str) -> bool:
    """Whether a value is a number of DICOM's own codes, or one of SNOMED CT, which ends with a check digit."""
    if not value.isdecimal() or not value.isascii() or not 6 <= len(value) <= 18 or value[0] == "0":
        return False
    if len(value) == 6 and value[:2] in ("11", "12", "13"):
        return True
    check = 0
    for place, char in enumerate(reversed(value)):
        digit = int(char)
        for _ in range(place % 8):
            digit = _TURN[digit]
        check = _TIMES[check][digit]
    return check == 0


def is_loose(path: str) -> bool:
    """Whether a path is that of bytes which are no value of anything: words in them have neighbours by chance."""
    return path in ("loose", "coded") or (path[:1] in ("*", "a") and "/" not in path)


def residue(value: str, words: Iterable[str]) -> str:
    """Return what is left of loose text without known words, zeros and pieces too short to be read."""
    told = _SPACE.sub(" ", _FILLER.sub(" ", value.replace("@", " ")))
    for word in sorted(words, key=len, reverse=True):
        told = _spelled(word).sub(" ", told) if "#" in word else told.replace(word, " ")
    return " ".join(part for part in _PIECES.findall(told) if not _is_filled(part))


def _is_filled(part: str) -> bool:
    """Whether a piece is nothing but filling, or a number of at most two digits that is filled up with zeros."""
    return len([c for c in part if c not in FILL]) <= 2 * part.startswith("00")


@cache
def _spelled(word: str) -> re.Pattern[str]:
    """Return what finds a word with numbers in it."""
    return re.compile(re.escape(word).replace(r"\#", r"(?<!\d)\d{1,7}+(?!\d)"))


def _harmless(text: Text, rules: Rules) -> bool:
    """Whether a place that nobody knows holds a short number, true or false, kept by the plan, under a plain key."""
    key, value = text.path.rpartition("/")[2].lstrip("; "), text.value.strip()
    return (
        (value.lower() in ("true", "false") or (rules.numbers and _HARMLESS.fullmatch(value) is not None))
        and _TOKEN.fullmatch(key) is not None
        and _TELLING.search(key) is None
        and rules.kept.covers(text.file, text.start, text.end)
    )


def plausible(value: str) -> bool:
    """Whether a kept text has no date, no long number, no address and no path in it; a version may look like a date."""
    if _RELEASED.fullmatch(value):
        return True
    told = _VERSION.sub(lambda found: found[0] if _YEAR.search(found[0]) else _version(found), value)
    return len(value) <= 400 and not (_DATE.search(told) or _LONG.search(value) or _ADDRESS.search(value))
