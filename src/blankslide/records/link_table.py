"""The link table: what a slide was called and what it is called now, sealed with the site's key.

It is the only place where an old name may stand, and lies apart from everything that is passed on. Its first line
names the kind of file, and holds a salt and a check of the key; each further line is one sealed record. So a record
can be added without reading the others, and a line that a crash has torn spoils none but itself. Each record holds a
hash of the lines before it, back to the last whole one: what was removed, moved or edited is noticed, but not what was
cut off at the end. ``docs/link-table.md`` lets anybody read a table without us.

A record is written before the name is given, so that no name is ever without one; what then failed leaves a record
of a name that nothing has.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.home import make_folder, make_private_file, user_folder
from blankslide.records import private_file, shared_file
from blankslide.records.key_box import LONGEST_HEADER, KeyBox, OtherKeyError, derived

MAGIC = "blankslide link table 1"
_STEP = 128
_TAIL = 1 << 16
_WHAT = "the link table"


class Link(NamedTuple):
    """One slide that got another name.

    Attributes
    ----------
    old
        Its path below what was named on the command line, or its name alone; ``/`` between folders.
    new
        The same of the renamed slide or of the copy, below the target folder.
    slide
        The pseudonym that the ledger knows it by.
    transaction
        Of the run, as in the ledger.
    time
        When, in UTC; filled in when it is written.
    """

    old: str
    new: str
    slide: str = ""
    transaction: str = ""
    time: str = ""

    def __repr__(self) -> str:
        return f"<Link of {self.slide}>"


class Contents(NamedTuple):
    """What stands in a table: its links, oldest first, and a sentence for each thing that is wrong with it."""

    links: list[Link]
    problems: list[str]


def own_table(key: bytes) -> Path:
    """Return where this user's link table for a key is, or will be: each key has one.

    Raises
    ------
    EnvironmentProblem
        If this user has no home and nothing else is set.
    """
    try:
        folder = user_folder("state")
    except EnvironmentProblem:
        raise EnvironmentProblem(
            f"this user has no home folder for {_WHAT}",
            "set HOME or XDG_STATE_HOME, or say --link-table FILE, or --link-table none to keep no old name",
        ) from None
    return folder / "links" / f"{_derived(key, b'', b'name', 8).hex()}.links"


def read(path: Path | None, key: bytes) -> list[Link]:
    """Return all links of a table, oldest first, each once.

    Parameters
    ----------
    path
        The table; None for the user's own one for this key.
    key
        The site's key that it was made under.

    Raises
    ------
    NoPermission, EnvironmentProblem
        If it is missing, cannot be read, is no table, or was made under another key.
    """
    return examine(path, key).links


def examine(path: Path | None, key: bytes) -> Contents:
    """As `read`, and say what is wrong with the table."""
    with private_file.told(_WHAT):
        if path is None and not own_table(key).exists():
            raise EnvironmentProblem(f"{_WHAT} of this key does not exist: no slide has got another name under it")
    path = path or own_table(key)
    with private_file.reading(path, _WHAT) as handle:
        data = private_file.read_at(handle, 0, os.fstat(handle).st_size)
    seal = _Seal.of(data[:LONGEST_HEADER], key)
    links: dict[tuple[str, str, str], Link] = {}
    problems: list[str] = []
    start, at, torn = 0, len(seal.header), 0
    for number, raw in enumerate(data[at:].split(b"\n"), 2):
        found = seal.opened(raw)
        if found is None:
            torn += bool(raw)
        else:
            before, link = found
            if before != _hash(data[start:at]):
                problems.append(f"line {number} does not follow the one before: lines were removed, moved or edited")
            start = at
            links.pop(link[:3], None)  # a run that was begun again writes the same link once more
            links[link[:3]] = link
        at += len(raw) + 1
    if torn:
        problems.append(f"{torn} line{'s' if torn != 1 else ''} cannot be read: torn by a crash, or edited")
    return Contents([*links.values()], problems)


class LinkTable:
    """A link table to be written to.

    Parameters
    ----------
    path
        The file; None for the user's own one for the key.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path

    def keep_apart(self, slides: Iterable[str | Path], out: str | Path | None = None) -> None:
        """Refuse a table that would be passed on with slides; the user's own is out of the way.

        Parameters
        ----------
        slides
            Slides and folders of the run.
        out
            Where copies go.

        Raises
        ------
        UsageError
            If it stands in one of the folders, or beside one of the slides.
        """
        if self.path is None:
            return
        home = os.path.realpath(self.path.absolute().parent)
        folders = [(each, "slides") for each in slides] + ([(out, "copies")] if out is not None else [])
        for each, what in folders:
            inside = os.path.realpath(each)
            if home == os.path.dirname(inside) and os.path.isfile(inside):
                inside = home
            if os.path.join(home, "").startswith(os.path.join(inside, "")):
                raise UsageError(f"{_WHAT} would stand among the {what}", "keep it in another folder")

    def ready(self, key: bytes) -> None:
        """Prove that a link could be written, making the file if it is not there.

        Raises
        ------
        NoPermission, EnvironmentProblem
            If it cannot be written, is something else, or was made under another key.
        """
        with self._writing(key):
            pass

    def append(self, link: Link, key: bytes) -> None:
        """Write a link, durably.

        Raises
        ------
        NoPermission, NoSpace, EnvironmentProblem
            If it could not be written and synced; a torn line may be left.
        """
        with self._writing(key) as handle:
            seal = _Seal.of(private_file.read_at(handle, 0, LONGEST_HEADER), key)
            since = _since_last(handle, seal)
            closing = b"" if since.endswith(b"\n") else b"\n"
            now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            line = seal.closed(link._replace(time=now), _hash(since + closing))
            shared_file.append(handle, closing + line + b"\n")

    @contextmanager
    def _writing(self, key: bytes) -> Iterator[int]:
        path = self.path or own_table(key)
        with private_file.told(_WHAT):
            if self.path is None:
                make_folder(path.parent)
            if not path.exists():
                make_private_file(path, _Seal.new(key).header)
        with private_file.writing(path, _WHAT) as handle:
            _Seal.of(private_file.read_at(handle, 0, LONGEST_HEADER), key)
            yield handle


def open_links(asked: str | Path | None) -> LinkTable | None:
    """Return the table that a person asked for: their own by default, ``none`` for none; nothing is made yet.

    Raises
    ------
    UsageError
        If the file's name does not end in ``.links``: no slide, ledger or report is taken for one.
    """
    if asked is None:
        return LinkTable()
    if str(asked) == "none":
        return None
    if Path(asked).suffix.lower() != ".links":
        raise UsageError(f"the name of {_WHAT} must end in .links", "or say none, to keep no old name")
    return LinkTable(Path(asked))


# -- the seal ----------------------------------------------------------------------------


class _Seal:
    """Closes and opens the lines of one table."""

    def __init__(self, box: KeyBox) -> None:
        self.header = box.header
        self._box = box

    @classmethod
    def new(cls, key: bytes) -> _Seal:
        """Begin a table."""
        with _told_of_links():
            return cls(KeyBox.new(MAGIC, key))

    @classmethod
    def of(cls, start: bytes, key: bytes) -> _Seal:
        """Read the first line of a table.

        Raises
        ------
        EnvironmentProblem
            If it is none, or was made under another key.
        """
        try:
            with _told_of_links():
                box = KeyBox.of(MAGIC, start, key)
        except OtherKeyError:
            raise EnvironmentProblem(
                f"{_WHAT} was made under another key", "name its key with --key, or another table with --link-table"
            ) from None
        if box is None:
            raise EnvironmentProblem("the file named as link table holds something else", "name another one")
        return cls(box)

    def closed(self, link: Link, before: str) -> bytes:
        """Return a link as a line; its length tells little of the names'."""
        text = json.dumps({"before": before} | link._asdict(), separators=(",", ":")).encode()
        return b64encode(self._box.closed(text + b" " * (-len(text) % _STEP)))

    def opened(self, raw: bytes) -> tuple[str, Link] | None:
        """Open a line; None if it is not whole, or not ours."""
        try:
            text = self._box.opened(b64decode(raw, validate=True))
            if text is None:
                return None
            data = json.loads(text)
            return data.pop("before"), Link(**data)
        except (NoBase64, ValueError, TypeError, KeyError, AttributeError):
            return None


@contextmanager
def _told_of_links() -> Iterator[None]:
    """Say what a link table needs, where the package for it is not there."""
    try:
        yield
    except EnvironmentProblem:
        raise EnvironmentProblem(
            f"{_WHAT} needs the package cryptography", "install it, or say --link-table none to keep no old name"
        ) from None


def _derived(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    with _told_of_links():
        return derived(key, salt, info, length)


def _hash(lines: bytes) -> str:
    return sha256(lines).hexdigest()


def _since_last(handle: int, seal: _Seal) -> bytes:
    """Return the last whole line and all behind it; the whole file if no line of it is whole."""
    size = os.fstat(handle).st_size
    span = _TAIL
    while True:
        start = max(0, size - span)
        tail = private_file.read_at(handle, start, size - start)
        end = len(tail)
        while (at := tail.rfind(b"\n", 0, max(0, end - 1)) + 1) > 0:
            if seal.opened(tail[at:].partition(b"\n")[0]) is not None:
                return tail[at:]
            end = at
        if start == 0:
            return tail
        span *= 8
