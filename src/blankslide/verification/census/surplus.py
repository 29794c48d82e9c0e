"""Text behind the coded data, but before the marker that ends it: found by its look, proven by the decoder.

An entropy decoder stops when the picture is whole and passes over what follows up to the next marker. No walk from
marker to marker sees that; decoding every tile to see it would cost more than all else. So the last bytes are looked
at: where eight of them in a row can be read (one tile in some hundreds by chance), the picture is decoded with and
without them. If it stays the same, they are not needed, and halving finds where the surplus begins.

What is shorter than eight readable characters or followed by more than thirty other bytes is not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

#: How many bytes before the end are looked at, and how many of them in a row must be readable.
WINDOW, RUN = 40, 8
#: Larger pictures are not decoded: their surplus is what can be read.
MOST_PIXELS = 1 << 24

_LOOK = bytes(97 if 32 <= c < 127 else c and 1 for c in range(256))  # a letter, a zero, or anything else
_SIGNS = (b"a" * RUN, b"a\0" * (RUN // 2))


def readable(data: bytes, begin: int, end: int) -> bool:
    """Tell whether a run of text stands in the last bytes of `data[begin:end]`."""
    look = data[max(begin, end - WINDOW) : end].translate(_LOOK)
    return _SIGNS[0] in look or _SIGNS[1] in look


def last_run(data: bytes, begin: int, end: int) -> int:
    """Return where the first run of text in the last bytes begins; `end` if there is none."""
    begin = max(begin, end - WINDOW)
    look = data[begin:end].translate(_LOOK)
    places = [at for at in map(look.find, _SIGNS) if at >= 0]
    return begin + min(places) if places else end


def _last_letters(data: bytes, begin: int, end: int) -> int:
    """Return where the last readable bytes begin that make a run: what is in front of them may be coded data still."""
    begin = max(begin, end - WINDOW)
    look = data[begin:end].translate(_LOOK)
    return begin + max(map(look.rfind, _SIGNS)) if readable(data, begin, end) else end


def needed(decode: Callable[[bytes], Any], data: bytes, begin: int, end: int) -> int:
    """Return where the bytes that the picture needs end in `data[begin:end]`.

    Parameters
    ----------
    decode
        Makes an array of a stream.
    data
        The stream; decoded with the bytes before `end` as zeros, from ever earlier.
    begin, end
        Its coded data.

    Returns
    -------
    int
        `end` if the last run of text there is needed; where that run begins, if nothing can be decoded.
    """
    import numpy as np

    run = _last_letters(data, begin, end)
    try:
        whole = decode(data)
    except Exception:  # a stream that nobody can decode needs no text
        return last_run(data, begin, end)

    def same(at: int) -> bool:
        try:
            return bool(np.array_equal(decode(data[:at] + bytes(end - at) + data[end:]), whole))
        except Exception:
            return False

    if run == end or not same(run):
        return end
    low, high = begin, run
    while high - low > 1:  # at most one decoding for each bit of the length
        middle = (low + high) // 2
        low, high = (low, middle) if same(middle) else (middle, high)
    return high
