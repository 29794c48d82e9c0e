"""`spotcheck` draws a sample, shows each slide, takes verdicts, and signs what was seen."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.cli import blocks, main
from blankslide.presentation.wording import more_strings_phrase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "Thimblewick"


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*arguments: str | Path, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as end:
            main([str(each) for each in arguments])
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def five(make: Callable[..., Any], tmp_path: Path) -> Path:
    """Five slides that nobody has edited."""
    for number in range(1, 6):
        make(f"in/slide-{number}.svs")
    return tmp_path / "in"


@pytest.fixture
def folder(five: Path, ended: Any) -> Path:
    """Five slides: four clean ones, and one that nobody has edited."""
    for number in range(1, 5):
        assert ended("anonymize", "--in-place", "--ledger", "none", five / f"slide-{number}.svs")[0] == 0
    return five


def test_a_planted_failure_is_found_signed_and_in_the_ledger(folder: Path, tmp_path: Path, ended: Any) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ledger, page = tmp_path / "ledger.jsonl", tmp_path / "check.html"
    asked = ("spotcheck", folder, "--size", "5", "--seed", "3", "--ledger", ledger)
    sample = [line.split()[1] for line in ended(*asked[:-2], "--draw")[1].splitlines()[1:]]
    typed = "".join("f a name is in it\n" if name == "slide-5.svs" else "p\n" for name in sample)
    code, told, _ = ended(*asked, "--reviewer", "Anna", "--report", page, typed=typed)
    assert code == 1
    assert "FAILED: slide-5.svs" in told
    assert "1 of 5 failed of 5 slides (seed 3): at most 1 are bad" in told
    assert "signed by Anna · ledger entry 1" in told
    pages = re.split(r"\n\[\d/5\] ", told)[1:]
    assert ["NOT clean" in shown for shown in pages] == [name == "slide-5.svs" for name in sample]
    assert [NAME in shown for shown in pages] == [name == "slide-5.svs" for name in sample], "who checks has to read it"
    (line,) = ledger.read_text("utf-8").splitlines()
    assert json.loads(line)["entry"]["failures"] == 1
    text = page.read_text("utf-8")
    assert "✗ FAIL" in text
    assert "a name is in it" in text
    assert NAME not in text + line
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_it_stops_and_goes_on(five: Path, tmp_path: Path, ended: Any) -> None:
    record = tmp_path / "record.json"
    asked = ("spotcheck", five, "--reviewer", "Anna", "--record", record, "--ledger", "none")
    code, told, _ = ended(*asked, "--size", "3", "--seed", "1", typed="p\nq\n")
    assert code == 1
    assert "go on with --record record.json" in told
    assert "NOT complete: 2 of the sample were not looked at" in told
    code, told, _ = ended(*asked, typed="p\nx\nn\np all is well\n")
    assert "[2/3] slide-" in told
    assert "P pass · F fail" in told, "another key says which keys there are"
    assert (code, "no failure in 3 of 5 slides" in told) == (0, True)


def test_going_back_changes_a_verdict(five: Path, tmp_path: Path, ended: Any) -> None:
    record = tmp_path / "record.json"
    asked = ("spotcheck", five, "--reviewer", "Anna", "--record", record, "--ledger", "none", "--size", "3")
    code, told, _ = ended(*asked, "--seed", "1", typed="p\n<\nf seen now\np\np\n")
    assert "you said: pass" in told
    kept = json.loads(record.read_text("utf-8"))["reviewers"]["Anna"]
    assert (code, kept["0"][:2], len(kept)) == (1, ["fail", "seen now"], 3)


def test_strings_that_a_list_leaves_out_are_not_called_explained_if_they_are_not(
    folder: Path, ended: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert more_strings_phrase([]) == ""
    assert more_strings_phrase(["format", "kept"]).startswith("and 2 more, all explained")
    monkeypatch.setattr("blankslide.cli.spotcheck._MOST", 3)
    told = ended("spotcheck", folder, "--reviewer", "Anna", "--ledger", "none", "--size", "5", typed="p\n" * 5)[1]
    assert len(re.findall(r"\.\.\. and \d+ more, all explained", told)) == 4
    assert len(re.findall(r"\.\.\. and \d+ more, \d+ of them explained by nothing", told)) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "needs the name of who looks"),
        (("--reviewer", "A", "--report", "x.csv"), "must end in .html, .pdf or .json"),
        (("--reviewer", "A", "--with-names"), "--with-names is about the file of --report"),
        (("--draw", "--record", "x.json"), "leave --record out"),
        (("--reviewer", "A", "--confidence", "100"), "confidence"),
        (("--reviewer", "A", "--at-most", "100"), "share"),
        (("--reviewer", "A", "--size", "9"), "cannot be drawn from 5"),
    ],
)
def test_wrong_usage_is_one_sentence(five: Path, ended: Any, arguments: tuple[str, ...], says: str) -> None:
    code, _told, errors = ended("spotcheck", five, *arguments)
    assert (code, says in errors, len(errors.splitlines())) == (2, True, 1)


def test_an_empty_folder_and_a_broken_slide(five: Path, tmp_path: Path, ended: Any) -> None:
    (tmp_path / "empty").mkdir()
    assert ended("spotcheck", tmp_path / "empty", "--reviewer", "A")[0] == 2
    assert ended("spotcheck", tmp_path / "missing", "--reviewer", "A")[0] == 2
    (five / "slide-1.svs").write_bytes(b"II*\0 broken")
    sample = ended("spotcheck", five, "--draw", "--size", "5", "--seed", "3")[1]
    position = sample.splitlines().index(next(line for line in sample.splitlines() if "slide-1" in line))
    typed = "p\n" * (position - 1) + "f broken\n" + "p\n" * 9
    code, told, _ = ended(
        *("spotcheck", five, "--reviewer", "A", "--size", "5", "--seed", "3", "--ledger", "none"), typed=typed
    )
    assert code == 1
    assert "slide-1.svs · " in told
    assert "Traceback" not in told


def test_half_blocks_hold_the_picture() -> None:
    import numpy as np

    pixels = np.random.default_rng(4).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    lines = blocks.lines_of(pixels, 40, 40)
    found = [re.findall(r"\x1b\[(38|48);2;(\d+);(\d+);(\d+)m", line) for line in lines]
    back = np.array(
        [[[int(c) for c in rgb] for which, *rgb in line if which == half] for line in found for half in ("38", "48")],
        np.uint8,
    )
    assert np.array_equal(back[:9], pixels)
    assert [line.count("▀") for line in blocks.lines_of(pixels, 6, 99)] == [6] * 3


def test_pictures_are_shown_only_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not blocks.can_show()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert blocks.can_show()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not blocks.can_show()


def test_four_eyes_and_a_report_that_is_checked(folder: Path, tmp_path: Path, ended: Any) -> None:
    ledger, record, page = tmp_path / "ledger.jsonl", tmp_path / "check.json", tmp_path / "check.html"
    asked = ("spotcheck", folder, "--size", "2", "--seed", "3", "--ledger", ledger, "--record", record, "--four-eyes")
    code, told, _ = ended(*asked, "--reviewer", "Anna", typed="p\np\n")
    assert (code, "not signed yet: a second reviewer" in told, ledger.exists()) == (1, True, False)
    code, told, _ = ended(*asked, "--reviewer", "Ben", "--report", page, typed="p\np\n")
    assert (code, "signed by Ben · ledger entry 1" in told) == (0, True)
    code, told, _ = ended("spotcheck", "--check", page, "--ledger", ledger)
    assert (code, told.count("✓")) == (0, 2)
    page.write_text(page.read_text("utf-8").replace("Anna, Ben", "Anna, Bob"), "utf-8")
    code, told, _ = ended("spotcheck", "--check", page, "--ledger", ledger)
    assert (code, "✗ CHANGED: its words are not those of its data" in told) == (1, True)


def test_a_sample_of_what_the_ledger_knows(five: Path, tmp_path: Path, ended: Any) -> None:
    ledger = tmp_path / "ledger.jsonl"
    for number in (1, 2):
        assert ended("anonymize", "--in-place", "--ledger", ledger, five / f"slide-{number}.svs")[0] == 0
    code, told, _ = ended("spotcheck", five, "--from-ledger", "--ledger", ledger, "--draw", "--at-most", "0")
    assert code == 0
    assert "the sample says nothing of: 3 here that the ledger does not know as clean" in told
    assert told.splitlines()[1].startswith("2 slides · sample of 2 ")
    assert ended("spotcheck", "--draw")[0] == 2
    assert ended("spotcheck", five, "--check", tmp_path / "none.html")[0] == 2
    assert ended("spotcheck", "--check", tmp_path / "none.html")[0] == 4
