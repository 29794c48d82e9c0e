"""A spot-check keeps what was said, shows nobody another one's verdicts, and says what follows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.records.ledger import Ledger
from blankslide.review import report
from blankslide.review.bound import at_most
from blankslide.review.check import SpotCheck, Terms
from blankslide.review.signing import sign

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [f"case {n:02}/slide-{n}.svs" for n in range(40)]
TERMS = Terms(share=0.1, size=6, seed=8841)


def test_it_goes_on_where_it_was_left(tmp_path: Path) -> None:
    record = tmp_path / "check.json"
    first = SpotCheck(NAMES, "Anna", record, TERMS)
    first.give(0, "pass")
    first.give(2, "fail", "a date on the macro")
    again = SpotCheck(NAMES[::-1], "Anna", record)
    assert (again.sample, again.seed) == (first.sample, 8841)
    assert again.own == first.own
    assert [again.next_open(), again.next_open(2), again.next_open(5)] == [1, 3, 1]
    assert not any(name in record.read_text("utf-8") for name in ("case", "svs"))


def test_a_second_reviewer_sees_nothing_until_both_are_done(tmp_path: Path) -> None:
    record = tmp_path / "check.json"
    anna = SpotCheck(NAMES, "Anna", record, TERMS)
    for position in range(6):
        anna.give(position, "fail" if position == 3 else "pass")
    ben = SpotCheck(NAMES, "Ben", record)
    assert ben.own == {}
    assert all(ben.verdicts(position) == {} for position in range(6))
    assert ben.result().failed == ()
    for position in range(5):
        ben.give(position, "pass")
        assert set(ben.verdicts(position)) == {"Ben"}
        assert ben.result().failed == ()
    ben.give(5, "fail")
    result = ben.result()
    assert set(ben.verdicts(3)) == {"Anna", "Ben"}
    assert (result.failed, result.differ, result.reviewers) == ((3, 5), (3, 5), ("Anna", "Ben"))
    assert result.bad == at_most(40, 6, 2), "what anybody failed has failed"


def test_two_who_look_at_the_same_time_keep_each_others_verdicts(tmp_path: Path) -> None:
    record = tmp_path / "check.json"
    anna, ben = (SpotCheck(NAMES, name, record, TERMS) for name in ("Anna", "Ben"))
    anna.give(0, "pass")
    ben.give(0, "fail")
    anna.give(1, "pass")
    kept = json.loads(record.read_text("utf-8"))["reviewers"]
    assert {name: len(said) for name, said in kept.items()} == {"Anna": 2, "Ben": 1}


def test_other_slides_or_other_terms_are_refused(tmp_path: Path) -> None:
    record = tmp_path / "check.json"
    SpotCheck(NAMES, "Anna", record, TERMS)
    with pytest.raises(UsageError, match="another set of slides"):
        SpotCheck(NAMES[1:], "Anna", record)
    with pytest.raises(UsageError, match="another seed or size"):
        SpotCheck(NAMES, "Anna", record, Terms(seed=1))
    with pytest.raises(UsageError, match="another seed or size"):
        SpotCheck(NAMES, "Anna", record, Terms(size=7))
    with pytest.raises(UsageError, match="cannot be drawn"):
        SpotCheck(NAMES, "Anna", None, Terms(size=41))
    with pytest.raises(UsageError, match="needs the name"):
        SpotCheck(NAMES, "  ", None, TERMS)
    with pytest.raises(UsageError, match="no slide"):
        SpotCheck([], "Anna", None, TERMS)


@pytest.mark.parametrize(
    "other",
    [b"", b"[]", b"{}", b"\xff", b'{"record": "blankslide spot-check 1"}', b'{"seq": 1}\n{"seq": 2}\n'],
)
def test_another_file_is_never_written_over(tmp_path: Path, other: bytes) -> None:
    record = tmp_path / "check.json"
    record.write_bytes(other)
    with pytest.raises(UsageError, match="holds something else"):
        SpotCheck(NAMES, "Anna", record, TERMS)
    assert record.read_bytes() == other


def test_a_record_with_impossible_verdicts_is_refused(tmp_path: Path) -> None:
    record = tmp_path / "check.json"
    SpotCheck(NAMES, "Anna", record, TERMS).give(1, "pass")
    good = record.read_text("utf-8")
    for bad in (good.replace('"pass"', '"perhaps"'), good.replace('"1":', '"99":'), good.replace('"1":', '"x":')):
        record.write_text(bad, "utf-8")
        with pytest.raises(UsageError, match="holds something else"):
            SpotCheck(NAMES, "Anna", record)


def test_a_record_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="record cannot be written"):
        SpotCheck(NAMES, "Anna", tmp_path / "missing" / "check.json", TERMS)


def test_only_a_whole_sample_is_signed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    check = SpotCheck(NAMES, "Anna", None, TERMS)
    for position in range(6):
        with pytest.raises(UsageError, match="not looked at yet"):
            sign(check, ledger)
        check.give(position, "fail" if position == 4 else "pass", "Erika Mustermann" if position == 4 else "")
    assert sign(check, ledger, {4: "slide-00ff"}) == 1
    (line,) = (tmp_path / "ledger.jsonl").read_text("utf-8").splitlines()
    entry = json.loads(line)["entry"]
    assert (entry["kind"], entry["reviewer"], entry["size"], entry["of"]) == ("spot-check", "Anna", 6, 40)
    assert (entry["failed"], entry["bad_at_most"]) == (["slide-00ff"], at_most(40, 6, 1))
    assert "Mustermann" not in line, "notes are free text: they stay in the record and its report"
    assert ledger.check() == []


def test_the_report_says_what_was_said_and_withholds_names(tmp_path: Path) -> None:
    names = ["slide-1.svs", "slide-2.svs", "Mustermann Erika S20-1234.svs"]
    check = SpotCheck(names, "Anna", None, Terms(size=3, seed=1))
    for position in range(3):
        check.give(position, "pass", "<b>odd</b>")
    data = report.content(check, 12)
    page = report.page(data)
    assert "Mustermann" not in page + json.dumps(data)
    assert "(name withheld)" in page
    assert "slide-1.svs" in page
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
    assert "no failure in 3 of 3 slides (seed 1): at most 0 are bad" in page
    assert "entry 12" in page
    assert "Mustermann" in report.page(report.content(check, 12, with_names=True))


def test_notes_have_an_end() -> None:
    check = SpotCheck(NAMES, "Anna", None, TERMS)
    with pytest.raises(UsageError, match="at most 500"):
        check.give(0, "pass", "x" * 501)
    with pytest.raises(UsageError, match="no slide 7"):
        check.give(6, "pass")
