"""What a list of slides shows of each: what is in it, and a small picture; looked up by processes of their own.

The picture is the slide's thumbnail, else its coarsest level: never label or macro, which name the patient in a list
that lies open on a screen. What some scanners call a thumbnail shows the label, too: one that would go is not shown.
A slide that is refused has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankslide import pipeline
from blankslide.batch import worker
from blankslide.batch.work import Result, refused
from blankslide.errors import UsageError
from blankslide.model import Action, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.batch import Orders
    from blankslide.batch.orders import Verb
    from blankslide.batch.queue import Task
    from blankslide.model import Inspection, Plan
    from blankslide.pipeline import Options, Progress

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]

CODE = "from blankslide.review.looking import main; main()"
"""What a process runs that looks at slides, for a `Crew`."""

PICTURE = (96, 64)
"""Width and height that a picture is made to fit into."""

_MOST = 16_000_000


def main() -> None:
    """Look at slides until no more come in."""
    worker.main(look)


def look(
    task: Task, verb: Verb, orders: Orders, options: Options, progress: Progress, cancelled: Callable[[], bool]
) -> Result:
    """Look at one slide; every failure becomes an outcome. The picture is ``beside``.

    Nothing is asked that depends on how the slide is to be treated, such as whether it can be written.
    """
    try:
        if task.refusal:
            raise UsageError(task.refusal)
        options.find_key()
        inspection, plan = pipeline.plan(task.path, options)
    except Exception as error:  # readers are foreign code: one bad slide never stops the others
        outcome = refused(pipeline.problem_of(error))
        outcome.path = task.path
        return Result(outcome)
    outcome = Outcome("untouched", format=inspection.format, title=inspection.title, profile=plan.profile)
    outcome.decisions, outcome.path = plan.decisions, task.path
    foreseen = pipeline.Foreseen(sum(file.size for file in inspection.files), plan.bytes_changed, ())
    return Result(outcome, foreseen, picture_of(pipeline.main_file(task.path), inspection, plan))


def picture_of(path: Path, inspection: Inspection, plan: Plan) -> Pixels | None:
    """Return a small picture of the tissue: rows, columns and red, green, blue of 8 bits; None if there is none."""
    from blankslide.viewing import open_pyramid
    from blankslide.viewing.picture import open_pictures, small

    try:
        with open_pictures(path, inspection) as beside:
            if "thumbnail" in beside.pictures and not _goes("thumbnail", plan):
                return small(beside.pictures["thumbnail"], *PICTURE)
        with open_pyramid(path, inspection) as pyramid:
            coarsest = pyramid.levels[-1]
            few = coarsest.shape[0] * coarsest.shape[1] <= _MOST
            return small(coarsest, *PICTURE) if few and pyramid.coarse is None else None
    except Exception:  # a list without a picture is still a list
        return None


def _goes(role: str, plan: Plan) -> bool:
    """Whether a picture is to go: then it may show more than tissue."""
    found = (each for each in plan.decisions if each.id.removeprefix("picture.").split(".")[0] == role)
    return any(each.action is not Action.KEEP for each in found)
