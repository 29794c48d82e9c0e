"""A ledger's lines: how one is made and read, and how one of a million is found.

Each line is canonical JSON that holds its own hash and the one of the line before. Everything here reads only, goes
through a file line by line, and never holds more than one line, or the file's end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

DOMAIN = b"\0blankslide ledger 1\n"
GENESIS = "0" * 64
TAIL = 1 << 16
_KEYS = {"entry", "hash", "prev", "seq", "time"}

Record = dict[str, Any]


class Head(NamedTuple):
    """An entry's sequence number and hash; those of the last one, kept elsewhere, anchor the ledger."""

    sequence: int
    hash: str


# -- one line --------------------------------------------------------------------------


def canonical(record: object) -> bytes:
    """Return the one way in which a record may be written.

    Raises
    ------
    TypeError, ValueError
        If it is not plain JSON.
    """
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def line_hash(record: Mapping[str, object]) -> str:
    """Return the hash that a record must say of itself."""
    return sha256(DOMAIN + canonical({k: v for k, v in record.items() if k != "hash"})).hexdigest()


def make_line(entry: Mapping[str, object], head: Head, torn: list[bytes]) -> bytes:
    """Make the line that follows a head, and names the torn lines between."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record: dict[str, object] = {"entry": entry, "prev": head.hash, "seq": head.sequence + 1, "time": now}
    if torn:
        record["torn"] = [name_of_torn(raw) for raw in torn]
    record["hash"] = line_hash(record)
    return canonical(record) + b"\n"


def name_of_torn(raw: bytes) -> dict[str, object]:
    """Return what the next entry says of a torn line."""
    return {"bytes": len(raw), "sha256": sha256(raw).hexdigest()}


def parse(raw: bytes) -> Record | None:
    """Return a line's record if it is whole and says its own hash, else None."""
    try:
        record = json.loads(raw)
        is_whole = isinstance(record, dict) and record.keys() - {"torn"} == _KEYS and canonical(record) == raw
        return record if is_whole and _is_typed(record) and record["hash"] == line_hash(record) else None
    except (ValueError, RecursionError):
        return None


def was_edited(raw: bytes) -> bool:
    """Whether a line has all that an entry has but its own hash: a crash tears the end of a line off."""
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    looks_like_one = isinstance(record, dict) and record.keys() >= _KEYS and _is_typed(record)
    return looks_like_one and isinstance(record["hash"], str) and parse(raw) is None


def _is_typed(record: Record) -> bool:
    return isinstance(record["entry"], dict) and type(record["seq"]) is int and isinstance(record["prev"], str)


# -- all lines -------------------------------------------------------------------------


def lines(handle: int, start: int = 0) -> Iterator[bytes]:
    """Yield all lines without their newline; the last even if it has none."""
    os.lseek(handle, start, os.SEEK_SET)
    with os.fdopen(os.dup(handle), "rb") as file:
        for raw in file:
            yield raw.removesuffix(b"\n")


def entries(handle: int, first: int = 1) -> Iterator[tuple[bytes, Record]]:
    """Yield whole entries from a number on, each with its line; where the file is long, the place is searched.

    Parameters
    ----------
    first
        The least sequence number that is wanted.
    """
    start = _near(handle, first) if first > 1 else 0
    for raw in lines(handle, start):
        record = parse(raw)
        if record is not None and record["seq"] >= first:
            yield raw, record


def _near(handle: int, first: int) -> int:
    """Return where a line begins that is not far before entry ``first``, by halving: numbers grow along the file."""
    low, high = 0, os.fstat(handle).st_size
    while high - low > TAIL:
        middle = (low + high) // 2
        found = _entry_behind(handle, middle, high)
        if found is None or found[1] >= first:
            high = middle
        else:
            low = found[0]
    return low


def _entry_behind(handle: int, start: int, end: int) -> tuple[int, int] | None:
    """Return place and number of the first whole entry that begins behind an offset, and before another one."""
    place = start
    for number, raw in enumerate(lines(handle, start)):
        if place >= end:
            break
        record = parse(raw) if number else None  # the first piece may begin in the middle of a line
        if record is not None:
            return place, record["seq"]
        place += len(raw) + 1
    return None


def last(handle: int) -> tuple[Head, list[bytes], bool]:
    """Find the last whole entry from the end.

    Returns
    -------
    tuple
        The head, the torn lines after it, and whether the file ends with a newline.
    """
    size = os.fstat(handle).st_size
    span = TAIL
    while True:
        start = max(0, size - span)
        tail = _read(handle, start, size - start)
        pieces = tail.removesuffix(b"\n").split(b"\n") if tail else []
        is_closed = not tail or tail.endswith(b"\n")
        for number in range(len(pieces) - 1, -1 if start == 0 else 0, -1):
            record = parse(pieces[number])
            if record is not None:
                return Head(record["seq"], record["hash"]), pieces[number + 1 :], is_closed
        if start == 0:
            return Head(0, GENESIS), pieces, is_closed
        span *= 8


def _read(handle: int, start: int, length: int) -> bytes:
    os.lseek(handle, start, os.SEEK_SET)
    parts = []
    while length and (part := os.read(handle, length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
