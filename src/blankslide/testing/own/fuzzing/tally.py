"""What a fuzzing process has done so far, in a file that outlives it: counters, and the input in hand.

The process writes into mapped memory, which costs a microsecond an input; whoever started it reads how far it is, and
which input it died of.
"""

from __future__ import annotations

import mmap
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = Struct("<9Q")
_ROOM = 8192


class Tally(NamedTuple):
    """Counters of one target.

    Attributes
    ----------
    done, inspected, refused, wrong, suspect
        Inputs, and how they ended.
    slowest
        Nanoseconds of processor time of the slowest.
    grown
        KiB by which the process has grown at most.
    before
        Inputs of the corpus that are tried again after a stop, and are not counted.
    length
        Bytes of the input in hand.
    """

    done: int = 0
    inspected: int = 0
    refused: int = 0
    wrong: int = 0
    suspect: int = 0
    slowest: int = 0
    grown: int = 0
    before: int = 0
    length: int = 0


class TallyFile:
    """A tally in a file, mapped.

    Parameters
    ----------
    path
        Made if missing.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file() or path.stat().st_size != _ROOM:
            path.write_bytes(bytes(_ROOM))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _ROOM)
        self.now = Tally(*_HEAD.unpack_from(self._map, 0))

    def begins(self, data: bytes) -> None:
        """Note the input that is tried next."""
        data = data[: _ROOM - _HEAD.size]
        self._map[_HEAD.size : _HEAD.size + len(data)] = data
        self._map[64:72] = len(data).to_bytes(8, "little")

    def put(self, tally: Tally) -> None:
        """Replace the counters."""
        self.now = tally
        _HEAD.pack_into(self._map, 0, *tally)

    def read(self) -> Tally:
        """Read the counters anew: another process writes them."""
        self.now = Tally(*_HEAD.unpack_from(self._map, 0))
        return self.now

    def in_hand(self) -> bytes:
        """The input that was tried last."""
        return self._map[_HEAD.size : _HEAD.size + self.read().length]

    def close(self) -> None:
        """Let the file go."""
        self._map.close()
