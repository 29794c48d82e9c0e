"""A de-identified copy in another folder; the slide itself is only read.

    open -> lock -> inspect -> plan -> observe -> copy -> digest -> verify -> record -> name

The copy is written under a name that begins with a dot, with the changes already in it; a slide of several files gets
such a folder. The same judges as for an edit in place look at it there, and it gets its own name last. If anything
fails, or the copy is not what was planned, it is removed. All bytes of slide and copy are read again and compared by
digest: the tissue, and everything else that was to stay. Only in a copy may a header become longer.

The medium is never called overwritten here: the old bytes are still in the slide (``docs/adr/0002-copies.md``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, Cancelled, EnvironmentProblem, NotEditable, SlideChanged, UsageError
from blankslide.model import COPY_LEFTOVER, PSEUDONYM, Stage
from blankslide.pipeline.balancing import before_copying, is_census
from blankslide.pipeline.clock import Clock
from blankslide.pipeline.done_before import is_done, mark, record_done, record_found
from blankslide.pipeline.earlier_copies import is_copied, judge_copy, look_for_dead, suffix_of, transaction_of
from blankslide.pipeline.job import Job
from blankslide.pipeline.judging import gone_roles, judge_written, masked_parts
from blankslide.pipeline.ledger_entry import record
from blankslide.pipeline.ledger_facts import facts
from blankslide.pipeline.linking import choose_link, require_table, write_link
from blankslide.pipeline.looking import refuse_pending
from blankslide.pipeline.main_file import is_series_folder, main_file
from blankslide.pipeline.opening import opened
from blankslide.pipeline.options import Mode, Options
from blankslide.pipeline.outcomes import removed_values
from blankslide.pipeline.result_names import (
    chosen_name,
    has_own_folder,
    name_of_copy,
    renames_of,
    set_names,
    suffixes,
    worst_name,
)
from blankslide.pipeline.sealing import require_sealing, seal_originals
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from blankslide.model import Medium, Outcome
    from blankslide.pipeline.digests import Known
    from blankslide.storage.copies.file import Copy
    from blankslide.storage.copies.slide_set import SetCopy
    from blankslide.storage.open_file import OpenFile

Digests = tuple[str, str]
Spans = Sequence[tuple[int, int]]


_PARTS = {
    Stage.OPEN: 0.02,
    Stage.INSPECT: 0.05,
    Stage.PLAN: 0.07,
    Stage.OBSERVE: 0.1,
    Stage.COPY: 0.6,
    Stage.DIGEST: 0.9,
    Stage.VERIFY: 0.95,
    Stage.RECORD: 1.0,
}


def anonymize_copy(
    path: str | Path,
    folder: str | Path,
    options: Options | None = None,
    *,
    name: str | None = None,
    dry_run: bool = False,
    more: Mode | None = None,
) -> Outcome:
    """De-identify one slide into a copy.

    Parameters
    ----------
    path
        The slide; never changed.
    folder
        Where the copy goes; made if missing.
    name
        Name of the copy; by default the slide's own, or a pseudonym if that identifies.
    more
        What a dry run asks, the folders above the copy, and whether one that is there counts.

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
    options.resolved()  # a wrong profile is the first thing to say
    named, path = Path(path).name, main_file(path)
    refuse_pending(path)
    with opened(path) as slide, lock.hold(slide):
        job = Job(path, slide, options, Clock(options, _PARTS), folder=os.path.abspath(folder), named=named)
        job.prepare(dry_run=dry_run, grows=True, name=name)
        more = more or Mode(folder, dry_run)
        is_there = _choose_target(job, name, dry_run, more)
        if is_there is None:
            return job.outcome
        if is_there:
            if not dry_run:
                chosen = job.outcome
                judge_copy(job)
                record_found(job, chosen)
        elif not dry_run:
            _run(job)
        elif more.asks == "everything":
            _ask(job)
    return job.outcome


def _choose_target(job: Job, name: str | None, dry_run: bool, more: Mode) -> bool | None:
    """Name the copy and refuse what cannot become one, before anything is written; say if it is there already.

    Returns
    -------
    bool or None
        None if it was there, and was taken away.
    """
    from blankslide.storage.copies.file import check_targets
    from blankslide.storage.copies.slide_set import left_behind, sweep, top_names

    _refuse_own_name(job)
    outcome = job.outcome
    job.names = _names_of_set(job, name) if len(job.slide.files) > 1 else [_name_of_file(job, name)]
    tops = top_names(job.names)
    if not dry_run:
        look_for_dead(job)
    if job.is_set and not dry_run and os.path.isdir(job.folder):
        sweep(job.slide, job.folder)
    job.only_clean = more.only_clean
    if more.place is not None and not dry_run:
        mark(job, more.place)
    choose_link(job, job.named, tops[-1], more.above)
    is_there = more.resumes and is_copied(job)
    if not is_there:
        if not dry_run and is_done(job):
            return None
        own = left_behind(job.slide, job.folder) if job.is_set and dry_run else set()
        check_targets(job.folder, [each for each in tops if each not in own], job.slide.files)
    removed = removed_values(job.inspection, job.planned.decisions)
    parts = [*more.above, *(part for each in job.names for part in each.split("/"))]
    outcome.copied, outcome.target = True, "" if _awaits_key(job, tops[-1]) else tops[-1]
    outcome.name = worst_name(parts, removed, job.options.planning_key, job.inspection.format)
    if name is None and job.linked[1]:
        outcome.notes += (PSEUDONYM,)
    if dry_run:
        job.foretell(tops, 0 if is_there else sum(file.size for file in job.slide.files))
    return is_there


def _awaits_key(job: Job, name: str) -> bool:
    """Whether a dry run cannot tell the copy's name, because it comes from a key that is still to be made."""
    from blankslide.policy.pseudonyms import slide_name

    stand_in = job.options.planning_key if job.options.key is None else None
    return stand_in is not None and slide_name(job.slide.name, stand_in) in name


def _name_of_file(job: Job, name: str | None) -> str:
    present, vendor = job.slide.name, job.inspection.format
    if name is not None:
        return chosen_name(name, present, vendor)
    return name_of_copy(present, job.outcome.name, job.options.planning_key, vendor)


def _names_of_set(job: Job, name: str | None) -> list[str]:
    """Name all files; those that name each other keep their names, and the verdict says what that means."""
    vendor = job.inspection.format
    wanted = None if name is None else chosen_name(name, os.path.basename(job.slide.path), vendor)
    if name is None and renames_of(vendor) is not None:
        present = _home_that_stays(job) or _name_of_file(job, None)
        wanted = present if present != job.slide.name else None
    try:
        names = set_names(job.slide, wanted, vendor)
    except NotEditable:
        if name is not None or job.options.resolved().names:
            raise
        wanted = None  # nobody asked for another name, and something beside the slide depends on its own
        names = set_names(job.slide, None, vendor)
    if not has_own_folder(vendor):
        return names
    home = os.path.splitext(wanted or names[0])[0]
    if wanted is None and is_series_folder(Path(job.slide.folder)):
        home = os.path.basename(job.slide.folder)
    return [f"{home}/{each}" for each in names]


def _home_that_stays(job: Job) -> str:
    """Return the name of a series' own folder for its files if theirs identify, as UIDs do, and that does not.

    Where the profile cares for names, the pseudonym is for both.
    """
    home, cares = Path(job.slide.folder), job.options.resolved().names
    if job.outcome.name != "identifying" or cares or not has_own_folder(job.inspection.format):
        return ""
    removed = removed_values(job.inspection, job.planned.decisions)
    identifies = worst_name([home.name], removed, job.options.planning_key, job.inspection.format) == "identifying"
    return "" if identifies or not is_series_folder(home) else home.name + suffixes(job.inspection.format)[0]


def _refuse_own_name(job: Job) -> None:
    target = os.path.realpath(job.folder) + os.sep
    own = job.slide.data_folder if len(job.slide.files) > 1 else None
    if target.startswith(job.slide.path + os.sep) or (own and target.startswith(own + os.sep)):
        raise UsageError("--out names the slide itself", "name a folder")


def _ask(job: Job) -> None:
    """Ask readers and census whether the copy can be made; nothing is written."""
    from blankslide.verification.observe import observe
    from blankslide.verification.views import Edit

    job.before = observe(Path(job.slide.path), Edit(gone_roles(job.planned), masks=masked_parts(job.planned)))
    job.clock.lap(Stage.OBSERVE)
    before_copying(job)


def _run(job: Job) -> None:
    _ask(job)
    if job.options.ledger is not None:
        job.options.ledger.ready()
    require_table(job)
    require_sealing(job)
    with _folder(job.folder):
        copy = _begin(job)
        with _discarded_unless_published(copy):
            _write(job, copy)
            _hold_against(job, copy)
            job.clock.lap(Stage.DIGEST)
            known = judge_written(job, Path(copy.path), [name.rpartition("/")[2] for name in job.names])
            job.clock.lap(Stage.VERIFY)
            _conclude(job, copy, known)
    if job.transaction and job.outcome.target:
        record_done(job, job.outcome, known)
    job.clock.lap(Stage.RECORD)


def _begin(job: Job) -> Copy | SetCopy:
    from blankslide.storage.copies.file import Copy
    from blankslide.storage.copies.slide_set import SetCopy

    if job.is_set:
        return SetCopy.begin(job.slide, job.folder, job.names)
    return Copy.begin(job.slide.files[0], job.folder, suffix_of(job))


@contextmanager
def _folder(folder: str) -> Iterator[None]:
    """Make the folder; if the block fails, what was made goes again."""
    from blankslide.home import make_folder
    from blankslide.storage.system import guard

    made = []
    there = folder
    while not os.path.isdir(there):
        made.append(there)
        there = os.path.dirname(there)
    try:
        with guard("make the target folder"):
            make_folder(Path(folder), 0o777)
        yield
    except BaseException:
        for each in made:
            with suppress(OSError):
                os.rmdir(each)
        raise


@contextmanager
def _discarded_unless_published(copy: Copy | SetCopy) -> Iterator[None]:
    """Leave no unfinished copy, whatever ends the run: an error, a full disk, or Ctrl-C.

    The first error is the one to tell. Where the copy cannot be removed either, it says so.
    """
    try:
        yield
    except BaseException as error:
        try:
            copy.discard()
        except EnvironmentProblem:
            if isinstance(error, BlankslideError) and error.changed == "no":
                error.changed = "unfinished"
        raise


def _write(job: Job, copy: Copy | SetCopy) -> None:
    from blankslide.storage.copies.slide_set import SetCopy

    def progress(done: int, total: int) -> None:
        job.clock.safe_point()
        start = _PARTS[Stage.OBSERVE]
        job.options.progress(Stage.COPY, start + (_PARTS[Stage.COPY] - start) * done / max(total, 1))

    if isinstance(copy, SetCopy):
        copy.write(job.slide, job.planned.patches, progress)
    else:
        copy.write(job.slide.files[0], job.planned.patches, progress)
    outcome = job.outcome
    outcome.transaction = job.transaction or transaction_of(job, copy.path)
    outcome.writes, outcome.bytes_written = len(job.names), copy.written
    job.clock.lap(Stage.COPY)


def _digests(job: Job, files: Sequence[OpenFile], moved: bool, stop: Callable[[], None]) -> Digests:
    """Digest the tissue of all files, and then all other bytes that stay.

    ``moved`` says that these are the files of the copy, where longer patches have moved what follows.
    """
    from blankslide.storage.copies.file import digest
    from blankslide.storage.copies.shifts import Shift

    tissue: list[tuple[OpenFile, Spans]] = []
    rest: list[tuple[OpenFile, Spans]] = []
    for i, (file, source) in enumerate(zip(files, job.slide.files, strict=True)):
        patches = [p for p in job.planned.patches if p.file == i]
        place = Shift(patches if moved else ()).spans
        own = job.inspection.maps[i].tissue()
        patched = [(p.offset, p.offset + p.length) for p in patches]
        tissue.append((file, place(own)))
        rest.append((file, place(subtract([(0, source.size)], merge([*own, *patched])))))
    return digest(tissue, stop), digest(rest, stop)


def _medium(job: Job, files: Sequence[OpenFile]) -> Medium:
    """Say whether the copy shares blocks with the slide; the old bytes are in the slide anyway."""
    from blankslide.storage import medium

    found: set[Medium] = set()
    for file, source in zip(files, job.slide.files, strict=True):
        extents = medium.snapshot(file.fd, [(0, file.size)])
        if extents is None:
            found.add("unknown" if file.opened_as.dev == source.opened_as.dev else "relocated")
        else:
            found.add("shared" if medium.judge(extents, extents) == "shared" else "relocated")
    return next(m for m in _LEAST_FIRST if m in found)


_LEAST_FIRST: tuple[Medium, ...] = ("shared", "unknown", "relocated")


def _hold_against(job: Job, copy: Copy | SetCopy) -> None:
    """Read the whole slide and the whole copy again, side by side, the copy through fresh descriptors."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    halt = Event()

    def go_on() -> None:
        if halt.is_set():
            raise Cancelled("cancelled before the copy was finished")

    with opened(copy.path) as fresh, ThreadPoolExecutor(1) as pool:
        for name in job.names[1:]:
            fresh.open(name.rpartition("/")[2])
        job.outcome.medium = _medium(job, fresh.files)
        try:
            reading = pool.submit(_digests, job, job.slide.files, False, go_on)
            now = _digests(job, fresh.files, True, job.clock.safe_point)
            was = reading.result()
        finally:
            halt.set()
    _check_unchanged(job)
    outcome = job.outcome
    outcome.tissue = (was[0], now[0])
    words = ("the copy's tissue is not the slide's", "the copy lacks bytes that were to stay")
    outcome.residue += tuple(w for w, one, other in zip(words, was, now, strict=True) if one != other)


def _check_unchanged(job: Job) -> None:
    """Refuse to call it this slide's copy if a file of the slide was written, moved or replaced."""
    for file in job.slide.files:
        try:
            named = os.stat(file.path)
        except OSError:
            named = None
        same = named is not None and os.path.samestat(named, os.fstat(file.fd))
        if not same or file.current() != file.opened_as:
            raise SlideChanged("the slide changed while it was copied")


def _conclude(job: Job, copy: Copy | SetCopy, known: Known) -> None:
    """Name the copy if it is what was planned; a copy with anything else left in it goes.

    One that nobody could judge stays, and is not called clean: every byte of it was compared. So does one in which
    the census found what nothing explains, unless the profile is a strict one.
    """
    from blankslide.storage.copies.slide_set import SetCopy
    from blankslide.verification.compare import NOBODY

    outcome = job.outcome
    strict = job.options.resolved().names
    excused = {left for left in outcome.residue if left.startswith(NOBODY) or (is_census(left) and not strict)}
    spoilt = job.only_clean and (outcome.content != "clean" or (strict and outcome.name == "identifying"))
    if spoilt or set(outcome.residue) - excused - set(job.planned.left):
        copy.discard()
        outcome.target = ""
        return
    job.clock.safe_point()
    write_link(job, outcome.transaction)
    seal_originals(job, outcome.transaction)
    if not job.transaction:
        record(outcome, job.slide.name, job.options, known, facts(job))
    if isinstance(copy, SetCopy):
        copy.publish()
        outcome.notes += (COPY_LEFTOVER,) if copy.leftover else ()
    else:
        copy.publish(outcome.target)
