"""Whether a removed value is still in the file, in any spelling a slide could hold.

Each value of at least `SHORTEST` characters is spelled in every encoding of `encodings` and
looked for in all bytes outside the tissue. Shorter values would be found by chance; whoever
removed them checks the place where they stood.

Hundreds of needles are looked for at once by a sieve: the printable bytes of a chunk, and of
each needle, are put together without the rest. A needle can only be where its core is in the
sieved chunk, and ASCII, Latin-1 and both UTF-16 spellings of a value share one core. Holes and
zeros cost next to nothing. Memory: a few times `CHUNK`, whatever the size of the file.
"""

from __future__ import annotations

import re
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus

from blankslide.spans import subtract

if TYPE_CHECKING:
    from blankslide.source import ByteSource

SHORTEST = 5
CHUNK = 1 << 20
_UNPRINTABLE = bytes(b for b in range(256) if not 0x20 <= b <= 0x7E)
_SHORTEST_CORE = 3
_UNRESERVED = bytes([*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)]) + b"_.-~"
_ESCAPED = re.compile(r"%[0-9A-F]{2}")


class Hit(NamedTuple):
    """Where a value stands: bytes ``[start, end)``; ``field`` names the kept field around it."""

    id: str
    encoding: str
    start: int
    end: int
    field: str = ""


class Hits(NamedTuple):
    """Residue, coincidences (inside a kept field's own value), and how many bytes were read."""

    residue: tuple[Hit, ...]
    coincidences: tuple[Hit, ...]
    searched: int


class _Needle(NamedTuple):
    id: str
    encoding: str
    data: bytes


# -- spelling --------------------------------------------------------------------------


def encodings(value: str) -> dict[str, list[bytes]]:
    """Spell a value in every way that is searched.

    Parameters
    ----------
    value
        Text of any length.

    Returns
    -------
    dict
        Name of the encoding -> its byte strings, without repetitions.
    """
    utf8 = _utf8(value)
    wide = value.encode("utf-16-le", "surrogatepass")
    narrow = value.encode("latin-1", "ignore") if all(ord(c) < 256 for c in value) else b""
    bytewise = dict.fromkeys((utf8, narrow))
    spelled = {
        "utf-8": [utf8],
        "latin-1": [narrow],
        "utf-16-le": [wide],
        "utf-16-be": [value.encode("utf-16-be", "surrogatepass")],
        "percent": [form for text in bytewise for form in _percent(text)],
        "base64": [form for text in bytewise for form in _base64(text)],
        "base64 of utf-16-le": _base64(wide),
        "xml": [_utf8(escape(value, quote=q)) for q in (False, True)],
    }
    return _without_repetition(spelled)


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a UTF-16 pair, which no escape stands for
        return text.encode("utf-8", "surrogatepass")


def _without_repetition(spelled: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    seen: set[bytes] = {b""}
    out: dict[str, list[bytes]] = {}
    for name, forms in spelled.items():
        fresh = [f for f in dict.fromkeys(forms) if f not in seen]
        seen.update(fresh)
        if fresh:
            out[name] = fresh
    return out


def _percent(text: bytes) -> list[bytes]:
    digits = text.hex("%")
    full = [f"%{digits.upper()}".encode(), f"%{digits}".encode()] if text else []
    if not text.translate(None, _UNRESERVED):  # nothing in it that a URL would escape
        return [text, *full]
    forms = (quote(text, safe=""), quote(text), quote_plus(text))
    return [f.encode() for form in forms for f in (form, _lower_hex(form))] + full


def _lower_hex(form: str) -> str:
    return _ESCAPED.sub(lambda found: found[0].lower(), form)


def _base64(text: bytes) -> list[bytes]:
    """Encode at the three alignments, without the characters that depend on neighbours."""
    out = []
    for shift in range(3):
        first = (0, 2, 3)[shift]
        whole = (shift + len(text)) * 8 // 6
        out.append(b64encode(bytes(shift) + text)[first:whole])
    return out


# -- searching -------------------------------------------------------------------------


def search(
    source: ByteSource,
    keep_out: Sequence[tuple[int, int]],
    needles: Mapping[str, Sequence[str]] | Spelled,
    coincidence_spans: Sequence[tuple[int, int, str]] = (),
    own: Callable[[int, int], str] = lambda start, end: "",
) -> Hits:
    """Look for removed values in all bytes outside the tissue.

    Parameters
    ----------
    source
        The file after the edit.
    keep_out
        Ranges of tissue, sorted and disjoint.
    needles
        Finding id -> its removed values; or these `Spelled`, for several files.
    coincidence_spans
        Start, end and name of the fields that were kept: a hit wholly inside is a coincidence.
    own
        Asked with start and end of every other hit: names what of the format's own stands there, or nothing.

    Returns
    -------
    Hits
        Sorted by place; at most one hit for each id, encoding and kept field.
    """
    cores = (needles if isinstance(needles, Spelled) else Spelled(needles)).cores
    if not cores:
        return Hits((), (), 0)
    overlap = max(len(n.data) for group in cores.values() for n in group) - 1
    found: dict[tuple[str, str, str], Hit] = {}
    fields = _Fields(coincidence_spans)
    searched = 0
    for batch in _batches(_pieces(source, keep_out, overlap)):
        searched += len(batch.data)
        for needle, start in _sieve(batch, cores):
            hit = Hit(needle.id, needle.encoding, start, start + len(needle.data))
            hit = hit._replace(field=fields.around(hit) or own(hit.start, hit.end))
            found.setdefault((hit.id, hit.encoding, hit.field), hit)
    hits = sorted(found.values(), key=lambda h: (h.start, h.end, h.id))
    return Hits(tuple(h for h in hits if not h.field), tuple(h for h in hits if h.field), searched)


def _cores(needles: Mapping[str, Sequence[str]]) -> dict[bytes, list[_Needle]]:
    """Group all spellings by their printable core; too short a core sieves nothing."""
    out: dict[bytes, list[_Needle]] = {}
    for id_, values in needles.items():
        for value in dict.fromkeys(v for v in values if len(v) >= SHORTEST):
            for encoding, forms in encodings(value).items():
                for data in forms:
                    core = data.translate(None, _UNPRINTABLE)
                    key = core if len(core) >= _SHORTEST_CORE else b""
                    out.setdefault(key, []).append(_Needle(id_, encoding, data))
    return out


class Spelled:
    """Values in all their spellings, to be looked for in more than one file.

    Parameters
    ----------
    needles
        Finding id -> its removed values.
    """

    def __init__(self, needles: Mapping[str, Sequence[str]]) -> None:
        self.cores = _cores(needles)

    def __repr__(self) -> str:
        return "<spelled values>"


class _Fields:
    """Kept fields, of which a slide can have one or more for each tile."""

    def __init__(self, spans: Sequence[tuple[int, int, str]]) -> None:
        self.spans = sorted(spans)
        self.starts = [start for start, _, _ in self.spans]
        self.reached = list(accumulate((end for _, end, _ in self.spans), max))

    def around(self, hit: Hit) -> str:
        """Name a field that a hit lies wholly inside, or nothing."""
        i = bisect_right(self.starts, hit.start) - 1
        while i >= 0 and self.reached[i] >= hit.end:  # else no field that begins here or before goes so far
            _, end, name = self.spans[i]
            if end >= hit.end:
                return name or "a kept field"
            i -= 1
        return ""


class _Batch(NamedTuple):
    """Pieces of the file side by side: where each begins in ``data`` and in the file."""

    data: bytes
    begins: list[int]
    offsets: list[int]


def _pieces(source: ByteSource, keep_out: Sequence[tuple[int, int]], overlap: int) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of what is neither tissue, hole nor zeros, in overlapping chunks."""
    for start, end in subtract(list(source.data_ranges(0, source.size)), keep_out):
        pos = start
        while end - pos >= SHORTEST:
            data = source.read(pos, min(CHUNK + overlap, end - pos))
            if data.count(0) != len(data):
                yield pos, data
            pos += CHUNK


def _batches(pieces: Iterator[tuple[int, bytes]]) -> Iterator[_Batch]:
    """Join small pieces: between half a million tiles there can be as many gaps."""
    parts: list[bytes] = []
    begins: list[int] = []
    offsets: list[int] = []
    length = 0
    for offset, data in pieces:
        if length and length + len(data) > CHUNK:
            yield _Batch(b"".join(parts), begins, offsets)
            parts, begins, offsets, length = [], [], [], 0
        parts.append(data)
        begins.append(length)
        offsets.append(offset)
        length += len(data)
    if parts:
        yield _Batch(b"".join(parts), begins, offsets)


def _sieve(batch: _Batch, cores: Mapping[bytes, Sequence[_Needle]]) -> Iterator[tuple[_Needle, int]]:
    """Yield each needle with its place in the file."""
    printable = batch.data.translate(None, _UNPRINTABLE)
    for core, group in cores.items():
        if core in printable:
            for needle in group:
                yield from ((needle, start) for start in _places(batch, needle.data))


def _places(batch: _Batch, needle: bytes) -> Iterator[int]:
    """Yield the offsets in the file of a needle that lies inside one piece."""
    at = batch.data.find(needle)
    while at >= 0:
        piece = bisect_right(batch.begins, at) - 1
        stop = batch.begins[piece + 1] if piece + 1 < len(batch.begins) else len(batch.data)
        if at + len(needle) <= stop:
            yield batch.offsets[piece] + at - batch.begins[piece]
        at = batch.data.find(needle, at + 1)
