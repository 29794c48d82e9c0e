"""What looks makes nothing: no key, no folder, no ledger, until a slide is really edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import build_aperio, build_sakura
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    return path


def files(home: Path) -> set[str]:
    return {p.name for p in home.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["inspect"], 0),
        (["inspect", "--csv", "FOLDER/list.csv"], 0),
        (["verify"], 1),
        (["verify", "--thorough", "--json"], 1),
        (["recover"], 0),
        (["anonymize", "--dry-run"], 0),
        (["anonymize", "--dry-run", "--profile", "strict", "--json"], 0),
        (["anonymize", "--dry-run", "--in-place", "--name", "other.svs"], 0),
        (["anonymize", "--dry-run", "--out", "FOLDER/out"], 0),
        (["anonymize", "--dry-run", "--report", "FOLDER/report.html"], 0),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_looking_and_dry_runs_leave_the_home_empty(
    slide: Path, home: Path, tmp_path: Path, command: list[str], code: int
) -> None:
    ended = run_cli(*(part.replace("FOLDER", str(tmp_path)) for part in command), slide)
    assert ended.code == code, ended.err
    assert not list(home.rglob("*"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mode", [["--in-place"], ["--out", "FOLDER/out"]], ids=["in place", "copy"])
def test_the_first_real_edit_makes_key_and_ledger(slide: Path, home: Path, tmp_path: Path, mode: list[str]) -> None:
    assert run_cli("anonymize", *(part.replace("FOLDER", str(tmp_path)) for part in mode), slide).code == 0
    assert files(home) == {"site.key", "ledger.jsonl"}


@pytest.mark.parametrize("mode", [["--in-place"], ["--out", "FOLDER/out"]], ids=["in place", "copy"])
def test_a_file_that_is_no_slide_makes_no_key(home: Path, tmp_path: Path, mode: list[str]) -> None:
    other = tmp_path / "notes.svs"
    other.write_text("hello")
    assert run_cli("anonymize", *(part.replace("FOLDER", str(tmp_path)) for part in mode), other).code == 3
    assert not list(home.rglob("*"))


def test_a_dry_run_makes_no_key_file_that_is_named_and_says_what_would_happen(slide: Path, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "site.key"
    before = run_cli("anonymize", "--dry-run", "--json", "--key", key, slide)
    assert (before.code, key.parent.exists()) == (0, False)
    assert run_cli("anonymize", "--in-place", "--ledger", "none", "--key", key, slide).code == 0
    assert key.is_file()


def test_without_a_key_a_dry_run_plans_what_the_run_does(tmp_path: Path, home: Path) -> None:
    """Rows that have to differ cannot all become zeros: without a stand-in for the key that would be refused."""
    slide = tmp_path / "slide.svslide"
    build_sakura(slide, more=["CREATE UNIQUE INDEX x ON SVScannedImageDataXPO (Id)"])
    for command in (["inspect"], ["anonymize", "--dry-run"]):
        ended = run_cli(*command, slide)
        assert (ended.code, ended.err) == (0, "")
        assert any("svscannedimagedataxpo.id" in line and "replace" in line for line in ended.out.splitlines())
    assert run_cli("verify", slide).code == 1
    assert not list(home.rglob("*"))


def test_without_a_home_a_dry_run_still_shows_the_plan(slide: Path, tmp_path: Path) -> None:
    gone = {"HOME": "", "XDG_CONFIG_HOME": str(tmp_path / "none"), "XDG_STATE_HOME": str(tmp_path / "none")}
    ended = run_cli("anonymize", "--dry-run", slide, env=gone)
    assert ended.code == 0
    assert not (tmp_path / "none").exists()


def test_a_name_that_comes_from_the_key_is_not_guessed_by_a_dry_run(slide: Path, home: Path, tmp_path: Path) -> None:
    named = slide.rename(slide.with_name("Thimblewick, Percivus.svs"))
    asked = ["anonymize", "--profile", "strict", "--out", tmp_path / "out"]
    ended = run_cli(*asked, "--dry-run", named)
    assert ended.code == 0
    assert "copy: under a pseudonym" in ended.out
    assert '"target": null' in run_cli(*asked, "--dry-run", "--json", named).out
    assert not list(home.rglob("*"))
    assert run_cli(*asked, named).code in (0, 1)
    (copy,) = (tmp_path / "out").iterdir()
    copy.unlink()
    assert f"copy: {copy.name}" in run_cli(*asked, "--dry-run", named).out  # now there is a key
