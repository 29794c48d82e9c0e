"""What is coded run by run is what coding byte by byte gives, and readers read it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from blankslide.blanks import lzw

_LAST = 4094


def _byte_by_byte(data: bytes) -> bytes:
    """Code with no thought for runs; TIFF 6.0, section 13."""
    out, table, following, width, prefix = [(256, 9)], {}, 258, 9, b""
    for byte in (data[i : i + 1] for i in range(len(data))):
        if len(prefix + byte) == 1 or prefix + byte in table:
            prefix += byte
            continue
        out.append((prefix[0] if len(prefix) == 1 else table[prefix], width))
        table[prefix + byte] = following
        following, prefix = following + 1, byte
        if following == _LAST:
            out.append((256, width))
            table, following, width = {}, 258, 9
        elif following == 1 << width:
            width += 1
    if prefix:
        out.append((prefix[0] if len(prefix) == 1 else table[prefix], width))
        width += following + 1 == 1 << width
    bits = "".join(f"{code:0{size}b}" for code, size in (*out, (257, width)))
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def _runs(chance: Random) -> bytes:
    letters = chance.choice((1, 2, 3, 256))
    lengths = (1, 2, 3, 7, 300, 4095, 4096, 4097, 9000)
    return b"".join(bytes([chance.randrange(letters)]) * chance.choice(lengths) for _ in range(chance.randrange(9)))


@pytest.mark.parametrize("seed", range(40))
def test_runs_are_coded_as_byte_by_byte(seed: int) -> None:
    import imagecodecs

    data = _runs(Random(seed))
    coded = lzw.encode(data)
    assert coded == _byte_by_byte(data)
    assert imagecodecs.lzw_decode(coded) == data if data else True


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_coded_as_byte_by_byte(seed: int) -> None:
    chance = Random(seed)
    data = bytes(chance.randrange(chance.choice((2, 5, 256))) for _ in range(12_000))
    assert lzw.encode(data) == _byte_by_byte(data)


class _Watched(bytes):
    """Counts how often it is looked at."""

    looks = 0

    def __getitem__(self, key: Any) -> Any:
        type(self).looks += 1
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[int]:
        type(self).looks += len(self)
        return super().__iter__()


def test_a_blank_is_not_looked_at_byte_by_byte() -> None:
    """A damaged number of samples makes blanks of 50 MB of a few kilobytes: they took three seconds each."""
    data = _Watched((b"\xff" * 493).ljust(360 * 493, b"\0") * 10)
    assert lzw.encode(data) == _byte_by_byte(bytes(data))
    assert _Watched.looks < len(data) // 50
