"""Names of what is to be kept: one that exists is found however it is written, one that does not is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api, pipeline
from blankslide.errors import ProfileError, UsageError
from blankslide.pipeline import Options
from blankslide.session import Session
from blankslide.testing.built import build_aperio, build_hamamatsu
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {"size": (512, 384), "factors": (1, 2), "macro_size": (400, 140)}
USER = "aperio.description.user"


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    build_aperio(tmp_path / "slide.svs", **SMALL)
    return tmp_path / "slide.svs"


@pytest.fixture
def profile(tmp_path: Path) -> Callable[..., str]:
    def write(*names: str, action: str = "keep") -> str:
        rows = "".join(f'"{name}" = "{action}"\n' for name in names)
        (tmp_path / "site.toml").write_text(f'name = "site"\n[findings]\n{rows}')
        return str(tmp_path / "site.toml")

    return write


def edit(slide: Path, **more: Any) -> Any:
    return api.anonymize(slide, in_place=True, ledger="none", **more)


def says(slide: Path, run: Callable[[], object], *words: str) -> None:
    """A refusal that names what was meant, and leaves the slide as it was."""
    before = slide.read_bytes()
    with pytest.raises(UsageError) as told:
        run()
    assert all(word in told.value.sentence() for word in words), told.value.sentence()
    assert slide.read_bytes() == before


# -- written otherwise ---------------------------------------------------------------------


@pytest.mark.parametrize("keep", ["macro", "Macro", " MACRO ", ["Macro"], ("picture.Macro",), {"macro"}, "mac*"])
def test_a_role_is_kept_however_it_is_said(slide: Path, keep: Any) -> None:
    assert edit(slide, keep=keep).residue == ("kept: macro shows the label",)


def test_options_take_a_plain_text_too(slide: Path) -> None:
    assert pipeline.anonymize_in_place(slide, Options(keep="Macro")).residue == ("kept: macro shows the label",)
    assert api.plan(slide, remove="thumbnail").left == ()


def test_a_text_as_remove_removes_it(slide: Path) -> None:
    actions = {d.id: d.action.value for d in api.plan(slide, remove="Thumbnail").decisions}
    assert actions["picture.thumbnail"] == "X"
    assert {d.id: d.action.value for d in api.plan(slide).decisions}["picture.thumbnail"] == "K"


def test_a_session_keeps_it_whatever_profile_is_chosen(slide: Path) -> None:
    session = Session(slide, Options(keep="macro"))
    session.load()
    session.choose("strict")
    assert {r.id: r.keeps for r in session.rows()}["picture.macro"]
    session.keep("picture.macro", False)
    assert not {r.id: r.keeps for r in session.rows()}["picture.macro"]


def test_the_table_of_a_session_is_not_asked_twice(slide: Path) -> None:
    session = Session(slide, Options())
    session.load()
    session.keep("aperio.description.barcode", True)
    session.dry_run = False
    session.apply()
    session.keep("aperio.description.filtered", False)
    session.apply()
    assert session.error is None
    assert session.state == "done"


# -- names of nothing ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "meant"),
    [
        ("makro", "did you mean macro?"),
        ("picture.makro", "did you mean macro?"),
        ("lable", "did you mean label?"),
        ("thumb nail", "did you mean thumbnail?"),
        ("patient", "pictures are label, macro"),
        ("mikro*", "there is no picture called"),
        ("aperoi.description.user", "did you mean aperio.description.user?"),
        ("nobody.knows", "no format has a finding called"),
        ("aperio.description.usr", f"did you mean {USER}?"),
        ("aperio.descripton.user", f"did you mean {USER}?"),
        ("aperio.user", f"did you mean {USER}?"),
        ("aperio.dscription.*", "the slide does not have"),
        ("*.dscription.user", f"did you mean {USER}?"),
    ],
)
def test_a_name_of_nothing_is_refused_and_the_nearest_said(slide: Path, keep: str, meant: str) -> None:
    says(slide, lambda: edit(slide, keep=keep), meant, "nothing was changed")
    says(slide, lambda: edit(slide, keep=["macro", keep]), meant)
    says(slide, lambda: api.plan(slide, keep=keep), meant)
    says(slide, lambda: pipeline.anonymize_copy(slide, slide.with_name("out"), Options(keep=keep)), meant)
    assert not slide.with_name("out").exists()


def test_in_a_profile_file_the_line_is_named(slide: Path, profile: Callable[..., str]) -> None:
    for name, meant in (
        ("picture.makro", "did you mean macro?"),
        ("makro", "did you mean macro?"),
        ("aperoi.description.user", "did you mean aperio.description.user?"),
        ("aperio.description.usr", f"did you mean {USER}?"),
        ("aperio.descripton.user", f"did you mean {USER}?"),
        ("aperio.user", f"did you mean {USER}?"),
    ):
        made = profile("picture.label", name)
        says(slide, lambda p=made: edit(slide, profile=p), "site.toml, line 4", meant)  # type: ignore[misc]
    with pytest.raises(ProfileError):
        edit(slide, profile=profile("picture.makro"))


def test_a_mistyped_removal_is_refused_too(slide: Path, profile: Callable[..., str]) -> None:
    made = profile("tiff.icc-profile.dat", action="remove")
    says(slide, lambda: edit(slide, profile=made), "did you mean tiff.icc-profile.date?", "write tiff.icc-profile.dat*")


def test_a_key_that_nobody_knows_is_not_said(slide: Path, profile: Callable[..., str]) -> None:
    """It may be the name of a person, and sentences go into logs and reports."""
    build_aperio(slide, **SMALL, fields={"Doe Jane": "bed 7"})
    for more in ({"keep": "aperio.description.doe-jan"}, {"profile": profile("aperio.description.doe-jan")}):
        with pytest.raises(UsageError) as told:
            edit(slide, **more)
        assert "doe-jane" not in told.value.sentence()


def test_what_a_profile_names_for_other_slides_is_no_mistake(slide: Path, profile: Callable[..., str]) -> None:
    names = ("macro", "map", "dicom.patient-id", "aperio.description.rack", "ventana.xmp.slot", "tiff.x*", "*.note")
    assert edit(slide, profile=profile(*names)).residue == ("kept: macro shows the label",)


def test_numbered_fields_are_no_misprints(slide: Path, profile: Callable[..., str]) -> None:
    build_aperio(slide, **SMALL, fields={"Ward note 1": "Doe, Jane"})
    edit(slide, profile=profile("aperio.description.ward-note-2"))


def test_a_role_that_the_slide_has_not_is_no_mistake(slide: Path) -> None:
    assert edit(slide, keep="map").content == "clean"


def test_a_second_run_says_the_same(slide: Path) -> None:
    for _ in range(2):
        assert edit(slide, keep=USER).residue == (f"kept: {USER}",)
    edit(slide)
    assert edit(slide, keep=USER).content == "clean"  # nothing is left that it could mean


# -- a run over several slides -------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "run" / name for name in ("1.svs", "2.svs", "3.ndpi")]
    paths[0].parent.mkdir()
    build_aperio(paths[0], **SMALL)
    build_aperio(paths[1], **SMALL, fields={"Shelf": "Doe, Jane"})
    build_hamamatsu(paths[2])
    return paths


def test_what_one_slide_of_a_run_has_is_a_name(three: list[Path]) -> None:
    ended = run_cli("anonymize", "--in-place", "--keep", "aperio.description.shelf", *three)
    assert ended.code == 1
    assert [line.count("clean –") for line in ended.out.splitlines()] == [1, 1, 1]
    assert ended.out.count("kept: aperio.description.shelf") == 1
    assert ended.err == ""


@pytest.mark.parametrize("keep", ["aperio.description.shelv", "makro", "hamamatsu.nothing"])
def test_what_no_slide_of_a_run_has_stops_it_before_the_first(three: list[Path], keep: str) -> None:
    before = [path.read_bytes() for path in three]
    ended = run_cli("anonymize", "--in-place", "--keep", keep, three[0].parent)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1), ended.text
    assert "nothing was changed" in ended.err
    assert [path.read_bytes() for path in three] == before


def test_a_pattern_is_held_where_it_is_asked_for_and_free_in_a_profile(
    three: list[Path], profile: Callable[..., str]
) -> None:
    assert run_cli("anonymize", "--in-place", "--keep", "aperio.dscription.*", *three).code == 2
    done = run_cli("anonymize", "--dry-run", "--keep", "aperio.*.shelf", *three)
    assert (done.code, done.err) == (0, "")
    ended = run_cli("anonymize", "--in-place", "--profile", profile("aperio.dscription.*", "*.shel?"), *three)
    assert (ended.code, ended.err, ended.out.count("kept: aperio.description.shelf")) == (1, "", 1)


def test_what_a_profile_names_in_vain_is_told_at_the_end(three: list[Path], profile: Callable[..., str]) -> None:
    names = ("aperio.description.rack", "dicom.patient-id", "aperio.description.shelf")
    ended = run_cli("anonymize", "--in-place", "--profile", profile(*names), *three)
    assert ended.code == 1
    assert ended.err == "named in the profile, but in no slide here: aperio.description.rack\n"


def test_the_command_line_says_what_was_meant(slide: Path, profile: Callable[..., str]) -> None:
    before = slide.read_bytes()
    for more in (["--keep", "makro"], ["--profile", profile("picture.makro")]):
        for command in (["anonymize", "--in-place"], ["anonymize", "--dry-run"]):
            ended = run_cli(*command, *more, slide)
            assert (ended.code, ended.out) == (2, "")
            assert "did you mean macro?" in ended.err
    assert run_cli("verify", "--profile", profile("picture.makro"), slide).code == 2
    assert slide.read_bytes() == before
    ended = run_cli("anonymize", "--in-place", "--keep", "Macro", slide)
    assert (ended.code, "kept: macro" in ended.out) == (1, True)
