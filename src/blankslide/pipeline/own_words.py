"""Removed values that are also words of a document's own markup: what a search finds there is nobody's.

A scan by an operator called *Image* leaves ``<ImageType>`` behind. That is no residue if the word is a technical one
and stands inside the name of an element or an attribute, or anything inside a namespace or a declaration that everybody
writes. A name of other words is a residue, wherever it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.formatkit.xml_names import DECLARATION, NAMESPACE, is_plain_name
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from blankslide.source import ByteSource

__all__ = ["markup_of"]

_AROUND = 160
_QUOTED = pattern(rb"[^<>\"']*+[\"']")
_AFTER = pattern(rb"[\w:.-]*+", re.A)
_ELEMENT_ENDS, _ATTRIBUTE_ENDS = b" \t\r\n/>", pattern(rb"\s*+=\s*+[\"']")


def markup_of(file: ByteSource) -> Callable[[int, int], str]:
    """Return what names the markup around a range of a file, or nothing if it is none or no technical word."""

    def named(start: int, end: int) -> str:
        low = max(0, start - _AROUND)
        data = file.read(low, min(file.size, end + _AROUND) - low)
        value = data[start - low : end - low]
        if told := _written_by_all(data, start - low, end - low):
            return told
        if not value.isascii() or not all(map(is_plain_name, value.decode().split(":"))):
            return ""
        before, behind = _start(data[: start - low]), data[end - low :]
        after = _AFTER.match(behind)
        rest = behind[after.end() if after else 0 :]
        if before.endswith((b"<", b"</")):
            return "an element's name" if rest[:1] and rest[:1] in _ELEMENT_ENDS else ""
        return "an attribute's name" if before[-1:].isspace() and _ATTRIBUTE_ENDS.match(rest) else ""

    return named


def _written_by_all(data: bytes, start: int, end: int) -> str:
    """Return what holds a range, if it is a namespace or a declaration of XML that says nothing."""
    open_quote = max(data.rfind(b'"', 0, start), data.rfind(b"'", 0, start))
    rest = _QUOTED.match(data, end)
    if open_quote >= 0 and rest is not None and data[rest.end() - 1] == data[open_quote]:
        whole = data[open_quote + 1 : rest.end() - 1]
        if whole.isascii() and NAMESPACE.fullmatch(whole.decode()):
            return "a namespace"
    found = DECLARATION.match(data, at) if (at := data.rfind(b"<?xml", 0, start)) >= 0 else None
    return "a declaration" if found is not None and found.end() >= end else ""


def _start(before: bytes) -> bytes:
    """Cut off the beginning of the name in which ``before`` ends."""
    size = len(before)
    while size and (before[size - 1 : size].isalnum() or before[size - 1 : size] in b"_:.-"):
        size -= 1
    return before[:size]
