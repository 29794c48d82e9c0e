"""Power that fails at every call, on a disk in memory that runs the journal's own code: a short look.

`scripts/trust crash` tries a million states over all samples. Here are two small slides, a sample whose folder gets
another name, every broken protocol, and whether the verdict would notice.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.own.crash.explore import Exploration, Moments, edit, explore, recover
from blankslide.testing.own.crash.mutants import MUTANTS, Mutant, noticed
from blankslide.testing.own.crash.scenarios import Scenario, asked, small_set, small_slide
from blankslide.testing.own.crash.trust import lines
from blankslide.testing.own.crash.verdict import journal, leftover, state_of, wrong_after, wrong_found
from blankslide.testing.own.tally import Tally, closing, total
from blankslide.testing.pages import PAGE, Pages
from blankslide.testing.simulated import FATES, FOLDER, PATTERNS, SimVolume

if TYPE_CHECKING:
    from collections.abc import Callable


# -- files in pages ----------------------------------------------------------------------


def test_pages_hold_what_bytes_would_hold() -> None:
    draw = random.Random(5)
    plain, pages = bytearray(draw.randbytes(10_000)), None
    pages = Pages(bytes(plain))
    for _ in range(300):
        offset, data = draw.randrange(30_000), draw.randbytes(draw.choice((1, 512, 4096, 9000)))
        plain.extend(bytes(max(0, offset - len(plain))))
        plain[offset : offset + len(data)] = data
        pages.lay(offset, data)
        at, length = draw.randrange(40_000), draw.randrange(9000)
        assert pages.read(at, length) == plain[at : at + length]
    assert bytes(pages) == plain
    assert len(pages) == len(plain)
    assert pages == Pages(bytes(plain))


def test_a_copy_in_pages_is_independent() -> None:
    one = Pages(bytes(3 * PAGE))
    other = one.copy()
    assert hash(one) == hash(other)
    other.lay(PAGE + 5, b"x")
    assert hash(one) != hash(other)
    assert bytes(one) == bytes(3 * PAGE)
    assert one.differing(other) == [1]
    assert one != other


def test_a_copied_disk_is_independent_and_remembers_what_is_pending() -> None:
    disk = SimVolume({"one": bytes(5000)}, {"folder": {"two": b"2"}})
    fd = disk.open_edit(FOLDER, "one")
    disk.write_at(fd, b"new", 4000)
    disk.rename(FOLDER, "one", "other")
    twin = disk.copy()
    twin.sync(fd)
    twin.sync_dir(FOLDER)
    assert twin.power_loss("lost").content()["other"] == bytes(4000) + b"new" + bytes(997)
    assert disk.power_loss("lost").content() == {"one": bytes(5000), "folder": b"", "102/two": b"2"}
    assert disk.power_loss("kept").content() == twin.content()


# -- every moment ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "count"),
    [(small_slide, 2000), (small_set, 2000), (lambda: asked("mirax.mrxs", "fresh"), 700)],
    ids=["one file", "three files and names", "a sample whose folder is renamed"],
)
def test_a_crash_anywhere_leaves_the_slide_as_it_was_or_as_planned(make: Callable[[], Scenario], count: int) -> None:
    tried = explore(make(), count)
    assert tried.violations[:3] == []
    assert tried.states >= count
    assert tried.again > tried.states // 4
    assert min(tried.before, tried.after, tried.pending) > 10
    assert tried.recovered == tried.pending


def test_every_call_is_met_with_every_damage() -> None:
    calls = list[str]()
    scenario = small_set()
    volume = Moments(scenario.start(), lambda disk, call: calls.append(call))
    assert len(list(edit(scenario, volume))) == 1
    assert {"create", "write_at", "fill_at", "sync", "rename", "sync_dir", "record", "unlink"} <= set(calls)
    found = Exploration(scenario, edit, Moments, 1, 1).edited(every=True)
    assert {state.where.rpartition("before ")[2] for state in found} == {*calls, "the end"}
    for call, patterns, fates in (("sync", PATTERNS, FATES), ("sync_dir", PATTERNS[:1], FATES)):
        every = {f"{pattern}, names {fate}, before {call}" for pattern in patterns for fate in fates}
        assert {state.where for state in found} >= every
    assert explore(scenario, 1).states >= 2 * len(calls)  # however few are wanted


def test_states_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    found = [explore(small_slide(), 500, seed) for seed in (1, 1, 2)]
    counts = [(one.before, one.after, one.pending, one.again) for one in found]
    assert counts[0] == counts[1] != counts[2]


def test_what_the_product_asks_of_the_journal_leads_to_what_the_product_writes() -> None:
    scenario = asked("hamamatsu-vms.vms")
    volume = Moments(scenario.start(), lambda disk, call: None)
    assert len([*edit(scenario, volume)]) == 1
    assert volume.inner.pages() == scenario.after != scenario.before
    recover(scenario, volume)
    assert state_of(scenario, volume.inner) == "after"


# -- who checks is checked ---------------------------------------------------------------


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_protocol_is_noticed_unless_it_is_benign(mutant: Mutant) -> None:
    assert bool(noticed(mutant)) != bool(mutant.benign)


def test_at_least_twelve_protocols_are_broken() -> None:
    assert sum(not mutant.benign for mutant in MUTANTS) >= 12


def _written(disk: SimVolume, name: str, offset: int, data: bytes) -> None:
    disk.write_at(disk.open_edit(FOLDER, name), data, offset)


def test_the_verdict_says_what_must_never_be_found() -> None:
    scenario = small_slide()
    whole = scenario.start()
    assert [*wrong_found(scenario, whole, promised=False, harsh=False)] == []
    assert [*wrong_found(scenario, whole, promised=True, harsh=False)] == ["what was committed is lost"]
    whole.record("x")
    assert any("ledger" in each for each in wrong_found(scenario, whole, promised=False, harsh=False))
    half = scenario.start()
    _written(half, "s-4711.svs", 16, b"12345678")
    assert [*wrong_found(scenario, half, promised=False, harsh=False)] == ["half edited, and no journal waits"]
    half.create(FOLDER, journal(scenario))
    assert [*wrong_found(scenario, half, promised=False, harsh=False)] == []
    for name, offset, wrong in (
        ("s-4711.svs", 15, "bytes that were to stay have changed"),
        ("s-4711.svs", 30_000, "bytes that nobody was to touch have changed"),
        ("neighbour.svs", 0, "bytes that nobody was to touch have changed"),
        ("s-4711.svs", 33_000, "a file has another length"),
    ):
        hurt = half.copy()
        _written(hurt, name, offset, b"?")
        assert wrong in wrong_found(scenario, hurt, promised=False, harsh=False)
    half.unlink(FOLDER, "neighbour.svs")
    assert "a file is gone" in wrong_found(scenario, half, promised=False, harsh=True)


def test_the_verdict_says_what_a_recovery_has_left_to_be_done() -> None:
    scenario = small_slide()
    disk = scenario.start()
    assert [*wrong_after(scenario, disk, "before", promised=False)] == []
    assert len([*wrong_after(scenario, disk, "pending", promised=True)]) == 2
    disk.create(FOLDER, leftover(scenario))
    assert "something of ours was left beside the slide" in wrong_after(scenario, disk, "before", promised=False)


def test_the_table_has_a_row_for_each_format_and_says_what_is_wrong() -> None:
    good, bad = explore(small_slide(), 50), explore(small_set(), 50)
    good.format, bad.format = "a", "b"
    bad.violations.append("three files: half edited")
    found = [*lines([good, good, bad], [])]
    assert [line.split()[0] for line in found] == ["format", "a", "b", "WRONG", "all"]
    assert found[1].split()[1:3] == ["2", str(2 * good.states)]
    assert found[-1].split()[-2] == "1"


def test_the_closing_table_counts_a_part_once() -> None:
    part = Tally("in recovery", 600_000, 0, "60 %", is_part=True)
    tallies = [Tally("states", 1_000_000, 0), part, Tally("kills", 9, 2)]
    found = [line.split() for line in closing(tallies)]
    assert found[1] == ["states", "1", "000", "000", "0"]
    assert found[2][-2:] == ["60", "%"]
    assert found[-1] == ["all", "1", "000", "009", "2"]
    assert total(tallies) == 2
