"""What a slide's label and macro were is sealed before they go, if a site asks for it.

It is the last thing before the commit point, or before a copy gets its name, and it is on stable storage then: no
picture is removed that was to be kept. Who cannot read a picture cannot seal it, and the slide is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import NotEditable, UsageError

if TYPE_CHECKING:
    from blankslide.pipeline.job import Job


def require_sealing(job: Job) -> None:
    """Refuse a run whose originals could not be sealed, long before anything is written; looks at the pictures.

    Raises
    ------
    UsageError, NotEditable, EnvironmentProblem
        If there is no key, a picture cannot be decoded, or the folder cannot be used.
    """
    from blankslide.pipeline.judging import gone_roles

    job.originals = {}
    seal = job.options.seal
    roles = gone_roles(job.planned) if seal is not None else frozenset()
    if seal is None or not roles or not job.planned.patches:
        return
    seal.ready(_key(job))
    for role, png in seal.pictures(Path(job.slide.path), job.inspection, roles).items():
        if not png:
            raise NotEditable(
                f"the {role} cannot be decoded, so it cannot be sealed", "leave --seal out to remove it unseen"
            )
        job.originals[role] = png


def seal_originals(job: Job, transaction: str) -> None:
    """Seal the pictures of a job, durably.

    Raises
    ------
    EnvironmentProblem
        If that fails; nothing of the slide is written then.
    """
    from blankslide.policy.pseudonyms import slide_name
    from blankslide.records.sealed import Original

    if job.options.seal is None or not job.originals:
        return
    key = _key(job)
    old, new = job.linked
    old = old or job.options.place or job.slide.name
    slide = slide_name(job.slide.name, key)
    job.options.seal.keep(Original(old, new or old, slide, transaction, job.originals), key)
    job.originals = {}


def _key(job: Job) -> bytes:
    if job.options.key is None:
        raise UsageError("sealed originals need the site's key", "name one with --key, or leave --seal out")
    return job.options.key
