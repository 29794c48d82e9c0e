"""What a file says of the study and series it belongs to, however badly it is written.

Members of a DICOM slide are easily passed over: their class is another, their preamble is missing, an
element is wrong, a vendor's megabytes stand in front of the series. So this reader asks for little. It
goes over the elements of the top level, with or without preamble, in either byte order, and steps over
values without reading them. Where that fails, all UIDs that can be seen are taken from the bytes.

Promise: an answer and never an error, whatever the bytes are; at most 32 MiB are read, and of a file
that can be followed a few KiB.

Source: DICOM PS3.5 section 7, PS3.10 section 7.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from blankslide.containers.dicom.header import LONG, VRS
from blankslide.containers.dicom.series import SLIDE
from blankslide.model.patterns import pattern

DIRECTORY = "1.2.840.10008.1.3.10"
Read = Callable[[int, int], bytes]
"""Return up to so many bytes at an offset."""

_CLASS_IN_META, _SYNTAX = 0x00020002, 0x00020010
_KIND, _CLASS, _INSTANCE, _STUDY, _SERIES = 0x00080008, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
_FRAME, _FRAMES, _ROWS, _COLUMNS, _WIDTH, _HEIGHT = (
    0x00200052,
    0x00280008,
    0x00280010,
    0x00280011,
    0x00480006,
    0x00480007,
)
_OF_DATA = (_KIND, _CLASS, _INSTANCE, _STUDY, _SERIES, _FRAME, _FRAMES, _ROWS, _COLUMNS, _WIDTH, _HEIGHT)
_WANTED = frozenset((_CLASS_IN_META, _SYNTAX, *_OF_DATA))
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_IMPLICIT, _DEFLATED, _BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
_UNDEFINED, _STEP, _MOST, _MOST_ELEMENTS, _MOST_UIDS = 0xFFFFFFFF, 1 << 13, 32 << 20, 1 << 16, 1 << 14
_STANDARD = b"1.2.840.10008."
_UID = pattern(rb"(?<![\d.])[0-2](?:\.\d{1,39}){3,20}(?![\d.])")
_SUFFIXES = (".dcm", ".dicom", ".ima")


@dataclass(slots=True)
class Beside:
    """What a file says of itself; empty where it does not.

    Attributes
    ----------
    kind, instance, study, series, frame
        UIDs: its class, itself, study, series, frame of reference.
    level
        Whether it is called a level of a slide, or has its frames on a grid.
    readable
        Whether it could be followed.
    uids
        All UIDs that can be seen, where that is all that can be asked: of what cannot be followed, and of lists.
    """

    kind: str = ""
    instance: str = ""
    study: str = ""
    series: str = ""
    frame: str = ""
    level: bool = False
    readable: bool = True
    uids: frozenset[str] = field(default_factory=frozenset)


def beside(name: str, size: int, read: Read) -> Beside | None:
    """Return what a file says; None if it has nothing to do with DICOM.

    Parameters
    ----------
    name
        Its name: a file that cannot be followed may be called like one.
    """
    head = read(0, _STEP)
    begins = _beginning(head)
    if begins is not None:
        try:
            found = _followed(_Window(head, size, read), *begins)
        except (struct.error, ValueError):
            return Beside(readable=False, uids=_seen(read))
        if found.kind == DIRECTORY:
            found.uids = _seen(read)
        return found if found.study or found.series or found.uids else Beside(readable=False, uids=_seen(read))
    if _STANDARD in head or name.lower().endswith(_SUFFIXES) or "." not in name:
        uids = _seen(read)
        return Beside(uids=uids) if uids else None
    return None


def _beginning(head: bytes) -> tuple[int, str, bool] | None:
    """Say where the elements begin, their byte order and whether they are explicit; None if it is no data set."""
    if head[128:132] == b"DICM":
        return 132, "<", True
    group, explicit = head[:2], head[4:6].decode("latin-1") in VRS
    if group in (b"\2\0", b"\x08\0") and explicit:
        return 0, "<", True
    if group == b"\0\x08" and explicit:
        return 0, ">", True
    if group == b"\x08\0" and len(head) > 16:
        length = int.from_bytes(head[4:8], "little")
        if head[8 + length : 10 + length] in (b"\x08\0", b"\x10\0", b"\x20\0"):
            return 0, "<", False
    return None


class _Window:
    """Reads small pieces without asking the file for each."""

    def __init__(self, head: bytes, size: int, read: Read) -> None:
        self.size = size
        self._data, self._at, self._read = head, 0, read

    def get(self, pos: int, length: int) -> bytes:
        """Return exactly so many bytes, or raise ValueError."""
        if not self._at <= pos <= pos + length <= self._at + len(self._data):
            self._data, self._at = self._read(pos, max(length, _STEP)), pos
        start = pos - self._at
        if start + length > len(self._data):
            raise ValueError
        return self._data[start : start + length]


def _followed(window: _Window, pos: int, order: str, explicit: bool) -> Beside:
    meta: dict[int, bytes] = {}
    while window.get(pos, 2) == b"\2\0":
        tag, body, length = _element(window, pos, "<", True)
        if tag in _WANTED:
            meta[tag] = window.get(body, min(length, 64))
        pos = body + length
    syntax = _text(meta.get(_SYNTAX, b""))
    if syntax == _DEFLATED:
        window, pos = _inflated(window, pos), 0
    if syntax:
        order, explicit = (">" if syntax == _BIG else "<"), syntax != _IMPLICIT
    if _text(meta.get(_CLASS_IN_META, b"")) == DIRECTORY:
        return Beside(kind=DIRECTORY)
    values = {**meta, **_values(window, pos, order, explicit)}
    texts = {tag: _text(value) for tag, value in values.items()}
    return Beside(
        kind=texts.get(_CLASS, "") or texts.get(_CLASS_IN_META, ""),
        instance=texts.get(_INSTANCE, ""),
        study=texts.get(_STUDY, ""),
        series=texts.get(_SERIES, ""),
        frame=texts.get(_FRAME, ""),
        level=_is_level(values, texts, order),
    )


def _values(window: _Window, pos: int, order: str, explicit: bool) -> dict[int, bytes]:
    """Collect what is wanted of the top level."""
    out: dict[int, bytes] = {}
    depth = last = 0
    for _ in range(_MOST_ELEMENTS):
        if depth == 0 and pos + 8 > window.size:
            return out
        tag, body, length = _element(window, pos, order, explicit)
        if tag in (_ITEM_END, _SEQUENCE_END):
            depth, pos = depth - 1, body
        elif tag == _ITEM and depth == 0:
            raise ValueError
        elif length == _UNDEFINED and (depth or tag < 0x7FE00000):
            depth, pos = depth + 1, body
        elif depth == 0 and (tag > _HEIGHT or tag < last):
            if tag < last:
                raise ValueError
            return out
        else:
            if depth == 0 and tag in _WANTED:
                out[tag] = window.get(body, min(length, 128))
            last, pos = (last if depth else tag), body + length
        if depth < 0 or pos > window.size:
            raise ValueError
    raise ValueError


def _element(window: _Window, pos: int, order: str, explicit: bool) -> tuple[int, int, int]:
    """Return tag, where the value begins, and its length."""
    group, number, kind, short = struct.unpack(order + "HH2sH", window.get(pos, 8))
    tag, vr = group << 16 | number, kind.decode("latin-1")
    if not explicit or group == 0xFFFE:
        return tag, pos + 8, struct.unpack(order + "I", window.get(pos + 4, 4))[0]
    if vr in LONG:
        return tag, pos + 12, struct.unpack(order + "I", window.get(pos + 8, 4))[0]
    return tag, pos + 8, short


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip("\0 ")


def _is_level(values: dict[int, bytes], texts: dict[int, str], order: str) -> bool:
    def number(tag: int) -> int:
        raw = values.get(tag, b"")
        return int.from_bytes(raw[:4], "little" if order == "<" else "big") if len(raw) in (2, 4) else 0

    words = texts.get(_KIND, "").split("\\")
    several = texts.get(_FRAMES, "").isdigit() and int(texts[_FRAMES]) > 1
    grid = number(_WIDTH) > number(_COLUMNS) > 0 or number(_HEIGHT) > number(_ROWS) > 0
    return several or grid or (len(words) > 2 and words[2].strip().upper() == "VOLUME")


def _inflated(window: _Window, pos: int) -> _Window:
    import zlib

    size = min(window.size - pos, _MOST)
    try:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(window.get(pos, size), _MOST)
    except zlib.error:
        raise ValueError from None
    return _Window(data, len(data), lambda at, length: data[at : at + length])


def _seen(read: Read) -> frozenset[str]:
    """Return the UIDs in the bytes, those of the standard left out."""
    out: set[str] = set()
    pos, rest = 0, b""
    while pos < _MOST and len(out) < _MOST_UIDS:
        data = read(pos, 1 << 20)
        out.update(uid.decode("ascii") for uid in _UID.findall(rest + data) if not uid.startswith(_STANDARD))
        if len(data) < 1 << 20:
            break
        rest, pos = data[-64:], pos + len(data)
    return frozenset(uid for uid in out if len(uid) <= 64)


__all__ = ["DIRECTORY", "SLIDE", "Beside", "beside"]
