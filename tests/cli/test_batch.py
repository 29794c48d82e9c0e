"""The command ``batch``: what it prints where, its exit codes, and wrong usages in one sentence each."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.errors import UsageError
from blankslide.samples.hamamatsu.slide import build_hamamatsu
from blankslide.testing.process import START

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def ndpi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ndpi") / "a.ndpi"
    build_hamamatsu(path, size=(128, 96), factors=(1,), macro_size=(90, 40), map_page=False)
    return path


@pytest.fixture
def archive(ndpi: Path, tmp_path: Path) -> Path:
    """Return a folder with three slides, a broken one, and a file that is none."""
    root = tmp_path / "archive"
    (root / "sub").mkdir(parents=True)
    for name in ("a.ndpi", "sub/a.ndpi", "sub/b.ndpi"):
        shutil.copyfile(ndpi, root / name)
    (root / "sub" / "cut.svs").write_bytes(b"no scanner wrote this")
    (root / "notes.txt").write_text("no slide")
    return root


IN_PLACE = ("batch", "--in-place", "--jobs", "1")


def test_one_line_a_slide_and_all_else_on_the_other_stream(archive: Path, run_here: Run) -> None:
    ended = run_here(*IN_PLACE, archive)
    assert ended.code == 3
    assert [line.partition(" \u00b7 ")[0] for line in ended.out.splitlines()] == ["a.ndpi", "sub/a.ndpi", "sub/b.ndpi"]
    assert all(" \u00b7 clean \u2013 checked by OpenSlide and tifffile" in line for line in ended.out.splitlines())
    said = ended.err.splitlines()
    assert "sub/cut.svs \u00b7 not a slide I know" in ended.err
    assert "4 slides, 1 format \u00b7 1 cannot be done \u00b7" in ended.err
    assert " to write" in ended.err, "the plan is told before anything is written"
    assert " to read" not in ended.err, "in place there are no copies"
    assert said[-1].startswith("3 clean \u00b7 1 refused: not a slide I know")
    assert said[-1].endswith("(1) \u00b7 1 other file left alone")
    assert run_here(*IN_PLACE, archive).err.splitlines()[-1].startswith("3 nothing to do \u00b7 1 refused")


def test_the_objects_are_those_of_anonymize(archive: Path, run_here: Run, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "other")
    old = run_here("anonymize", "--in-place", "--json", tmp_path / "other")
    new = run_here(*IN_PLACE, "--json", archive)
    assert (old.code, new.code) == (3, 3)
    # where a file that was just made has its place on the disk is not always known yet
    other = {"path": "", "medium": ""}
    theirs, ours = ({Path(row["path"]).name: row | other for row in ended.slides} for ended in (old, new))
    assert ours == theirs
    whole = json.loads(new.out)
    assert whole["others"] == [str(archive / "notes.txt")]
    assert (whole["summary"]["clean"], sum(whole["summary"]["refused"].values())) == (3, 1)


def test_json_lines(archive: Path, run_here: Run) -> None:
    *rows, last = map(json.loads, run_here(*IN_PLACE, "--json-lines", archive).out.splitlines())
    assert sorted(row["content"] for row in rows) == ["clean"] * 3 + ["untouched"]
    assert last["summary"]["slides"] == 4
    nothing = json.loads(run_here(*IN_PLACE, "--json", archive / "notes").out)
    assert nothing["slides"][0]["error"].startswith("the slide does not exist")


def test_a_dry_run_prints_the_plan(archive: Path, run_here: Run) -> None:
    before = {path: path.read_bytes() for path in archive.rglob("*") if path.is_file()}
    ended = run_here("batch", "--dry-run", "--jobs", "1", archive)
    assert ended.code == 3
    assert "a.ndpi \u00b7 Hamamatsu NDPI \u00b7" in ended.out
    assert "unknown" in ended.out
    *_, summary, following = ended.out.splitlines()
    assert summary.startswith("3 planned \u00b7 1 refused")
    assert following.startswith("next: blankslide batch --in-place --jobs 1 ")
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("broken", [False, True])
def test_json_of_a_run_that_is_refused_is_whole_or_nothing(
    archive: Path, run_here: Run, tmp_path: Path, broken: bool
) -> None:
    if not broken:
        (archive / "sub" / "cut.svs").unlink()
    ended = run_here("batch", "--json", "--out", tmp_path / "out", "--name", "S", archive)
    assert (ended.code, "would both be called S" in ended.err) == (2, True)
    if not broken:
        assert ended.out == ""
        return
    told = json.loads(ended.out)  # the broken slide was told of before the names were held against each other
    assert [Path(slide["path"]).name for slide in told["slides"]] == ["cut.svs"]
    assert told["summary"]["slides"] == 1


def test_a_report_does_not_take_the_place_of_the_table_of_names(archive: Path, run_here: Run, tmp_path: Path) -> None:
    table = tmp_path / "names.csv"
    table.write_text("old,new\nsub/a,A-1\nsub/b,B-1\na,C-1\n")
    (tmp_path / "same.csv").symlink_to(table)
    before = table.read_bytes()
    for name in ("names.csv", "same.csv"):
        ended = run_here("batch", "--out", tmp_path / "out", "--names", table, "--report", tmp_path / name, archive)
        assert ended.code == 2
        assert "would take the place of the table of names" in ended.err
        with pytest.raises(UsageError, match="take the place"):
            blankslide.anonymize_many(archive, out=tmp_path / "out", names=table, report=tmp_path / name, jobs=0)
    assert table.read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_a_report_for_everything(archive: Path, run_here: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run_here("batch", "--out", tmp_path / "out", "--jobs", "1", "--report", report, "--with-names", archive)
    told = json.loads(report.read_text())
    assert sorted((slide["slide"], slide["result"]) for slide in told["slides"]) == [
        *[("a.ndpi", "clean")] * 2,
        ("b.ndpi", "clean"),
        ("cut.svs", "refused"),
    ]
    assert told["others"] == ["notes.txt"]
    table = report.with_suffix(".csv")
    run_here("batch", "--out", tmp_path / "out", "--jobs", "1", "--report", table, "--with-names", archive)
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert sorted((row["slide"], row["result"][:7]) for row in rows) == [
        *[("a.ndpi", "clean")] * 2,
        ("b.ndpi", "clean"),
        ("cut.svs", "refused"),
        ("notes.txt", "left al"),
    ]
    assert all(row["readers"] == "OpenSlide, tifffile" for row in rows if row["result"] == "clean")


def test_all_or_none(archive: Path, run_here: Run) -> None:
    ended = run_here(*IN_PLACE, "--all", archive)
    assert (ended.code, ended.out) == (3, "")
    assert "--all: 1 of 4 slides cannot be done, so none is begun" in ended.err
    assert ended.err.splitlines()[-1].startswith("3 not begun \u00b7 1 refused")


def test_names_and_shards(archive: Path, run_here: Run, tmp_path: Path) -> None:
    for shard in ("1/2", "2/2"):
        run_here("batch", "--out", tmp_path / "out", "--jobs", "1", "--name", "S{n:02}", "--shard", shard, archive)
    made = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.ndpi"))
    assert made == ["S01.ndpi", "sub/S02.ndpi", "sub/S03.ndpi"]


WRONG: list[tuple[tuple[str, ...], str]] = [
    (("--in-place", "--out", "x"), "exclude each other"),
    ((), "say --in-place"),
    (("--in-place", "--shard", "3/2"), "no shard"),
    (("--in-place", "--shard", "one"), "no shard"),
    (("--in-place", "--name", "S{number}"), "fields are {n}, {stem}, {pseudonym}"),
    (("--in-place", "--name", "S{m}", "--blind"), "no such field"),
    (("--in-place", "--name", "{block}"), "the profile has no pattern that finds it"),
    (("--in-place", "--name", "{case}"), "is what goes"),
    (("--in-place", "--blind"), "put {n:04} into --name"),
    (("--in-place", "--name", "{stem}x", "--blind"), "put {n:04} into --name"),
    (("--in-place", "--name", "S{n"), "brace"),
    (("--in-place", "--name", "S"), "would both be called S.ndpi"),
    (("--in-place", "--name", "S{n}", "--shard", "1/2"), "shards cannot agree"),
    (("--in-place", "--name", "a/{n}"), "plain file name"),
    (("--in-place", "--names", "x.csv", "--name", "S{n}"), "not both"),
    (("--in-place", "--names-columns", "a,b"), "--names"),
    (("--in-place", "--names", "no.csv", "--names-columns", "a"), "two columns"),
    (("--in-place", "--json", "--json-lines"), "not both"),
    (("--in-place", "--with-names"), "--report"),
    (("--in-place", "--report", "x.txt"), ".html, .json, .csv or .xlsx"),
    (("--in-place", "--profile", "stict"), "strict"),
    (("--in-place", "--keep", "marco"), "macro"),
    (("--in-place", "--jobs", "0"), "range"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=lambda value: " ".join(value) if len(value) < 9 else "")
def test_wrong_usages_are_told_and_nothing_is_touched(
    archive: Path, run_here: Run, arguments: tuple[str, ...], said: str
) -> None:
    before = {path: path.read_bytes() for path in archive.rglob("*") if path.is_file()}
    jobs = () if "--jobs" in arguments else ("--jobs", "1")
    ended = run_here("batch", *jobs, *arguments, archive)
    assert ended.code == 2, ended.text
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert {path: path.read_bytes() for path in archive.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.slow
def test_a_signal_ends_it_after_the_slides_in_hand(ndpi: Path, tmp_path: Path, number: int, run_here: Run) -> None:
    root = tmp_path / "archive"
    root.mkdir()
    for i in range(40):
        shutil.copyfile(ndpi, root / f"{i:02}.ndpi")
    command = [*START, "batch", "--in-place", "--jobs", "2", "--json-lines", str(root)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, start_new_session=True
    ) as run:
        assert run.stdout is not None
        first = run.stdout.readline()
        os.killpg(run.pid, number)  # as a terminal does: to the workers, too
        begun = time.monotonic()
        out, err = run.communicate(timeout=60)
        assert time.monotonic() - begun < 20
    assert (run.returncode, b"Traceback" in err) == (130, False), err[-600:]
    *rows, last = map(json.loads, (first + out).splitlines())
    clean = [row for row in rows if row["content"] == "clean"]
    assert 1 <= len(clean) < 40
    assert (len(rows), last["summary"]["clean"], last["summary"]["not begun"]) == (40, len(clean), 40 - len(clean))
    assert not list(root.glob(".blankslide*"))
    ended = run_here("batch", "--in-place", "--jobs", "1", "--json", root)
    assert json.loads(ended.out)["summary"]["nothing to do"] == len(clean)
