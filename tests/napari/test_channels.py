"""Channels in napari: the same names and pixels as napari-tiff shows, as many after a run as before."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from blankslide.testing import built

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

MADE = {"axes": "ZCYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """An OME-TIFF of four depths and two channels of 16 bits, with a small level."""
    data = np.random.default_rng(5).integers(0, 40_000, (4, 2, 320, 400), dtype=np.uint16)
    told = {**MADE, "Channel": {"Name": ["DAPI", "CD3"], "Color": [65535, -16776961]}}
    layout: dict[str, Any] = {"tile": (128, 128), "compression": "zlib", "photometric": "minisblack"}
    with tifffile.TiffWriter(tmp_path / "slide.ome.tif", ome=True) as tiff:
        tiff.write(data, subifds=1, metadata=told, **layout)
        tiff.write(data[..., ::2, ::2], subfiletype=1, **layout)
    return tmp_path / "slide.ome.tif"


def tissue(viewer: Any) -> list[Any]:
    from blankslide._napari.layers import is_tissue, mark_of

    return [layer for layer in viewer.layers if (mark := mark_of(layer)) is not None and is_tissue(mark.role)]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_names_and_pixels_are_those_that_napari_tiff_shows(stack: Path) -> None:
    reader = pytest.importorskip("napari_tiff.napari_tiff_reader", reason="napari-tiff is not installed")
    from napari.components import ViewerModel
    from napari.layers import Layer

    from blankslide._napari.layers import OpenedSlide

    ours, theirs, slide = ViewerModel(), ViewerModel(), OpenedSlide(stack)
    for data in slide.layer_data():
        ours.add_layer(Layer.create(*data))
    for data, keywords, kind in reader.napari_get_reader(str(stack))(str(stack)):
        assert kind == "image"
        theirs.add_image(data, **keywords)
    assert [layer.name.rpartition(" · ")[2] for layer in ours.layers] == [layer.name for layer in theirs.layers]
    for one, other in zip(ours.layers, theirs.layers, strict=True):
        assert [np.asarray(level).tolist() for level in one.data] == [
            np.asarray(level).tolist() for level in other.data
        ]
        assert np.allclose(one.colormap.map(np.array([1.0])), other.colormap.map(np.array([1.0])))
    slide.close()
    del other, theirs, data  # napari-tiff leaves its file to the collector
    gc.collect()


def test_depth_is_a_slider_and_each_channel_a_layer(desk: Desk, stack: Path) -> None:
    desk.open(stack)
    layers = tissue(desk.viewer)
    assert [layer.name for layer in layers] == ["slide.ome · DAPI", "slide.ome · CD3"]
    assert desk.viewer.dims.nsteps[0] == 4
    assert [layer.blending for layer in layers] == ["additive", "additive"]
    assert all(layer.contrast_limits[1] > 255 for layer in layers), "16 bits are kept"
    desk.enlarge()
    before = desk.viewer.screenshot(canvas_only=True, flash=False)
    desk.viewer.dims.set_point(0, 3)
    desk.bot.wait(50)
    assert not np.array_equal(before, desk.viewer.screenshot(canvas_only=True, flash=False))


def test_channels_stay_channels_after_a_run(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "slide.qptiff"
    built.builders()["qptiff-fluorescence.qptiff"](path)
    with tifffile.TiffFile(path) as tiff:
        values = tiff.series[0].asarray()
    desk.open(path)
    names = [layer.name for layer in tissue(desk.viewer)]
    assert names == ["slide · DAPI", "slide · Opal 570", "slide · Opal 690"]
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    layers = tissue(desk.viewer)
    assert [layer.name for layer in layers] == names
    assert all(np.array_equal(np.asarray(layer.data[0]), plane) for layer, plane in zip(layers, values, strict=True))
