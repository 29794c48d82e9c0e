"""The Python API: the command line's verbs as functions.

Each takes one slide and returns data, and raises only the errors of `blankslide.errors`; `anonymize_many` takes many
slides and returns what became of each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide import pipeline
from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.model.shown import draw_with
from blankslide.pipeline import Options, Progress

if TYPE_CHECKING:
    from blankslide.batch import Event, Naming
    from blankslide.model import Inspection, Outcome, Plan
    from blankslide.policy.profiles import Profile
    from blankslide.records.ledger import Ledger

__all__ = ["anonymize", "anonymize_many", "inspect", "options", "plan", "recover", "slides", "verify"]


def options(
    profile: str | Profile = "research",
    *,
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
    key: str | Path | None = None,
    ledger: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    looks: bool = False,
    dry_run: bool = False,
    asked_only: bool = False,
    label: str | None = None,
) -> Options:
    """Turn what a person says into `Options`; nothing is made by that, neither key nor ledger.

    Parameters
    ----------
    profile
        ``research``, ``strict``, a TOML file, or a `Profile`.
    keep, remove
        Roles of pictures, or ids of findings, that win over the profile; a plain text is one name. A name
        that nothing has is refused.
    key
        The site's key file; None for the user's own. If it is not there, the first slide that is
        really edited makes it.
    ledger
        ``none``, a ``.jsonl`` file, or None for the user's own ledger.
    progress
        Called with (`Stage` that ended, fraction done).
    cancelled
        Asked at safe points before anything is written.
    looks
        The options are for looking, judging or recovering: that needs no home, and a key file that is
        named must be there.
    dry_run
        The options are for a dry run: that needs no home and no ledger.
    asked_only
        The ledger is only asked, never written to: a user without a home has none of their own.
    label
        Text of a new label in the old one's place, such as ``{pseudonym}|STUDY-7``; None for no label.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the profile is wrong, or key or ledger cannot be used.
    """
    made = Options(
        profile=profile,
        keep=keep,
        remove=remove,
        key_file=_key_file(key, looks, dry_run),
        ledger=_ledger("none" if dry_run else ledger, asked_only),
    )
    made.find_key()
    if label is not None:
        from blankslide.policy.labels import LabelPattern

        LabelPattern(label)  # what is wrong with it is said before any slide is opened
        made.label = label
    if progress is not None:
        made.progress = progress
    if cancelled is not None:
        made.cancelled = cancelled
    made.profile = made.resolved()
    made.keep = made.remove = ()
    return made


def _ledger(url: str | None, asked_only: bool = False) -> Ledger | None:
    if url == "none":
        return None
    from blankslide.records.ledger import open_ledger

    try:
        return open_ledger(url)
    except EnvironmentProblem:
        if asked_only and url is None:  # no home, so nothing can be recorded there
            return None
        raise


def _key_file(named: str | Path | None, looks: bool, dry_run: bool) -> Path | None:
    """Return where the site's key is or will be; None if there is no home, and no need of one."""
    from blankslide.home import key_path

    if named is not None:
        if looks and not os.path.exists(named):
            raise UsageError("there is no such key file", "name the one that the slides were made under")
        return Path(named)
    try:
        return key_path()
    except EnvironmentProblem:
        if looks or dry_run:
            return None
        raise


def inspect(path: str | Path, *, key: str | Path | None = None) -> Inspection:
    """Say what is in a slide; nothing is changed and no tissue is read."""
    return pipeline.inspect(path, key=options(key=key, ledger="none", looks=True).key)


def plan(
    path: str | Path,
    profile: str | Profile = "research",
    *,
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
) -> Plan:
    """Say what would happen to a slide; nothing is changed."""
    return pipeline.plan(path, options(profile, keep=keep, remove=remove, ledger="none", looks=True))[1]


def anonymize(
    path: str | Path,
    *,
    in_place: bool = False,
    out: str | Path | None = None,
    name: str | None = None,
    profile: str | Profile = "research",
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
    label: str | None = None,
    key: str | Path | None = None,
    ledger: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Outcome:
    """De-identify one slide.

    Parameters
    ----------
    in_place
        Overwrite the slide's own bytes; there is no way back.
    out
        Folder for a copy instead; the slide itself is only read. One of the two must be said.
    keep, remove
        As in `options`: ``"macro"``, or several names.
    label
        As in `options`: text of a new label.
    name
        Name of the copy, or new name of the slide.

    Raises
    ------
    UsageError
        If no mode, or both, are asked for.
    BlankslideError
        See `blankslide.errors`; up to the commit point the slide is untouched.
    """
    mode = pipeline.mode_of(in_place, out, dry_run)
    chosen = options(
        profile,
        keep=keep,
        remove=remove,
        key=key,
        ledger=ledger,
        progress=progress,
        cancelled=cancelled,
        dry_run=dry_run,
        label=label,
    )
    return pipeline.anonymize(path, chosen, mode, name)


def slides(*folders: str | Path) -> Iterator[Path]:
    """Yield the slides that `anonymize_many` would take: files, sets, and all that stand in folders and below.

    Nothing is changed, and of most files only the beginning is read.
    """
    from blankslide.batch import slides

    return slides(*folders)


def anonymize_many(
    paths: str | Path | Iterable[str | Path],
    *,
    in_place: bool = False,
    out: str | Path | None = None,
    name: str | None = None,
    names: str | Path | Mapping[str, str] | None = None,
    profile: str | Profile = "research",
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
    thorough: bool = False,
    label: str | None = None,
    key: str | Path | None = None,
    ledger: str | None = None,
    dry_run: bool = False,
    every: bool = False,
    jobs: int | None = None,
    shard: str | None = None,
    scheduler: str | None = None,
    report: str | Path | None = None,
    watch: Callable[[Event], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Outcome]:
    """De-identify many slides, several at a time; begin it again to go on after an interruption.

    Parameters
    ----------
    paths
        A slide or folder, or several.
    in_place, out, profile, keep, remove, label, key, ledger, dry_run, cancelled
        As in `anonymize`. Copies keep the folders that they stand in.
    name
        Pattern for names, such as ``STUDY-{n:04}``, ``{stem}`` or ``{pseudonym}``.
    names
        Old name, path or barcode -> new name, or a table with the columns ``old`` and ``new``.
    thorough
        Look into every tile for text.
    every
        Begin only if every slide can be done.
    jobs
        How many processes; None for up to four, 0 for this one alone.
    shard
        ``"1/3"``: only this part of the slides.
    scheduler
        Address of a dask scheduler whose workers do it.
    report
        File for a report, .html, .json or .csv.
    watch
        Called with every event (`blankslide.batch.events`), in this thread.

    Returns
    -------
    list of Outcome
        One for each slide, in the order of the queue, with ``path``, and with ``error`` if it was refused. An outcome
        is true only if the slide is clean.

    Raises
    ------
    BlankslideError
        If the request makes no sense or nothing of it can be done: nothing was touched. What is wrong with a single
        slide is never raised.
    """
    from blankslide import batch
    from blankslide.pipeline.run_choices import hold
    from blankslide.records import report as reports

    named = (paths,) if isinstance(paths, str | Path) else tuple(paths)
    mode = pipeline.mode_of(in_place, out, dry_run)
    chosen = options(profile, keep=keep, remove=remove, key=key, ledger=ledger, dry_run=dry_run, label=label)
    chosen.thorough = thorough
    if report is not None:
        reports.check(Path(report))
    hold(named, mode.out, chosen)
    request = batch.Request(
        tuple(map(Path, named)),
        batch.Orders.of(chosen, mode.out, "everything" if every else "access"),
        batch.usual_jobs() if jobs is None else jobs,
        None if shard is None else batch.Shard.parse(shard),
        _naming(name, names),
        dry_run,
        every,
        scheduler,
    )
    ended: list[batch.Done] = []

    def seen(event: Event) -> None:
        if isinstance(event, batch.Done):
            ended.append(event)
        if watch is not None:
            watch(event)

    with batch.Batch(request, seen, cancelled or bool) as engine:
        engine.plan()
        engine.run()
    outcomes = [event.outcome for event in sorted(ended, key=lambda event: event.number)]
    if report is not None:
        reports.write(Path(report), [*map(reports.section, outcomes)], others=[path.name for path in engine.others])
    return outcomes


def _naming(name: str | None, names: str | Path | Mapping[str, str] | None) -> Naming | None:
    from blankslide.batch import NameTable, Pattern, read_table

    if name is not None and names is not None:
        raise UsageError("give either name or names, not both")
    if isinstance(names, str | Path):
        return read_table(Path(names))
    if names is not None:
        return NameTable((number, old, new) for number, (old, new) in enumerate(names.items(), 1))
    return None if name is None else Pattern(name)


def verify(
    path: str | Path,
    profile: str | Profile = "research",
    *,
    key: str | Path | None = None,
    ledger: str | None = None,
) -> Outcome:
    """Judge a slide as it is: clean by independent readers, residue, or pending.

    Parameters
    ----------
    key
        The site's key file that the slide was made under; None for the user's own, if there is one.
    ledger
        Asked whether a run ended NOT clean on this very slide; nothing is written to it.
    """
    return pipeline.verify(path, options(profile, key=key, ledger=ledger, looks=True, asked_only=True))


def recover(path: str | Path, *, key: str | Path | None = None, ledger: str | None = None) -> Outcome:
    """Finish what an interrupted run began; safe to repeat.

    Parameters
    ----------
    key
        The site's key file that the run was begun with; None for the user's own, if there is one.
    """
    return pipeline.recover(path, options(key=key, ledger=ledger, looks=True))


def _card(noun: object) -> str:
    from blankslide.presentation.html_card import card_of

    return card_of(noun)


draw_with(_card)
