"""A mirror's table in its database: catching up with the chain, and beginning anew.

A mirror is always a beginning of its chain: entries are added in their order, some hundred in a transaction, each
under the ledger's own number. A commit whose answer is lost is no matter: the next try asks which entry is the last,
and what is there already is passed over. Several processes may do it at once.

Whatever the database or its driver says is not passed on; it can hold addresses, names or more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain as joined
from itertools import islice
from typing import TYPE_CHECKING, Any

from blankslide.errors import EnvironmentProblem
from blankslide.records.chain import GENESIS, Head, Record
from blankslide.records.mirrors import schema
from blankslide.records.mirrors.url import APPLICATION

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from blankslide.records.ledger import Ledger
    from blankslide.records.mirrors.url import Target

CHUNK = 500
_LOCK = 0x424C4E4B
_CONNECT, _DEAD = 5, 15
_NO_TABLE = "has no table for it, and this role may not make one: run docs/sql/postgresql.sql"
_SENTENCES = (
    ("28", "refuses the user or the password"),
    ("3D", "does not exist"),
    ("42501", "does not let this role add to it"),
    ("42P01", _NO_TABLE),
    ("42703", "has a table of another version"),
    ("25006", "can only be read"),
    ("53", "has no room or no connections left"),
    ("08", "cannot be reached"),
    ("57", "was stopped"),
)
_SAID = (
    ("password", "refuses the user or the password"),
    ("authentication", "refuses the user or the password"),
    ("role ", "refuses the user or the password"),
    ("does not exist", "does not exist"),
    ("too many", "has no room or no connections left"),
)


class MirrorProblem(EnvironmentProblem):
    """The mirror cannot be used now; the chain has every entry."""


class MirrorDiffers(MirrorProblem):
    """Mirror and chain contradict each other, so nothing is added."""


class Mirror:
    """The mirror of a ledger; a context manager that closes its connections.

    Parameters
    ----------
    ledger
        The chain.
    target
        Where the mirror lies.
    """

    def __init__(self, ledger: Ledger, target: Target) -> None:
        self.ledger = ledger
        self.target = target
        self._engine: Engine | None = None

    def __enter__(self) -> Mirror:
        return self

    def __exit__(self, *error: object) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    # -- writing ---------------------------------------------------------------------------

    def catch_up(self, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Add what the mirror lacks.

        Parameters
        ----------
        goes_on
            Asked between transactions; once it is false the rest is left for later.

        Returns
        -------
        int
            How many entries were added, by us or by another process meanwhile.

        Raises
        ------
        MirrorProblem
            If it cannot be done now. What was added stays.
        EnvironmentProblem
            If the chain cannot be read, or the file of SQLite holds something else.
        """
        self.target.require_ours()
        chain = chain_id(self.ledger)
        if chain is None:
            return 0
        with self.connected() as connection:
            self._require_table(connection)
            top = self.top(connection, chain)
            connection.commit()
            count = 0
            for rows in _chunks(self._behind(chain, top)):
                if not goes_on():
                    break
                self._insert(connection, rows)
                connection.commit()
                count += len(rows)
                self._require_same(connection, chain, rows[-1])
            return count

    def rebuild(self) -> int:
        """Make this chain's rows anew, in one transaction: others see the old ones until it is done.

        Raises
        ------
        MirrorProblem
            If it cannot be done, above all by a role that may only add; then nothing was changed.
        """
        self.target.require_ours()
        chain = chain_id(self.ledger)
        with self.connected() as connection:
            self._require_table(connection)
            connection.commit()
            if self.target.kind == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            with self._unguarded(connection):
                table = schema.table()
                connection.execute(table.delete().where(table.c.chain == (chain or "")))
                count = 0
                for rows in _chunks(self._behind(chain, Head(0, GENESIS)) if chain else ()):
                    self._insert(connection, rows)
                    count += len(rows)
            connection.commit()
            return count

    def _behind(self, chain: str, top: Head) -> Iterator[dict[str, Any]]:
        """Yield the rows that follow the mirror's last one, as long as the chain holds."""
        records = self.ledger.entries(max(top.sequence, 1))
        first = next(records, None)
        if first is None:
            raise MirrorDiffers(
                f"the ledger ends before entry {top.sequence}, which its mirror has: its end was cut off",
                "run: blankslide ledger check",
            )
        if top.sequence and (first[1]["seq"], first[1]["hash"]) != top:
            raise MirrorDiffers(
                f"entry {top.sequence} is another one in the ledger and in its mirror", "run: blankslide ledger check"
            )
        for raw, record in records if top.sequence else joined([first], records):
            if (record["prev"], record["seq"]) != (top.hash, top.sequence + 1):
                raise MirrorProblem(f"the ledger is broken behind entry {top.sequence}", "run: blankslide ledger check")
            top = Head(record["seq"], record["hash"])
            yield _row(chain, raw, record, self.target.kind)

    def _insert(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        from sqlalchemy.dialects import postgresql, sqlite

        insert = sqlite.insert if self.target.kind == "sqlite" else postgresql.insert
        connection.execute(insert(schema.table()).on_conflict_do_nothing(), rows)

    def _require_same(self, connection: Connection, chain: str, row: Mapping[str, Any]) -> None:
        """Make sure that what was passed over, because it was there, is the same."""
        from sqlalchemy import select

        table = schema.table()
        found = connection.execute(
            select(table.c.hash).where(table.c.chain == chain, table.c.seq == row["seq"])
        ).scalar_one_or_none()
        connection.commit()
        if found != row["hash"]:
            raise MirrorDiffers(
                f"entry {row['seq']} is another one in the ledger and in its mirror", "run: blankslide ledger check"
            )

    # -- asking ----------------------------------------------------------------------------

    def top(self, connection: Connection, chain: str) -> Head:
        """Return the last entry of a chain that the mirror has."""
        from sqlalchemy import select

        table = schema.table()
        query = select(table.c.seq, table.c.hash).where(table.c.chain == chain).order_by(table.c.seq.desc()).limit(1)
        row = connection.execute(query).first()
        return Head(0, GENESIS) if row is None else Head(row.seq, row.hash)

    def rows(self, connection: Connection, chain: str) -> Iterator[dict[str, Any]]:
        """Yield a chain's rows in their order; they are not held in memory."""
        from sqlalchemy import select

        table = schema.table()
        query = select(table).where(table.c.chain == chain).order_by(table.c.seq)
        for row in connection.execution_options(yield_per=CHUNK).execute(query).mappings():
            yield dict(row)

    def chains(self, connection: Connection) -> list[str]:
        """Return all chains that the mirror knows: those of other machines, too."""
        from sqlalchemy import select

        column = schema.table().c.chain
        return list(connection.execute(select(column).distinct().order_by(column)).scalars())

    def has_table(self, connection: Connection) -> bool:
        """Whether the table is there."""
        from sqlalchemy import inspect

        return inspect(connection).has_table(schema.NAME)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Connect, and turn what goes wrong into a sentence of ours.

        Raises
        ------
        MirrorProblem
            If the database cannot be reached or refuses.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if self._engine is None:
                self._engine = _engine(self.target)
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _problem(error, self.target) from None
        except OSError:
            raise MirrorProblem("the mirror's file cannot be made or opened") from None

    # -- the table -------------------------------------------------------------------------

    def _require_table(self, connection: Connection) -> None:
        """Make the table if it is not there; one process does, and others wait for it."""
        if self.has_table(connection):
            return
        connection.rollback()
        if self.target.kind == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        if not self.has_table(connection):
            from sqlalchemy.exc import ProgrammingError

            try:
                for statement in schema.statements(self.target.kind):
                    connection.exec_driver_sql(statement)
            except ProgrammingError:  # it may add to tables, and make none
                raise MirrorProblem(f"the database {_NO_TABLE}") from None
        connection.commit()

    @contextmanager
    def _unguarded(self, connection: Connection) -> Iterator[None]:
        """Put the triggers aside that keep rows as they are; a role that may only add cannot do that."""
        if self.target.kind == "postgresql":
            switch = f"ALTER TABLE {schema.NAME} {{}} TRIGGER {schema.NAME}_stays"
            connection.exec_driver_sql(switch.format("DISABLE"))
            yield
            connection.exec_driver_sql(switch.format("ENABLE"))
            return
        triggers = [each for each in schema.statements("sqlite") if each.startswith("CREATE TRIGGER")]
        for each in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {each.split()[2]}")
        yield
        for each in triggers:
            connection.exec_driver_sql(each)


def chain_id(ledger: Ledger) -> str | None:
    """Return what names a chain in a mirror: the hash of its first entry; None if it has none yet.

    Raises
    ------
    MirrorProblem
        If the first entry is missing or was edited.
    """
    first = next(ledger.entries(), None)
    if first is None:
        return None
    if first[1]["seq"] != 1 or first[1]["prev"] != GENESIS:
        raise MirrorProblem("the ledger is broken at entry 1", "run: blankslide ledger check")
    own: str = first[1]["hash"]
    return own


def _row(chain: str, raw: bytes, record: Record, kind: str) -> dict[str, Any]:
    try:
        return schema.row_of(chain, raw, record, kind)
    except ValueError:
        raise MirrorProblem(f"entry {record['seq']} of the ledger has no time") from None


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _engine(target: Target) -> Engine:
    from sqlalchemy import URL, create_engine

    if target.file is not None:
        with suppress(FileExistsError):  # for its owner alone, like the ledger
            os.close(os.open(target.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        url = URL.create("sqlite", database=str(target.file))
        return create_engine(url, hide_parameters=True, connect_args={"timeout": 10})
    return create_engine(
        target.url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=1,
        max_overflow=0,
        connect_args={"connect_timeout": _CONNECT, "tcp_user_timeout": 1000 * _DEAD, "application_name": "blankslide"}
        | {"keepalives_idle": _DEAD, "prepare_threshold": None},
    )


def _problem(error: Exception, target: Target) -> MirrorProblem:
    """Say in our own words what a database has said; its own are not repeated."""
    origin = getattr(error, "orig", None)
    state = getattr(origin, "sqlstate", None) or ""
    known = next((words for code, words in _SENTENCES if state.startswith(code)), "")
    if not known and target.kind == "sqlite":
        name = getattr(origin, "sqlite_errorname", "")
        known = f"cannot be used ({name.removeprefix('SQLITE_').lower() or 'unknown error'})"
    elif not known and not state:
        said = str(origin)  # looked into, never repeated: a connection that fails has no state
        known = next((words for part, words in _SAID if part in said), "")
    if not known:
        known = f"cannot be used (SQLSTATE {state})" if state else "cannot be reached"
    return MirrorProblem(f"the database {known}")
