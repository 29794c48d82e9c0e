"""TIFF's variant of LZW, the coding half.

Codes of 9 to 12 bits, most significant bit first, one code earlier than GIF at each change
of width; a clear code stands first, and the end is marked. Decoding is the readers' business:
whoever blanks a picture only has to write a stream that all of them accept.

Cost: one dictionary step for each byte, but one for each code inside of a run of equal bytes.
Source: TIFF 6.0, section 13.
"""

from __future__ import annotations

_CLEAR, _END, _FIRST = 256, 257, 258
_LAST, _BLOCK = 4094, 1 << 12
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
    runs: dict[int, list[int]] = {}  # byte -> codes of two of it, of three, and so on
    following, width = _FIRST, 9
    at, run_end, prefix = 0, 0, -1
    while at < len(data):
        first = data[at]
        if run_end <= at:
            run_end = _run_end(data, at)
        own = runs.setdefault(first, [first])
        known = min(run_end - at, len(own))
        prefix, at = own[known - 1], at + known
        if at == run_end:
            while at < len(data) and (longer := table.get(prefix << 8 | data[at])) is not None:
                prefix, at = longer, at + 1
        if at == len(data):
            break
        bits.put(prefix, width)
        table[prefix << 8 | data[at]] = following
        if at < run_end:
            own.append(following)
        following += 1
        prefix = -1
        if following == _LAST:
            bits.put(_CLEAR, width)
            table.clear()
            runs.clear()
            following, width = _FIRST, 9
        elif following == 1 << width:
            width += 1
    _close(bits, prefix, following, width)
    return bits.close()


def _run_end(data: bytes, at: int) -> int:
    """Where bytes stand no longer that are the same as the one at a place; blank pictures are little else."""
    one = data[at : at + 1]
    block, end = one * _BLOCK, at + 1
    if data[end : end + 1] != one:
        return end
    while data[end : end + _BLOCK] == block:
        end += _BLOCK
    rest = data[end : end + _BLOCK]
    return end + len(rest) - len(rest.lstrip(one))


def _close(bits: _Bits, prefix: int, following: int, width: int) -> None:
    """Write the last prefix and the end; the reader adds a table row for the prefix too."""
    if prefix >= 0:
        bits.put(prefix, width)
        if following + 1 == 1 << width:
            width += 1
    bits.put(_END, width)
