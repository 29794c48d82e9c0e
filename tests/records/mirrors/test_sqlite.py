"""A mirror in SQLite: the same as the chain, in a file that is nothing else, and never in a slide's way."""

from __future__ import annotations

import os
import pickle
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem
from blankslide.records.ledger import Ledger
from blankslide.records.mirrors import keeper as keeping
from blankslide.records.mirrors.comparing import compare
from blankslide.records.mirrors.database import Mirror, MirrorProblem
from blankslide.records.mirrors.keeper import Keeper
from blankslide.records.mirrors.mirrored import Mirrored
from blankslide.records.mirrors.url import APPLICATION, Target
from blankslide.records.opening import open_ledger
from blankslide.testing.own.chains import entry, write_chain

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mirror.db"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return write_chain(tmp_path / "l.jsonl", 20, {"output": "STUDY-1.svs", "kept": {"block": "A1", "stain": "HE"}})


@pytest.fixture
def mirror(ledger: Ledger, file: Path) -> Mirror:
    return Mirror(ledger, Target("sqlite", file=file))


def run(file: Path, *statements: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        connection.commit()
    return rows


def unguarded(file: Path, statement: str) -> None:
    """Change rows as somebody does who takes the triggers away first."""
    names = [row[0] for row in run(file, "SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    assert len(names) == 2
    run(file, *(f"DROP TRIGGER {name}" for name in names), statement)


def test_a_row_has_what_the_entry_has(mirror: Mirror, file: Path) -> None:
    with mirror:
        assert mirror.catch_up() == 20
        assert mirror.catch_up() == 0
    columns = "seq, output, block, stain, requester, judges, removed, content, tool"
    row = run(file, f"SELECT {columns} FROM blankslide_ledger ORDER BY seq LIMIT 1")[0]  # noqa: S608
    assert row == (1, "STUDY-1.svs", "A1", "HE", None, "OpenSlide, tifffile", 3, "clean", "0.1.0")
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0
    assert run(file, "PRAGMA application_id") == [(APPLICATION,)]


@pytest.mark.parametrize("statement", ["UPDATE blankslide_ledger SET stain = 'x'", "DELETE FROM blankslide_ledger"])
def test_rows_are_only_ever_added(mirror: Mirror, file: Path, statement: str) -> None:
    with mirror:
        mirror.catch_up()
        with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
            run(file, statement)
        assert compare(mirror).problems == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE blankslide_ledger SET requester = 'x' WHERE seq = 5", "has entry 5 otherwise than the ledger"),
        ("UPDATE blankslide_ledger SET line = line || ' ' WHERE seq = 6", "has entry 6 otherwise"),
        ("UPDATE blankslide_ledger SET seq = 70 WHERE seq = 20", "has entry 70, which the ledger has not"),
        ("DELETE FROM blankslide_ledger WHERE seq < 3", "lacks entries 1 to 2"),
    ],
)
def test_a_changed_row_is_found_and_made_anew(mirror: Mirror, file: Path, statement: str, problem: str) -> None:
    with mirror:
        mirror.catch_up()
        unguarded(file, statement)
        assert problem in " ".join(compare(mirror).problems)
        assert mirror.rebuild() == 20
        assert compare(mirror).problems == []
        with pytest.raises(sqlite3.IntegrityError):
            run(file, "DELETE FROM blankslide_ledger")


def test_a_mirror_is_checked_by_itself_where_its_chain_is_elsewhere(mirror: Mirror, file: Path, tmp_path: Path) -> None:
    with mirror:
        mirror.catch_up()
    mine = write_chain(tmp_path / "mine.jsonl", 2)
    with Mirror(mine, Target("sqlite", file=file)) as other:
        other.catch_up()
        assert not compare(other, others=True).problems
        unguarded(file, "UPDATE blankslide_ledger SET content = 'clear' WHERE seq = 9")
        (problem,) = compare(other, others=True).problems
        assert "entry 9 was edited" in problem
        assert not compare(other).problems, "they are asked about only if a person wants it"


def test_rebuilding_leaves_other_chains_alone(mirror: Mirror, file: Path, tmp_path: Path) -> None:
    mine = write_chain(tmp_path / "mine.jsonl", 2)
    with mirror, Mirror(mine, Target("sqlite", file=file)) as other:
        mirror.catch_up()
        other.catch_up()
        assert other.rebuild() == 2
        assert compare(mirror).count == 20


def test_a_file_that_is_something_else_is_never_written_to(tmp_path: Path, ledger: Ledger) -> None:
    """Some slides are SQLite files: a slip of the pen must not put a table into one."""
    slide, text = tmp_path / "slide.svslide", tmp_path / "notes.db"
    run(slide, "CREATE TABLE Tiles (id)")
    text.write_text("mine")
    for each in (slide, text):
        before = each.read_bytes()
        own = open_ledger(f"{ledger.path},sqlite:///{each}")
        assert own is not None
        with pytest.raises(EnvironmentProblem, match="holds something else"):
            own.ready()
        with Mirror(ledger, Target("sqlite", file=each)) as mirror:
            for act in (mirror.catch_up, mirror.rebuild, lambda mirror=mirror: compare(mirror)):
                with pytest.raises(EnvironmentProblem, match="holds something else"):
                    act()
        assert each.read_bytes() == before


def test_looking_makes_no_file(mirror: Mirror, file: Path) -> None:
    with mirror:
        assert compare(mirror).behind == 20
    assert not file.exists()


@pytest.mark.parametrize("place", ["absent/m.db", "folder"])
def test_a_mirror_that_cannot_be_made_is_told_and_the_chain_goes_on(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    own = Mirrored(tmp_path / "l.jsonl", Target("sqlite", file=tmp_path / place))
    own.ready()
    assert own.append(entry(1)) == 1
    assert "the ledger's mirror in SQLite is behind" in own.settle()
    assert own.audit().entries == 1


def test_an_entry_never_waits_for_its_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds the database; the run ends in its own time all the same, and says why the mirror is behind."""
    file = tmp_path / "m.db"
    own = Mirrored(tmp_path / "l.jsonl", Target("sqlite", file=file))
    own.append(entry(1))
    assert own.settle() == ""
    monkeypatch.setattr(keeping, "PATIENCE", 0.5)
    with closing(sqlite3.connect(file)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        own.append(entry(2))
        assert time.monotonic() - start < 1
        assert "does not answer" in keeping.keeper_of(own, own.target).settle(0.5)
        assert time.monotonic() - start < 3
        holder.rollback()
    own.append(entry(3))
    assert own.settle() == ""
    assert run(file, "SELECT count(*) FROM blankslide_ledger") == [(3,)]


def test_a_keeper_rests_longer_each_time_and_goes_on(tmp_path: Path) -> None:
    ledger = write_chain(tmp_path / "l.jsonl", 1)
    keeper = Keeper(ledger, Target("sqlite", file=tmp_path / "absent" / "m.db"))
    rests = []
    for _ in range(3):
        keeper.wake()
        assert keeper.settle()
        rests.append(keeper._rest)
    assert rests == sorted(set(rests))
    (tmp_path / "absent").mkdir()
    keeper.wake()
    assert keeper.settle() == ""
    assert keeper._rest == 0


def test_a_ledger_travels_to_workers_without_its_password() -> None:
    own = open_ledger("a.jsonl,postgresql://u:hidden-word@h/d?sslpassword=hidden-word")
    assert b"hidden-word" not in pickle.dumps(own)
    again = pickle.loads(pickle.dumps(own))  # noqa: S301 - our own
    assert isinstance(again, Mirrored)
    assert "u@h/d" in again.target.url


def test_a_hostile_line_cannot_break_a_row(tmp_path: Path, file: Path) -> None:
    odd = {"output": "a\0b\ud800", "requester": ["x"], "kept": "A1", "readers": "x", "findings": 5, "residue": "many"}
    ledger = write_chain(tmp_path / "odd.jsonl", 2, odd)
    with Mirror(ledger, Target("sqlite", file=file)) as mirror:
        assert mirror.catch_up() == 2
        assert compare(mirror).problems == []


def test_a_line_without_a_time_stops_the_mirror_with_a_sentence(tmp_path: Path, file: Path) -> None:
    from blankslide.records import chain

    path = tmp_path / "l.jsonl"
    record = {"entry": {}, "prev": chain.GENESIS, "seq": 1, "time": "noon"}
    path.write_bytes(chain.canonical(record | {"hash": chain.line_hash(record)}) + b"\n")
    with Mirror(Ledger(path), Target("sqlite", file=file)) as mirror, pytest.raises(MirrorProblem, match="has no time"):
        mirror.catch_up()
