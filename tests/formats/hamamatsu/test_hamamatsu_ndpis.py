"""Hamamatsu NDPIS: all images of a set go together, and the index names files only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formats.hamamatsu.format_ndpis import FORMAT
from blankslide.testing.built import build_hamamatsu_ndpis
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"size": (256, 192), "factors": (1, 2), "macro_size": (90, 40), "map_page": False}


def pages_of(data: bytes) -> Any:
    import io

    from tifffile import TiffFile

    return TiffFile(io.BytesIO(data), is_ndpi=True).pages


def tissue_of(data: bytes) -> list[tuple[int, int]]:
    return [(p.tags[273].value[0], p.tags[279].value[0]) for p in pages_of(data) if p.tags[65421].value > 0]


class TestSet(FormatConformance):
    format = FORMAT
    suffix = ".ndpis"
    small: ClassVar[dict[str, Any]] = SMALL
    expected = frozenset({"picture.macro", "hamamatsu.tag.reference", "hamamatsu.properties.user"})

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_hamamatsu_ndpis(path, **{"size": (512, 384), **overrides})

    def tissue(self, before: Mapping[str, bytes], name: str) -> list[tuple[int, int, int]]:
        members = sorted(n for n in before if n != name)
        return [(i, *span) for i, member in enumerate(members, 1) for span in tissue_of(before[member])]

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        return list(complaints(before, planted, path))


def complaints(before: Mapping[str, bytes], planted: Planted, path: Path) -> Iterator[str]:
    """Hold each image against its past."""
    from openslide import OpenSlide

    for name, data in before.items():
        after = (path.parent / name).read_bytes()
        for removed in planted.removed:
            if removed.value and places_of(removed.value, after):
                yield f"a value of {removed.id} is left in {name}"
        if not name.endswith(".ndpi"):
            continue
        stay = [p.asarray().tobytes() for p in pages_of(data) if p.tags[65421].value != -1]
        if [p.asarray().tobytes() for p in pages_of(after)] != stay:
            yield f"tifffile sees other pages in {name}"
        with OpenSlide(path.parent / name) as slide:
            if slide.associated_images:
                yield f"OpenSlide still lists the macro of {name}"


def test_every_image_is_told_apart(tmp_path: Path) -> None:
    build_hamamatsu_ndpis(tmp_path / "s.ndpis", **SMALL)
    inspection = pipeline.inspect(tmp_path / "s.ndpis")
    (macro,) = (f for f in inspection.findings if f.id == "picture.macro")
    assert [(p.file, p.where) for p in macro.places] == [(1, "image 1 page 2"), (2, "image 2 page 2")]
    assert [f.name for f in inspection.files] == ["s.ndpis", "s-DAPI.ndpi", "s-FITC.ndpi"]


def test_two_readers_judge_every_image(tmp_path: Path) -> None:
    build_hamamatsu_ndpis(tmp_path / "s.ndpis", **SMALL)
    assert pipeline.anonymize_in_place(tmp_path / "s.ndpis").readers == ("OpenSlide", "tifffile")


def test_one_image_that_a_reader_cannot_open_is_enough(tmp_path: Path) -> None:
    from blankslide.verification.observe import observe

    path = tmp_path / "s.ndpis"
    build_hamamatsu_ndpis(path, **SMALL)
    (tmp_path / "s-FITC.ndpi").write_bytes(b"no slide")
    assert not any(view.opened for view in observe(path))


def test_a_single_image_that_was_cleaned_before_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpis"
    build_hamamatsu_ndpis(path, **SMALL)
    assert pipeline.anonymize_in_place(tmp_path / "s-DAPI.ndpi").content == "clean"
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert pipeline.anonymize_in_place(tmp_path / "s-FITC.ndpi").writes == 0


def test_other_text_of_the_index_goes(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpis"
    build_hamamatsu_ndpis(
        path, extra="Comment=Thimblewick\r\n; Mossgarden\r\n[Vanterpoole]\r\nQuillfeather\r\n", **SMALL
    )
    assert "hamamatsu.index.text" in {f.id for f in pipeline.inspect(path).findings}
    assert pipeline.anonymize_in_place(path).content == "clean"
    for word in (b"Thimblewick", b"Mossgarden", b"Vanterpoole", b"Quillfeather"):
        assert word not in path.read_bytes()
    assert b"Image1=s-FITC.ndpi\r\n" in path.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"NoImages=2", b"NoImages=3", DamagedSlide),
        (b"NoImages=2", b"NoImages=x", DamagedSlide),
        (b"s-FITC", b"s-DAPI", ContradictorySlide),
        (b"s-FITC", b"s-None", DamagedSlide),
        (b"s-FITC.ndpi", b"../FIT.ndpi", DamagedSlide),
    ],
)
def test_an_index_that_does_not_add_up_is_refused(tmp_path: Path, old: bytes, new: bytes, error: type) -> None:
    path = tmp_path / "s.ndpis"
    build_hamamatsu_ndpis(path, **SMALL)
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(error):
        pipeline.inspect(path)


def test_a_set_may_say_whatever_its_images_may_say() -> None:
    from blankslide.formats import vocabulary_of

    assert set(vocabulary_of("hamamatsu")) <= set(vocabulary_of("hamamatsu_ndpis"))
