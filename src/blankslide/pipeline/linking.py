"""Which link a run leaves in the link table: the old name and the new one, where they differ.

The table is asked before anything is written, and the link is on stable storage before the new name is given: a name
that nobody can trace back would be worse than a link to a name that nothing got.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from blankslide.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.pipeline.job import Job


def choose_link(job: Job, named: str, name: str, above: Sequence[str] | None = None) -> None:
    """Take note of the new name in the job.

    Parameters
    ----------
    named
        The slide's name as a person, or a run, said it: of a file or of a folder; that of its main file if empty.
    name
        Of the slide or of the copy.
    above
        Folders of the copy below its target folder; None if the slide stays in its own.
    """
    old = job.options.place or (job.slide.name if named in ("", "..") else named)
    home = old.split("/")[:-1] if above is None else above
    job.linked = "", ""
    if "/".join((*home, name)) not in (old, os.path.splitext(old)[0]):
        job.linked = old, "/".join((*home, name))


def require_table(job: Job) -> None:
    """Refuse to give a name that could not be written down, long before it is given.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the table cannot be used.
    """
    if job.options.links is not None and job.linked[1]:
        job.options.links.ready(_key(job))


def write_link(job: Job, transaction: str) -> None:
    """Write the link, durably, if the name changes and there is a table; nothing of the slide is written before.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the table cannot be used.
    """
    from blankslide.policy.pseudonyms import slide_name
    from blankslide.records.link_table import Link

    old, new = job.linked
    if job.options.links is not None and new:
        key = _key(job)
        job.options.links.append(Link(old, new, slide_name(job.slide.name, key), transaction), key)


def _key(job: Job) -> bytes:
    if job.options.key is None:
        raise UsageError("a link table needs the site's key", "name one with --key, or say --link-table none")
    return job.options.key
