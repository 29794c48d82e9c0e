"""Whether the very same slide was copied before, as the ledger tells.

Whoever watches a folder meets a slide more than once: after a restart, or because somebody dropped it in again. Its
transaction is then not a random number but a keyed digest of the slide's bytes, its name, and the folder that it came
from. So the ledger knows it again, though its copy was taken away meanwhile, and never holds it twice. A run that died
between its entry and the copy's name has left its unfinished copy: that one is made again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from blankslide.model import DONE_BEFORE
from blankslide.pipeline.ledger_entry import state_of

if TYPE_CHECKING:
    from blankslide.pipeline.job import Job


def mark(job: Job, place: str) -> None:
    """Give the job a transaction that is always the same for this slide in this place; random without a ledger.

    Parameters
    ----------
    place
        Folder that the slide came from, below the one that is watched: another requester's copy is another one.
    """
    import hmac

    state = state_of(job.slide, job.inspection, job.options)
    if state:
        said = f"{place}\0{job.slide.name}\0{state}".encode("utf-8", "surrogateescape")
        job.transaction = hmac.new(job.options.key or b"no key", said, "sha256").hexdigest()[:32]


def is_done(job: Job) -> bool:
    """Whether the ledger holds the copy of a marked job; the outcome then says so."""
    ledger = job.options.ledger
    if ledger is None or not job.transaction or _is_unfinished(job) or not ledger.contains(job.transaction):
        return False
    job.outcome.notes += (DONE_BEFORE,)
    return True


def _is_unfinished(job: Job) -> bool:
    """Whether a run has left a copy of this slide without its name."""
    from blankslide.storage.copies.leftovers import unfinished

    return unfinished(job.folder, os.fstat(job.slide.files[0].fd).st_ino)
