"""The adaptive arithmetic coder of JPEG 2000: the coding half.

Whole numbers only, so that every machine writes the same bytes. Source: ITU-T T.800, annex C.
"""

from __future__ import annotations

__all__ = ["Coder"]

#: Estimates: the size of the less likely part, the next state after a likely and an unlikely symbol, and whether
#: the likely one changes with the latter.
_STATES = (
    (0x5601, 1, 1, 1), (0x3401, 2, 6, 0), (0x1801, 3, 9, 0), (0x0AC1, 4, 12, 0), (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0), (0x5601, 7, 6, 1), (0x5401, 8, 14, 0), (0x4801, 9, 14, 0), (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0), (0x2401, 12, 18, 0), (0x1C01, 13, 20, 0), (0x1601, 29, 21, 0), (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0), (0x5101, 17, 15, 0), (0x4801, 18, 16, 0), (0x3801, 19, 17, 0), (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0), (0x2801, 22, 19, 0), (0x2401, 23, 20, 0), (0x2201, 24, 21, 0), (0x1C01, 25, 22, 0),
    (0x1801, 26, 23, 0), (0x1601, 27, 24, 0), (0x1401, 28, 25, 0), (0x1201, 29, 26, 0), (0x1101, 30, 27, 0),
    (0x0AC1, 31, 28, 0), (0x09C1, 32, 29, 0), (0x08A1, 33, 30, 0), (0x0521, 34, 31, 0), (0x0441, 35, 32, 0),
    (0x02A1, 36, 33, 0), (0x0221, 37, 34, 0), (0x0141, 38, 35, 0), (0x0111, 39, 36, 0), (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0), (0x0025, 42, 39, 0), (0x0015, 43, 40, 0), (0x0009, 44, 41, 0), (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0), (0x5601, 46, 46, 0),
)  # fmt: skip
_CONTEXTS = 19


class Coder:
    """Codes zeros and ones, each in one of 19 contexts."""

    def __init__(self) -> None:
        self._state = [0] * _CONTEXTS
        self._state[0], self._state[17], self._state[18] = 4, 3, 46
        self._likely = [0] * _CONTEXTS
        self._width, self._low, self._count = 0x8000, 0, 12
        self._out = bytearray(1)  # a byte before the first, which a carry may reach

    def put(self, context: int, bit: int) -> None:
        """Code one bit."""
        size, likelier, less, turns = _STATES[self._state[context]]
        self._width -= size
        if bit == self._likely[context]:
            if self._width & 0x8000:
                self._low += size
                return
            if self._width < size:
                self._width = size
            else:
                self._low += size
            self._state[context] = likelier
        else:
            if self._width < size:
                self._low += size
            else:
                self._width = size
            self._likely[context] ^= turns
            self._state[context] = less
        self._renew()

    def ended(self) -> bytes:
        """Return all that was coded."""
        high = self._low + self._width
        self._low |= 0xFFFF
        if self._low >= high:
            self._low -= 0x8000
        for _ in range(2):
            self._low <<= self._count
            self._byte()
        end = len(self._out) - (self._out[-1] == 0xFF)
        return bytes(self._out[1:end])

    def _renew(self) -> None:
        while True:
            self._width <<= 1
            self._low <<= 1
            self._count -= 1
            if self._count == 0:
                self._byte()
            if self._width & 0x8000:
                return

    def _byte(self) -> None:
        if self._out[-1] != 0xFF and self._low >= 0x8000000:
            self._out[-1] += 1
            self._low &= 0x7FFFFFF
        shift = 20 if self._out[-1] == 0xFF else 19
        self._out.append(self._low >> shift)
        self._low &= (1 << shift) - 1
        self._count = 7 if shift == 20 else 8
