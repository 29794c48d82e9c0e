"""What is outlined in pictures: what was found legible, and the parts that a person has named for a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.jupyter.thumbnails import Picture
    from blankslide.model.found import Found
    from blankslide.wishes import Wish

_PART = re.compile(r"\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*", re.ASCII)
_PARTS = {"mask_macro": ("macro", "goes"), "keep_label": ("label", "stays")}


class Mark(NamedTuple):
    """A box in a picture: its corner and size as parts of the picture's, between 0 and 1, and what it is."""

    x: float
    y: float
    w: float
    h: float
    kind: str


Marks = Mapping[str, Sequence[Mark]]


def marks_of(found: Iterable[Found], wish: Wish, pictures: Iterable[Picture]) -> Marks:
    """Return what is outlined, by the role of the picture; of the tissue, as ``tissue``."""
    marks: dict[str, list[Mark]] = {}
    for one in found:
        role = "tissue" if one.picture.startswith("level ") else one.picture
        wide, tall = one.size
        marks.setdefault(role, []).append(Mark(one.x / wide, one.y / tall, one.w / wide, one.h / tall, one.kind))
    sizes = {picture.role: (picture.width, picture.height) for picture in pictures}
    for name, (role, kind) in _PARTS.items():
        part = _PART.fullmatch(getattr(wish, name, ""))
        if part is not None and role in sizes:
            wide, tall = sizes[role]
            x, y, w, h = map(int, part.groups())
            marks.setdefault(role, []).append(Mark(x / wide, y / tall, w / wide, h / tall, kind))
    return marks
