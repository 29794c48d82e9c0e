"""Runs that are given an error in the place of one of their own system calls.

It is met by the code as on a full or failing disk: once, for good, or after half of the call was done. It strikes
`anonymize` and `recover`. What is then on the disk has to be as after a power failure, and what the run has said, with
its exit code, has to be so.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.own.disk.killed import HALVES, calls_of_recovery, killed_before
from blankslide.testing.own.disk.layer import Layer, refuse
from blankslide.testing.own.disk.model import State
from blankslide.testing.own.disk.power import try_copy, try_state
from blankslide.testing.own.disk.table import Row
from blankslide.testing.own.disk.truth import COPY_LEFT, LEFT, Trial, found_in

if TYPE_CHECKING:
    from blankslide.testing.own.disk.events import Tree
    from blankslide.testing.own.disk.layer import Call, Strike
    from blankslide.testing.own.disk.power import Recorded

__all__ = ["ERRORS", "LASTING", "errors"]

ERRORS = (
    errno.EIO,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EINTR,
    errno.ESTALE,
    errno.EBUSY,
)


# -- errors ------------------------------------------------------------------------------


LASTING = tuple(code for code in ERRORS if code != errno.EINTR)
"""Those that can be for good; a signal passes, and Python begins an interrupted call anew, for ever if it must."""


class _Blow(NamedTuple):
    """An error at a call: once, for good, or with half of the call done."""

    number: int
    code: int
    how: str

    @property
    def strike(self) -> Strike:
        return refuse(self.number, self.code, sticky=self.how == "for good", partly=self.how == "half done")

    def __str__(self) -> str:
        return f"{errno.errorcode[self.code]} {self.how} at call {self.number}"


def errors(run: Recorded, every: int = 1) -> Iterator[Row]:
    """Yield a row for errors that the run meets, and one for those that a recovery meets.

    Each error strikes each call once, and for good where the run asks the disk for more after it; some strike with half
    of a write done. What would end the same for sure is not run.

    Parameters
    ----------
    every
        Strike at every n-th call only, and there with one error for good and one half way.
    """
    yield _errors(run, "error", run.stage.before, run.asks, run.calls[::every], every == 1)
    if not run.scene.is_copy:
        middle = [call.number for call in run.calls if call.name == "pwrite64"][-2]
        waiting = killed_before(run, middle)
        calls = calls_of_recovery(run, waiting)
        yield _errors(run, "error in recovery", waiting, run.recovers, calls[::every], every == 1)


def _errors(run: Recorded, trouble: str, begin: Tree, asks: tuple[str, ...], calls: Sequence[Call], whole: bool) -> Row:
    """Strike calls of a run that begins with a state; unless it is whole, with one error for good and one half way."""
    start, row = time.monotonic(), Row(trouble, run.scene.title)
    for call in calls:
        number = call.number
        lasting, halves = (LASTING, ERRORS[:3]) if whole else ((LASTING[number % 7],), (ERRORS[number % 3],))
        for code in ERRORS:
            goes_on = _struck(run, begin, asks, _Blow(number, code, "once"), row)
            if goes_on and code in lasting:
                _struck(run, begin, asks, _Blow(number, code, "for good"), row)
            if code in halves and call.name in HALVES:
                _struck(run, begin, asks, _Blow(number, code, "half done"), row)
    row.seconds = time.monotonic() - start
    return row


def _struck(run: Recorded, begin: Tree, asks: tuple[str, ...], blow: _Blow, row: Row) -> bool:
    """Let a run meet an error, then let another one help; say whether the first made more calls after it."""
    known, was = run.known, found_in(begin)
    run.stage.put(begin)
    layer = Layer(str(run.stage.root), blow.strike)
    ran = run.stage.run(*asks, layer=layer, luck=int(asks != run.asks))
    tree = run.stage.tree()
    now, where = found_in(tree), f"{blow}, {layer.calls[min(blow.number, len(layer.calls)) - 1].name}"
    wrong = [] if was.hot else [*known.torn(tree)]
    if run.scene.is_copy:
        wrong += known.wrong_copy(now, False, ran.text)
    else:
        wrong += known.wrong(now, ran.text)
    is_told = LEFT in ran.text or COPY_LEFT in ran.text
    if now.own and not now.hot and not was.own and blow.how != "for good" and not is_told:
        wrong.append("something of ours was left beside the slide")
    row.runs += 1
    row.distinct += 1
    row.before += not now.hot and known.is_before(now)
    row.after += not now.hot and known.is_after(now) and not run.scene.is_copy
    row.refused += ran.code not in (0, 1)
    row.violations += [f"{each} ({where}): {ran.text.strip()!r}" for each in wrong]
    row.untrue += [f"{each} ({where})" for each in Trial(known, was, now, ran, blow.code).untrue()]
    if now.hot or now.own:
        _help(run, State(tree, blow.number, ("kept", where), ""), row)
    return len(layer.calls) > blow.number


def _help(run: Recorded, state: State, row: Row) -> None:
    """Run again without trouble; only what is wrong then counts."""
    after = Row("", "")
    if run.scene.is_copy:
        try_copy(run, state, after, set())
    else:
        try_state(run, state, after, is_hurt=True)
    row.recovered += after.recovered
    row.violations += after.violations
    row.untrue += after.untrue
