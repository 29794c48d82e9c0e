"""The view-model: what every face shows and may do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from blankslide.model import Outcome
from blankslide.pipeline import Options
from blankslide.presentation.plan_words import parts_of
from blankslide.session import MASK, Event, Session, look_at
from blankslide.testing.built import build_aperio
from blankslide.wishes import Wish, typed_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    return path


def ready(path: Path) -> Session:
    session = Session(path, Options(key=b"k" * 32))
    session.load()
    return session


def test_loading_leads_to_a_headline_and_masked_rows(slide: Path) -> None:
    session = ready(slide)
    assert session.state == "ready"
    assert session.headline.startswith("slide.svs · Aperio SVS · 2 pictures and ")
    rows = session.rows()
    assert rows[0].sensitive
    assert {r.value for r in rows} <= {"", MASK}
    assert [r.sensitive for r in rows] == sorted((r.sensitive for r in rows), reverse=True)
    session.reveal(True)
    assert MASK not in {r.value for r in session.rows()}
    assert {r.id for r in session.rows("user")} >= {"aperio.description.user"}


def test_dry_run_is_on_until_turned_off(slide: Path) -> None:
    before = slide.read_bytes()
    session = ready(slide)
    session.apply()
    assert session.state == "done"
    assert slide.read_bytes() == before
    assert "nothing was changed" in session.headline
    session.dry_run = False
    session.apply()
    assert "clean – checked by OpenSlide and tifffile" in session.headline
    assert slide.read_bytes() != before
    assert session.summary == "nothing to do"


def test_keeping_and_removing_single_findings(slide: Path) -> None:
    session = ready(slide)
    session.keep("picture.macro", True)
    row = next(r for r in session.rows() if r.id == "picture.macro")
    assert row.keeps
    assert row.sensitive
    session.keep("picture.macro", False)
    assert not next(r for r in session.rows() if r.id == "picture.macro").keeps
    link = "aperio.description.imageid"
    before = next(r.action for r in session.rows() if r.id == link)
    session.keep(link, True)
    session.keep(link, False)
    assert next(r.action for r in session.rows() if r.id == link) == before == "replace"


def test_cancel_before_the_commit_point_changes_nothing(slide: Path) -> None:
    before = slide.read_bytes()
    session = ready(slide)
    session.dry_run = False
    session.on(lambda event: session.cancel() if event == "progress" else None)
    session.apply()
    assert session.state == "refused"
    assert "cancelled before anything was written" in session.headline
    assert slide.read_bytes() == before


def test_a_refusal_is_a_state_not_an_exception(tmp_path: Path) -> None:
    path = tmp_path / "notes.svs"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    session = ready(path)
    assert session.state == "refused"
    assert session.headline.startswith("notes.svs · not a slide I know: PNG image · nothing was changed · ")
    assert session.rows() == []


def test_listeners_hear_events_and_can_leave(slide: Path) -> None:
    heard: list[Event] = []
    session = Session(slide)
    leave = session.on(heard.append)
    session.load()
    assert heard == ["state", "rows", "state"]
    leave()
    session.load()
    assert len(heard) == 3
    assert Session().headline == "no slide chosen"
    assert "There is no way back" in session.confirmation


def test_what_is_confirmed_counts_all_files_of_a_set(tmp_path: Path) -> None:
    from blankslide.testing.built import build_mirax

    build_mirax(tmp_path / "s.mrxs")
    session = ready(tmp_path / "s.mrxs")
    assert session.plan is not None
    others = len({patch.file for patch in session.plan.patches}) - 1
    assert others > 3
    assert session.confirmation == (
        f"This overwrites s.mrxs itself and {others} more files of the slide. There is no way back."
    )


# -- what somebody else has found ------------------------------------------------------------


def test_a_look_that_is_still_true_is_taken(slide: Path, inspections: list[str]) -> None:
    options = Options(key=b"k" * 32)
    known = look_at(slide, options)
    session = Session(slide, options)
    session.load(known)
    assert session.inspection is known.inspection
    assert session.plan is known.plan
    assert session.state == "ready"
    assert not session.stale
    assert inspections == ["aperio"]
    assert "Thimble" not in repr(known)
    assert "kkkk" not in repr(known)


@pytest.mark.parametrize("change", ["the file", "the key", "the profile", "a choice", "how thorough"])
def test_a_look_that_is_not_what_this_session_would_see_is_not_taken(slide: Path, change: str) -> None:
    known = look_at(slide, Options(key=b"k" * 32))
    session = Session(slide, Options(key=b"k" * 32))
    if change == "the file":
        os.utime(slide, ns=(1, 1))
    elif change == "the key":
        session.options.key = b"q" * 32
    elif change == "the profile":
        session.options.profile = "strict"
    elif change == "how thorough":
        session.options.thorough = True
    else:
        session.options.keep = "macro"
    session.load(known)
    assert session.state == "ready"
    assert session.inspection is not known.inspection


def test_after_a_run_the_proof_is_what_is_shown(slide: Path, inspections: list[str]) -> None:
    session = ready(slide)
    session.dry_run = False
    session.apply()
    assert session.outcome is not None
    assert session.outcome.content == "clean"
    assert len(inspections) == 4  # opened; under the lock; as it will be, which the census is held against; the proof
    assert not session.stale
    assert not any(row.sensitive for row in session.rows())
    shown = [row.id for row in session.rows()]
    session.load()
    assert [row.id for row in session.rows()] == shown


def test_a_proof_is_not_believed_of_a_file_that_changed_behind_it(slide: Path, inspections: list[str]) -> None:
    session = ready(slide)
    session.dry_run = False
    session.on(lambda event: os.utime(slide, ns=(1, 1)) if (event, session.stage) == ("progress", "record") else None)
    session.apply()
    assert session.state == "done"
    assert len(inspections) == 5
    assert not session.stale


def test_a_change_in_any_file_of_a_set_is_seen(tmp_path: Path) -> None:
    from blankslide.testing.built import build_mirax

    build_mirax(tmp_path / "s.mrxs")
    for member in sorted((tmp_path / "s").iterdir()):
        session = ready(tmp_path / "s.mrxs")
        assert not session.stale
        os.utime(member, ns=(1, 1))
        assert session.stale, member.name


def copied(session: Session, folder: Path) -> None:
    folder.mkdir()
    session.ask(Wish(mode="copy", folder=folder))
    session.dry_run = False
    session.apply()
    assert session.outcome is not None
    assert session.outcome.content == "clean"


@pytest.mark.parametrize("there", ["another folder", "none"])
def test_a_copy_is_where_the_run_put_it_whatever_is_typed_afterwards(slide: Path, tmp_path: Path, there: str) -> None:
    """Verify, certificate and report are about the copy that was made, not about a file of its name elsewhere."""
    session = ready(slide)
    copied(session, tmp_path / "made")
    (tmp_path / "other").mkdir()
    session.ask(Wish(mode="copy", folder=tmp_path / "other") if there == "another folder" else Wish())
    if session.outcome is None:
        assert session.state == "ready"
        assert session.result == slide
    else:
        assert session.result == tmp_path / "made" / "slide.svs"
        session.verify()
        assert isinstance(session.verdict, Outcome)
        assert session.verdict.content == "clean"


@pytest.mark.parametrize("change", ["the original is put back", "profile", "row"])
def test_what_was_verified_is_not_said_of_another_state(slide: Path, change: str) -> None:
    original = slide.read_bytes()
    session = ready(slide)
    session.dry_run = False
    session.apply()
    session.verify()
    assert isinstance(session.verdict, Outcome)
    assert session.verdict.content == "clean"
    if change == "profile":
        session.choose("strict")
    elif change == "row":
        session.keep(session.rows()[-1].id, False)
    else:
        slide.write_bytes(original)
        session.load()
    assert session.verdict is None
    assert session.outcome is None


def test_a_part_of_the_label_that_stays_is_not_told_of_the_macro(tmp_path: Path) -> None:
    build_aperio(tmp_path / "slide.svs", size=(2048, 1536), factors=(1, 4, 16))
    session = ready(tmp_path / "slide.svs")
    session.ask(Wish(keep_label="0,0,10,10"))
    assert session.in_words == "a part of the label, macro and 23 fields"
    session.dry_run = False
    session.apply()
    assert session.outcome is not None
    assert parts_of(session.outcome) == {"label"}


def test_nothing_is_said_to_be_overwritten_where_nothing_has_to_go(slide: Path, tmp_path: Path) -> None:
    session = ready(slide)
    assert session.confirmation.startswith("This overwrites slide.svs itself")
    session.dry_run = False
    session.apply()
    assert session.confirmation == "Nothing in slide.svs has to go: it is judged, and nothing is written into it."
    session.ask(Wish(mode="copy", folder=tmp_path))
    assert session.confirmation.startswith("This makes a clean copy")


def test_the_home_can_be_typed_and_nobody_elses_makes_a_folder_of_that_name(
    slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert typed_path(" ~/clean ") == tmp_path / "home" / "clean"
    assert typed_path(" ") is None
    session = ready(slide)
    session.ask(Wish(mode="copy", folder=typed_path("~nobody-of-that-name/clean")))
    assert session.wrong is not None
    assert "home of somebody" in session.wrong.sentence()
    assert not list(tmp_path.glob("~*"))
