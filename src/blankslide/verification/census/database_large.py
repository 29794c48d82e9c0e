"""The census of a large SQLite database: all of every row, but for the pixels, of which some are looked at.

SQLite itself is asked only which columns a table has. A long binary value may be a tile, of which there are hundreds
of thousands; where many rows are like each other, first, last, a spread and the largest of them are read whole, and
all of them as soon as one says anything. Every other value of every row speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from heapq import nlargest
from struct import unpack
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.account import Text
from blankslide.verification.census.database_cells import SUMS, as_sum, speak_number, speak_value, sum_of
from blankslide.verification.census.database_trees import Row, Trees, fields
from blankslide.verification.census.runs import runs
from blankslide.verification.census.texts import SHORTEST, is_table

if TYPE_CHECKING:
    from blankslide.verification.census.account import Account
    from blankslide.verification.census.data import Span

Spelled = Callable[[str, str], bool]

EVERY = 4 << 20
"""Bytes of long values of a table, up to which all of them are read."""
FEW, SPREAD, LARGEST = 8, 48, 8
_LONG = 64
"""Bytes from which on a binary value may be pixels."""
_ONES = str.maketrans("0123456789", "1111111111")
_NUMBERS = re.compile(r"\d+")
_ALIKE = re.compile(r"(?>(?:[^\d.X]|\d{1,7}(?!\d))*)")
"""What no digit changes: a dot may make a date or a version of numbers, and more than seven digits are no number."""
_MOST_KINDS = 1 << 16
_STEP = 40
"""From one value to the next where many are read at once: zeros between them end each."""
_Waiting = tuple[str, bytes, int]


class _Table(NamedTuple):
    name: str
    columns: tuple[str, ...]
    """In the order in which they are stored."""
    rowid: int
    """The column that is the row's own id; -1 if none is."""


class Large:
    """One large database.

    Parameters
    ----------
    spelled
        Whether a vocabulary has a place for values of a shape: of such values one is told, for all that differ in
        digits only.
    """

    def __init__(self, account: Account, file: int, trees: Trees, where: str, thorough: bool, spelled: Spelled) -> None:
        self.account, self.file, self.trees, self.where = account, file, trees, where
        self.thorough, self.spelled = thorough, spelled
        self._told: dict[tuple[str, str], bool] = {}

    def schema(self) -> list[tuple[bytes, bytes, bytes, int, bytes]]:
        """Return kind, name, owner, root page and statement of all that is in the database, as UTF-8."""
        out = []
        for row, _ in self.trees.rows(1):
            data = self.trees.record(row)
            own = fields(data)
            kind, name, owner, sql = (self._text(data[a:b]) for _, a, b in (*own[:3], own[4]))
            out.append((kind, name, owner, int.from_bytes(data[slice(*own[3][1:])], "big"), sql))
        return out

    def _text(self, value: bytes) -> bytes:
        return value if self.trees.encoding == "utf-8" else value.decode(self.trees.encoding, "replace").encode()

    def table(self, name: bytes, root: int, sql: bytes) -> None:
        """Add all that the rows of a table say."""
        table = _columns(name, sql, self.trees.is_index(root))
        self.account.texts += [
            Text(self.file, "schema/name", column, 0, 0, f"{self.where}, schema") for column in table.columns
        ]
        reader = _Rows(self, table)
        for row, local in self.trees.rows(root):
            reader.take(row, local)
        reader.finish()

    def index(self, root: int) -> None:
        """Own the pages of an index: what stands in it stands in its table, too."""
        for _ in self.trees.rows(root):
            pass

    # -- values --------------------------------------------------------------------------

    def number(self, path: str, value: float, span: Span) -> None:
        """Add a number."""
        if value in (0, 1):
            return
        if isinstance(value, int):
            key = path, str(value).translate(_ONES)
            if self._told.get(key):
                return
            self._told[key] = self._is_spelled(*key)
        speak_number(self.account, self.file, path, value, span, self.where)

    def text(self, path: str, value: bytes) -> None:
        """Add a text, if none was told that differs from it in digits only and that a vocabulary spells."""
        if len(value) > _LONG or not value.isascii():
            self.value(path, value)
            return
        told = value.decode("ascii")
        key = path, told.translate(_ONES)
        if self._told.get(key):
            return
        before = len(self.account.texts), len(self.account.pictures)
        self.value(path, value)
        new = self.account.texts[before[0] :]
        plain = len(new) == 1 and new[0].path == path and new[0].value == told
        self._told[key] = plain and len(self.account.pictures) == before[1] and self._is_spelled(*key)

    def _is_spelled(self, path: str, shape: str) -> bool:
        return len(self._told) < _MOST_KINDS and _ALIKE.fullmatch(shape) is not None and self.spelled(path, shape)

    def value(self, path: str, value: bytes) -> None:
        """Add a value of bytes or a long text."""
        speak_value(self.account, self.file, path, value, f"{self.where}, a table")


class _Rows:
    """The rows of one table."""

    def __init__(self, large: Large, table: _Table) -> None:
        self.large, self.table = large, table
        self.paths = [f"{table.name}/{column}" for column in table.columns]
        self.long: list[Row] = []
        self.kinds: dict[tuple[object, ...], list[int]] = {}
        self.sums = set[bytes]()
        self.read = set[int]()
        self.waiting: list[_Waiting] = []
        self.bytes = 0

    def take(self, row: Row, local: bytes) -> None:
        """Add all short values of a row; of one with a long binary value, remember what it is like."""
        own = fields(local)
        kind_of: list[object] = []
        is_long = False
        for number, (kind, low, high) in enumerate(own[: len(self.paths)]):
            if kind >= 12 and not kind & 1 and high - low > _LONG:
                is_long = True
                kind_of.append(local[low : min(low + 4, high)])
                self.bytes += high - low
            else:
                kind_of.append(self._value(row, local, number, kind, low, high))
        self._beyond(row, own)
        if is_long:
            self.kinds.setdefault(tuple(kind_of), []).append(len(self.long))
            self.long.append(row)

    def _beyond(self, row: Row, own: Sequence[tuple[int, int, int]]) -> None:
        """Add what a record holds behind its columns, where SQLite does not look."""
        used = own[: len(self.paths)]
        end = used[-1][2] if used else 0
        if used and end < row.size:
            self.large.value(f"{self.table.name}/more", self.large.trees.part(row, end, row.size))

    def _value(self, row: Row, record: bytes, number: int, kind: int, low: int, high: int) -> object:
        """Add one value; return what it is like: a text without its digits, or the kind of number."""
        path, data = self.paths[number], record[low:high]
        if high > len(record) and kind:
            data = self.large.trees.part(row, low, high)
        if kind >= 12:
            if kind & 1:
                data = self.large._text(data)
            if len(data) in SUMS and (len(data) > 16 or not kind & 1) and as_sum(data):
                self.waiting.append((path, data, len(self.long)))
            elif kind & 1:
                self.sums.add(sum_of(data))
                self.large.text(path, data)
                return _NUMBERS.sub("#", data.decode("utf-8", "replace"))
            elif data:
                self.sums.add(sum_of(data))
                self.large.value(path, data)
            return kind & 1
        if kind == 0 and number == self.table.rowid:
            self.large.number(path, row.id, (0, 0))
        elif kind in range(1, 8):
            value = unpack(">d", data)[0] if kind == 7 else int.from_bytes(data, "big", signed=True)
            self.large.number(path, value, self.large.trees.place(row, low, high))
        return kind == 0

    # -- long values ---------------------------------------------------------------------

    def finish(self) -> None:
        """Look at long values, and then at what may be their check sums."""
        if self.large.thorough or self.bytes <= EVERY:
            self._look(range(len(self.long)))
        else:
            few = [own for own in self.kinds.values() if len(own) <= FEW]
            self._look(i for own in few for i in own)
            many = sorted(i for own in self.kinds.values() if len(own) > FEW for i in self._some(own))
            if self._look(many):
                self._look(range(len(self.long)))
        self._settle()

    def _some(self, own: Sequence[int]) -> Iterable[int]:
        """Choose first, last, a spread between, and the largest: a whole picture is mostly larger than a tile."""
        last = len(own) - 1
        places = {round(k * last / (SPREAD - 1)) for k in range(SPREAD)}
        places.update(nlargest(LARGEST, range(len(own)), key=lambda i: self.long[own[i]].size))
        return {own[i] for i in places}

    def _look(self, which: Iterable[int]) -> bool:
        """Read long values whole; return whether any of them says anything beside pixels."""
        before = len(self.large.account.texts)
        for i in which:
            if i not in self.read:
                self.read.add(i)
                self._speak_long(self.long[i], speak=True)
        return len(self.large.account.texts) > before

    def _speak_long(self, row: Row, *, speak: bool) -> None:
        data = self.large.trees.record(row)
        for number, (kind, low, high) in enumerate(fields(data)[: len(self.paths)]):
            if kind >= 12 and not kind & 1 and high - low > _LONG:
                self.sums.add(sum_of(data[low:high]))
                if speak:
                    self.large.value(self.paths[number], data[low:high])

    def _settle(self) -> None:
        """Tell what is no check sum of another value; of values that were not read, only where it could be words."""
        saying = [one for one in self.waiting if as_sum(one[1]) not in self.sums]
        if len(self.read) < len(self.long):
            saying = _readable(saying)
            for near in (1, 0):  # a sum mostly stands behind what it is of, or before it
                self._sum({at - near for _, value, at in saying if as_sum(value) not in self.sums})
            saying = [one for one in saying if as_sum(one[1]) not in self.sums]
            if len(saying) > FEW:  # no neighbours: then sums stand apart from what they are of
                self._sum(set(range(len(self.long))))
        for path, value, _ in saying:
            if as_sum(value) not in self.sums:
                self.large.value(path, value)

    def _sum(self, which: set[int]) -> None:
        for i in sorted(which):
            if 0 <= i < len(self.long) and i not in self.read:
                self.read.add(i)
                self._speak_long(self.long[i], speak=False)


def _readable(values: Sequence[_Waiting]) -> list[_Waiting]:
    """Return the values in which anything can be read; a sum in hexadecimal digits that spell nothing says nothing."""
    short = [one for one in values if len(one[1]) == 16]
    told = {run.start // _STEP for run in runs(b"".join(one[1].ljust(_STEP, b"\0") for one in short), 0, SHORTEST)}
    out = [one for number, one in enumerate(short) if number in told]
    for one in values:
        if len(one[1]) == 32 and not (as_sum(one[1]) and is_table(one[1].decode("ascii"))):
            out.append(one)
    return out


def _columns(name: bytes, sql: bytes, bare: bool) -> _Table:
    """Ask SQLite for the columns of a table, by its statement in an empty database.

    Parameters
    ----------
    bare
        Whether its rows have no ids, and begin with their keys.

    Raises
    ------
    sqlite3.Error
        If it is no such statement.
    """
    import sqlite3

    told = name.decode("utf-8", "replace")
    empty = sqlite3.connect(":memory:", isolation_level=None)
    try:
        empty.execute("CREATE TABLE a (a)")
        empty.execute("PRAGMA writable_schema = ON")
        change = "UPDATE sqlite_master SET name = ?, tbl_name = ?, sql = ?"
        empty.execute(change, (told, told, sql.decode("utf-8", "replace")))
        raw = empty.serialize()
    finally:
        empty.close()
    asked = sqlite3.connect(":memory:")
    try:
        asked.deserialize(raw)
        quoted = told.replace('"', '""')
        rows = asked.execute(f'PRAGMA table_info("{quoted}")').fetchall()
    finally:
        asked.close()
    if not rows:
        raise sqlite3.DatabaseError
    keys = sorted((row for row in rows if row[5]), key=lambda row: row[5])
    stored = [*keys, *(row for row in rows if not row[5])] if bare else rows
    alone = len(keys) == 1 and not bare and str(keys[0][2]).upper() == "INTEGER"
    return _Table(told, tuple(str(row[1]) for row in stored), rows.index(keys[0]) if alone else -1)
