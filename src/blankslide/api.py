"""The Python API: the command line's verbs as functions.

Each takes one slide and returns data; each raises only the errors of `blankslide.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide import pipeline
from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.model.shown import draw_with
from blankslide.pipeline import Options, Progress

if TYPE_CHECKING:
    from blankslide.model import Inspection, Outcome, Plan
    from blankslide.policy.profiles import Profile
    from blankslide.records.ledger import Ledger

__all__ = ["anonymize", "inspect", "options", "plan", "recover", "verify"]


def options(
    profile: str | Profile = "research",
    *,
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
    key: str | Path | None = None,
    ledger: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    makes_key: bool = True,
) -> Options:
    """Turn what a person says into `Options`: load key file and ledger.

    Parameters
    ----------
    profile
        ``research``, ``strict``, a TOML file, or a `Profile`.
    keep, remove
        Roles of pictures, or ids of findings, that win over the profile; a plain text is one name. A name
        that nothing has is refused.
    key
        The site's key file; None for the user's own, made on first use.
    ledger
        ``none``, a ``.jsonl`` file, or None for the user's own ledger.
    progress
        Called with (stage, fraction done).
    cancelled
        Asked at safe points before anything is written.
    makes_key
        Whether to make the user's own key if there is none; looking needs none.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the profile is wrong, or key or ledger cannot be used.
    """
    made = Options(
        profile=profile,
        keep=keep,
        remove=remove,
        key=_key(key, makes_key),
        ledger=_ledger(ledger),
    )
    if progress is not None:
        made.progress = progress
    if cancelled is not None:
        made.cancelled = cancelled
    made.profile = made.resolved()
    made.keep = made.remove = ()
    return made


def _ledger(url: str | None) -> Ledger | None:
    if url == "none":
        return None
    from blankslide.records.ledger import open_ledger

    return open_ledger(url)


def _key(path: str | Path | None, makes: bool) -> bytes | None:
    from blankslide.home import load_key, user_folder

    if not makes:
        try:
            known = (Path(path) if path is not None else user_folder("config") / "site.key").exists()
        except EnvironmentProblem:  # no home, so no key there
            known = False
        if not known and path is not None:
            raise UsageError("there is no such key file", "name the one that the slides were made under")
        if not known:
            return None
    return load_key(Path(path) if path is not None else None)


def inspect(path: str | Path, *, key: str | Path | None = None) -> Inspection:
    """Say what is in a slide; nothing is changed and no tissue is read."""
    return pipeline.inspect(path, key=_key(key, makes=False))


def plan(
    path: str | Path,
    profile: str | Profile = "research",
    *,
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
) -> Plan:
    """Say what would happen to a slide; nothing is changed."""
    return pipeline.plan(path, options(profile, keep=keep, remove=remove, ledger="none", makes_key=False))[1]


def anonymize(
    path: str | Path,
    *,
    in_place: bool = False,
    out: str | Path | None = None,
    name: str | None = None,
    profile: str | Profile = "research",
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
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
    name
        Name of the copy, or new name of the slide.

    Raises
    ------
    UsageError
        If no mode, or both, are asked for.
    BlankslideError
        See `blankslide.errors`; up to the commit point the slide is untouched.
    """
    if in_place and out is not None:
        raise UsageError("in_place=True and out= exclude each other")
    if not in_place and out is None and not dry_run:
        raise UsageError("say in_place=True to overwrite the slide itself, or out= a folder for a copy")
    chosen = options(profile, keep=keep, remove=remove, key=key, ledger=ledger, progress=progress, cancelled=cancelled)
    if out is not None:
        return pipeline.anonymize_copy(path, out, chosen, name=name, dry_run=dry_run)
    return pipeline.anonymize_in_place(path, chosen, name=name, dry_run=dry_run)


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
    return pipeline.verify(path, options(profile, key=key, ledger=ledger, makes_key=False))


def recover(path: str | Path, *, key: str | Path | None = None, ledger: str | None = None) -> Outcome:
    """Finish what an interrupted run began; safe to repeat.

    Parameters
    ----------
    key
        The site's key file that the run was begun with; None for the user's own, if there is one.
    """
    return pipeline.recover(path, options(key=key, ledger=ledger, makes_key=False))


def _card(noun: object) -> str:
    from blankslide.presentation.html_card import card_of

    return card_of(noun)


draw_with(_card)
