"""Replaces the binary GUIDs and the long numbers of a CZI.

The planner replaces ids that are text; a GUID in a file header or an entry is 16 bytes, so it is
replaced here. It gets the same keyed GUID as its text gets elsewhere, or zeros if there is no key.
Parts of the XML refer to each other by numbers of many digits. These become `0…01`, `0…02`, with
as many digits as before; different numbers stay different, and nothing of them remains.

Old GUIDs are not kept in memory; they are read again when the plan is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from blankslide.formatkit.findings import LINK, FindingCollector
from blankslide.formatkit.replacements import replace
from blankslide.model import Action, Part, Place, Write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.source import ByteSource

__all__ = ["Ids"]

_GUIDS, _NUMBERS = "guids", "ids"
GUID_BYTES = 16


class Ids:
    """A `Rewrite`: all binary GUIDs and long numbers of one slide.

    Parameters
    ----------
    source
        The file.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._guids: dict[str, list[int]] = {}
        self._numbers: list[tuple[int, int, int]] = []
        self._ordinals: dict[str, int] = {}
        self._first = 1

    def __repr__(self) -> str:
        return f"<Ids: {sum(map(len, self._guids.values()))} GUIDs, {len(self._numbers)} numbers>"

    def guid(self, found: FindingCollector, what: str, where: str, at: int) -> None:
        """Report the GUID at ``at``, if it is not zero; ``what`` is the last part of the finding's id."""
        raw = self._source.read(at, GUID_BYTES)
        if any(raw):
            self._guids.setdefault(what, []).append(at)
            place, part = Place(0, where, at, at + GUID_BYTES), (Part(self, f"{_GUIDS}.{what}"),)
            found.add(f"zeiss.guid.{what}", f"GUID of {where}", LINK, place, part, _spelled(raw))

    def taken(self, number: int) -> None:
        """Note a number that stands in the slide already, so that no other is replaced by it."""
        self._first = max(self._first, number + 1)

    def number(self, at: int, digits: str) -> None:
        """Note a number of many digits that is replaced."""
        ordinal = self._ordinals.setdefault(digits, len(self._ordinals))
        self._numbers.append((at, len(digits), ordinal))

    def part(self) -> Part:
        """Return the edit that replaces the numbers."""
        return Part(self, _NUMBERS)

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> list[Write]:
        """Return the new bytes of all GUIDs and numbers that go."""
        out = []
        for what, action in dict(parts).items():
            if what == _NUMBERS:
                out += [Write(0, at, b"%0*d" % (length, self._first + i)) for at, length, i in self._numbers]
            else:
                used = key if action in (Action.DUMMY, Action.UID) else None
                out += [self._replaced(at, used) for at in self._guids[what.partition(".")[2]]]
        return out

    def _replaced(self, at: int, key: bytes | None) -> Write:
        if key is None:
            return Write(0, at, bytes(GUID_BYTES))
        return Write(0, at, UUID(replace(_spelled(self._source.read(at, GUID_BYTES)), key)).bytes_le)


def _spelled(raw: bytes) -> str:
    return str(UUID(bytes_le=raw))
