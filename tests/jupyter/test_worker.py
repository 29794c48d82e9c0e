from __future__ import annotations

import asyncio
import threading
import time

import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: the notebook face needs blankslide[jupyter]")

from blankslide.jupyter.worker import Worker


def test_without_a_loop_a_job_simply_runs() -> None:
    said: list[str] = []
    worker = Worker(lambda: said.append("settled"), said.append)
    worker.start(lambda: said.append("job"))
    assert said == ["job", "settled"]
    assert not worker.busy


def test_the_loop_answers_while_a_job_blocks_and_jobs_keep_their_order() -> None:
    gate, said, beats = threading.Event(), [], 0
    worker = Worker(lambda: said.append(("settled", threading.current_thread())), print)

    async def scene() -> int:
        nonlocal beats
        worker.start(lambda: said.append(("first", gate.wait(30) and None)))
        worker.start(lambda: said.append(("second", threading.current_thread())))
        for _ in range(20):
            await asyncio.sleep(0.005)
            beats += 1
        assert said == []
        gate.set()
        await worker.idle()
        return beats

    assert asyncio.run(scene()) == 20
    assert [name for name, _ in said] == ["first", "second", "settled"]
    assert said[2][1] is threading.main_thread()
    assert said[1][1] is not threading.main_thread()


def test_a_mistake_is_told_by_its_class_alone() -> None:
    told: list[str] = []
    worker = Worker(lambda: None, told.append)

    def job() -> None:
        raise KeyError("Thimblewick")

    async def scene() -> None:
        worker.start(job)
        await worker.idle()

    asyncio.run(scene())
    worker.start(job)
    assert told == ["KeyError", "KeyError"]


def test_a_loop_that_is_gone_does_not_interrupt_the_job() -> None:
    """A browser closed after the commit point must not leave the slide pending."""
    gate, said = threading.Event(), []
    worker = Worker(lambda: said.append("settled"), said.append)

    def job() -> None:
        gate.wait(30)
        worker.call_on_loop(lambda: said.append("progress"))
        said.append("job ended")

    loop = asyncio.new_event_loop()

    async def scene() -> None:
        worker.start(job)

    loop.run_until_complete(scene())
    loop.close()
    gate.set()
    end = time.monotonic() + 30
    while worker.busy and time.monotonic() < end:
        time.sleep(0.01)
    assert said == ["progress", "job ended", "settled"]
