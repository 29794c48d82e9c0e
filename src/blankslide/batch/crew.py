"""Several processes that do slides, and one place where all their events arrive.

Each process is served by a thread of ours, which gives it the next slide as soon as it has finished one. So a slide
that takes long holds up nobody, and the queue is gone through only as fast as slides are taken from it. A process that
dies takes one slide with it: it is said how that slide stands, and a new process goes on. Processes are replaced after
some hundred slides, whatever foreign readers may have forgotten to give back.

No process is forked, and no main module is imported again: a script needs no guard, and notebooks and napari can have
a crew as well.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Lock, Thread
from typing import TYPE_CHECKING

from blankslide.batch.events import Queued, Running, Staged
from blankslide.batch.queue import Task
from blankslide.batch.work import Result, carry_out, refused
from blankslide.batch.worker import READY
from blankslide.errors import BlankslideError, EnvironmentProblem, SlidePending

if TYPE_CHECKING:
    from blankslide.batch.orders import Orders, Verb
    from blankslide.model import Stage

LIFETIME = 400
_CODE = "from blankslide.batch.worker import main; main()"
_PULSE = 0.1
_TRIES = 5

Told = Queued | Running | Staged | tuple[Task, Result]


class WorkerDied(Exception):
    """A process ended while it had a slide.

    Parameters
    ----------
    code
        How it ended: minus the signal's number, or its exit code.
    was_ready
        Whether it had begun to work at all.
    """

    def __init__(self, code: int, was_ready: bool) -> None:
        super().__init__(code)
        self.code = code
        self.was_ready = was_ready


class Worker:
    """One process.

    Parameters
    ----------
    orders
        For all slides that it will do.
    code
        What the process runs; by default, what plans and edits.
    """

    def __init__(self, orders: Orders, code: str | None = None) -> None:
        paths = [os.path.abspath(each) for each in sys.path if each]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, and our own words
            [sys.executable, "-P", "-c", code or _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self._sending = Lock()
        self.done = 0
        self.is_ready = False
        self._send(orders)

    def _send(self, message: object) -> None:
        if self._process.stdin is None:
            return
        with self._sending, suppress(OSError, ValueError):  # that it is dead is noticed when it should answer
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()

    def carry_out(self, verb: Verb, task: Task, tell: Callable[[Stage, float], None]) -> Result:
        """Let it plan or edit a slide.

        Raises
        ------
        WorkerDied
            If it ended.
        """
        self._send((verb, task))
        while True:
            try:
                message = pickle.load(self._process.stdout)  # type: ignore[arg-type]  # noqa: S301 - our own process
            except (EOFError, OSError, pickle.UnpicklingError):
                self._process.kill()
                raise WorkerDied(self.dismiss(), self.is_ready) from None
            if isinstance(message, Result):
                self.done += 1
                return message
            if message == READY:
                self.is_ready = True
            else:
                tell(*message)

    def tell_stop(self) -> None:
        """Ask it to leave the slide in hand as it is, if nothing of it was written yet."""
        self._send("stop")

    def dismiss(self) -> int:
        """Let it go; return how it ended."""
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        return self._process.wait()


class Crew:
    """A number of workers; a context manager that lets them go.

    Parameters
    ----------
    orders
        For all slides.
    jobs
        How many processes there are; 0 does the work in this one.
    code
        What the processes run: by default, what plans and edits.
    """

    def __init__(self, orders: Orders, jobs: int, code: str | None = None) -> None:
        self._orders = orders
        self._jobs = jobs
        self._code = code
        self._idle: list[Worker] = []
        self._stillborn = 0

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        while self._idle:
            self._idle.pop().dismiss()

    def work(self, verb: Verb, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Told]:
        """Plan or edit slides, and tell of it in this thread.

        Parameters
        ----------
        tasks
            Gone through while slides are done, by one thread at a time.
        stopped
            Asked often; once it is true no other slide is begun, and those in hand are finished or left as they are.

        Yields
        ------
        Queued, Running, Staged, or tuple of Task and Result
            The tuple ends a slide.
        """
        shift = _Shift(verb, tasks, stopped)
        if self._jobs:
            yield from self._together(shift)
        else:
            yield from self._alone(shift)

    def _together(self, shift: _Shift) -> Iterator[Told]:
        threads = [Thread(target=self._serve, args=(shift,), daemon=True) for _ in range(self._jobs)]
        for thread in threads:
            thread.start()
        try:
            yield from shift.listen(len(threads))
        except BaseException:  # whoever listens has had enough
            shift.halt()
            raise
        finally:
            for thread in threads:
                thread.join()

    def _serve(self, shift: _Shift) -> None:
        worker: Worker | None = None
        try:
            while (task := shift.next()) is not None:
                if worker is None:
                    worker = shift.hired(self._hire())
                try:
                    shift.tell((task, worker.carry_out(shift.verb, task, shift.stages_of(task))))
                except WorkerDied as died:
                    how = f"by signal {-died.code}" if died.code < 0 else f"with exit code {died.code}"
                    shift.tell((task, lost(task, f"ended {how}")))
                    worker = None
                    self._count_death(died.was_ready)
                if worker is not None and worker.done >= LIFETIME:
                    worker.dismiss()
                    worker = None
        except BaseException as error:
            shift.fail(error)
        finally:
            if worker is not None:
                self._idle.append(worker)
            shift.end()

    def _count_death(self, was_ready: bool) -> None:
        """Give up if processes end again and again before they can do anything: that is no slide's fault."""
        self._stillborn = 0 if was_ready else self._stillborn + 1
        if self._stillborn >= _TRIES:
            raise EnvironmentProblem("the processes that should do the work end as soon as they are started")

    def _hire(self) -> Worker:
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            return Worker(self._orders.here(), self._code)
        except OSError as error:
            raise EnvironmentProblem(f"no process could be started: {error.strerror or 'unknown error'}") from None

    def _alone(self, shift: _Shift) -> Iterator[Told]:
        """Do it in this process; stages are told when the slide has ended."""
        options = self._orders.options()
        while (task := shift.next()) is not None:
            yield from shift.waiting()
            result = carry_out(task, shift.verb, self._orders, options, shift.stages_of(task), shift.stopped)
            yield from shift.waiting()
            yield task, result
        shift.end()
        yield from shift.listen(1)


class _Shift:
    """One going-through of the queue: who takes which slide, and what is told meanwhile."""

    def __init__(self, verb: Verb, tasks: Iterable[Task], stopped: Callable[[], bool]) -> None:
        self.verb = verb
        self.stopped = stopped
        self._tasks = iter(tasks)
        self._taking = Lock()
        self._inbox: Queue[Told | BaseException | None] = Queue()
        self._workers: list[Worker] = []
        self._over = False

    # -- for the threads -------------------------------------------------------------------

    def next(self) -> Task | None:
        """Take a slide; None if there is no other, or none is to be begun."""
        with self._taking:
            if self._over or self.stopped():
                return None
            task = next(self._tasks, None)
            if task is not None:
                event = Queued if self.verb == "plan" else Running
                self.tell(event(task.number, task.path))
            return task

    def hired(self, worker: Worker) -> Worker:
        """Take note of a worker that has to be told of a stop."""
        self._workers.append(worker)
        return worker

    def tell(self, told: Told) -> None:
        """Pass on an event."""
        self._inbox.put(told)

    def stages_of(self, task: Task) -> Callable[[Stage, float], None]:
        """Make what passes on the stages of a slide."""

        def tell(stage: Stage, part: float) -> None:
            if self.verb == "run":
                self._inbox.put(Staged(task.number, task.path, stage, part))

        return tell

    def fail(self, error: BaseException) -> None:
        """Let an error end the shift where it is listened to."""
        self._inbox.put(error)

    def end(self) -> None:
        """Say that a thread has nothing more to do."""
        self._inbox.put(None)

    # -- for whoever listens ---------------------------------------------------------------

    def halt(self) -> None:
        """Begin no other slide, and let go of those in hand as far as that can be done."""
        self._over = True
        for worker in list(self._workers):
            worker.tell_stop()

    def waiting(self) -> Iterator[Told]:
        """Yield what is there by now."""
        with suppress(Empty):
            while True:
                message = self._inbox.get_nowait()
                if message is not None and not isinstance(message, BaseException):
                    yield message

    def listen(self, threads: int) -> Iterator[Told]:
        """Yield what is told, until all threads have ended; raise what one of them has failed by."""
        failed: BaseException | None = None
        while threads:
            if self.stopped() and not self._over:
                self.halt()
            try:
                message = self._inbox.get(timeout=_PULSE)
            except Empty:
                continue
            if message is None:
                threads -= 1
            elif isinstance(message, BaseException):
                failed = failed or message
                self.halt()
            else:
                yield message
        if failed is not None:
            raise failed


def lost(task: Task, how: str) -> Result:
    """Say how a slide stands whose process has ended."""
    from blankslide.pipeline import main_file, refuse_pending

    problem: BlankslideError = EnvironmentProblem(f"the process that had this slide {how}")
    try:
        refuse_pending(main_file(task.path))
    except SlidePending:
        problem = SlidePending(f"the process that had this slide {how}", "run: blankslide recover")
    except (BlankslideError, OSError):
        pass  # it will say so itself when it is tried again
    outcome = refused(problem)
    outcome.path = task.path
    return Result(outcome)
