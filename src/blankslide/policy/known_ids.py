"""Ids of findings that are known without a slide: what a profile can name, and what a mistyped name may mean.

Scanners write keys of their own, so this list is never complete, and an id that is not in it may be right. It is
written by ``scripts/profile-page``; formats from outside the package are not in it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("finding_ids.tsv")


class Known(NamedTuple):
    """One id.

    Attributes
    ----------
    classes
        Words of the classes that it can have; none if that depends on the slide.
    weak
        Whether it can identify only together with much else.
    title
        What it is called in a slide.
    """

    id: str
    classes: tuple[str, ...]
    weak: bool
    title: str


@lru_cache(maxsize=1)
def known_ids() -> tuple[Known, ...]:
    """Return all, sorted by id; read on first use."""
    rows = [line.split("\t") for line in _FILE.read_text("utf-8").splitlines()]
    return tuple(Known(name, tuple(classes.split()), bool(weak), title) for name, classes, weak, title in rows)
