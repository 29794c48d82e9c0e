"""Channels of a TIFF: names, colours, 16 bits, depths and times, and planes as they are in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from blankslide.testing import built
from blankslide.viewing import open_pyramid
from blankslide.viewing.planes import LazyStack

if TYPE_CHECKING:
    from pathlib import Path

BLUE, GREEN, RED, WHITE = 65535, 16711935, -16776961, -1
NAMES = ["DAPI", "Ki67", "CD3"]


def stack(path: Path, axes: str, shape: tuple[int, ...], colours: tuple[int, ...] = (BLUE, GREEN, RED)) -> Any:
    """Write an OME-TIFF with a half-size level, as Bio-Formats lays it out; return its values."""
    data = np.random.default_rng(7).integers(0, 60_000, (*shape, 320, 400), dtype=np.uint16)
    told = {"axes": f"{axes}YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    if "C" in axes:
        told["Channel"] = {"Name": NAMES, "Color": list(colours)}
    layout: dict[str, Any] = {"tile": (128, 128), "compression": "zlib", "photometric": "minisblack"}
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(data, subifds=1, metadata=told, **layout)
        tiff.write(data[..., ::2, ::2], subfiletype=1, **layout)
    return data


def test_channels_have_names_colours_and_all_their_bits(tmp_path: Path) -> None:
    data = stack(tmp_path / "c.ome.tif", "C", (3,))
    with open_pyramid(tmp_path / "c.ome.tif") as pyramid:
        assert [channel.name for channel in pyramid.channels] == NAMES
        assert [channel.colour for channel in pyramid.channels] == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]
        for number, channel in enumerate(pyramid.channels):
            assert channel.axes == "YX"
            assert [level.dtype for level in channel.levels] == [np.uint16, np.uint16]
            assert np.array_equal(channel.levels[0][...], data[number])
            assert np.array_equal(channel.levels[1][...], data[number, ::2, ::2])


@pytest.mark.parametrize(
    ("axes", "shape", "left"),
    [
        ("ZC", (4, 3), "ZYX"),
        ("CZ", (3, 4), "ZYX"),
        ("TZC", (2, 4, 3), "TZYX"),
        ("Z", (5,), "ZYX"),
        ("TC", (2, 3), "TYX"),
    ],
)
def test_depth_and_time_stand_in_front(tmp_path: Path, axes: str, shape: tuple[int, ...], left: str) -> None:
    data = stack(tmp_path / "z.ome.tif", axes, shape)
    at = axes.find("C")
    with open_pyramid(tmp_path / "z.ome.tif") as pyramid:
        assert len(pyramid.channels) == (3 if at >= 0 else 1)
        for number, channel in enumerate(pyramid.channels):
            expected = np.take(data, number, axis=at) if at >= 0 else data
            top = channel.levels[0]
            assert channel.axes == left
            assert np.array_equal(top[...], expected)
            assert np.array_equal(top[1, ..., 10:20, 3], expected[1, ..., 10:20, 3])
            assert np.array_equal(top[..., 5:9], expected[..., 5:9])
            assert np.array_equal(channel.levels[1][-1], expected[-1, ..., ::2, ::2])


def test_white_says_nothing_and_missing_names_are_empty(tmp_path: Path) -> None:
    stack(tmp_path / "w.ome.tif", "C", (3,), (WHITE, WHITE, WHITE))
    with open_pyramid(tmp_path / "w.ome.tif") as pyramid:
        assert [channel.colour for channel in pyramid.channels] == [None] * 3


def test_a_qptiff_has_the_channels_that_tifffile_reads(tmp_path: Path) -> None:
    built.builders()["qptiff-fluorescence.qptiff"](tmp_path / "f.qptiff")
    with open_pyramid(tmp_path / "f.qptiff") as pyramid, tifffile.TiffFile(tmp_path / "f.qptiff") as tiff:
        (series,) = (s for s in tiff.series if s.axes == "CYX")
        assert [channel.name for channel in pyramid.channels] == ["DAPI", "Opal 570", "Opal 690"]
        for number, level in enumerate(series.levels):
            values = level.asarray()
            for which, channel in enumerate(pyramid.channels):
                assert np.array_equal(channel.levels[number][...], values[which])


@pytest.mark.parametrize("name", ["qptiff-brightfield.qptiff", "ome-pyramid.ome.tif", "aperio-classic.svs"])
def test_colours_are_no_channels(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"s{name[name.index('.') :]}"
    built.builders()[name](path)
    with open_pyramid(path) as pyramid:
        assert pyramid.channels == ()
        assert pyramid.levels[0].rgb


def test_colours_in_planes_are_colours(tmp_path: Path) -> None:
    path = tmp_path / "p.ome.tif"
    data = np.random.default_rng(3).integers(0, 256, (3, 300, 420), dtype=np.uint8)
    tifffile.imwrite(path, data, photometric="rgb", planarconfig="separate", tile=(128, 128), metadata={"axes": "SYX"})
    with open_pyramid(path) as pyramid:
        assert pyramid.channels == ()
        assert pyramid.levels[0].rgb
        assert np.array_equal(pyramid.levels[0][...], data.transpose(1, 2, 0))
        assert np.array_equal(pyramid.levels[0][40:90:7, 5], data.transpose(1, 2, 0)[40:90:7, 5])


def test_a_broken_tile_is_hatched_and_closed_means_closed(tmp_path: Path) -> None:
    path = tmp_path / "b.ome.tif"
    data = stack(path, "C", (3,))
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[1]
        start, size = page.dataoffsets[0], page.databytecounts[0]
    raw = bytearray(path.read_bytes())
    raw[start : start + size] = bytes(size)
    path.write_bytes(raw)
    with open_pyramid(path) as pyramid:
        levels = [channel.levels[0] for channel in pyramid.channels]
        assert np.array_equal(levels[0][...], data[0])
        assert levels[1][:128, :128].shape == (128, 128)
        assert not np.array_equal(levels[1][:128, :128], data[1, :128, :128])
        assert np.array_equal(levels[1][128:, 128:], data[1, 128:, 128:])
    assert all(level[5:9, :7].shape == (4, 7) for level in levels)
    assert not np.array_equal(levels[0][...], data[0]), "nothing is read after the slide was closed"


def test_an_index_may_leave_axes_out() -> None:
    source = np.arange(2 * 4 * 5).reshape(2, 4, 5)  # Z Y X
    planes = LazyStack(source.shape, source.dtype, False, lambda place, rows, columns: source[place][rows, columns])
    assert (planes.shape, planes.rgb) == ((2, 4, 5), False)
    for key in (..., 1, (1, 2), (slice(None), 3), (0, ..., 4), (..., slice(1, 3), 0), (1, 2, 3)):
        assert np.array_equal(planes[key], source[key])


def test_a_plane_that_the_file_does_not_have_is_dark(tmp_path: Path) -> None:
    path = tmp_path / "m.ome.tif"
    data = stack(path, "C", (3,))
    with tifffile.TiffFile(path) as tiff:
        told, tag = tiff.ome_metadata, tiff.pages[0].tags["ImageDescription"]
        start = tag.valueoffset
    assert told is not None
    block = next(part for part in told.split("<") if part.startswith("TiffData"))
    raw = path.read_bytes()
    part = raw.index(block.encode(), start)
    fewer = block.replace('PlaneCount="3"', 'PlaneCount="2"')
    assert fewer != block
    path.write_bytes(raw[:part] + fewer.encode() + raw[part + len(block) :])
    with open_pyramid(path) as pyramid:
        levels = [channel.levels[0] for channel in pyramid.channels]
        assert np.array_equal(levels[1][...], data[1])
        assert not levels[2][...].any()
