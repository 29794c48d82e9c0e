"""One Zstandard frame that decodes to equal rows and is exactly as long as it has to be.

Runs of one byte are RLE blocks of four bytes each. Padding stands inside the frame, because not
every reader passes over what follows it: part of the last run is written as a raw block, and
one or two bytes that no block can take go into a dictionary id of zero, which means none.

Source: RFC 8878.
"""

from __future__ import annotations

__all__ = ["encode"]

_MAGIC = b"\x28\xb5\x2f\xfd"
_BLOCK = 1 << 17
_RAW, _RLE = 0, 1


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
        head = _MAGIC + bytes([0x80 | 0x20 | dictionary]) + bytes(dictionary) + size.to_bytes(4, "little")
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
