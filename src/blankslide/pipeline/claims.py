"""Which format claims a file, and which files the slide consists of.

A damaged slide is claimed too: it is a slide, and its own line will say what is wrong with it. Nothing is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import NotASlide, SlideError
from blankslide.formatkit.protocol import Probe
from blankslide.formats import detect
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import member_paths, opened

if TYPE_CHECKING:
    from pathlib import Path


def known_format(path: str | Path) -> str | None:
    """Return the name of the format that claims a file, or None; damaged slides are claimed."""
    try:
        with opened(main_file(path)) as slide:
            return detect(Probe(slide)).name
    except NotASlide:
        return None
    except SlideError:
        return "damaged"


def claimed_files(path: str | Path) -> tuple[str, ...] | None:
    """Return the resolved paths of all files of the slide that ``path`` names, or None if it names none.

    The main file comes first. A damaged slide is claimed too, and so is one that waits to be recovered,
    whatever state it is in: its own line will say what is wrong with it.
    """
    return member_paths(main_file(path))


def has_one_file(path: str | Path) -> bool:
    """Whether the format of a slide has one file for each, so that no other file can still be missing.

    Raises
    ------
    BlankslideError
        If no format claims it, or it is damaged.
    """
    with opened(main_file(path)) as slide:
        return detect(Probe(slide)).one_file
