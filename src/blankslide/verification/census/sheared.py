"""A picture whose rows have run off: each begins a little before or behind the one above, round the edge.

Converters that assume another width of a row write such thumbnails. They show the slide and nothing else, so they are
put straight and then held against it block by block, like any picture that is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.census.overlay import SIDE, pearson, worst_block
from blankslide.verification.census.pixels import SAME, SPEAKS, WORST, Likeness, Look

if TYPE_CHECKING:
    from blankslide.verification.census.overlay import Grey

_FARTHEST, _STEP = 1.5, 1 / 32
"""How far the last row may have run off, in widths, and the steps of the first search."""


def sheared_likeness(a: Look, b: Look) -> Likeness:
    """Compare two pictures strictly, the first one put straight; "none" where one was not seen or says nothing."""
    if a.whole is None or b.whole is None or min(float(a.whole.std()), float(b.whole.std())) < SPEAKS:
        return Likeness("none", 0.0, 0.0)
    whole, other = a.whole, b.whole
    steps = round(_FARTHEST / _STEP)
    best = max((i * _STEP for i in range(-steps, steps + 1)), key=lambda far: pearson(_straight(whole, far), other))
    fine = (best + i * _STEP / 8 for i in range(-8, 9))
    straight = max((_straight(whole, far) for far in fine), key=lambda grey: pearson(grey, other))
    value, worst = pearson(straight, other), worst_block(straight, other)
    return Likeness("same" if value >= SAME and worst <= WORST else "other", value, worst)


def _straight(grey: Grey, far: float) -> Grey:
    """Push each row back, by ``far`` widths at the lower edge and by none at the upper one."""
    import numpy as np

    rows, columns = np.arange(SIDE), np.arange(SIDE)
    push = far * (rows + 0.5)
    whole = np.floor(push).astype(np.intp)
    share = (push - whole).astype(np.float32)[:, None]
    at = (columns + whole[:, None]) % SIDE
    pushed: Grey = grey[rows[:, None], at] * (1 - share) + grey[rows[:, None], (at + 1) % SIDE] * share
    return pushed
