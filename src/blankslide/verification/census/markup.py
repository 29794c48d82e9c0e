"""Take XML apart by the place of each value, well-formed or not.

A tokenizer, not a parser: it knows tags, attributes, text, comments, CDATA, instructions and the
document type, and what is none of them is text. So nothing is expanded, nothing is refused and
nothing is lost: an entity's name stays in the value, and so does the whole document type. Prefixes of
namespaces are left out of paths where the text declares them.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from blankslide.verification.census.paths import CUT, NAME, below

Piece = tuple[str, str, int, int]  # path, value, and the value's characters in the text
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


_WHITE = "\t\n\r \0\ufeff\f\v"
_SPECIAL = (("<!--", "-->", "#comment"), ("<![CDATA[", "]]>", ""), ("<?", "?>", "?"), ("<!", ">", "!"))


@cache
def _begins() -> re.Pattern[str]:
    return re.compile(r"[\s\0\ufeff]*+<[?!/A-Za-z_]")


@cache
def _ends() -> re.Pattern[str]:
    return re.compile(r"<\?xml|</[A-Za-z_]")


@cache
def _tag() -> re.Pattern[str]:
    return re.compile(r"<([^\s<>/!?=\"'][^\s<>/\"']*+)((?>(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*))>")


@cache
def _end_tag() -> re.Pattern[str]:
    return re.compile(r"</\s*+([^\s<>]*+)([^<>]*+)>")


@cache
def _attribute() -> re.Pattern[str]:
    return re.compile(
        r"([^\s=/\"'][^\s=\"']*+)(?>(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'/]++)))?)|\"([^\"]*+)\"|'([^']*+)'"
    )


@cache
def _reference() -> re.Pattern[str]:
    return re.compile(r"&(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|(amp|lt|gt|quot|apos));")


@cache
def _declared() -> re.Pattern[str]:
    return re.compile(r"xmlns:([^\s=<>\"']++)")


@cache
def _name() -> re.Pattern[str]:
    return re.compile(r"[^\s<>?]++")


@cache
def _subset_end() -> re.Pattern[str]:
    return re.compile(r"\]\s*+>")


@cache
def _brackets() -> re.Pattern[str]:
    return re.compile(r"<++")


def is_markup(text: str) -> bool:
    """Whether a text is XML, or holds some."""
    return _begins().match(text) is not None or _ends().search(text) is not None


def markup(text: str) -> list[Piece]:
    """All values with the paths of their elements; text beside all elements has an empty path."""
    walk = _Walk(text)
    at = begin = 0
    most = max(4096, len(text) // 16)
    while (at := text.find("<", at)) >= 0:
        if walk.tags + len(walk.out) > most:  # no writer has so many, and none of them is explained
            walk.out.append(("<rest>", text[begin:], begin, len(text)))
            return walk.out
        mark = text[at + 1 : at + 2]
        whole = walk.special(at, begin) if mark in ("!", "?") else walk.tag(at, begin, mark == "/")
        if whole:
            at = begin = whole
        else:  # not a tag, so it is text
            many = _brackets().match(text, at)
            at = max(at + 1, many.end() - 1 if many else 0)
    walk.words(begin, len(text))
    while walk.open:
        walk.close()
    return walk.out


_KEYED = frozenset("attribute field param parameter property entry item tag setting".split())


@cache
def _key() -> re.Pattern[str]:
    return re.compile(r"(?<![^\s\"'])(?:[Nn]ame|[Kk]ey)\s*+=\s*+[\"']([A-Za-z_][\w.:-]{0,63}+)[\"']")


def _key_of(name: str, attributes: str) -> str:
    """Return the name in an element such as ``<Attribute Name="PIM_DP_UFS">``, which is a key like that of a line."""
    if name.lower() not in _KEYED:
        return ""
    found = _key().search(attributes)
    return f"[{found[1]}]" if found else ""


class _Walk:
    """One text, what was found, and the elements that are open at a place in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.out: list[Piece] = []
        self.open: list[tuple[str, str, int, int]] = []  # name, path, its place, how many values came before
        self._prefixes = {"xml", *_declared().findall(text)}
        self.tags = 0
        self._names: Counter[str] = Counter()
        self._endless: set[str] = set()

    @property
    def path(self) -> str:
        return self.open[-1][1] if self.open else ""

    def add(self, path: str, start: int, end: int, plain: bool = False) -> None:
        """A value without the white space around it."""
        part = self.text[start:end]
        body = part.strip(_WHITE)
        start += len(part) - len(part.lstrip(_WHITE)) if body else 0
        value = body if plain or "&" not in body else _reference().sub(_character, body)
        self.out.append((path, value, start, start + len(body)))

    def words(self, start: int, end: int) -> None:
        """Text between tags."""
        if self.text[start:end].strip(_WHITE):
            self.add(self.path, start, end)

    def special(self, at: int, begin: int) -> int:
        """Comment, CDATA, instruction or document type; one without an end holds all the rest."""
        opening, closing, name = next(s for s in _SPECIAL if self.text.startswith(s[0], at))
        self.words(begin, at)
        first = at + len(opening)
        last = self._end_of(opening, closing, first)
        end = min(last + len(closing), len(self.text))
        if opening == "<!":
            last, end = self._type_end(first, last, end)
        if len(name) == 1:
            target = _name().match(self.text, first, last)
            name, first = (name + target[0], target.end()) if target and len(target[0]) < NAME else (name, first)
        if name or self.text[first:last].strip(_WHITE):
            self.add(below(self.path, name) if name else self.path, first, last, plain=True)
        return end

    def _end_of(self, opening: str, closing: str, first: int) -> int:
        last = -1 if opening in self._endless else self.text.find(closing, first)
        if last < 0:
            self._endless.add(opening)
        return last if last >= 0 else len(self.text)

    def _type_end(self, first: int, last: int, end: int) -> tuple[int, int]:
        """A document type may hold declarations in brackets."""
        if "[" in self.text[first:last] and (close := _subset_end().search(self.text, first)):
            return close.start(), close.end()
        return last, end

    def tag(self, at: int, begin: int, is_end: bool) -> int:
        """Begin or end an element."""
        m = (_end_tag() if is_end else _tag()).match(self.text, at)
        if m is None:
            return 0
        self.words(begin, at)
        self.tags += 1
        if is_end:
            self._end(m)
        else:
            self._start(m)
        return m.end()

    def _start(self, m: re.Match[str]) -> None:
        name, count = self._local(m[1]), len(self.out)
        path = below(self.path, name + _key_of(name, m[2]))
        self.open.append((m[1], path, m.start(1), count))
        self._names[m[1]] += 1
        if CUT in path:  # what stands below will not name it
            self.out.append((f"{path.partition(CUT)[0]}{CUT}<name>", name, m.start(1), m.end(1)))
        for a in _attribute().finditer(self.text, *m.span(2)):
            which = a.lastindex or 1
            if a[1] is None:
                self.add(f"{path}/@", *a.span(which))
                continue
            key = a[1] if a[1].startswith("xmlns") else self._local(a[1])
            place = below(path, "@" + key)
            if place.endswith(CUT) or CUT in place:
                self.out.append((f"{place.partition(CUT)[0]}{CUT}<name>", key, *a.span(1)))
            self.add(place, *(a.span(which) if which > 1 else (a.end(1), a.end(1))))
        if m[2].endswith("/"):
            self.close()

    def _end(self, m: re.Match[str]) -> None:
        if self._names[m[1]]:
            while self.close() != m[1]:
                pass
        elif m[1]:
            self.out.append((f"{self.path}/</>".lstrip("/"), m[1], *m.span(1)))
        if m[2].strip(_WHITE):
            self.add(f"{self.path}/</>".lstrip("/"), *m.span(2))

    def close(self) -> str:
        """End the innermost element; one without a value is a value of its own."""
        name, path, at, count = self.open.pop()
        self._names[name] -= 1
        if len(self.out) == count:
            self.out.append((path, "", at, at))
        return name

    def _local(self, name: str) -> str:
        prefix, colon, local = name.partition(":")
        return local if colon and local and prefix in self._prefixes else name


def _character(reference: re.Match[str]) -> str:
    if reference[3]:
        return _ENTITIES[reference[3]]
    code = int(reference[1]) if reference[1] else int(reference[2], 16)
    return chr(code) if 0 < code < 0xD800 or 0xE000 <= code < 0x110000 else reference[0]
