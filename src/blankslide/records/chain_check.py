"""Whether a chain is whole, and if not, at which entry what was done to it.

One pass, line by line. An edited line no longer holds its own hash; a removed one leaves a gap in the numbers; a moved
one is found behind others; one that was rewritten whole, with a hash that fits, no longer fits its neighbours. Lines at
the end that were edited are named as torn by whoever writes next, who cannot wait: here they are told apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from blankslide.records.chain import GENESIS, Head, Record, name_of_torn, parse, was_edited

Kind = Literal["edited", "removed", "moved", "put in", "rewritten", "torn", "cut off", "another"]
MOST = 200
"""Problems that are told; a file that was shuffled has as many as lines."""


class Problem(NamedTuple):
    """What is wrong with a chain.

    Attributes
    ----------
    entry
        The number of the entry that it is about.
    sentence
        For a person.
    """

    kind: Kind
    entry: int
    sentence: str


class Checked(NamedTuple):
    """The result of going through a chain: its last entry, how many there are, and what is wrong."""

    head: Head
    entries: int
    problems: list[Problem]


def check(lines: Iterable[bytes], anchor: Head | None = None) -> Checked:
    """Go through a chain.

    Parameters
    ----------
    anchor
        An entry that was noted down elsewhere; its hash may be cut short.
    """
    walk = _Walk(anchor)
    for number, raw in enumerate(lines, 1):
        record = parse(raw)
        if record is None:
            walk.broken.append((number, raw))
        else:
            walk.take(record)
    return walk.end()


class _Walk:
    def __init__(self, anchor: Head | None) -> None:
        self.broken: list[tuple[int, bytes]] = []
        self._anchor = anchor
        self._top = Head(0, GENESIS)
        self._count = 0
        self._gaps: list[tuple[int, int]] = []
        self._problems: list[Problem] = []
        self._is_anchored = anchor is None

    def _tell(self, kind: Kind, entry: int, sentence: str) -> None:
        if len(self._problems) < MOST:
            self._problems.append(Problem(kind, entry, sentence))

    def take(self, record: Record) -> None:
        """Take the next whole entry."""
        seq, top = record["seq"], self._top
        self._count += 1
        broken, self.broken = self.broken, []
        is_named = [name_of_torn(raw) for _, raw in broken] == record.get("torn", [])
        edited = 0 if is_named else min(len(broken), max(seq - top.sequence - 1, 0))
        self._tell_broken(broken, edited, is_named, seq)
        if seq <= top.sequence:
            self._behind(seq)
        elif seq > top.sequence + edited + 1:
            self._gaps.append((top.sequence + edited + 1, seq - 1))
        elif not edited and record["prev"] != top.hash:
            self._tell(
                "rewritten", seq, f"entry {top.sequence} or entry {seq} was rewritten: they do not fit each other"
            )
        if seq > top.sequence:
            self._top = Head(seq, record["hash"])
        if self._anchor is not None and seq == self._anchor.sequence:
            self._hold(record["hash"])

    def _tell_broken(self, broken: list[tuple[int, bytes]], edited: int, is_named: bool, seq: int) -> None:
        if is_named:
            for number, raw in broken:
                if was_edited(raw):
                    self._tell(
                        "edited", seq, f"line {number} before entry {seq} was edited: it does not hold its own hash"
                    )
            return
        if not broken:
            self._tell("removed", seq, f"a torn line that entry {seq} names was removed before it")
        for i, (number, _) in enumerate(broken):
            if i < edited:
                entry = self._top.sequence + 1 + i
                self._tell("edited", entry, f"entry {entry} was edited: line {number} does not hold its own hash")
            else:
                self._tell("put in", seq, f"line {number} is no entry, and entry {seq} behind it does not name it")

    def _behind(self, seq: int) -> None:
        """Say why an entry stands behind a later one."""
        for i, (low, high) in enumerate(self._gaps):
            if low <= seq <= high:
                rest = [(low, seq - 1), (seq + 1, high)]
                self._gaps[i : i + 1] = [(a, b) for a, b in rest if a <= b]
                self._tell("moved", seq, f"entry {seq} was moved: it stands behind entry {self._top.sequence}")
                return
        self._tell("put in", seq, f"an entry {seq} stands a second time, behind entry {self._top.sequence}")

    def _hold(self, own: str) -> None:
        if self._anchor is not None and own.startswith(self._anchor.hash):
            self._is_anchored = True

    def end(self) -> Checked:
        """Say what the whole file shows."""
        for low, high in self._gaps:
            what = f"entry {low} is" if low == high else f"entries {low} to {high} are"
            self._tell("removed", low, f"{what} missing: removed between entry {low - 1} and entry {high + 1}")
        for number, raw in self.broken:
            entry = self._top.sequence + 1
            kind: Kind = "edited" if was_edited(raw) else "torn"
            what = "was edited" if kind == "edited" else "is torn or was edited"
            self._tell(kind, entry, f"behind entry {entry - 1}, line {number} at the end {what}")
        if not self._is_anchored and self._anchor is not None:
            self._unanchored(self._anchor.sequence)
        self._problems.sort(key=lambda problem: problem.entry)
        return Checked(self._top, self._count, self._problems)

    def _unanchored(self, entry: int) -> None:
        if entry > self._top.sequence:
            words = f"entry {entry} was there when its hash was noted: the end was cut off behind {self._top.sequence}"
            self._tell("cut off", entry, words)
        else:
            self._tell("another", entry, f"entry {entry} is not the one whose hash was noted: this is another chain")
