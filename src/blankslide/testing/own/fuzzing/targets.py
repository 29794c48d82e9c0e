"""What is fuzzed: one target for each container, and one for each format of the registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from blankslide.errors import BlankslideError
from blankslide.formats import all_formats
from blankslide.testing.own.fuzzing.changes import applied, untouched
from blankslide.testing.own.fuzzing.container_calls import explored, modules, recorded, ways_in
from blankslide.testing.own.fuzzing.invariant import Verdict, faults, held
from blankslide.testing.own.fuzzing.looked import look
from blankslide.testing.own.fuzzing.memory_slide import MemorySlide
from blankslide.testing.own.fuzzing.records import LONGEST, RAW, changes_of
from blankslide.testing.own.fuzzing.seeds import Number, read_seeds

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.testing.own.fuzzing.container_calls import Call
    from blankslide.testing.own.fuzzing.seeds import Seed

_FINE = 1 << 13


class Target(Protocol):
    """Something that is given any bytes."""

    @property
    def samples(self) -> int:
        """How many samples there are to break; at most 250."""

    def tried(self, data: bytes) -> Verdict:
        """Try one input."""

    def told(self, data: bytes) -> str:
        """Say what an input means, for a person."""


def names() -> list[str]:
    """Names of all targets, the cheap ones first."""
    found = [m.__name__.removeprefix("blankslide.containers.") for m in modules() if any(ways_in(m))]
    return [*sorted(f"container:{name}" for name in found), *(f"format:{f.name}" for f in all_formats())]


def target(name: str, folder: Path) -> Target:
    """Return the target of that name.

    Parameters
    ----------
    folder
        Where the seeds are.

    Raises
    ------
    KeyError
        If there is none.
    """
    kind, _, rest = name.partition(":")
    if name not in names():
        raise KeyError(name)
    if kind == "container":
        return ContainerTarget(calls_of(folder)[rest])
    return FormatTarget(read_seeds(folder, rest))


class FormatTarget:
    """Slides of one format, one of whose files or several are broken.

    Parameters
    ----------
    seeds
        The samples of the format.
    """

    def __init__(self, seeds: Sequence[Seed]) -> None:
        self._seeds = seeds

    @property
    def samples(self) -> int:
        """How many samples there are to break."""
        return len(self._seeds)

    def tried(self, data: bytes) -> Verdict:
        """Break a sample, inspect and plan it."""
        seed = self.seed(data)
        changes = changes_of(data, seed)
        slide = MemorySlide(seed.name, applied(seed.files, changes))

        def act() -> str:
            seen = look(slide)
            stays = {n: untouched(spans, changes, n) for n, spans in seed.tissue.items()}
            return faults(seen, slide.opened, stays)

        return held(act, seed.secrets)

    def told(self, data: bytes) -> str:
        """Say which sample was broken, and how."""
        seed = self.seed(data)
        return "\n".join((seed.name, *(repr(change) for change in changes_of(data, seed))))

    def seed(self, data: bytes) -> Seed:
        """Return the sample that an input breaks."""
        first = data[0] if data else 0
        return self._seeds[(data[-1] if first == RAW else first) % len(self._seeds)]


class ContainerTarget:
    """Calls of one module of containers, with other bytes.

    Parameters
    ----------
    calls
        What was recorded.
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        self._calls = [_Recorded(call) for call in calls]

    @property
    def samples(self) -> int:
        """How many recorded calls there are, at most 250."""
        return min(len(self._calls), 250)

    def tried(self, data: bytes) -> Verdict:
        """Make a call with broken bytes."""
        call = self._call(data)
        broken = applied(call.files, changes_of(data, call))[call.name]

        def act() -> str:
            explored(call.call.again(broken))
            return ""

        return held(act, documented=call.call.raises())

    def told(self, data: bytes) -> str:
        """Say which function was called, and with what."""
        call = self._call(data)
        broken = applied(call.files, changes_of(data, call))[call.name]
        made = call.call
        head = f"{made.function.__module__}.{made.function.__qualname__}({made.taken}=..., {dict(made.others)!r})"
        return "\n".join(
            (head, *(repr(c) for c in changes_of(data, call)), f"{len(broken)} bytes", broken[:4096].hex())
        )

    def _call(self, data: bytes) -> _Recorded:
        first = data[0] if data else 0
        return self._calls[(data[-1] if first == RAW else first) % len(self._calls)]


class _Recorded:
    """A recorded call as a sample to break: nothing is known of its bytes but that each may matter."""

    name = "data"

    def __init__(self, call: Call) -> None:
        self.call = call
        self.files = {"data": call.data}

    @cached_property
    def places(self) -> list[tuple[str, int]]:
        """All bytes, of a long one those at both ends, and where it says it begins."""
        size = len(self.call.data)
        starts = [v for n, v in self.call.others.items() if n in ("start", "at", "pos") and type(v) is int and v < size]
        ranges = [range(s, min(s + _FINE, size)) for s in (*starts, 0, max(size - _FINE, 0))]
        return sorted({("data", at) for one in ranges for at in one}) or [("data", 0)]

    @property
    def edges(self) -> list[tuple[str, int]]:
        """Any place may be one."""
        return self.places

    @cached_property
    def numbers(self) -> list[Number]:
        """Any four bytes may be a number."""
        return [Number("data", at, 4) for _, at in self.places]

    @cached_property
    def values(self) -> list[int]:
        """Limits, and the length."""
        size = len(self.call.data)
        return [
            0,
            1,
            2,
            8,
            255,
            256,
            65535,
            65536,
            (1 << 31) - 1,
            1 << 31,
            (1 << 32) - 1,
            (1 << 63) - 1,
            1 << 63,
            size,
            size - 1,
        ]


def calls_of(folder: Path) -> dict[str, list[Call]]:
    """Return the calls of each container that are made while the samples in a folder are looked at."""
    seeds = read_seeds(folder)

    def act() -> None:
        for seed in seeds:
            with suppress(BlankslideError):
                look(MemorySlide(seed.name, seed.files))

    return recorded(act)


__all__ = ["LONGEST", "ContainerTarget", "FormatTarget", "Target", "names", "target"]
