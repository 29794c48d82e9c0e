"""`inspect --readable` lists every string of a slide: what somebody who checks by eye has to look through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.cli import main

if TYPE_CHECKING:
    from pathlib import Path

NAME = "Thimblewick"


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(each) for each in arguments])
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return run


def test_values_are_shown_only_where_they_were_asked_for(ended: Any, slide: Path, tmp_path: Path) -> None:
    code, plain, _ = ended("inspect", slide)
    assert (code, NAME in plain) == (0, False)
    code, told, error = ended("inspect", "--readable", slide)
    assert (code, error) == (0, "")
    assert "strings can be read in it; nothing explains the " in told
    assert any(NAME in line and line.split()[0] == "!" for line in told.splitlines())
    ended("inspect", "--readable", "--csv", tmp_path / "list.csv", slide)
    assert NAME not in (tmp_path / "list.csv").read_text("utf-8"), "an inventory is made to be passed on"


def test_json_lists_place_text_and_whether_it_is_explained(ended: Any, slide: Path) -> None:
    code, told, _ = ended("inspect", "--json", slide)
    assert "readable" not in json.loads(told)["slides"][0]
    assert NAME not in told
    code, told, _ = ended("inspect", "--json", "--readable", slide)
    (row,) = json.loads(told)["slides"]
    assert code == 0
    assert {frozenset(line) for line in row["readable"]} == {
        frozenset(("where", "place", "text", "explained", "why", "field"))
    }
    assert any(NAME in line["text"] and not line["explained"] for line in row["readable"])


def test_of_a_clean_slide_only_explained_strings_are_left(ended: Any, slide: Path) -> None:
    assert ended("anonymize", "--in-place", "--ledger", "none", slide)[0] == 0
    _, told, _ = ended("inspect", "--json", "--readable", slide)
    lines = json.loads(told)["slides"][0]["readable"]
    assert lines
    assert all(line["explained"] for line in lines)
    assert NAME not in told
    _, told, _ = ended("inspect", "--readable", slide)
    rows = told[told.index("strings can be read") :].splitlines()[2:]
    assert len(rows) >= len(lines)
    assert not any(row.startswith(("!", " !")) for row in rows)


def test_what_is_no_slide_is_refused_as_ever(ended: Any, tmp_path: Path) -> None:
    (tmp_path / "a.svs").write_bytes(b"no slide")
    code, out, error = ended("inspect", "--readable", tmp_path / "a.svs")
    assert code == 3
    assert "Traceback" not in out + error
