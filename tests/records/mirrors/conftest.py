"""A PostgreSQL server for all tests of a session, and a database of its own for each that asks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from blankslide.testing.own import postgresql

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
pytest.importorskip("psycopg", reason="psycopg is not installed")

_numbers = count()


@pytest.fixture(scope="session")
def server(loopback: None) -> Iterator[postgresql.Server]:
    programs = postgresql.programs()
    if programs is None:
        pytest.skip("no PostgreSQL server here, or nobody to run it as")
    with postgresql.Server(programs) as running:
        yield running


@pytest.fixture
def database(server: postgresql.Server) -> str:
    """Return the name of an empty database."""
    name = f"lab{next(_numbers)}"
    server.run(f"CREATE DATABASE {name}")
    return name
