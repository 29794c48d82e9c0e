"""TIFF's variant of LZW: where a stream ends; nothing is decoded.

Between two clear codes the width of each code follows from its number alone. So the codes of such a stretch
are cut out of the bits together, and only clear and end codes are looked for.

Promise: linear in the bytes given. Source: TIFF 6.0, section 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import DamagedSlide

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CLEAR, _END = 256, 257
_FEW, _APART = 256, 256  # so many clear codes may stand in any stream, and further ones so many bytes apart
#: How many codes after a clear code have 9, 10, 11 and at least 12 bits.
_WIDTHS = ((9, 254), (10, 512), (11, 1024), (12, 2310))


def end(data: bytes) -> int | None:
    """Return where the byte behind the end code stands, or None if there is no such code.

    Parameters
    ----------
    data
        A strip or tile; old streams with the least significant bit first are not understood.

    Raises
    ------
    DamagedSlide
        If it begins anew so often that it would take long, as no encoder does it.
    """
    if len(data) < 2 or data[0] != 0x80:
        return None
    import numpy as np

    offsets, widths = _table()
    # three bytes hold any code of up to 12 bits, wherever it begins in a byte
    raw = np.frombuffer(data + bytes(3), np.uint8).astype(np.uint32)
    pos, limit = 9, 8 * len(data)
    for _ in range(_FEW + len(data) // _APART):
        if pos >= limit:
            return None
        at = pos + offsets
        fits = at + widths <= limit
        at, wide = at[fits], widths[fits]
        if not at.size:
            return None
        byte = at >> 3
        whole = raw[byte] << 16 | raw[byte + 1] << 8 | raw[byte + 2]
        codes = whole >> (24 - wide - (at & 7)).astype(np.uint32) & ((1 << wide) - 1).astype(np.uint32)
        marks = np.flatnonzero((codes == _CLEAR) | (codes == _END))
        if not marks.size:
            return None
        first = int(marks[0])
        pos = int(at[first] + wide[first])
        if codes[first] == _END:
            return -(-pos // 8)
    raise DamagedSlide("an LZW stream begins anew more often than any encoder makes it")


def _table() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bit offset and width of each code of a stretch."""
    import numpy as np

    widths = np.repeat([w for w, _ in _WIDTHS], [n for _, n in _WIDTHS]).astype(np.int64)
    return np.concatenate(([0], np.cumsum(widths)[:-1])), widths
