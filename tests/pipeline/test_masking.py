"""The masked macro, end to end: proven, known again, never taken on trust, and never in the way of what must go."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import blankslide
from blankslide.blanks import mask
from blankslide.errors import NotEditable, UsageError
from blankslide.model import MASKED_BEFORE, NO_MACRO
from blankslide.pipeline import Options
from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.kit.drawing import one_tissue
from blankslide.testing.built import build_hamamatsu_ndpis
from blankslide.testing.own.killing import Mortal
from blankslide.testing.own.masked import rooms_of, seen
from blankslide.verification.compare import compare
from blankslide.verification.observe import observe
from blankslide.verification.views import Edit

if TYPE_CHECKING:
    from blankslide.model import Outcome

SIZE = (600, 204)
PLAN: dict[str, Any] = {"size": (512, 384), "factors": (1, 2), "macro_size": SIZE}


def build(path: Path) -> None:
    """Write a slide whose macro shows it."""
    with one_tissue():
        build_aperio(path, **PLAN)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "x.svs"
    build(path)
    return path


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a slide whose macro shows other tissue."""
    path = tmp_path_factory.mktemp("strange") / "x.svs"
    build_aperio(path, **PLAN)
    return path


@pytest.fixture
def slide(tmp_path: Path, original: Path) -> Path:
    return Path(shutil.copy(original, tmp_path))


@pytest.fixture
def other(tmp_path: Path, strange: Path) -> Path:
    return Path(shutil.copy(strange, tmp_path))


def run(path: Path, **more: Any) -> Outcome:
    return blankslide.anonymize(path, in_place=True, ledger="none", link_table="none", **more)


def test_auto_is_clean_and_stays_so_with_and_without_being_asked(slide: Path) -> None:
    size, before = slide.stat().st_size, seen(slide)
    outcome = run(slide, mask_macro="auto")
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert set(outcome.readers) == {"OpenSlide", "tifffile"}
    assert any(note.startswith("the macro is masked: 0,0,") for note in outcome.notes)
    assert {d.id: d.action.value for d in outcome.decisions}["picture.macro"] == "C"
    once = slide.read_bytes()
    assert len(once) == size
    for old, new in zip(before, seen(slide), strict=True):
        assert new.pixels[:, :150].min() == 255
        assert (new.pixels[:, 280:] == old.pixels[:, 280:]).all()
    for more in ({"mask_macro": "auto"}, {}, {"profile": "strict"}):
        again = run(slide, **more)
        assert again.content == "clean"
        assert MASKED_BEFORE in again.notes
        if "profile" not in more:
            assert (again.writes, slide.read_bytes()) == (0, once)
    assert blankslide.verify(slide, ledger="none")
    assert not any(f.id == "picture.macro" for f in blankslide.inspect(slide).findings)


def test_a_rectangle_by_hand_is_not_clean_where_nothing_proves_the_rest(other: Path) -> None:
    outcome = run(other, mask_macro="0,0,230,204")
    assert (outcome.content, outcome.exit_code) == ("residue", 1)
    assert any("not proven to be the slide" in left for left in outcome.residue)
    once = other.read_bytes()
    again = run(other, mask_macro="0,0,230,204")
    assert (again.writes, again.exit_code, other.read_bytes()) == (0, 1, once)
    assert not blankslide.verify(other, ledger="none")
    assert run(other, mask_macro="0,0,260,204").writes, "a larger one is drawn over it"


def test_what_is_not_proven_goes_whole_unless_the_rectangle_is_named_again(other: Path) -> None:
    """Anybody can write our mark into a macro; a later run must not leave a patient's label for that."""
    run(other, mask_macro="300,150,290,50")  # the label is still there
    assert [d.action.value for d in blankslide.plan(other).decisions if d.id == "picture.macro"] == ["X"]
    outcome = run(other)
    assert outcome.content == "clean"
    assert "macro" not in {picture.reader for picture in seen(other)}
    assert rooms_of(other) == []


def test_a_mask_that_leaves_the_label_is_never_clean(slide: Path) -> None:
    outcome = run(slide, mask_macro="500,0,100,204")
    assert any("may show text" in left for left in outcome.residue)


def test_auto_is_refused_where_pixels_do_not_confirm_it(other: Path) -> None:
    before = other.read_bytes()
    with pytest.raises(NotEditable, match=r"do not confirm where the label end of the macro is \(600 × 204 pixels\)"):
        run(other, mask_macro="auto")
    assert other.read_bytes() == before


@pytest.mark.parametrize("wrong", ["", "1,2,3", "0,0,0,9", "-1,0,9,9", "0,0,601,204", "0,0,9,9,9", "left"])
def test_what_is_no_mask_is_said_before_anything_is_written(slide: Path, wrong: str) -> None:
    before = slide.read_bytes()
    with pytest.raises(UsageError, match="the mask"):
        run(slide, mask_macro=wrong)
    assert slide.read_bytes() == before


def test_to_keep_the_macro_whole_and_to_mask_it_is_a_contradiction(slide: Path) -> None:
    with pytest.raises(UsageError, match="kept whole and to be masked"):
        run(slide, mask_macro="auto", keep="macro")


def test_a_slide_without_a_macro_has_nothing_to_mask(slide: Path) -> None:
    assert run(slide).content == "clean"
    outcome = run(slide, mask_macro="auto")
    assert (outcome.content, outcome.writes) == ("clean", 0)
    assert NO_MACRO in outcome.notes


def test_a_macro_behind_an_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ndpis"
    build_hamamatsu_ndpis(path)
    with pytest.raises(NotEditable, match="no part of it can be masked"):
        run(path, mask_macro="0,0,90,90")


def test_readers_leave_out_the_mask_and_nothing_else(slide: Path, tmp_path: Path) -> None:
    """One block that changes outside of the mask is seen by every judge."""
    (room, source), *_ = rooms_of(slide)
    box = (0, 0, 200, 204)
    edit = Edit(masks=((SIZE, (0, 0, 208, 204)),))
    was = observe(slide, edit)
    for asked, agree in ((box, True), ((0, 0, 232, 204), False)):
        drawn = mask.draw(room, asked, source)
        assert drawn is not None
        data = bytearray(slide.read_bytes())
        for write in drawn.writes:
            data[write.start : write.start + len(write.data)] = write.data
        path = tmp_path / "new.svs"
        path.write_bytes(data)
        agreement = compare(was, observe(path, edit), gone=frozenset())
        assert bool(agreement.problems) is not agree
        if not agree:
            assert {"OpenSlide sees the macro changed", "tifffile sees the macro changed"} <= set(agreement.problems)


def test_a_copy_is_masked_as_well(slide: Path, tmp_path: Path) -> None:
    outcome = blankslide.anonymize(
        slide, out=tmp_path / "out", name="Y", mask_macro="auto", ledger="none", link_table="none"
    )
    assert outcome.content == "clean"
    assert seen(tmp_path / "out" / "Y.svs")[0].pixels[:, :150].min() == 255
    assert blankslide.plan(tmp_path / "out" / "Y.svs").patches == ()


def test_many_slides_are_asked_alike() -> None:
    from blankslide.batch.orders import Orders

    assert Orders.of(Options(mask="auto")).options().mask == "auto"


def test_a_run_that_dies_leaves_the_macro_whole_or_masked(tmp_path: Path) -> None:
    mortal = Mortal(tmp_path, "x.svs", build, ("--mask-macro", "auto", "--ledger", "none"))
    writes = mortal.counts["pwrite64"]
    assert mortal.killed("pwrite64", writes // 2) == "pending"
