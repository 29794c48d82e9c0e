"""One run over many slides: plan all of them, then do them, and tell of it.

    queue ──> plan ──> may it begin? ──> run ──> try the failed again ──> summary
              all of it, nothing written

Planning asks of each slide all that can be asked without reading tissue. What cannot be done is `Done` then, and the
run goes on with the others, or with none if all were demanded. What failed for its surroundings – a lock, a full disk,
a process that died – is tried once more at the end. Who watches gets every event; what is kept of a slide is small.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from blankslide.batch.crew import Crew
from blankslide.batch.events import Done, Event, Planned
from blankslide.batch.forecast import Forecast, Overview, forecast
from blankslide.batch.names import KEYED
from blankslide.batch.queue import Aside, Task, shuffled, tasks
from blankslide.batch.summary import Summary
from blankslide.batch.work import refused
from blankslide.errors import Cancelled, NoPermission, NoSpace, UsageError
from blankslide.model import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.batch.cluster import Cluster
    from blankslide.batch.names import Naming
    from blankslide.batch.orders import Orders
    from blankslide.batch.queue import Shard

_MENDABLE = 4
_CANCELLED = 130


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for.

    Attributes
    ----------
    paths
        Slides, sets and folders.
    jobs
        How many processes; 0 for this one alone.
    shard
        Which part of the queue, or all.
    naming
        How slides are named; None for as they are.
    dry_run
        Only plan.
    every
        Begin only if every slide can be done.
    scheduler
        Address of a dask scheduler whose workers do the slides; ``jobs`` says nothing then.
    blind
        Number the slides in an order that tells nothing.
    only
        Do none but these of the slides that are found below ``paths``; None for all. Numbers and folders of copies
        stay those of the whole queue.
    """

    paths: tuple[Path, ...]
    orders: Orders
    jobs: int = 1
    shard: Shard | None = None
    naming: Naming | None = None
    dry_run: bool = False
    every: bool = False
    scheduler: str | None = None
    blind: bool = False
    only: frozenset[Path] | None = None


def _nobody(event: Event) -> None:
    """Nobody watches."""


class Batch:
    """One run; `plan` first, then `run`.

    Parameters
    ----------
    watch
        Called with every event, in the thread that runs the batch.
    stopped
        Asked often; once true, no other slide is begun.
    looked
        Called after each file of a folder that was looked at.

    Attributes
    ----------
    others
        Files that are no slides.
    empty
        Paths below which there is no slide.
    forecasts
        What was planned, in the order of the queue.
    summary
        What became of the slides so far.
    """

    def __init__(
        self,
        request: Request,
        watch: Callable[[Event], None] = _nobody,
        stopped: Callable[[], bool] = bool,
        looked: Callable[[bool], None] = lambda slide: None,
    ) -> None:
        self.request = request
        self.others: list[Path] = []
        self.empty: list[Path] = []
        self.forecasts: list[Forecast] = []
        self.summary = Summary()
        self._watch = watch
        self._stopped = stopped
        self._looked = looked
        self._unreadable: list[Path] = []
        self._crew: Crew | Cluster
        orders = replace(request.orders, rehearsed=not request.dry_run)
        if request.scheduler is None:
            self._crew = Crew(orders, request.jobs)
        else:
            from blankslide.batch.cluster import Cluster

            self._crew = Cluster(orders, request.scheduler)
        self._key = self._key_for_names()

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *error: object) -> None:
        self._crew.__exit__(*error)

    def _key_for_names(self) -> bytes | None:
        """Return the key for pseudonyms; a run that will write makes it now, because names are planned with it.

        So does one that will keep old names in the link table, which is asked here whether it can.
        """
        request, options = self.request, self.request.orders.options()
        links = options.links if request.scheduler is None else None  # workers elsewhere have tables of their own
        if request.naming is not None and not request.dry_run and (request.naming.fields & KEYED or links):
            options.make_key()
            if links is not None and options.key is not None:
                links.ready(options.key)
        elif request.blind and not request.dry_run:
            options.make_key()
        return options.planning_key

    # -- planning --------------------------------------------------------------------------

    def plan(self) -> Overview:
        """Plan every slide; nothing is changed.

        Raises
        ------
        UsageError
            If the run makes no sense: two slides would get one name that was asked for.
        NoSpace
            If everything is demanded and the copies do not fit.
        """
        self._refuse_moving_numbers()
        if self.request.blind and "n" not in getattr(self.request.naming, "fields", ()):
            raise UsageError("a blind order is of numbers, and the names have none", "put {n:04} into --name")
        with suppress(Cancelled):
            self._look()
        self.forecasts.sort(key=lambda each: each.task.number)
        self._refuse_collisions()
        for path in self._unreadable:
            self._done(Task(0, path), refused(NoPermission("the folder cannot be read")))
        overview = Overview.of(self.forecasts, self.request.orders.out)
        if self._stopped():
            self.summary.stopped = True
        elif self.request.every and not overview.fits:
            raise NoSpace("the copies do not all fit on the target's disk")
        return overview

    def _look(self) -> None:
        """Find the slides and plan each."""
        for told in self._crew.work("plan", self._named(), self._stopped):
            if not isinstance(told, tuple):
                self._watch(told)
                continue
            task, (outcome, foreseen, _) = told
            if outcome.error_code == _CANCELLED:
                continue
            one = forecast(task, outcome, foreseen, self.request.orders.out is None)
            self.forecasts.append(one)
            self._watch(Planned(task.number, task.path, one))
            if self.request.dry_run or (one.code and one.code != _MENDABLE):
                self._done(task, outcome)

    def _named(self) -> Iterator[Task]:
        request = self.request
        aside = Aside(self.others.append, self._unreadable.append, self.empty.append, self._looked_at)
        found = tasks(request.paths, request.orders.out, aside)
        if request.blind:
            found = shuffled(found, self._key)
        named = self._given_names(found)
        if request.shard is not None:
            named = filter(request.shard.holds, named)
        return named if request.only is None else (task for task in named if task.path in request.only)

    def _given_names(self, found: Iterator[Task]) -> Iterator[Task]:
        """Name the whole queue, whatever the shard: a row that fits slides of two shards is told by both."""
        request = self.request
        if request.naming is None:
            return found
        return request.naming.named(found, self._key, request.orders.out is None)

    def _looked_at(self, slide: bool) -> None:
        if self._stopped():
            raise Cancelled("stopped while slides were looked for")
        self._looked(slide)

    def _refuse_moving_numbers(self) -> None:
        request = self.request
        numbers = request.naming is not None and "n" in request.naming.fields
        if numbers and request.shard is not None and request.orders.out is None:
            raise UsageError(
                "slides that are renamed in place have no fixed numbers, so shards cannot agree on {n}",
                "use {stem} or {pseudonym}, or --out DIR",
            )

    def _refuse_collisions(self) -> None:
        """Refuse names that two slides would get, while nothing is written; of copies that keep theirs, the later."""
        first: dict[tuple[str, str], Forecast] = {}
        for i, each in enumerate(self.forecasts):
            if each.code:
                continue
            names = [(self._folder(each.task), _plain(name)) for name in each.names]
            other = next((first[name] for name in names if name in first), None)
            if other is None:
                first.update(dict.fromkeys(names, each))
                continue
            if self.request.naming is not None:
                raise UsageError(
                    f"slides {other.task.number} and {each.task.number} would both be called {each.names[-1]}",
                    "let their names tell them apart, such as by {n:04}, {stem} or {pseudonym}",
                )
            outcome = refused(UsageError("another slide of this run gets the same name", "copy it to another --out"))
            self.forecasts[i] = each._replace(code=outcome.error_code, reason=outcome.error)
            if not self.request.dry_run:
                self._done(each.task, outcome)

    def _folder(self, task: Task) -> str:
        out = self.request.orders.out
        if out is None:
            return os.path.realpath(task.path.parent)
        return _plain("/".join(task.home))

    # -- running ---------------------------------------------------------------------------

    def run(self) -> Summary:
        """Do all that can be done; `plan` comes first.

        Raises
        ------
        EnvironmentProblem
            If nothing can be done at all, because no process can be started.
        """
        if self.request.dry_run:
            return self.summary
        left = {each.task.number: each.task for each in self.forecasts if not each.code}
        mendable = [each for each in self.forecasts if each.code == _MENDABLE]
        if self.is_refused:
            for each in mendable:
                self._done(each.task, Outcome("untouched", error=each.reason, error_code=each.code))
        else:
            failed = self._go_through(left, last=False)
            left |= failed | {each.task.number: each.task for each in mendable}
            self._go_through(left, last=True)
        self.summary.stopped = self.summary.stopped or self._stopped()
        for task in left.values():
            self._done(task, Outcome("untouched", error="not begun \u00b7 nothing was changed"), begun=False)
        return self.summary

    @property
    def is_refused(self) -> bool:
        """Whether every slide was demanded, and one cannot be done: then none is begun."""
        return self.request.every and bool(self._unreadable or any(each.code for each in self.forecasts))

    def _go_through(self, left: dict[int, Task], last: bool) -> dict[int, Task]:
        """Do what is left and take it out of there; return what is worth another try."""
        failed = {}
        for told in self._crew.work("run", list(left.values()), self._stopped):
            if not isinstance(told, tuple):
                self._watch(told)
                continue
            task, (outcome, *_) = told
            if outcome.error_code == _CANCELLED:
                continue
            del left[task.number]
            if self._is_mendable(outcome) and not last:
                failed[task.number] = task
            else:
                self._done(task, outcome)
        return failed

    def _is_mendable(self, outcome: Outcome) -> bool:
        """Whether another try may do better: a slide that waits is recovered by it, if that is in place."""
        return outcome.error_code == _MENDABLE or (outcome.error_code == 5 and self.request.orders.out is None)

    def _done(self, task: Task, outcome: Outcome, begun: bool = True) -> None:
        outcome.path = task.path
        if outcome.ledger_sequence is not None and self.request.orders.ledger is not None:
            self.request.orders.ledger.wake()
        self.summary.add(outcome, begun)
        self._watch(Done(task.number, task.path, outcome, begun))


def _plain(name: str) -> str:
    """Return a name as file systems that do not care for capitals or accents' spelling compare it."""
    return unicodedata.normalize("NFC", name).casefold()
