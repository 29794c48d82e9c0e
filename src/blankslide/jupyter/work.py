"""One worker thread for what blocks, and the way back to the loop that asked.

The kernel answers other cells only while its event loop is free, so every call that reads
or writes a slide goes to a single thread (jobs keep their order) and is awaited. Messages
from the thread return with ``call_soon_threadsafe``: ipykernel drops what an `Output`
widget prints from a thread. Each job takes the loop it was started on, because newer
kernels answer widget messages on another loop than cells. Where no loop runs, in a plain
script or a test, a job simply blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

Job = Callable[[], None]


class Worker:
    """Runs jobs one after the other.

    Parameters
    ----------
    settled
        Called on the asking loop when the last job has ended.
    failed
        Called with the class name of an error that a job should not have raised.
    """

    def __init__(self, settled: Callable[[], None], failed: Callable[[str], None]) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="blankslide-review")
        self._settled, self._failed = settled, failed
        self._lock = Lock()
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        return self._waiting > 0

    def start(self, job: Job) -> None:
        """Run a job; returns at once where an event loop runs."""
        self._count(1)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._here(job)
            return
        task = loop.create_task(self._beside(loop, job))
        self._tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._tasks.discard)

    def hop(self, call: Callable[[], None]) -> None:
        """From a job: call something on the loop that asked for the job."""
        if self._loop is None:
            call()
        else:
            self._loop.call_soon_threadsafe(call)

    async def idle(self) -> None:
        """Wait until no job runs or waits, on whatever loop they were started."""
        while self.busy:
            await asyncio.sleep(0.02)

    def stop(self) -> None:
        """Take no more jobs; those that run may end."""
        self._pool.shutdown(wait=False)

    def _count(self, step: int) -> int:
        with self._lock:
            self._waiting += step
            return self._waiting

    def _here(self, job: Job) -> None:
        self._loop = None
        try:
            job()
        finally:
            self._end()

    async def _beside(self, loop: asyncio.AbstractEventLoop, job: Job) -> None:
        def run() -> None:
            self._loop = loop
            job()

        try:
            await loop.run_in_executor(self._pool, run)
        # A session never raises; whatever comes is our mistake, and a task would swallow it.
        # Its message could hold a value, its class cannot.
        except Exception as mistake:
            self._failed(type(mistake).__name__)
        finally:
            self._end()

    def _end(self) -> None:
        if self._count(-1) == 0:
            self._settled()
