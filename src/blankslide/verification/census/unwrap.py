"""What is inside of texts and streams that wrap something: base64, hex, zlib, gzip, percent and HTML escapes.

A name in base64 is readable to whoever tries. Each candidate is decoded and counts only if something
readable, a picture or another wrap comes out; so words that happen to be letters of base64 are left
alone. What is unpacked is bounded: 16 MB, and two hundred bytes for each byte that was read; a
zip bomb is cut there. Wraps inside of wraps are followed a few levels deep, always with the offsets
of the outermost bytes.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from blankslide.verification.census.dense import filled, stretches, table_of
from blankslide.verification.census.look import has_core
from blankslide.verification.census.runs import runs

MOST = 1 << 24  # bytes out of one stream
RATIO = 200  # bytes out for each byte in
BUDGET = 1 << 26  # bytes read from candidates and unpacked, in one call
_PIECE, _TRIED = 1 << 14, 1 << 12  # what a text that was unwrapped, and one that was tried, cost besides their bytes
_NAME = 64  # characters of a text that may stand in many places
LEAST = 8  # bytes that a stream holds at least
BROKEN = 32  # bytes that a stream without its end holds at least
PICTURES = (
    b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+",
    b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP", b"II\xbc",
)  # fmt: skip


class Wrapped(NamedTuple):
    """What was inside; `start` and `end` are those of the outermost wrap."""

    start: int
    end: int
    how: str
    data: bytes


def unwrapped(data: bytes, base: int = 0, deepest: int = 3) -> list[Wrapped]:
    """Everything inside of wraps, and inside of what is inside.

    Parameters
    ----------
    data
        Bytes that are not proven tissue.
    base
        Added to all offsets.
    deepest
        Wraps within one another that are followed.
    """
    purse = _Purse(BUDGET)
    out: list[Wrapped] = []
    level = list(_once(data, purse))
    for _ in range(deepest):
        out += level
        level = [inner._replace(start=w.start, end=w.end) for w in level for inner in _once(w.data, purse)]
    return [w._replace(start=w.start + base, end=w.end + base) for w in out]


class _Purse:
    """Bytes that may still be worked on, so that no input takes long."""

    def __init__(self, left: int) -> None:
        self.left = left

    def pay(self, size: int) -> bool:
        self.left -= size
        return self.left > 0


def _once(data: bytes, purse: _Purse) -> Iterator[Wrapped]:
    """One level, streams first."""
    if purse.pay(len(data)):
        yield from _streams(data, purse)
        dense = filled(data)
        for start, end, how, inner in _texts(dense.data, purse):
            if purse.pay(_PIECE + len(inner)):
                yield Wrapped(*dense.span(start, end), how, inner)


# -- compressed streams ------------------------------------------------------------------


@cache
def _stream() -> re.Pattern[bytes]:
    """Heads of gzip and of zlib, with the checks that they hold."""
    return re.compile(
        rb"\x1f\x8b\x08[\x00-\x1f]|\x78[\x01\x5e\x9c\xda]"
        rb"|[\x08\x18\x28\x38\x48\x58\x68][\x01-\xff](?<=\x08\x1d|\x08\x5b|\x08\x99|\x08\xd7|\x18\x19|\x18\x57|\x18\x95"
        rb"|\x18\xd3|\x28\x15|\x28\x53|\x28\x91|\x28\xcf|\x38\x11|\x38\x4f|\x38\x8d|\x38\xcb|\x48\x0d|\x48\x4b|\x48\x89"
        rb"|\x48\xc7|\x58\x09|\x58\x47|\x58\x85|\x58\xc3|\x68\x05|\x68\x43|\x68\x81|\x68\xde)"
    )


def _streams(data: bytes, purse: _Purse) -> Iterator[Wrapped]:
    done = 0
    for head in _stream().finditer(data):
        start = head.start()
        is_gzip = data[start] == 0x1F
        if start < done or (not is_gzip and not _begins(data, start + 2)):
            continue
        inner, used, whole = _inflated(data, start, 31 if is_gzip else 15)
        if not purse.pay(512 + len(inner)):
            return
        if len(inner) >= (LEAST if whole else BROKEN) and (whole or _speaks(inner)):
            done = start + used
            yield Wrapped(start, done, "gzip" if is_gzip else "zlib", inner)


def _begins(data: bytes, at: int) -> bool:
    """Whether a first block can begin here: its kind is known, and a stored one gives its length twice."""
    block = data[at : at + 5]
    if len(block) < 2 or block[0] & 6 == 6:
        return False
    return block[0] & 6 != 0 or (len(block) == 5 and block[1] ^ block[3] == 255 and block[2] ^ block[4] == 255)


def _inflated(data: bytes, start: int, bits: int) -> tuple[bytes, int, bool]:
    """What comes out, how many bytes went in, and whether the end was reached or the bound."""
    unpack = zlib.decompressobj(bits)
    out, at, room = bytearray(), start, 1 << 10
    while at < len(data) and not unpack.eof:
        step = data[at : at + (room // 4)]
        try:
            out += unpack.decompress(step, room)
        except zlib.error:
            return bytes(out), at - start, False
        at += len(step) - len(unpack.unconsumed_tail) - len(unpack.unused_data)
        if len(out) >= min(MOST, RATIO * (at - start) + 4096):
            return bytes(out[:MOST]), at - start, True
        room = min(room * 2, 1 << 18)
    return bytes(out), at - start, unpack.eof


# -- texts -------------------------------------------------------------------------------


_DIGITS = b"0123456789ABCDEFabcdef"
_ALPHABET = bytes([*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)]) + b"+/-_"
_URLS = bytes(b for b in range(0x21, 0x7F) if b not in b"\"%'<>[\\]^`{|}#")
_TEXTS = bytes([*b"\t\n\r", *range(0x20, 0x7F), *range(0x80, 0x100)]).translate(None, b"&<>")
_OF_HEX, _OF_BASE64 = table_of(_DIGITS), table_of(_ALPHABET)
_PAIRS = bytes.maketrans(_DIGITS + b":,-", b"0" * 22 + b"   ")
_EVERY_OTHER = bytes(1 if b in _ALPHABET else 0 if b == 0 else 2 for b in range(256))


@cache
def _more_base64() -> re.Pattern[bytes]:
    """Further lines, and the padding."""
    return re.compile(rb"(?>(?:\r?\n[ \t]{0,8}[A-Za-z0-9+/]++)*)={0,2}")


@cache
def _base64_wide() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:[A-Za-z0-9+/]\0)+)(?:=\0?){0,2}")


@cache
def _hex_apart() -> re.Pattern[bytes]:
    """Pairs with something between them, as dumps, programs and addresses write them."""
    return re.compile(rb"(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}(?>(?:(?:[ :,-]|\\x|, ?0x)[0-9A-Fa-f]{2}){4,})")


@cache
def _uuid_head() -> re.Pattern[bytes]:
    """What stands before the last twelve digits of a UUID, which by chance may spell something."""
    return re.compile(rb"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}")


@cache
def _in_programs() -> re.Pattern[bytes]:
    return re.compile(rb"x[0-9A-Fa-f]{2}(?:\\|, ?0)x")


@cache
def _entity() -> re.Pattern[bytes]:
    return re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,31});")


@cache
def _urls() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:[!$&(-;=?-Z_a-z~]++|%[0-9A-Fa-f]{2})*)")


@cache
def _lines() -> re.Pattern[bytes]:
    return re.compile(rb"[\t\n\r -;=?-~\x80-\xff]*+")


@cache
def _escape() -> re.Pattern[bytes]:
    return re.compile(rb"%([0-9A-Fa-f]{2})")


@cache
def _blank() -> re.Pattern[bytes]:
    return re.compile(rb"[^0-9A-Fa-f]++|0x|\\x")


def _texts(data: bytes, purse: _Purse) -> Iterator[tuple[int, int, str, bytes]]:
    hexes = []
    for start, end, digits in _hexes(data):
        if not purse.pay(_TRIED):
            return
        inner = binascii.unhexlify(digits[: len(digits) // 2 * 2])
        if _speaks(inner) and not (digits.isdigit() and not has_core(inner.decode("latin-1"))):
            hexes.append(start)
            yield start, end, "hex", inner
    known, done = set(hexes), 0
    seen: dict[bytes, bytes] = {}  # the same names stand in a header thousands of times
    for start, end in stretches(data, _OF_BASE64, 11):
        more = _more_base64().match(data, end)
        if start >= done and start not in known and more:
            done = more.end()
            text = data[start:done]
            if text not in seen:
                if not purse.pay(_TRIED):
                    return
                seen[text] = _from_base64(text)
            if seen[text]:
                yield start, done, "base64", seen[text]
            if len(text) > _NAME:
                del seen[text]
    yield from _wide_base64(data)
    yield from _escaped(data, _escape(), _URLS, _urls(), "percent")
    if b";" in data:
        yield from _escaped(data, _entity(), _TEXTS, _lines(), "html")


def _hexes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    for start, end in stretches(data, _OF_HEX, 10):
        if end - start != 12 or not _uuid_head().fullmatch(data[max(0, start - 24) : start]):
            yield start, end, data[start:end]
    if b"00 00 00 00 00" in data.translate(_PAIRS) or _in_programs().search(data):
        for m in _hex_apart().finditer(data):
            yield m.start(), m.end(), _blank().sub(b"", m[0].replace(b"0x", b""))


def _wide_base64(data: bytes) -> Iterator[tuple[int, int, str, bytes]]:
    flat = data.translate(_EVERY_OTHER)
    at = flat.find(b"\1\0" * 11)
    while at >= 0:
        text = _base64_wide().match(data, at)
        end = text.end() if text else at + 22
        if inner := _from_base64(data[at:end:2]):
            yield at, end, "base64", inner
        at = flat.find(b"\1\0" * 11, end)


def _escaped(
    data: bytes, escape: re.Pattern[bytes], before: bytes, behind: re.Pattern[bytes], how: str
) -> Iterator[tuple[int, int, str, bytes]]:
    """Texts with escapes in them, from their beginnings to their ends."""
    done = 0
    for m in escape.finditer(data):
        if m.start() < done:
            continue
        near = data[max(done, m.start() - 4096) : m.start()]
        start = m.start() - (len(near) - len(near.rstrip(before)))
        rest = behind.match(data, m.start())
        done = max(rest.end() if rest else 0, m.end())
        inner = _without_percent(data[start:done]) if how == "percent" else _without_entities(data[start:done])
        if len(inner) >= 4 and inner != data[start:done] and runs(inner):
            yield start, done, how, inner


def _without_percent(text: bytes) -> bytes:
    return _escape().sub(lambda e: bytes([int(e[1], 16)]), text)


def _without_entities(text: bytes) -> bytes:
    import html

    return html.unescape(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _from_base64(text: bytes) -> bytes:
    """What a text of base64 holds, or nothing; with padding it may begin anywhere."""
    if b"\n" in text:
        text = bytes(text.translate(None, b"\r\n\t "))
    text = text.translate(_URL)
    body = text.rstrip(b"=")
    firsts = {len(text) % 4 if len(body) < len(text) else 0}
    firsts |= {m + 1 for m in (body.rfind(b"/", 0, len(body) - 10),) if m >= 0}
    for first in sorted(firsts):
        part = body[first:]
        part = part[: len(part) - (len(part) % 4 == 1)]
        inner = binascii.a2b_base64(part + b"=" * (-len(part) % 4))
        if _speaks(inner):
            return inner
    return b""


_URL = bytes.maketrans(b"-_", b"+/")


def _speaks(inner: bytes) -> bool:
    """Whether decoded bytes are a picture, a stream or a text, and not just bytes."""
    if inner.startswith(PICTURES[:3]) or (len(inner) > 64 and inner.startswith(PICTURES)):
        return True
    if inner[:3] == b"\x1f\x8b\x08" or (len(inner) > 8 and inner[:2] in (b"x\x01", b"x^", b"x\x9c", b"x\xda")):
        return bool(_inflated(inner, 0, 31 if inner[0] == 0x1F else 15)[0])
    found = runs(inner[: 1 << 16])
    covered = sum(r.end - r.start for r in found)
    return bool(covered) and (covered * 4 >= len(inner[: 1 << 16].strip(b"\0\t\r\n ")) * 3 or len(inner) >= 48)
