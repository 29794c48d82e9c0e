"""Indexes over values that change: the copies in an index change too, and it stays in order.

An index has a copy of each value, with the number of its row. A copy is recognized because it
equals a value of that row, so the index's SQL need not be understood. It gets the same edits as
that value. The new order is made by the plan, when it is known which values go and what replaces
them: in an index of one page, only the pointers to the entries are sorted. A larger index must
still be in order without that, else the slide is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import NotEditable
from blankslide.model import Action, PhiClass, Write

if TYPE_CHECKING:
    from blankslide.containers.sqlite.pages import Cell
    from blankslide.formats.sakura.columns import Field
    from blankslide.formats.sakura.schema import Index

__all__ = ["Change", "Entry", "Indexes"]

_RANKS = {"null": 0, "int": 1, "real": 1, "text": 2, "blob": 3}


class Change(NamedTuple):
    """The change of a value: the finding it belongs to, and the bytes that replace it."""

    id: str
    title: str
    cls: PhiClass
    blank: bytes


class Entry(NamedTuple):
    """One entry: its cell, its values, and the change of each."""

    cell: Cell
    values: list[Field]
    changes: list[Change | None]


class Indexes:
    """All indexes with a value that may change; a `Rewrite`."""

    def __init__(self) -> None:
        self._all: list[tuple[Index, int, list[Entry]]] = []

    def add(self, index: Index, base: int, entries: list[Entry]) -> None:
        """Add an index, its entries in their order, and the offset of its first page."""
        if any(change for entry in entries for change in entry.changes):
            if not index.plain:
                raise NotEditable("an index over an identifying value has an order of its own")
            self._all.append((index, base, entries))

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Sort the pointers of each index.

        Raises
        ------
        NotEditable
            If an index of several pages would lose its order, or a unique one would get equal entries.
        """
        going = dict(parts)
        return [write for each in self._all for write in self._ordered(*each, going, key)]

    def _ordered(
        self, index: Index, base: int, entries: list[Entry], going: dict[str, Action], key: bytes | None
    ) -> list[Write]:
        keys = [_key(entry, going, key) for entry in entries]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        if index.unique and any(
            keys[a][:-1] == keys[b][:-1] and all(rank for rank, _ in keys[a][:-1]) for a, b in pairwise(order)
        ):
            raise NotEditable("two rows that must differ would become the same; replacing ids needs a site key")
        single = len({e.cell.page for e in entries}) == 1
        if not single:
            if order != sorted(order):
                raise NotEditable("an index over an identifying value would no longer be in order")
            return []
        # the pointers are stored side by side
        first = min(e.cell.pointer for e in entries)
        data = b"".join((entries[i].cell.start - base).to_bytes(2, "big") for i in order)
        return [Write(0, first, data)]


def _key(entry: Entry, going: dict[str, Action], key: bytes | None) -> tuple[tuple[int, object], ...]:
    """Return the sort key that an entry will have after the edit."""
    out: list[tuple[int, object]] = []
    for field, change in zip(entry.values, entry.changes, strict=True):
        if change is not None and change.id in going:
            raw = _new(field, change, going[change.id], key)
            out.append((_RANKS[field.kind], 0 if field.kind in ("int", "real") else raw))
        else:
            out.append((_RANKS[field.kind], field.number if field.kind in ("int", "real") else field.raw))
    return tuple(out)


def _new(field: Field, change: Change, action: Action, key: bytes | None) -> bytes:
    if change.cls is PhiClass.LINK and action in (Action.DUMMY, Action.UID):
        from blankslide.formatkit.replacements import replace

        text = field.text
        new = replace(text, key) if key else "".join("0" if c.isalnum() else c for c in text)
        return new.encode(field.encoding)
    return change.blank
