"""Slides as other tools leave them end clean, or are refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openslide import OpenSlide

from blankslide import pipeline
from blankslide.samples.aperio.leftovers import LEFTOVERS
from blankslide.testing.built import build_aperio
from blankslide.testing.judge import Before, has_piece, judge
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

FLAVOURS = ("classic", "big", "gt450", "jp2k-rgb", "kfbio")


def left(path: Path, tool: str, flavour: str) -> tuple[Planted, bytes]:
    """Build a slide, let a tool pass over it; return its key and the bytes from before the tool."""
    planted = build_aperio(path, flavour, size=(400, 300), label_size=(200, 150), macro_size=(320, 108))
    untouched = path.read_bytes()
    LEFTOVERS[tool](path, planted)
    assert path.read_bytes() != untouched
    return planted, untouched


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("tool", LEFTOVERS)
def test_it_ends_clean(tmp_path: Path, tool: str, flavour: str) -> None:
    path = tmp_path / "x.svs"
    planted, untouched = left(path, tool, flavour)
    values = [r.value for r in planted.removed if r.value]
    before = Before.of(path, values, same_profile=tool != "pathsafe")
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.residue == ()
    assert outcome.content == "clean"
    assert "tifffile" in outcome.readers
    assert judge(before, path) == []
    after = path.read_bytes()
    assert [v for v in values if places_of(v, after)] == []
    for picture in planted.pictures:
        if picture.role != "thumbnail":
            pieces = [untouched[at : at + size] for at, size in picture.strips]
            assert not any(after[at : at + size] == old for (at, size), old in zip(picture.strips, pieces, strict=True))


@pytest.mark.parametrize("tool", LEFTOVERS)
def test_a_second_run_finds_nothing_to_do(tmp_path: Path, tool: str) -> None:
    path = tmp_path / "x.svs"
    left(path, tool, "classic")
    pipeline.anonymize_in_place(path)
    data = path.read_bytes()
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.writes) == ("clean", 0)
    assert path.read_bytes() == data


@pytest.mark.parametrize("tool", LEFTOVERS)
def test_none_of_them_was_clean(tmp_path: Path, tool: str) -> None:
    """Else the tests above show nothing."""
    path = tmp_path / "x.svs"
    planted, _ = left(path, tool, "classic")
    data = path.read_bytes()
    outcome = pipeline.verify(path)
    assert outcome.content == "residue"
    words = [v for r in planted.removed for v in (r.value,) if len(v) > 4 and places_of(v, data)]
    assert words, "something of the patient is left"


@pytest.mark.parametrize("tool", ["wsi-anon", "pathsafe"])
def test_the_macro_that_nobody_could_decode_is_gone(tmp_path: Path, tool: str) -> None:
    path = tmp_path / "x.svs"
    left(path, tool, "classic")
    with OpenSlide(path) as slide:
        assert "macro" in list(slide.associated_images), "listed, though it does not decode"
    pipeline.anonymize_in_place(path)
    with OpenSlide(path) as slide:
        assert set(slide.associated_images) == {"thumbnail"}
        assert slide.associated_images["thumbnail"].size[0] > 1


def test_the_coded_label_that_nothing_points_to_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    planted, untouched = left(path, "sparse-strips", "classic")
    label = next(p for p in planted.pictures if p.role == "label")
    strips = [untouched[at : at + size] for at, size in label.strips]
    assert any(has_piece(s, path.read_bytes()) for s in strips), "it was there"
    pipeline.anonymize_in_place(path)
    assert not any(has_piece(s, path.read_bytes()) for s in strips)
