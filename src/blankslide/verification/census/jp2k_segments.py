"""The marker segments of JPEG 2000: how many bytes of each the picture needs.

A list of lengths (TLM, PLT) is needed by nobody and any text would pass for one, so that it has to add up.
"""

from __future__ import annotations

import re

COD, COC, QCD, QCC, RGN, POC = 0x52, 0x53, 0x5C, 0x5D, 0x5E, 0x5F
PPM, PPT, CAP, CRG, TLM, PLT = 0x60, 0x61, 0x50, 0x63, 0x55, 0x58

_TEXT = re.compile(rb"[ -~]{4}").search


class Shape:
    """What the lengths of segments depend on: number of components, and the most levels that were told yet."""

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.wide = 1 if samples < 257 else 2  # bytes of a component's number
        self.levels = -1

    def need(self, code: int, body: bytes) -> int:
        """Return how many bytes of a segment's body the picture needs; 0 if it can do without the segment."""
        if code in (PPM, PPT):
            return len(body)
        if code == POC:
            return self._orders(body)
        if code == CRG:
            need = 0 if _TEXT(body) else 4 * self.samples
        elif code in (COD, COC):
            need = self._coding(body, 0 if code == COD else self.wide)
        elif code in (QCD, QCC):
            need = self._quanta(body, 0 if code == QCD else self.wide)
        elif code == RGN:
            need = self.wide + 2
        elif code == CAP:
            need = 4 + 2 * int.from_bytes(body[:4], "big").bit_count()
        else:
            return 0
        return need if need <= len(body) else 0

    def component(self, code: int, body: bytes) -> tuple[int, int]:
        """Return what may stand once in a header: the segment, and the component that it is for."""
        return code, int.from_bytes(body[: self.wide], "big") if code in (COC, QCC, RGN) else 0

    def _coding(self, body: bytes, wide: int) -> int:
        at = wide + 1 if wide else 5
        levels = body[at] if at < len(body) else 0
        self.levels = max(self.levels, min(levels, 32))
        return at + 5 + (levels + 1 if body[wide : wide + 1] and body[wide] & 1 else 0)

    def _quanta(self, body: bytes, wide: int) -> int:
        style = body[wide] & 31 if wide < len(body) else 3
        bands = 3 * (self.levels if self.levels >= 0 else 32) + 1
        steps = {0: bands, 1: 2, 2: 2 * bands}.get(style, 0)
        return min(wide + 1 + steps, len(body)) if steps else 0

    def _orders(self, body: bytes) -> int:
        """Return the length of the changes of progression that are possible."""
        size = 5 + 2 * self.wide
        need = 0
        while need + size <= len(body) and body[need] <= 32 and body[need + size - 1] <= 4:
            need += size
        return need


def packets(body: bytes) -> int:
    """Return the sum of the packet lengths in a PLT segment, seven bits in a byte; -1 if the last is cut off."""
    total = value = 0
    more = False
    for byte in body[1:]:
        value = (value << 7 | byte & 0x7F) & 0xFFFFFFFF
        more = byte > 0x7F
        if not more:
            total, value = total + value, 0
    return -1 if more else total


def tile_lengths(body: bytes) -> list[tuple[int, int]]:
    """Return tile (-1 where it is not said) and length of each tile-part in a TLM segment; none if it is illegal."""
    style = body[1] if len(body) > 1 else 0xFF
    named, size = style >> 4 & 3, 4 if style & 0x40 else 2
    step = named + size
    if style & 0x8F or named == 3 or (len(body) - 2) % step:
        return []
    found = []
    for at in range(2, len(body), step):
        tile = int.from_bytes(body[at : at + named], "big") if named else -1
        found.append((tile, int.from_bytes(body[at + named : at + step], "big")))
    return found
