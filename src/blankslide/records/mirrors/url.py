"""Where a mirror lies: an SQLite file or a PostgreSQL database, by URL.

A URL can hold a password, so nothing here repeats one, whole or in part: a URL that is wrong has its password in
any part. Better it holds none: libpq takes ``PGPASSFILE``, ``PGPASSWORD`` and a service's file by itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from blankslide.errors import EnvironmentProblem, UsageError

APPLICATION = int.from_bytes(b"BSLG")
"""Marks an SQLite file as ours, in its header."""
_HEADER, _ID_AT = b"SQLite format 3\0", 68
_SPECIAL = "write %40 for @, %2F for / and %3A for : inside of a password, or leave it to PGPASSFILE"
_FILES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True, slots=True)
class Target:
    """A database that mirrors a ledger.

    Attributes
    ----------
    kind
        ``sqlite`` or ``postgresql``.
    file
        Of SQLite, an absolute path.
    url
        Of PostgreSQL.
    """

    kind: Literal["sqlite", "postgresql"]
    file: Path | None = field(default=None, repr=False)
    url: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Target:
        """Understand a URL; nothing is opened.

        Raises
        ------
        UsageError
            If it makes no sense, or what the database needs is not installed. It is not repeated.
        """
        scheme, _, rest = text.partition(":")
        kind = scheme.partition("+")[0]
        if kind not in ("sqlite", "postgresql", "postgres"):
            raise UsageError("this is no database for a mirror", "use sqlite:///FILE or postgresql://...")
        _require("sqlalchemy", "a database as mirror")
        if kind == "sqlite":
            return cls("sqlite", file=_file(rest))
        _require("psycopg", "PostgreSQL as mirror")
        return cls("postgresql", url=_postgresql(rest))

    @classmethod
    def named(cls, text: str) -> Target:
        """As `parse`, and understand the name of an SQLite file, too."""
        is_file = text.endswith(_FILES) and not text.startswith(("sqlite:", "postgres"))
        return cls.parse(f"sqlite:///{text}" if is_file else text)

    @property
    def words(self) -> str:
        """What it is called in sentences: by kind alone, as a host's name can be the rest of a password."""
        return "SQLite" if self.kind == "sqlite" else "PostgreSQL"

    def without_password(self) -> Target:
        """Return the same for another machine, which has a password of its own."""
        if self.kind == "sqlite":
            return self
        from sqlalchemy import make_url

        url = make_url(self.url)._replace(password=None)  # `set` takes None for "as it is"
        url = url.difference_update_query(["password", "passfile", "sslpassword"])
        return replace(self, url=url.render_as_string(hide_password=False))

    def require_ours(self) -> None:
        """Refuse to make a mirror of a file that is something else: some slides are SQLite files, too.

        Raises
        ------
        EnvironmentProblem
            If so. A file that is missing, empty or cannot be read now is no reason.
        """
        if self.file is None:
            return
        try:
            with self.file.open("rb") as file:
                start = file.read(_ID_AT + 4)
        except OSError:
            return
        if start and (start[: len(_HEADER)] != _HEADER or int.from_bytes(start[_ID_AT:]) != APPLICATION):
            raise EnvironmentProblem("the file named as the ledger's mirror holds something else", "name another one")


def _require(module: str, what: str) -> None:
    if find_spec(module) is None:
        raise UsageError(f"{what} needs a package that is not installed", "pip install blankslide[database]")


def _file(rest: str) -> Path:
    """Return the file of ``///FILE``; it does not change with the working folder from here on."""
    if not rest.startswith("///") or not rest.strip("/") or rest.endswith("/") or rest == "///:memory:":
        raise UsageError(
            "the URL names no SQLite file", "write sqlite:///FILE, with three slashes, four if it begins by /"
        )
    return Path(os.path.abspath(rest[3:]))


def _postgresql(rest: str) -> str:
    """Return the URL for SQLAlchemy if all its parts are plausible."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(f"postgresql+psycopg:{rest}")
        parts = f"{url.host}/{url.database}"
    except (ArgumentError, ValueError):
        raise UsageError("the database's URL cannot be understood", _SPECIAL) from None
    if not rest.startswith("//") or "@" in parts:  # it is cut in the middle of a password
        raise UsageError("the database's URL cannot be understood", _SPECIAL)
    return url.render_as_string(hide_password=False)
