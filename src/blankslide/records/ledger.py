"""The ledger: append-only lines of canonical JSON, each holding the hash of the one before.

An edited, inserted, removed or reordered line breaks the chain, and `Ledger.check` says where.
Cutting off the end, or rewriting everything, does not: whoever must prove that keeps the head
(`Ledger.head`) somewhere else. ``docs/ledger-format.md`` lets anybody check a ledger without us.

A crash can tear the last line. It is never truncated: the next append closes it with a newline
and names it. An entry counts only after a sync. No removed value, hash of one, or path in clear
is ever in it: entries are refused if they hold an absolute path.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem, InternalError, NoPermission, NoSpace
from blankslide.home import make_folder, sync_folder
from blankslide.records.chain import Head, Record, canonical, entries, last, lines, make_line, parse
from blankslide.records.chain_check import Checked, check
from blankslide.records.shared_file import append, lock, sync

if TYPE_CHECKING:
    from pathlib import Path

ROOM = 1 << 16
"""Bytes that must be free where the ledger lies before a slide is written: an entry takes a few thousand."""

_OPENING = b'{"entry":'
_STATE = b'"state":'
_ABSOLUTE = re.compile(
    r"""(?:^|[\s"'=(,;:\[|<>])(?:/[^/\s]|~[\\/]|\\\\[^\\\s])|\b[A-Za-z]:[\\/](?!/)|\bfile:/""", re.ASCII
)


class Ledger:
    """A ledger file.

    Parameters
    ----------
    path
        The file; made on first use.
    is_default
        Whether its folder may be made as well.
    """

    def __init__(self, path: Path, is_default: bool = False) -> None:
        self._path = path
        self.is_default = is_default

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    # -- mirrors ---------------------------------------------------------------------------

    def chain(self) -> Ledger:
        """Return the ledger without its mirror: for processes whose parent sees to the mirror."""
        return self

    def wake(self) -> None:
        """Let a mirror catch up, if there is one, in its own time."""

    def settle(self) -> str:
        """Give a mirror a moment to catch up; return what keeps it from that, or nothing."""
        return ""

    # -- writing ---------------------------------------------------------------------------

    def ready(self) -> None:
        """Prove that an entry could be written, making the file if it is not there.

        Raises
        ------
        NoPermission
            If the file cannot be opened for writing.
        NoSpace
            If there is no room for one.
        EnvironmentProblem
            If it is no ledger, or its folder is missing.
        """
        with self._writing() as handle:
            last(handle)
            _require_room(handle)

    def append(self, entry: Mapping[str, object]) -> int:
        """Append one entry and sync it.

        Parameters
        ----------
        entry
            JSON values only. ``transaction`` is the key that `contains` looks for.

        Returns
        -------
        int
            The sequence number, from 1.

        Raises
        ------
        InternalError
            If the entry is not plain JSON or holds an absolute path.
        NoPermission, NoSpace, EnvironmentProblem
            If it could not be written and synced; a torn line may be left.
        """
        plain = _plain(entry)
        with self._writing() as handle:
            head, torn, is_closed = last(handle)
            line = make_line(plain, head, torn)
            append(handle, line if is_closed else b"\n" + line)
            if head.sequence == 0:
                sync_folder(self._path.parent)
            return head.sequence + 1

    def contains(self, transaction_id: str) -> bool:
        """Whether an entry of this transaction is on stable storage.

        A line that is found is written over itself and synced: after a failed sync, a second
        one succeeds without having saved anything, unless the bytes are written again.
        """
        wanted = json.dumps(transaction_id).encode()
        if not self._path.exists():
            return False
        with self._writing() as handle:
            offset = 0
            for raw in lines(handle):
                if wanted in raw and _is_of(raw, transaction_id):
                    self._write_again(offset, raw)
                    return True
                offset += len(raw) + 1
        return False

    def has_states(self) -> bool:
        """Whether any entry might know a slide again; a quick look, for `last_with_state`."""
        if not self._path.exists():
            return False
        with self._reading() as handle:
            return any(_STATE in raw for raw in lines(handle))

    def last_with_state(self, state: str) -> Mapping[str, object] | None:
        """Return the last entry that knows a slide by this state; None if there is none."""
        if not self._path.exists():
            return None
        wanted = _STATE + json.dumps(state).encode()
        with self._reading() as handle:
            found = [raw for raw in lines(handle) if wanted in raw]
        records = (record for raw in reversed(found) if (record := parse(raw)) is not None)
        return next((record["entry"] for record in records if record["entry"].get("state") == state), None)

    def head(self) -> Head | None:
        """Return the last entry's number and hash; None if there is no entry."""
        if not self._path.exists():
            return None
        with self._reading() as handle:
            head = last(handle)[0]
        return head if head.sequence else None

    def check(self) -> list[str]:
        """Check the whole chain.

        Returns
        -------
        list of str
            One sentence for each problem; empty if the chain is whole.
        """
        return [problem.sentence for problem in self.audit().problems]

    def audit(self, anchor: Head | None = None) -> Checked:
        """Go through the whole chain; see `chain_check.check`.

        Parameters
        ----------
        anchor
            An entry whose number and hash were noted down elsewhere.
        """
        if not self._path.exists():
            return check((), anchor)
        with self._reading() as handle:
            return check(lines(handle), anchor)

    def entries(self, first: int = 1) -> Iterator[tuple[bytes, Record]]:
        """Yield the whole entries from a number on, each with its line; nothing is held in memory.

        Raises
        ------
        EnvironmentProblem
            If the file cannot be read.
        """
        if self._path.exists():
            with self._reading() as handle:
                yield from entries(handle, first)

    def all_lines(self) -> Iterator[Record | None]:
        """Yield every line as its entry, or None for one that is no whole entry.

        Raises
        ------
        EnvironmentProblem
            If the file cannot be read.
        """
        if self._path.exists():
            with self._reading() as handle:
                yield from map(parse, lines(handle))

    def _write_again(self, offset: int, raw: bytes) -> None:
        with self._path.open("r+b") as file:
            file.seek(offset)
            file.write(raw)
            file.flush()
            sync(file.fileno())

    @contextmanager
    def _reading(self) -> Iterator[int]:
        try:
            flags = (
                os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
            )  # a pipe must not hold us up
            handle = os.open(self._path, flags)
            try:
                _require_regular(handle)
                yield handle
            finally:
                os.close(handle)
        except OSError as problem:
            raise _trouble(problem) from None

    @contextmanager
    def _writing(self) -> Iterator[int]:
        """Open the file and hold its lock."""
        try:
            if self.is_default:
                make_folder(self._path.parent)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
            for name in ("O_CLOEXEC", "O_BINARY"):
                flags |= getattr(os, name, 0)
            handle = os.open(self._path, flags, 0o600)
            try:
                _require_ledger(handle)
                lock(handle, "the ledger")
                yield handle
            finally:
                os.close(handle)  # releases the lock
        except OSError as problem:
            raise _trouble(problem) from None


def _trouble(problem: OSError) -> EnvironmentProblem:
    if isinstance(problem, PermissionError) or problem.errno == errno.EROFS:
        return NoPermission("the ledger cannot be written", "check its permissions or name another one")
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace("the ledger's disk is full")
    if isinstance(problem, FileNotFoundError):
        return EnvironmentProblem("the ledger's folder does not exist", "make it, or name another with --ledger")
    return EnvironmentProblem(f"the ledger cannot be used ({errno.errorcode.get(problem.errno or 0, 'unknown error')})")


def _require_ledger(handle: int) -> None:
    """Refuse somebody's other file: a ledger begins like one, or with zeros after a power cut."""
    _require_regular(handle)
    os.lseek(handle, 0, os.SEEK_SET)
    start = os.read(handle, len(_OPENING))
    if start.strip(b"\0") and not _OPENING.startswith(start) and start != _OPENING:
        raise EnvironmentProblem("the file named as ledger holds something else", "name another one")


def _require_regular(handle: int) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise EnvironmentProblem("the ledger is not a regular file", "name another one")


def _require_room(handle: int) -> None:
    """Refuse a disk that is full, as far as the system tells how much is free; a quota shows only at the writing."""
    try:
        disk = os.fstatvfs(handle)
    except (AttributeError, OSError):  # Windows, and file systems that do not say
        return
    free = disk.f_bavail if os.geteuid() else disk.f_bfree
    if disk.f_blocks and free * disk.f_frsize < ROOM:
        raise NoSpace("the ledger's disk is full")


# -- one entry -------------------------------------------------------------------------


def _is_of(raw: bytes, transaction_id: str) -> bool:
    record = parse(raw)
    return record is not None and record["entry"].get("transaction") == transaction_id


def _plain(entry: Mapping[str, object]) -> dict[str, object]:
    """Return an entry as plain JSON, which holds no absolute path.

    Raises
    ------
    InternalError
        Without naming the value.
    """
    try:
        plain: dict[str, object] = json.loads(canonical(dict(entry)))
    except (TypeError, ValueError, RecursionError):
        raise InternalError("a ledger entry is not plain JSON") from None
    if any(looks_like_path(text) for text in _texts(plain)):
        raise InternalError("a ledger entry holds an absolute path")
    return plain


def looks_like_path(text: str) -> bool:
    """Whether a text looks as if it held an absolute path; such an entry is refused."""
    return _ABSOLUTE.search(text) is not None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _texts(key)
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
