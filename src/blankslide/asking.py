"""What a person asks of a run, as `Options`: for the Python API and for every face.

Nothing is made by it, neither key nor ledger: a face may only look.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.home import key_file
from blankslide.pipeline import Options, Progress

if TYPE_CHECKING:
    from blankslide.policy.profiles import Profile
    from blankslide.records.ledger import Ledger
    from blankslide.records.link_table import LinkTable
    from blankslide.records.sealed import SealedFolder


def options(
    profile: str | Path | Profile = "research",
    *,
    keep: str | Sequence[str] = (),
    remove: str | Sequence[str] = (),
    key: str | Path | None = None,
    ledger: str | Path | None = None,
    link_table: str | Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    about: Mapping[str, str] | None = None,
    looks: bool = False,
    dry_run: bool = False,
    asked_only: bool = False,
    label: str | None = None,
    keep_label: str | None = None,
    mask_macro: str | None = None,
    seal: str | Path | None = None,
    pictures: bool = False,
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
        ``none``, a ``.jsonl`` file, the URL of a database that mirrors it, or None for the user's own ledger.
    link_table
        Where the old name of a slide is kept that gets another one, sealed with the key: ``none``, a ``.links``
        file, or None for the user's own.
    progress
        Called with (`Stage` that ended, fraction done).
    cancelled
        Asked at safe points before anything is written.
    about
        What the ledger is to say of slides: ``requester``, and what is kept of their identifiers, ``specimen``,
        ``block``, ``slide`` and ``stain``.
    looks
        The options are for looking, judging or recovering: that needs no home, and a key file that is
        named must be there.
    dry_run
        The options are for a dry run: that needs no home and no ledger.
    asked_only
        The ledger is only asked, never written to: a user without a home has none of their own.
    label
        Text of a new label in the old one's place, such as ``{pseudonym}|STUDY-7``; None for no label.
    keep_label
        ``X,Y,W,H``: this part of the label stays, and the rest of it is made blank; None: all of it goes.
    mask_macro
        ``auto`` or ``X,Y,W,H``: this part of the macro is made blank, and the rest stays; None: all of it goes.
    seal
        Folder in which label and macro are kept as they were, sealed with the key; None to keep none.
    pictures
        Look for text, barcodes and ink in the pictures that stay; a profile may ask for it, too.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the profile is wrong, or key or ledger cannot be used.
    """
    made = Options(
        profile=profile,
        keep=keep,
        remove=remove,
        key_file=key_file(key, looks, dry_run),
        ledger=_ledger("none" if dry_run else ledger, asked_only),
        links=None if looks else _links(link_table),
    )
    made.find_key()
    if about:
        from blankslide.pipeline.ledger_facts import require_sayable

        made.about = require_sayable(about)
    if label is not None:
        from blankslide.policy.labels import LabelPattern

        LabelPattern(label)  # what is wrong with it is said before any slide is opened
        made.label = label
    if mask_macro is not None:
        from blankslide.pipeline.masking import ask_for

        ask_for(made, mask_macro)
    if seal is not None:
        made.seal = _sealed_folder(Path(seal))
    if progress is not None:
        made.progress = progress
    if cancelled is not None:
        made.cancelled = cancelled
    made.profile = made.resolved()
    made.keep = made.remove = ()
    if keep_label is not None:
        from blankslide.policy.label_part import parse

        made.profile = made.profile._replace(label_part=parse(keep_label))
    if pictures or made.profile.pictures:
        from blankslide.found.asking import require_installed

        require_installed()  # said before any slide is opened
        made.pictures = True
    return made


def _ledger(url: str | Path | None, asked_only: bool = False) -> Ledger | None:
    if url == "none":
        return None
    from blankslide.records.opening import open_ledger

    try:
        return open_ledger(None if url is None else os.fspath(url))
    except EnvironmentProblem:
        if asked_only and url is None:  # no home, so nothing can be recorded there
            return None
        raise


def require_ledger(url: str | Path | None, ledger: Ledger | None) -> None:
    """Refuse a ledger that was named to be asked and is not there: what it would say of a slide cannot be left out.

    Raises
    ------
    EnvironmentProblem
        If so.
    """
    if url is not None and ledger is not None and not ledger.is_default and not ledger.path.exists():
        raise EnvironmentProblem("there is no such ledger: its file does not exist", "name it with --ledger FILE.jsonl")


def _sealed_folder(path: Path) -> SealedFolder:
    from blankslide.records.sealed import SealedFolder
    from blankslide.viewing.originals import pictures_of

    if path.exists() and not path.is_dir():
        raise UsageError("sealed originals need a folder", "name one with --seal")
    return SealedFolder(path.absolute(), pictures_of)


def _links(asked: str | Path | None) -> LinkTable | None:
    from blankslide.records.link_table import open_links

    return open_links(asked)
