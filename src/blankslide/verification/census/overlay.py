"""How one grey picture is laid over another: turned, shifted, cropped, and fitted grey on grey.

The search runs over 32×32 values; only where a look at 16×16 gives it any hope, because most pictures that are asked
about are labels, and nothing is gained by finding the best place of a label on tissue.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.float32]

Box = tuple[float, float, float, float]

STEPS = 16  # of greys, between which a map's rule may bend
SIDE = 64
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
BLOCK = 8
_FEW = 24  # values of a block, that must be seen before their mean counts in full
_MATRIX = 4096  # values, up to which matrices reduce faster than Pillow, and without threads
_FINE = (32, 26, (30, 32, 34))  # side, what of it must lie over the other, sides of the other
_ROUGH = (16, 12, (16,))
_HOPE = 0.5  # what true copies reach at 16×16 however they lie; labels on tissue reach 0.4


class Fit(NamedTuple):
    """How one picture lies over another: its turn (0 to 7), and which part of each is compared."""

    turn: int
    mine: Box
    theirs: Box


AS_IT_LIES = Fit(0, WHOLE, WHOLE)


def cut(grey: Grey, box: Box, width: int, height: int) -> Grey:
    """Return a part of a picture, given in fractions, smoothly reduced, so that a hair of shift is none."""
    import numpy as np
    from PIL import Image

    rows, columns = grey.shape
    x0, y0, x1, y1 = box
    place = (max(0.0, x0 * columns), max(0.0, y0 * rows), min(columns, x1 * columns), min(rows, y1 * rows))
    if (place[2] - place[0]) * (place[3] - place[1]) > _MATRIX:
        picture = Image.fromarray(np.ascontiguousarray(grey, np.float32))
        return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box=place), np.float32)
    top, down = _weights(rows, place[1], place[3], height)
    left, across = _weights(columns, place[0], place[2], width)
    part = down @ grey[top : top + down.shape[1], left : left + across.shape[1]] @ across.T
    return part.astype(np.float32, copy=False)


@lru_cache(maxsize=512)
def _weights(size: int, low: float, high: float, count: int) -> tuple[int, Grey]:
    """Return what each of `count` new values takes from the old ones between two places: a triangle around it.

    Also the first of the old values that anything is taken from.
    """
    import numpy as np

    step = (high - low) / count
    reach = max(1.0, step)
    first, last = max(0, int(low + step / 2 - reach)), min(size, int(high - step / 2 + reach) + 1)
    centres = low + (np.arange(count, dtype=np.float32) + np.float32(0.5)) * np.float32(step)
    away = np.abs(np.arange(first, last, dtype=np.float32) + np.float32(0.5) - centres[:, None]) / np.float32(reach)
    taken: Grey = np.maximum(np.float32(1) - away, np.float32(1e-6))
    return first, taken / taken.sum(1, keepdims=True)


def pearson(a: Grey, b: Grey) -> float:
    """Return the normalised correlation of two arrays of one shape; 0 where one of them is flat."""
    import numpy as np

    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 1e-6 else 0.0


def turned(grey: Grey, turn: int) -> Grey:
    """Return the picture in one of its eight positions: quarter turns, then the same mirrored."""
    import numpy as np

    return np.rot90(grey[:, ::-1] if turn >= 4 else grey, turn % 4)


def laid(a: Grey, b: Grey, fit: Fit) -> tuple[Grey, Grey]:
    """Return both pictures, turned and cut to what is compared."""
    if fit == AS_IT_LIES:
        return a, b
    return cut(turned(a, fit.turn), fit.mine, SIDE, SIDE), cut(b, fit.theirs, SIDE, SIDE)


def register(a: Grey, b: Grey) -> Fit:
    """Find the turn, shift and crop under which a picture is most like another; as it lies if there is no hope.

    The middle of the first, in all eight positions, is laid on every place of the second, which is enlarged or reduced
    by up to a sixteenth in each direction.
    """
    score, _ = _search(a, b, *_ROUGH)
    return _search(a, b, *_FINE)[1] if score >= _HOPE else AS_IT_LIES


def refine(a: Grey, b: Grey, fit: Fit) -> Fit:
    """Move the four sides of the part of the other picture until the fit is best: a search leaves half a value."""
    best, step = pearson(*laid(a, b, fit)), 1 / SIDE
    while step > 1 / (4 * SIDE):
        before = best
        for axis, move in ((axis, move) for axis in range(4) for move in (-step, step)):
            box = list(fit.theirs)
            box[axis] = min(1.0, max(0.0, box[axis] + move))
            tried = fit._replace(theirs=(box[0], box[1], box[2], box[3]))
            score = pearson(*laid(a, b, tried))
            if score > best:
                best, fit = score, tried
        step = step if best > before + 1e-4 else step / 2
    return fit


def _search(a: Grey, b: Grey, side: int, inner: int, zooms: tuple[int, ...]) -> tuple[float, Fit]:
    import numpy as np

    edge = (side - inner) // 2
    small = cut(a, WHOLE, side, side)
    pieces = _unit(np.stack([turned(small, t)[edge:-edge, edge:-edge].ravel() for t in range(8)]))
    best, fit = -2.0, AS_IT_LIES
    for wide, high in ((x, y) for x in zooms for y in zooms):
        places = np.lib.stride_tricks.sliding_window_view(cut(b, WHOLE, wide, high), (inner, inner))
        rows, columns = places.shape[:2]
        scores = _unit(places.reshape(rows * columns, -1)) @ pieces.T
        at = int(scores.argmax())
        if scores.flat[at] > best + 1e-4:
            best = float(scores.flat[at])
            y, x = divmod(at // 8, columns)
            mine = (edge / side, edge / side, 1 - edge / side, 1 - edge / side)
            fit = Fit(at % 8, mine, (x / wide, y / high, (x + inner) / wide, (y + inner) / high))
    return best, fit


def _unit(rows: Grey) -> Grey:
    """Return the rows without their mean and of length 1, so that a product is a correlation."""
    import numpy as np

    rows = rows - rows.mean(1, keepdims=True)
    size: Grey = np.sqrt((rows * rows).sum(1, keepdims=True))
    return (rows / np.maximum(size, np.float32(1e-3))).astype(np.float32, copy=False)


def worst_block(a: Grey, b: Grey, fit: Fit = AS_IT_LIES) -> float:
    """Return the mean difference in the worst 8×8 block of `a`, after one grey was fitted on the other by a line.

    What of `a` lies beyond `b` (a margin) has nothing to be held against, and is held against its own median.
    """
    import numpy as np

    side = len(a)
    x0, x1, theirs_x = _shared(fit.mine[0], fit.mine[2], fit.theirs[0], fit.theirs[2], side)
    y0, y1, theirs_y = _shared(fit.mine[1], fit.mine[3], fit.theirs[1], fit.theirs[3], side)
    if x1 - x0 < side // 2 or y1 - y0 < side // 2:
        return 255.0
    place = np.s_[y0:y1, x0:x1]
    other = b if fit == AS_IT_LIES else cut(b, (theirs_x[0], theirs_y[0], theirs_x[1], theirs_y[1]), x1 - x0, y1 - y0)
    outside = np.ones(a.shape, bool)
    outside[place] = False
    rest: Grey = np.abs(a - (np.median(a[outside]) if outside.any() else np.float32(0)))
    slope, offset = fit_line(a[place].ravel(), other.ravel())
    rest[place] = np.abs(a[place] - (slope * other + offset))
    return _worst(rest / np.float32(min(1.0, max(abs(slope), 0.02))), np.ones_like(a))


def unlike(a: Grey, b: Grey) -> float:
    """Return the mean difference in the worst 8×8 block of `a` from what its greys are elsewhere for the greys of `b`.

    A map is made of a slide's greys by a rule, which need not be a straight line; what is printed on it is not.
    """
    import numpy as np

    edges = np.quantile(b, np.linspace(0, 1, STEPS + 1)[1:-1])
    step = np.searchsorted(edges, b, side="right")
    rule = np.array([np.median(a[step == i]) if (step == i).any() else 0 for i in range(STEPS)], np.float32)
    return _worst(np.abs(a - rule[step]), np.ones_like(a))


def _shared(m0: float, m1: float, t0: float, t1: float, side: int) -> tuple[int, int, tuple[float, float]]:
    """Return the values of one picture that lie over the other, along one axis, and what of the other they lie on."""
    scale = (t1 - t0) / (m1 - m0)
    start = t0 - m0 * scale
    first = max(0, math.ceil(-start / scale * side - 1e-6))
    last = min(side, math.floor((1 - start) / scale * side + 1e-6))
    return first, last, (max(0.0, start + first / side * scale), min(1.0, start + last / side * scale))


def _worst(rest: Grey, weight: Grey) -> float:
    """Return the greatest mean of any 8×8 block, of what of it was seen, if that is enough."""
    sums, counts = _blocks(rest), _blocks(weight)
    return float((sums / counts.clip(_FEW)).max())


def worst_seen(a: Grey, b: Grey, weight: Grey) -> float:
    """Return the same of two pictures that were seen in part: `weight` is 1 where both were."""
    import numpy as np

    seen = weight > 0
    slope, offset = fit_line(a[seen], b[seen])
    rest = np.where(seen, np.abs(a - (slope * b + offset)), 0).astype(np.float32)
    return _worst(rest / np.float32(min(1.0, max(abs(slope), 0.02))), weight)


def _blocks(values: Grey) -> Grey:
    import numpy as np

    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0, dtype=np.float64).cumsum(1)
    k = BLOCK
    blocks: Grey = (sums[k:, k:] - sums[:-k, k:] - sums[k:, :-k] + sums[:-k, :-k]).astype(np.float32)
    return blocks


def fit_line(a: Grey, b: Grey) -> tuple[float, float]:
    """Fit a = slope · b + offset, without what does not fit: what was pasted must not bend the line."""
    import numpy as np

    keep = np.ones(a.shape, bool)
    slope = offset = 0.0
    for _ in range(5):
        x, y = b[keep], a[keep]
        spread = float(((x - x.mean()) ** 2).sum())
        slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 1e-6 else 0.0
        offset = float(y.mean() - slope * x.mean())
        rest = np.abs(a - slope * b - offset)
        limit = 3 * float(np.median(rest)) + 1
        before, keep = keep, rest <= limit
        if (keep == before).all():  # the same values give the same line
            break
    return slope, offset
