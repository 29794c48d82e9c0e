"""What an account has found out in this run, and from which bytes, so that it need not be found out twice.

The account is drawn up on the slide as it is, as the plan would leave it, and as it is afterwards; most bytes are the
same each time. Each account must still be its own, about what is in the file when it is drawn up. So nothing is ever
taken over because a plan or a writer says that it has not changed. What is remembered is a step together with *every*
question that it asked of the file and the answer that it got. When the step is due again, all of these questions are
asked again, of the file as it is now, and only if each answer is the same to the byte is the result used again: the
step depends on nothing else, so it would ask the same first question, get the same answer, ask the same second one,
and so on to the same result. One byte that differs and the step is done from the beginning.

So the second account costs reading, but no decoding, no comparing and no searching, where the file holds what it
should; where it does not, it costs what it always did.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.account import Text
    from blankslide.verification.census.agreement import Known
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.pixels import Likeness

T = TypeVar("T")
ROOM = 16 << 20
"""Bytes of answers that are kept as they are, which compare fastest; of all others only a digest is kept."""
DEEP = 4
"""Results that are remembered of one step."""


class Memory:
    """Steps of one run: what they asked, what they were answered, and what came out. Never leaves the process."""

    def __init__(self) -> None:
        self._known: dict[Hashable, list[_Step]] = {}
        self._room = ROOM
        self.pairs: Known = {}
        """How pictures are like each other; see `agreement.Pictures`."""
        self.likenesses: dict[tuple[bytes, bytes], Likeness] = {}
        """How pictures that were found by content are like the slide, by digests of both."""
        self.texts: list[tuple[tuple[object, ...], list[Text]]] = []
        """Texts and all that might explain them, and which of them nothing explained."""

    def ask(self, step: Hashable, source: ByteSource, work: Callable[[ByteSource], T]) -> T:
        """Do a step, or use its result again.

        Parameters
        ----------
        step
            What it is, with all that it depends on beside the bytes of ``source``.
        source
            The file.
        work
            The step: it must read through the source that it is given, change nothing, and draw no lots. Its result
            is shared and must not be changed.
        """
        known = self._known.setdefault(step, [])
        for one in known:
            if one.holds(source):
                result: T = one.result
                return result
        heard = _Heard(source, self._kept)
        result = work(heard)
        del known[: 1 - DEEP]
        known.append(_Step(source.size, tuple(heard.log), result))
        return result

    def _kept(self, data: bytes) -> bytes | _Digest:
        if len(data) <= 32:
            return data
        self._room -= len(data)
        return data if self._room >= 0 else _Digest(sha256(data).digest())


class _Digest(bytes):
    """A digest that stands for an answer."""

    __slots__ = ()


class _Asked(NamedTuple):
    """One question and its answer: bytes, their digest, or the parts of a span that are no holes."""

    start: int
    end: int
    answer: bytes | tuple[Span, ...]

    def __repr__(self) -> str:
        return f"<bytes {self.start} to {self.end}>"

    def holds(self, source: ByteSource) -> bool:
        """Whether a file gives this answer now."""
        if isinstance(self.answer, tuple):
            return tuple(source.data_ranges(self.start, self.end)) == self.answer
        data = source.read(self.start, self.end - self.start)
        return (sha256(data).digest() if isinstance(self.answer, _Digest) else data) == self.answer


class _Step(NamedTuple):
    size: int
    log: tuple[_Asked, ...]
    result: Any

    def __repr__(self) -> str:
        return f"<a step of {len(self.log)} questions>"

    def holds(self, source: ByteSource) -> bool:
        """Whether a file answers each question as it was answered before."""
        return source.size == self.size and all(asked.holds(source) for asked in self.log)


class _Heard:
    """A file, and all that was asked of it."""

    def __init__(self, source: ByteSource, kept: Callable[[bytes], bytes]) -> None:
        self.source, self._kept = source, kept
        self.log: list[_Asked] = []

    @property
    def size(self) -> int:
        """Length in bytes; it is asked of a file first of all."""
        return self.source.size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``."""
        data = self.source.read(offset, length)
        self.log.append(_Asked(offset, offset + length, self._kept(data)))
        return data

    def data_ranges(self, start: int, end: int) -> Iterator[Span]:
        """Yield the parts of ``[start, end)`` that are not holes, in order."""
        found = tuple(self.source.data_ranges(start, end))
        self.log.append(_Asked(start, end, found))
        yield from found
