"""The enlarged view, as a page asks for it: squares as messages, and none of another state of the file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anywidget", reason="anywidget is not installed: the notebook face needs blankslide[jupyter]")

from blankslide import api
from blankslide.jupyter import SlideReview
from blankslide.jupyter.marks import marks_of
from blankslide.model.found import Found
from blankslide.testing.built import build_aperio
from blankslide.wishes import Wish


@pytest.fixture
def review(tmp_path: Path) -> SlideReview:
    (tmp_path / "work").mkdir()
    path = tmp_path / "work" / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    return SlideReview(path, ledger="none", key=tmp_path / "site.key")


def listened(review: SlideReview) -> list[tuple[Any, list[bytes]]]:
    sent: list[tuple[Any, list[bytes]]] = []
    review._closeup.send = lambda said, blobs: sent.append((said, blobs))
    return sent


def ask(review: SlideReview, **more: object) -> None:
    part = review._closeup.part
    asked = {"do": "tile", "key": "k", "level": 0, "x": 0, "y": 0, "epoch": part.epoch} | more
    review._card.sheet._hear(None, {"part": part.id} | asked)


def held_open(path: Path) -> bool:
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("no /proc here to count open files")
    return str(path) in [str(fd.readlink()) for fd in fds.iterdir() if fd.is_symlink()]


def test_a_picture_is_enlarged_and_its_squares_come_when_they_are_asked_for(review: SlideReview) -> None:
    sent = listened(review)
    part = review._closeup.part
    ask(review)
    assert sent == [], "nobody looks"
    review._card.pictures.list.hear({"do": "enlarge", "value": "macro"})
    assert part.shown
    assert [source["label"] for source in part.sources] == ["tissue", "label", "macro", "thumbnail"]
    assert part.sources[part.source]["label"] == "macro"
    ask(review)
    ((said, (coded,)),) = sent
    assert said["tile"] == {"key": "k", "epoch": part.epoch}
    assert coded[:2] == b"\xff\xd8"
    ask(review, level=99)
    assert sent[-1][1] == []
    for nonsense in ({"level": "0"}, {"key": "k" * 200}, {"x": None}):
        ask(review, **nonsense)
    assert len(sent) == 2
    part.hear({"do": "source", "value": 0})
    assert part.sources[part.source]["label"] == "tissue"
    part.hear({"do": "close"})
    assert not part.shown
    assert part.sources == []


def test_nothing_is_open_while_the_slide_is_written_and_no_old_square_is_sent(review: SlideReview) -> None:
    sent = listened(review)
    path = review.session.path
    assert path is not None
    review._closeup.enlarge("label")
    assert held_open(path)
    old = review._closeup.part.epoch
    controls = review._card.controls
    controls.dry_run.value, controls.confirm.value = False, True
    controls.go.click()
    assert review.outcome is not None
    assert review.outcome.content == "clean"
    assert not held_open(path)
    review._closeup.enlarge("label")
    assert [source["label"] for source in review._closeup.part.sources] == ["tissue", "thumbnail"]
    ask(review, epoch=old)
    assert sent[-1][1] == []
    review.finish()
    assert not held_open(path)


def test_when_somebody_else_wrote_no_square_of_before_is_sent(review: SlideReview, tmp_path: Path) -> None:
    sent = listened(review)
    review._closeup.enlarge("label")
    path = review.session.path
    assert path is not None
    api.anonymize(path, in_place=True, ledger="none", key=tmp_path / "site.key")
    ask(review)
    assert sent == []
    assert not review._closeup.part.shown


def test_squares_are_decoded_beside_the_loop(review: SlideReview) -> None:
    async def scene() -> list[tuple[Any, list[bytes]]]:
        sent = listened(review)
        review._closeup.enlarge()
        while not review._closeup.part.sources:
            await asyncio.sleep(0.005)
        ask(review)
        assert sent == [], "the loop was not held up"
        while not sent:
            await asyncio.sleep(0.005)
        review.finish()
        return sent

    assert asyncio.run(scene())[0][1][0][:2] == b"\xff\xd8"


def test_what_is_legible_and_what_a_person_names_is_outlined(
    review: SlideReview, monkeypatch: pytest.MonkeyPatch
) -> None:
    def marks(role: str) -> list[str]:
        items = {item["key"]: item for item in review._card.pictures.list.items}
        return [mark["kind"] for mark in items[role].get("marks", [])]

    box = Found("label", "text", 10, 20, 100, 30, 0.9, (387, 463))
    monkeypatch.setattr("blankslide.jupyter.review.look_at_pictures", lambda path: (box,))
    review._card.controls.legible.click()
    assert marks("label") == ["text"]
    assert "Legible in pictures: label: 1 line of text" in review._card.sheet.words()
    review._wishes.parts["mask_macro"].value = "0, 0, 200, 431"
    assert marks("macro") == ["goes"]
    outlined = marks_of((box,), Wish(keep_label="0,0,100,100", mask_macro="auto"), review._now)
    assert {role: [mark.kind for mark in each] for role, each in outlined.items()} == {"label": ["text", "stays"]}
    review._closeup.enlarge("label")
    shown = {source["label"]: [mark["kind"] for mark in source["marks"]] for source in review._closeup.part.sources}
    assert (shown["label"], shown["macro"]) == (["text"], ["goes"])
    review._card.controls.dry_run.value, review._card.controls.confirm.value = False, True
    review._card.controls.go.click()
    assert review.outcome is not None
    assert "Legible" not in review._card.sheet.words(), "that was said of pictures as they were"
