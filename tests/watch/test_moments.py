"""Moments at which something happens to a slide: dropped in again, shrunk, gone, written in pieces, edited in place."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.api import options as options_of
from blankslide.errors import SlidePending
from blankslide.pipeline import anonymize_in_place
from blankslide.testing.built import build_dicom
from blankslide.testing.own.watched import Watched, files_below

Make = Callable[..., Watched]
Put = Callable[..., Path]


def test_a_slide_of_the_quarantine_is_tried_again_when_it_is_dropped_in_again(watched: Make, put: Put) -> None:
    service = watched("--patience", "0.5")
    whole = put("argos.avs", service.root / "whole").read_bytes()
    (service.source / "case").mkdir()
    path = service.source / "case" / "a.avs"
    path.write_bytes(whole[:9000])
    lying = service.quarantine / "case" / "a.avs"
    with service.running():
        service.wait_for(lying.exists, why="half a slide")
        os.rename(lying, path)
        service.wait_for(lying.exists, why="it is still half")
        assert "a.avs.reason.txt" in os.listdir(lying.parent)
        lying.unlink()
        path.write_bytes(whole)
        service.wait_for(lambda: "case/a.avs" in service.copies(), why="it is whole")
        service.wait_for(lambda: not os.listdir(lying.parent), why="the old reason goes")
        assert service.status()["counts"]["in quarantine"] == 0
    assert len(service.entries()) == 1


def test_another_slide_of_the_same_name_in_the_quarantine_gets_a_folder_of_its_own(watched: Make) -> None:
    service = watched("--patience", "0")
    for text in ("one", "another"):
        (service.source / "a.svs").write_text(text)
        assert service.once() == 1
    assert (service.quarantine / "a.svs").read_text() == "one"
    assert (service.quarantine / "again-2" / "a.svs").read_text() == "another"
    assert (service.quarantine / "again-2" / "a.svs.reason.txt").is_file()


def test_the_same_slide_twice_doubles_nothing_and_is_said(watched: Make, put: Put) -> None:
    service = watched()
    put("argos.avs", service.source)
    assert service.once() == 0
    first = (service.out / "argos.avs").read_bytes()
    (service.source / "argos.avs").unlink()
    os.rename(service.out / "argos.avs", service.root / "taken away.avs")
    put("argos.avs", service.source)
    assert service.once() == 0
    assert service.copies() == {}
    assert len(service.entries()) == 1
    assert "done before" in service.said()
    os.rename(service.root / "taken away.avs", service.out / "argos.avs")
    assert service.once() == 0
    assert (service.out / "argos.avs").read_bytes() == first
    assert len(service.entries()) == 1


def test_the_same_slide_of_another_requester_is_another_copy(watched: Make, put: Put) -> None:
    service = watched()
    for requester in ("A", "B"):
        put("argos.avs", service.source / requester)
    assert service.once() == 0
    assert sorted(service.copies()) == ["A/argos.avs", "B/argos.avs"]
    assert len(service.entries()) == 2


def test_another_slide_whose_name_is_taken_overwrites_nothing(watched: Make, put: Put) -> None:
    service = watched()
    service.out.mkdir()
    (service.out / "argos.avs").write_bytes(b"somebody's own")
    put("argos.avs", service.source)
    assert service.once() == 1
    assert (service.out / "argos.avs").read_bytes() == b"somebody's own"
    assert "already has a file of this name" in (service.quarantine / "argos.avs.reason.txt").read_text()


@pytest.mark.parametrize("kind", ["argos.avs", "mirax.mrxs"])
def test_a_copy_whose_run_died_before_it_was_recorded_is_recorded_by_the_next_one(
    watched: Make, put: Put, kind: str
) -> None:
    service = watched()
    put(kind, service.source)
    assert service.once() == 0
    (first,) = service.entries()
    copies = {name: path.stat().st_mtime_ns for name, path in service.copies().items()}
    service.ledger.unlink()
    service.hints.unlink()
    assert service.once() == 0
    (second,) = service.entries()
    assert {name: path.stat().st_mtime_ns for name, path in service.copies().items()} == copies
    unknown = {"bytes", "medium"}  # how it was written, nobody can tell any more
    assert {k: v for k, v in second.items() if k not in unknown} == {k: v for k, v in first.items() if k not in unknown}
    assert service.once() == 0
    assert len(service.entries()) == 1


def test_the_requester_of_a_folder_is_recorded(watched: Make, put: Put) -> None:
    service = watched()
    put("argos.avs", service.source / "Study A" / "case")
    put("argos.avs", service.source / "other")
    (service.source / "other" / "blankslide.toml").write_text('requester = "Study B"')
    put("argos.avs", service.source, "plain.avs")
    assert service.once() == 0
    assert sorted(entry.get("requester", "") for entry in service.entries()) == ["", "Study A", "Study B"]


@pytest.mark.parametrize("originals", ["move", "remove"])
def test_originals_go_when_their_copies_are_clean(watched: Make, put: Put, originals: str) -> None:
    service = watched("--originals", originals, "--patience", "0")
    put("argos.avs", service.source / "A")
    put("mirax.mrxs", service.source / "A")
    (service.source / "A" / "notes.svs").write_text("notes")
    was = files_below(service.source)
    assert service.once() == 1
    assert files_below(service.source) == {}
    moved = files_below(service.root / "originals")
    assert moved.keys() == (was.keys() - {"A/notes.svs"} if originals == "move" else set())
    assert service.copies().keys() == was.keys() - {"A/notes.svs"}
    assert (service.quarantine / "A" / "notes.svs").is_file()


def test_an_original_is_not_removed_on_the_ledgers_word_alone(watched: Make, put: Put) -> None:
    service = watched()
    path = put("argos.avs", service.source)
    assert service.once() == 0
    (service.out / "argos.avs").unlink()
    assert service.once("--originals", "remove") == 0
    assert path.exists()


def test_what_shrinks_or_vanishes_while_it_is_waited_for_is_never_taken_half(watched: Make, put: Put) -> None:
    service = watched("--patience", "60", quiet=0.8)
    whole = put("argos.avs", service.root / "whole").read_bytes()
    shrinks, goes = service.source / "shrinks.avs", service.source / "goes.avs"
    shrinks.write_bytes(whole)
    goes.write_bytes(whole)
    with service.running():
        service.wait_for(lambda: "watching" in service.said())
        time.sleep(0.3)
        shrinks.write_bytes(whole[:20_000])
        goes.unlink()
        service.wait_for(lambda: bool(service.status()["waiting"]), why="it is not whole")
        assert service.copies() == {}
        shrinks.write_bytes(whole)
        service.wait_for(lambda: "shrinks.avs" in service.copies())
    assert list(service.copies()) == ["shrinks.avs"]
    assert "Traceback" not in service.said()


def test_a_dicom_series_that_arrives_file_by_file_is_one_slide(watched: Make, tmp_path: Path) -> None:
    (tmp_path / "series").mkdir()
    build_dicom(tmp_path / "series" / "level.dcm")
    files = sorted((tmp_path / "series").iterdir())
    assert len(files) > 2
    service = watched(quiet=0.6)
    home = service.source / "A" / "series"
    home.mkdir(parents=True)
    with service.running():
        for file in files:
            shutil.copyfile(file, home / file.name)
            time.sleep(0.35)
            assert service.copies() == {}
        service.wait_for(lambda: len(service.copies()) == len(files), why="the whole series")
    assert {str(Path(name).parent) for name in service.copies()} == {"A/series"}
    assert len(service.entries()) == 1
    assert len(list(blankslide.slides(service.out))) == 1


# -- in place --------------------------------------------------------------------------------


def test_in_place_slides_are_cleaned_where_they_stand_and_left_alone_afterwards(watched: Make, put: Put) -> None:
    service = watched("--in-place", "--patience", "0")
    path = put("argos.avs", service.source / "2026")
    put("mirax.mrxs", service.source / "2026")
    (service.source / "notes.svs").write_text("notes")
    with service.running():
        service.wait_for(lambda: len(service.entries()) == 2)
        service.wait_for(lambda: "left as it is" in service.said())
        time.sleep(1.5)
        assert service.said().count("clean \u2013") == 2, "what we have written ourselves is no news"
    assert blankslide.verify(path, key=service.root / "site.key", ledger="none")
    assert (service.source / "notes.svs").read_text() == "notes"
    assert not service.quarantine.exists()
    before = path.stat().st_mtime_ns
    assert service.once() == 1, "the notes are still there"
    assert path.stat().st_mtime_ns == before
    assert len(service.entries()) == 2


def _die(*arguments: Any) -> Any:
    raise RuntimeError


def test_in_place_a_slide_that_was_interrupted_is_finished_at_the_next_start(
    watched: Make, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = watched("--in-place")
    path = put("argos.avs", service.source)
    options = options_of(key=service.root / "site.key", ledger=str(service.ledger))
    with monkeypatch.context() as patch:
        patch.setattr("blankslide.pipeline.in_place.judge_written", _die)
        with pytest.raises(SlidePending):
            anonymize_in_place(path, options)
    assert [name for name in os.listdir(service.source) if name.startswith(".blankslide-")]
    assert service.once() == 0
    assert os.listdir(service.source) == ["argos.avs"]
    assert [entry["content"] for entry in service.entries()] == ["clean"]


def test_in_place_a_slide_gets_its_new_name_once(watched: Make, put: Put) -> None:
    service = watched("--in-place", "--name", "A-{pseudonym}")
    put("argos.avs", service.source, "S24-1112.avs")
    with service.running():
        service.wait_for(lambda: len(service.entries()) == 1)
        time.sleep(1.5)
    (name,) = os.listdir(service.source)
    assert name.startswith("A-slide-")
    assert service.said().count("clean \u2013") == 1


# -- what is refused before anything begins --------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["gone", "--out", "out"], 2, "not there"),
        (["in", "--out", "in"], 2, "cannot lie in the folder"),
        (["in/case", "--out", "in"], 2, "cannot lie in the folder"),
        (["in", "--out", "out", "--quarantine", "out/bad"], 2, "among the clean"),
        (["in", "--out", "out", "--quarantine", "out"], 2, "a folder of their own"),
        (["in", "--out", "out", "--in-place"], 2, "either"),
        (["in"], 2, "either"),
        (["in", "--in-place", "--originals", "move"], 2, "about copies"),
        (["in", "--out", "out", "--name", "{n}"], 2, "cannot number"),
        (["in", "--out", "out", "--name", "a", "--names", "b"], 2, "not both"),
        (["in", "--out", "out", "--json"], 2, "about --status"),
        (["in", "--status"], 4, "nobody watches"),
        (["in", "--out", "out", "--quarantine", "/dev/shm/bad"], 2, "another volume"),
        (["in", "--out", "out", "--originals", "move", "--done", "/dev/shm/done"], 2, "another volume"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_begins(
    tmp_path: Path, run_here: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    if "/dev/shm/" in " ".join(arguments) and not os.path.isdir("/dev/shm"):
        pytest.skip("no second volume here")
    (tmp_path / "in" / "case").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    ended = run_here("watch", *arguments, "--once")
    assert (ended.code, said in ended.err) == (code, True), ended.err
    assert sorted(os.listdir(tmp_path)) == ["in"]
