"""A small matrix profile, as a scanner ships it: a creation date and words inside.

Made by hand because profile libraries stamp the time of the run into the header, and a
sample must be the same on every day. ICC.1:2001-04 (version 2.4), gamma 2.2, primaries of
sRGB adapted to D50.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_D50 = (0.9642, 1.0, 0.8249)
_PRIMARIES = {b"rXYZ": (0.4361, 0.2225, 0.0139), b"gXYZ": (0.3851, 0.7169, 0.0971), b"bXYZ": (0.1431, 0.0606, 0.7141)}
_GAMMA = b"curv" + struct.pack(">LLH", 0, 1, round(2.2 * 256))


def profile(
    made: datetime, words: str = "ScanScope v1", copyright_words: str = "No copyright", colours: int = 0
) -> bytes:
    """Return an RGB display profile.

    Parameters
    ----------
    made
        Creation date of the header, bytes 24 to 35.
    words
        ASCII text of the ``desc`` tag, the profile's name.
    copyright_words
        ASCII text of the ``cprt`` tag.
    colours
        How many bytes a table of colours has; none by default.
    """
    tags = {b"desc": _description(words), b"cprt": b"text\0\0\0\0" + copyright_words.encode("ascii") + b"\0"}
    tags |= {b"wtpt": _xyz(_D50)} | {name: _xyz(value) for name, value in _PRIMARIES.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _GAMMA)
    tags |= {b"A2B0": b"mft2\0\0\0\0" + bytes(colours)} if colours else {}
    table, body = _tagged(tags)
    return _header(128 + len(table) + len(body), made) + table + body


def _header(size: int, made: datetime) -> bytes:
    date = (made.year, made.month, made.day, made.hour, made.minute, made.second)
    start = struct.pack(">L4sL4s4s4s6H4s", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ", *date, b"acsp")
    return start.ljust(68, b"\0") + _fixed(_D50) + b"\0" * 48


def _tagged(tags: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return tag table and data; equal data is stored once."""
    base = 128 + 4 + 12 * len(tags)
    body, known, rows = b"", {}, [struct.pack(">L", len(tags))]
    for name, data in tags.items():
        if data not in known:
            known[data] = base + len(body)
            body += data + b"\0" * (-len(data) % 4)
        rows.append(struct.pack(">4sLL", name, known[data], len(data)))
    return b"".join(rows), body


def _fixed(numbers: tuple[float, ...]) -> bytes:
    return struct.pack(f">{len(numbers)}l", *(round(n * 65536) for n in numbers))


def _xyz(numbers: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(numbers)


def _description(words: str) -> bytes:
    text = words.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">L", len(text)) + text + b"\0" * 78
