"""Walk a JPEG stream from SOI to EOI, marker by marker, and say which of its bytes the picture does not need.

Known are the segments that a decoder needs, in their legal lengths. Comments, application segments (but JFIF and Adobe
in their shortest form), surplus of any segment, tables that nobody uses or that spell something, bytes between
segments, more than two fill bytes, more intervals than the picture has, and all that stands behind the end are beside.
A stream without EOI is none: no decoder tells one that lacks two bytes only from one that was cut off, and any text in
front of where EOI should be would count as coded data.

Coded data is passed over by one compiled expression, whatever its length. The tiles of a level share their head, so
that the last head that had nothing beside is remembered for each kind of tile, and compared instead of walked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from blankslide.verification.census.coded import Coded, Ranges, fits, joined, speaking
from blankslide.verification.census.jpeg_scan import STOP, Scan, needless, scan_end
from blankslide.verification.census.jpeg_segments import Frame, application, huffman, quantization, spells
from blankslide.verification.census.surplus import readable

_SOI, _EOI, _SOS, _DQT, _DHT, _DRI, _DNL = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xDC
_FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC3))
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_MARKER = re.compile(rb"\xff[^\x00\xff]").search
_MOST_HEADS = 64
_MOST_SIDE = 65500

_heads: dict[Coded, bytes] = {}


def beside_jpeg(data: bytes, coded: Coded) -> Ranges | None:
    """Return what the picture does not need, or None if `data` is not one whole JPEG stream of its size."""
    head = _heads.get(coded)
    if head is not None and data.startswith(head):
        stop = STOP(data, len(head))
        if stop is not None and stop[0] == b"\xff\xd9" and not readable(data, len(head), stop.start()):
            return speaking(data, stop.end())
    return _Walk(data, coded).run() if data.startswith(b"\xff\xd8") else None


def beside_tables(data: bytes, streams: Iterable[bytes]) -> Ranges | None:
    """Return what does not belong into `JPEGTables`, which has SOI, tables that its streams use, and EOI.

    Parameters
    ----------
    data
        The tag's value.
    streams
        Some of the streams that may use it, or how they begin. None of them uses it if they are not JPEG.

    Returns
    -------
    list of tuple of int, or None
        Sorted, disjoint ranges; None if it is not one stream from SOI to EOI.
    """
    if not data.startswith(b"\xff\xd8"):
        return None
    walk = _Walk(data, None)
    found = walk.run()
    used = set().union(*map(_borrowed, streams))
    spare = walk.idle(used)
    return None if found is None else joined([*found, *spare])


def _borrowed(stream: bytes) -> set[int]:
    """Return the numbers of the quantization tables that a stream uses and does not bring itself."""
    own, at = set[int](), 2
    while stream[at : at + 1] == b"\xff" and at + 4 <= len(stream):
        code, end = stream[at + 1], at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if code in _FRAMES and end - at >= 10:
            return Frame(stream, at + 4).quantizers - own
        if code == _DQT:
            own |= {number & 15 for number, _, _ in quantization(stream, at + 4, min(end, len(stream)))}
        at = at + 1 if code == 0xFF else end
    return set()


class _Walk:
    """One walk; `coded` is None for tables without a picture."""

    def __init__(self, data: bytes, coded: Coded | None) -> None:
        self.data, self.coded = data, coded
        self.beside: Ranges = []
        self.frame: Frame | None = None
        self.interval = 0
        self.scans: list[Scan] = []
        self.fresh: dict[tuple[int, int], tuple[int, int]] = {}  # tables that no scan has seen yet
        self.quantizers: dict[int, tuple[int, int]] = {}
        self.once: set[int] = set()  # segments that may stand once only
        self.ended = False

    def run(self) -> Ranges | None:
        at: int | None = 2
        while at is not None and not self.ended:
            at = self._step(at)
        if at is None:
            return None
        if self.coded is not None:
            if self.frame is None or not self.scans or not self._has_height(self.coded, self.frame):
                return None
            self.beside += self._idle() + needless(self.data, self.coded, self.frame, self.scans)
        return joined(self.beside + speaking(self.data, at))

    def _step(self, at: int) -> int | None:
        """Pass over one marker and what belongs to it; None if this is no stream."""
        found = _MARKER(self.data, at)
        if found is None:
            return None
        begin = at + len(self.data[at : found.start()].rstrip(b"\xff"))
        self._spare(at, begin)
        if found.start() - begin > 2:
            self._spare(begin, found.start())
        at, code = found.end(), self.data[found.end() - 1]
        if code == _EOI:
            self.ended = True
        elif code in _ALONE:
            self._spare(at - 2, at)
        elif code == _SOI:
            return None
        else:
            end = at + int.from_bytes(self.data[at : at + 2], "big")
            return self._segment(code, at + 2, end) if at + 2 <= end <= len(self.data) else None
        return at

    def _segment(self, code: int, begin: int, end: int) -> int | None:
        if self.coded is not None and code in _FRAMES:
            return self._open(self.coded, begin, end)
        if self.coded is not None and code == _SOS:
            return self._scan(self.coded, begin, end)
        if code == _DQT:
            used = self._tables(code, quantization(self.data, begin, end))
        elif code == _DHT:
            largest = 10 if self.frame is not None and self.frame.precision == 8 else 14
            used = self._tables(code, huffman(self.data, begin, end, largest))
        else:
            used = self._used(self.coded, code, begin, end)
        self._spare(used or begin - 4, end)
        return end

    def _open(self, coded: Coded, begin: int, end: int) -> int | None:
        """Read the one frame, which must have the size, the samples and the bits that it should."""
        if self.frame is not None or end - begin < 9 or min(coded.width, coded.height) < 1:
            return None
        frame = self.frame = Frame(self.data, begin)
        # NDPI writes 0 for sides that JPEG cannot say; DNL says the height later.
        wide = fits(frame.width, coded.width) or (frame.width == 0 and coded.width > _MOST_SIDE)
        high = fits(frame.height, coded.height) or frame.height == 0
        deep = frame.precision == coded.bits or (frame.precision == 12 and coded.bits == 16)
        if not (wide and high and deep and frame.samples == coded.samples and 1 <= frame.samples <= 4):
            return None
        self._spare(frame.end, end)
        return end if frame.end <= end else None

    def _has_height(self, coded: Coded, frame: Frame) -> bool:
        """Tell whether somebody says how high the picture is: the frame, DNL, or a page that is too high for both."""
        return frame.height > 0 or _DNL in self.once or coded.height > _MOST_SIDE

    def _scan(self, coded: Coded, begin: int, end: int) -> int | None:
        """Pass over the coded data of one scan."""
        names = self.data[begin + 1 : begin + 1 + 2 * self.data[begin] : 2] if end > begin else b""
        used = begin + 4 + 2 * len(names)
        if self.frame is None or not 1 <= len(names) <= self.frame.samples or used > end:
            return None
        self._spare(used, end)
        plain = not self.scans and not self.interval and not self.beside and not self._idle()
        if plain and self._has_height(coded, self.frame):
            if len(_heads) >= _MOST_HEADS:
                _heads.clear()
            _heads[coded] = self.data[:end]
        stop = scan_end(self.data, end, self.interval > 0, self.beside)
        if stop is not None:
            parts = self.frame.parts(names, coded) if self.interval else 0
            self.scans.append(Scan(end, stop, self.interval, parts))
        self.fresh.clear()
        return stop

    def _used(self, coded: Coded | None, code: int, begin: int, end: int) -> int:
        """Return where the needed part of a segment ends; 0 if none of it is needed."""
        number = int.from_bytes(self.data[begin : begin + 2], "big") if end - begin >= 2 else -1
        if code == _DRI and number >= 0 and coded is not None:
            self._table((code, 0), begin - 4, end)
            self.interval = number
            return begin + 2
        if code in self.once:
            return 0
        if code == _DNL and coded is not None and self.frame is not None and len(self.scans) == 1:
            used = begin + 2 if number == (self.frame.height or coded.height) else 0
        else:
            used = application(self.data, code, begin, end)
        if used:
            self.once.add(code)
        return used

    def _tables(self, code: int, tables: Iterable[tuple[int, int, int]]) -> int:
        used = 0
        for number, begin, end in tables:
            number = number & 15 if code == _DQT else number
            self._table((code, number), begin, end)
            if code == _DQT:
                self.quantizers[number] = (begin, end)
            used = end
        return used

    def _table(self, key: tuple[int, int], begin: int, end: int) -> None:
        """Note a table; one that it replaces before any scan was never needed."""
        if key in self.fresh:
            self.beside.append(self.fresh[key])
        self.fresh[key] = (begin, end)

    def _idle(self) -> Ranges:
        return self.idle(self.frame.quantizers if self.frame is not None else set())

    def idle(self, used: set[int]) -> Ranges:
        """Return the quantization tables that no component uses, or that spell something."""
        return [(a, b) for number, (a, b) in self.quantizers.items() if number not in used or spells(self.data[a:b])]

    def _spare(self, begin: int, end: int) -> None:
        if begin < end:
            self.beside += speaking(self.data, begin, end)
