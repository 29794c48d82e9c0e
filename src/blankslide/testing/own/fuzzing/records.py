"""What an input of the fuzzer means: which sample is broken, and how.

An input is one byte that chooses the sample, and records of sixteen bytes, of which each is one change: what is done,
in which place, with which number. A fuzzer that knows nothing but bytes so works on the structure of a slide of a
megabyte with some dozen bytes, and everything it finds is a short list of changes that can be kept as a case. Places
and numbers are chosen among those that matter (`seeds`), and a few at large. An input that begins with 255 is a file as
it stands.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from struct import Struct
from typing import TYPE_CHECKING, Protocol

from blankslide.testing.own.fuzzing.changes import END, Change, cut, put

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from blankslide.testing.own.fuzzing.seeds import Number

RAW = 255
MOST = 8
_RECORD = Struct("<BBHIQ")
LONGEST = 1 + MOST * _RECORD.size
_ORDERS = ("little", "big")
#: Words that have broken parsers of others: declarations of XML, paths, escapes, marks of containers, JPEG's markers.
WORDS = (
    b'<!DOCTYPE a [<!ENTITY b "c">]>', b"<!ENTITY ", b"<![CDATA[", b"]]>", b"<?xml ?>", b"&#0;", b"&b;", b"<a>",
    b"</a>", b"../../", b"..\\", b"/etc/passwd", b"C:\\", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc0\x80",
    b"\xed\xa0\x80", b"%n", b"[", b"]", b"=", b"\n", b"\r", b"|", b" = ", b"-1", b"1e999", b"nan", b"9" * 24, b"0x",
    b"label", b"macro", b"II*\0", b"MM\0+", b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xfe\xff\xff",
    b"\xff\xd8\xff\xe1\xff\xff", b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\xdd\xe0", b"UN", b"SQ", b"ZISRAW",
    b"DELETED", b"SQLite format 3\0",
)  # fmt: skip


class Sample(Protocol):
    """What is asked of a seed."""

    name: str

    @property
    def files(self) -> Mapping[str, bytes]:
        """Its files."""

    @property
    def places(self) -> Sequence[tuple[str, int]]:
        """Bytes that say something."""

    @property
    def edges(self) -> Sequence[tuple[str, int]]:
        """Where something begins or ends."""

    @property
    def numbers(self) -> Sequence[Number]:
        """Numbers of the structure."""

    @property
    def values(self) -> Sequence[int]:
        """Numbers worth writing."""


def changes_of(data: bytes, sample: Sample) -> list[Change]:
    """Return the changes that an input means for a sample; never more than `MOST`."""
    if data[:1] == bytes((RAW,)):
        return [Change(sample.name, 0, END, data[1:])]
    out = []
    for at in range(1, min(len(data), LONGEST) - _RECORD.size + 1, _RECORD.size):
        kind, how, small, where, value = _RECORD.unpack_from(data, at)
        out.append(_KINDS[kind % len(_KINDS)](sample, how, small, where, value))
    return out


def _number(sample: Sample, how: int, small: int, value: int) -> int:
    """A number that matters, sometimes a little beside it; or any."""
    if how & 3 == 3:
        return value
    chosen = sample.values[value % len(sample.values)]
    return chosen + (small & 31) - 16 if how & 4 else chosen


def _byte(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    name, at = sample.places[where % len(sample.places)]
    old = sample.files[name][at] if at < len(sample.files[name]) else 0
    return put(name, at, bytes(((old ^ (1 << (small & 7))) if how & 1 else value & 255,)))


def _field(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    number = sample.numbers[where % len(sample.numbers)]
    data = sample.files[number.name]
    order = "little" if data[:2] == b"II" else "big" if data[:2] == b"MM" else _ORDERS[how >> 7]
    new = _number(sample, how, small, value) % (1 << 8 * number.size)
    return put(number.name, number.at, new.to_bytes(number.size, "little" if order == "little" else "big"))


def _anywhere(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    name, at = sample.places[where % len(sample.places)]
    size = (1, 2, 4, 8)[small >> 5 & 3]
    new = _number(sample, how, small, value) % (1 << 8 * size)
    return put(name, at, new.to_bytes(size, "big" if how >> 7 else "little"))


def _word(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    name, at = sample.places[where % len(sample.places)]
    word = WORDS[value % len(WORDS)]
    return Change(name, at, len(word) if how & 1 else 0 if how & 2 else small & 63, word)


def _copied(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    name, at = (sample.places if how & 1 else sample.edges)[where % len(sample.places if how & 1 else sample.edges)]
    other, source = sample.edges[value % len(sample.edges)]
    length = (small & 255) + 1 if how & 2 else 12
    return put(name, at, sample.files[other][source : source + length])


def _cut(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    name, at = (sample.places if how & 1 else sample.edges)[where % len(sample.places if how & 1 else sample.edges)]
    return cut(name, at + (small & 3) - 1)


def _removed(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    name, at = (sample.places if how & 1 else sample.edges)[where % len(sample.places if how & 1 else sample.edges)]
    return Change(name, at, (small & 1023) + 1, b"" if how & 2 else bytes(value & 63))


def _filled(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    name, at = sample.places[where % len(sample.places)]
    return put(name, at, bytes((value & 255 if how & 1 else 255 * (how >> 1 & 1),)) * ((small & 255) + 1))


def _grown(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    name, _ = sample.places[where % len(sample.places)]
    filler = bytes(small & 4095) if how & 1 else value.to_bytes(8, "little")
    return Change(name, len(sample.files[name]), 0, filler)


def _packed(sample: Sample, how: int, small: int, where: int, value: int) -> Change:
    """Change a byte of what stands deflated there, and deflate it again; else as `_byte`."""
    name, at = sample.edges[where % len(sample.edges)]
    for bits in (15, -15):
        reader = zlib.decompressobj(bits)
        try:
            plain = bytearray(reader.decompress(sample.files[name][at:], 1 << 20))
        except zlib.error:
            continue
        gone = len(sample.files[name]) - at - len(reader.unused_data) - len(reader.unconsumed_tail)
        if len(plain) > 16 and reader.eof:
            plain[value % len(plain)] = small & 255
            writer = zlib.compressobj(9, wbits=bits)
            new = writer.compress(bytes(plain)) + writer.flush()
            return put(name, at, new.ljust(gone, b"\0")) if len(new) <= gone else Change(name, at, gone, new)
    return _byte(sample, how, small, where, value)


_KINDS: tuple[Callable[[Sample, int, int, int, int], Change], ...] = (
    _byte, _field, _field, _anywhere, _word, _copied, _cut, _removed, _filled, _grown, _packed, _field,
)  # fmt: skip


def first_inputs(samples: int, random_bytes: Callable[[int], bytes], each: int = 24) -> list[bytes]:
    """Return inputs to begin with: each sample as it is, and then with one and with three changes of every kind."""
    out = [bytes((number,)) for number in range(samples)]
    for kind in range(each):
        for number in range(samples):
            head = bytes((number,))
            out.append(head + bytes((kind,)) + random_bytes(_RECORD.size - 1))
            out.append(head + random_bytes(3 * _RECORD.size))
    return out


def any_input(chance: Random, samples: int) -> bytes:
    """Return an input by chance: one to four changes of one sample, or, seldom, bytes as they stand."""
    if chance.random() < 0.01:
        return bytes((RAW,)) + chance.randbytes(chance.randrange(LONGEST))
    return bytes((chance.randrange(max(samples, 1)),)) + chance.randbytes(_RECORD.size * chance.randint(1, 4))
