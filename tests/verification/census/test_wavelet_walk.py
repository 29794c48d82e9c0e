"""Blocks of wavelets are walked to their last bit, and what stands behind that is no pixel."""

from __future__ import annotations

import struct
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from blankslide.samples.kit.isyntax_writer import EMPTY, encode, framed, seek_table
from blankslide.source import MemorySource
from blankslide.verification.census import generic
from blankslide.verification.census.account import Account
from blankslide.verification.census.walked import surplus
from blankslide.verification.census.wavelet_walk import are_numbers, beside

NAME = b"Okafor, Mildred 1957"


def block(seed: int, planes: int = 3) -> bytes:
    random = np.random.default_rng(seed)
    sets = [np.zeros((128, 128), np.int16) for _ in range(planes)]
    for plane in sets:
        plane[tuple(random.integers(0, 128, (2, 300)))] = random.integers(-900, 900, 300)
    return encode(sets)


@pytest.mark.parametrize("planes", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_a_whole_block_holds_nothing_else(seed: int, planes: int) -> None:
    data = framed(block(seed, planes))
    assert beside(data) == []
    (rest,) = beside(framed(block(seed, planes) + NAME)) or []
    assert framed(block(seed, planes) + NAME)[slice(*rest)] == NAME
    assert beside(framed(EMPTY)) == []


def test_bit_planes_may_be_told_by_masks() -> None:
    planes = [np.zeros((128, 128), np.int16) for _ in range(3)]
    planes[0][3, 5] = 16383  # a sign and 14 bits: 14 planes come out, and three masks
    coded = encode(planes)
    length = int.from_bytes(coded[:4], "little")
    assert length == 14 * 2048 + 6
    masks = struct.pack("<3H", 0x3FFF, 0, 0)
    data = masks + coded[4:]
    (rest,) = beside(framed(data)) or []  # the first version's masks are symbols too many here
    assert rest[1] - rest[0] < 24
    (rest,) = beside(framed(data + NAME)) or []
    assert framed(data + NAME)[slice(*rest)].endswith(NAME)


@pytest.mark.parametrize("what", ["cut", "tree", "length", "noise", "text"])
def test_what_is_no_block_is_read(what: str) -> None:
    data = bytearray(block(1))
    if what == "cut":
        data = data[: len(data) // 2]
    elif what == "tree":
        data[6:40] = bytes(34)
    elif what == "length":
        data[:4] = (20 * 2048 + 6).to_bytes(4, "little")
    elif what == "noise":
        data = bytearray(Random(3).randbytes(900))
    else:
        data = bytearray(NAME * 20)
    assert beside(framed(bytes(data))) == [(8, 8 + len(data))]


def test_rows_of_blocks_are_walked_first_last_and_between() -> None:
    blocks = [block(n % 5) for n in range(40)]
    assert surplus(b"".join(map(framed, blocks))) == []
    for spoilt in (0, 39):
        row = [framed(b + NAME * (n == spoilt)) for n, b in enumerate(blocks)]
        assert [b"".join(row)[slice(*rest)] for rest in surplus(b"".join(row))] == [NAME]
    assert len(surplus(b"".join(framed(b + NAME) for b in blocks), thorough=True)) == 40
    tail = b"".join(map(framed, blocks)) + NAME
    assert [tail[slice(*rest)] for rest in surplus(tail)] == [NAME]


def test_a_table_of_places_is_numbers() -> None:
    assert surplus(seek_table([(4096 + 3 * n, 700 + n) for n in range(500)])) == []
    told = bytearray(seek_table([(4096, 700)] * 9))
    told[48:56] = b"Mildred "
    assert surplus(bytes(told)) != []
    assert not are_numbers("Mildred Okafor".encode("utf-16-le"))
    assert are_numbers(struct.pack("<4i", -7, 65, 1 << 20, 20010131))


@pytest.mark.parametrize(("spoken", "seen"), [((100,), 0), ((100, 299), 2), ((), 0)])
def test_few_blocks_of_many_are_walked_unless_one_speaks(spoken: tuple[int, ...], seen: int) -> None:
    own = block(1, 1)
    parts = [framed(own + (NAME if n in spoken else bytes(len(NAME)))) for n in range(300)]
    starts = np.cumsum([0, *map(len, parts)]).tolist()
    account = Account()
    generic.take_stock(account, 0, MemorySource(b"".join(parts)), list(pairwise(starts)), "*.isyntax")
    assert len({text.start for text in account.texts}) == seen
