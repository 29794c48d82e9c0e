"""Hostile slides of our own: what can be written into the texts of a TIFF format's sample.

`TEXTS` lists the plants by the number of their kind, like `hostile_plants.PLANTS`. A text is XML, JSON, or pairs of key
and value with a border between them; the border is taken from the sample's own text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.testing.own.hostile_plants import ARTIST, DESCRIPTION, Cannot
from blankslide.testing.own.tiffplant import ASCII

if TYPE_CHECKING:
    from blankslide.testing.own.hostile_plants import Draw, Put
    from blankslide.testing.own.tiffplant import Plant

_TAGS = (65000, 700, 65449, DESCRIPTION)
_ROOT = re.compile(rb"<(?![?!/])([\w:.-]+)")
_END = re.compile(rb"</[\w:.-]+>\s*\Z")
_DECLARED = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>")
_NUMBER = re.compile(rb"(?<==)(?: ?\"?)(\d+(?:\.\d+)?)(?=[\"|;\r\n])|(?<=>)(\d+(?:\.\d+)?)(?=<)|(?<=: )(\d+)(?=[,}])")


def _text(plant: Plant) -> tuple[int, int, int, bytes]:
    """Return page, tag, type and bytes of the text in which the format says most."""
    found = [
        (len(e[3]), i, e)
        for i in range(len(plant.pointers()))
        for e in plant.entries(i)
        if e[0] in _TAGS and len(e[3]) > 60
    ]
    if not found:
        raise Cannot("the sample has no text")
    _, page, (tag, kind, _, raw) = max(found)
    return page, tag, kind, raw.rstrip(b"\0")


def _changed(plant: Plant, old: tuple[int, int, int, bytes], new: bytes) -> None:
    page, tag, kind, _ = old
    plant.put(page, tag, kind, new + b"\0" * (kind == ASCII))


def _xml(raw: bytes, inside: bytes = b"", attribute: bytes = b"", before: bytes = b"") -> bytes:
    """Put things into an XML text: before the root's end, into the root's tag, in front of the root."""
    root, end = _ROOT.search(raw), _END.search(raw)
    if root is None or end is None:
        raise Cannot("the format has no XML")
    body = raw[root.start() : root.end()] + attribute + raw[root.end() : end.start()] + inside + raw[end.start() :]
    head = raw[: root.start()]
    declared = _DECLARED.match(head)
    at = declared.end() if declared else 0
    return head[:at] + before + head[at:] + body


def _pairs(raw: bytes, *pairs: tuple[str, str]) -> bytes:
    """Add keys and values as the text has them."""
    if _ROOT.search(raw) and _END.search(raw):
        return _xml(raw, b"".join(f"<{k.replace(' ', '')}>{v}</{k.replace(' ', '')}>".encode() for k, v in pairs))
    if raw[:1] == b"{":
        return b"{" + b"".join(f'"{k}": "{v}", '.encode() for k, v in pairs) + raw[1:]
    border = next(b for b in (b"|", b";", b"\r\n", b"\n") if b in raw)
    return raw.rstrip() + b"".join(border + f"{k} = {v}".encode() for k, v in pairs)


def _telling(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    old = _text(plant)
    values = {
        "MRN": draw.digits(7),
        "Birth Year": f"1947.{draw.digits(3)}",
        "Case No": f"{draw.digits(2)}.{draw.digits(5)}",
    }
    _changed(plant, old, _pairs(old[3], *values.items()))
    return tuple(value.encode() for value in values.values())


def _place(place: str) -> Put:
    """A name somewhere in XML where no value stands."""

    def put(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
        old, first, last = _text(plant), draw.name(), draw.name(5)
        name, path = f"{first}_{last}_1951-03-02".encode(), f"{first}/{last}/1951".encode()
        told = f"{last} 1951-03-02".encode()
        new, planted = {
            "instruction": lambda: (_xml(old[3], before=b"<?" + name + b"?>"), name),
            "comment": lambda: (_xml(old[3], inside=b"<!-- " + name + b" -->"), name),
            "element": lambda: (_xml(old[3], inside=b"<" + name + b"/>"), name),
            "attribute": lambda: (_xml(old[3], attribute=b" " + name + b'="1"'), name),
            "namespace": lambda: (_xml(old[3], attribute=b' xmlns:a="http://www.w3.org/' + path + b'"'), path),
            "CDATA": lambda: (_xml(old[3], inside=b"<x><![CDATA[&" + first.encode() + b"; " + told + b"]]></x>"), told),
        }[place]()
        _changed(plant, old, new)
        return (planted,)

    return put


def _free(number: int) -> Put:
    """A name where the text has a number."""

    def put(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
        old, name = _text(plant), draw.name().upper().encode()
        found = list(_NUMBER.finditer(old[3]))
        if len(found) <= number:
            raise Cannot("the text has fewer numbers")
        hit = found[number * len(found) // 4] if len(found) > 4 else found[number]
        start, end = next(hit.span(i) for i in (1, 2, 3) if hit.group(i) is not None)
        _changed(plant, old, old[3][:start] + name + old[3][end:])
        return (name,)

    return put


def _own_word(plant: Plant, page: int, draw: Draw) -> tuple[bytes, ...]:
    """An artist who is called like a word of the format."""
    word = draw.random.choice((b"Image", b"Label", b"Level", b"Scanner", b"Pixels"))
    plant.put(page, ARTIST, ASCII, word + b"\0")
    return ()


TEXTS: dict[int, dict[str, Put]] = {
    9: {"telling keys": _telling},
    17: {place: _place(place) for place in ("instruction", "comment", "element", "attribute", "namespace", "CDATA")},
    18: {f"number {i}": _free(i) for i in range(4)},
    26: {"artist": _own_word},
}
