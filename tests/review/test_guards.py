"""What keeps a spot-check honest: four eyes, slides that change, the seed, the signature, an edited page."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api
from blankslide.errors import SlideChanged, UsageError
from blankslide.records.ledger import Ledger
from blankslide.review import report, report_check
from blankslide.review.bound import at_most
from blankslide.review.check import SpotCheck, Terms
from blankslide.review.draw import drawn
from blankslide.review.page import page_of, seen_now
from blankslide.review.population import of_ledger, slides_below, usual_record
from blankslide.review.signing import sign, sign_slides
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline import Options

NAMES = [f"slide-{n}.svs" for n in range(9)]
SMALL: dict[str, Any] = {"size": (256, 192), "factors": (1,)}


def judged(record: Path | None, who: str = "Anna", fails: int = -1, terms: Terms | None = None) -> SpotCheck:
    check = SpotCheck(NAMES, who, record, terms or Terms(size=4, seed=5))
    for position in range(check.size):
        check.give(
            position, "fail" if position == fails else "pass", "odd" if position == fails else "", f"s{position}"
        )
    return check


def entry_of(ledger: Ledger, number: int) -> Any:
    return next(record["entry"] for _, record in ledger.entries() if record["seq"] == number)


# -- four eyes -------------------------------------------------------------------------------


def test_four_eyes_are_signed_only_when_both_have_looked(tmp_path: Path) -> None:
    ledger, record = Ledger(tmp_path / "ledger.jsonl"), tmp_path / "check.json"
    terms = Terms(size=4, seed=5, reviewers=2)
    anna = judged(record, terms=terms, fails=2)
    with pytest.raises(UsageError, match="four eyes: a second reviewer"):
        sign(anna, ledger)
    ben = SpotCheck(NAMES, "Ben", record)
    assert ben.wanted == 2
    for position in range(4):
        assert (ben.done(), ben.verdicts(position)) == ({}, {}), "what the first one said is hidden"
        ben.give(position, "pass", seen=f"s{position}")
    number = sign(ben, ledger)
    entry = entry_of(ledger, number)
    assert entry["verdicts"] == {"Anna": "PPFP", "Ben": "PPPP"}
    assert (entry["failures"], entry["differ"], entry["bad_at_most"]) == (1, 1, at_most(9, 4, 1))


def test_a_verdict_stands_once_the_others_were_shown_or_it_was_signed(tmp_path: Path) -> None:
    record = tmp_path / "check.json"
    anna, ben = judged(record), judged(record, "Ben", fails=1)
    for check in (anna, ben):
        with pytest.raises(UsageError, match="your verdicts stand"):
            check.give(1, "pass")
    alone = judged(tmp_path / "other.json")
    alone.give(1, "fail")
    sign(alone, Ledger(tmp_path / "ledger.jsonl"))
    with pytest.raises(UsageError, match="your verdicts stand"):
        SpotCheck(NAMES, "Anna", tmp_path / "other.json").give(1, "pass")
    assert SpotCheck(NAMES, "Ben", tmp_path / "other.json").own == {}, "a second one may still look"


def test_four_eyes_need_a_record_made_for_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need a record"):
        SpotCheck(NAMES, "Anna", None, Terms(reviewers=2))
    judged(tmp_path / "check.json")
    with pytest.raises(UsageError, match="begun for one reviewer"):
        SpotCheck(NAMES, "Ben", tmp_path / "check.json", Terms(reviewers=2))
    with pytest.raises(UsageError, match="by one reviewer or by two"):
        SpotCheck(NAMES, "Ben", tmp_path / "other.json", Terms(reviewers=3))


# -- seed, number, signature -----------------------------------------------------------------


def test_the_entry_holds_what_draws_the_sample_again_and_says_the_exact_bound(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    check = judged(None)
    entry = entry_of(ledger, sign(check, ledger))
    assert (entry["seed"], entry["size"], entry["of"]) == (5, 4, 9)
    assert drawn(NAMES, entry["size"], entry["seed"]) == check.sample
    assert entry["bad_at_most"] == at_most(9, 4, 0) < at_most(1000, 4, 0)
    assert entry["sample"] == ["s0", "s1", "s2", "s3"]
    assert "slide-" not in json.dumps(entry["verdicts"])


def test_a_slide_that_changed_since_it_was_looked_at_is_not_signed_for(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    check = judged(tmp_path / "check.json")
    now = {0: "s0", 1: "s1", 2: "other", 3: "s3"}
    with pytest.raises(SlideChanged, match=r"after somebody had looked at them: 3 ·"):
        sign(check, ledger, seen=lambda position: now[position])
    assert ledger.head() is None
    assert check.is_outdated(2, "other")
    check.give(2, "pass", seen="other")
    assert sign(check, ledger, seen=lambda position: now[position]) == 1


def test_two_who_looked_at_different_bytes_do_not_sign_together(tmp_path: Path) -> None:
    record = tmp_path / "check.json"
    judged(record)
    ben = SpotCheck(NAMES, "Ben", record)
    for position in range(4):
        ben.give(position, "pass", seen="another" if position == 1 else f"s{position}")
    with pytest.raises(SlideChanged, match=r"at them: 2 ·") as caught:
        sign(ben, Ledger(tmp_path / "ledger.jsonl"))
    assert "another record" in caught.value.sentence()


# -- real slides -----------------------------------------------------------------------------


@pytest.fixture
def clean(tmp_path: Path) -> tuple[Path, Ledger, Options]:
    """Three slides, two of them cleaned into a ledger, and options that look at them."""
    folder, ledger = tmp_path / "in", tmp_path / "ledger.jsonl"
    folder.mkdir()
    for number in range(3):
        build_aperio(folder / f"slide-{number}.svs", **SMALL)
    for number, profile in ((0, "research"), (1, "strict")):
        api.anonymize(folder / f"slide-{number}.svs", in_place=True, ledger=ledger, profile=profile)
    return folder, Ledger(ledger), api.options(ledger="none", looks=True)


def test_the_pages_of_slides_are_signed_for_and_a_later_edit_is_not(
    clean: tuple[Path, Ledger, Options], tmp_path: Path
) -> None:
    folder, ledger, options = clean
    slides = slides_below([folder])
    check = SpotCheck(list(slides), "Anna", None, Terms(size=3, seed=1))
    for position, name in enumerate(check.sample):
        page = page_of(slides[name], options)
        assert page.seen == seen_now(slides[name], options) != ""
        check.give(position, "pass" if page.clean else "fail", seen=page.seen)
    shutil.copyfile(folder / "slide-2.svs", folder / "slide-0.svs")
    with pytest.raises(SlideChanged):
        sign_slides(check, slides, ledger, options)
    position = check.sample.index("slide-0.svs")
    check.give(position, "fail", seen=seen_now(folder / "slide-0.svs", options))
    entry = entry_of(ledger, sign_slides(check, slides, ledger, options))
    afters = {record["entry"].get("after") for _, record in ledger.entries()} - {None}
    assert len(afters & set(entry["sample"])) == 1, "slides of the sample are those of the runs"
    assert (entry["failures"], len([name for name in entry["failed"] if name.startswith("slide-")])) == (2, 2)


def test_a_sample_from_the_ledger_is_of_slides_as_they_were_left(clean: tuple[Path, Ledger, Options]) -> None:
    folder, ledger, options = clean
    (folder / "slide-0.svs").rename(folder / "other.svs")
    found = of_ledger([folder], ledger, options)
    assert set(found.slides) == {"other.svs", "slide-1.svs"}, "whatever they are called now"
    assert (found.strangers, found.absent) == (1, 0)
    assert found.sentence() == "the sample says nothing of: 1 here that the ledger does not know as clean"
    build_aperio(folder / "other.svs", **SMALL)
    found = of_ledger([folder], ledger, options)
    assert (set(found.slides), found.strangers, found.absent) == ({"slide-1.svs"}, 2, 1)
    (folder / "slide-1.svs").unlink()
    with pytest.raises(UsageError, match="no slide here is one"):
        of_ledger([folder], ledger, options)
    with pytest.raises(UsageError, match="needs a ledger"):
        of_ledger([folder], None, options)


def test_the_usual_record_is_gone_on_with_until_it_is_signed(tmp_path: Path) -> None:
    first = usual_record(NAMES)
    check = judged(first)
    assert usual_record(NAMES[::-1]) == first
    assert usual_record(NAMES[1:]).name != first.name
    sign(check, Ledger(tmp_path / "ledger.jsonl"))
    assert usual_record(NAMES) != first
    assert "slide" not in first.name


# -- the page --------------------------------------------------------------------------------


@pytest.fixture(params=[".html", ".pdf", ".json"])
def signed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Ledger]:
    if request.param == ".pdf":
        pytest.importorskip("fpdf", reason="fpdf2 is not installed")
    ledger, path = Ledger(tmp_path / "ledger.jsonl"), tmp_path / f"check{request.param}"
    check = judged(tmp_path / "check.record", fails=1)
    report.write(path, report.content(check, sign(check, ledger)))
    return path, ledger


def holds(path: Path, ledger: Ledger | None) -> list[bool | None]:
    return [answer.holds for answer in report_check.check(path, ledger)]


def test_a_report_holds_as_long_as_nobody_edits_it(signed: tuple[Path, Ledger], tmp_path: Path) -> None:
    path, ledger = signed
    assert holds(path, ledger) == [True, True]
    assert holds(path, None) == [True, None]
    other = Ledger(tmp_path / "other.jsonl")
    other.append({"kind": "spot-check", "transaction": "x", "reports": []})
    assert holds(path, other) == [True, False]


def test_an_edited_page_is_seen(signed: tuple[Path, Ledger]) -> None:
    path, ledger = signed
    raw = path.read_bytes()
    if path.suffix == ".pdf":
        at = raw.index(b"stream") + 40
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        assert holds(path, ledger)[0] is False
        return
    mark = "✗ FAIL" if path.suffix == ".html" else '"verdict":"fail"'
    better = "✓ pass" if path.suffix == ".html" else '"verdict":"pass"'
    path.write_bytes(raw.replace(mark.encode(), better.encode()))
    assert False in holds(path, ledger)


def test_data_that_was_changed_and_drawn_again_is_seen(signed: tuple[Path, Ledger]) -> None:
    path, ledger = signed
    check = judged(None, fails=-1)
    report.write(path, report.content(check, 1))
    assert holds(path, ledger) == [True, False]


def test_a_report_that_nobody_signed_says_so(tmp_path: Path) -> None:
    report.write(tmp_path / "check.html", report.content(judged(None)))
    assert holds(tmp_path / "check.html", Ledger(tmp_path / "ledger.jsonl")) == [True, None]


@pytest.mark.parametrize(
    "other", [b"", b"<html>", b"{}", b'{"spot_check": 1}', b"%PDF-1.3\n", b'{"spot_check": 1, "x":']
)
def test_what_is_no_report_is_refused(tmp_path: Path, other: bytes) -> None:
    (tmp_path / "check.html").write_bytes(other)
    with pytest.raises(UsageError, match="no report of a spot-check"):
        report_check.check(tmp_path / "check.html", None)


@pytest.mark.parametrize(("size", "reviewers"), [(4, 1), (59, 2), (299, 1)])
def test_a_pdf_is_one_sheet_and_has_all_data(tmp_path: Path, size: int, reviewers: int) -> None:
    pytest.importorskip("fpdf", reason="fpdf2 is not installed")
    names = [f"slide-{n}.svs" for n in range(400)]
    for who in ("Anna", "Ben")[:reviewers]:
        check = SpotCheck(names, who, tmp_path / "check.json", Terms(size=size, seed=5, reviewers=reviewers))
        for position in range(size - 1):
            check._said[who][position] = judged(None).own[0]
        check.give(size - 1, "fail", "a name")
    data = report.content(check)
    pdf = report.drawn(".pdf", data)
    assert pdf.count(b"/Type /Page\n") == 1
    assert b"spot-check.json" in pdf
