"""What an account found out is used again only where every byte that it was found out from is read again, the same."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from blankslide.source import ByteSource, MemorySource
from blankslide.testing.built import build_aperio
from blankslide.verification.census import memory as census_memory
from blankslide.verification.census.memory import Memory
from blankslide.verification.census.stock import take_stock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Counted:
    """A step that counts how often it is done: it reads where the first byte says."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self, source: ByteSource) -> bytes:
        self.done += 1
        at = source.read(0, 1)[0]
        list(source.data_ranges(0, source.size))
        return source.read(at, 40)


def test_a_step_is_done_once_for_the_same_answers_and_again_for_any_other() -> None:
    data = bytes([10]) + bytes(range(99))
    memory, step = Memory(), Counted()
    assert memory.ask("step", MemorySource(data), step) == data[10:50]
    assert memory.ask("step", MemorySource(data[:60] + b"\xee" * 40), step) == data[10:50]
    assert step.done == 1  # nobody had asked for the bytes that differ
    for at, wanted in ((0, 2), (30, 3)):
        changed = bytearray(data)
        changed[at] ^= 1
        assert memory.ask("step", MemorySource(bytes(changed)), step) == bytes(changed[changed[0] : changed[0] + 40])
        assert step.done == wanted
    assert memory.ask("step", MemorySource(data + b"more"), step) == data[10:50]
    assert memory.ask("another", MemorySource(data), step) == data[10:50]
    assert step.done == 5


def test_a_step_within_a_step_asks_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (census_memory.ROOM, 0):  # kept as bytes, and as digests
        monkeypatch.setattr(census_memory, "ROOM", room)
        data = bytes([10]) + bytes(range(99))
        memory, inner = Memory(), Counted()

        def outer(source: ByteSource, memory: Memory = memory, inner: Counted = inner) -> bytes:
            return memory.ask("inner", source, inner) + source.read(90, 1)

        memory.ask("inner", MemorySource(data), inner)
        assert memory.ask("outer", MemorySource(data), outer) == data[10:50] + data[90:91]
        changed = data[:30] + b"?" + data[31:]
        assert memory.ask("outer", MemorySource(changed), outer) == changed[10:50] + data[90:91]
        assert inner.done == 2


def test_what_fails_is_not_remembered_and_nothing_shows_what_was_read() -> None:
    memory = Memory()
    with pytest.raises(ZeroDivisionError):
        memory.ask("step", MemorySource(b"Roe"), lambda source: 1 // 0)
    memory.ask("step", MemorySource(b"JANE ROE"), lambda source: source.read(0, 8))
    assert "ROE" not in repr(memory) + repr(memory._known)


def test_an_account_with_a_memory_says_the_same_as_one_without(tmp_path: Path) -> None:
    build_aperio(tmp_path / "a.svs")
    data = (tmp_path / "a.svs").read_bytes()
    memory = Memory()
    take_stock([("a.svs", MemorySource(data))], memory=memory)
    lot = random.Random(12)
    for _ in range(3):
        changed = bytearray(data)
        at = lot.randrange(16, len(data) - 16)
        changed[at : at + 12] = b"\0JANE^ROE 42"
        files = [("a.svs", MemorySource(bytes(changed)))]
        told, fresh = take_stock(files, memory=memory), take_stock(files)
        assert sorted(told.texts) == sorted(fresh.texts)
        assert sorted(told.troubles) == sorted(fresh.troubles)
        assert [p[:7] for p in told.pictures] == [p[:7] for p in fresh.pictures]


def test_of_a_picture_before_a_large_hole_no_more_is_read_than_it_needs() -> None:
    from io import BytesIO

    from PIL import Image

    from blankslide.verification.census.account import Account
    from blankslide.verification.census.pictures import pictures_in

    out = BytesIO()
    Image.linear_gradient("L").save(out, "JPEG")
    data = out.getvalue() + bytes(24 << 20)
    source = MemorySource(data)
    read: list[int] = []

    class Asked(MemorySource):
        def read(self, offset: int, length: int) -> bytes:
            read.append(length)
            return super().read(offset, length)

        def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
            yield 0, 8192

    for one in (source, Asked(data)):
        account = Account()
        ((start, end),) = pictures_in(account, 0, one, [(0, len(data))], "here")
        assert start == 0
        assert len(out.getvalue()) <= end < 1 << 20  # and no text behind is explained by it
        assert [(p.width, p.height) for p in account.pictures] == [(256, 256)]
    assert sum(read) < 1 << 20
