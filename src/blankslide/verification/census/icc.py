"""What can be read in a colour profile, tag by tag.

Texts of a profile are free: who made it, when, and with which device. Numbers are needed. The header's
own words are signatures of four letters; its date, platform, maker and id are spoken like texts.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from blankslide.verification.census.account import Account, Text
from blankslide.verification.census.texts import speak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blankslide.verification.census.data import Span

_HEAD, _MOST = 128, 256
_NUMBERS = frozenset((b"XYZ ", b"curv", b"para", b"sf32", b"mft1", b"mft2", b"mAB ", b"mBA ", b"chrm", b"meas", b"view",
                      b"sig ", b"mpet", b"uf32", b"ui08", b"ui16", b"ui32"))  # fmt: skip


def is_profile(data: bytes) -> bool:
    """Whether bytes are a colour profile."""
    return len(data) > _HEAD + 4 and data[36:40] == b"acsp"


def speak_profile(account: Account, file: int, path: str, data: bytes, base: int, where: str) -> None:
    """Add the texts of a profile, what stands in its gaps and behind it, and words among its numbers."""
    account.texts.extend(_header(file, path, data, base, where))
    known: list[Span] = [(0, _HEAD + 4)]
    for name, kind, start, end in _tags(data):
        known.append((start, end))
        place = f"{path}/icc/{name}"
        if kind not in _NUMBERS:
            speak(account, file, place, data[start + 4 : end], base + start + 4, where)
    count = min(_MOST, struct.unpack_from(">I", data, _HEAD)[0])
    known.append((_HEAD + 4, _HEAD + 4 + 12 * count))
    at = 0
    for start, end in sorted(known):
        if start > at:
            speak(account, file, f"{path}/icc/gap", data[at:start], base + at, where)
        at = max(at, end)
    if at < len(data):
        speak(account, file, f"{path}/icc/gap", data[at:], base + at, where)


def _header(file: int, path: str, data: bytes, base: int, where: str) -> Iterator[Text]:
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
