"""Whether two pictures show the same thing, told from a few grey values of each.

A picture is known by a `Look`: some parts of it (tiles, strips) as small grey arrays, and all of it in 64×64 where it
was small enough to be decoded whole. Two looks are laid over each other, part on part, each part at the coarser of
the two scales, and correlated (Pearson). Where both are known whole and do not agree as they lie, small shifts, crops
of about 5 % and all eight turns are tried: "registration". A turn explains a picture, it never keeps it.

A correlation of the whole cannot see a label that was pasted over a hundredth of the picture. What is to be *kept* is
asked strictly: one grey is fitted on the other by a robust line, and the worst 8×8 block of the 64×64 must fit too.

Where both pictures are (nearly) of one grey nothing can be said, and nothing is: the verdict is "none".
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from blankslide.verification.census.overlay import (
    AS_IT_LIES,
    SIDE,
    Box,
    cut,
    laid,
    pearson,
    refine,
    register,
    worst_block,
    worst_seen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.float32]

SAME = 0.85
MAYBE = 0.6
SPEAKS = 1.5  # standard deviation, of 255: below it, a picture says nothing
WORST = 16.0  # mean difference, of 255, in the worst block: true thumbnails stay below 10, a printed line is 24
INSIDE = 0.5
ENOUGH = 48  # grey values, for parts that lie over each other


class Sample(NamedTuple):
    """A part of a picture: its box as fractions of the whole, and its grey values, few."""

    box: Box
    grey: Grey


class Look(NamedTuple):
    """What is known of a picture's pixels, from few tiles."""

    width: int
    height: int
    samples: tuple[Sample, ...]
    whole: Grey | None
    flat: bool


class Likeness(NamedTuple):
    """How alike two pictures are; `worst` is the worst block's difference, 0 where none was measured."""

    verdict: Literal["same", "maybe", "other", "none"]
    correlation: float
    worst: float


def likeness(a: Look, b: Look, *, strict: bool = False) -> Likeness:
    """Compare two pictures.

    Parameters
    ----------
    a
        The picture in question.
    b
        The picture that it is held against.
    strict
        Ask block by block, and do not accept a turn: for a picture that is to be kept.

    Returns
    -------
    Likeness
        "same" from a correlation of 0.85 on, "maybe" from 0.6 on, "other" below; "none" where one of the two has no
        contrast, or too little of them was seen in the same place. In strict mode what is like the other as a whole,
        but turned or with a block that does not fit, is "maybe".
    """
    if a.whole is not None and b.whole is not None:
        return _wholes(a.whole, b.whole, strict)
    return _parts(a, b, strict)


def covered(a: Look, b: Look) -> float:
    """Return the share of the first picture, in values of the 64×64, that was wholly seen in both, 0 to 1."""
    import numpy as np

    seen = np.zeros((SIDE, SIDE), bool)
    for _, _, box in _overlaps(a, b):
        x0, y0, x1, y1 = _cells(box)
        seen[y0:y1, x0:x1] = True
    return float(seen.mean())


def _cells(box: Box) -> tuple[int, int, int, int]:
    """Return the values of the 64×64 that lie wholly in a box: half a place is half a value of difference."""
    x0, y0 = (math.ceil(v * SIDE - 0.01) for v in box[:2])
    x1, y1 = (math.floor(v * SIDE + 0.01) for v in box[2:])
    return max(0, x0), max(0, y0), max(0, x1), max(0, y1)


def _verdict(value: float) -> Literal["same", "maybe", "other"]:
    return "same" if value >= SAME else "maybe" if value >= MAYBE else "other"


# -- whole on whole --------------------------------------------------------------------


def _wholes(a: Grey, b: Grey, strict: bool) -> Likeness:
    if min(float(a.std()), float(b.std())) < SPEAKS:
        return Likeness("none", 0.0, 0.0)
    value, fit = pearson(a, b), AS_IT_LIES
    worst = worst_block(a, b) if strict else 0.0
    if -SAME < value < SAME or worst > WORST:
        found = register(a, b)
        if strict and found != AS_IT_LIES:
            found = refine(a, b, found)
        better = pearson(*laid(a, b, found))
        # As it lies is the better answer unless another is clearly better: a search always finds a little more.
        if better > value + 0.02 or (worst > WORST and found.turn == 0):
            value, fit = max(value, better), found
            worst = (255.0 if fit.turn else min(worst, worst_block(a, b, fit))) if strict else 0.0
    verdict = _verdict(value)
    if strict and verdict == "same" and worst > WORST:
        return Likeness("maybe", value, worst)
    return Likeness(verdict, value, worst)


# -- part on part ----------------------------------------------------------------------


def _parts(a: Look, b: Look, strict: bool) -> Likeness:
    pairs = list(_pairs(a, b, (0.0, 0.0)))
    mine, theirs = _joined(pairs)
    if mine.size < ENOUGH or min(float(mine.std()), float(theirs.std())) < SPEAKS:
        return Likeness("none", 0.0, 0.0)
    value = pearson(mine, theirs)
    for shift in _shifts() if 0.5 <= value < SAME else ():
        moved = list(_pairs(a, b, shift))
        joined = _joined(moved)
        better = pearson(*joined) if joined[0].size >= ENOUGH else -1.0
        if better > value:
            pairs, value = moved, better
    verdict = _verdict(value)
    if verdict == "same" and not _alike_inside(pairs):
        return Likeness("maybe", value, 0.0)
    if not strict or verdict != "same":
        return Likeness(verdict, value, 0.0)
    worst = _worst_part(a, b)
    return Likeness("same" if worst <= WORST else "maybe", value, worst)


def _joined(pairs: list[tuple[Grey, Grey]]) -> tuple[Grey, Grey]:
    import numpy as np

    if not pairs:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    mine, theirs = (np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1))
    return mine, theirs


def _alike_inside(pairs: list[tuple[Grey, Grey]]) -> bool:
    """Whether the parts are also alike inside, without their means: a few bright and dark strips agree by chance."""
    mine, theirs = _joined([(p - p.mean(), q - q.mean()) for p, q in pairs])
    if min(float(mine.std()), float(theirs.std())) < SPEAKS:
        return True
    return pearson(mine, theirs) >= INSIDE


@lru_cache
def _shifts() -> tuple[tuple[float, float], ...]:
    steps = (-0.015, 0.0, 0.015)
    return tuple((x, y) for x in steps for y in steps if x or y)


def _worst_part(a: Look, b: Look) -> float:
    """Return the worst block of all that was seen in both; each is laid out in the 64×64 of the whole."""
    import numpy as np

    mine, theirs, weight = (np.zeros((SIDE, SIDE), np.float32) for _ in range(3))
    for first, second, box in _overlaps(a, b):
        x0, y0, x1, y1 = _cells(box)
        if x1 <= x0 or y1 <= y0:
            continue
        place = np.s_[y0:y1, x0:x1]
        snapped = (x0 / SIDE, y0 / SIDE, x1 / SIDE, y1 / SIDE)
        mine[place] = cut(first.grey, _inside(first.box, snapped), x1 - x0, y1 - y0)
        theirs[place] = cut(second.grey, _inside(second.box, snapped), x1 - x0, y1 - y0)
        weight[place] = 1
    if weight.sum() < ENOUGH:
        return 0.0
    return worst_seen(mine, theirs, weight)


def _overlaps(a: Look, b: Look) -> Iterator[tuple[Sample, Sample, Box]]:
    """Yield the parts of both that lie over each other, and where."""
    for mine in a.samples:
        left, top, right, bottom = mine.box
        for theirs in b.samples:
            x0, y0, x1, y1 = theirs.box  # most pairs lie apart: they are told by four comparisons
            if x0 < right and x1 > left and y0 < bottom and y1 > top:
                yield mine, theirs, (max(left, x0), max(top, y0), min(right, x1), min(bottom, y1))


def _pairs(a: Look, b: Look, shift: tuple[float, float]) -> Iterator[tuple[Grey, Grey]]:
    """Yield the grey values of both where they lie over each other, at the coarser of the two scales."""
    dx, dy = shift
    moved = a._replace(samples=tuple(_moved(s, dx, dy) for s in a.samples)) if dx or dy else a
    for mine, theirs, box in _overlaps(moved, b):
        columns = min(_size(mine, box, 0), _size(theirs, box, 0), SIDE)
        rows = min(_size(mine, box, 1), _size(theirs, box, 1), SIDE)
        if columns >= 1 and rows >= 1:
            yield tuple(cut(s.grey, _inside(s.box, box), columns, rows) for s in (mine, theirs))  # type: ignore[misc]


def _moved(sample: Sample, dx: float, dy: float) -> Sample:
    x0, y0, x1, y1 = sample.box
    return Sample((x0 + dx, y0 + dy, x1 + dx, y1 + dy), sample.grey)


def _size(sample: Sample, box: Box, axis: int) -> int:
    """Return how many grey values of a sample lie inside a box, along one axis."""
    share = (box[axis + 2] - box[axis]) / (sample.box[axis + 2] - sample.box[axis])
    return int(share * sample.grey.shape[1 - axis] + 1e-6)


def _inside(outer: Box, inner: Box) -> Box:
    """Return a box in fractions of another, and nothing outside it."""
    wide, high = outer[2] - outer[0], outer[3] - outer[1]
    x0, y0 = max(0.0, (inner[0] - outer[0]) / wide), max(0.0, (inner[1] - outer[1]) / high)
    return (x0, y0, min(1.0, (inner[2] - outer[0]) / wide), min(1.0, (inner[3] - outer[1]) / high))
