"""A picture that shares a byte with anything else is not drawn in: its strips, and where it says where they are."""

from __future__ import annotations

import pytest

from blankslide.blanks.alone import is_alone
from blankslide.model import Blank, Coding, Inspection, Room, Slot, Write
from blankslide.spans import ByteClass, ByteMap

ROOM = Room(Blank(0, "page 1", Coding(5), (Slot(10, 20, 8, 8),)), "label", 8, 8, 0)


def claimed(*more: tuple[int, int, str]) -> Inspection:
    bytemap = ByteMap(100)
    for start, end, owner in ((10, 20, "page 1"), (40, 48, "page 1"), *more):
        bytemap.claim(start, end, ByteClass.ASSOCIATED, owner)
    bytemap.settle()
    return Inspection("toy", "Toy", (), (), (), (), (bytemap,))


@pytest.mark.parametrize(
    ("more", "alone"), [((), True), (((10, 20, "page 2"),), False), (((40, 48, "page 2"),), False)]
)
def test_whoever_shares_a_byte_is_not_alone(more: tuple[tuple[int, int, str], ...], alone: bool) -> None:
    writes = [Write(0, 10, bytes(10)), Write(0, 40, bytes(8))]
    assert is_alone(ROOM, writes, claimed(*more)) is alone


def test_bytes_of_nobody_are_not_its_own() -> None:
    assert not is_alone(ROOM, [Write(0, 10, bytes(12))], claimed())
