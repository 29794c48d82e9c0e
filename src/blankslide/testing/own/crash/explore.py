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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count, product
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import BlankslideError
from blankslide.testing.faults import FaultyVolume
from blankslide.testing.own.crash.verdict import journal, state_of, wrong_after, wrong_found
from blankslide.testing.own.forgetful import put
from blankslide.testing.simulated import FATES, FOLDER, HARSH, PATTERNS, Fate, Pattern, SimSlide, SimVolume

if TYPE_CHECKING:
    from blankslide.testing.own.crash.scenarios import Scenario

__all__ = ["Edit", "Exploration", "Moments", "Tried", "edit", "explore", "recover"]

_SELDOM = 6
_PATIENCE = 20
"""After so many rounds in a row that brought nothing new there is nothing more."""
_Damage = tuple[Pattern, Fate]
_DAMAGES: dict[tuple[bool, bool], tuple[_Damage, ...]] = {
    (False, False): (("lost", "lost"),),
    (True, False): tuple((pattern, "lost") for pattern in PATTERNS),
    (False, True): tuple(("lost", fate) for fate in FATES),
    (True, True): tuple(product(PATTERNS, FATES)),
}
"""By whether bytes and names wait: what may become of them."""


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


class Exploration:
    """All that is known while one slide is explored.

    Attributes
    ----------
    watched
        Which share of the recoveries from a first and from a second failure is watched for the next one.
    moments
        How many an edit has.
    """

    def __init__(self, scenario: Scenario, run: Edit, make: type[Moments], seed: int, most: int) -> None:
        self.scenario, self.run, self.make, self.most = scenario, run, make, most
        self.tried = Tried(scenario.title, scenario.format)
        self.watched, self.moments = [1.0, 0.1], 0
        self.draw = random.Random(f"{seed} {scenario.title}")
        self._seen, self._contents = set[int](), set[int]()

    @property
    def is_over(self) -> bool:
        """Whether enough states were tried."""
        return self.tried.states >= self.most

    # -- what may be left ----------------------------------------------------------------

    def edited(self, every: bool) -> list[_State]:
        """Run the edit; return what may be left at its moments: of every damage, or of one that is drawn."""
        found: list[_State] = []
        promised = False

        def look(disk: SimVolume, call: str) -> None:
            for damage in _damages(disk) if every else self._drawn(disk, 2):
                found.append(self._left(disk, damage, promised, 1, call))

        volume = self.make(self.scenario.start(), look)
        with _steady():
            for _ in self.run(self.scenario, volume):
                promised = True
        look(volume.inner, "the end")
        self.moments = len(volume.calls) + 1
        return found

    def _drawn(self, disk: SimVolume, most: int) -> Sequence[_Damage]:
        """Draw damages; seldom where nothing waits, or names alone, for what is left there was mostly met before."""
        possible, (are_bytes, _) = _damages(disk), disk.waits
        if not are_bytes and self.draw.randrange(_SELDOM):
            return ()
        return self.draw.choices(possible, k=most)

    def _left(self, disk: SimVolume, damage: _Damage, promised: bool, depth: int, call: str) -> _State:
        pattern, fate = damage
        left = disk.power_loss(pattern, self.draw, fate)
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
                for damage in self._drawn(disk, 1):
                    left.append(self._left(disk, damage, promised, state.depth + 1, call))

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


def _damages(disk: SimVolume) -> Sequence[_Damage]:
    """Return what may become of what waits: each pattern with each fate, as far as there is something to lose."""
    return _DAMAGES[disk.waits]


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


def explore(
    scenario: Scenario, most: int, seed: int = 1, run: Edit = edit, make: type[Moments] = Moments, hasty: bool = False
) -> Tried:
    """Try states until there are so many, or rounds bring nothing new.

    Parameters
    ----------
    most
        How many.
    seed
        Of what is drawn.
    run
        The edit; another one to see whether it is noticed.
    make
        The disk that the edit sees, as far as it does what it is told; recoveries see a sound one.
    hasty
        Whether to stop at the first violation.
    """
    import time

    start, own = time.monotonic(), Exploration(scenario, run, make, seed, most)
    idle = 0
    for number in count():
        states = own.edited(number == 0)
        own.draw.shuffle(states)
        own.watched[0] = 1.0 if number else _share(most, len(states), own.moments)
        known = own.tried.states
        for state in states:
            if not number or not own.is_over:
                own.try_(state)
            if hasty and own.tried.violations:
                return own.tried
        idle = 0 if own.tried.states > known else idle + 1
        if own.is_over or idle == _PATIENCE:
            break
    own.tried.seconds = time.monotonic() - start
    return own.tried


def _share(most: int, states: int, moments: int) -> float:
    """Return how many of the first recoveries can be watched, so that the first round has room for all of its own."""
    return max(0.0, min(1.0, (most / 2 - states) / (states * moments)))
