"""Readable runs in UTF-16, either order of bytes, at either alignment.

A text in UTF-16 shows in its upper bytes: for one script they are the same, or nearly. So the even
and the odd bytes are looked at apart, each stretch of likely upper bytes is decoded in both orders,
and only the decoded text is judged. Chinese characters look like any number: half of all numbers are
one. Four of them must be among the common characters of one country, or three must stand between
zeros or text; a longer run may hold rare ones.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import NamedTuple

from blankslide.verification.census.dense import joined, stretches, table_of
from blankslide.verification.census.look import is_table, readable

RAMP = 8  # curves of colour profiles rise through all of Unicode


class Units(NamedTuple):
    """A run in UTF-16, as a span of bytes."""

    start: int
    end: int
    text: str
    encoding: str


# upper bytes of alphabets and of Korean; of Chinese and Japanese, and of ASCII among them
_ALPHABETS = table_of(bytes([*range(7), 0x0E, 0x10, 0x1E, 0x1F, 0x20, 0x30, *range(0xAC, 0xD8), 0xFF]))
_SIGNS = table_of(bytes([0, 0x20, 0x30, *range(0x4E, 0xA0), 0xFA, 0xFF]))


@cache
def _printed() -> re.Pattern[str]:
    return re.compile(
        "[\t\n\r -~\xa0-\u024f\u0300-\u0304\u0308\u030c\u0386-\u03ce\u0401-\u045f\u0490-\u0493\u0531-\u0587\u05d0-\u05ea"
        "\u060c\u061b\u0621-\u064a\u0660-\u0669\u067e\u0686\u06a9\u06af\u06cc\u0e01-\u0e5b\u10d0-\u10f0\u1ea0-\u1ef9"
        "\u2010-\u2026\u20ac\u2116\u2122\u3001-\u3011\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
        "\uff01-\uff9f]{2,}+"
    )


@cache
def _sign() -> re.Pattern[str]:
    return re.compile("[\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]")


@cache
def _known() -> frozenset[str]:
    return frozenset().union(*_common())


@cache
def _not_sign() -> re.Pattern[str]:
    return re.compile("[^\u3005-\u3007\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")


@cache
def _interesting() -> re.Pattern[str]:
    """What a stretch must hold to be looked at: five letters, or signs that are common, many or behind a zero."""
    common = "".join(sorted(_known()))
    letters = "\t\n\r -~\xa0-\u024f\u0386-\u045f\u0531-\u0587\u05d0-\u06cc\u0e01-\u0e5b\u1ea0-\u1ef9"
    signs = "\u3005-\u3007\u3041-\u30ff\u4e00-\u9fff\uf900-\ufaff"
    return re.compile(f"[{letters}]{{3,}}+|\0[{signs}\uac00-\ud7a3]{{3}}|[{re.escape(common)}]{{4,}}+|[{signs}]{{6,}}+")


@cache
def _common() -> tuple[frozenset[str], ...]:
    """The common characters of Japan, China, Taiwan and Korea, as their oldest codes list them first."""
    kana = "".join(map(chr, chain(range(0x3041, 0x3097), range(0x30A1, 0x30FD)))) + "々〇・"
    rows = {"euc_jp": (0xB0, 0xCF), "gb2312": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "euc_kr": (0xB0, 0xC8)}
    out = []
    for codec, (first, last) in rows.items():
        lows = range(0xA1, 0xFF) if codec != "big5" else chain(range(0x40, 0x7F), range(0xA1, 0xFF))
        trails = list(lows)
        code = bytes(chain.from_iterable((row, low) for row in range(first, last + 1) for low in trails))
        out.append(frozenset(code.decode(codec, "ignore") + (kana if codec == "euc_jp" else "")))
    return tuple(out)


def in_units(data: bytes, shortest: int = 5) -> list[Units]:
    """All readable runs in UTF-16; where two readings cross, the longer one."""
    data = b"\0\0" + data + b"\0\0"  # an end of the bytes ends a text
    found: list[Units] = []
    for parity in (0, 1):
        upper = data[parity::2]
        for table in (_ALPHABETS, _SIGNS):
            spans = [(a * 2 + parity, b * 2 + parity) for a, b in stretches(upper, table, 4)]
            found += _read(data, spans, "utf-16-be", shortest)
            found += _read(data, [(a - 1 if a else 1, b - 1) for a, b in spans], "utf-16-le", shortest)
    return _apart(found)


def _read(data: bytes, spans: list[tuple[int, int]], encoding: str, shortest: int) -> Iterator[Units]:
    """Decode all stretches at once; only those with something in them are looked at singly."""
    dense = joined(data, [(a, b - (b - a) % 2) for a, b in spans if b - a > 3 and b <= len(data)], b"\xff" * 8)
    text = dense.data.decode(encoding, "replace")
    done = 0
    for hit in _interesting().finditer(text):
        if hit.start() < done:
            continue
        begin = max(done, text.rfind("\uffff", done, hit.start()) + 1)
        done = text.find("\uffff", hit.end())
        done = len(text) if done < 0 else done
        for piece in _printed().finditer(text, begin, done):
            if kept := _kept(piece, shortest):
                first, last = dense.span(kept[0] * 2, kept[1] * 2)
                yield Units(first - 2, last - 2, text[kept[0] : kept[1]], encoding)


def _kept(piece: re.Match[str], shortest: int) -> tuple[int, int] | None:
    """What of a piece of printable characters is text, as a span of characters."""
    whole, (start, end) = piece.string, piece.span()
    text = piece[0].strip()
    if len(text) < min(3, shortest) or (len(text) < shortest and not _sign().search(text)):
        return None
    if not _not_sign().search(text) and len(text) < 6 and (whole[start - 1], whole[end : end + 1]) != ("\0", "\0"):
        return (start, end) if len(text) > 3 and any(known.issuperset(text) for known in _common()) else None
    before, behind = whole[start - 1 : start] == "\0", whole[end : end + 1] == "\0"
    start += piece[0].index(text)
    end = start + len(text)
    signs = "".join(_sign().findall(text))
    if not signs:
        return (start, end) if readable(text, before or behind) and not is_table(text, RAMP * 2) else None
    if is_table(text, RAMP):
        return None
    if len(text) - len(signs) >= shortest:  # letters with signs that belong to it, or with noise beside it
        first, last = _without_rare_ends(text)
        return (start + first, start + last) if readable(text[first:last]) else None
    common = max(sum(map(known.__contains__, signs)) for known in _common())
    if before and behind:
        good = len(signs) >= 3 and common >= 2 and common * 2 >= len(signs)
    else:
        good = common >= 4 and (common == len(signs) or (common >= 5 and common * 4 >= len(signs) * 3))
    return (start, end) if good else None


def _without_rare_ends(text: str) -> tuple[int, int]:
    first, last = 0, len(text)
    known = _known()
    while first < last and _sign().match(text[first]) and text[first] not in known:
        first += 1
    while last > first and _sign().match(text[last - 1]) and text[last - 1] not in known:
        last -= 1
    return first, last


def _apart(found: list[Units]) -> list[Units]:
    """The longest of those that cross one another, in the order of the bytes."""
    starts: list[int] = []
    kept: list[Units] = []
    for one in sorted(set(found), key=lambda u: (u.start - u.end, u.encoding != "utf-16-le", u.start)):
        at = bisect_left(starts, one.end)
        if at == 0 or kept[at - 1].end <= one.start:
            place = bisect_left(starts, one.start)
            starts.insert(place, one.start)
            kept.insert(place, one)
    return kept
