"""Sample slides with invented patients, and the answer key to them.

``write_samples`` asks every module of this package that exports ``BUILDERS``, a dict of
file name -> function that writes the slide and returns its `Planted`. A new format adds a
module and nothing else. The samples double as fixtures: each builder takes overrides for
tests, and everything is the same on every day and machine with the same Pillow and numpy.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Removed, read_key, write_key

__all__ = ["Builder", "Kept", "Picture", "Planted", "Removed", "builders", "read_key", "write_samples"]

Builder = Callable[[Path], Planted]


def builders() -> dict[str, Builder]:
    """Return all builders of the package by file name.

    Raises
    ------
    ValueError
        If two modules claim one file name.
    """
    found: dict[str, Builder] = {}
    for name in sorted(_modules()):
        own: dict[str, Builder] = getattr(import_module(name), "BUILDERS", {})
        twice = found.keys() & own.keys()
        if twice:
            raise ValueError(f"{name} builds a sample that another module builds too")
        found.update(own)
    return found


def _modules() -> Iterator[str]:
    """Yield the names of the vendors' modules: all but the kit that they share."""
    for info in pkgutil.walk_packages(__path__, f"{__name__}."):
        if not info.ispkg and not info.name.startswith(f"{__name__}.kit."):
            yield info.name


def write_samples(directory: Path) -> list[Planted]:
    """Write all sample slides and ``planted.json``.

    Parameters
    ----------
    directory
        Folder to write to; made if missing.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    slides = [build(directory / name) for name, build in sorted(builders().items())]
    write_key(directory, slides)
    return slides
