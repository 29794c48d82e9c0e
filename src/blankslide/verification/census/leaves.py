"""Take a text apart into leaves, so that each value can be asked for by the place where it stands.

XML, JSON, INI, and pairs of `key = value`, `key=value` and `key: value` between bars, semicolons or
lines are known; everything else is one leaf. Nothing falls between: each character that is not white
space or a plain separator is in some leaf's value or in some path, names of elements and keys
included. Texts that break the rules of their kind are taken apart all the same, by expressions that
take linear time; entities are never expanded, but for single characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

from blankslide.verification.census.markup import is_markup, markup
from blankslide.verification.census.paths import CUT, below


class Leaf(NamedTuple):
    r"""One value and the place where it stands; `start` and `end` are its characters in the text.

    A `value` is decoded (`&amp;`, `\u00fc`), its span is not. A name without a value is a leaf with an
    empty value; one that is too long or too deep for a path is the value of a leaf at `<name>`.
    """

    path: str
    value: str
    start: int
    end: int


def most_leaves(length: int) -> int:
    """Return how many leaves a text can have: one of 16 characters each on average, as attributes of XML are."""
    return max(4096, length // 16)


def leaves(text: str) -> list[Leaf]:
    """Take a text apart; see the module's docstring for what is promised.

    Parameters
    ----------
    text
        One text as a slide holds it, decoded. Of one that has more leaves than `most_leaves` the rest is one more.
    """
    found = list(islice(_leaves(text), most_leaves(len(text)) + 1))
    if len(found) > most_leaves(len(text)):
        start = found[-1].start
        found[-1] = Leaf("<rest>", text[start:], start, len(text))
    return found


def _leaves(text: str) -> Iterable[Leaf]:
    kind = _kind(text)
    if kind == "xml":
        found: list[Leaf] = []
        for path, value, start, end in markup(text):
            if path:
                found.append(Leaf(path, value, start, end))
            else:  # what stands around the elements may be pairs
                found += _pairs(text, start, end)
        return found
    if kind == "json":
        return _json(text)
    if kind == "ini":
        return _ini(text)
    return _pairs(text, 0, len(text))


def _kind(text: str) -> str:
    if is_markup(text):
        return "xml"
    if _json_head().match(text):
        return "json"
    return "ini" if _section().search(text) else "pairs"


# -- pairs -------------------------------------------------------------------------------


@cache
def _pair() -> re.Pattern[str]:
    """A key, perhaps with an index, and what divides it from its value: `=`, `: `, or `:` behind letters alone."""
    return re.compile(
        r"[^\S\n]*+([^\s=:\[\]{}<>\"](?>(?:[^\n=:\[\]{}<>\"]|\[\d{1,4}\]){0,100}))(?:=|:(?=\s|\Z)|(?<=[A-Za-z_]{3}):(?![/\\\d]))[^\S\n]*+"
    )


@cache
def _section() -> re.Pattern[str]:
    return re.compile(r"^\ufeff?[^\S\n]*+\[([^\[\]\n]++)\][^\S\n]*+$", re.M)


@cache
def _lines() -> re.Pattern[str]:
    return re.compile(r"[^\r\n\0]++")


@cache
def _bars() -> re.Pattern[str]:
    return re.compile(r"[^\r\n\0|]++")


@cache
def _semicolons() -> re.Pattern[str]:
    return re.compile(r"[^\r\n\0;]++")


@cache
def _either() -> re.Pattern[str]:
    return re.compile(r"[^\r\n\0|;]++")


def _pairs(text: str, start: int, end: int) -> list[Leaf]:
    part = text[start:end]
    has_bars = "|" in part and "=" in part
    # Aperio's first item may hold several lines and semicolons; its later values may hold semicolons
    head = start + part.index("|") if has_bars else start
    spans = [m.span() for m in (_either().finditer(text, start, head))]
    spans += [m.span() for m in (_bars() if has_bars else _divider(part)).finditer(text, head, end)]
    most = most_leaves(end - start)
    spans[most:] = [(spans[most][0], end)] if len(spans) > most else []
    found = [leaf for a, b in spans if (leaf := _item(text, a, b))]
    if any(leaf.path for leaf in found):
        return found
    first, last = _trimmed(text, start, end)
    return [Leaf("", text[first:last], first, last)] if first < last else []


def _divider(part: str) -> re.Pattern[str]:
    """Lines, or semicolons if a line has more than one pair between them."""
    several = part.count(";") and part.count("=") + part.count(":") > part.count("\n") + 1
    return _semicolons() if several else _lines()


def _item(text: str, start: int, end: int, prefix: str = "") -> Leaf | None:
    start, end = _trimmed(text, start, end)
    if start == end:
        return None
    if pair := _pair().match(text, start, end):
        first, last = _trimmed(text, pair.end(), end)
        key = pair[1].strip()
        return Leaf(f"{prefix}/{key}" if prefix else key, text[first:last], first, last)
    return Leaf(prefix, text[start:end], start, end)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    body = part.strip("\t\n\r \0\ufeff\f\v")
    first = start + len(part) - len(part.lstrip("\t\n\r \0\ufeff\f\v")) if body else start
    return first, first + len(body)


def _ini(text: str) -> Iterator[Leaf]:
    section, at, used = "", 0, True
    for line in _lines().finditer(text):
        start, end = line.span()
        if head := _section().match(text, start):
            if not used:
                yield Leaf(section, "", at, at)
            section, at, used = f"[{head[1].strip()}]", end, False
        elif leaf := _item(text, start, end, section):
            used = True
            yield leaf
    if not used:
        yield Leaf(section, "", at, at)


# -- JSON --------------------------------------------------------------------------------


@cache
def _json_head() -> re.Pattern[str]:
    return re.compile(
        r"[\s\ufeff]*+(?:\{\s*+[\"}]|\[\s*+(?:[\[{\"]|-?\d[\d.eE+-]*+\s*+[,\]]|(?:true|false|null)\s*+[,\]]))"
    )


@cache
def _json_token() -> re.Pattern[str]:
    return re.compile(r"\"((?>(?:[^\"\\]++|\\.)*))\"?|[^\s\[\]{},:\"\0]++|[\[\]{},:]", re.S)


@cache
def _colon() -> re.Pattern[str]:
    return re.compile(r"\s*+:")


def _json(text: str) -> Iterator[Leaf]:
    """Tokens with the keys that they stand under; wrong order loses no token."""
    open_paths, key, count = [("", -1)], "", 0  # with the leaves that there were when each was opened
    for token in _json_token().finditer(text):
        mark, (start, end) = token[0], token.span()
        path = key or open_paths[-1][0]
        found = []
        if mark in ("{", "["):
            open_paths.append((path, count))
            key = ""
        elif mark in ("}", "]", ","):
            closed = open_paths.pop() if mark != "," and len(open_paths) > 1 else ("", -1)
            if key or (closed[0] and closed[1] == count):
                found = [Leaf(key or closed[0], "", start, start)]
            key = ""
        elif mark != ":":
            value, start, end = _json_value(token)
            if _colon().match(text, token.end()):
                found = [Leaf(key, "", start, start)] if key else []
                key = below(open_paths[-1][0], value)
                found += [Leaf(f"{key.partition(CUT)[0]}{CUT}<name>", value, start, end)] if CUT in key else []
            else:
                found, key = [Leaf(path, value, start, end)], ""
        count += len(found)
        yield from found
    if key:
        yield Leaf(key, "", len(text), len(text))


def _json_value(token: re.Match[str]) -> tuple[str, int, int]:
    if token[1] is None:
        return token[0], *token.span()
    value = token[1]
    if "\\" in value:
        import json

        try:
            value = json.loads(f'"{value}"', strict=False)
        except ValueError:
            value = token[1]
    return value, *token.span(1)
