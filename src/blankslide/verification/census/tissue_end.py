"""Whether what is left of a masked macro shows the slide, and nothing else that could be read.

The camera's picture of the glass holds the scanned area somewhere, at some size and turned in some way. So the lowest
level is laid over the macro at many sizes and in four turns, and correlated. Where it fits, that part is the slide.
The rest must be quiet: glass, edges of it, shadows. What changes its brightness often, along rows and along columns,
may be writing, and is not explained.

Whoever looks here is handed pixels, and nothing is known of formats.
"""

from __future__ import annotations

import math
from hashlib import sha256
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
_ENOUGH, _MOST_KNOWN = 512, 64
_STEP = 1.05
_SPEAKS = 4.0
_BLOCK, _CONTRAST, _STROKES, _AROUND = 16, 32, 1.3, 15
"""Side of the blocks that are looked at, the contrast of ink, how often lines change in letters, and how far from what
the slide shows it may still be tissue."""


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
    own = macro.copy()
    if mask is not None:
        own[mask[1] : mask[3], mask[0] : mask[2]] = 0
    asked = sha256(repr((own.shape, slide.shape, mask)).encode() + own.tobytes() + slide.tobytes()).digest()
    if asked not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[asked] = _found(macro, mask, slide)
    return _known[asked]


_known: dict[bytes, Found | None] = {}
"""What was found, by all the pixels that it was found in: a run asks of the same ones before and after it writes."""


def _found(macro: Grey, mask: Box | None, slide: Grey) -> Found | None:
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


def loud(macro: Grey, mask: Box | None, found: Found, slide: Grey) -> int:
    """Count places outside of the mask in which something may be written: where the slide shows nothing but glass.

    Parameters
    ----------
    found
        Where the macro shows the slide.
    slide
        As for `find`.
    """
    rest = _glass(macro, found, slide)
    if mask is not None:
        left, top, right, bottom = mask
        rest[max(0, top) : bottom, max(0, left) : right] = False
    spread = _local(macro, _BLOCK)
    count = 0
    for y in range(0, macro.shape[0] - _BLOCK + 1, _BLOCK // 2):
        for x in range(0, macro.shape[1] - _BLOCK + 1, _BLOCK // 2):
            if spread[y + _BLOCK // 2, x + _BLOCK // 2] < _CONTRAST:
                continue
            place = slice(y, y + _BLOCK), slice(x, x + _BLOCK)
            if rest[place].all() and _is_written(macro[place]):
                count += 1
    return count


def _glass(macro: Grey, found: Found, slide: Grey) -> NDArray[np.bool_]:
    """Return where a macro should show glass: around the scanned area, and where that shows nothing."""
    import numpy as np

    left, top, right, bottom = found.box
    right, bottom = min(right, macro.shape[1]), min(bottom, macro.shape[0])
    out = np.ones(macro.shape, bool)
    small = _resized(np.rot90(slide, found.turn), right - left, bottom - top)
    out[top:bottom, left:right] = _local(small, _AROUND) < _CONTRAST
    return out


def _local(grey: Grey, side: int) -> NDArray[np.int16]:
    """Return the difference between the brightest and the darkest pixel around each one."""
    import numpy as np

    most, least = grey, grey
    for axis in (0, 1):
        reach = side // 2
        while reach:  # each step makes what is known of a pixel reach as far again
            step = (reach + 1) // 2
            reach -= step
            most = np.maximum(most, np.maximum(_moved(most, step, axis), _moved(most, -step, axis)))
            least = np.minimum(least, np.minimum(_moved(least, step, axis), _moved(least, -step, axis)))
    return most.astype(np.int16) - least.astype(np.int16)


def _moved(grey: Grey, step: int, axis: int) -> Grey:
    """Move a picture, and repeat its edge behind it."""
    import numpy as np

    return np.take(grey, np.clip(np.arange(grey.shape[axis]) - step, 0, grey.shape[axis] - 1), axis)


def is_quiet(macro: Grey, mask: Box | None, found: Found, slide: Grey) -> bool:
    """Whether nothing may be written outside of the mask."""
    return loud(macro, mask, found, slide) == 0


def _is_written(block: Grey) -> bool:
    """Whether brightness goes up and down often, both along rows and along columns, as in letters.

    An edge changes it once, a line twice, in one of both; a corner of lines once in both, a speck hardly ever.
    """
    low, high = int(block.min()), int(block.max())
    if high - low < _CONTRAST:
        return False
    third = (high - low) // 3
    return all(_changes(lines, low + third, high - third) >= _STROKES for lines in (block, block.T))


def _changes(lines: Grey, dark: int, bright: int) -> float:
    """Return how often a line changes from dark to bright or back, on average; what is between counts as before."""
    import numpy as np

    state = np.zeros(len(lines), np.int8)
    changes = 0
    for column in lines.T:
        now = np.where(column <= dark, -1, np.where(column >= bright, 1, 0)).astype(np.int8)
        changes += int(((now != 0) & (state != 0) & (now != state)).sum())
        state = np.where(now != 0, now, state)
    return changes / len(lines)


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
