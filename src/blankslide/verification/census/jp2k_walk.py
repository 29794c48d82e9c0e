"""Walk a JPEG 2000 codestream, bare or in JP2 boxes, and say which of its bytes the picture does not need.

Comments are beside, and so is what exceeds a segment's legal length. Tile-parts end where they say. Coded data holds no
two bytes from FF90 upward but the marks of packets; what begins with such a pair is no packet. EOC may lack, because
each tile-part says where it ends; where it does not, nothing else would tell text from coded data.
"""

from __future__ import annotations

import re

from blankslide.verification.census.coded import Coded, Ranges, fits, joined, speaking
from blankslide.verification.census.jp2_boxes import SIGNATURE, codestream
from blankslide.verification.census.jp2k_segments import PLT, POC, PPM, PPT, TLM, Shape, packets, tile_lengths
from blankslide.verification.census.surplus import MOST_PIXELS, last_run, needed, readable

_SOT, _SOD = 0x90, 0x93
_HEADER_ONLY = frozenset((0x4F, 0x51, 0x90, 0x91, 0x92, 0x93, 0xD9))
_FOREIGN = re.compile(rb"\xff(?:[\x90\x93-\xff]|\x91(?!\x00\x04))").search
_MOST_PARTS, _MOST_PROOFS = 64, 4


def beside_jp2k(data: bytes, coded: Coded) -> Ranges | None:
    """Return what the picture does not need, or None if `data` is not one whole codestream of its size."""
    beside: Ranges = []
    place: tuple[int, int] | None = (0, len(data))
    if data.startswith(SIGNATURE):
        place = codestream(data, beside)
    if place is None:
        return None
    walk = _Walk(data, *place, coded)
    stop = walk.run()
    return None if stop is None else joined(beside + walk.beside + speaking(data, stop, place[1]))


class _Walk:
    """One walk through one codestream."""

    def __init__(self, data: bytes, begin: int, end: int, coded: Coded) -> None:
        self.data, self.begin, self.end, self.coded = data, begin, end, coded
        self.shape = Shape(coded.samples)
        self.beside: Ranges = []
        self.seen: dict[tuple[int, int], tuple[int, int]] = {}  # what this header has had
        self.parts: list[tuple[int, int]] = []  # tile and length of each tile-part
        self.bodies: Ranges = []
        self.told: list[tuple[int, int]] = []  # the same, as TLM has them
        self.tellers: Ranges = []

    def run(self) -> int | None:
        """Return where the stream ends; None if it is none."""
        at = self._size()
        at = self._header(at, _SOT, self.end, self.beside) if at is not None else None  # PLT are no part of this one
        if at is None:
            return None
        while self.data[at : at + 4] == b"\xff\x90\x00\x0a" and at + 14 <= self.end:
            end = self._part(at)
            if end is None:
                return None
            at = end
        if not self.bodies:
            return None
        actual = [(tile if self.told and self.told[0][0] >= 0 else -1, size) for tile, size in self.parts]
        if self.told != actual:
            self.beside += self.tellers
        self._surplus()
        return at + 2 if self.data[at : at + 2] == b"\xff\xd9" and at + 2 <= self.end else at

    def _size(self) -> int | None:
        """Read SOC and SIZ, which come first; the picture must have the size, samples and bits that it should."""
        data, at, coded = self.data, self.begin, self.coded
        if data[at : at + 4] != b"\xff\x4f\xff\x51" or at + 42 > self.end:
            return None
        right, low, left, top = (int.from_bytes(data[i : i + 4], "big") for i in range(at + 8, at + 24, 4))
        samples = int.from_bytes(data[at + 40 : at + 42], "big")
        end, need = at + 4 + int.from_bytes(data[at + 4 : at + 6], "big"), at + 42 + 3 * samples
        if samples != coded.samples or not samples or not need <= end <= self.end:
            return None
        deep = max(data[at + 42 : need : 3]) & 0x7F
        if deep >= coded.bits or not (fits(right - left, coded.width) and fits(low - top, coded.height)):
            return None
        self.beside.append((need, end))
        return end

    def _header(self, at: int, last: int, limit: int, lengths: Ranges) -> int | None:
        """Pass over marker segments up to the marker `last`, and return where it stands; PLT go to `lengths`."""
        self.seen.clear()
        while at + 4 <= limit and self.data[at] == 0xFF and self.data[at + 1] != last:
            code, begin = self.data[at + 1], at + 4
            end = at + 2 + int.from_bytes(self.data[at + 2 : begin], "big")
            if code in _HEADER_ONLY or not begin <= end <= limit:
                return None
            if code == PLT:
                lengths.append((at, end))
            elif code == TLM:
                self.tellers.append((at, end))
                self.told += tile_lengths(self.data[begin:end])
            else:
                self._segment(code, begin, end)
            at = end
        return at if self.data[at : at + 2] == bytes((0xFF, last)) and at + 2 <= limit else None

    def _segment(self, code: int, begin: int, end: int) -> None:
        body = self.data[begin:end]
        need, key = self.shape.need(code, body), self.shape.component(code, body)
        if key in self.seen and code not in (POC, PPM, PPT):  # which of two counts, decoders do not agree on
            self.beside.append(self.seen[key])
            need = 0
        self.seen[key] = (begin - 4, end)
        self.beside.append((begin + need if need else begin - 4, end))

    def _part(self, at: int) -> int | None:
        """Pass over one tile-part; return where it ends."""
        tile, size = (int.from_bytes(self.data[at + i : at + j], "big") for i, j in ((4, 6), (6, 10)))
        end = at + size if size else self.end
        lengths: Ranges = []
        body = self._header(at + 12, _SOD, end, lengths) if end <= self.end else None
        if body is None:
            return None
        if not size:
            end = self.data.find(b"\xff\xd9", body + 2, self.end)
            if end < 0:
                return None
        self.parts.append((tile, end - at))
        if lengths and sum(packets(self.data[i + 4 : j]) for i, j in lengths) != end - body - 2:
            self.beside += lengths
        foreign = _FOREIGN(self.data, body + 2, end)
        if foreign is not None:
            self.beside.append((foreign.start(), end))
        self.bodies.append((body + 2, foreign.start() if foreign else end))
        return end

    def _surplus(self) -> None:
        """Find text behind the packets of a tile-part."""
        suspects = [place for place in self.bodies if readable(self.data, *place)]
        if not suspects:
            return
        import imagecodecs

        small = self.coded.width * self.coded.height <= MOST_PIXELS and len(self.bodies) <= _MOST_PARTS
        for number, (begin, end) in enumerate(suspects):
            if small and number < _MOST_PROOFS:
                self.beside.append((needed(imagecodecs.jpeg2k_decode, self.data, begin, end), end))
            else:
                self.beside.append((last_run(self.data, begin, end), end))
