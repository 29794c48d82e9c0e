"""The old name of a slide that gets another one is kept, sealed, and stands nowhere else."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.home import load_key
from blankslide.pipeline import anonymize_copy, inspect
from blankslide.pipeline.in_place import anonymize_in_place
from blankslide.pipeline.options import Options
from blankslide.records.link_table import LinkTable, own_table, read
from blankslide.testing.process import Ended, run_cli
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from blankslide.samples.kit.answer_key import Planted

Make = Callable[..., tuple[Path, "Planted"]]
Run = Callable[..., Ended]
OLD = "Zweigspitz-Leopoldine"


def written(*folders: Path) -> list[bytes]:
    """Return all that was written below some folders: names and contents, but for the slides."""
    files = [path for folder in folders for path in folder.rglob("*")]
    return [os.fsencode(p.name) for p in files] + [p.read_bytes() for p in files if p.is_file() and p.suffix != ".svs"]


def pairs(table: Path | None = None) -> list[tuple[str, str]]:
    return [(link.old, link.new) for link in read(table, load_key())]


def test_a_new_name_in_place_and_of_a_copy_is_linked_and_the_old_one_stands_nowhere_else(
    make: Make, home: Path, tmp_path: Path, run_here: Run
) -> None:
    path = make(f"archive/{OLD}/{OLD}-1.svs")[0]
    other = make(f"archive/{OLD}/{OLD}-2.svs")[0]
    out = tmp_path / "out"
    assert run_here("anonymize", "--in-place", "--name", "ONE", path).code == 0
    assert run_here("anonymize", "--out", out, "--name", "TWO", other).code == 0
    assert pairs() == [(f"{OLD}-1.svs", "ONE.svs"), (f"{OLD}-2.svs", "TWO.svs")]
    assert path.with_name("ONE.svs").exists()
    assert not places_of(OLD, b"\n".join(written(home, out)))
    assert not places_of("TWO", b"\n".join(p.read_bytes() for p in home.rglob("*") if p.is_file()))


def test_a_batch_links_paths_below_what_was_named_and_folders_that_get_another_name(
    make: Make, home: Path, tmp_path: Path, run_here: Run
) -> None:
    first = make(f"archive/{OLD}/a.svs")[0]
    shutil.copy(first, make("archive/plain/sample.svs")[0])
    run = ("batch", "--jobs", "1", "--out", tmp_path / "out", "--report", tmp_path / "r.csv", tmp_path / "archive")
    assert run_here(*run, "--profile", "strict").code in (0, 1)
    ((old, new),) = [pair for pair in pairs() if OLD in pair[0]]
    assert old == f"{OLD}/a.svs"
    assert (tmp_path / "out" / new).is_file()
    report = (tmp_path / "r.csv").read_bytes()
    assert not places_of(OLD, b"\n".join([report, *written(home, tmp_path / "out")]))


def test_names_that_stay_make_no_table(make: Make, home: Path, tmp_path: Path, run_here: Run) -> None:
    path = make()[0]
    assert run_here("anonymize", "--out", tmp_path / "out", path).code == 0
    assert run_here("anonymize", "--in-place", "--name", "slide", path).code == 0
    assert run_here("anonymize", "--dry-run", "--name", "other", path).code == 0
    assert not list(home.rglob("*.links"))


def test_none_keeps_no_name(make: Make, home: Path, run_here: Run) -> None:
    path = make()[0]
    assert run_here("anonymize", "--in-place", "--name", "other", "--link-table", "none", path).code == 0
    assert not list(home.rglob("*.links"))


@pytest.mark.parametrize("mode", ["--in-place", "--out"])
def test_a_table_that_cannot_be_used_refuses_before_anything_is_written(
    make: Make, tmp_path: Path, run_here: Run, mode: str
) -> None:
    path = make("archive/a.svs")[0]
    before = path.read_bytes()
    how = [mode] if mode == "--in-place" else [mode, tmp_path / "out"]
    table = tmp_path / "other.links"
    LinkTable(table).ready(bytes(32))
    for command in (("anonymize", "--name", "x"), ("batch", "--jobs", "1", "--name", "x{n}")):
        ended = run_here(*command, *how, "--link-table", table, path)
        assert (ended.code, ended.err.count("made under another key")) == (4, 1), ended.text
        ended = run_here(*command, *how, "--link-table", path.with_name("t.links"), path)
        assert (ended.code, ended.err.count("among the slides")) == (2, 1), ended.text
        ended = run_here(*command, *how, "--link-table", tmp_path / "table.csv", path)
        assert (ended.code, ended.err.count("must end in .links")) == (2, 1), ended.text
        ended = run_here(*command, *how, "--link-table", tmp_path / "no" / "t.links", path)
        assert (ended.code, ended.err.count("does not exist")) == (4, 1), ended.text
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["a.svs"]
    assert not (tmp_path / "out").exists()


def test_the_link_is_there_before_the_name(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from blankslide.storage.transaction import Transaction

    def dies(*args: Any) -> None:
        raise KeyboardInterrupt

    path, table = make()[0], LinkTable()
    options = Options(key=bytes(32), links=table)
    monkeypatch.setattr(Transaction, "commit", dies)
    with pytest.raises(KeyboardInterrupt):
        anonymize_in_place(path, options, name="x")
    assert [link.new for link in read(None, bytes(32))] == ["x.svs"]
    assert path.exists()


def test_a_copy_is_not_begun_if_its_old_name_cannot_be_kept(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(*args: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("blankslide.storage.copies.file.Copy.begin", begun)
    LinkTable(tmp_path / "x.links").ready(bytes(range(32)))
    options = Options(key=bytes(32), links=LinkTable(tmp_path / "x.links"))
    with pytest.raises(EnvironmentProblem, match="another key"):
        anonymize_copy(make()[0], tmp_path / "out", options, name="x")
    options.key = None
    for run in (
        lambda: anonymize_copy(make()[0], tmp_path / "out", options, name="x"),
        lambda: anonymize_in_place(make()[0], options, name="x"),
    ):
        with pytest.raises(UsageError, match="needs the site's key"):
            run()


def test_names_show_and_find(make: Make, home: Path, run_here: Run) -> None:
    for number in (1, 2):
        path = make(f"a/{OLD}-{number}.svs")[0]
        assert run_here("anonymize", "--in-place", "--name", f"=S{number}", path).code == 0
    shown = run_here("names", "show")
    assert shown.code == 0
    assert [line.split(" \u00b7 ")[0] for line in shown.out.splitlines()] == [
        f"{OLD}-{n}.svs \u2192 =S{n}.svs" for n in (1, 2)
    ]
    rows = list(csv.DictReader(StringIO(run_here("names", "show", "--csv").out)))
    assert [row["new"] for row in rows] == ["'=S1.svs", "'=S2.svs"]
    told = json.loads(run_here("names", "show", "--json").out)
    assert told["problems"] == []
    for name in ("=s2", "=S2.svs", f"{OLD}-2", told["links"][1]["slide"], told["links"][1]["transaction"]):
        found = json.loads(run_here("names", "find", name, "--json").out)
        assert found["links"] == told["links"][1:]
    nobody = run_here("names", "find", "nobody")
    assert (nobody.code, nobody.out) == (2, "")
    ledger = json.loads((home / ".local/state/blankslide/ledger.jsonl").read_text().splitlines()[1])
    assert ledger["entry"]["slide"] == told["links"][1]["slide"]
    assert ledger["entry"]["transaction"] == told["links"][1]["transaction"]


def test_names_show_without_table_or_key_and_with_another_key(make: Make, tmp_path: Path, run_here: Run) -> None:
    nothing = run_here("names", "show")
    assert (nothing.code, nothing.out) == (2, "")
    assert "no such key file" in nothing.err
    assert run_here("anonymize", "--in-place", "--name", "x", make("a.svs")[0]).code == 0
    other = tmp_path / "other.key"
    load_key(other)
    empty = run_here("names", "show", "--key", other)
    assert (empty.code, empty.out, empty.err.count("\n")) == (4, "", 1)
    assert "no slide has got another name" in empty.err
    wrong = run_here("names", "show", "--key", other, own_table(load_key()))
    assert (wrong.code, wrong.out, wrong.err.count("\n")) == (4, "", 1)
    assert "made under another key" in wrong.err


def test_damage_is_told_behind_what_can_be_read(make: Make, run_here: Run) -> None:
    assert run_here("anonymize", "--in-place", "--name", "x", make("a.svs")[0]).code == 0
    table = own_table(load_key())
    table.write_bytes(table.read_bytes() + b"torn")
    ended = run_here("names", "show")
    assert ended.code == 4
    assert "x.svs" in ended.out
    assert ended.err == "the link table is damaged: 1 line cannot be read: torn by a crash, or edited\n"


def test_a_killed_run_has_a_link_for_each_new_name(make: Make, home: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    path = make(f"a/{OLD}.svs")[0]
    strace = ("strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=rename:signal=SIGKILL:when=2")
    assert run_cli("anonymize", "--in-place", "--name", "new", path, before=strace).code == -9
    assert pairs() == [(f"{OLD}.svs", "new.svs")]
    journals = [p.read_bytes() for p in path.parent.iterdir() if p.suffix != ".svs"]
    assert not places_of(OLD, b"\n".join([*journals, *written(home)]))
    (left,) = [p for p in path.parent.iterdir() if p.suffix == ".svs"]
    assert run_cli("recover", left).code == 0
    assert inspect(path.with_name("new.svs"))
    assert len(pairs()) == 1
