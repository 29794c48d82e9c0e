"""The Python API: the command line's verbs as functions.

Each takes one slide and returns data, and raises only the errors of `blankslide.errors`; `anonymize_many` takes many
slides and returns what became of each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blankslide import pipeline
from blankslide.asking import options, require_ledger
from blankslide.errors import (
    BlankslideError,
    Cancelled,
    EnvironmentProblem,
    SlideError,
    SlidePending,
    UsageError,
)
from blankslide.model import Action, Inspection, PhiClass, Plan
from blankslide.model.shown import draw_with
from blankslide.policy.profiles import Profile
from blankslide.presentation.rows import rows, table

if TYPE_CHECKING:
    from blankslide.batch import Event
    from blankslide.model import Outcome
    from blankslide.pipeline import Progress

__all__ = [
    "Action",
    "BlankslideError",
    "Cancelled",
    "EnvironmentProblem",
    "Inspection",
    "Outcome",
    "PhiClass",
    "Plan",
    "Profile",
    "SlideError",
    "SlidePending",
    "UsageError",
    "anonymize",
    "anonymize_many",
    "inspect",
    "options",
    "plan",
    "recover",
    "rows",
    "slides",
    "table",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Load `Outcome` on first use: who only looks at slides needs none."""
    if name == "Outcome":
        from blankslide.model import Outcome

        return Outcome
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def inspect(path: str | Path, *, thorough: bool = False, key: str | Path | None = None) -> Inspection:
    """Say what is in a slide; nothing is changed and no tissue is read.

        >>> inspection = blankslide.inspect("slide.svs")
        >>> inspection.title, len(inspection.levels)
        ('Aperio SVS', 2)

    Parameters
    ----------
    thorough
        Look into every tile for text; that reads the slide.
    key
        As in `verify`: ids that were made under this key are known for what they are.
    """
    return pipeline.inspect(_single(path), key=options(key=key, ledger="none", looks=True).key, thorough=thorough)


def _single(path: str | Path) -> str | Path:
    """Return the path of one slide, or say who takes several."""
    if isinstance(path, str | os.PathLike):
        return path
    raise UsageError("this is about one slide, a text or a Path", "anonymize_many takes several")


def plan(
    path: str | Path,
    profile: str | Path | Profile = "research",
    *,
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
    thorough: bool = False,
    pictures: bool = False,
) -> Plan:
    """Say what would happen to a slide; nothing is changed.

        >>> plan = blankslide.plan("slide.svs", "strict", keep="macro")
        >>> len(plan.patches) > 0, plan.left
        (True, ('kept: macro shows the label',))

    Parameters
    ----------
    profile, keep, remove, thorough, pictures
        As in `anonymize`.
    """
    chosen = options(profile, keep=keep, remove=remove, ledger="none", looks=True, pictures=pictures)
    chosen.thorough = thorough
    return pipeline.plan(_single(path), chosen)[1]


def anonymize(
    path: str | Path,
    *,
    in_place: bool = False,
    out: str | Path | None = None,
    name: str | None = None,
    profile: str | Path | Profile = "research",
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
    label: str | None = None,
    seal: str | Path | None = None,
    keep_label: str | None = None,
    mask_macro: str | None = None,
    key: str | Path | None = None,
    ledger: str | Path | None = None,
    link_table: str | Path | None = None,
    dry_run: bool = False,
    thorough: bool = False,
    pictures: bool = False,
    report: str | Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Outcome:
    """De-identify one slide.

        >>> outcome = blankslide.anonymize("slide.svs", out="CLEAN", name="STUDY-1", report="report.html")
        >>> bool(outcome), outcome.target, len(outcome.removed) > 10
        (True, 'STUDY-1.svs', True)

    Parameters
    ----------
    path
        The slide; of one of several files its main file, or its folder.
    in_place
        Overwrite the slide's own bytes; there is no way back.
    out
        Folder for a copy instead; the slide itself is only read. One of the two must be said.
    profile
        ``research``, ``strict``, a TOML file, or a `Profile`.
    keep, remove
        Roles of pictures, or ids of findings, that win over the profile: ``"macro"``, or several names.
    label, keep_label, mask_macro
        As in `options`: text of a new label, the part of the label that stays, and the part of the macro that goes.
    seal
        As in `options`: folder for sealed originals.
    name
        Name of the copy, or new name of the slide; a pattern, such as ``{pseudonym}``, as in `anonymize_many`.
    key
        The site's key file; None for the user's own, which the first real run makes.
    ledger
        Where the run is recorded: a ``.jsonl`` file, ``none``, or None for the user's own ledger.
    dry_run
        Only plan it: the outcome is *untouched*, and says what would be done.
    thorough
        Look into every tile for text; that reads the slide.
    pictures
        Look for text, barcodes and ink in the pictures that stay; takes seconds, and the extra ``ocr``.
    report
        File for a report, .html, .json, .csv or .xlsx, which is about this slide.
    progress, cancelled
        Called with (`Stage` that ended, fraction done); asked at safe points before anything is written.
    link_table
        Where the old name is kept if the slide gets another one, sealed with the key: a ``.links`` file, ``none``, or
        None for the user's own.

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
        link_table=link_table,
        progress=progress,
        cancelled=cancelled,
        dry_run=dry_run,
        label=label,
        seal=seal,
        keep_label=keep_label,
        mask_macro=mask_macro,
        pictures=pictures,
    )
    chosen.thorough = thorough
    if report is not None:
        _check_report(report)
    from blankslide.batch.single import named_by

    if chosen.links is not None:
        chosen.links.keep_apart([_single(path)], out)
    if chosen.seal is not None:
        chosen.seal.keep_apart([_single(path)], out)
    new, chosen = named_by(name, _single(path), chosen, mode)
    outcome = _named(pipeline.anonymize(_single(path), chosen, mode, new), path)
    if report is not None:
        _write_report(report, [outcome])
    return outcome


def _named(outcome: Outcome, path: str | Path) -> Outcome:
    outcome.path = Path(path)
    return outcome


def _check_report(report: str | Path, names: object = None) -> None:
    from blankslide.records import report as reports

    reports.check(Path(report), names)


def _write_report(report: str | Path, outcomes: Iterable[Outcome], others: Iterable[str] = ()) -> None:
    from blankslide.records import report as reports

    reports.write(Path(report), [*map(reports.section, outcomes)], others=[*others])


def slides(*folders: str | Path) -> Iterator[Path]:
    """Yield the slides that `anonymize_many` would take: files, sets, and all that stand in folders and below.

    Nothing is changed, and of most files only the beginning is read.

        >>> [path.name for path in blankslide.slides("ARCHIVE")]
        ['one.svs', 'two.svs']
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
    blind: bool = False,
    profile: str | Path | Profile = "research",
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
    thorough: bool = False,
    pictures: bool = False,
    label: str | None = None,
    seal: str | Path | None = None,
    keep_label: str | None = None,
    mask_macro: str | None = None,
    key: str | Path | None = None,
    ledger: str | Path | None = None,
    link_table: str | Path | None = None,
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

        >>> outcomes = blankslide.anonymize_many("ARCHIVE", out="CLEAN", name="STUDY-{n:02}")
        >>> all(outcomes), [outcome.target for outcome in outcomes]
        (True, ['STUDY-01.svs', 'STUDY-02.svs'])

    Parameters
    ----------
    paths
        A slide or folder, or several.
    in_place, out, profile, keep, remove, label, keep_label, mask_macro, seal
        As in `anonymize`.
    key, ledger, link_table, dry_run, cancelled
        As in `anonymize`. Copies keep the folders that they stand in.
    name
        Pattern for names, such as ``STUDY-{n:04}``, ``{stem}`` or ``{pseudonym}``, or with parts of the present names
        that patterns of the profile find: ``{case_pseudonym}-{block}-{stain}``.
    names
        Old name, path or barcode -> new name, or a table with the columns ``old`` and ``new``.
    blind
        Number the slides for ``{n}`` in an order that tells nothing.
    thorough
        Look into every tile for text.
    pictures
        As in `anonymize`.
    every
        Begin only if every slide can be done.
    jobs
        How many processes; None for up to four, 0 for this one alone.
    shard
        ``"1/3"``: only this part of the slides.
    scheduler
        Address of a dask scheduler whose workers do it.
    report
        File for a report, .html, .json, .csv or .xlsx.
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

    named = (paths,) if isinstance(paths, str | Path) else tuple(paths)
    mode = pipeline.mode_of(in_place, out, dry_run)
    chosen = options(
        profile,
        keep=keep,
        remove=remove,
        key=key,
        ledger=ledger,
        link_table=link_table,
        dry_run=dry_run,
        label=label,
        seal=seal,
        keep_label=keep_label,
        mask_macro=mask_macro,
        pictures=pictures,
    )
    chosen.thorough = thorough
    if report is not None:
        _check_report(report, names)
    hold(named, mode.out, chosen)
    request = batch.Request(
        tuple(map(Path, named)),
        batch.Orders.of(chosen, mode.out, "everything" if every else "access"),
        batch.usual_jobs() if jobs is None else jobs,
        None if shard is None else batch.Shard.parse(shard),
        batch.naming_of(name, names, chosen.resolved().identifiers),
        dry_run,
        every,
        scheduler,
        blind,
    )
    outcomes, others = batch.run_whole(request, watch, cancelled)
    if report is not None:
        _write_report(report, outcomes, (path.name for path in others))
    return outcomes


def verify(
    path: str | Path,
    profile: str | Path | Profile = "research",
    *,
    key: str | Path | None = None,
    ledger: str | Path | None = None,
    thorough: bool = False,
    pictures: bool = False,
) -> Outcome:
    """Judge a slide as it is: clean by independent readers, residue, or pending.

        >>> outcome = blankslide.verify("slide.svs")
        >>> outcome.content, "picture.label" in outcome.reason
        ('residue', True)

    Parameters
    ----------
    profile
        As in `anonymize`.
    key
        The site's key file that the slide was made under; None for the user's own, if there is one.
    ledger
        Asked whether a run ended NOT clean on this very slide; nothing is written to it.
    thorough
        As in `inspect`.
    pictures
        As in `anonymize`.
    """
    chosen = options(profile, key=key, ledger=ledger, looks=True, asked_only=True, pictures=pictures)
    require_ledger(ledger, chosen.ledger)
    chosen.thorough = thorough
    return _named(pipeline.verify(_single(path), chosen), path)


def recover(path: str | Path, *, key: str | Path | None = None, ledger: str | Path | None = None) -> Outcome:
    """Finish what an interrupted run began; safe to repeat.

        >>> blankslide.recover("slide.svs").content     # no run was interrupted
        'untouched'

    Parameters
    ----------
    key
        The site's key file that the run was begun with; None for the user's own, if there is one.
    ledger
        As in `anonymize`.
    """
    return _named(pipeline.recover(_single(path), options(key=key, ledger=ledger, looks=True)), path)


def _card(noun: object) -> str:
    from blankslide.presentation.html_card import card_of

    return card_of(noun)


draw_with(_card)
