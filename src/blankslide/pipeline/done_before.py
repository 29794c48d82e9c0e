"""Whether the very same slide was copied before, as the ledger tells.

Whoever watches a folder meets a slide more than once: after a restart, or because somebody dropped it in again. Its
transaction is then not a random number but a keyed digest of the slide's bytes, its name, and the folder that it came
from. So the ledger knows it again, though its copy was taken away meanwhile, and never holds it twice. Such a copy gets
its name first and its entry then: what the ledger holds has been there, and what is there without an entry, because a
run died between the two, gets it from the next run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from blankslide.model import DONE_BEFORE
from blankslide.pipeline.digests import NOT_KNOWN, Known, known
from blankslide.pipeline.earlier_copies import known_copy
from blankslide.pipeline.ledger_entry import record
from blankslide.pipeline.ledger_facts import facts

if TYPE_CHECKING:
    from blankslide.model import Outcome
    from blankslide.pipeline.job import Job


def mark(job: Job, place: str) -> None:
    """Give the job a transaction that is always the same for this slide in this place; random without a ledger.

    Parameters
    ----------
    place
        Folder that the slide came from, below the one that is watched: another requester's copy is another one.
    """
    import hmac

    now = known(job.slide, job.inspection, job.options)
    if now.state:
        said = f"{place}\0{job.slide.name}\0{now.state}\0{now.after}".encode("utf-8", "surrogateescape")
        job.transaction = hmac.new(job.options.key or b"no key", said, "sha256").hexdigest()[:32]


def is_done(job: Job) -> bool:
    """Whether the ledger holds the copy of a marked job; the outcome then says so."""
    ledger = job.options.ledger
    if ledger is None or not job.transaction or not ledger.contains(job.transaction):
        return False
    job.outcome.notes += (DONE_BEFORE,)
    return True


def record_done(job: Job, outcome: Outcome, now: Known = NOT_KNOWN) -> None:
    """Record a copy that has its name.

    Raises
    ------
    EnvironmentProblem
        If it cannot be recorded: the next run finds the copy, and does it then.
    """
    record(outcome, job.slide.name, job.options, now, facts(job))


def record_found(job: Job, chosen: Outcome) -> None:
    """Record a copy that was found there, if a run has died before it could: as that run would have done.

    Parameters
    ----------
    chosen
        What was to be done with the slide; the job's outcome is about the copy as it was found.
    """
    found, ledger = job.outcome, job.options.ledger
    if not job.transaction or not found or ledger is None or ledger.contains(job.transaction):
        return
    as_done = replace(
        chosen, content="clean", medium=found.medium, readers=found.readers, residue=(), transaction=job.transaction
    )
    record_done(job, as_done, known_copy(job))
    found.ledger_sequence = as_done.ledger_sequence
