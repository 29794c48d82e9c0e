from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from blankslide import api
from blankslide.model import Action, Decision, Finding, Inspection, Outcome, PhiClass, Place, Plan, SlideFile
from blankslide.model.sensitive import Sensitive
from blankslide.presentation import html_card
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

VOID = {"br", "img"}


class Balanced(HTMLParser):
    """Raises on tags that do not match; collects tags and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert {name for name, _ in attrs} <= {"style", "class", "scope", "title"}
        self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("cards")
    slide = folder / "slide.svs"
    key = build_aperio(slide)
    own = {"ledger": str(folder / "ledger.jsonl"), "key": folder / "site.key"}
    found, plan = api.inspect(slide), api.plan(slide)
    outcome = api.anonymize(slide, in_place=True, **own)  # type: ignore[arg-type]
    return {"inspection": found, "plan": plan, "outcome": outcome, "again": api.verify(slide), "key": key}


@pytest.mark.parametrize("stage", ["inspection", "plan", "outcome", "again"])
def test_a_card_is_sound_html_without_a_value_or_an_unknown_key(stages: dict[str, object], stage: str) -> None:
    shown = stages[stage]
    html = shown._repr_html_()  # type: ignore[attr-defined]
    Balanced(html)
    everything = html + repr(shown)
    planted = {r.value for r in stages["key"].removed if len(r.value) > 4}  # type: ignore[attr-defined]
    assert [v for v in planted if v in everything] == []
    for unknown in ("Cabinet", "Referring Ward", "referring-ward", "zz_note", "zz-note"):
        assert unknown not in everything


def test_each_card_leads_with_the_sentence_of_its_stage(stages: dict[str, object]) -> None:
    html = {name: stages[name]._repr_html_() for name in ("inspection", "plan", "outcome", "again")}  # type: ignore[attr-defined]
    assert "2 pictures and 23 fields can identify the patient" in html["inspection"]
    assert "MB would be overwritten" in html["plan"]
    assert "this slide · clean – checked by OpenSlide and tifffile, tissue unchanged" in html["outcome"]
    assert "nothing to do" in html["again"]
    assert "done: blank, unlink" in html["outcome"]


def test_masks_stand_where_values_are(stages: dict[str, object]) -> None:
    found = stages["inspection"]
    assert isinstance(found, Inspection)
    with_value = sum(f.value is not None for f in found.findings)
    assert with_value > 20
    assert found._repr_html_().count(html_card.MASK) == with_value


HOSTILE = '<img src=x onerror=alert(1)>"&\u202e'


def hostile_finding() -> Finding:
    where = Place(0, HOSTILE, 0, 4)
    return Finding("aperio.description.x", HOSTILE, PhiClass.DIRECT, (where,), (), Sensitive(HOSTILE))


def test_hostile_texts_stay_texts() -> None:
    finding = hostile_finding()
    found = Inspection("aperio", HOSTILE, (SlideFile(HOSTILE, 9),), (), (), (finding,), (), notes=(HOSTILE,))
    decision = Decision(finding.id, HOSTILE, PhiClass.DIRECT, Action.KEEP, 1, HOSTILE, True)
    plan = Plan(HOSTILE, (decision,), (), (HOSTILE,))
    outcome = Outcome(
        "residue", title=HOSTILE, residue=(HOSTILE,), decisions=(decision,), readers=(HOSTILE,), notes=(HOSTILE,)
    )
    for shown in (found, plan, outcome):
        html = shown._repr_html_()
        assert "img" not in Balanced(html).tags
        assert "<img" not in html


def test_a_file_name_that_is_not_known_to_be_plain_is_left_out(tmp_path: Path) -> None:
    for name, stays in (("S19-12345.svs", False), ("Doe_Jane.svs", False), ("slide.svs", True)):
        build_aperio(tmp_path / name)
        html = api.inspect(tmp_path / name)._repr_html_()
        assert (name in html) is stays
        assert (html_card.NAMELESS in html) is not stays


def test_residue_of_an_unknown_field_is_told_by_its_store_only() -> None:
    unknown = Decision(
        "aperio.description.dr-nonesuch", "Dr Nonesuch", PhiClass.UNKNOWN, Action.REMOVE, 1, "page 0", False
    )
    outcome = Outcome("residue", decisions=(unknown,), residue=("left: aperio.description.dr-nonesuch",))
    html = outcome._repr_html_()
    assert "nonesuch" not in html.lower()
    assert "1 thing left: aperio.description.unknown" in html
    assert "nonesuch" not in repr(outcome).lower()


@pytest.mark.parametrize(("content", "word"), [("clean", "✓"), ("residue", "✗"), ("pending", "!"), ("untouched", "○")])
def test_every_state_has_a_mark_of_its_own(content: str, word: str) -> None:
    html = Outcome(content)._repr_html_()  # type: ignore[arg-type]
    assert f">{word} " in html


def test_the_plan_repr_shows_no_patch(stages: dict[str, object]) -> None:
    assert "Patch(" not in repr(stages["plan"])
    assert len(repr(stages["plan"])) < 100
