"""TIFF's variant of LZW, the coding half.

Codes of 9 to 12 bits, most significant bit first, one code earlier than GIF at each change
of width; a clear code stands first, and the end is marked. Decoding is the readers' business:
whoever blanks a picture only has to write a stream that all of them accept.

Cost: one dictionary step for each byte. Source: TIFF 6.0, section 13.
"""

from __future__ import annotations

_CLEAR, _END, _FIRST = 256, 257, 258
_LAST = 4094
"""Readers differ beyond this code, so the table is started anew before it."""


class _Bits:
    """Packs codes of any width, most significant bit first."""

    def __init__(self) -> None:
        self.out = bytearray()
        self._held = self._count = 0

    def put(self, code: int, width: int) -> None:
        self._held = self._held << width | code
        self._count += width
        while self._count >= 8:
            self._count -= 8
            self.out.append(self._held >> self._count)
            self._held &= (1 << self._count) - 1

    def close(self) -> bytes:
        if self._count:
            self.out.append(self._held << (8 - self._count) & 0xFF)
        return bytes(self.out)


def encode(data: bytes) -> bytes:
    """Code bytes as one LZW strip.

    Parameters
    ----------
    data
        What the strip decodes to, after the predictor.
    """
    bits = _Bits()
    bits.put(_CLEAR, 9)
    table: dict[int, int] = {}
    following, width = _FIRST, 9
    prefix = -1
    for byte in data:
        if prefix < 0:
            prefix = byte
            continue
        known = table.get(prefix << 8 | byte)
        if known is not None:
            prefix = known
            continue
        bits.put(prefix, width)
        table[prefix << 8 | byte] = following
        following += 1
        prefix = byte
        if following == _LAST:
            bits.put(_CLEAR, width)
            table.clear()
            following, width = _FIRST, 9
        elif following == 1 << width:
            width += 1
    _close(bits, prefix, following, width)
    return bits.close()


def _close(bits: _Bits, prefix: int, following: int, width: int) -> None:
    """Write the last prefix and the end; the reader adds a table row for the prefix too."""
    if prefix >= 0:
        bits.put(prefix, width)
        if following + 1 == 1 << width:
            width += 1
    bits.put(_END, width)
