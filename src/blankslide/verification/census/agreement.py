"""Pictures held against each other, each pair once: shapes, canvases filled up to whole tiles, channels.

A level is a whole reduction of the one above, within rounding; or its canvas was filled up to whole tiles, on the right
and below, and its content lies in the upper left. What a picture says at all is asked here too: of one grey, or not
decoded, it says nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.overlay import pearson, register
from blankslide.verification.census.pixels import MAYBE, SAME, SPEAKS, Likeness, Look, Sample, likeness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHAPE = 0.03
MIXED = 8  # channels of which one picture can be made; more of them could be made into any
STRETCHED = 1.25  # sides of two pictures that may be one, at most, one against the other
MEMBERS, MANY = 6, 24  # of a group, that a picture is held against: of one kind, of several
CLEARLY = 0.5  # below it, another picture
TILE = 1024  # the largest tile that a canvas is filled up by
_SHARES = (1, 5, 25, 50, 75, 95, 99.5)


class Candidate(NamedTuple):
    """A picture in question; `said` is the plan's word: "level", "thumbnail", "label", "macro", "unknown" or ""."""

    width: int
    height: int
    look: Look | None
    tiled: bool
    segments: int
    said: str

    @property
    def area(self) -> int:
        """The number of pixels."""
        return self.width * self.height

    @property
    def seen(self) -> Look:
        """The look, or one that saw nothing."""
        return self.look or Look(self.width, self.height, (), None, False)


Known = dict[Hashable, tuple[Candidate, Candidate, Likeness]]


class Pictures:
    """All pictures of a slide, and what was found out about pairs of them.

    Parameters
    ----------
    candidates
        In any order.
    known
        What was found out before; added to. Of each pair the two candidates themselves are kept, so that no other
        look can come to stand where one of theirs stood in memory.
    """

    def __init__(self, candidates: Sequence[Candidate], known: Known | None = None) -> None:
        self.all = candidates
        self._pairs: dict[tuple[int, int, bool], Likeness] = {}
        self._known = {} if known is None else known
        self._shares: dict[int, NDArray[np.float64]] = {}

    @cached_property
    def speaking(self) -> frozenset[int]:
        """The pictures whose pixels say anything."""
        return frozenset(i for i, c in enumerate(self.all) if _contrast(c.seen) >= SPEAKS)

    def shares(self, index: int) -> NDArray[np.float64]:
        """Return the greys below which 1, 5, 25, 50, 75, 95 and 99.5 % of a picture's values are."""
        import numpy as np

        if index not in self._shares:
            values = np.concatenate([sample.grey.ravel() for sample in self.all[index].seen.samples])
            self._shares[index] = np.percentile(values, _SHARES)
        return self._shares[index]

    def sparse(self, index: int) -> bool:
        """Whether a picture is dark with sparse bright structures, as a channel of fluorescence is."""
        shares = [float(share) for share in self.shares(index)]
        low, middle, high = shares[0], shares[3], shares[-1]
        return middle - low < 0.35 * (high - low) and middle < 128

    def compare(self, index: int, other: int, *, strict: bool = False) -> Likeness:
        """Return how one picture is like another."""
        key = (index, other, strict)
        if key not in self._pairs:
            self._pairs[key] = self._compared(self.all[index], self.all[other], strict)
            if not strict:
                self._pairs[other, index, False] = self._pairs[key]
        return self._pairs[key]

    def _compared(self, a: Candidate, b: Candidate, strict: bool) -> Likeness:
        key = (id(a.look), id(b.look), strict, *(c[:2] + c[3:] for c in (a, b)))
        if key not in self._known:
            self._known[key] = (a, b, _compare(a, b, strict))
        return self._known[key][2]

    def best(self, index: int, members: Sequence[int], *, strict: bool = False, one_kind: bool = True) -> Likeness:
        """Return how a picture is like that one of others which it is most like; those seen whole are asked first.

        Where the others are of one kind, a clear answer for one that was seen whole is an answer for all.
        """
        own, best = self.all[index], Likeness("none", 0.0, 0.0)
        others = [i for i in members if i != index]
        others.sort(key=lambda i: (self.all[i].seen.whole is None, abs(self.all[i].area - own.area)))
        for other in others[: MEMBERS if one_kind else MANY]:
            found = self.compare(index, other, strict=strict)
            best = found if _rank(found) > _rank(best) else best
            whole = own.seen.whole is not None and self.all[other].seen.whole is not None
            sure = whole and found.verdict == "other" and found.correlation < CLEARLY
            if best.verdict == "same" or (one_kind and sure):
                break
        return best

    def mixture(self, index: int, channels: Sequence[int]) -> Likeness:
        """Return how a picture is, block by block, like the best mixture of channels; all must have been seen whole."""
        import numpy as np

        wholes: dict[tuple[int, int], list[NDArray[np.float32]]] = {}
        for c in (self.all[i] for i in channels if i != index):
            if c.seen.whole is not None:
                wholes.setdefault((c.width, c.height), []).append(c.seen.whole)
        own = self.all[index].seen
        greys = next((w for _, w in sorted(wholes.items(), key=lambda item: item[0]) if 1 < len(w) <= MIXED), None)
        if own.whole is None or greys is None:
            return Likeness("none", 0.0, 0.0)
        parts = np.stack([*(grey.ravel() for grey in greys), np.ones(own.whole.size, np.float32)], axis=1)
        shares = np.linalg.lstsq(parts, own.whole.ravel(), rcond=None)[0]
        shares[:-1] = shares[:-1].clip(min=0)  # light is added, never taken away
        mixed = (parts @ shares).reshape(own.whole.shape).astype(np.float32)
        return likeness(own, own._replace(whole=mixed), strict=True)

    def turned(self, index: int, members: Sequence[int]) -> bool:
        """Whether a picture is like others only when it is turned; false where that cannot be known."""
        mine, wholes = self.all[index].seen.whole, []
        for other in (i for i in members if i != index):
            whole = self.all[other].seen.whole
            if mine is None or whole is None:
                if self.compare(index, other).verdict == "same":
                    return False  # parts are only compared as they lie
            else:
                wholes.append(whole)
        if mine is None or not wholes or any(pearson(mine, whole) >= MAYBE for whole in wholes):
            return False
        return all(register(mine, whole).turn for whole in wholes[:MEMBERS])


def _contrast(look: Look) -> float:
    import numpy as np

    if look.flat or not look.samples:
        return 0.0
    return float(np.concatenate([sample.grey.ravel() for sample in look.samples]).std())


def _rank(found: Likeness) -> tuple[int, float]:
    """Order what was found: the slide's negative is more of an answer than any other picture."""
    if found.verdict == "other" and found.correlation <= -SAME:
        return (2, 0.0)
    return ("none", "other", "maybe", "same").index(found.verdict), found.correlation


def _compare(a: Candidate, b: Candidate, strict: bool) -> Likeness:
    found = likeness(a.seen, b.seen, strict=strict)
    if found.verdict == "same" and not fits(a, b) and _stretched(a, b) > STRETCHED:
        return found._replace(verdict="maybe")  # stretched to one square, soft pictures are soon alike
    if found.verdict == "same" or strict or one_shape(a, b):
        return found
    small, large = sorted((a, b), key=lambda c: c.area)
    if not small.tiled or not fits(a, b):
        return found
    padded = likeness(_unpadded(small, large), large.seen._replace(whole=None))
    return padded if _rank(padded) > _rank(found) else found


# -- shapes ----------------------------------------------------------------------------


def one_shape(a: Candidate, b: Candidate) -> bool:
    """Whether one picture can be the other, reduced; halving rounds by up to a pixel or two."""
    rounded = 2 * max(a.width, a.height, b.width, b.height)
    return abs(a.width * b.height - a.height * b.width) <= SHAPE * a.width * b.height + rounded


def _stretched(a: Candidate, b: Candidate) -> float:
    """Return by how much one picture is wider in its shape than another, or than the other turned; rounded, it is 1."""
    rounded = 2 * max(a.width, a.height, b.width, b.height)
    ways = ((a.width * b.height, b.width * a.height), (a.width * b.width, a.height * b.height))
    return min(max(min(way), max(way) - rounded) / max(1, min(way)) for way in ways)


def fits(a: Candidate, b: Candidate) -> bool:
    """Whether the smaller of two is a whole reduction of the larger, or one on a canvas of whole tiles."""
    if one_shape(a, b):
        return True
    small, large = sorted((a, b), key=lambda c: c.area)
    step = _step(small, large)
    over = max(small.width - large.width // step, small.height - large.height // step)
    return small.tiled and over <= min(TILE, max(small.width, small.height))


def _step(small: Candidate, large: Candidate) -> int:
    """Return the power of two by which a canvas covers a larger picture."""
    step = 1
    while step * small.width < large.width or step * small.height < large.height:
        step *= 2
    return step


def _unpadded(small: Candidate, large: Candidate) -> Look:
    """Return what is known of a picture, in fractions of what of its canvas the larger fills."""
    step = _step(small, large)
    x, y = step * small.width / large.width, step * small.height / large.height
    moved = (Sample((s.box[0] * x, s.box[1] * y, s.box[2] * x, s.box[3] * y), s.grey) for s in small.seen.samples)
    return small.seen._replace(samples=tuple(moved), whole=None)
