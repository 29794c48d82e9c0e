"""What the ledger says of a slide so that people find it again: its new name, who asked for it, and kept identifiers.

Nothing of it may be a removed value. A new name is told if it is plain, or if it has nothing in common with the old
one and holds no removed value: nobody can tell a person's name from a project's, but a name that was given anew is
the site's own. An identifier is told if a person named it as one to be kept, and it holds no removed value whole.
What may not be told is left out without a word; the link table knows it.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from blankslide.errors import UsageError
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.pipeline.job import Job

KEPT = ("specimen", "block", "slide", "stain")
_LONGEST, _LEAST = 100, 4
_WORDS = pattern(r"[^\W\d_]{2,}|\d{3,}")


def require_sayable(about: Mapping[str, str]) -> dict[str, str]:
    """Return what a person says about slides, if the ledger can hold it.

    Parameters
    ----------
    about
        ``requester``, ``specimen``, ``block``, ``slide`` and ``stain``, or some of them.

    Raises
    ------
    UsageError
        If it holds anything else, or a text that is no plain one.
    """
    for name, text in about.items():
        if name not in ("requester", *KEPT):
            raise UsageError(f"the ledger knows nothing called {name}", f"use requester, {', '.join(KEPT)}")
        if not _is_sayable(text):
            raise UsageError(
                f"the {name} must be a plain text of at most {_LONGEST} characters, and no path", "shorten it"
            )
    return {name: text for name, text in about.items() if text}


def facts(job: Job, *, known: bool = True) -> dict[str, object]:
    """Return what may be told of a slide beside its outcome.

    Parameters
    ----------
    known
        Whether the job knows what was removed. If an interrupted run is finished it does not: then a new name is told
        only if it is our pseudonym.
    """
    from blankslide.pipeline.outcomes import removed_values

    found = removed_values(job.inspection, job.planned.decisions) if known else {}
    removed = {text.casefold() for values in found.values() for text in values if len(text) >= _LEAST}
    about = {k: v for k, v in job.options.about.items() if _is_sayable(v) and not _holds(v, removed)}
    kept = {name: about[name] for name in KEPT if about.get(name)}
    output = job.outcome.target or os.path.basename(job.slide.path)
    old = (job.slide.name, os.path.basename(job.slide.folder) if job.slide.files[1:] else "")
    told: dict[str, object] = {}
    if _is_sayable(output) and (_may_be_told(output, old, removed, kept.values()) if known else _is_pseudonym(output)):
        told["output"] = output
    if about.get("requester"):
        told["requester"] = about["requester"]
    return told | ({"kept": kept} if kept else {})


def _may_be_told(name: str, old: Collection[str], removed: Collection[str], kept: Collection[str]) -> bool:
    from blankslide.policy.file_names import name_verdict

    verdict = name_verdict(name, removed)
    return verdict == "plain" or (verdict == "unknown" and not _have_in_common(name, old, kept))


def _have_in_common(name: str, old: Collection[str], kept: Collection[str]) -> bool:
    """Whether a new name repeats a word or number of the old ones, but for kept identifiers and suffixes."""
    stem, end = os.path.splitext(_plain(name))
    allowed = {word for text in kept for word in _WORDS.findall(_plain(text))} | set(_WORDS.findall(end))
    words = {word for text in old for word in _WORDS.findall(_plain(text))} - allowed
    return any(word in stem if len(word) >= _LEAST else word in _WORDS.findall(stem) for word in words)


def _holds(text: str, removed: Collection[str]) -> bool:
    low = text.casefold()
    return any(value in low for value in removed)


def _is_pseudonym(name: str) -> bool:
    return _PSEUDONYM.match(name) is not None


_PSEUDONYM = pattern(r"slide-[0-9a-f]{24}(?:-\d{1,5})?(?:\.[A-Za-z0-9]{1,8}){0,2}\Z")


def _is_sayable(text: object) -> bool:
    """Whether the ledger takes a text: an entry that it refuses would leave a slide unfinished."""
    from blankslide.records.ledger import looks_like_path

    return isinstance(text, str) and len(text) <= _LONGEST and text.isprintable() and not looks_like_path(text)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
