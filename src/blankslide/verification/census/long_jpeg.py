"""Both ends of a JPEG that is too large to be read at once: a level of an NDPI is one stream of gigabytes.

What stands in front of its scan and behind its end is found without the scan. Of the scan itself only the last bytes
are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.census.coded import joined, speaking
from blankslide.verification.census.surplus import last_run, readable

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span

_HEAD, _TAIL = 1 << 20, 1 << 20
_SOS, _COMMENT = 0xDA, 0xFE
_PLAIN = ((b"JFIF\0", 16), (b"Adobe\0", 14), (b"Adobe", 14))
_NUMBERS = frozenset((0xDB, 0xC4, 0xDD, *range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))


def ends(source: ByteSource, start: int, length: int) -> list[Span]:
    """Return what stands in front of the scan of a stream and behind its end, as offsets in the file.

    Parameters
    ----------
    start, length
        The stream; nothing is returned for one that is no JPEG.
    """
    head = source.read(start, min(_HEAD, length))
    if head[:2] != b"\xff\xd8":
        return []
    tail = source.read(start + length - _TAIL, _TAIL) if length > _TAIL else b""
    base = start + length - len(tail)
    return joined([(start + a, start + b) for a, b in _front(head)] + [(base + a, base + b) for a, b in _behind(tail)])


def _front(head: bytes) -> list[Span]:
    """Return segments with texts, and bytes between segments."""
    found: list[Span] = []
    at = 2
    while at + 4 <= len(head):
        if head[at] != 0xFF:
            return [*found, (at, len(head))]  # no segment: all of it is read
        code = head[at + 1]
        if code == _SOS:
            break
        if code == 0xFF:
            at += 1
            continue
        end = at + 2 + int.from_bytes(head[at + 2 : at + 4], "big")
        body = head[at + 4 : end]
        plain = any(body.startswith(name) and len(body) <= most for name, most in _PLAIN)
        if code not in _NUMBERS and not plain and any(body):
            found.append((at + 4, end))
        at = end
    return found


def _behind(tail: bytes) -> list[Span]:
    """Return what stands behind the end, or can be read just in front of it; in a scan no other end can stand."""
    end = tail.find(b"\xff\xd9")
    if end < 0:
        return speaking(tail, 0)
    found = [(last_run(tail, 0, end), end)] if readable(tail, 0, end) else []
    return [*found, *speaking(tail, end + 2)]
