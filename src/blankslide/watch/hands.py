"""Doing one slide that has settled: is it whole, the pipeline in a process of its own, what becomes of the original.

Nothing is decided here that cannot be decided again: whoever is killed leaves a slide where it was, a copy without its
name, or a journal, and the next run goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from blankslide.batch.crew import Crew
from blankslide.batch.events import Staged
from blankslide.errors import BlankslideError, EnvironmentProblem
from blankslide.model import DONE_BEFORE, Outcome
from blankslide.pipeline import problem_of
from blankslide.pipeline.completeness import Missing, missing
from blankslide.watch import leaving
from blankslide.watch.telling import clean_phrase, reason_of

if TYPE_CHECKING:
    from blankslide.batch.queue import Task
    from blankslide.watch.policies import Policy
    from blankslide.watch.settings import Settings
    from blankslide.watch.sorting import Candidate

Ending = Literal["done", "before", "bad", "left", "wait", "whole?", "stopped"]
_DIED = "the process that had this slide"
_TAKEN = "the target folder already has a file of this name"
_DEATHS, _PROCESSES = 3, 3


class Order(NamedTuple):
    """A slide to be done, and how.

    Attributes
    ----------
    tries, why
        How often it was tried in vain, and what was said of it the last time.
    """

    candidate: Candidate
    policy: Policy
    task: Task
    tries: int = 0
    why: str = ""


class Ended(NamedTuple):
    """What became of a slide.

    Attributes
    ----------
    ending
        ``done``, ``before`` (done by an earlier run), ``bad`` (in the quarantine), ``left`` (bad, and left where it
        is), ``wait`` (for its surroundings), ``whole?`` (it is not whole yet) or ``stopped``.
    words
        What is to be said of it, without names.
    is_gone
        Whether it was moved or removed.
    renamed
        Whether it may have another name now.
    """

    order: Order
    ending: Ending
    words: str
    is_gone: bool = False
    renamed: bool = False


class Hand:
    """Does one slide after the other; each needs a thread.

    Parameters
    ----------
    tell
        Called with the path of the slide in hand and the part of it that is done.
    """

    def __init__(self, settings: Settings, tell: Callable[[str, float], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._crews: dict[tuple[object, ...], Crew] = {}

    def close(self) -> None:
        """Let the processes go."""
        while self._crews:
            self._crews.popitem()[1].__exit__(None, None, None)

    def do(self, order: Order) -> Ended:
        """Do a slide; never raises."""
        try:
            return self._do(order)
        except Exception as error:  # whatever it was: the service goes on, and the slide is looked at again
            return Ended(order, "wait", problem_of(error).message)

    def _do(self, order: Order) -> Ended:
        candidate = order.candidate
        if not is_unchanged(candidate):
            return Ended(order, "stopped", "")
        lacks = _missing(Path(candidate.path))
        too_late = candidate.quiet_for >= self._settings.patience
        if lacks is not None and (lacks.waits or not too_late):
            return Ended(order, "whole?", lacks.reason)
        if lacks is not None and lacks.certain:
            return self._bad(order, lacks.reason)
        outcome = self._run(order)
        return self._judged(order, outcome, too_late)

    def _run(self, order: Order) -> Outcome:
        crew = self._crew_for(order.policy)
        outcome = Outcome("untouched", error="not begun", error_code=130)
        for told in crew.work("run", [order.task], bool):
            if isinstance(told, tuple):
                outcome = told[1].outcome
            elif isinstance(told, Staged):
                self._tell(order.candidate.path, told.part)
        return outcome

    def _crew_for(self, policy: Policy) -> Crew:
        """Return the process for a policy; the one that was not needed for longest makes room for another."""
        crew = self._crews.pop(policy.key, None) or Crew(policy.orders, 1)
        self._crews[policy.key] = crew
        if len(self._crews) > _PROCESSES:
            self._crews.pop(next(iter(self._crews))).__exit__(None, None, None)
        return crew

    def _judged(self, order: Order, outcome: Outcome, too_late: bool) -> Ended:
        if DONE_BEFORE in outcome.notes:
            return self._done_before(order, outcome)
        if outcome.content == "clean" and not outcome.error and not _name_speaks(outcome):
            return self._clean(order, outcome)
        code, reason = outcome.exit_code, reason_of(outcome)
        if code == 130:
            return Ended(order, "stopped", reason)
        if code in (4, 5) and _TAKEN not in reason:
            kills = code == 4 and reason.startswith(_DIED) and order.tries + 1 >= _DEATHS
            return self._bad(order, reason) if kills else Ended(order, "wait", reason)
        if code == 3 and not too_late:
            return Ended(order, "whole?", reason)
        return self._bad(order, reason)

    def _clean(self, order: Order, outcome: Outcome) -> Ended:
        candidate, words = order.candidate, clean_phrase(outcome)
        if self._settings.out is None:
            return Ended(order, "done", words, renamed=bool(outcome.target))
        if order.policy.originals == "keep":
            return Ended(order, "done", words)
        if not is_unchanged(candidate):
            return Ended(order, "done", f"{words} · the original has changed since, and stays")
        return self._put_away(order, words, "done")

    def _done_before(self, order: Order, outcome: Outcome) -> Ended:
        """Put away what an earlier run has done; it is not removed, because nobody can look at its copy now."""
        if order.policy.originals == "move":
            return self._put_away(order, DONE_BEFORE, "before")
        return Ended(order, "before", DONE_BEFORE)

    def _put_away(self, order: Order, words: str, ending: Ending) -> Ended:
        try:
            if order.policy.originals == "move":
                leaving.put_away(order.candidate, self._settings.done)
                return Ended(order, ending, f"{words} · original moved", is_gone=True)
            leaving.remove(order.candidate, self._settings.quarantine or self._settings.done)
            return Ended(order, ending, f"{words} · original removed", is_gone=True)
        except BlankslideError as error:
            return Ended(order, "wait", f"the copy is done, but {error.message}")

    def _bad(self, order: Order, reason: str) -> Ended:
        """Put a slide into the quarantine if the same was said of it before: a share may have been away for a moment.

        Readers cannot tell a file that they may not read now from one that is damaged.
        """
        if order.why != reason:
            return Ended(order, "whole?", reason)
        if self._settings.quarantine is None:
            return Ended(order, "left", reason)
        if not is_unchanged(order.candidate):
            return Ended(order, "stopped", "")
        try:
            leaving.quarantine(order.candidate, self._settings.quarantine, reason)
        except EnvironmentProblem as error:
            return Ended(order, "wait", f"it belongs into the quarantine ({reason}), but {error.message}")
        return Ended(order, "bad", reason, is_gone=True)


def _missing(path: Path) -> Missing | None:
    """Ask what a slide lacks; what we cannot cope with counts as damage, so it does not wait for ever."""
    try:
        return missing(path)
    except (BlankslideError, OSError):
        raise
    except Exception as error:
        return Missing(problem_of(error).message)


def _name_speaks(outcome: Outcome) -> bool:
    """Whether a name alone keeps a slide from being clean: files beside an original say nothing of its copy."""
    return outcome.strict_name and (outcome.name == "identifying" or bool(outcome.sidecars and not outcome.copied))


def is_unchanged(candidate: Candidate) -> bool:
    """Whether every file of a slide is as it was when the slide was found."""
    for member in candidate.members:
        try:
            now = os.stat(member.path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if (now.st_ino, now.st_size, now.st_mtime_ns) != member.stamp:
            return False
    return True
