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

_GOOD = 2
NEAR = 0x300
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
        "[\t\n\r -~\xa0-\u024f\u0300-\u0304\u0308\u030c\u0386-\u03ce\u0401-\u045f\u0490-\u0493\u0531-\u0587"
        "\u05d0-\u05ea\u060c\u061b\u0621-\u064a\u0660-\u0669\u067e\u0686\u06a9\u06af\u06cc\u0e01-\u0e5b\u10d0-\u10f0\u1ea0-\u1ef9"
        "\u2010-\u2026\u20ac\u2116\u2122\u3001-\u3011\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
        "\uff01-\uff9f]{2,}+"
    )


@cache
def _sign() -> re.Pattern[str]:
    return re.compile("[\u3001-\u3011\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]")


@cache
def _latin() -> re.Pattern[str]:
    return re.compile("[\xc0-\u024f]")


@cache
def _repeated() -> re.Pattern[str]:
    """A fill of one number."""
    return re.compile(r"([^\0-\x7f])\1{5,}+")


@cache
def _known() -> frozenset[str]:
    return frozenset().union(*_common())


@cache
def _parts() -> re.Pattern[str]:
    """Characters of one script, with the marks and figures that go with all of them."""
    marks = "\t\n\r -@[-`{-~\xa0-\xbf\u2010-\u2026\u20ac"
    scripts = ("A-Za-z\xc0-\xfe\u0100-\u017f\u01a0-\u01b0\u0300-\u030c\u1ea0-\u1ef9", "\u0386-\u03ce", "\u0401-\u0493",
               "\u0531-\u0587", "\u05d0-\u05ea", "\u060c-\u06cc", "\u0e01-\u0e5b", "\u10d0-\u10f0")  # fmt: skip
    signs = "[\u3001-\u3011\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]++"
    return re.compile(
        "|".join([signs, *(f"[{marks}]*+[{letters}][{marks}{letters}]*+" for letters in scripts), f"[{marks}]++"])
    )


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
        signs = (c for c in code.decode(codec, "ignore") if c >= "\u3001")
        out.append(frozenset(signs) | frozenset(kana if codec == "euc_jp" else ""))
    return tuple(out)


def in_units(data: bytes, shortest: int = 5) -> list[Units]:
    """All readable runs in UTF-16; where two readings cross, the longer one."""
    data = b"\0\0" + data + b"\0\0"  # an end of the bytes ends a text
    found: list[tuple[Units, int]] = []
    for parity in (0, 1):
        upper = data[parity::2]
        for table in (_ALPHABETS, _SIGNS):
            spans = [(a * 2 + parity, b * 2 + parity) for a, b in stretches(upper, table, 4)]
            found += _read(data, spans, "utf-16-be", shortest)
            found += _read(data, [(a - 1 if a else 1, b - 1) for a, b in spans], "utf-16-le", shortest)
    return _apart(found)


def _read(data: bytes, spans: list[tuple[int, int]], encoding: str, shortest: int) -> Iterator[tuple[Units, int]]:
    """Decode all stretches at once; only those with something in them are looked at singly."""
    last = len(data)
    cut = [(a, b - (b - a) % 2) for a, b in ((a, min(b, last)) for a, b in spans) if b - a > 3]
    if not cut:
        return
    dense = joined(data, cut, b"\xff" * 8)
    text = _repeated().sub(lambda m: "\ufffe" * len(m[0]), dense.data.decode(encoding, "replace"))
    done = 0
    for hit in _interesting().finditer(text):
        if hit.start() < done:
            continue
        begin = max(done, text.rfind("\uffff", done, hit.start()) + 1)
        done = text.find("\uffff", hit.end())
        done = len(text) if done < 0 else done
        for piece in _printed().finditer(text, begin, done):
            for first, last, weight in _texts(piece, shortest):
                start, end = dense.span(first * 2, last * 2)
                more, less = int(start < 2), int(end > len(data) - 2)  # what is half beside the bytes
                start, end = start + 2 * more, end - 2 * less
                if start < end:
                    yield Units(start - 2, end - 2, text[first + more : last - less], encoding), weight


def _texts(piece: re.Match[str], shortest: int) -> Iterator[tuple[int, int, int]]:
    """Parts of a piece of printable characters that are text, without the noise beside them; and what they weigh."""
    whole, found, fair = piece.string, [], 0
    begin = end = piece.start()
    for part in _parts().finditer(whole, *piece.span()):
        first, last, quality = _judged(whole, *part.span(), shortest)
        if quality and first == end == part.start():
            end, fair = last, max(fair, quality)
        else:
            found.append((begin, end, fair))
            begin, end, fair = first, last, quality
        if last < part.end():
            found.append((begin, end, fair))
            begin, end, fair = part.end(), part.end(), 0
    for first, last, quality in (*found, (begin, end, fair)):
        text = whole[first:last].strip()
        if quality == _GOOD and text:
            first = whole.index(text, first)
            yield first, first + len(text), _weight(text)


def _weight(text: str) -> int:
    """How sure a reading is: by its ASCII, else by its common signs, else by its length."""
    plain = sum(map(str.isascii, text))
    if plain >= 3:
        return plain * 3
    return max(len(text) - len(_sign().findall(text)), *(sum(map(known.__contains__, text)) for known in _common()))


def _judged(whole: str, start: int, end: int, shortest: int) -> tuple[int, int, int]:
    """What of a part in one script is text, and whether it is for sure."""
    text = whole[start:end]
    before, behind = whole[start - 1 : start] == "\0", whole[end : end + 1] == "\0"
    if not _sign().match(text):
        body = text.strip()
        if is_table(body, RAMP * 2) or (body and body.count(body[0]) == len(body) > shortest):
            return start, start, 0
        if sum(map(str.isascii, body)) * 2 < len(body) and _latin().search(body):
            return start, start, 0  # numbers of one size, not a word with accents
        if len(body) >= shortest and readable(body, before or behind):
            return start, end, _GOOD
        return start, end, int(len(body) > 1)
    if is_table(text, RAMP) or _is_curve(text):
        return start, start, 0
    known = max(_common(), key=lambda them: sum(map(them.__contains__, text)))
    if before and behind and len(text) > 2 and sum(map(known.__contains__, text)) * 2 >= len(text):
        return start, end, _GOOD
    marks = "".join("1" if c in known else "0" for c in text)
    if marks.count("1") * 4 >= len(marks) * 3 and marks.count("1") > (3 if "0" not in marks else 4):
        return start, end, _GOOD
    for them in _common():
        marks = "".join("1" if c in them else "0" for c in text)
        if (at := marks.find("1111")) >= 0:
            last = at + len(marks[at:].split("0")[0])
            if not _is_curve(text[at:last]):
                return start + at, start + last, _GOOD
    return start, end, int(_known().issuperset(text))


def _is_curve(text: str) -> bool:
    """Whether three signs or more go by equal steps, or only rise or only fall and lie close together."""
    codes = list(map(ord, text))
    if len(codes) < 3 or len({code % 64 for code in codes}) == 1:
        return len(codes) > 2
    return max(codes) - min(codes) < NEAR and codes in (sorted(codes), sorted(codes, reverse=True))


def _as_good(one: Units, weight: int, other: Units, other_weight: int) -> bool:
    """Whether a reading may be the true one; noise beside signs may make a wrong reading longer."""
    if other.end - other.start > 4 * (one.end - one.start) or one.text in other.text:
        return False
    plain = max(sum(map(str.isascii, u.text[:64])) for u in (one, other))
    return weight * 5 >= other_weight * 3 if plain < 3 else weight == other_weight


def _apart(found: list[tuple[Units, int]]) -> list[Units]:
    """The weightiest of those that cross one another, and those that weigh as much but say something else."""
    starts: list[int] = []
    kept: list[tuple[Units, int]] = []
    also = []
    for one, weight in sorted(set(found), key=lambda u: (-u[1], u[0].encoding != "utf-16-le", u[0].start)):
        at = bisect_left(starts, one.end)
        if at == 0 or kept[at - 1][0].end <= one.start:
            place = bisect_left(starts, one.start)
            starts.insert(place, one.start)
            kept.insert(place, (one, weight))
        elif _as_good(one, weight, *kept[at - 1]):
            also.append(one)
    return sorted([one for one, _ in kept] + also)
