"""Marks of new labels: behind the end of a stream, or in the lowest bits of a white margin.

A length and a sign stand beside the mark, so that it can be found from the end of a slot, or from its beginning.
"""

from __future__ import annotations

from blankslide.blanks.marks import SIGN

__all__ = ["from_bits", "mark_behind", "mark_tail", "with_bits"]

_END = SIGN + b"Lb"


def mark_tail(note: bytes) -> bytes:
    """Return what is written at the end of a slot."""
    return note + bytes([len(note)]) + _END


def mark_behind(data: bytes) -> bytes:
    """Return the mark at the end of a slot: its length and a sign follow it."""
    if len(data) <= len(_END) or not data.endswith(_END):
        return b""
    data = data[: -len(_END)]
    return data[-1 - data[-1] : -1]


def with_bits(plain: bytes, note: bytes, first: bool = False) -> bytes | None:
    """Write a mark into the lowest bits of the last samples, or of the first; None if these are not all white."""
    import numpy as np

    if not note:
        return plain
    mark = mark_tail(note)
    bits = np.unpackbits(np.frombuffer(mark[::-1] if first else mark, np.uint8))
    out = np.frombuffer(plain, np.uint8).copy()
    margin = out[: bits.size] if first else out[-bits.size :]
    if margin.size < bits.size or margin.min() != margin.max():
        return None
    margin ^= bits
    return out.tobytes()


def from_bits(samples: bytes, first: bool = False) -> bytes:
    """Return the mark in the lowest bits of the last samples, or of the first, whichever of their values is white."""
    for flip in (0, 1):
        sign = 8 * len(_END)
        part = samples[:sign] if first else samples[-sign:]
        if _bytes_of(part, flip, first) == _END:
            return mark_behind(_bytes_of(samples, flip, first))
    return b""


def _bytes_of(samples: bytes, flip: int, first: bool) -> bytes:
    """Put lowest bits together, eight a byte; of the first samples the last byte comes first."""
    samples = samples[: len(samples) // 8 * 8] if first else samples[len(samples) % 8 :]
    bits = "".join(str(sample & 1 ^ flip) for sample in samples)
    out = int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""
    return out[::-1] if first else out
