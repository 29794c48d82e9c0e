"""A dask cluster that is there already, instead of processes of our own.

Each worker does one slide at a time, where it reaches it by the same path as we do; it has its own site key's file and
ledger under the names that it was told. A worker that dies takes no slide with it: the scheduler gives it to another
one, which recovers it first if it was begun. What was submitted is finished when a person stops the run: nobody can
reach into a worker. Connections are made to the scheduler that a person names, and to nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from blankslide.batch.crew import lost
from blankslide.batch.events import Queued, Running
from blankslide.batch.queue import Task
from blankslide.batch.work import Result, carry_out, refused
from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.pipeline import problem_of

if TYPE_CHECKING:
    from blankslide.batch.crew import Told
    from blankslide.batch.orders import Orders, Verb
    from blankslide.model import Stage

_PULSE = 0.5
_PATIENCE = 10
_one_at_a_time = Lock()


class Cluster:
    """The workers of a scheduler; a context manager, like `Crew`.

    Parameters
    ----------
    orders
        For all slides.
    address
        Of the scheduler, such as ``tcp://host:8786``.

    Raises
    ------
    UsageError
        If dask.distributed is not installed.
    EnvironmentProblem
        If no scheduler answers.
    """

    def __init__(self, orders: Orders, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise UsageError("--scheduler needs dask.distributed", "pip install blankslide[distributed]") from None
        self._orders = orders
        try:
            self._client: Any = Client(address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError):
            raise EnvironmentProblem(
                f"no dask scheduler answers at {address!r}", "write --scheduler tcp://HOST:8786"
            ) from None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def work(self, verb: Verb, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Told]:
        """Plan or edit slides; see `Crew.work`. Stages are not told."""
        from distributed import wait

        waiting, hand = iter(tasks), dict[Any, Task]()
        while True:
            while len(hand) < self._width() and not stopped() and (task := next(waiting, None)) is not None:
                yield (Queued if verb == "plan" else Running)(task.number, task.path)
                there = task._replace(path=Path(os.path.abspath(task.path)))
                hand[self._client.submit(_there, there, verb, self._orders, pure=False)] = task
            if not hand:
                return
            try:
                with self._client.as_current():
                    ended = wait(list(hand), timeout=_PULSE, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                continue
            for future in ended:
                task = hand.pop(future)
                yield task, _result(task, future)

    def _width(self) -> int:
        """How many slides are submitted at a time: enough that no worker waits."""
        return 2 * max(len(self._client.nthreads()), 1)


def _result(task: Task, future: Any) -> Result:
    try:
        result = future.result()
    except Exception:  # of dask: several workers have died with it, or its result was lost
        return lost(task, "ended, several times")
    return result if isinstance(result, Result) else lost(task, "ended, several times")


def _there(task: Task, verb: Verb, orders: Orders) -> Result:
    """Do it, in a worker."""
    with _one_at_a_time:
        try:
            options = orders.options()
        except Exception as error:
            return Result(refused(problem_of(error)))
        return carry_out(task, verb, orders, options, _untold, bool)


def _untold(stage: Stage, part: float) -> None:
    """Stages stay where they are."""
