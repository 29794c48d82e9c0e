"""One worker thread for what blocks, and the way back to the loop that asked.

The kernel answers other cells only while its event loop is free, so every call that reads
or writes a slide goes to a single thread, where jobs keep their order. Messages from the
thread return with ``call_soon_threadsafe``: ipykernel drops what an `Output` widget prints
from a thread. Each job takes the loop it was started on, because newer kernels answer
widget messages on another loop than cells. Where no loop runs, in a plain script, a job
simply blocks.

Promise: nothing here ever raises into a job, so that a closed browser cannot interrupt a
run after its commit point.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition

Job = Callable[[], None]


class Worker:
    """Runs jobs one after the other.

    Parameters
    ----------
    settled
        Called on the asking loop when the last job has ended.
    failed
        Called there with the class name of an error that a job should not have raised.
    """

    def __init__(self, settled: Callable[[], None], failed: Callable[[str], None]) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="blankslide-review")
        self._settled, self._failed = settled, failed
        self._lock = Condition()
        self._waiting = self._undone = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        return self._waiting > 0

    def rests(self, seconds: float) -> bool:
        """Wait a little for jobs that run or wait; True if none does, though they may not have settled yet."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._undone, seconds)

    def start(self, job: Job) -> None:
        """Run a job; returns at once where an event loop runs."""
        self._count(1)
        with self._lock:
            self._undone += 1
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._run(None, job)
        else:
            loop.run_in_executor(self._pool, self._run, loop, job)

    def call_on_loop(self, call: Callable[[], None]) -> None:
        """From a job: call something on the loop that asked for the job."""
        loop = self._loop
        if loop is None:
            call()
            return
        try:
            loop.call_soon_threadsafe(call)
        except RuntimeError:  # that loop is gone: the browser was closed while the job ran
            call()

    async def idle(self) -> None:
        """Wait until no job runs or waits, on whatever loop they were started."""
        while self.busy:
            await asyncio.sleep(0.02)

    def stop(self) -> None:
        """Take no more jobs; those that run may end."""
        self._pool.shutdown(wait=False)

    def _run(self, loop: asyncio.AbstractEventLoop | None, job: Job) -> None:
        self._loop = loop
        mistake = ""
        try:
            job()
        # A session never raises; whatever comes is our mistake, and a thread would swallow it.
        # Its message could hold a value, its class cannot.
        except Exception as problem:
            mistake = type(problem).__name__
        with self._lock:
            self._undone -= 1
            self._lock.notify_all()
        self.call_on_loop(lambda: self._end(mistake))

    def _end(self, mistake: str) -> None:
        if self._count(-1) == 0:
            self._settled()
        if mistake:
            self._failed(mistake)

    def _count(self, step: int) -> int:
        with self._lock:
            self._waiting += step
            return self._waiting
