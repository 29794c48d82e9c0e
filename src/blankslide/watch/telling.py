"""What a service may say of slides: no name that could identify, no value, no key that nobody knows.

A log outlives the slides and is read by others than those who scan. So a slide is called by its name only if that is
known to be plain; else by the pseudonym by which the ledger knows it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from blankslide.policy.file_names import name_verdict
from blankslide.policy.pseudonyms import slide_name
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from blankslide.model import Outcome

_PASSING = os.urandom(32)


def label(name: str, home: tuple[str, ...], key: bytes | None) -> str:
    """Return what a slide is called in log and health file; folders count as names.

    Parameters
    ----------
    key
        The site's key; without one the pseudonym holds for this process.
    """
    return "/".join(_public(part, key) for part in (*home, name) if part)


def _public(name: str, key: bytes | None) -> str:
    return words.shown(name) if name_verdict(name) == "plain" else slide_name(name, key or _PASSING)


def reason_of(outcome: Outcome) -> str:
    """Say why a slide is not clean; keys that nobody knows may be names, and are withheld."""
    if outcome.error:
        return outcome.error
    said = [*outcome.residue] or ["the name of the copy may identify"]
    for decision in sorted(outcome.decisions, key=lambda d: -len(d.id)):
        if decision.id != decision.public_id:
            said = [sentence.replace(decision.id, decision.public_id) for sentence in said]
    return "NOT clean: " + "; ".join(dict.fromkeys(said))


def clean_phrase(outcome: Outcome) -> str:
    """Say that a slide is clean, and who says so."""
    judges = sorted({reader.split(" ", 1)[0] for reader in outcome.readers})
    parts = ["clean" + (f" – checked by {', '.join(judges)}" if judges else "")]
    if outcome.sidecars:
        parts.append(f"{len(outcome.sidecars)} files beside it were left as they are")
    parts += outcome.notes
    return " · ".join(parts)


def stamp(when: float | None = None) -> str:
    """Return a time of day as logs have it, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def line(text: str) -> str:
    """Return one line of the log."""
    return f"{stamp()} {text}"
