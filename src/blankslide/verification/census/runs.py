"""Every readable run in bytes that nobody has proven to be tissue, whatever its encoding.

Recall comes first: what a person could read is found wherever it stands, at every alignment. What
keeps noise away is the look of a run. A run of twelve characters, or one that ends at a zero byte or
at the end of the bytes, needs none; a shorter one must hold a *core*: a word of one case, two words,
a number with its separators, an id. Tables are told from text by their order: numbers that only rise
or only fall, and one pixel repeated, are no text. Chinese characters in UTF-16 look like any number,
so there four of them must be common ones, or three between zeros.

Long runs of zeros are cut out before anything is looked at; every expression takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from blankslide.verification.census.dense import between, filled, joined, stretches, table_of
from blankslide.verification.census.look import LONG, has_core, is_table, readable
from blankslide.verification.census.units import in_units

WORDY = 7  # characters of a core that is not read as UTF-16 as well


class Run(NamedTuple):
    """One readable run; `start` and `end` are offsets into the buffer, plus `base`."""

    start: int
    end: int
    text: str
    encoding: str


def runs(data: bytes, base: int = 0, shortest: int = 5) -> list[Run]:
    """Every readable run, in the order of the bytes.

    Parameters
    ----------
    data
        Bytes that are not proven tissue.
    base
        Added to all offsets.
    shortest
        Characters that a run has at least; fewer do where each of them says more.

    Returns
    -------
    list of Run
        Each `text` is the decoded span, without the white space around it.
    """
    dense = filled(data)
    found = _bytewise(dense.data, shortest)
    wordy = list(map(_is_wordy, found))
    rest = joined(
        dense.data, between([(r.start, r.end) for r, sure in zip(found, wordy, strict=True) if sure], len(dense.data))
    )
    wide = [Run(*rest.span(start, end), text, encoding) for start, end, text, encoding in in_units(rest.data, shortest)]
    sure = [r for r, is_sure in zip(found, wordy, strict=True) if is_sure]
    unsure = sorted(r for r, is_sure in zip(found, wordy, strict=True) if not is_sure)
    doubtful = _outside([r for r in unsure if not has_core(r.text)], wide)
    sure += [r for r in unsure if has_core(r.text)]
    all_of_them = sorted(sure + wide + doubtful)
    spans = [dense.span(r.start, r.end) for r in all_of_them]
    return [Run(base + a, base + b, r.text, r.encoding) for (a, b), r in zip(spans, all_of_them, strict=True)]


def _is_wordy(run: Run) -> bool:
    """Whether a run is text for sure, and need not be read as UTF-16 as well."""
    if run.encoding == "utf-8" and _speaking().search(run.text):
        return True
    if run.end - run.start >= (LONG if run.encoding == "ascii" else 2 * LONG):
        return run.encoding != "latin-1" or has_core(run.text)
    return has_core(run.text, WORDY)


_PRINT = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
_HIGH = bytes([0x8A, 0x8C, 0x8E, 0x9A, 0x9C, 0x9E, 0x9F, *range(0xC0, 0xD7), *range(0xD8, 0xF7), *range(0xF8, 0xFF)])
_LETTERS = bytes([*range(0x41, 0x5B), *range(0x61, 0x7B)]) + _HIGH
_PRINTED, _WORDS = table_of(_PRINT), table_of(_LETTERS)
_MANY = (
    rb"(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf])[\x80-\xbf]"
)


def _classes(**classes: bytes) -> bytes:
    """A table for `bytes.translate` from classes of bytes to one letter each."""
    table = bytearray(b"-" * 256)
    for name, members in classes.items():
        for byte in members:
            table[byte] = ord(name)
    return bytes(table)


_REST = bytes(range(0x80, 0xC0))
# Characters of several bytes that do not stand there by chance, as sequences of classes: beside letters
# of ASCII; three of two bytes, or two of three; beside a text.
_BY_CHANCE = (
    (
        _classes(l=bytes([*range(65, 91), *range(97, 123)]), a=bytes(range(0xC3, 0xCA)), v=b"\xe1", c=_REST),
        "lllac llacl lacll aclll aclac lllvcc llvccl lvccll vcclll",
    ),
    (
        _classes(
            a=bytes([*range(0xC3, 0xCA), *range(0xCE, 0xDC)]), b=bytes({*range(0xE0, 0xF0)} - {0xE2, 0xEE}), c=_REST
        ),
        "acacac bccbcc",
    ),
    (
        _classes(p=_PRINT, a=bytes(range(0xC2, 0xE0)), b=bytes(range(0xE0, 0xF0)), d=b"\xf0", c=_REST),
        "ppppppppac ppppppppbcc ppppppppdccc acpppppppp bccpppppppp dcccpppppppp",
    ),
)


@cache
def _utf8_text() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:[\t\n\r -~]++|" + _MANY + rb")+)")


@cache
def _speaking() -> re.Pattern[str]:
    """Two letters of three bytes in UTF-8, or three of two, do not come about by chance."""
    return re.compile(
        "[\u0904-\u0dff\u0e01-\u0eff\u10a0-\u11ff\u1e00-\u1fff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
        "\uac00-\ud7a3\uf900-\ufaff\uff10-\uff9f\U00020000-\U0002ffff]{2}"
        "|[\u00c0-\u024f\u0370-\u052f\u0531-\u0587\u05d0-\u05ea\u0620-\u06ff]{3}"
    )


@cache
def _latin_text() -> re.Pattern[bytes]:
    return re.compile(rb"[\t\n\r -~\x8a\x8c\x8e\x9a\x9c\x9e\x9f\xc0-\xd6\xd8-\xf6\xf8-\xfe]*+")


@cache
def _latin_word() -> re.Pattern[bytes]:
    return re.compile(rb"[A-Z\x8a\x8c\x8e\x9f\xc0-\xde]?[a-z\x9a\x9c\x9e\xdf-\xfe]++|[A-Z\x8a\x8c\x8e\x9f\xc0-\xde]++")


def _bytewise(data: bytes, shortest: int) -> list[Run]:
    plain = stretches(data, _PRINTED, max(2, min(shortest, LONG)))
    if data.isascii():
        return _accepted(data, plain, "ascii", shortest)
    many = _accepted(data, _utf8_spans(data), "utf-8", shortest)
    latin = _outside(_accepted(data, _latin_spans(data, many), "latin-1", shortest), many)
    beside = sorted(many + latin)
    ascii_spans = _outside([Run(a, b, "", "ascii") for a, b in plain], beside)
    return beside + _accepted(data, ((r.start, r.end) for r in ascii_spans), "ascii", shortest)


def _outside(found: list[Run], others: list[Run]) -> list[Run]:
    """Those that no other holds or crosses; both are in order."""
    out, at = [], 0
    for one in found:
        while at < len(others) and others[at].end <= one.start:
            at += 1
        if at == len(others) or others[at].start >= one.end:
            out.append(one)
    return out


def _utf8_spans(data: bytes) -> list[tuple[int, int]]:
    found: dict[int, int] = {}
    for table, needles in _BY_CHANCE:
        flat = data.translate(table)
        for needle in map(str.encode, needles.split()):
            at = flat.find(needle)
            while at >= 0:
                begin = _begin(data, 0, at, _PRINT)
                text = _utf8_text().match(data, begin)
                end = found[begin] = found.get(begin) or (text.end() if text else at)
                at = flat.find(needle, max(end, at + 1))
    out: list[tuple[int, int]] = []
    for begin, end in sorted(found.items()):
        if not out or begin >= out[-1][1]:
            out.append((begin, end))
    return out


def _begin(data: bytes, done: int, at: int, chars: bytes) -> int:
    """Where the text in front of a place begins."""
    near = data[max(done, at - 4096) : at]
    return at - (len(near) - len(near.rstrip(chars)))


def _latin_spans(data: bytes, others: list[Run]) -> Iterator[tuple[int, int]]:
    """Words of five letters, one of them not ASCII, with the text around them."""
    done, after = 0, 0
    for start, end in stretches(data, _WORDS, 5):
        if start < done or not _latin_word().fullmatch(data, start, end) or (word := data[start:end]).isascii():
            continue
        while after < len(others) and others[after].end <= start:
            after += 1
        if after < len(others) and others[after].start < end:
            continue
        begin = _begin(data, done, start, _PRINT + _HIGH)
        rest = _latin_text().match(data, end)
        done = rest.end() if rest else end
        # a short word, or one with few letters of ASCII, needs other text beside it
        if len(word) < 6 or len(word.translate(None, _HIGH)) < 3:
            beside = len(data[begin:start].translate(None, _HIGH)) + len(data[end:done].translate(None, _HIGH))
            if beside < 4 and not _is_bounded(data, begin, done):
                continue
        yield begin, done


def _is_bounded(data: bytes, start: int, end: int) -> bool:
    return start == 0 or end == len(data) or data[start - 1] == 0 or data[end] == 0


def _accepted(data: bytes, spans: Iterable[tuple[int, int]], encoding: str, shortest: int) -> list[Run]:
    codec = "cp1252" if encoding == "latin-1" else encoding
    out = []
    for first, last in spans:
        raw = data[first:last]
        start = first + len(raw) - len(raw.lstrip())
        raw = raw.strip()
        text = raw.decode(codec, "replace")
        if encoding == "utf-8" and _speaking().search(text):
            good = not is_table(text)
        elif encoding == "latin-1" and is_table(text, 6):
            good = False  # bytes that rise through the upper half
        else:
            good = len(text) >= shortest and readable(text, _is_bounded(data, first, last))
        if good:
            out.append(Run(start, start + len(raw), text, encoding))
    return out
