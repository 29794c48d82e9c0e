"""What to do next: one line behind a look, a dry run and a verdict, which can be copied from the screen."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., Any]


def next_of(ended: Any) -> list[str]:
    """Return the words of the command that is named last, without the remark behind it; empty if none is."""
    last = ended.out.splitlines()[-1] if ended.out else ""
    return shlex.split(last.removeprefix("next: ").partition("   (")[0])[1:] if last.startswith("next: ") else []


@pytest.fixture
def odd(slide: Path) -> Path:
    """Return a slide whose name has to be quoted."""
    return slide.rename(slide.with_name("a slide's.svs"))


def test_a_look_names_the_command_that_cleans_and_it_works(odd: Path, run_here: Run) -> None:
    words = next_of(run_here("inspect", odd))
    assert words == ["anonymize", "--in-place", str(odd)]
    ended = run_here(*words)
    assert (ended.code, next_of(ended)) == (0, [])
    words = next_of(run_here("inspect", odd))
    assert words == ["verify", str(odd)]
    ended = run_here(*words)
    assert (ended.code, next_of(ended)) == (0, [])


def test_a_name_that_looks_like_an_option_is_named_as_a_path(
    slide: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide.rename(slide.with_name("-rf.svs"))
    monkeypatch.chdir(slide.parent)
    words = next_of(run_here("inspect", "--", "-rf.svs"))
    assert words == ["anonymize", "--in-place", "./-rf.svs"]
    assert run_here(*words).code == 0


def test_a_dry_run_names_the_same_in_earnest(odd: Path, tmp_path: Path, run_here: Run) -> None:
    said = ["--profile", "strict", "--keep", "macro"]
    for mode, verb in ((["--in-place"], "anonymize"), (["--out", str(tmp_path / "my copies")], "batch")):
        words = next_of(run_here(verb, "--dry-run", *mode, *said, odd))
        assert [word for word in words if word != "--dry-run"] == words
        assert sorted(words) == sorted([verb, *mode, *said, str(odd)])
    words = next_of(run_here("anonymize", "--dry-run", odd))
    assert words == ["anonymize", "--in-place", str(odd)]
    assert run_here(*words).code == 0
    assert next_of(run_here("anonymize", "--dry-run", odd)) == [], "there is nothing to do"


def test_a_verdict_names_the_command_that_mends_it(odd: Path, run_here: Run) -> None:
    words = next_of(run_here("verify", "--profile", "strict", odd))
    assert words == ["anonymize", "--in-place", "--profile", "strict", str(odd)]
    run_here("anonymize", "--in-place", odd)
    assert next_of(run_here("verify", odd)) == []


def test_several_slides_are_a_batch(slide: Path, tmp_path: Path, run_here: Run) -> None:
    shutil.copyfile(slide, tmp_path / "b.svs")
    for command in ("inspect", "verify"):
        assert next_of(run_here(command, slide, tmp_path / "b.svs"))[:2] == ["batch", "--in-place"]


def test_names_that_would_fill_the_screen_are_not_said_again(slide: Path, run_here: Run) -> None:
    ended = run_here("inspect", *[slide] * 9)
    assert ended.out.splitlines()[-1].startswith("next: blankslide batch --in-place, with these paths   (")


def test_programs_and_refusals_get_no_such_line(slide: Path, tmp_path: Path, run_here: Run) -> None:
    for arguments in (["--json"], ["--csv", tmp_path / "list.csv"]):
        assert "next: " not in run_here("inspect", *arguments, slide).text
    for command in (["inspect"], ["anonymize", "--dry-run"], ["verify"]):
        assert "next: " not in run_here(*command, tmp_path / "missing.svs").text
    assert "next: " not in run_here("anonymize", "--dry-run", "--json", slide).text


def test_control_characters_of_a_name_stay_harmless(slide: Path, run_here: Run) -> None:
    path = slide.rename(slide.with_name("a\x1b[31mb\n.svs"))
    assert "\x1b" not in run_here("inspect", path).out
    assert len([line for line in run_here("inspect", path).out.splitlines() if "next: " in line]) == 1


# -- verdicts that say why -------------------------------------------------------------------


def test_a_clean_slide_that_does_not_pass_says_why(slide: Path, run_here: Run) -> None:
    path = slide.rename(slide.with_name("S19-12345 Doe.svs"))
    for command in (["anonymize", "--in-place"], ["verify"]):
        ended = run_here(*command, "--profile", "strict", path)
        assert ended.code == 1
        assert "clean, but not as strict asks" in ended.out
        assert "the file name itself may identify" in ended.out
    (row,) = run_here("verify", "--profile", "strict", "--json", path).slides
    assert row["error"] == "clean, but strict does not accept this: the file name itself may identify"
    assert "but not" not in run_here("verify", path).out
    assert run_here("verify", "--json", path).slides[0]["error"] is None


def test_a_healthy_slide_has_nothing_to_recover(slide: Path, run_here: Run) -> None:
    ended = run_here("recover", slide)
    assert (ended.code, ended.out) == (0, "slide.svs · nothing to recover: no run was interrupted here\n")
