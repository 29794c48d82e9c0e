"""Power failures: a real run is recorded, and every state in which it may leave the disk is recovered from.

Each state is put on a real folder, and the real `recover` is run on it. It has to end with the slide all as it was or
all as it was to be; with nothing of ours beside it; with a ledger that knows the run once; and with a true sentence.
Some of the recoveries are recorded as well, and their power fails too.

A copy has no recovery: the folder must never show half of one, and the next run makes it anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.own.disk.layer import Call, Layer
from blankslide.testing.own.disk.model import State, states
from blankslide.testing.own.disk.stage import Stage
from blankslide.testing.own.disk.table import Row
from blankslide.testing.own.disk.truth import Found, Known, Trial, found_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from click import Command

    from blankslide.testing.own.disk.events import Event
    from blankslide.testing.own.disk.scenes import Scene

__all__ = ["Recorded", "Size", "power_failures", "recorded", "try_copy", "try_state"]

_MEMORY = Path("/dev/shm")  # noqa: S108 - folders of our own are made in it


class Size(NamedTuple):
    """How much is tried.

    Attributes
    ----------
    states
        Most states of one moment.
    again
        How many of the states that a journal waits in are recovered with the power failing again.
    within
        Most states of one moment of such a recovery.
    """

    states: int = 40
    again: int = 6
    within: int = 6


class Recorded(NamedTuple):
    """A run that nothing has disturbed, on its stage.

    Attributes
    ----------
    asks, recovers
        The command lines: of the run, and of what helps afterwards.
    calls, events
        What it did.
    """

    scene: Scene
    stage: Stage
    known: Known
    asks: tuple[str, ...]
    recovers: tuple[str, ...]
    calls: tuple[Call, ...]
    events: tuple[Event, ...]


@contextmanager
def recorded(
    scene: Scene, command: Command, skipped: Callable[[Call], bool] = lambda call: False
) -> Iterator[Recorded]:
    """Build a scene's slide and record what the run does that nothing disturbs.

    Parameters
    ----------
    command
        The command line.
    skipped
        Says which calls are left out, to break the protocol on purpose.
    """
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        stage = Stage(Path(name), command)
        stage.place(scene.build, scene.name)
        slide = str(stage.slides / scene.name)
        asks = tuple({"SLIDE": slide, "OUT": str(stage.out)}.get(word, word) for word in scene.asks)
        tissue = _tissue(slide)
        for _ in range(2):  # at first imports draw random numbers, then readers look at what all later runs write
            stage.run(*asks)
            stage.put(stage.before)
        layer = Layer(str(stage.root), skipped=skipped)
        ran = stage.run(*asks, layer=layer)
        assert ran.code in (0, 1), ran
        word = "clean" if ran.code == 0 else "NOT clean"
        known = Known(found_in(stage.before), found_in(stage.tree()), tissue, stage.before.files, word)
        target = str(stage.slides) if "--name" in asks else slide
        recovers = asks if scene.is_copy else ("recover", target)
        yield Recorded(scene, stage, known, asks, recovers, tuple(layer.calls), tuple(layer.events))


def _tissue(slide: str) -> dict[int, list[tuple[int, int]]]:
    """Return where the coded tissue is, by inode."""
    from blankslide.pipeline.opening import inspected, opened

    with opened(slide) as files:
        maps = inspected(files, None).maps
        return {file.opened_as.inode: own.tissue() for file, own in zip(files.files, maps, strict=False)}


def power_failures(run: Recorded, size: Size, seed: int = 1) -> Iterator[Row]:
    """Yield a row for failures of the run, and one for failures of its recovery."""
    start, row = time.monotonic(), Row("power", run.scene.title)
    waiting: list[State] = []
    layouts = set[object]()
    for state in states(run.stage.before, run.events, seed, size.states):
        if run.scene.is_copy:
            try_copy(run, state, row, layouts)
        elif try_state(run, state, row).hot:
            waiting.append(state)
    row.seconds = time.monotonic() - start
    yield row
    if waiting and size.again:
        yield _again(run, _spread(waiting, size.again), size.within, seed)


def _spread(found: list[State], most: int) -> list[State]:
    return found[:: -(-len(found) // most)]


def _again(run: Recorded, waiting: list[State], most: int, seed: int) -> Row:
    """Let the power fail in recoveries as well."""
    start, row, seen = time.monotonic(), Row("power in recovery", run.scene.title), set[bytes]()
    for number, first in enumerate(waiting):
        run.stage.put(first.tree)
        begun = run.stage.tree()
        layer = Layer(str(run.stage.root))
        run.stage.run(*run.recovers, layer=layer, luck=1, quick=True)
        for state in states(begun, layer.events, seed + 1000 * number, most):
            digest = state.digest({})
            if digest not in seen:
                seen.add(digest)
                try_state(run, state, row, is_hurt=first.is_harsh)
    row.seconds = time.monotonic() - start
    return row


def try_state(run: Recorded, state: State, row: Row, is_hurt: bool = False) -> Found:
    """Recover from one state; if it is hurt, tissue that the journal covers may be, until then."""
    known, was = run.known, found_in(state.tree)
    wrong = [] if state.is_harsh or is_hurt else [*known.torn(state.tree)]
    wrong += known.wrong(was, state.said)
    run.stage.put(state.tree)
    ran = run.stage.run(*_helping(run, was, row.runs), luck=1, quick=True)
    tree = run.stage.tree()
    now = found_in(tree)
    wrong += [*known.torn(tree), *known.unfinished(was, now, ran), *known.wrong(now)]
    row.runs += 1
    row.distinct += 1
    row.before += not was.hot and known.is_before(was)
    row.after += not was.hot and known.is_after(was)
    row.recovered += was.hot and known.is_after(now) and not now.hot
    row.refused += ran.code not in (0, 1)
    row.violations += [f"{each} (after event {state.at}, {state.kinds}): {ran.text.strip()!r}" for each in wrong]
    row.untrue += Trial(known, was, now, ran).untrue()
    return was


def _helping(run: Recorded, was: Found, number: int) -> tuple[str, ...]:
    """Return what helps: now and then not `recover` but the same run again, which has to do as much first."""
    is_begun = was.hot or (was.own and run.known.is_after(was))
    return run.asks if is_begun and number % 10 == 9 and "--name" not in run.asks else run.recovers


def try_copy(run: Recorded, state: State, row: Row, layouts: set[object]) -> None:
    """Look at the folder of copies, and make the copy again; once for all states that have the same names."""
    known, was = run.known, found_in(state.tree)
    wrong = [*known.wrong_copy(was, state.is_harsh, state.said), *_removed(run, state)]
    row.runs += 1
    row.distinct += 1
    row.before += not was.copies
    row.after += was.copies == known.after.copies
    layout = (tuple(state.tree.paths()), len(was.ledger), bool(was.key))
    if layout not in layouts:
        layouts.add(layout)
        run.stage.put(state.tree)
        ran = run.stage.run(*run.recovers, luck=1)
        now = found_in(run.stage.tree())
        whole = now.copies == known.after.copies or (was.key != now.key and bool(now.copies))
        if ran.escaped or not whole or now.own or ran.code != (4 if was.copies == known.after.copies else 0):
            there = *sorted(now.copies), *now.own
            wrong.append(f"the next run ends with {ran.code} {ran.escaped}, {there}: {ran.text.strip()!r}")
        row.recovered += ran.code == 0
        row.refused += ran.code == 4
        row.untrue += Trial(known, was, now, ran).untrue() if was.key == now.key else ()
    row.violations += [f"{each} (after event {state.at}, {state.kinds})" for each in wrong]


def _removed(run: Recorded, state: State) -> Iterator[str]:
    """Say whether a byte stands in the target folder that is neither zero nor one of the finished copy."""
    if state.is_harsh:
        return
    whole = {path.rpartition("/")[2]: data for path, data in run.known.after.copies.items()}
    only = next(iter(whole.values())) if len(whole) == 1 else b""
    for path, data in state.tree.contents().items():
        name = path.rpartition("/")[2]
        final = whole.get(name, only if ".copy" in name else None)
        if path.startswith("out/") and final is not None and not _is_of(data, final):
            yield "a byte stands in the target folder that must never be there"


def _is_of(data: bytes, final: bytes) -> bool:
    """Whether each byte is zero or that of the finished copy."""
    import numpy as np

    found, whole = np.frombuffer(data, np.uint8), np.frombuffer(final, np.uint8)
    return found.size <= whole.size and bool(((found == 0) | (found == whole[: found.size])).all())
