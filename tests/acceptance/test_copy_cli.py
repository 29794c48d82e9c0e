"""Issue 4: copies, names, reports and inventories as a person gets them, from the real command line."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.judge import Before, judge
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from pathlib import Path

Make = Callable[..., tuple["Path", Before]]
OLD = ("CPAPERIOCS", "CMU-1", "12/29/09", "09:59:15", "b414003d-95c6-48b0-9369-8010ed517ba7", "1004486")


def test_a_real_slide_is_copied_clean_and_the_copy_verifies(slide_copy: Callable[[str], Path], tmp_path: Path) -> None:
    source = slide_copy("aperio/CMU-1-Small-Region.svs")
    before = Before.of(source, OLD)
    ended = run_cli("anonymize", "--out", tmp_path / "out", source)
    assert (ended.code, ended.err) == (0, "")
    assert "clean – checked by OpenSlide and tifffile, tissue unchanged" in ended.out
    assert "the original still holds everything" in ended.out
    assert "the slide's own name may identify, so the copy has a pseudonym" in ended.out  # a field repeats it
    (copy,) = (tmp_path / "out").iterdir()
    assert copy.name.startswith("slide-")
    assert judge(before, copy) == []
    assert source.read_bytes() == before.data
    assert run_cli("verify", copy).code == 0


def test_a_directory_a_second_run_and_json(make: Make, tmp_path: Path) -> None:
    make("a.svs"), make("b.svs")
    (tmp_path / "a.geojson").write_text("{}")
    out = tmp_path / "out"
    first = run_cli("anonymize", "--out", out, "--json", tmp_path)
    assert first.code == 0
    assert [(s["content"], s["target"], s["sidecars"]) for s in first.slides] == [
        ("clean", "a.svs", ["a.geojson"]),
        ("clean", "b.svs", []),
    ]
    assert all(s["medium"] in ("relocated", "shared", "unknown") for s in first.slides)
    second = run_cli("anonymize", "--out", out, tmp_path)
    assert second.code == 4
    assert second.err.count("already has a file of this name · nothing was changed") == 2
    assert sorted(os.listdir(out)) == ["a.svs", "b.svs"]


def test_keep_macro_ends_with_1_in_both_modes(make: Make, tmp_path: Path) -> None:
    path, _ = make()
    for mode in (["--out", tmp_path / "out"], ["--in-place"]):
        ended = run_cli("anonymize", *mode, "--keep", "macro", path)
        assert ended.code == 1
        assert "kept: macro shows the label" in ended.out
    assert run_cli("verify", path).code == 1


def test_name_in_both_modes(make: Make, tmp_path: Path) -> None:
    path, before = make("S19-12345.svs")
    copied = run_cli("anonymize", "--out", tmp_path / "out", "--name", "copy", path)
    assert (copied.code, os.listdir(tmp_path / "out")) == (0, ["copy.svs"])
    renamed = run_cli("anonymize", "--in-place", "--name", "fresh", "--json", path)
    assert (renamed.code, renamed.slides[0]["target"]) == (0, "fresh.svs")
    assert judge(before, path.with_name("fresh.svs")) == []
    assert not path.exists()


def test_sidecars_fail_under_strict_only(make: Make, tmp_path: Path) -> None:
    path, _ = make()
    path.with_suffix(".xml").write_text("Jane Doe")
    research = run_cli("anonymize", "--out", tmp_path / "one", path)
    strict = run_cli("anonymize", "--out", tmp_path / "two", "--profile", "strict", path)
    assert (research.code, strict.code) == (0, 1)
    for ended in (research, strict, run_cli("inspect", path)):
        assert "left as they are beside it: slide.xml" in ended.out
    assert os.listdir(tmp_path / "two") == ["slide.svs"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--out", "o", "--in-place"], 2, "exclude each other"),
        ([], 2, "--out DIR for a copy"),
        (["--out", "o", "--name", "x/y"], 2, "plain file name"),
        (["--out", "o", "--report", "r.svs"], 2, ".html, .json, .csv or .xlsx"),
        (["--out", "o", "--report", "missing/r.html"], 4, "no such folder"),
        (["--out", "slide.svs"], 2, "names the slide itself"),
        (["--out", "file"], 4, "is a file"),
    ],
)
def test_requests_that_make_no_sense(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    path, before = make()
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    ended = run_cli("anonymize", *arguments, "slide.svs")
    assert ended.code == code
    assert words in ended.err
    assert path.read_bytes() == before.data
    assert not (tmp_path / "o").exists()


def test_one_name_for_several_slides_is_wrong_usage(make: Make, tmp_path: Path) -> None:
    make("a.svs"), make("b.svs")
    ended = run_cli("anonymize", "--out", tmp_path / "out", "--name", "x", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert not (tmp_path / "out").exists()


def test_a_report_of_a_run_with_one_refusal(make: Make, tmp_path: Path) -> None:
    path, _ = make()
    (tmp_path / "bad.svs").touch()
    ended = run_cli("anonymize", "--out", tmp_path / "out", "--report", tmp_path / "r.json", path, tmp_path / "bad.svs")
    assert ended.code == 3
    slides = json.loads((tmp_path / "r.json").read_text())["slides"]
    assert [s["result"] for s in slides] == ["clean", "refused"]
    assert slides[1]["error"].startswith("the file is empty")


def test_an_inventory(make: Make, tmp_path: Path) -> None:
    path, _ = make("=slide.svs")
    ended = run_cli("inspect", "--csv", tmp_path / "i.csv", "--with-names", tmp_path)
    assert ended.code == 0
    with (tmp_path / "i.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["path"] for r in rows] == [str(path)]
    assert run_cli("inspect", "--csv", path, tmp_path).code == 2


def test_names_of_patients_are_in_no_file_that_is_passed_on(make: Make, tmp_path: Path) -> None:
    """One rule for inventory and report; the screen and --json are for the one who named the paths."""
    path, _ = make("Doe_Jane.svs")
    table, told = tmp_path / "i.csv", tmp_path / "r.json"
    for names in ((), ("--with-names",)):
        run_cli("inspect", "--csv", table, *names, path)
        run_cli("anonymize", "--out", tmp_path / f"out{len(names)}", "--report", told, *names, path)
        for text in (table.read_text("utf-8"), told.read_text("utf-8")):
            assert ("slide 1 (name withheld)" in text) is not bool(names)
            assert ("Doe_Jane" in text) is bool(names)
    assert run_cli("inspect", "--json", path).slides[0]["path"] == str(path)
    for wrong in (["inspect"], ["anonymize", "--dry-run"]):
        assert run_cli(*wrong, "--with-names", path).code == 2
