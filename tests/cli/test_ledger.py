"""``blankslide ledger`` and ``--ledger URL``, as a person types them."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.testing.own.chains import entry, write_chain

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

Run = Callable[..., Any]
SECRET = "Zweigspitz-Secret-4711"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a ledger of six entries, one of them NOT clean."""
    path = tmp_path / "l.jsonl"
    write_chain(path, 3, {"output": "STUDY-0001.svs", "requester": "Biobank", "kept": {"block": "A1", "stain": "HE"}})
    write_chain(path, 1, {"content": "residue", "residue": 1, "told": ["kept: macro picture"]})
    write_chain(path, 2)
    return path


def test_list_shows_the_newest_last(run_here: Run, file: Path) -> None:
    ended = run_here("ledger", "list", "--ledger", file)
    assert ended.code == 0
    head, *lines = ended.out.splitlines()
    assert head.split()[0] == "entry"
    assert [int(line.split()[0]) for line in lines] == [1, 2, 3, 4, 5, 6]
    assert "STUDY-0001.svs" in lines[0]
    assert "Biobank, A1, HE" in lines[0]
    assert "NOT clean" in lines[3]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("--not-clean",), [4]),
        (("--requester", "biobank"), [1, 2, 3]),
        (("--name", "study"), [1, 2, 3]),
        (("--since", "2999-01-01"), []),
        (("--since", "2020-01-01T09:30"), [1, 2, 3, 4, 5, 6]),
        (("--last", "2"), [5, 6]),
        (("--last", "0"), [1, 2, 3, 4, 5, 6]),
    ],
)
def test_list_filters(run_here: Run, file: Path, filters: tuple[str, ...], expected: list[int]) -> None:
    found = json.loads(run_here("ledger", "list", "--ledger", file, "--json", *filters).out)["entries"]
    assert [each["entry"] for each in found] == expected


def test_an_empty_ledger_has_no_entries(run_here: Run) -> None:
    ended = run_here("ledger", "list")
    assert (ended.code, ended.out) == (0, "")
    assert "the ledger has no entries" in ended.err


def test_lines_that_are_no_entries_are_told_where_they_would_be_missed(
    run_here: Run, file: Path, tmp_path: Path
) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], lines[1].replace(b"clean", b"clear"), *lines[2:], b'{"torn']))
    for command in (("list",), ("list", "--json"), ("export", tmp_path / "l.csv")):
        ended = run_here("ledger", *command, "--ledger", file)
        assert ended.code == 0
        assert "2 lines are no whole entries, and not in the list · blankslide ledger check says which" in ended.err
    file.write_bytes(b"II*\0 this is a slide\n and no ledger\n")
    for command in (("list",), ("list", "--json"), ("export", tmp_path / "l.csv")):
        ended = run_here("ledger", *command, "--ledger", file)
        assert ended.code == 4
        assert "no line of the file named as ledger is an entry" in ended.err


def test_verify_refuses_a_ledger_that_is_not_there(run_here: Run, slide: Path, tmp_path: Path) -> None:
    ended = run_here("verify", "--ledger", tmp_path / "typo.jsonl", slide)
    assert (ended.code, ended.out) == (4, "")
    assert "there is no such ledger: its file does not exist" in ended.err
    assert not (tmp_path / "typo.jsonl").exists()


def test_check_tells_what_was_done_and_to_which_entry(run_here: Run, file: Path) -> None:
    whole = run_here("ledger", "check", "--ledger", file)
    assert whole.code == 0
    assert "6 entries, whole" in whole.out
    head = whole.out.splitlines()[-1].removeprefix("head ")
    assert run_here("ledger", "check", "--ledger", file, "--head", head).code == 0
    lines = file.read_bytes().splitlines(keepends=True)
    for damaged, words in (
        ([*lines[:1], lines[1].replace(b"clean", b"clear"), *lines[2:]], "entry 2 was edited"),
        (lines[:2] + lines[3:], "entry 3 is missing"),
        ([*lines[:2], lines[3], lines[2], *lines[4:]], "entry 3 was moved"),
        ([*lines[:5], lines[5][:80]], "line 6 at the end is torn"),
        (lines[:4], ""),
    ):
        file.write_bytes(b"".join(damaged))
        ended = run_here("ledger", "check", "--ledger", file)
        assert ended.code == bool(words)
        assert words in ended.out
        told = json.loads(run_here("ledger", "check", "--ledger", file, "--json").out)
        assert bool(told["problems"]) == bool(words)
    ended = run_here("ledger", "check", "--ledger", file, "--head", head)
    assert ended.code == 1
    assert "the end was cut off behind 4" in ended.out


def test_mirror_catches_up_and_check_says_how_it_stands(run_here: Run, file: Path, tmp_path: Path) -> None:
    url = f"{file},sqlite:///{tmp_path}/m.db"

    def standing() -> tuple[int, str]:
        ended = run_here("ledger", "check", "--ledger", url)
        return ended.code, ended.out.splitlines()[1]

    assert standing() == (0, "mirror in SQLite \u00b7 behind by 6 entries: run blankslide ledger mirror")
    assert run_here("ledger", "mirror", "--ledger", url).out == "mirror in SQLite \u00b7 6 entries added\n"
    assert standing() == (0, "mirror in SQLite \u00b7 the same as the ledger")
    with closing(sqlite3.connect(tmp_path / "m.db")) as base:
        base.execute("DROP TRIGGER blankslide_ledger_no_update")
        base.execute("UPDATE blankslide_ledger SET requester = 'x' WHERE seq = 3")
        base.commit()
    code, line = standing()
    assert (code, line) == (1, "mirror in SQLite \u00b7 not the same as the ledger")
    assert run_here("ledger", "mirror", "--rebuild", "--ledger", url).code == 0
    assert standing()[0] == 0
    told = json.loads(run_here("ledger", "check", "--json", "--ledger", url).out)["mirror"]
    assert told == {"kind": "sqlite", "entries": 6, "behind": 0, "problems": [], "error": None}


def test_mirror_takes_files_by_their_names(run_here: Run, file: Path, tmp_path: Path) -> None:
    assert run_here("ledger", "mirror", tmp_path / "m.sqlite", "--ledger", file).code == 0
    assert run_here("ledger", "mirror", tmp_path / "m.csv", "--ledger", file).code == 0
    assert (tmp_path / "m.csv").read_bytes().count(b"\r\n") == 7


def test_a_mirror_that_cannot_be_reached_is_told_and_is_exit_code_4(run_here: Run, file: Path) -> None:
    url = f"{file},postgresql://u:{SECRET}@127.0.0.1:1/d"
    checked = run_here("ledger", "check", "--ledger", url)
    assert (checked.code, "the database cannot be reached" in checked.out) == (4, True)
    mirrored = run_here("ledger", "mirror", "--ledger", url)
    assert (mirrored.code, mirrored.err) == (4, "the database cannot be reached\n")
    assert SECRET not in checked.text + mirrored.text


WRONG = [
    (("check", "--ledger", "absent.jsonl"), 4, "no such ledger"),
    (("check",), 4, "no such ledger"),
    (("check", "--ledger", "none"), 2, "no ledger called none"),
    (("check", "--head", "5"), 2, "is no entry and hash"),
    (("check", "--others"), 2, "--others is about a mirror"),
    (("list", "--since", "yesterday"), 2, "--since is no day"),
    (("list", "--name", "x", "--key", "absent.key"), 2, "no such key"),
    (("export", "t.pdf"), 2, "must end in .csv"),
    (("export", "t.csv", "--key", "x"), 2, "about --with-names"),
    (("export", "t.csv", "--with-names"), 2, "need the site's key"),
    (("mirror",), 2, "no mirror is named"),
    (("mirror", f"mysql://u:{SECRET}@h/d"), 2, "no database for a mirror"),
    (("mirror", "slide.svs"), 2, "no database for a mirror"),
    (("list", "--ledger", f"postgresql://u:{SECRET}@h:port/d"), 2, "cannot be understood"),
]


@pytest.mark.parametrize(("words", "code", "sentence"), WRONG)
def test_a_mistake_is_one_sentence(
    run_here: Run,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if "--ledger" not in words and words != ("check",):
        words = (*words, "--ledger", str(file))
    ended = run_here("ledger", *words)
    assert ended.code == code
    assert sentence in ended.err
    assert SECRET not in ended.text


def test_a_run_says_once_that_its_mirror_is_behind_and_ends_as_its_slide_does(
    run_here: Run, slide: Path, file: Path
) -> None:
    url = f"{file},postgresql://u:{SECRET}@127.0.0.1:1/d"
    ended = run_here("anonymize", "--in-place", "--ledger", url, slide)
    assert ended.code == 0
    assert ended.err.count("mirror in PostgreSQL is behind: the database cannot be reached") == 1
    assert SECRET not in ended.text
    assert "7 entries, whole" in run_here("ledger", "check", "--ledger", file).out


def test_a_batch_mirrors_what_its_workers_record(
    run_here: Run, make: Callable[..., Any], tmp_path: Path, file: Path
) -> None:
    paths = [make(f"in/Quill {n}.svs")[0] for n in range(2)]
    url = f"{file},sqlite:///{tmp_path}/m.db"
    more = ("--jobs", "1", "--name", "STUDY-{n:04}", "--requester", "Biobank S\u00fcd")
    ended = run_here("batch", "--out", tmp_path / "out", *more, "--ledger", url, *paths)
    assert (ended.code, "mirror" in ended.text) == (0, False)
    with closing(sqlite3.connect(tmp_path / "m.db")) as base:
        rows = base.execute("SELECT output, requester FROM blankslide_ledger WHERE seq > 6 ORDER BY output").fetchall()
    assert rows == [("STUDY-0001.svs", "Biobank S\u00fcd"), ("STUDY-0002.svs", "Biobank S\u00fcd")]
    assert run_here("ledger", "check", "--ledger", url).code == 0
    found = json.loads(run_here("ledger", "list", "--json", "--name", "Quill 1.svs", "--ledger", url).out)["entries"]
    assert [each["output"] for each in found] == ["STUDY-0002.svs"], "by its old name, for who has the key"
    assert run_here("ledger", "export", tmp_path / "t.csv", "--with-names", "--ledger", url).code == 0
    table = csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text("utf-8-sig"), newline=""))
    assert sorted(row["OLD NAME"] for row in table)[-2:] == ["Quill 0.svs", "Quill 1.svs"]
    assert "Quill" not in file.read_text()


def test_what_a_pattern_keeps_of_a_name_stands_in_the_ledger(
    run_here: Run, make: Callable[..., Any], tmp_path: Path, file: Path
) -> None:
    slide = make("in/S19-12345_B_3_HE.svs")[0]
    profile = tmp_path / "lab.toml"
    profile.write_text(
        "[identifiers]\nlab = '(?P<case>S\\d\\d-\\d+)_(?P<specimen>[A-Z])_(?P<block>\\d+)_(?P<stain>HE|PAS)'\n"
    )
    more = ("--profile", profile, "--name", "STUDY-{n}-{specimen}{block}-{stain}", "--jobs", "1")
    ended = run_here("batch", "--out", tmp_path / "out", *more, "--ledger", file, slide)
    assert ended.code == 0, ended.text
    newest = json.loads(file.read_bytes().splitlines()[-1])["entry"]
    assert newest["kept"] == {"specimen": "B", "block": "3", "stain": "HE"}
    assert newest["output"] == "STUDY-1-B3-HE.svs"
    assert "12345" not in json.dumps(newest)


def test_a_requester_that_the_ledger_cannot_hold_is_refused_first(run_here: Run, slide: Path) -> None:
    before = slide.read_bytes()
    ended = run_here("anonymize", "--in-place", "--requester", "/mnt/share/lab", slide)
    assert ended.code == 2
    assert slide.read_bytes() == before


def test_a_slide_named_as_a_mirror_is_refused_and_nothing_is_touched(
    run_here: Run, slide: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.svslide"
    with closing(sqlite3.connect(other)) as base:
        base.execute("CREATE TABLE Tiles (id)")
    before = slide.read_bytes(), other.read_bytes()
    ended = run_here("anonymize", "--in-place", "--ledger", f"sqlite:///{other}", slide)
    assert ended.code == 4
    assert "mirror holds something else" in ended.err
    assert (slide.read_bytes(), other.read_bytes()) == before


def test_entries_of_a_built_chain_are_as_the_pipeline_writes_them(run_here: Run, slide: Path, tmp_path: Path) -> None:
    """Else the tests of tables and mirrors would be about something else."""
    assert run_here("anonymize", "--in-place", "--ledger", tmp_path / "own.jsonl", slide).code == 0
    own = json.loads((tmp_path / "own.jsonl").read_text())["entry"]
    assert set(entry(1)) == set(own) - {"output"}
    assert {key: type(value) for key, value in entry(1).items()} == {key: type(own[key]) for key in entry(1)}
