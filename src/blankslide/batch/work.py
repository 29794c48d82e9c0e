"""What is done with one slide of a run, in whichever process: it is planned or edited, and never raises."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide import pipeline
from blankslide.errors import SlideChanged, UsageError
from blankslide.model import Outcome
from blankslide.model.changed import changed
from blankslide.pipeline import Foreseen, Mode, Options, problem_of

if TYPE_CHECKING:
    from blankslide.batch.orders import Orders, Verb
    from blankslide.batch.queue import Task
    from blankslide.errors import BlankslideError
    from blankslide.pipeline import Progress


class Result(NamedTuple):
    """What became of a slide, what planning foresaw, and what a face asked for beside that (`worker.main`)."""

    outcome: Outcome
    foreseen: Foreseen | None = None
    beside: Any = None


def carry_out(
    task: Task, verb: Verb, orders: Orders, options: Options, progress: Progress, cancelled: Callable[[], bool]
) -> Result:
    """Plan one slide, or edit it; every failure becomes an outcome.

    Parameters
    ----------
    options
        Of this process; the key is looked for again, because another process may have made it.
    """
    seen: list[Foreseen] = []
    try:
        if task.refusal:
            raise UsageError(task.refusal)
        options.find_key()
        own = changed(options, progress=progress, cancelled=cancelled, foreseen=seen.append, place=task.place)
        own.pictures = options.pictures and not (verb == "plan" and orders.rehearsed)
        own.about = {**options.about, **dict(task.kept)}
        outcome = pipeline.anonymize(task.path, own, _mode(task, verb, orders, own), task.name)
    except Exception as error:  # readers are foreign code: one bad slide never stops the others
        outcome = refused(_of_a_run(problem_of(error), task, verb))
    outcome.path = task.path
    return Result(outcome, seen[-1] if seen else None)


def _of_a_run(problem: BlankslideError, task: Task, verb: Verb) -> BlankslideError:
    """Return what to say: that a slide which was planned is not there now is no spelling mistake."""
    if verb == "run" and isinstance(problem, UsageError) and not os.path.lexists(task.path):
        return SlideChanged("the slide is not there any more", "another run may have renamed it: begin it again")
    return problem


def refused(problem: BlankslideError) -> Outcome:
    """Return the outcome of a slide that was refused."""
    content = "pending" if problem.exit_code == 5 else "untouched"
    return Outcome(content, error=problem.sentence(), error_code=problem.exit_code)  # type: ignore[arg-type]


def _mode(task: Task, verb: Verb, orders: Orders, options: Options) -> Mode:
    if orders.out is None:
        return Mode(None, verb == "plan", orders.asks)
    above = tuple(_folder_name(part, verb, options) for part in task.home)
    place = "/".join(task.home) if orders.lasting else None
    folder = os.path.join(orders.out, *above)
    return Mode(folder, verb == "plan", orders.asks, above, True, orders.lasting, place)


def _folder_name(name: str, verb: Verb, options: Options) -> str:
    """Return what a folder is called among the copies: a pseudonym, if it identifies, or may and the profile cares.

    Which values are removed from a slide says nothing here: all slides of the folder must agree.
    """
    from blankslide.policy.file_names import name_verdict
    from blankslide.policy.pseudonyms import slide_name

    if name_verdict(name) not in (("identifying", "unknown") if options.resolved().names else ("identifying",)):
        return name
    if verb == "run":
        options.make_key()
    key = options.planning_key
    return name if key is None else slide_name(name, key)
