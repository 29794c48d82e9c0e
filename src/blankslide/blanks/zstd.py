"""Zstandard frames that are exactly as long as they have to be: of equal rows, or of a drawing.

Runs of one byte are RLE blocks of four bytes each. Padding stands inside the frame, because not
every reader passes over what follows it: part of the last run is written as a raw block, and
one or two bytes that no block can take go into a dictionary id of zero, which means none.

A drawing is coded by the library, whose versions differ, in a frame of our own: first the mark, each byte of it as the
value of a run of no length, then blocks of nothing, then the library's blocks.

Source: RFC 8878.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["encode", "holding", "holds", "least", "note"]

_MAGIC = b"\x28\xb5\x2f\xfd"
_BLOCK = 1 << 17
_RAW, _RLE = 0, 1
_NO_RUN, _NOTHING = b"\2\0\0", bytes(3)
_LEVEL = 19


def encode(row: bytes, rows: int, room: int) -> bytes | None:
    """Encode rows of one byte value.

    Parameters
    ----------
    row
        One row; all its bytes are equal.
    rows
        How often it stands there.
    room
        Length of the frame in bytes.

    Returns
    -------
    bytes or None
        None if the frame does not fit, or the row has several values.
    """
    size = len(row) * rows
    if not size or row.count(row[0]) != len(row) or size >= 1 << 32:
        return None
    for dictionary in (0, 1, 2):  # bytes of the dictionary id
        head = _head(size, dictionary)
        blocks = _blocks(row[0], size, room - len(head))
        if blocks is not None:
            return head + blocks
    return None


def _blocks(value: int, size: int, room: int) -> bytes | None:
    """Blocks of together ``size`` bytes that take exactly ``room``."""
    count = -(-size // _BLOCK)
    spare = room - 4 * count
    if spare < 0 or spare in (1, 2):
        return None
    runs = [_BLOCK] * (count - 1) + [size - _BLOCK * (count - 1)]
    shorter, raw = size - count, list[int]()
    while spare > 0:
        # each raw block costs three bytes and one for each byte that it takes over from a run
        take = min(spare - 3, _BLOCK, shorter)
        if spare - 3 - take in (1, 2):
            take -= 3
        if take < 0:
            return None
        raw.append(take)
        shorter -= take
        spare -= 3 + take
    runs = _shortened(runs, sum(raw))
    parts = [_block(_RAW, n, bytes([value]) * n, False) for n in raw]
    parts += [_block(_RLE, n, bytes([value]), i == len(runs) - 1) for i, n in enumerate(runs)]
    return b"".join(parts)


def _shortened(runs: list[int], left: int) -> list[int]:
    """Take ``left`` bytes away from the runs, of which none may vanish."""
    out = []
    for run in runs:
        take = min(left, run - 1)
        out.append(run - take)
        left -= take
    return out


def _block(kind: int, size: int, data: bytes, last: bool) -> bytes:
    return (size << 3 | kind << 1 | last).to_bytes(3, "little") + data


def _head(size: int, dictionary: int) -> bytes:
    return _MAGIC + bytes([0x80 | 0x20 | dictionary]) + bytes(dictionary) + size.to_bytes(4, "little")


# -- drawings ----------------------------------------------------------------------------------


def holding(data: bytes, mark: bytes, room: int) -> bytes | None:
    """Encode any bytes, and a mark beside them.

    Parameters
    ----------
    data
        What the frame decodes to.
    mark
        What `note` finds again.
    room
        Length of the frame in bytes.

    Returns
    -------
    bytes or None
        None if the frame does not fit.
    """
    front = _front(len(data), mark, room - len(_library(data)))
    return None if front is None else front + _library(data)


def least(data: bytes, mark: bytes) -> int:
    """Return how many bytes such a frame has, if nothing has to be filled."""
    return len(_head(len(data), 0)) + 4 * len(mark) + len(_library(data))


def holds(held: bytes, data: bytes, mark: bytes) -> bool:
    """Whether a frame could have been written by `holding`, by any version of the library."""
    import imagecodecs

    for dictionary in (0, 1, 2):
        front = _head(len(data), dictionary) + b"".join(_NO_RUN + bytes([byte]) for byte in mark)
        if held.startswith(front):
            break
    else:
        return False
    at = len(front)
    while held.startswith(_NOTHING, at):
        at += 3
    if not _is_whole(held, at):
        return False
    try:
        return bytes(imagecodecs.zstd_decode(held, out=len(data))) == data
    except (RuntimeError, ValueError):
        return False


def note(frame: bytes) -> bytes:
    """Return the mark at the beginning of a frame; the frame may be cut off behind it."""
    if frame[:4] != _MAGIC or len(frame) < 5 or frame[4] & ~3 != 0x80 | 0x20:
        return b""
    out, at = bytearray(), 9 + (frame[4] & 3)
    while frame.startswith(_NO_RUN, at) and at + 3 < len(frame):
        out.append(frame[at + 3])
        at += 4
    return bytes(out)


def _front(size: int, mark: bytes, room: int) -> bytes | None:
    for dictionary in (0, 1, 2):
        front = _head(size, dictionary) + b"".join(_NO_RUN + bytes([byte]) for byte in mark)
        blocks, rest = divmod(room - len(front), 3)
        if blocks >= 0 and rest == 0:
            return front + _NOTHING * blocks
    return None


@lru_cache(maxsize=16)
def _library(data: bytes) -> bytes:
    """Return the blocks that the library codes bytes in."""
    import imagecodecs

    frame = bytes(imagecodecs.zstd_encode(data, level=_LEVEL))
    flags = frame[4]
    size = (1 if flags & 0x20 else 0, 2, 4, 8)[flags >> 6]
    start = 5 + (not flags & 0x20) + (0, 1, 2, 4)[flags & 3] + size
    return frame[start : len(frame) - 4 * bool(flags & 4)]


def _is_whole(frame: bytes, at: int) -> bool:
    """Whether blocks, none of which is empty, follow each other up to the end of a frame."""
    while at + 3 <= len(frame):
        head = int.from_bytes(frame[at : at + 3], "little")
        size = head >> 3
        if not size:
            return False
        at += 3 + (1 if head >> 1 & 3 == _RLE else size)
        if head & 1:
            return at == len(frame)
    return False
