"""Which files the reader claims, and what it makes of them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide._napari.commands import get_reader, open_sample, read_slide
from blankslide._napari.layers import KEY, Mark
from blankslide.errors import BlankslideError
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(1024, 768), factors=(1, 4))
    return path


@pytest.mark.parametrize("name", ["slide.svs", "slide.SVS", "slide.tif", "slide.tiff", "slide", "ein Schnitt é.svs"])
def test_a_vendor_slide_is_claimed_whatever_its_suffix(slide: Path, name: str) -> None:
    path = slide.with_name(name)
    if path != slide:
        shutil.copyfile(slide, path)
    assert get_reader(str(path)) is not None
    assert get_reader([str(path)]) is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(64)),
        ("slide.svs", b"\x89PNG\r\n\x1a\n" + bytes(64)),
        ("empty.svs", b""),
        ("notes.txt", b"nothing"),
        ("damaged.tif", b"II*\0\x08\0\0\0"),
        ("file.dcm", bytes(128) + b"DICM" + bytes(64)),
    ],
)
def test_what_no_vendor_accepts_is_left_to_others(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert get_reader(str(path)) is None


def test_plain_tiff_folders_stacks_and_missing_files_are_left_to_others(tmp_path: Path, slide: Path) -> None:
    import tifffile

    plain = tmp_path / "plain.tif"
    tifffile.imwrite(plain, np.zeros((64, 64), "uint8"))
    assert get_reader(str(plain)) is None
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "missing.svs")) is None
    assert get_reader([str(slide), str(slide)]) is None


def test_a_damaged_slide_with_the_vendors_suffix_says_what_is_wrong(slide: Path) -> None:
    slide.write_bytes(slide.read_bytes()[:2000])
    reader = get_reader(str(slide))
    assert reader is not None
    with pytest.raises(BlankslideError):
        reader(str(slide))


def by_role(layers: list[Any]) -> dict[str, tuple[Any, dict[str, Any]]]:
    return {keywords["metadata"][KEY].role: (data, keywords) for data, keywords, _ in layers}


def test_layers_are_lazy_named_and_in_micrometres(slide: Path) -> None:
    layers = by_role(read_slide(str(slide)))
    assert list(layers) == ["slide", "thumbnail", "label", "macro"]
    assert [k["name"] for _, k in layers.values()] == [f"slide · {role}" for role in layers]
    data, keywords = layers["slide"]
    assert [level.shape for level in data] == [(768, 1024, 3), (192, 256, 3)]
    assert keywords["scale"] == (0.499, 0.499)
    assert {k["units"] for _, k in layers.values()} == {("um", "um")}


def test_pictures_lie_beside_the_slide_at_their_true_size(slide: Path) -> None:
    layers = by_role(read_slide(str(slide)))
    edges = []
    for role in ("thumbnail", "label", "macro"):
        data, keywords = layers[role]
        left = keywords["translate"][1]
        edges.append((left, left + data.shape[1] * keywords["scale"][1]))
    assert edges[0][0] > 1024 * 0.499
    assert all(a[1] < b[0] for a, b in itertools.pairwise(edges))
    widths = [b - a for a, b in edges]
    assert widths[0] == pytest.approx(1024 * 0.499)
    assert 15_000 <= widths[1] <= 25_000
    assert 60_000 <= widths[2] <= 75_000


def test_metadata_holds_our_mark_only_and_its_text_says_nothing(slide: Path) -> None:
    for _, keywords, _ in read_slide(str(slide)):
        (mark,) = keywords["metadata"].values()
        assert isinstance(mark, Mark)
        assert "svs" not in repr(mark)
        assert str(slide.parent) not in repr(mark)


@pytest.mark.parametrize("name", ["S19-12345.svs", "1234567.svs", "2019-03-04.svs"])
def test_a_name_that_identifies_is_not_shown(slide: Path, name: str) -> None:
    path = slide.rename(slide.with_name(name))
    assert [k["name"] for _, k, _ in read_slide(str(path))] == ["slide", "thumbnail", "label", "macro"]


def test_a_name_made_of_a_removed_value_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    planted = build_aperio(path, size=(512, 384), factors=(1, 4))
    user = next(r.value for r in planted.removed if r.id == "aperio.description.user")
    path = path.rename(tmp_path / f"by {user}.svs")
    assert "slide" in [k["name"] for _, k, _ in read_slide(str(path))]


def test_a_slide_without_resolution_is_shown_in_pixels(tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 4), fields={"MPP": None}, older=False)
    layers = by_role(read_slide(str(path)))
    assert layers["slide"][1]["units"] == ("pixel", "pixel")
    assert layers["slide"][1]["scale"] == (1.0, 1.0)
    data, keywords = layers["thumbnail"]
    assert data.shape[1] * keywords["scale"][1] == pytest.approx(512)


def test_the_sample_is_a_slide_of_an_invented_patient() -> None:
    layers = by_role(open_sample())
    assert set(layers) == {"slide", "label", "macro", "thumbnail"}
    assert layers["slide"][1]["name"] == "sample · slide"


def test_the_file_is_closed_with_the_last_layer(slide: Path) -> None:
    import gc

    layers = read_slide(str(slide))
    pyramid = layers[0][1]["metadata"][KEY].slide.pyramid
    assert pyramid.is_open
    del layers
    gc.collect()
    assert not pyramid.is_open


def test_a_flat_slide_is_drawn_from_levels_computed_in_a_worker(
    plugin: Any, make_napari_viewer: Callable[..., Any], qtbot: Any, tmp_path: Path
) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(8192, 6144), factors=(1,))
    viewer = make_napari_viewer(show=True)
    (layer, *_) = viewer.open(str(path), plugin="blankslide")
    coarse = layer.metadata[KEY].slide.pyramid.coarse
    assert [data.shape[:2] for data in layer.data] == [(6144, 8192), (1536, 2048), (384, 512)]
    qtbot.waitUntil(lambda: coarse.finished, timeout=60_000)
    qtbot.wait(200)
    assert viewer.screenshot(flash=False)[..., :3].std() > 20


def test_a_pyramid_of_no_vendor_can_be_looked_at_and_a_small_tiled_picture_is_left_to_others(tmp_path: Path) -> None:
    import tifffile

    from blankslide.pipeline import known_format
    from blankslide.testing.built import builders

    path = tmp_path / "generic-vips.tif"
    builders()[path.name](path)
    assert known_format(path) == "generic_tiff"
    assert get_reader(str(path)) is not None
    layers = read_slide(str(path))
    assert len(layers[0][0]) > 1
    flat = tmp_path / "flat.tif"
    tifffile.imwrite(flat, np.zeros((512, 512), "uint8"), tile=(128, 128))
    assert known_format(flat) == "generic_tiff"
    assert get_reader(str(flat)) is None


def test_a_blank_picture_says_that_it_was_removed_and_any_other_is_as_it_is() -> None:
    from blankslide._napari.blanked import telling
    from blankslide.viewing.arrays import LazyPicture
    from blankslide.viewing.placeholder import labelled

    white, printed = np.full((40, 60, 3), 255, np.uint8), np.full((40, 60, 3), 255, np.uint8)
    printed[10, 10] = 0
    pictures = {
        "label": LazyPicture(white.shape, "uint8", lambda: white, ""),
        "macro": LazyPicture(printed.shape, "uint8", lambda: printed, ""),
    }
    shown = telling(pictures)
    assert (np.asarray(shown["label"]) == labelled(white.shape, "label: removed")).all()
    assert (np.asarray(shown["macro"]) == printed).all()
    assert telling(shown)["label"] is shown["label"]
