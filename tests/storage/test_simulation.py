"""Disk errors at every call, on a simulated disk that runs the real code.

A slide must end as it was or as planned, all its files together, whatever fails and when;
and once it was called clean it must be as planned. Power that fails is `test_crash`.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import BlankslideError, SlidePending
from blankslide.model import Patch, Rank
from blankslide.storage.journal import decode, journal_name, temp_name
from blankslide.storage.renames import Rename
from blankslide.storage.transaction import Transaction, discard_leftover, resume
from blankslide.testing.faults import FaultyVolume
from blankslide.testing.simulated import FOLDER, PATTERNS, SimSlide, SimVolume

if TYPE_CHECKING:
    from blankslide.storage.volume import Volume

Wrap = Callable[[SimVolume], FaultyVolume]


@dataclass(frozen=True)
class Scenario:
    before: dict[str, bytes]
    after: dict[str, bytes]
    patches: tuple[Patch, ...]
    renames: tuple[Rename, ...] = ()

    def start(self) -> SimVolume:
        return SimVolume(self.before)

    @property
    def inodes(self) -> list[int]:
        volume = self.start()
        return [volume.inode(FOLDER, name) or 0 for name in self.before]


def _edited(data: bytes, patches: list[Patch]) -> bytes:
    """Lay patches over bytes in the plainest way there is."""
    image = bytearray(data)
    for p in patches:
        image[p.offset : p.offset + p.length] = bytes([p.byte]) * p.length if p.data is None else p.data
    return bytes(image)


def _scenario(whole_set: bool) -> Scenario:
    rng = random.Random(7)
    sizes = {"s-4711.svs": 9 * 4096 + 100, "set.ini": 700, "label.bin": 5000} if whole_set else {"s-4711.svs": 33000}
    before = {name: rng.randbytes(size) for name, size in sizes.items()}
    patches = [
        Patch(0, 4000, 300, rng.randbytes(300), rank=Rank.PAYLOAD),
        Patch(0, 8202, 9000, None, 0, Rank.RELEASED),
        Patch(0, 16, 8, rng.randbytes(8), rank=Rank.POINTER),
    ]
    if whole_set:
        patches += [Patch(1, 100, 50, b"x" * 50), Patch(2, 0, 5000, None)]
    after = {name: _edited(data, [p for p in patches if p.file == i]) for i, (name, data) in enumerate(before.items())}
    if not whole_set:
        return Scenario(before, after, tuple(patches))
    after["0001.svs"] = after.pop("s-4711.svs")
    del after["label.bin"]
    return Scenario(before, after, tuple(patches), (Rename("s-4711.svs", "0001.svs"), Rename("label.bin", None)))


ONE, SET = _scenario(False), _scenario(True)


def _edit(scenario: Scenario, volume: FaultyVolume, sim: SimVolume) -> Iterator[str]:
    """Do what the pipeline does; yields after each stage."""
    slide = SimSlide(sim, scenario.inodes)
    transaction = Transaction.begin(
        slide, scenario.patches, profile="p", format="f", renames=scenario.renames, volume=volume
    )
    transaction.commit()
    yield "committed"
    transaction.write()
    yield "clean"
    transaction.finish()
    yield "finished"


def _recover(scenario: Scenario, volume: Volume, sim: SimVolume) -> None:
    """Do what any later run does first."""
    inodes = scenario.inodes
    if volume.exists(FOLDER, journal_name(inodes[0])):
        transaction = resume(SimSlide(sim, inodes), f"{FOLDER}/{journal_name(inodes[0])}", volume)
        transaction.write()
        transaction.finish()
    else:
        name = next(name for name in sim.content() if sim.inode(FOLDER, name) == inodes[0])
        discard_leftover(f"{FOLDER}/{name}", volume)


def _check(scenario: Scenario, sim: SimVolume, clean: bool) -> None:
    found = sim.content()
    # compared outside of the assertion: pytest would draw the difference of whole slides
    is_whole = found == scenario.after or (not clean and found == scenario.before)
    assert is_whole, "the slide is half edited"


def _failures(sim: SimVolume, seeds: int) -> Iterator[SimVolume]:
    for pattern in PATTERNS:
        for seed in range(1 if pattern in ("lost", "kept") else seeds):
            yield sim.power_loss(pattern, seed)


def test_no_byte_of_the_slide_is_written_before_its_journal_is_durable() -> None:
    class Watching(FaultyVolume):
        watched = 0

        def _watch(self, fd: int) -> None:
            assert isinstance(self.inner, SimVolume)
            if self.inner.file(fd).number in SET.inodes:
                durable = self.inner.power_loss("lost")
                decode(durable.load(FOLDER, journal_name(SET.inodes[0])))
                self.watched += 1

        def write_at(self, fd: int, data: bytes, offset: int) -> None:
            self._watch(fd)
            super().write_at(fd, data, offset)

        def fill_at(self, fd: int, offset: int, length: int, byte: int) -> None:
            self._watch(fd)
            super().fill_at(fd, offset, length, byte)

    sim = SET.start()
    volume = Watching(sim)
    assert list(_edit(SET, volume, sim)) == ["committed", "clean", "finished"]
    assert volume.watched >= 4
    assert sim.content() == SET.after


# -- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", [ONE, SET], ids=["one file", "three files and names"])
@pytest.mark.parametrize("sticky", [False, True], ids=["once", "sticky"])
@pytest.mark.parametrize("looking", [False, True], ids=["changing", "looking too"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ESTALE])
def test_an_error_at_any_call_says_the_truth_about_the_slide(
    scenario: Scenario, code: int, looking: bool, sticky: bool
) -> None:
    for at in count():
        sim = scenario.start()
        volume = FaultyVolume(sim, at, code, sticky, looking)
        stages: list[str] = []
        error: BlankslideError | None = None
        try:
            for stage in _edit(scenario, volume, sim):
                stages.append(stage)
        except BlankslideError as raised:
            error = raised
        if at >= len(volume.calls):
            assert error is None
            assert stages[-1] == "finished"
            return
        assert error is not None or at == len(volume.calls) - 1
        if error is not None and error.changed == "no":
            assert [data for name, data in sim.content().items() if name in scenario.before] == [
                *scenario.before.values()
            ]
            assert not sim.exists(FOLDER, journal_name(scenario.inodes[0]))
            assert sticky or not sim.exists(FOLDER, temp_name(scenario.inodes[0]))
        elif not sticky:
            assert "clean" in stages or sim.exists(FOLDER, journal_name(scenario.inodes[0]))
        for found in (sim.copy(), *_failures(sim, 1)):
            _recover(scenario, found, found)
            _check(scenario, found, "clean" in stages)


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_an_error_at_any_call_of_the_recovery_leaves_it_repeatable(code: int) -> None:
    for at in count():
        sim = SET.start()
        edit = _edit(SET, FaultyVolume(sim), sim)
        next(edit)
        found = sim.power_loss("kept")
        volume = FaultyVolume(found, at, code, looking=True)
        try:
            _recover(SET, volume, found)
        except BlankslideError as error:
            assert isinstance(error, SlidePending) or at == 0  # noqa: PT017 - the first call only looks
        if at >= len(volume.calls):
            return
        for later in (found.copy(), *_failures(found, 1)):
            _recover(SET, later, later)
            _check(SET, later, clean=True)


# -- strangers -----------------------------------------------------------------------------


def test_a_journal_met_by_another_file_of_the_same_size_touches_nothing() -> None:
    sim = ONE.start()
    next(_edit(ONE, FaultyVolume(sim), sim))
    other = random.Random(8).randbytes(33000)
    fd = sim.open_edit(FOLDER, "s-4711.svs")
    sim.write_at(fd, other, 0)
    volume = FaultyVolume(sim)
    with pytest.raises(SlidePending, match="does not belong"):
        _recover(ONE, volume, sim)
    assert volume.calls == []
    assert sim.content()["s-4711.svs"] == other


# -- mutants of the protocol ---------------------------------------------------------------


def test_the_simulation_catches_a_sync_that_is_tried_again_and_believed() -> None:
    class Retrying(FaultyVolume):
        def sync(self, fd: int) -> None:
            try:
                super().sync(fd)
            except BlankslideError:
                self.inner.sync(fd)

        def _forget(self, fd: int) -> None:
            """Drop the pages for good: the second sync has nothing left to write."""
            inode = self.inner.file(fd)  # type: ignore[attr-defined]
            inode.live = inode.durable.copy()
            inode.forget()

    sim = ONE.start()
    calls = FaultyVolume(sim)
    list(_edit(ONE, calls, sim))
    slide_sync = [i for i, name in enumerate(calls.calls) if name == "sync"][1]
    sim = ONE.start()
    list(_edit(ONE, Retrying(sim, slide_sync, errno.EIO), sim))
    with pytest.raises(AssertionError):
        _check(ONE, sim.power_loss("kept"), clean=True)


def test_the_simulation_catches_a_missing_identity_check(monkeypatch: pytest.MonkeyPatch) -> None:
    from blankslide.storage import matching

    monkeypatch.setattr(matching, "may_be", lambda *_: True)
    with pytest.raises(pytest.fail.Exception):
        test_a_journal_met_by_another_file_of_the_same_size_touches_nothing()
