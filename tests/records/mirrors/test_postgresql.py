"""A mirror in PostgreSQL loses nothing and doubles nothing, whatever becomes of connections and server."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blankslide.errors import EnvironmentProblem
from blankslide.records.ledger import Ledger
from blankslide.records.mirrors import database as module
from blankslide.records.mirrors import schema
from blankslide.records.mirrors.comparing import State, compare
from blankslide.records.mirrors.database import Mirror, MirrorDiffers, MirrorProblem
from blankslide.records.mirrors.keeper import Keeper
from blankslide.records.mirrors.url import Target
from blankslide.testing import built
from blankslide.testing.own.chains import entry, write_chain
from blankslide.testing.own.pages import snippets, words_of
from blankslide.testing.own.postgresql import PASSWORD, Proxy, Server

ROOT = Path(module.__file__).parents[4]
DOCUMENT = ROOT / "docs" / "sql" / "postgresql.sql"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return write_chain(tmp_path / "l.jsonl", 60)


@pytest.fixture
def target(server: Server, database: str) -> Target:
    return Target.parse(server.url(database))


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a transaction have seven entries, so that there is much between which can be cut."""
    monkeypatch.setattr(module, "CHUNK", 7)


def state(ledger: Ledger, target: Target) -> State:
    with Mirror(ledger, target) as mirror:
        return compare(mirror, others=True)


def is_whole(ledger: Ledger, target: Target, server: Server, database: str) -> bool:
    """Whether mirror and chain are the same, by our own comparison and by counting in the database."""
    found = state(ledger, target)
    head = ledger.head()
    newest = "(SELECT hash FROM blankslide_ledger ORDER BY seq DESC LIMIT 1)"
    counts = f"SELECT count(*), count(DISTINCT hash), max(seq), {newest} FROM blankslide_ledger"  # noqa: S608
    rows = server.run(counts, database=database)
    assert head is not None
    return not found.behind and not found.problems and rows == [(head.sequence,) * 3 + (head.hash,)]


# -- cut and stopped -------------------------------------------------------------------


@pytest.mark.usefixtures("small_steps")
def test_a_connection_that_is_cut_twice_loses_and_doubles_nothing(
    ledger: Ledger, target: Target, server: Server, database: str
) -> None:
    cuts, steps = iter((2, 3)), 0
    until = next(cuts)

    def cut() -> bool:
        nonlocal steps
        steps += 1
        if steps == until:
            assert server.cut() >= 1
        return True

    with Mirror(ledger, target) as mirror:
        for number in range(2):
            with pytest.raises(MirrorProblem) as caught:
                mirror.catch_up(cut)
            assert caught.value.message in ("the database was stopped", "the database cannot be reached")
            steps, until = 0, next(cuts, 0)
            assert 0 < state(ledger, target).behind < 60, number
        mirror.catch_up()
    assert is_whole(ledger, target, server, database)


@pytest.mark.usefixtures("small_steps")
def test_cut_by_the_network_at_any_answer_it_is_whole_in_the_end(ledger: Ledger, server: Server, database: str) -> None:
    """Among the answers that are lost are those of commits: nobody knows then whether they were done."""
    with Proxy(server.port) as proxy:
        target = Target.parse(server.url(database, port=proxy.port))
        cut = 0
        for answers in (600, 1000, 1500, 1700, 1900, 2100, 2200, 2300):
            proxy.cut_after(answers)
            with Mirror(ledger, target) as mirror:
                try:
                    mirror.catch_up()
                except MirrorProblem:
                    cut += 1
        proxy.cut_after(1 << 30)
        with Mirror(ledger, target) as mirror:
            mirror.catch_up()
        assert cut >= 4
        assert is_whole(ledger, target, server, database)


def test_a_commit_whose_answer_is_lost_is_not_done_twice(
    ledger: Ledger, target: Target, server: Server, database: str
) -> None:
    with Mirror(ledger, target) as mirror:
        mirror.catch_up()
        with mirror.connected() as connection:
            rows = list(mirror._behind(str(module.chain_id(ledger)), module.Head(0, module.GENESIS)))
            mirror._insert(connection, rows)  # as a process does that does not know of the other's commit
            connection.commit()
    assert is_whole(ledger, target, server, database)


def test_a_server_that_is_stopped_for_a_while_is_caught_up_with(
    tmp_path: Path, target: Target, server: Server, database: str
) -> None:
    """Slides go on meanwhile, at their own speed; the end of the run says so once."""
    ledger = Ledger(tmp_path / "l.jsonl")
    keeper = Keeper(ledger, target)

    def append(count: int) -> None:
        for _ in range(count):
            head = ledger.head()
            ledger.append(entry(head.sequence + 1 if head else 1))
            keeper.wake()

    append(3)
    assert keeper.settle() == ""
    server.stop()
    try:
        start = time.monotonic()
        append(5)
        assert time.monotonic() - start < 2, "no slide waits for a mirror"
        said = keeper.settle()
        assert "PostgreSQL is behind: the database" in said
        assert "the ledger itself is complete" in said
    finally:
        server.start()
    assert state(ledger, target).behind == 5
    append(2)
    assert keeper.settle() == ""
    assert is_whole(ledger, target, server, database)


CATCH_UP = """
import sys
from pathlib import Path
from blankslide.records.ledger import Ledger
from blankslide.records.mirrors import database
from blankslide.records.mirrors.url import Target
database.CHUNK = 5
with database.Mirror(Ledger(Path(sys.argv[1])), Target.parse(sys.argv[2])) as mirror:
    mirror.catch_up()
"""


def test_two_processes_mirror_one_chain_at_once(tmp_path: Path, server: Server, database: str) -> None:
    """They even make the table at once."""
    ledger = write_chain(tmp_path / "l.jsonl", 400)
    command = [sys.executable, "-c", CATCH_UP, str(ledger.path), server.url(database)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = [subprocess.Popen(command, env=env) for _ in range(2)]
    assert [each.wait(60) for each in running] == [0, 0]
    assert is_whole(ledger, Target.parse(server.url(database)), server, database)


# -- what else may be there ------------------------------------------------------------


def test_chains_of_several_machines_share_a_database(tmp_path: Path, target: Target) -> None:
    ledgers = [write_chain(tmp_path / f"{name}.jsonl", 5, {"requester": name}) for name in "ab"]
    for ledger in ledgers:
        with Mirror(ledger, target) as mirror:
            assert mirror.catch_up() == 5
    found = state(ledgers[0], target)
    assert (found.count, found.problems) == (5, [])
    assert [checked.entries for checked in found.others.values()] == [5]


def test_another_entry_in_the_database_is_told_and_nothing_is_added(
    tmp_path: Path, ledger: Ledger, target: Target, server: Server, database: str
) -> None:
    with Mirror(ledger, target) as mirror:
        mirror.catch_up()
        server.run(
            "ALTER TABLE blankslide_ledger DISABLE TRIGGER ALL",
            "UPDATE blankslide_ledger SET hash = repeat('0', 64), stain = 'x' WHERE seq = 60",
            "UPDATE blankslide_ledger SET requester = 'somebody else' WHERE seq = 7",
            "DELETE FROM blankslide_ledger WHERE seq IN (20, 21)",
            database=database,
        )
        write_chain(ledger.path, 1)
        with pytest.raises(MirrorDiffers, match="entry 60 is another one"):
            mirror.catch_up()
        assert compare(mirror).problems == [
            "the mirror lacks entries 20 to 21",
            "the mirror has entries 7, 60 otherwise than the ledger",
        ]
        assert mirror.rebuild() == 61
    assert is_whole(ledger, target, server, database)


def test_a_row_that_was_there_first_and_is_another_is_told(
    ledger: Ledger, target: Target, server: Server, database: str
) -> None:
    """What is passed over because it is there must be the same: a row slipped in while we look."""

    def slip_in() -> bool:
        columns = [column.name for column in schema.table().columns]
        values = [{"seq": "60", "hash": "'f'", "time": "now()", "chain": "chain"}.get(name, name) for name in columns]
        forged = f"INSERT INTO blankslide_ledger ({', '.join(columns)}) SELECT {', '.join(values)}"
        server.run(f"{forged} FROM blankslide_ledger LIMIT 1", database=database)
        return True

    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(b"".join(whole.splitlines(keepends=True)[:59]))
    with Mirror(ledger, target) as mirror:
        mirror.catch_up()
        ledger.path.write_bytes(whole)
        with pytest.raises(MirrorDiffers, match="entry 60 is another one"):
            mirror.catch_up(slip_in)


def test_the_lines_of_a_mirror_are_the_ledger(ledger: Ledger, target: Target, server: Server, database: str) -> None:
    with Mirror(ledger, target) as mirror:
        mirror.catch_up()
    rows = server.run("SELECT line FROM blankslide_ledger ORDER BY seq", database=database)
    assert "".join(f"{line}\n" for (line,) in rows).encode() == ledger.path.read_bytes()


def test_a_chain_whose_end_was_cut_off_shows_in_its_mirror(ledger: Ledger, target: Target) -> None:
    with Mirror(ledger, target) as mirror:
        mirror.catch_up()
        whole = ledger.path.read_bytes().splitlines(keepends=True)
        ledger.path.write_bytes(b"".join(whole[:57]))
        assert ledger.check() == [], "the chain alone cannot know"
        assert compare(mirror).problems == [
            "the mirror has entries 58 to 60, which the ledger has not: its end was cut off"
        ]
        with pytest.raises(MirrorDiffers, match="its end was cut off"):
            mirror.catch_up()


def test_a_broken_chain_is_mirrored_up_to_there(ledger: Ledger, target: Target) -> None:
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(b"".join(lines[:40] + lines[41:]))
    with Mirror(ledger, target) as mirror, pytest.raises(MirrorProblem, match="broken behind entry 40"):
        mirror.catch_up()


# -- roles and secrets -----------------------------------------------------------------


def test_the_shown_file_makes_the_table_and_a_role_that_may_only_add(
    ledger: Ledger, server: Server, database: str
) -> None:
    shown = DOCUMENT.read_text("utf-8")
    for statement in schema.statements("postgresql"):
        assert statement in shown, "docs/sql/postgresql.sql shows what the tool makes"
    server.run(shown.replace("'CHANGE THIS'", "'add-only-word'"), database=database)
    target = Target.parse(server.url(database, user="blankslide", password="add-only-word"))
    try:
        with Mirror(ledger, target) as mirror:
            assert mirror.catch_up() == 60
            with pytest.raises(MirrorProblem, match="does not let this role"):
                mirror.rebuild()
            for statement in ("UPDATE {} SET stain = 'x'", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"):
                with pytest.raises(MirrorProblem), mirror.connected() as connection:
                    connection.exec_driver_sql(statement.format(schema.NAME))
            assert not compare(mirror).problems
    finally:
        server.run("DROP OWNED BY blankslide", "DROP ROLE blankslide", database=database)


@pytest.mark.parametrize("statement", ["UPDATE {} SET stain = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_not_even_the_owner_changes_a_row_by_mistake(
    ledger: Ledger, target: Target, server: Server, database: str, statement: str
) -> None:
    import psycopg

    with Mirror(ledger, target) as mirror:
        mirror.catch_up()
    with pytest.raises(psycopg.Error, match="only ever added to"):
        server.run(statement.format(schema.NAME), database=database)
    assert is_whole(ledger, target, server, database)


def test_a_role_without_a_table_is_told_what_to_run(ledger: Ledger, server: Server, database: str) -> None:
    server.run("CREATE ROLE guest LOGIN PASSWORD 'guest-word'")
    try:
        target = Target.parse(server.url(database, user="guest", password="guest-word"))
        with Mirror(ledger, target) as mirror, pytest.raises(MirrorProblem) as caught:
            mirror.catch_up()
        assert "docs/sql/postgresql.sql" in caught.value.sentence()
    finally:
        server.run("DROP ROLE guest")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong-" + PASSWORD}, "refuses the user or the password"),
        ({"database": "nowhere"}, "does not exist"),
        ({"port": 1}, "cannot be reached"),
    ],
)
def test_what_goes_wrong_is_one_sentence_without_password_or_address(
    ledger: Ledger, server: Server, change: dict[str, object], words: str
) -> None:
    target = Target.parse(server.url(**({"database": "postgres"} | change)))  # type: ignore[arg-type]
    with Mirror(ledger, target) as mirror, pytest.raises(EnvironmentProblem) as caught:
        mirror.catch_up()
    assert words in caught.value.message
    for text in (caught.value.sentence(), repr(caught.value), repr(target), str(target), repr(mirror)):
        assert PASSWORD not in text
        assert "127.0.0.1" not in text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_passwords_come_from_libpq(
    ledger: Ledger, server: Server, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://postgres@127.0.0.1:{server.port}/{database}"
    secret, service = tmp_path / "pgpass", tmp_path / "services"
    secret.write_text(f"127.0.0.1:*:*:postgres:{PASSWORD}\n")
    secret.chmod(0o600)
    service.write_text(f"[lab]\nhost=127.0.0.1\nport={server.port}\nuser=postgres\ndbname={database}\n")
    for name, value, each in (
        ("PGPASSWORD", PASSWORD, url),
        ("PGPASSFILE", str(secret), url),
        ("PGSERVICEFILE", str(service), "postgresql:///?service=lab"),
    ):
        monkeypatch.setenv(name, value)
        with Mirror(ledger, Target.parse(each)) as mirror:
            mirror.catch_up()
            assert not compare(mirror).behind
        if name == "PGPASSWORD":
            monkeypatch.delenv(name)


# -- what the page shows -----------------------------------------------------------------


def test_what_the_page_says_of_databases_works(
    server: Server, database: str, tmp_path: Path, run_here: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = list(snippets((ROOT / "docs" / "ledger.md").read_text("utf-8")))
    put = {"postgresql://blankslide@db.example.org/lab": server.url(database), "/data/": f"{tmp_path}/"}
    commands = [each.text for each in shown if each.kind == "command" and "postgresql:" in each.text]
    assert len(commands) == 3
    for command in commands:
        built.aperio(Path("SLIDE"), size=(512, 384), factors=(1, 2))
        for said, here in put.items():
            command = command.replace(said, here)
        ended = run_here(*words_of(command)[1])
        assert ended.code == 0, (command, ended.text)

    (question,) = (each.text for each in shown if each.kind == "sql")
    rows = server.run(question, database=database)
    assert [(row[2], row[3]) for row in rows] == [(2, 0)]

    (line,) = (each.text for each in shown if each.text.startswith("psql "))
    words = shlex.split(line)
    asked = words[words.index("-c") + 1]
    chains = server.run("SELECT chain FROM blankslide_ledger", database=database)
    lines = server.run(asked.replace("…", str(chains[0][0])), database=database)
    (tmp_path / words[-1]).write_text("".join(f"{row[0]}\n" for row in lines))
    assert run_here("ledger", "check", "--ledger", words[-1]).code == 0
    assert len(lines) == 1  # two ledgers, one of them named, each with its own chain
