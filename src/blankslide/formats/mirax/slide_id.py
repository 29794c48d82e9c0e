"""The id of a MIRAX slide: one value that stands in every file, where readers compare it.

It stands in Slidedat.ini, and behind the version in the index and in each data file. Newer data
files have it in UTF-16, and then only as much of it as fits. All places get the same replacement.
An interrupted run can be completed: a file with the new id and a file with the old one count as
files of one slide. If there are two ids and neither can be our replacement, they are two slides,
and the slide is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from blankslide.errors import ContradictorySlide
from blankslide.formatkit.replacements import is_ours, replace
from blankslide.model import Action, Write
from blankslide.model.patterns import pattern

_REPLACED = pattern(r"0+|[0-9A-Fa-f]{12}8[0-9A-Fa-f]{3}(?:[89ABab][0-9A-Fa-f]{15})?")
_PLAUSIBLE = pattern(r"[0-9A-Za-z{}-]+")


class Spot(NamedTuple):
    """One place of the id; ``text`` may be only the beginning of the id."""

    file: int
    start: int
    end: int
    codec: str
    text: str


class SlideId:
    """All places of the id; a `Rewrite`.

    Parameters
    ----------
    own
        The id in Slidedat.ini; of several, the one that readers use.
    """

    def __init__(self, own: str) -> None:
        self.own = own
        self.spots: list[Spot] = []

    def add(self, spot: Spot) -> None:
        """Add a place."""
        self.spots.append(spot)

    @property
    def texts(self) -> list[str]:
        """The id, then the other texts in its places: ids of another run, or their beginnings."""
        known = [self.own, *(s.text for s in self.spots if len(s.text) == len(self.own))]
        halves = [s.text for s in self.spots if not any(k.startswith(s.text) for k in known)]
        return list(dict.fromkeys((*known, *halves)))

    @property
    def old(self) -> list[str]:
        """The texts that do not look like our replacements; if all do, all of them."""
        return [text for text in self.texts if not _REPLACED.fullmatch(text)] or self.texts

    def check(self) -> None:
        """Refuse a set whose files belong to two slides.

        Raises
        ------
        ContradictorySlide
            If two ids differ and neither can be a replacement.
        """
        foreign = [text for text in self.texts if not _REPLACED.fullmatch(text)]
        longest = max(foreign, key=len, default="")
        too_long = any(len(spot.text) > len(self.own) for spot in self.spots)
        if too_long or any(not longest.startswith(text) for text in foreign):
            raise ContradictorySlide("the slide's files carry the ids of two slides")

    @property
    def is_blank(self) -> bool:
        """Whether nothing but zeros is left in all places."""
        return not any(text.strip("0{}-") for text in self.texts)

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> list[Write]:
        """Return the new id for every place; see `Rewrite`."""
        keyed = key is not None and all(action in (Action.DUMMY, Action.UID) for _, action in parts)
        whole = [text for text in self.texts if len(text) == len(self.own)]
        old = next((text for text in whole if not is_ours(text, key)), self.own)
        new = replace(old, key) if keyed and key is not None else "".join("0" if c.isalnum() else c for c in old)
        return [Write(s.file, s.start, new[: len(s.text)].encode(s.codec)) for s in self.spots]


def read(raw: bytes) -> tuple[str, str] | None:
    """Return codec and text of the id in a data file; None if there is none."""
    for codec in ("utf-16-le", "ascii"):
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        if text.isascii() and _PLAUSIBLE.fullmatch(text):
            return codec, text
    return None
