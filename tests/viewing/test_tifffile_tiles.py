"""Pages of TIFFs by their tiles: the same pixels as through zarr, whatever the layout, and only tiles of the area."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from blankslide.testing import built
from blankslide.viewing import open_pyramid
from blankslide.viewing.areas.tifffile_tiles import TiledPage

if TYPE_CHECKING:
    from pathlib import Path

TIFFS = sorted(
    name for name in built.builders() if name.endswith((".avs", ".bif", ".ndpi", ".scn", ".svs", ".tif", ".tiff"))
)
KEYS: tuple[Any, ...] = (
    (slice(3, 290), slice(17, 401)),
    (slice(None, None, 5), slice(10, 200, 3)),
    (7, slice(5, 90)),
    (slice(30, 31), 11),
    (slice(250, 100, -7), slice(None)),
    slice(9, 9),
)


@pytest.mark.parametrize("name", TIFFS)
def test_every_page_has_the_pixels_that_zarr_shows(tmp_path: Path, name: str) -> None:
    zarr = pytest.importorskip("zarr", reason="zarr is not installed: pip install blankslide[dev]")
    path = tmp_path / name
    built.builders()[name](path)
    seen = 0
    with tifffile.TiffFile(path) as tiff:
        for page in tiff.pages:
            if page.dtype is None or len(page.shape) < 2:
                continue
            source, store = TiledPage(page, 255), zarr.open(page.aszarr(fillvalue=255), mode="r")
            whole = np.asarray(store[...])
            if whole.shape != source.shape:
                whole = np.moveaxis(whole, 0, -1)  # one plane after the other
            assert source.shape == whole.shape
            for key in KEYS:
                assert np.array_equal(source[key], whole[key]), key
            seen += 1
    assert seen > 1


@pytest.mark.parametrize(
    "layout",
    [
        {"tile": (64, 96), "compression": "zlib", "predictor": True},
        {"tile": (64, 96), "compression": "zlib", "planarconfig": "separate"},
        {"rowsperstrip": 37, "compression": "lzw"},
        {"rowsperstrip": 37, "planarconfig": "separate"},
        {},
        {"bigtiff": True, "byteorder": ">", "tile": (16, 16)},
    ],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_layouts(tmp_path: Path, layout: dict[str, Any], workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.random.default_rng(5).integers(0, 60_000, (301, 433, 3), dtype=np.uint16)
    planar = layout.get("planarconfig") == "separate"
    opening = {key: layout[key] for key in ("bigtiff", "byteorder") if key in layout}
    with tifffile.TiffWriter(tmp_path / "s.tif", **opening) as made:
        more = {key: value for key, value in layout.items() if key not in opening}
        made.write(data.transpose(2, 0, 1) if planar else data, photometric="rgb", **more)
    monkeypatch.setattr(tifffile.TiffPage, "maxworkers", workers)
    threads: set[int] = set()
    decoded = TiledPage._decoded
    monkeypatch.setattr(TiledPage, "_decoded", lambda *a: (threads.add(threading.get_ident()), decoded(*a))[1])
    with tifffile.TiffFile(tmp_path / "s.tif") as tiff:
        source = TiledPage(tiff.pages[0])
        assert (source.shape, source.dtype) == (data.shape, data.dtype)
        for key in (..., *KEYS):
            assert np.array_equal(source[key], data[key]), key
    assert (threads == {threading.get_ident()}) == (workers == 1 or not layout)


def test_tiles_that_are_not_in_the_file_have_a_value_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    data = np.full((128, 192, 3), 77, np.uint8)
    tifffile.imwrite(path, data, photometric="rgb", tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        # one is nowhere, and the last two are not listed
        page.dataoffsets = (*page.dataoffsets[:2], 0, page.dataoffsets[3])
        shown = TiledPage(page, 240)[...]
        dark = TiledPage(page)[:64, 128:]
    expected = data.copy()
    expected[:64, 128:] = expected[64:, 64:] = 240
    assert np.array_equal(shown, expected)
    assert dark.shape == (64, 64, 3)
    assert not dark.any()


def test_only_tiles_of_the_area_are_read(tmp_path: Path, read_tiles: list[int]) -> None:
    path = tmp_path / "s.tif"
    tifffile.imwrite(path, np.zeros((256, 256), np.uint8), tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        source = TiledPage(tiff.pages[0])
        assert source[64:128, 64:128].shape == (64, 64)
        assert read_tiles == [5]
        assert source[10:10].shape == (0, 256)
        assert read_tiles == [5]


def test_a_tile_that_decodes_to_other_than_the_page_says_is_an_error_and_no_memory_of_others(tmp_path: Path) -> None:
    for name, side, kind in (("small", 32, np.uint8), ("wide", 64, np.uint16)):
        tifffile.imwrite(tmp_path / name, np.ones((side, side), kind), tile=(side, side), compression="png")
    tifffile.imwrite(tmp_path / "s.tif", np.ones((64, 64), np.uint8), tile=(64, 64), compression="png")
    with tifffile.TiffFile(tmp_path / "s.tif") as tiff:
        source = TiledPage(tiff.pages[0])
        assert source[...].all()
        for name in ("small", "wide"):
            with tifffile.TiffFile(tmp_path / name) as other:
                page = other.pages[0]
                data = (tmp_path / name).read_bytes()[page.dataoffsets[0] :][: page.databytecounts[0]]
            source._coded = lambda number, data=data: data  # type: ignore[method-assign, misc]
            with pytest.raises((ValueError, tifffile.TiffFileError)):
                source[...]


def test_a_single_value_is_no_tile(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", np.ones((64, 64), np.uint8), tile=(64, 64))
    with tifffile.TiffFile(tmp_path / "s.tif") as tiff:
        source = TiledPage(tiff.pages[0])
        source._decoded = lambda tile: np.ones((1, 1, 1), np.uint8)  # type: ignore[method-assign, misc]
        with pytest.raises(ValueError, match="another size"):
            source[...]


def test_threads_are_as_silent_as_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tifffile.imwrite(tmp_path / "s.tif", np.ones((64, 256), np.uint8), tile=(64, 64), compression="zlib")
    decode = tifffile.TiffPage.decode.func  # type: ignore[attr-defined]

    def telling(page: Any) -> Any:
        return lambda *a, **k: (tifffile.logger().warning("a patient's name"), decode(page)(*a, **k))[1]

    monkeypatch.setattr(tifffile.TiffPage, "decode", property(telling))
    monkeypatch.setattr(tifffile.TiffPage, "maxworkers", 3)
    with tifffile.TiffFile(tmp_path / "s.tif") as tiff, caplog.at_level("DEBUG"):
        assert TiledPage(tiff.pages[0])[...].all()
    assert caplog.text == ""


def test_the_tissue_of_a_tiff_needs_neither_zarr_nor_dask(tmp_path: Path) -> None:
    names = ["aperio-classic.svs", "ome-pyramid.ome.tif", "qptiff-fluorescence.qptiff"]
    for name in names:
        built.builders()[name](tmp_path / name)
    look = """
import sys
from pathlib import Path
for name in ("dask", "napari", "zarr"):
    sys.modules[name] = None  # whoever imports it fails
from blankslide.viewing import open_pyramid
for path in map(Path, sys.argv[1:]):
    with open_pyramid(path) as pyramid:
        for image in pyramid.images:
            for level in (*image.levels, *(level for channel in image.channels for level in channel.levels)):
                assert level[...].std() > 0, path.name
"""
    done = subprocess.run(
        [sys.executable, "-c", look, *(str(tmp_path / name) for name in names)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_dask_takes_a_level_as_it_takes_any_array(tmp_path: Path) -> None:
    dask = pytest.importorskip("dask.array", reason="dask comes with napari")
    built.build_aperio(tmp_path / "s.svs", size=(700, 500), factors=(1, 4))
    with open_pyramid(tmp_path / "s.svs") as pyramid:
        level = pyramid.levels[0]
        lazy = dask.from_array(level, chunks=level.chunks)
        assert lazy.chunksize == level.chunks
        assert np.array_equal(lazy[100:300, 200:400].compute(), level[100:300, 200:400])
