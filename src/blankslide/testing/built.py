"""Slides for tests that are drawn once and then copied: drawing one costs more than most that is done to it.

The same recipe gives the same bytes and the same answer key, which a test of the samples holds to; so a slide of
which only the name differs need not be drawn again. Each caller gets a file and a key of its own.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from blankslide.samples.aperio.slide import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

__all__ = ["aperio"]

ROOM = 64 << 20
_PLAIN = (str, int, float, bool, bytes, type(None))
_drawn: OrderedDict[str, tuple[bytes, Planted]] = OrderedDict()


def aperio(path: Path, *flavour: str, **recipe: Any) -> Planted:
    """Write a slide as `build_aperio` would, from memory where the same recipe was asked for before.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    flavour, recipe
        As for `build_aperio`.

    Returns
    -------
    Planted
        The answer key, a copy.
    """
    asked = repr((flavour, sorted(recipe.items())))
    if not _is_plain((flavour, recipe)):
        return build_aperio(path, *flavour, **recipe)
    if asked in _drawn:
        path.write_bytes(_drawn[asked][0])
    else:
        planted = build_aperio(path, *flavour, **recipe)
        _drawn[asked] = path.read_bytes(), planted
        while sum(len(data) for data, _ in _drawn.values()) > ROOM:
            _drawn.popitem(last=False)
        if asked not in _drawn:
            return planted
    planted = copy.deepcopy(_drawn[asked][1])
    planted.file = path.name
    return planted


def _is_plain(value: object) -> bool:
    """Whether what is printed of a value says all of it."""
    if isinstance(value, dict):
        return _is_plain(tuple(value.items()))
    return all(map(_is_plain, value)) if type(value) in (tuple, list) else type(value) in _PLAIN  # type: ignore[call-overload]
