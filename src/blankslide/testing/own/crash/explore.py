"""Every moment of an edit, and of its recovery, and what a power failure may leave there.

One run of the product's own code passes every moment; before each call that changes the disk the disk is asked what it
would forget now. What it leaves is judged, and recovered from by the product's own code; that recovery passes
its moments as well, and now and then so does the one after it. A run that the power ends does nothing more, so asking
the disk is the same as ending the run there.

The first round asks for each kind of damage to bytes, with each fate of names, before every call of the edit, and
tries all of it, however few states are wanted. Later rounds draw. States that were met before, with the same promise
given, are not tried again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count, product
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import BlankslideError
from blankslide.testing.faults import FaultyVolume
from blankslide.testing.own.crash.verdict import journal, state_of, wrong_after, wrong_found
from blankslide.testing.own.forgetful import put
from blankslide.testing.simulated import FATES, FOLDER, HARSH, PATTERNS, SimSlide, SimVolume

if TYPE_CHECKING:
    from blankslide.testing.own.crash.scenarios import Scenario

__all__ = ["Edit", "Moments", "Tried", "edit", "explore", "recover"]

_DAMAGES = tuple(product(PATTERNS, FATES))


class Moments(FaultyVolume):
    """A simulated disk that is looked at before each call that changes it.

    Parameters
    ----------
    inner
        The disk.
    look
        Called with the disk and the name of the call.
    """

    inner: SimVolume

    def __init__(self, inner: SimVolume, look: Callable[[SimVolume, str], None]) -> None:
        super().__init__(inner)
        self._at_moment = look

    def _call(self, name: str, damage: Callable[[], object] = lambda: None) -> None:
        self.calls.append(name)
        self._at_moment(self.inner, name)

    def record(self, text: str) -> None:
        """Let the ledger know, durably; a moment of its own."""
        self._call("record")
        self.inner.record(text)


Edit = Callable[["Scenario", Moments], Iterator[None]]
"""Does what the pipeline does; yields when the commit point is passed."""


def edit(scenario: Scenario, volume: Moments) -> Iterator[None]:
    """Do what the pipeline does to one slide; readers have no part in it."""
    from blankslide.storage.transaction import Transaction

    slide = SimSlide(volume.inner, scenario.inodes)
    transaction = Transaction.begin(
        slide, scenario.patches, profile="p", format=scenario.format, renames=scenario.renames, volume=volume
    )
    transaction.commit()
    yield
    transaction.write()
    volume.record(transaction.id)
    transaction.finish()


def recover(scenario: Scenario, volume: Moments) -> None:
    """Do what any later run does first."""
    from blankslide.storage.transaction import discard_leftover, resume

    if volume.exists(FOLDER, journal(scenario)):
        slide = SimSlide(volume.inner, scenario.inodes)
        transaction = resume(slide, f"{FOLDER}/{journal(scenario)}", volume)
        transaction.write()
        transaction.give_names()
        volume.record(transaction.id)
        transaction.finish()
        return
    main = next(name for name in volume.names(FOLDER) if volume.inode(FOLDER, name) == scenario.inodes[0])
    discard_leftover(f"{FOLDER}/{main}", volume)


@dataclass(slots=True)
class Tried:
    """What became of the states of one slide.

    Attributes
    ----------
    states, distinct
        How many were tried, and how many of them differ in bytes or names from all others.
    again
        How many of them the power failed in a recovery for.
    before, after, pending
        What they were.
    recovered
        How many of those that were pending ended as they were to be.
    violations
        What must never be.
    """

    title: str = ""
    format: str = ""
    states: int = 0
    distinct: int = 0
    again: int = 0
    before: int = 0
    after: int = 0
    pending: int = 0
    recovered: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0


class _State(NamedTuple):
    disk: SimVolume
    promised: bool
    harsh: bool
    depth: int
    where: str


class _Exploration:
    """All that is known while one slide is explored.

    Attributes
    ----------
    watched
        Which share of the recoveries from a first and from a second failure is watched for the next one.
    """

    def __init__(self, scenario: Scenario, run: Edit, seed: int, most: int) -> None:
        self.scenario, self.run, self.most = scenario, run, most
        self.tried = Tried(scenario.title, scenario.format)
        self.watched = [1.0, 0.1]
        self.draw = random.Random(f"{seed} {scenario.title}")
        self._seen, self._contents = set[int](), set[int]()

    @property
    def is_over(self) -> bool:
        return self.tried.states >= self.most

    # -- what may be left ----------------------------------------------------------------

    def edited(self, every: bool) -> list[_State]:
        """Run the edit; return what may be left at its moments: of every damage, or of one that is drawn."""
        found: list[_State] = []
        promised = False

        def look(disk: SimVolume, call: str) -> None:
            for damage in _DAMAGES if every else (self.draw.choice(_DAMAGES), self.draw.choice(_DAMAGES)):
                found.append(self._left(disk, damage, promised, 1, call))

        volume = Moments(self.scenario.start(), look)
        with _steady():
            for _ in self.run(self.scenario, volume):
                promised = True
        look(volume.inner, "the end")
        return found

    def _left(self, disk: SimVolume, damage: tuple[str, str], promised: bool, depth: int, call: str) -> _State:
        pattern, fate = damage
        left = disk.power_loss(pattern, self.draw, fate)  # type: ignore[arg-type]
        return _State(left, promised, pattern in HARSH, depth, f"{pattern}, names {fate}, before {call}")

    # -- what is made of it --------------------------------------------------------------

    def try_(self, state: _State, harsh: bool = False) -> bool:
        """Judge a state, recover from it, and go on to what that may leave; say whether it was a new one."""
        content = hash(frozenset((name, hash(data)) for name, data in state.disk.pages().items()))
        key = hash((content, state.promised, state.disk.recorded))
        if key in self._seen:
            return False
        self._seen.add(key)
        tried, harsh = self.tried, harsh or state.harsh
        tried.distinct += content not in self._contents
        self._contents.add(content)
        was = state_of(self.scenario, state.disk)
        tried.states += 1
        tried.again += state.depth > 1
        tried.before += was == "before"
        tried.after += was == "after"
        tried.pending += was == "pending"
        wrong = [*wrong_found(self.scenario, state.disk, state.promised, harsh)]
        left: list[_State] = []
        wrong += self._recovered(state, was, left)
        tried.violations += [f"{self.scenario.title}: {each} ({state.where}, failure {state.depth})" for each in wrong]
        for next_ in left:
            if self.is_over:
                break
            self.try_(next_, harsh)
        return True

    def _recovered(self, state: _State, was: str, left: list[_State]) -> list[str]:
        """Recover, note what that may leave, and return what is wrong with the end of it."""
        promised = state.promised or was == "pending"
        watched = state.depth < 3 and self.draw.random() < self.watched[state.depth - 1]

        def look(disk: SimVolume, call: str) -> None:
            if watched:
                left.append(self._left(disk, self.draw.choice(_DAMAGES), promised, state.depth + 1, call))

        again = state.disk.copy() if watched else state.disk
        volume = Moments(again, look)
        try:
            recover(self.scenario, volume)
        except BlankslideError as error:
            return [f"the recovery refuses: {error.message}"]
        look(again, "the end of the recovery")
        wrong = [*wrong_after(self.scenario, again, was, state.promised)]
        self.tried.recovered += was == "pending" and not wrong
        return wrong


@contextmanager
def _steady() -> Iterator[None]:
    """Let all runs draw the same name for their transaction, so that their journals are the same."""
    with ExitStack() as stack:
        stack.enter_context(put("storage.transaction:os", _Steady()))
        yield


class _Steady:
    """The module `os`, with random numbers that are none."""

    def __getattr__(self, name: str) -> object:
        import os

        return getattr(os, name)

    @staticmethod
    def urandom(size: int) -> bytes:
        return bytes(range(size))


def explore(scenario: Scenario, most: int, seed: int = 1, run: Edit = edit) -> Tried:
    """Try states until there are so many, or a round has brought nothing new.

    Parameters
    ----------
    most
        How many.
    seed
        Of what is drawn.
    run
        The edit; another one to see whether it is noticed.
    """
    import time

    start, own = time.monotonic(), _Exploration(scenario, run, seed, most)
    for number in count():
        states = own.edited(number == 0)
        own.draw.shuffle(states)
        own.watched[0] = 1.0 if number else _share(most, len(states), len(states) // len(_DAMAGES))
        fresh = 0
        for state in states:
            fresh += (number == 0 or not own.is_over) and own.try_(state)
        if own.is_over or not fresh:
            break
    own.tried.seconds = time.monotonic() - start
    return own.tried


def _share(most: int, states: int, moments: int) -> float:
    """Return how many of the first recoveries can be watched, so that the first round has room for all of its own."""
    return max(0.0, min(1.0, (most / 2 - states) / (states * moments)))
