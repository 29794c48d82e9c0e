"""Changes of bytes: what makes a malformed slide out of a sound one, and nothing else.

A change replaces ``[at, at + gone)`` of one file by other bytes; a cut takes everything behind a place. They are
applied one after another, each to what the last has left, so that the same list always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

END = 1 << 62
"""``gone`` of a change that takes all that follows."""


class Change(NamedTuple):
    """Put ``data`` in the place of ``gone`` bytes at ``at`` of the file ``name``; both are cut to what is there."""

    name: str
    at: int
    gone: int
    data: bytes


def put(name: str, at: int, data: bytes) -> Change:
    """Overwrite bytes; the length stays."""
    return Change(name, at, len(data), data)


def cut(name: str, at: int) -> Change:
    """Let the file end at ``at``."""
    return Change(name, at, END, b"")


def applied(files: Mapping[str, bytes], changes: Iterable[Change]) -> dict[str, bytes]:
    """Return the files with all changes made, in order; a change of a file that is not there makes it.

    A change that keeps the length keeps it at the end of the file, too: what would stand behind it is left out.
    """
    out: dict[str, bytes] = dict(files)
    for name, at, gone, data in changes:
        old = out.get(name, b"")
        at = min(max(at, 0), len(old))
        room = len(old) - at
        new = data[:room] if gone == len(data) else data
        out[name] = b"".join((old[:at], new, old[at + min(gone, room) :]))
    return out


def untouched(spans: Sequence[tuple[int, int]], changes: Iterable[Change], name: str) -> list[tuple[int, int]]:
    """Return those ranges of a file of which no byte was changed or moved."""
    own = [(at, at + max(gone, 1) if gone == len(data) else END) for other, at, gone, data in changes if other == name]
    return [(s, e) for s, e in spans if not any(start < e and s < end for start, end in own)]
