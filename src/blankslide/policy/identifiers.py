"""Which parts of a slide's name stay when it gets another one: patterns that a site writes into its profile.

Laboratories put the case number, the specimen, the block and the stain into the names and barcodes of their slides. A
pattern says which part is which, as a regular expression with named groups. What stands in `KEPT` groups may be a part
of the new name; what stands in `GOES` groups, or in none, never is. Whatever the pattern allows, a kept part is refused
if it could be a number of a case or the name of a person: four digits or letters in a row, unless the pattern itself
spells these letters.

Patterns are tried on names that strangers gave. So they may not repeat what repeats, nor leave it open where a part
ends, which together could take for ever; and a name that is longer than `LONGEST_NAME` is not tried.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from blankslide.errors import UsageError
from blankslide.model.patterns import pattern
from blankslide.policy.file_names import name_verdict

KEPT = ("specimen", "block", "section", "level", "slide", "stain")
"""Groups that may stand in a new name."""
GOES = ("case", "patient", "date")
"""Groups that never do."""
LONGEST_NAME = 100
_LONGEST_PATTERN, _LONGEST_PART, _MOST_WAYS = 500, 24, 100_000
_PART = pattern(r"[^\W_](?:[\w .+-]*[\w+])?")
_LETTERS, _DIGITS = pattern(r"[^\W\d_]{4,}"), pattern(r"\d{4,}")
_GROUP = pattern(r"\(\?P<\w+>|\\.")

UNSAFE = "the part of its name that is to be kept could be the name of a person or the number of a case"


class Parts(NamedTuple):
    """What a pattern found in a name: the parts that may be kept, those that go, and of these the case."""

    kept: Mapping[str, str]
    gone: tuple[str, ...]
    case: str

    def __repr__(self) -> str:
        return f"<Parts: {', '.join(self.kept)}>"


@dataclass(frozen=True, slots=True)
class Identifiers:
    """One pattern of a profile.

    Attributes
    ----------
    name
        As the profile calls it.
    text
        The regular expression; it must fit a whole name.
    """

    name: str
    text: str

    @classmethod
    def of(cls, name: str, text: str) -> Identifiers:
        """Check a pattern.

        Raises
        ------
        UsageError
            In one sentence, with what to write instead.
        """
        if len(text) > _LONGEST_PATTERN:
            raise UsageError(f"the pattern {name!r} is longer than {_LONGEST_PATTERN} characters", "write several")
        try:
            groups = list(re.compile(text).groupindex)
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError(f"the pattern {name!r} is no regular expression: {error}", _EXAMPLE) from None
        for group in groups:
            if group not in KEPT + GOES:
                raise UsageError(f"the pattern {name!r} has a group {group!r}", _suggestion(group))
        if "case" not in groups:
            raise UsageError(
                f"the pattern {name!r} does not say what the case is", "put that part into (?P<case>...): it goes"
            )
        if not set(groups) & set(KEPT):
            raise UsageError(f"the pattern {name!r} keeps nothing", f"name a part: {', '.join(KEPT)}")
        ways = _Ways(name, text).count()
        if ways > _MOST_WAYS:
            raise UsageError(
                f"the pattern {name!r} leaves open where its parts end, and could take very long",
                "put a sign between them that they cannot hold, as in [^_]+_[^_]+",
            )
        return cls(name, text)

    @property
    def fields(self) -> frozenset[str]:
        """Parts that may be kept."""
        return frozenset(re.compile(self.text).groupindex) & frozenset(KEPT)

    def parts(self, name: str) -> Parts | None:
        """Take a name apart; None if the pattern does not fit it."""
        plain = unicodedata.normalize("NFC", name.strip())
        if len(plain) > LONGEST_NAME:
            return None
        found = re.compile(self.text).fullmatch(plain)
        if found is None:
            return None
        groups = {group: text for group, text in found.groupdict().items() if text}
        gone = tuple(text for group, text in groups.items() if group in GOES)
        return Parts({group: text for group, text in groups.items() if group in KEPT}, gone, groups.get("case", ""))

    def is_safe(self, part: str) -> bool:
        """Whether a kept part can be neither a case's number nor, unless the pattern spells it, a person's name."""
        spelled = {word.casefold() for word in _LETTERS.findall(_GROUP.sub(" ", self.text))}
        return (
            len(part) <= _LONGEST_PART
            and _PART.fullmatch(part) is not None
            and _DIGITS.search(part) is None
            and all(word.casefold() in spelled for word in _LETTERS.findall(part))
            and name_verdict(f"{part}.x") != "identifying"  # it takes the last part for a suffix
        )


def tells(text: str, gone: tuple[str, ...]) -> bool:
    """Whether a part of a new name repeats something of what is to go: the whole of it, or a number in it."""
    plain = _bare(text)
    numbers = {number.lstrip("0") for number in re.findall(r"\d+", text)}
    for part in gone:
        whole = _bare(part)
        if whole and (whole in plain if len(whole) > 1 else whole == plain):
            return True
        if any(len(number) > 2 and number in numbers for number in _numbers(part)):
            return True
    return False


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", text).casefold() if c.isalnum())


def _numbers(text: str) -> Iterator[str]:
    return (number.lstrip("0") for number in re.findall(r"\d+", text))


_EXAMPLE = r"write one such as (?P<case>S\d\d-\d+)_(?P<block>\w+)_(?P<stain>HE|PAS)"


def _suggestion(group: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(group, KEPT + GOES, 1)
    known = f"groups that are kept are {', '.join(KEPT)}, those that go {', '.join(GOES)}"
    return f"did you mean {near[0]}?" if near else f"{known}; for others write (?:...)"


# -- how long it may take ----------------------------------------------------------------------

_TOKEN = pattern(
    r"(?P<open>\((?:\?:|\?P<\w+>)?(?!\?))|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<atom>\\[dDwWsS]|\\[^\w\s]|\[\^?\]?(?:\\[dDwWsS]|\\[^\w\s]|[^\\\]])*\]|[^\\()\[\]{}|*+?^$])|(?P<edge>[\^$])"
)
_REPEAT = pattern(r"(?:(?P<sign>[*+?])|\{(?P<least>\d{1,4})(?P<comma>,(?P<most>\d{0,4}))?\})(?![+?])")
_ALPHABET = [chr(i) for i in (*range(0x20, 0x7F), *range(0xA0, 0x180), 0x3B1, 0x416, 0x4E2D)]


class _Token(NamedTuple):
    kind: str
    text: str
    least: int = 1
    most: int = 1

    @property
    def varies(self) -> bool:
        return self.least != self.most


class _Ways:
    """In how many ways a pattern can be tried on one name, as an upper bound.

    A repeat of one sign counts once if nothing that may follow can be one more of it: then there is but one place where
    it can end. Else it counts as often as its length can differ.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._tokens = self._split(text)
        self._at = 0
        self._known: dict[int, list[str] | None] = {}

    def _split(self, text: str) -> list[_Token]:
        tokens, at = [], 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise UsageError(
                    f"the pattern {self._name!r} has something at position {at} that is not allowed in one",
                    "use characters, [classes], groups, | and greedy repeats only",
                )
            kind, at = found.lastgroup, found.end()
            least = most = 1
            if kind in ("atom", "close") and (repeat := _REPEAT.match(text, at)):
                at = repeat.end()
                least, most = _span(repeat)
            if kind != "edge":
                tokens.append(_Token(kind, found[0], least, most))
        return tokens

    def count(self) -> int:
        """Count."""
        ways, _ = self._alternatives(0)
        return ways

    def _alternatives(self, depth: int) -> tuple[int, bool]:
        """Return the number of ways up to the closing bracket, and whether there is more than one length."""
        total, ways, varies = 0, 1, False
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.kind == "close":
                break
            if token.kind == "bar":
                total, ways, varies = total + ways, 1, True
            elif token.kind == "atom":
                ways *= self._ways_of(token)
                varies = varies or token.varies
            else:
                inner, moves = self._alternatives(depth + 1)
                end = self._tokens[self._at - 1]
                if end.most > 1 and moves:
                    raise UsageError(
                        f"the pattern {self._name!r} repeats what repeats, and could take for ever",
                        "write the repeat once, as in [A-Z0-9]+",
                    )
                ways *= inner * (end.most - end.least + 1)
                varies = varies or moves or end.varies
            ways = min(ways, _MOST_WAYS + 1)
        return min(total + ways, _MOST_WAYS + 1), varies

    def _ways_of(self, token: _Token) -> int:
        if not token.varies or self._ends_clearly(token):
            return 1
        return token.most - token.least + 1

    def _ends_clearly(self, token: _Token) -> bool:
        """Whether nothing that may come next can be one more of the repeat."""
        following = self._following(self._at)
        return following is not None and not any(_share(token.text, each) for each in following)

    def _following(self, at: int) -> list[str] | None:
        """Return what may come next, from a token on; None if that cannot be said simply."""
        if at not in self._known:
            self._known[at] = self._look_on(at)
        return self._known[at]

    def _look_on(self, at: int) -> list[str] | None:
        out: list[str] = []
        while at < len(self._tokens):
            token = self._tokens[at]
            if token.kind == "atom":
                out.append(token.text)
                if token.least:
                    return out
            elif token.kind == "bar":
                at = self._end_of(at)
                continue
            elif token.kind == "close" and token.most > 1:
                return None
            elif token.kind == "open":
                for start in self._other_ways_on(at):
                    more = self._following(start)
                    if more is None:
                        return None
                    out += more
            at += 1
        return out

    def _other_ways_on(self, start: int) -> list[int]:
        """Return where it may go on but for the first way through a group: other alternatives, or behind it."""
        depth, ways = 0, []
        for at in range(start, len(self._tokens)):
            token = self._tokens[at]
            depth += (token.kind == "open") - (token.kind == "close")
            if token.kind == "bar" and depth == 1:
                ways.append(at + 1)
            if depth == 0:
                return [*ways, at + 1] if token.least == 0 else ways
        return ways

    def _end_of(self, at: int) -> int:
        """Return the bracket that closes the group around a token, or the end."""
        depth = 1
        while at < len(self._tokens):
            depth += (self._tokens[at].kind == "open") - (self._tokens[at].kind == "close")
            if depth == 0:
                return at
            at += 1
        return at


def _span(repeat: re.Match[str]) -> tuple[int, int]:
    """Return how often something may be repeated; no name is longer than the longest."""
    if repeat["sign"]:
        return (0 if repeat["sign"] in "*?" else 1), (1 if repeat["sign"] == "?" else LONGEST_NAME)
    least = int(repeat["least"])
    most = least if repeat["comma"] is None else int(repeat["most"] or LONGEST_NAME)
    return min(least, LONGEST_NAME), min(most, LONGEST_NAME)


def _share(one: str, other: str) -> bool:
    """Whether there is a character that both can be."""
    first, second = re.compile(one), re.compile(other)
    return any(first.fullmatch(c) and second.fullmatch(c) for c in _ALPHABET)
