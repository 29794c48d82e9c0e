"""Whether what is left of a masked macro shows the slide, and nothing else that could be read.

The camera's picture of the glass holds the scanned area somewhere, at some size and turned in some way. So the lowest
level is laid over the macro at many sizes and in four turns, and correlated. Where it fits, that part is the slide.
The rest must be quiet: glass, edges of it, shadows. What changes its brightness often, along rows and along columns,
may be writing, and is not explained.

Whoever looks here is handed pixels, and nothing is known of formats.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Real = NDArray[np.float32]

__all__ = ["FITS", "Found", "find", "is_quiet", "loud"]

Box = tuple[int, int, int, int]
FITS = 0.8
"""Correlation from which on the slide is found: unrelated tissue had 0.41 to 0.64 at its best place, true ones 0.93."""
_SIDE, _LEAST = 256, 20
_ENOUGH = 512
_STEP = 1.05
_SPEAKS = 4.0
_BLOCK, _CHANGE, _TURNS = 24, 28, 3
"""Blocks of the rest that are looked at, how much brightness a stroke changes, and how many strokes are writing."""
_FEW = 2


class Found(NamedTuple):
    """Where a macro shows the slide: how well it fits, the rectangle, and by how many quarter turns."""

    fits: float
    box: Box
    turn: int


def find(macro: Grey, mask: Box | None, slide: Grey) -> Found | None:
    """Find the slide in a macro.

    Parameters
    ----------
    macro
        Grey values of the whole picture.
    mask
        What of it is blank; None to look everywhere.
    slide
        Grey values of the lowest level.

    Returns
    -------
    Found or None
        The best place; None if the slide says nothing, or is too small to be found.
    """
    import numpy as np

    scale = min(1.0, _SIDE / max(macro.shape))
    small = _resized(macro, round(macro.shape[1] * scale), round(macro.shape[0] * scale))
    usable = np.ones(small.shape, bool)
    if mask is not None:
        left, top, right, bottom = (v * scale for v in mask)
        usable[math.floor(top) : math.ceil(bottom), math.floor(left) : math.ceil(right)] = False
    if not usable.any() or float(slide.std()) < _SPEAKS:
        return None
    hidden = np.where(usable, small, np.median(small[usable])).astype(np.float32)
    field = _Field(hidden, usable)
    slide = _reduced(slide)
    best: Found | None = None
    for turn in range(4):
        turned = np.rot90(slide, turn)
        for wide, high in _sizes(turned.shape, small.shape):
            fits, x, y = field.best(_resized(turned, wide, high))
            if best is None or fits > best.fits:
                box = (x, y, x + wide, y + high)
                best = Found(fits, tuple(round(v / scale) for v in box), turn)
    return best


def loud(macro: Grey, mask: Box | None, shown: Box) -> int:
    """Count blocks outside of the mask and of what shows the slide in which something may be written."""
    import numpy as np

    rest = np.ones(macro.shape, bool)
    for left, top, right, bottom in (shown, *(() if mask is None else (mask,))):
        rest[max(0, top) : bottom, max(0, left) : right] = False
    count = 0
    for y in range(0, macro.shape[0] - _BLOCK // 2, _BLOCK):
        for x in range(0, macro.shape[1] - _BLOCK // 2, _BLOCK):
            place = np.s_[y : y + _BLOCK, x : x + _BLOCK]
            if rest[place].all() and _is_written(macro[place]):
                count += 1
    return count


def is_quiet(macro: Grey, mask: Box | None, shown: Box) -> bool:
    """Whether so few blocks may be written in that it is dust."""
    return loud(macro, mask, shown) <= _FEW


def _is_written(block: Grey) -> bool:
    """Whether brightness changes often, both along rows and along columns."""
    return _strokes(block) >= _TURNS and _strokes(block.T) >= _TURNS


def _strokes(block: Grey) -> int:
    """Count how often lines change between dark and bright; of all lines that which is exceeded by a fourth."""
    import numpy as np

    low, high = int(block.min()), int(block.max())
    if high - low < _CHANGE:
        return 0
    bright = block > (low + high) / 2
    changes = (bright[:, 1:] != bright[:, :-1]).sum(axis=1)
    return int(np.sort(changes)[len(changes) * 3 // 4])


# -- laying over -------------------------------------------------------------------------------


def _resized(grey: Grey, wide: int, high: int) -> Grey:
    import numpy as np
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(grey))
    return np.asarray(image.resize((max(1, wide), max(1, high)), Image.Resampling.BOX))


def _reduced(slide: Grey) -> Grey:
    """Make a slide smaller, once and not at each size."""
    scale = min(1.0, _ENOUGH / max(slide.shape))
    return slide if scale == 1.0 else _resized(slide, round(slide.shape[1] * scale), round(slide.shape[0] * scale))


def _sizes(slide: tuple[int, ...], macro: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield widths and heights at which the slide fits into the macro, the largest first."""
    aspect = slide[1] / slide[0]
    wide = float(min(macro[1], macro[0] * aspect))
    while wide >= _LEAST and wide / aspect >= _LEAST / 2:
        yield round(wide), max(1, round(wide / aspect))
        wide /= _STEP


class _Field:
    """A picture in which others are looked for."""

    def __init__(self, small: Real, usable: NDArray[np.bool_]) -> None:
        import numpy as np

        self.shape = small.shape
        self._picture = small - small.mean()
        self._spectrum = np.fft.rfft2(self._picture)
        self._sums = [_summed(a) for a in (self._picture, self._picture**2, (~usable).astype(np.float32))]

    def best(self, template: Grey) -> tuple[float, int, int]:
        """Return the best normalised correlation, and where: only places that the mask leaves alone."""
        import numpy as np

        high, wide = template.shape
        pattern = template.astype(np.float32) - template.mean()
        norm = float(np.sqrt((pattern**2).sum()))
        rows, columns = self.shape[0] - high + 1, self.shape[1] - wide + 1
        if norm < 1e-3 or rows < 1 or columns < 1:
            return -1.0, 0, 0
        spectrum = np.fft.rfft2(pattern, self.shape)
        product = np.fft.irfft2(self._spectrum * np.conj(spectrum), self.shape)[:rows, :columns]
        total, squares, hidden = (_windows(s, high, wide) for s in self._sums)
        spread = np.sqrt(np.maximum(squares - total**2 / (high * wide), 1e-6))
        fits = np.where((hidden < 0.5) & (spread > _SPEAKS * math.sqrt(high * wide)), product / (norm * spread), -1.0)
        at = int(fits.argmax())
        return float(fits.flat[at]), at % columns, at // columns


def _summed(values: Real) -> NDArray[np.float64]:
    import numpy as np

    return np.pad(values.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))


def _windows(sums: NDArray[np.float64], high: int, wide: int) -> NDArray[np.float64]:
    return sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
