"""Byte ranges of a file and who owns them.

A `ByteMap` gives every byte of a file one class. Formats claim ranges; `settle` sorts the
claims once and proves that no two of them disagree: identical ranges of one class may be
claimed repeatedly (shared strings, shared tables, blank tiles), any other overlap refuses
the slide. What nobody claims is a gap.

Cost: one sort of the claims. Up to `LARGE` claims everything is done with plain tuples,
because importing numpy costs more than a small slide does; beyond it with numpy arrays,
because a slide can have half a million tiles. Both ways answer alike (a test compares).
Ranges are half open, ``[start, end)``, in bytes; Python integers do not wrap, and every
claim is checked against the file's size before it is believed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from operator import add, gt
from typing import TYPE_CHECKING, Any

from blankslide.errors import ContradictorySlide, DamagedSlide

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGE = 4096


class ByteClass(IntEnum):
    """What a byte is for."""

    STRUCTURE = 0
    METADATA = 1
    ASSOCIATED = 2
    TISSUE = 3


_WORDS = ("structure", "a metadata value", "an associated image", "tissue")


def merge(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort ranges and join those that touch or overlap."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            if end > out[-1][1]:
                out[-1] = (out[-1][0], end)
        elif start < end:
            out.append((start, end))
    return out


def subtract(spans: Sequence[tuple[int, int]], holes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the parts of ``spans`` outside ``holes``; both sorted and disjoint."""
    out: list[tuple[int, int]] = []
    i = 0
    for start, end in spans:
        while i < len(holes) and holes[i][1] <= start:
            i += 1
        j, pos = i, start
        while j < len(holes) and holes[j][0] < end:
            if holes[j][0] > pos:
                out.append((pos, holes[j][0]))
            pos = max(pos, holes[j][1])
            j += 1
        if pos < end:
            out.append((pos, end))
    return out


class ByteMap:
    """Claims on the bytes of one file of ``size`` bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._claims: list[tuple[int, int, int, str]] = []
        self._runs: list[tuple[Any, Any, int, str]] = []
        self._joined: list[tuple[tuple[int, ...], tuple[int, ...], int, str]] = []
        self._large = False
        self._sorted: list[tuple[int, int, int, str]] = []
        self._gaps: list[tuple[int, int]] = []
        self._tissue_arrays: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._tissue_spans: list[tuple[int, int]] | None = None
        self._shared: dict[tuple[int, int], set[str]] = {}
        #: How many readings a shared value has: each must give it up before it may be touched.
        self.readings: dict[tuple[int, int], int] = {}

    # -- claiming ----------------------------------------------------------------------

    def claim(self, start: int, end: int, cls: ByteClass, owner: str) -> None:
        """Claim one range.

        Raises
        ------
        DamagedSlide
            If the range is not inside the file.
        """
        if start < 0 or end > self.size or start > end:
            raise DamagedSlide(f"{owner} points outside the file")
        if start < end:
            self._claims.append((start, end, cls, owner))

    def claim_many(self, starts: Sequence[int], lengths: Sequence[int], cls: ByteClass, owner: str) -> None:
        """Claim ``len(starts)`` ranges of one class and owner; empty ranges are skipped.

        Parameters
        ----------
        starts, lengths
            Same length; tuples of int, or numpy arrays of unsigned 64-bit integers.

        Raises
        ------
        DamagedSlide
            If the two differ in length or a range is not inside the file.
        """
        if len(starts) != len(lengths):
            raise DamagedSlide(f"{owner} has {len(starts)} offsets but {len(lengths)} byte counts")
        if not isinstance(starts, tuple) or len(starts) > LARGE:
            self._claim_arrays(starts, lengths, cls, owner)
            return
        if not starts:
            return
        ends = tuple(map(add, starts, lengths))
        if starts[1:] == ends[:-1] and 0 <= starts[0] < ends[-1] <= self.size and min(lengths) >= 0:
            self._joined.append((starts, ends, cls, owner))
            self._claims.append((starts[0], ends[-1], cls, owner))
            return
        if min(starts) < 0 or max(ends) > self.size or min(lengths) < 0:
            self._refuse_outside(starts, lengths, owner)
        self._claims.extend((s, e, cls, owner) for s, e in zip(starts, ends, strict=True) if e > s)

    def _refuse_outside(self, starts: Sequence[int], lengths: Sequence[int], owner: str) -> None:
        for start, length in zip(starts, lengths, strict=True):
            if length and (start < 0 or length < 0 or start + length > self.size):
                raise DamagedSlide(f"{owner} points outside the file")

    def _claim_arrays(self, starts: Sequence[int], lengths: Sequence[int], cls: ByteClass, owner: str) -> None:
        import numpy as np

        first = np.asarray(starts, dtype=np.uint64)
        count = np.asarray(lengths, dtype=np.uint64)
        used = count > 0
        if not used.all():
            first, count = first[used], count[used]
        if not first.size:
            return
        limit = np.uint64(self.size)
        if (first > limit).any() or (count > limit - first).any():
            raise DamagedSlide(f"{owner} points outside the file")
        start = first.astype(np.int64)
        self._runs.append((start, start + count.astype(np.int64), int(cls), owner))

    # -- settling ----------------------------------------------------------------------

    def settle(self) -> None:
        """Prove that the claims agree; must be called once, before any question.

        Raises
        ------
        ContradictorySlide
            If two claims overlap without being the same range of the same class.
        """
        self._large = bool(self._runs) or len(self._claims) > 64 * LARGE
        if self._large:
            self._settle_arrays()
        else:
            self._settle_tuples()

    def _settle_tuples(self) -> None:
        claims = self._claims
        claims.sort()
        starts, ends = _edges(claims)
        if any(map(gt, ends, starts[1:])):
            claims = self._fold_identical(self._parted(claims))
            starts, ends = _edges(claims)
        self._sorted = claims
        self._gaps = [(e, s) for e, s in zip((0, *ends), (*starts, self.size), strict=True) if e != s]

    def _parted(self, claims: list[tuple[int, int, int, str]]) -> list[tuple[int, int, int, str]]:
        """Undo the joining of strips that follow each other: another page may share a single one."""
        whole = {(starts[0], ends[-1], cls, owner) for starts, ends, cls, owner in self._joined}
        out = [c for c in claims if c not in whole]
        for starts, ends, cls, owner in self._joined:
            out.extend((s, e, cls, owner) for s, e in zip(starts, ends, strict=True) if e > s)
        out.sort()
        return out

    def _fold_identical(self, claims: list[tuple[int, int, int, str]]) -> list[tuple[int, int, int, str]]:
        out: list[tuple[int, int, int, str]] = []
        for claim in claims:
            if out and claim[0] < out[-1][1]:
                last = out[-1]
                if claim[:3] != last[:3]:
                    raise _overlap(last, claim)
                self._shared.setdefault(claim[:2], {last[3]}).add(claim[3])
                continue
            out.append(claim)
        return out

    def _settle_arrays(self) -> None:
        import numpy as np

        self._claims = self._parted(self._claims)
        owners = [run[3] for run in self._runs]
        starts = [run[0] for run in self._runs]
        ends = [run[1] for run in self._runs]
        classes = [np.full(len(run[0]), run[2], dtype=np.int8) for run in self._runs]
        which = [np.full(len(run[0]), i, dtype=np.int32) for i, run in enumerate(self._runs)]
        if self._claims:
            starts.append(np.array([c[0] for c in self._claims], dtype=np.int64))
            ends.append(np.array([c[1] for c in self._claims], dtype=np.int64))
            classes.append(np.array([c[2] for c in self._claims], dtype=np.int8))
            which.append(np.arange(len(owners), len(owners) + len(self._claims), dtype=np.int32))
            owners.extend(c[3] for c in self._claims)
        start, end, cls, own = map(np.concatenate, (starts, ends, classes, which))
        order = np.argsort(start, kind="stable")
        start, end, cls, own = (column.take(order) for column in (start, end, cls, own))
        same = np.zeros(len(start), dtype=bool)
        if (start[1:] < end[:-1]).any():
            order = np.lexsort((cls, end, start))
            start, end, cls, own = (column.take(order) for column in (start, end, cls, own))
            same[1:] = (start[1:] == start[:-1]) & (end[1:] == end[:-1]) & (cls[1:] == cls[:-1])
            for i in np.flatnonzero(same).tolist():
                key = (int(start[i]), int(end[i]))
                self._shared.setdefault(key, {owners[own[i - 1]]}).add(owners[own[i]])
            keep = ~same
            start, end, cls, own = start[keep], end[keep], cls[keep], own[keep]
            bad = np.flatnonzero(start[1:] < end[:-1])
            if bad.size:
                i = int(bad[0])
                raise _overlap(
                    (int(start[i]), int(end[i]), int(cls[i]), owners[own[i]]),
                    (int(start[i + 1]), int(end[i + 1]), int(cls[i + 1]), owners[own[i + 1]]),
                )
        before, after = np.append(0, end), np.append(start, self.size)
        holes = np.flatnonzero(before != after)
        self._gaps = list(zip(before[holes].tolist(), after[holes].tolist(), strict=True))
        tissue = cls == ByteClass.TISSUE
        self._tissue_arrays = (start[tissue], end[tissue])
        rest = np.flatnonzero(~tissue)
        self._sorted = [
            (s, e, c, owners[o])
            for s, e, c, o in zip(
                start[rest].tolist(), end[rest].tolist(), cls[rest].tolist(), own[rest].tolist(), strict=True
            )
        ]

    # -- asking ------------------------------------------------------------------------

    def gaps(self) -> list[tuple[int, int]]:
        """Ranges that nobody claims, in order."""
        return self._gaps

    def meets_tissue(self, start: int, end: int) -> bool:
        """Whether ``[start, end)`` touches a byte of tissue."""
        if self._tissue_arrays is not None:
            starts, ends = self._tissue_arrays
            i = int(ends.searchsorted(start, side="right"))
            return i < len(starts) and int(starts[i]) < end
        if self._tissue_spans is None:
            self._tissue_spans = self.tissue()
        spans = self._tissue_spans
        i = bisect_left(spans, (end,))  # the last that begins before the end is the last that can be met
        return i > 0 and spans[i - 1][1] > start

    def tissue(self) -> list[tuple[int, int]]:
        """Ranges of tissue, sorted, touching ones joined."""
        if self._tissue_arrays is None:
            return merge((s, e) for s, e, cls, _ in self._sorted if cls == ByteClass.TISSUE)
        import numpy as np

        start, end = self._tissue_arrays
        if not start.size:
            return []
        breaks = np.flatnonzero(start[1:] != end[:-1])
        low = np.concatenate((start[:1], start[breaks + 1]))
        high = np.concatenate((end[breaks], end[-1:]))
        return list(zip(low.tolist(), high.tolist(), strict=True))

    def tissue_parts(self) -> list[tuple[int, int]]:
        """Ranges of tissue, sorted, each as it was claimed."""
        if self._tissue_arrays is not None:
            return list(zip(self._tissue_arrays[0].tolist(), self._tissue_arrays[1].tolist(), strict=True))
        parts = {(s, e) for s, e, cls, _ in self._sorted if cls == ByteClass.TISSUE}
        for starts, ends, cls, _ in self._joined:
            if cls == ByteClass.TISSUE:
                parts.discard((starts[0], ends[-1]))
                parts.update((s, e) for s, e in zip(starts, ends, strict=True) if e > s)
        return sorted(parts)

    def claims(self) -> list[tuple[int, int, int, str]]:
        """All claims but tissue of large slides, sorted: start, end, class, first owner."""
        return self._sorted

    def shared(self) -> Collection[tuple[int, int]]:
        """Ranges that were claimed more than once."""
        return self._shared.keys()

    def owned_only_by(self, owners: Collection[str]) -> list[tuple[int, int, int]]:
        """Ranges, with their class, that no one but ``owners`` claims; tissue never."""
        shared = self._shared
        return [
            (start, end, cls)
            for start, end, cls, owner in self._sorted
            if owner in owners and cls != 3 and (not shared or self._all_in(start, end, owners))
        ]

    def _all_in(self, start: int, end: int, owners: Collection[str]) -> bool:
        return all(o in owners for o in self._shared.get((start, end), ()))

    def holder(self, start: int, end: int) -> tuple[int, int, int, str] | None:
        """Return the claim that contains ``[start, end)``, if one does (tissue aside)."""
        i = bisect_left(self._sorted, (start + 1,)) - 1
        if i >= 0 and self._sorted[i][0] <= start and end <= self._sorted[i][1]:
            return self._sorted[i]
        return None


def _edges(claims: list[tuple[int, int, int, str]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Starts and ends of claims."""
    if not claims:
        return (), ()
    starts, ends, _, _ = zip(*claims, strict=True)
    return starts, ends


def _overlap(a: tuple[int, int, int, str], b: tuple[int, int, int, str]) -> ContradictorySlide:
    return ContradictorySlide(
        f"{_WORDS[a[2]]} of {a[3]} and {_WORDS[b[2]]} of {b[3]} share bytes at {max(a[0], b[0])}, "
        "so neither can be edited safely"
    )
