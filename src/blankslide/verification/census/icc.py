"""What can be read in a colour profile, tag by tag.

Texts of a profile are free: who made it, when, and with which device. Numbers are needed. The header's
own words are signatures of four letters; its date, platform, maker and id are spoken like texts.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING

from blankslide.verification.census.account import Text
from blankslide.verification.census.data import joined, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blankslide.verification.census.data import Span

_HEAD, _MOST = 128, 256
_LARGEST = 1000
"""What no number of a colour is larger than."""
_PARAMETERS = (1, 3, 4, 5, 7)


def is_profile(data: bytes) -> bool:
    """Whether bytes are a colour profile."""
    return len(data) > _HEAD + 4 and data[36:40] == b"acsp"


def parts(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield name and span of what may be text in a profile: tags that are no numbers, gaps, and what follows."""
    known: list[Span] = [(0, _HEAD + 4)]
    for name, kind, start, end in _tags(data):
        known.append((start, end))
        if not _is_numbers(kind, data[start:end]):
            yield name, start + 4, end
    count = min(_MOST, struct.unpack_from(">I", data, _HEAD)[0])
    known.append((_HEAD + 4, _HEAD + 4 + 12 * count))
    yield from (("gap", start, end) for start, end in without([(0, len(data))], joined(known)))


def header(file: int, path: str, data: bytes, base: int, where: str) -> Iterator[Text]:
    """Yield what the header of a profile says, which is no text there."""
    for name, start, end in (
        ("maker", 4, 8),
        ("platform", 40, 44),
        ("device", 48, 52),
        ("model", 52, 56),
        ("author", 80, 84),
    ):
        word = data[start:end].strip(b"\0 ").decode("latin-1")
        if word:
            yield Text(file, f"{path}/icc/header/{name}", word, base + start, base + end, where)
    if any(data[24:36]):
        numbers = struct.unpack_from(">6H", data, 24)
        told = "{}-{}-{} {}:{}:{}".format(*numbers)
        yield Text(file, f"{path}/icc/header/date", told, base + 24, base + 36, where)
    if any(data[100:128]):
        yield Text(
            file,
            f"{path}/icc/header/reserved",
            data[100:128].strip(b"\0").decode("latin-1"),
            base + 100,
            base + 128,
            where,
        )


def _tags(data: bytes) -> Iterator[tuple[str, bytes, int, int]]:
    """Yield name, type and span of each tag that is inside the profile."""
    count = min(_MOST, struct.unpack_from(">I", data, _HEAD)[0])
    for i in range(count):
        at = _HEAD + 4 + 12 * i
        if at + 12 > len(data):
            return
        name, start, length = struct.unpack_from(">4sII", data, at)
        if start + length <= len(data) and length >= 8:
            yield name.decode("latin-1").strip("\0 "), data[start : start + 4], start, start + length


def _is_numbers(kind: bytes, body: bytes) -> bool:
    """Whether a tag of a type of numbers has the length that it says, and numbers that colours can have."""
    needed = _needed(kind, body.ljust(52, b"\0"), len(body))
    if needed is None or not needed <= len(body) < needed + 4:
        return False
    if kind in (b"XYZ ", b"sf32", b"chrm"):
        head = 12 if kind == b"chrm" else 8
        numbers = struct.unpack(f">{(needed - head) // 4}i", body[head:needed])
        return all(abs(number) <= _LARGEST << 16 for number in numbers)
    if kind == b"curv":
        steps = struct.unpack(f">{(needed - 12) // 2}H", body[12:needed])
        return len(steps) < 2 or all(a <= b for a, b in pairwise(steps)) or all(a >= b for a, b in pairwise(steps))
    return True


def _needed(kind: bytes, body: bytes, length: int) -> int | None:
    """Return how long a tag of numbers is by what it says itself; None if it is of no such type."""
    count = int.from_bytes(body[8:12], "big")
    inputs, outputs, grid = body[8:11]
    cells = grid**inputs * outputs if inputs <= 4 else 0
    known = {
        b"XYZ ": length - (length - 8) % 12,
        b"sf32": length - (length - 8) % 4,
        b"curv": 12 + 2 * count,
        b"para": 12 + 4 * _PARAMETERS[min(count >> 16, 4)],
        b"chrm": 12 + 8 * (count >> 16),
        b"meas": 36,
        b"view": 36,
        b"sig ": 12,
        b"mft1": 48 + 256 * (inputs + outputs) + cells,
        b"mft2": 52
        + 2 * (inputs * int.from_bytes(body[48:50], "big") + outputs * int.from_bytes(body[50:52], "big") + cells),
    }
    if kind in (b"mAB ", b"mBA ", b"mpet"):
        return length
    return known.get(kind)
