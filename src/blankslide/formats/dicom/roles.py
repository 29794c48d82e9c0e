"""Which instances of a DICOM slide are levels, which are pictures, and which are unclear.

The third value of Image Type is a word that can be misspelt, missing or exchanged, and a level that
is drawn over is lost. So the word never decides alone: the shape in the header has to agree. Many
frames on a grid are tissue, whatever they are called; a label or an overview is one frame, not
larger than all levels and of another shape. One that has the shape of the levels by chance says in
a second place that the label can be seen, and no whole number leads from it to the next levels; its
pixels are looked at before it is drawn over (`AssociatedImage.like_a_level`). An instance without a
known word is a level only if it has the tiles and the shape of the levels.

Promise: a picture that may be drawn over is called a label, an overview or a thumbnail, and has the
shape of one, or its pixels have to show that it is none of the levels. All other instances keep
their pixels. If word and shape contradict each other, the slide is refused. If nothing tells what
an instance shows, that is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.containers.dicom.header import Header

_KIND, _FRAMES, _ROWS, _COLUMNS = 0x00080008, 0x00280008, 0x00280010, 0x00280011
_LABEL_IN_IMAGE, _BURNED_IN = 0x00480010, 0x00280301
_WIDTH, _HEIGHT, _PLANES, _PATHS = 0x00480006, 0x00480007, 0x00480303, 0x00480302
LEVEL, _THUMBNAIL = "VOLUME", "THUMBNAIL"
_PICTURES = {"LABEL": "label", "OVERVIEW": "macro"}
_LEEWAY = 0.002
_SHAPELESS = 32
#: By how many pixels the step of a pyramid may be off: each step before it may have been rounded up or down.
_PIXELS = 2

CONTRADICTION = "an instance is called one thing and has the frames and the shape of another"
HINT = "set the third value of its Image Type to what it shows, or remove the file"


class Look(NamedTuple):
    """What a header says about its picture.

    Attributes
    ----------
    name
        Third value of Image Type, in capitals; empty where there is none.
    size, frame
        Width and height of the whole matrix and of one frame.
    frames
        Number of frames at different places; planes and optical paths do not count as such.
    shows_label, denies_label
        Whether it says that the label can be seen, or that it cannot.
    """

    name: str
    size: tuple[int, int]
    frame: tuple[int, int]
    frames: int
    shows_label: bool
    denies_label: bool

    @property
    def gridded(self) -> bool:
        """Whether the picture consists of several frames, or is a part of a larger one."""
        return self.frames > 1 or self.size[0] > self.frame[0] or self.size[1] > self.frame[1]

    @property
    def area(self) -> int:
        """Number of pixels of the matrix."""
        return self.size[0] * self.size[1]


class Verdict(NamedTuple):
    """The judgement of one instance.

    Attributes
    ----------
    role
        ``label``, ``macro`` or ``thumbnail``; empty if it keeps its pixels.
    doubtful
        Whether to report that nobody knows what it shows.
    contradicts
        Whether the slide must be refused because of it.
    like_a_level
        Whether it has the shape of a level, so that pixels have to tell it from one before it is drawn over.
    """

    role: str = ""
    doubtful: bool = False
    contradicts: bool = False
    like_a_level: bool = False


_LEVEL, _UNKNOWN, _REFUSED = Verdict(), Verdict(doubtful=True), Verdict(doubtful=True, contradicts=True)


def look(header: Header) -> Look:
    """Read from a header what `verdicts` needs."""
    words = header.text(_KIND).split("\\")
    name = words[2].strip(" \0").upper() if len(words) > 2 else ""
    frame = header.number(_COLUMNS), header.number(_ROWS)
    size = header.number(_WIDTH) or frame[0], header.number(_HEIGHT) or frame[1]
    layers = max(1, header.number(_PLANES)) * max(1, header.number(_PATHS))
    frames = max(1, header.number(_FRAMES))
    said = header.text(_LABEL_IN_IMAGE), header.text(_BURNED_IN)
    return Look(name, size, frame, -(-frames // layers), "YES" in said, "NO" in said and "YES" not in said)


def verdicts(looks: Sequence[Look]) -> list[Verdict]:
    """Judge all instances of a slide together, in their order."""
    tissue = [one for one in looks if one.name not in _PICTURES and (one.gridded or one.name == LEVEL)]
    tissue = tissue or [one for one in looks if one.name not in _PICTURES and one.name != _THUMBNAIL]
    return [_verdict(one, number, looks, tissue) for number, one in enumerate(looks)]


def _verdict(one: Look, number: int, looks: Sequence[Look], tissue: Sequence[Look]) -> Verdict:
    others = [*looks[:number], *looks[number + 1 :]]
    if one.name in _PICTURES:
        return _picture(one, others, tissue)
    if one.name == LEVEL:
        return _LEVEL if one.gridded or _belongs(one, others) else _REFUSED
    if one.name == _THUMBNAIL and not one.gridded:
        return Verdict("thumbnail")
    pattern = _pattern(looks)
    fits = any(_alike(one, level) and one.frame == level.frame and level.gridded for level in pattern)
    return _LEVEL if fits else _UNKNOWN


def _picture(one: Look, others: Sequence[Look], tissue: Sequence[Look]) -> Verdict:
    """Judge an instance that is called a label or an overview."""
    if one.gridded:
        return _REFUSED
    models = _with_shape([*tissue, *(other for other in others if other.name == _THUMBNAIL)])
    largest = bool(tissue) and all(_covers(one, level) for level in tissue)
    alike = any(_alike(one, model) for model in models)
    if largest or (alike and not _is_by_chance(one, tissue)):
        return _REFUSED
    if not tissue and one.denies_label:  # no level to compare it with, and the header says that it shows no label
        return _UNKNOWN
    return Verdict(_PICTURES[one.name], like_a_level=alike)


def _is_by_chance(one: Look, tissue: Sequence[Look]) -> bool:
    """Whether a picture that says that the label can be seen has a level's shape, and yet is no step of the pyramid.

    One label in a hundred has the shape of the scanned area, rounded. A level that misses from the pyramid would be
    smaller or larger than the next ones by a whole number.
    """
    larger = min((level for level in tissue if level.area >= one.area), key=lambda level: level.area, default=None)
    smaller = max((level for level in tissue if level.area < one.area), key=lambda level: level.area, default=None)
    return one.shows_label and larger is not None and not any(_is_step(one, o) for o in (larger, smaller) if o)


def _is_step(a: Look, b: Look) -> bool:
    """Whether one matrix is the other made smaller by a whole number, or as large, rounded to pixels."""
    small, large = sorted((a, b), key=lambda one: one.area)
    times = max(1, round(large.size[0] / small.size[0]))
    return all(abs(whole / times - part) <= _PIXELS for whole, part in zip(large.size, small.size, strict=True))


def _with_shape(models: Sequence[Look]) -> Sequence[Look]:
    """Leave out the last steps of a pyramid if there are larger ones: of 8 × 6 pixels, half is rounding."""
    return [one for one in models if min(one.size) >= _SHAPELESS] or models


def _belongs(one: Look, others: Sequence[Look]) -> bool:
    """Whether a single frame that is called a level fits the levels; it could be a label with a wrong word."""
    levels = [o for o in others if o.gridded] or [o for o in others if o.name == LEVEL and o.area > one.area]
    return not levels or any(_alike(one, level) or one.frame == level.frame for level in levels)


def _pattern(looks: Sequence[Look]) -> list[Look]:
    """Return the instances that are certainly levels: called so, or several on a grid that agree."""
    named = [one for one in looks if one.name == LEVEL]
    if any(one.gridded for one in named):
        return [one for one in named if one.gridded]
    grids = [one for one in looks if one.gridded and one.name not in _PICTURES]
    if grids:
        largest = max(grids, key=lambda one: one.area)
        alike = [one for one in grids if _alike(one, largest) and one.frame == largest.frame]
        if len({one.size for one in alike}) > 1:
            return alike
        return [one._replace(frames=2) for one in named if one.frame == largest.frame and _alike(one, largest)]
    return named


def _covers(a: Look, b: Look) -> bool:
    return a.size[0] >= b.size[0] and a.size[1] >= b.size[1]


def _alike(a: Look, b: Look) -> bool:
    """Whether one matrix has the other's shape at a smaller scale, rounded to pixels."""
    small, large = sorted((a, b), key=lambda one: one.area)
    across, down = large.size[0] / small.size[0], large.size[1] / small.size[1]
    rounding = 1.5 / small.size[0] + 1.5 / small.size[1] + _LEEWAY
    return abs(across - down) <= rounding * max(across, down)
