"""A de-identified copy in another folder; the slide itself is only read.

    open -> lock -> inspect -> plan -> observe -> copy -> verify -> record -> name

The copy is written under a dot-name with the patches already in it, judged there by the same
judges as an edit in place, and gets its name last. What fails on the way, or turns out not to
be what was planned, leaves nothing behind. All bytes are read: the tissue of slide and copy
is digested whole, and so is everything else that was to stay.

The medium of a copy is never called overwritten: the old bytes are where they were, in the
slide itself (``docs/adr/0002-copies.md``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import Cancelled, EnvironmentProblem, NotEditable, SlideChanged, UsageError
from blankslide.naming import name_verdict
from blankslide.pipeline.judge import judge_written
from blankslide.pipeline.names import chosen_name, name_of_copy, suffixes
from blankslide.pipeline.record import record
from blankslide.pipeline.stages import (
    Clock,
    Options,
    inspected,
    opened,
    refuse_pending,
    removed_values,
    starting_outcome,
)
from blankslide.planner import make_plan
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from blankslide.model import Inspection, Medium, Outcome, Plan
    from blankslide.storage.copy import Copy
    from blankslide.storage.files import OpenFile, OpenSlide

Digests = tuple[str, str]


@dataclass(slots=True)
class _Job:
    """What the steps of one copy share."""

    slide: OpenSlide
    inspection: Inspection
    planned: Plan
    outcome: Outcome
    options: Options
    clock: Clock
    folder: str

    @property
    def source(self) -> OpenFile:
        return self.slide.files[0]


def anonymize_copy(
    path: str | Path,
    folder: str | Path,
    options: Options | None = None,
    *,
    name: str | None = None,
    dry_run: bool = False,
) -> Outcome:
    """De-identify one slide into a copy.

    Parameters
    ----------
    path
        The slide; never changed.
    folder
        Where the copy goes; made if missing.
    name
        Name of the copy; by default the slide's own, or a pseudonym where the profile cares.

    Returns
    -------
    Outcome
        ``target`` is the copy's name; empty if the judges refused the copy, which is then gone.

    Raises
    ------
    SlidePending
        If the slide waits to be recovered.
    BlankslideError
        As the tree says; nothing is left in the folder.
    """
    from blankslide.storage import lock

    options = options or Options()
    profile = options.resolved()
    refuse_pending(path)
    clock = Clock(options)
    with opened(path) as slide, lock.hold(slide):
        clock.lap("open", 0.02)
        inspection = inspected(slide, options.key, options.thorough)
        clock.lap("inspect", 0.05)
        planned = make_plan(inspection, profile, slide.views(), options.key)
        clock.lap("plan", 0.07)
        clock.safe_point()
        outcome = starting_outcome(inspection, planned, profile, slide)
        job = _Job(slide, inspection, planned, outcome, options, clock, os.path.abspath(folder))
        _choose_target(job, name)
        if not dry_run:
            _run(job)
    outcome.seconds = clock.seconds
    return outcome


def _choose_target(job: _Job, name: str | None) -> None:
    """Name the copy and refuse what cannot become one, before anything is written."""
    from blankslide.storage.copy import check_target

    present, outcome, vendor = job.slide.name, job.outcome, job.inspection.format
    if len(job.slide.files) > 1:
        raise NotEditable("a slide of several files cannot be copied", "edit it in place")
    _refuse_own_name(job)
    if name is not None:
        name = chosen_name(name, present, vendor)
    else:
        name = name_of_copy(present, outcome.name, job.options.resolved(), job.options.key, vendor)
    check_target(job.folder, name, job.source)
    removed = removed_values(job.inspection, job.planned.decisions)
    outcome.copied, outcome.target = True, name
    outcome.name = name_verdict(name, [v for values in removed.values() for v in values])


def _refuse_own_name(job: _Job) -> None:
    if (os.path.realpath(job.folder) + os.sep).startswith(job.slide.path + os.sep):
        raise UsageError("--out names the slide itself", "name a folder")


def _run(job: _Job) -> None:
    from blankslide.storage.copy import Copy
    from blankslide.verification import observe

    before = observe(Path(job.slide.path))
    job.clock.lap("read with other readers", 0.1)
    if job.options.ledger is not None:
        job.options.ledger.ready()
    end = os.path.splitext(job.outcome.target)[1].lower()
    with _folder(job.folder):
        copy = Copy.begin(job.source, job.folder, end if end in suffixes(job.inspection.format) else "")
        with _discarded_unless_published(copy):
            _write(job, copy)
            _hold_against(job, copy)
            job.clock.lap("digest", 0.9)
            judge_written(Path(copy.path), job.inspection, job.planned, before, job.outcome, job.options)
            job.clock.lap("verify", 0.95)
            _conclude(job, copy)
    job.clock.lap("record", 1.0)


@contextmanager
def _folder(folder: str) -> Iterator[None]:
    """Make the folder; if the block fails, what was made goes again."""
    from blankslide.storage.system import guard

    made = []
    there = folder
    while not os.path.isdir(there):
        made.append(there)
        there = os.path.dirname(there)
    with guard("make the target folder"):
        os.makedirs(folder, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for each in made:
                os.rmdir(each)
        raise


@contextmanager
def _discarded_unless_published(copy: Copy) -> Iterator[None]:
    """Leave no unfinished copy, whatever ends the run: an error, a full disk, or Ctrl-C."""
    try:
        yield
    except BaseException:
        with suppress(EnvironmentProblem):  # the first error is the one to tell; the next run cleans up
            copy.discard()
        raise


def _write(job: _Job, copy: Copy) -> None:
    def progress(done: int, total: int) -> None:
        job.clock.safe_point()
        job.options.progress("copy", 0.1 + 0.5 * done / total)

    copy.write(job.source, job.planned.patches, progress)
    outcome = job.outcome
    outcome.transaction, outcome.writes, outcome.bytes_written = os.urandom(16).hex(), 1, copy.written
    outcome.medium = _medium(copy, job.source)
    job.clock.lap("copy", 0.6)


def _digests(job: _Job, file: OpenFile, stop: Callable[[], None]) -> Digests:
    """Digest the tissue, and then all other bytes that stay."""
    from blankslide.storage.copy import digest

    tissue = job.inspection.maps[0].tissue()
    patched = [(p.offset, p.offset + p.length) for p in job.planned.patches]
    rest = subtract([(0, job.source.size)], merge([*tissue, *patched]))
    return digest(file, tissue, stop), digest(file, rest, stop)


def _medium(copy: Copy, source: OpenFile) -> Medium:
    """Say whether the copy shares blocks with the slide; the old bytes are in the slide anyway."""
    from blankslide.storage import medium

    extents = medium.snapshot(copy.fd, [(0, source.size)])
    if extents is None:
        return "unknown" if os.fstat(copy.fd).st_dev == source.opened_as.dev else "relocated"
    return "shared" if medium.judge(extents, extents) == "shared" else "relocated"


def _hold_against(job: _Job, copy: Copy) -> None:
    """Read the whole slide and the whole copy again, side by side, the copy through a fresh descriptor."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    halt = Event()

    def go_on() -> None:
        if halt.is_set():
            raise Cancelled("cancelled before the copy was finished")

    with opened(copy.path) as fresh, ThreadPoolExecutor(1) as pool:
        try:
            reading = pool.submit(_digests, job, job.source, go_on)
            now = _digests(job, fresh.files[0], job.clock.safe_point)
            was = reading.result()
        finally:
            halt.set()
    _check_unchanged(job)
    outcome = job.outcome
    outcome.tissue = (was[0], now[0])
    words = ("the copy's tissue is not the slide's", "the copy lacks bytes that were to stay")
    outcome.residue += tuple(w for w, one, other in zip(words, was, now, strict=True) if one != other)


def _check_unchanged(job: _Job) -> None:
    """Refuse to call it this slide's copy if the slide was written, moved or replaced."""
    try:
        named = os.stat(job.slide.path)
    except OSError:
        named = None
    same = named is not None and os.path.samestat(named, os.fstat(job.source.fd))
    if not same or job.source.current() != job.source.opened_as:
        raise SlideChanged("the slide changed while it was copied")


def _conclude(job: _Job, copy: Copy) -> None:
    """Name the copy if it is what was planned; a copy with anything else left in it goes."""
    outcome = job.outcome
    if set(outcome.residue) - set(job.planned.left):
        copy.discard()
        outcome.target = ""
        return
    job.clock.safe_point()
    record(outcome, job.slide.name, job.options)
    copy.publish(outcome.target)
