"""Numbers of known tags are decided without a call where that decides the same, and only there."""

from __future__ import annotations

from typing import Literal

import pytest

from blankslide.containers.tiff.directories import Tiff
from blankslide.formatkit import tiff_tags
from blankslide.formatkit.findings import FindingCollector
from blankslide.formatkit.tiff_structural import SINGLE, STRUCTURAL, is_usable
from blankslide.source import MemorySource

VALUES = (
    0,
    1,
    2,
    3,
    5,
    7,
    8,
    9,
    14,
    15,
    64,
    65,
    255,
    256,
    999,
    1000,
    0xFFFF,
    1 << 20,
    0x7FFFFFFF,
    0x31393439,
    0xFFFFFFFF,
)
Order = Literal["little", "big"]
SHORT, LONG, OTHERS = 3, 4, (1, 2, 6, 7, 8, 9, 11, 13)


def tiff_of(*entries: tuple[int, int, int, bytes], order: Order) -> Tiff:
    """Return a TIFF of one directory."""
    table = b"".join(
        tag.to_bytes(2, order) + kind.to_bytes(2, order) + count.to_bytes(4, order) + value.ljust(4, b"\0")
        for tag, kind, count, value in entries
    )
    head = (b"II*\0" if order == "little" else b"MM\0*") + (8).to_bytes(4, order)
    return Tiff(MemorySource(head + len(entries).to_bytes(2, order) + table + bytes(64)))


def found_in(tiff: Tiff) -> list[tuple[object, ...]]:
    found = FindingCollector()
    tiff_tags.tag_findings(found, tiff.pages[0], frozenset((270,)), {}, frozenset())
    return [(f.id, f.cls, f.places, f.edits, f.value and f.value.reveal()) for f in found.finish()]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("kind", [SHORT, LONG, *OTHERS])
def test_what_is_decided_without_a_call_is_decided_the_same(
    kind: int, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    width = 2 if kind in (SHORT, 8) else 1 if kind in (1, 2, 6, 7) else 4
    cases = []
    for tag in sorted(STRUCTURAL - {330, 34665, 34853, 40965}):  # these lead to directories
        for value in VALUES:
            if value < 1 << 8 * width:
                raw = value.to_bytes(width, order)
                cases.append(((tag, kind, 1, raw),))
                cases.append(((tag, kind, 1, raw), (tag, kind, 1, bytes(width))))
        cases.append(((tag, kind, 4 // width, b"Doe!"),))
    fast = [found_in(tiff_of(*entries, order=order)) for entries in cases]
    monkeypatch.setattr(tiff_tags, "UNSIGNED", frozenset())
    assert fast == [found_in(tiff_of(*entries, order=order)) for entries in cases]
    assert any(fast)


def test_a_number_of_a_birthday_is_found_in_a_tag_of_small_numbers() -> None:
    for tag, largest in SINGLE.items():
        found = found_in(tiff_of((tag, LONG, 1, (19610304).to_bytes(4, "little")), order="little"))
        assert bool(found) == (largest < 19610304), tag


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(("bits", "usable"), [((8, 8, 8), True), ((8, 8, 65), False), ((65, 8, 8), False)])
def test_of_several_numbers_each_must_be_usable(bits: tuple[int, ...], usable: bool, order: Order) -> None:
    at = 8 + 2 + 2 * 12 + 4  # behind a directory of two entries
    tiff = tiff_of((258, SHORT, 3, at.to_bytes(4, order)), (277, SHORT, 1, (3).to_bytes(2, order)), order=order)
    values = b"".join(n.to_bytes(2, order) for n in bits)
    data = tiff.source.read(0, tiff.size)
    page = Tiff(MemorySource(data[:at] + values + bytes(64))).pages[0]
    assert is_usable(page, page.tags[258]) == usable
