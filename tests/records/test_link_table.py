"""The link table keeps every old name, shows it to nobody without the key, and survives what crashes leave."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from blankslide.errors import EnvironmentProblem, NoPermission, UsageError
from blankslide.records.link_table import Link, LinkTable, examine, open_links, own_table, read

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
ROOT = Path(__file__).resolve().parents[2]


def link(number: int) -> Link:
    return Link(f"case/Mustermann-{number}.svs", f"STUDY-{number:04}.svs", f"slide-{number:024x}", f"t{number}")


def names(path: Path | None, key: bytes = KEY) -> list[str]:
    return [each.new for each in read(path, key)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.links"


@pytest.fixture
def filled(path: Path) -> Path:
    for number in range(5):
        LinkTable(path).append(link(number), KEY)
    return path


def test_what_is_written_is_read_and_stands_nowhere_in_clear(filled: Path) -> None:
    assert [each._replace(time="") for each in read(filled, KEY)] == [link(number) for number in range(5)]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each.time) for each in read(filled, KEY))
    data = filled.read_bytes()
    assert not [word for word in (b"Muster", b"STUDY", b"case/", b"slide-0") if word in data]
    assert "Mustermann" not in repr(read(filled, KEY))


def test_only_its_owner_can_read_it(home: Path, filled: Path) -> None:
    LinkTable().append(link(1), KEY)
    own = own_table(KEY)
    assert own.is_relative_to(home)
    if os.name == "posix":
        assert stat.S_IMODE(own.stat().st_mode) == stat.S_IMODE(filled.stat().st_mode) == 0o600
        assert stat.S_IMODE(own.parent.stat().st_mode) == 0o700
        filled.chmod(0o640)
        with pytest.raises(NoPermission, match="others can read the link table"):
            read(filled, KEY)
        with pytest.raises(NoPermission, match="others can read the link table"):
            LinkTable(filled).append(link(9), KEY)


def test_each_key_has_a_table_of_its_own_and_opens_no_other(filled: Path) -> None:
    LinkTable().append(link(1), KEY)
    LinkTable().append(link(2), OTHER)
    assert names(None) == ["STUDY-0001.svs"]
    assert names(None, OTHER) == ["STUDY-0002.svs"]
    for use in (lambda: read(filled, OTHER), lambda: LinkTable(filled).ready(OTHER)):
        with pytest.raises(EnvironmentProblem, match="made under another key"):
            use()


def test_a_torn_line_spoils_none_but_itself(filled: Path) -> None:
    whole = filled.read_bytes()
    for torn in (whole[:-1], whole[:-60], whole + b"\0" * 300, whole + b"AAAA", whole + b"\n\n"):
        filled.write_bytes(torn)
        LinkTable(filled).append(link(7), KEY)
        LinkTable(filled).append(link(8), KEY)
        found, problems = examine(filled, KEY)
        lost = torn == whole[:-60]
        assert [each.new for each in found] == [
            f"STUDY-000{n}.svs" for n in (0, 1, 2, 3, 4, 7, 8) if n != 4 or not lost
        ]
        assert len(problems) == (torn not in (whole[:-1], whole + b"\n\n")), "what is torn is told, and nothing else"


def test_a_table_of_which_only_the_first_line_was_saved_goes_on(path: Path) -> None:
    LinkTable(path).ready(KEY)
    path.write_bytes(path.read_bytes() + b"torn")
    LinkTable(path).append(link(1), KEY)
    assert examine(path, KEY)[1] == ["1 line cannot be read: torn by a crash, or edited"]
    assert names(path) == ["STUDY-0001.svs"]


@pytest.mark.parametrize("order", [(0, 2, 1, 3, 4), (0, 1, 3, 4), (1, 2, 3, 4), (0, 1, 1, 2, 3, 4)])
def test_lines_that_were_moved_removed_or_doubled_are_noticed(filled: Path, order: tuple[int, ...]) -> None:
    head, *lines = filled.read_bytes().splitlines(keepends=True)
    assert examine(filled, KEY).problems == []
    filled.write_bytes(head + b"".join(lines[number] for number in order))
    found, problems = examine(filled, KEY)
    assert problems
    assert all("does not follow" in problem for problem in problems)
    assert {each.old for each in found} == {link(number).old for number in order}


def test_an_edited_line_is_noticed(filled: Path) -> None:
    head, first, *rest = filled.read_bytes().splitlines(keepends=True)
    filled.write_bytes(b"".join([head, first[:40] + (b"A" if first[40:41] != b"A" else b"B") + first[41:], *rest]))
    found, problems = examine(filled, KEY)
    assert len(found) == 4
    assert len(problems) == 2


def test_a_line_of_another_table_does_not_open(filled: Path, tmp_path: Path) -> None:
    LinkTable(tmp_path / "other").append(link(9), KEY)
    with filled.open("ab") as file:
        file.write((tmp_path / "other").read_bytes().partition(b"\n")[2])
    assert "STUDY-0009.svs" not in names(filled)


def test_the_same_link_written_again_is_one_and_the_later(filled: Path) -> None:
    LinkTable(filled).append(link(0)._replace(transaction="again"), KEY)
    assert names(filled) == [f"STUDY-000{n}.svs" for n in (1, 2, 3, 4, 0)]
    assert read(filled, KEY)[-1].transaction == "again"


def test_the_length_of_a_line_does_not_tell_that_of_a_name(path: Path) -> None:
    for name in ("a.svs", "a much longer name.svs"):
        LinkTable(path).append(Link(name, "b"), KEY)
    one, other = path.read_bytes().splitlines()[1:]
    assert len(one) == len(other)


def test_a_file_of_somebody_else_is_refused_and_stays(path: Path) -> None:
    for data in (b"name,birthday\n", b"", b"\0" * 500, b"blankslide link table 2 " + b"0" * 32):
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(EnvironmentProblem, match="holds something else"):
            LinkTable(path).append(link(1), KEY)
        assert path.read_bytes() == data


def test_a_table_among_the_copies_is_refused(tmp_path: Path) -> None:
    out, archive, slide = tmp_path / "out", tmp_path / "archive", tmp_path / "lone" / "a.svs"
    archive.mkdir()
    slide.parent.mkdir()
    slide.touch()
    LinkTable(tmp_path / "out.links").keep_apart([archive, slide], out)
    LinkTable().keep_apart([archive], Path.home())
    for path, word in ((out / "below" / "x.links", "copies"), (out / "x.links", "copies")):
        with pytest.raises(UsageError, match=f"among the {word}"):
            LinkTable(path).keep_apart([archive, slide], out)
    for path in (archive / "x.links", archive / "deep" / "x.links", slide.with_name("x.links")):
        with pytest.raises(UsageError, match="among the slides"):
            LinkTable(path).keep_apart([archive, slide], out)
    assert not out.exists()


def test_what_is_missing_or_no_file_is_one_sentence(tmp_path: Path) -> None:
    for missing in (tmp_path / "none.links", tmp_path / "no" / "x.links"):
        with pytest.raises(EnvironmentProblem, match="does not exist"):
            read(missing, KEY)
    with pytest.raises(EnvironmentProblem, match="not a regular file"):
        read(tmp_path, KEY)


def test_none_is_no_table() -> None:
    assert open_links("none") is None
    assert open_links(None) is not None
    for wrong in ("slide.svs", "ledger.jsonl", "report.csv", "x"):
        with pytest.raises(UsageError, match=r"must end in \.links"):
            open_links(wrong)


def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from blankslide.records.link_table import *\n"
        f"for i in range(12): LinkTable(Path(sys.argv[1])).append(Link(sys.argv[2] + str(i), 'n'), {KEY!r})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), who]) for who in "ab"]
    assert [each.wait() for each in running] == [0, 0]
    found, problems = examine(path, KEY)
    assert {each.old for each in found} == {f"{who}{i}" for who in "ab" for i in range(12)}
    assert problems == []


def test_the_page_about_it_reads_a_table_by_hand(filled: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "link-table.md").read_text("utf-8")
    code = "\n".join(line[4:] for line in page.splitlines() if line.startswith("    ") and not line.startswith("    $"))
    (tmp_path / "site.key").write_bytes(KEY)
    ran = subprocess.run(
        [sys.executable, "-c", code, str(filled), str(tmp_path / "site.key")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert [line.split(" -> ") for line in ran.stdout.splitlines()] == [[link(n).old, link(n).new] for n in range(5)]
