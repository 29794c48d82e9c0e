"""What must never be found on a disk, told by comparing bytes; nothing of the journal's own code is asked.

A slide is all as it was or all as it was to be, with all its names, unless a journal waits under the name that counts.
While one waits, bytes that were to stay are as they were, except where the disk did worse than to lose what was not
synced: then in the pages that are written. Strangers beside the slide are as they were, always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.testing.simulated import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from blankslide.testing.own.crash.scenarios import Scenario
    from blankslide.testing.pages import Pages
    from blankslide.testing.simulated import SimVolume

__all__ = ["journal", "leftover", "state_of", "wrong_after", "wrong_found"]


def journal(scenario: Scenario) -> str:
    """Return the name under which a journal counts."""
    return f".blankslide-{scenario.inodes[0]}"


def leftover(scenario: Scenario) -> str:
    """Return the name under which it does not."""
    return f"{journal(scenario)}.tmp"


def state_of(scenario: Scenario, disk: SimVolume) -> str:
    """Return what the slide is: ``before``, ``after``, ``pending`` if a journal waits, or ``half``."""
    if disk.exists(FOLDER, journal(scenario)):
        return "pending"
    found = _users(scenario, disk)
    return "before" if found == scenario.before else "after" if found == scenario.after else "half"


def _users(scenario: Scenario, disk: SimVolume) -> Mapping[str, Pages]:
    ours = journal(scenario), leftover(scenario)
    return {name: data for name, data in disk.pages().items() if name not in ours}


def wrong_found(scenario: Scenario, disk: SimVolume, promised: bool, harsh: bool) -> Iterator[str]:
    """Say what is wrong with what a power failure has left.

    Parameters
    ----------
    promised
        Whether the commit point had been passed.
    harsh
        Whether the disk did worse than to lose what was not synced.
    """
    state = state_of(scenario, disk)
    if state == "half":
        yield "half edited, and no journal waits"
    if state == "before" and promised:
        yield "what was committed is lost"
    if state in ("before", "after") and len(disk.recorded) != (state == "after"):
        yield "the ledger knows what was not done, or not what was"
    if state == "pending":
        yield from _hurt(scenario, disk, harsh)


def wrong_after(scenario: Scenario, disk: SimVolume, was: str, promised: bool) -> Iterator[str]:
    """Say what a recovery that met no trouble has left to be done.

    Parameters
    ----------
    was
        What `state_of` said before it.
    """
    state = state_of(scenario, disk)
    if state != (was if was in ("before", "after") else "after"):
        yield f"was {was}, and is {state} after the recovery"
    if promised and state == "before":
        yield "what was committed is lost"
    if disk.exists(FOLDER, leftover(scenario)):
        yield "something of ours was left beside the slide"
    if len(disk.recorded) != (state == "after"):
        yield "the ledger does not know it once"


def _hurt(scenario: Scenario, disk: SimVolume, harsh: bool) -> Iterator[str]:
    """Say what has changed, while a journal waits, that was to stay."""
    now = disk.inodes()
    for number, old in scenario.start().inodes().items():
        if number not in now:
            if number not in scenario.removed:
                yield "a file is gone"
            continue
        live, masks = now[number].live, scenario.touched.get(number, {})
        if len(live) != len(old.live):
            yield "a file has another length"
        for page in live.differing(old.live):
            if page not in masks:
                yield "bytes that nobody was to touch have changed"
            elif not harsh and (live.bits(page) ^ old.live.bits(page)) & masks[page]:
                yield "bytes that were to stay have changed"
