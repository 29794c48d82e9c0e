"""Records of an SQLite database, and as much of its schema as tells columns apart.

A record says of each value what it is and how long; nothing is decoded here but numbers and
texts that are asked for. Offsets are those of the record, so that whoever knows where the
record stands knows where each value does.

Of a CREATE statement only names are read, and what in it can be somebody's words: comments,
default values and all that is neither SQL nor a name. It is never run and never rewritten.

Promise: no number is believed before it was held against the record's length; anything that a
record cannot be is a `DamagedSlide`.

Source: https://www.sqlite.org/fileformat2.html, section 2 (public domain).
"""

from __future__ import annotations

import re
from collections.abc import Container
from struct import unpack
from typing import Literal, NamedTuple

from blankslide.errors import DamagedSlide, NotEditable
from blankslide.model.patterns import pattern

__all__ = ["Aside", "Value", "asides", "columns", "computes", "number", "record", "strangers", "varint"]

Kind = Literal["null", "int", "real", "text", "blob"]
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
_MOST_COLUMNS = 2000
_TOKEN = pattern(
    r"""\s+|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<name>"(?:[^"]|"")*"|\[[^\]]*\]|`(?:[^`]|``)*`|[^\W\d][\w$]*)"""
    r"""|(?P<text>'(?:[^']|'')*')|(?P<number>\d[\w.]*)|(?P<mark>.)""",
    re.S,
)
_LONGEST_NUMBER = 4
_PREFIXES = frozenset(("fk", "pk", "ix", "uq", "i"))
#: Words of statements that create tables and indexes, and the types of columns that programs write.
_WORDS = frozenset(
    """
    create table index unique on if not exists primary key autoincrement null default asc desc collate binary nocase
    rtrim foreign references constraint cascade set restrict no action update delete deferrable initially deferred
    immediate match simple conflict rollback abort fail ignore replace strict current_time current_date
    current_timestamp true false and or is int integer tinyint smallint mediumint bigint int2 int8 bit bool boolean
    char character nchar varchar nvarchar text ntext clob blob image binary varbinary real double precision float
    numeric decimal money date time datetime timestamp guid uniqueidentifier unsigned varying native any x
    """.split()
)
_CONSTRAINTS = frozenset(("constraint", "primary", "unique", "check", "foreign"))


class Value(NamedTuple):
    """One value: bytes ``[start, end)`` of its record; ``serial`` is SQLite's own type number."""

    kind: Kind
    start: int
    end: int
    serial: int


def varint(data: bytes, pos: int) -> tuple[int, int]:
    """Read a number of one to nine bytes; return it, unsigned, and where the next begins.

    Raises
    ------
    IndexError
        If the data ends first.
    """
    value = data[pos]
    if value < 0x80:
        return value, pos + 1
    value &= 0x7F
    for at in range(pos + 1, pos + 8):
        byte = data[at]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + 1
    return value << 8 | data[pos + 8], pos + 9


def record(data: bytes, size: int) -> list[Value] | None:
    """Read a record's header.

    Parameters
    ----------
    data
        The record, or its beginning.
    size
        Bytes of the whole record.

    Returns
    -------
    list of Value, or None
        None if ``data`` ends before the header does.

    Raises
    ------
    DamagedSlide
        If the values do not fill the record exactly.
    """
    try:
        stop, pos = varint(data, 0)
        if stop > size or stop < pos:
            raise DamagedSlide("a row of the database is broken")
        if stop > len(data):
            return None
        at, out = stop, []
        while pos < stop:
            serial = data[pos]
            if serial < 0x80:  # nearly always, and a call costs more than the rest
                pos += 1
            else:
                serial, pos = varint(data, pos)
            kind, length = _kind(serial)
            out.append(Value(kind, at, at + length, serial))
            at += length
    except IndexError:
        raise DamagedSlide("a row of the database is broken") from None
    if pos != stop or at != size:
        raise DamagedSlide("a row of the database is longer or shorter than its values")
    return out


def _kind(serial: int) -> tuple[Kind, int]:
    if serial >= 12:
        return ("text" if serial & 1 else "blob"), (serial - 12) >> 1
    if serial in (10, 11):
        raise DamagedSlide("a row of the database holds a value of no known type")
    return ("null" if serial == 0 else "real" if serial == 7 else "int"), _SIZES[serial]


def number(value: Value, raw: bytes) -> int | float:
    """Return the number that a value of kind ``int`` or ``real`` stands for.

    Parameters
    ----------
    raw
        The value's own bytes.
    """
    if value.serial in (8, 9):
        return value.serial - 8
    if value.serial == 7:
        return float(unpack(">d", raw)[0])
    return int.from_bytes(raw, "big", signed=True)


# -- schema ------------------------------------------------------------------------------


def columns(sql: str) -> tuple[list[str], int | None]:
    """Return the names of a table's columns, and which of them (if any) is the row's number.

    Raises
    ------
    NotEditable
        If the table computes columns, or has no row numbers: then values stand elsewhere. Or if
        it has conditions that an emptied value might break.
    """
    names: list[str] = []
    key, depth, words = None, 0, list[str]()
    tokens = [m for m in _TOKEN.finditer(sql) if m.lastgroup is not None and m.lastgroup != "comment"]
    for match in [*tokens, None]:
        mark = match[0] if match is not None else ")"
        if depth == 1 and mark in (",", ")"):
            if words and words[0].lower() not in _CONSTRAINTS:
                key = len(names) if _is_row_number(words) else key
                names.append(_unquoted(words[0]))
            words = []
        elif depth >= 1:
            words.append(mark)
        depth += (mark == "(") - (mark == ")")
        if depth < 0 or match is None:
            break
    tail = sql[sql.rfind(")") :].lower()
    if not names or len(names) > _MOST_COLUMNS:
        raise DamagedSlide("a table of the database has no columns")
    plain = {m[0].lower() for m in tokens}
    if "without" in tail or "generated" in plain or "as" in plain:
        raise NotEditable("the database has a table that computes columns or has no row numbers")
    if "check" in plain:
        raise NotEditable("the database has a table with conditions that an emptied value might break")
    return names, key


def _is_row_number(words: list[str]) -> bool:
    low = [w.lower() for w in words]
    return len(low) > 2 and _unquoted(low[1]) == "integer" and "primary" in low and "desc" not in low


def _unquoted(name: str) -> str:
    if name[:1] in "\"`'":
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[:1] == "[" else name


class Aside(NamedTuple):
    """Characters ``[start, end)`` of a statement that say nothing to SQLite, or no more than a value does.

    ``fill`` is the sign that they can all become, with the statement as sound as before.
    """

    start: int
    end: int
    fill: str


def asides(sql: str) -> list[Aside]:
    """Return where comments and default values stand in a statement, without their marks.

    Numbers of up to four digits are no asides, nor is what is empty already.
    """
    return [a for a in _asides(sql) if sql[a.start : a.end].strip(" \t\r\n" if a.fill == " " else "0")]


def _asides(sql: str) -> list[Aside]:
    out: list[Aside] = []
    last, nested, is_default = "", 0, False
    for match in _TOKEN.finditer(sql):
        kind, (start, end) = match.lastgroup, match.span()
        if kind == "comment":
            out.append(Aside(start + 2, end - 2 * (match[0].startswith("/*") and match[0].endswith("*/")), " "))
        if kind in (None, "comment"):
            continue
        if is_default:
            nested += (match[0] == "(") - (match[0] == ")")
            if kind == "text" or (kind == "name" and match[0][0] in '"[`'):
                out.append(Aside(start + 1, end - 1, "0" if last == "x" else " "))
            elif kind == "number" and end - start > _LONGEST_NUMBER:
                out.append(Aside(start, end, "0"))
            is_default = nested > 0 or match[0] in ("+", "-") or match[0].lower() == "x"
        elif match[0].lower() == "default":
            is_default, nested = True, 0
        last = match[0].lower()
    return out


def computes(sql: str) -> bool:
    """Whether an index is over more than columns: calls, signs or texts stand in its statement."""
    signs = [m[0] for m in _TOKEN.finditer(sql) if m.lastgroup in ("mark", "text", "number")]
    return signs.count("(") > 1 or bool(set(signs) - set("(),;."))


def strangers(sql: str, known: Container[str]) -> bool:
    """Whether a statement says more than SQL, asides and known names.

    Parameters
    ----------
    known
        Names of tables, indexes and columns, in small letters. A name made of them is known too.
    """
    beside = [(a.start, a.end) for a in _asides(sql)]
    for match in _TOKEN.finditer(sql):
        word = _unquoted(match[0]).lower()
        if match.lastgroup in (None, "comment", "mark") or not word.strip():
            continue
        if any(low <= match.start() + 1 and match.end() - 1 <= high for low, high in beside):
            continue
        if match.lastgroup == "number":
            if len(word) > _LONGEST_NUMBER:
                return True
        elif (
            word not in known and word not in _WORDS and not all(p in known or p in _PREFIXES for p in word.split("_"))
        ):
            return True
    return False
