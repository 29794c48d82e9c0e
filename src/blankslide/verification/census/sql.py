"""The text of a database's schema: what of it is SQL, and what is somebody's word.

SQL needs few words to make a table or an index: those, signs, small numbers and the types of columns say nothing. All
else was given by somebody. A comment or a default value is explained only if it is empty, a name only if the format's
vocabulary has it, because a table, a column, a constraint or an index can be called after a person.

Keywords: https://www.sqlite.org/lang_keywords.html (public domain). Types are those that programs give to columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

_TOKEN = re.compile(
    r"""(?P<space>\s++)|(?P<comment>--[^\n]*+|/\*(?s:.*?)(?:\*/|\Z))"""
    r"""|(?P<name>"(?>(?:[^"]|"")*)"|\[[^\]]*+\]|`(?>(?:[^`]|``)*)`)|(?P<text>'(?>(?:[^']|'')*)')"""
    r"""|(?P<word>[^\W\d][\w$@#]*+)|(?P<number>\d[\w.#]*+)|(?P<sign>[-+(),;.])"""
)
_KEYWORDS = frozenset(
    "create table index unique on if not exists primary key autoincrement null default asc desc collate foreign "
    "references constraint cascade set restrict no action update delete deferrable initially deferred immediate match "
    "simple conflict rollback abort fail ignore replace strict temp temporary binary nocase rtrim true false "
    "current_time current_date current_timestamp".split()
)
_TYPES = frozenset(
    "int integer tinyint smallint mediumint bigint unsigned int2 int8 bit bool boolean char character varying native "
    "nchar varchar nvarchar text ntext clob blob image varbinary real double precision float numeric decimal money "
    "date time datetime timestamp guid uniqueidentifier any".split()
)
_NUMBER = re.compile(r"\d{1,4}|0++(?:\.0++)?|\d\.\d{1,4}")
_NAMED = frozenset(("constraint", "table", "index", "exists", "on", "references"))
"""Keywords behind which somebody's name may stand, though it looks like a keyword or a type."""
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]++|[0-9]++|[^_.@]")
_MOST_DIGITS = 3


def is_statement(sql: str, is_known: Callable[[str], bool]) -> bool:
    """Whether a statement that makes a table or an index says nothing but SQL and known names.

    Parameters
    ----------
    sql
        The statement, with its line ends: they end comments.
    is_known
        Whether a name is one of the format's.
    """
    at, before = 0, ""
    while at < len(sql):
        found = _TOKEN.match(sql, at)
        if found is None or not _says_nothing(found, before, is_known):
            return False
        at = found.end()
        if found.lastgroup not in ("space", "comment"):
            before = found[0].lower()
    return True


def _says_nothing(token: re.Match[str], before: str, is_known: Callable[[str], bool]) -> bool:
    kind, value = token.lastgroup, token[0]
    if kind in ("space", "sign"):
        return True
    if kind == "number":
        return _NUMBER.fullmatch(value) is not None
    if kind == "comment":
        return not value.strip("-/* \t\r\n\0")
    if kind == "word":
        return _is_sql(value.lower(), before) or is_known(value)
    inner = value[1:-1].replace(value[0] * 2, value[0])
    return not inner.strip(" 0\0") or is_known(inner)


def _is_sql(word: str, before: str) -> bool:
    """Whether a bare word is SQL's own where it stands."""
    if before in _NAMED:
        return word in ("if", "conflict", "update", "delete")
    return word in _KEYWORDS or word in _TYPES


def is_name(name: str, whole: Collection[str], words: Collection[str]) -> bool:
    """Whether a name of a table, column or index is known as a whole, or is put together of known words.

    Beside words, up to three digits, zeros and one single letter are nothing.

    Parameters
    ----------
    name
        With each id of ours as ``@``.
    whole, words
        In small letters.
    """
    if name.lower() in whole:
        return True
    digits = letters = 0
    for piece in _PIECE.findall(name):
        if piece.isdecimal() and piece.isascii():
            digits += len(piece) if piece.strip("0") else 0
        elif len(piece) == 1 and piece.isascii() and piece.isalpha():
            letters += 1
        elif piece.lower() not in words:
            return False
    return digits <= _MOST_DIGITS and letters <= 1
