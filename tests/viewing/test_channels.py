"""Channels, depths and scenes of slides that are no single TIFF, and further images of one: the file's own pixels."""

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


def described(pyramid: Any) -> list[tuple[str, str, list[tuple[int, ...]]]]:
    return [(c.name, c.axes, [level.shape for level in c.levels]) for c in pyramid.channels]


# -- sets ----------------------------------------------------------------------------------


def test_each_slide_of_an_index_is_a_channel_named_by_what_tells_it_apart(tmp_path: Path) -> None:
    path = tmp_path / "S 12 slide.ndpis"
    built.build_hamamatsu_ndpis(path, size=(256, 192), macro_size=(120, 40))
    with open_pyramid(path) as pyramid:
        sizes = [(192, 256, 3), (96, 128, 3), (48, 64, 3)]
        assert described(pyramid) == [("DAPI", "YXS", sizes), ("FITC", "YXS", sizes)]
        for channel in pyramid.channels:
            with open_pyramid(tmp_path / f"S 12 slide-{channel.name}.ndpi") as alone:
                for level, same in zip(channel.levels, alone.levels, strict=True):
                    assert np.array_equal(level[...], same[...])


def test_a_filter_that_the_scanner_names_is_the_channels_name(tmp_path: Path) -> None:
    from blankslide.samples.kit.tiff_values import ascii

    path = tmp_path / "slide.ndpis"
    built.build_hamamatsu_ndpis(path, size=(128, 96), macro_size=None, tags={"all": {65434: ascii("Cy5 set")}})
    with open_pyramid(path) as pyramid:
        assert [channel.name for channel in pyramid.channels] == ["Cy5 set", "Cy5 set"]


def test_an_uncompressed_set_keeps_its_twelve_bits(tmp_path: Path) -> None:
    import openslide

    path = tmp_path / "slide.vmu"
    built.builders()["hamamatsu-vmu.vmu"](path)
    with open_pyramid(path) as pyramid, openslide.OpenSlide(path) as slide:
        assert [channel.name for channel in pyramid.channels] == ["red", "green", "blue"]
        values = np.stack([channel.levels[0][...] for channel in pyramid.channels], axis=-1)
        assert (values.dtype, values.max() > 255) == (np.uint16, True)
        shown = np.asarray(slide.read_region((0, 0), 0, slide.dimensions))[..., :3]
        assert np.array_equal(values >> 4, shown)
        assert np.array_equal(pyramid.channels[2].levels[0][20:50, 60:131], values[20:50, 60:131, 2])


# -- CZI -----------------------------------------------------------------------------------


@pytest.fixture
def czi(tmp_path: Path) -> tuple[Path, Any]:
    """Two scenes, two channels, three depths, 16 bits."""
    module = pytest.importorskip("pylibCZIrw.czi", reason="pip install blankslide[readers]")
    path, data = tmp_path / "slide.czi", np.random.default_rng(1).integers(0, 50_000, (2, 3, 60, 90), dtype=np.uint16)
    with module.create_czi(str(path)) as made:
        for channel in range(2):
            for depth in range(3):
                plane, picture = {"C": channel, "Z": depth, "T": 0}, data[channel, depth][..., None]
                made.write(picture, plane=plane, location=(0, 0), scene=0)
                made.write(picture[:30, :50], plane=plane, location=(200, 40), scene=1)
        made.write_metadata("x", channel_names={0: "DAPI", 1: "GFP"}, scale_x=5e-7, scale_y=5e-7)
    return path, data


def test_a_czi_has_scenes_in_their_places_with_channels_depths_and_all_bits(czi: tuple[Path, Any]) -> None:
    path, data = czi
    with open_pyramid(path) as pyramid:
        first, second = pyramid.images
        assert [(image.name, image.at) for image in pyramid.images] == [("scene 1", (0, 0)), ("scene 2", (200, 40))]
        for number, (one, other) in enumerate(zip(first.channels, second.channels, strict=True)):
            assert (one.name, one.axes, one.levels[0].dtype) == (("DAPI", "GFP")[number], "ZYX", np.uint16)
            assert np.array_equal(one.levels[0][...], data[number])
            assert np.array_equal(one.levels[0][1, 10:20, 5], data[number, 1, 10:20, 5])
            assert np.array_equal(other.levels[0][...], data[number, :, :30, :50])
        whole = pyramid.channels[0].levels[0]
        assert np.array_equal(whole[2, 40:70, 200:250], data[0, 2, :30, :50])
    assert not np.array_equal(first.channels[0].levels[0][...], data[0]), "nothing is read after it was closed"


def test_colours_of_eight_bits_are_no_channels(tmp_path: Path) -> None:
    path = tmp_path / "slide.czi"
    built.builders()["zeiss-axioscan.czi"](path)
    with open_pyramid(path) as pyramid:
        assert (pyramid.channels, pyramid.scenes) == ((), ())


# -- DICOM ---------------------------------------------------------------------------------


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Any]:
    """A set of one level, two optical paths and two focal planes, 16 bits, in frames of 64 x 64."""
    from pydicom import dcmread

    path = tmp_path / "slide.dcm"
    built.build_dicom(path, size=(150, 100), tile=64, factors=(1,), native=True, thumbnail=False)
    data = np.random.default_rng(2).integers(0, 60_000, (2, 2, 100, 150), dtype=np.uint16)
    whole = np.zeros((2, 2, 128, 192), np.uint16)
    whole[..., :100, :150] = data
    frames = whole.reshape(2, 2, 2, 64, 3, 64).transpose(0, 1, 2, 4, 3, 5)
    head = dcmread(path)
    head.SamplesPerPixel, head.PhotometricInterpretation = 1, "MONOCHROME2"
    head.BitsAllocated, head.BitsStored, head.HighBit = 16, 16, 15
    head.NumberOfFrames, head.TotalPixelMatrixFocalPlanes, head.NumberOfOpticalPaths = "24", 2, 2
    del head.PlanarConfiguration
    first = head.OpticalPathSequence[0]
    del first.ICCProfile
    second = type(first)()
    second.update(first)
    first.OpticalPathIdentifier, first.OpticalPathDescription = "1", "DAPI"
    second.OpticalPathIdentifier, second.OpticalPathDescription = "2", "FITC"
    head.OpticalPathSequence = [first, second]
    head.PixelData = frames.tobytes()
    head["PixelData"].VR = "OW"
    head.save_as(path)
    return path, data


def test_optical_paths_are_channels_and_focal_planes_a_slider(paths: tuple[Path, Any]) -> None:
    path, data = paths
    with open_pyramid(path) as pyramid:
        assert described(pyramid) == [("DAPI", "ZYX", [(2, 100, 150)]), ("FITC", "ZYX", [(2, 100, 150)])]
        for number, channel in enumerate(pyramid.channels):
            assert channel.levels[0].dtype == np.uint16
            assert np.array_equal(channel.levels[0][...], data[number])
            assert np.array_equal(channel.levels[0][1, 50:90, 60:140], data[number, 1, 50:90, 60:140])


def test_one_path_of_eight_bits_is_no_channel(tmp_path: Path) -> None:
    path = tmp_path / "slide.dcm"
    built.build_dicom(path, size=(300, 200), factors=(1,))
    with open_pyramid(path) as pyramid:
        assert pyramid.channels == ()


# -- further images, and what was not scanned ------------------------------------------------


def test_further_images_of_an_ome_tiff_are_shown_as_such(tmp_path: Path) -> None:
    path, rng = tmp_path / "slide.ome.tif", np.random.default_rng(3)
    first = rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    second = rng.integers(0, 60_000, (2, 200, 260), dtype=np.uint16)
    told = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(first, photometric="rgb", tile=(128, 128), metadata={"axes": "YXS", "Name": "region A", **told})
        more = {"axes": "CYX", "Name": "region B", "PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0}
        more["Channel"] = {"Name": ["DAPI", "CD3"]}
        tiff.write(second, photometric="minisblack", tile=(128, 128), metadata=more)
    with open_pyramid(path) as pyramid:
        _, scene = pyramid.images
        assert (scene.name, scene.mpp, scene.shape) == ("region B", (1.0, 1.0), (200, 260))
        assert [channel.name for channel in scene.channels] == ["DAPI", "CD3"]
        assert all(np.array_equal(c.levels[0][...], plane) for c, plane in zip(scene.channels, second, strict=True))
        assert set(pyramid.pictures) - set(pyramid.beside), "it is not shown a second time as an unknown picture"


def test_what_was_not_scanned_is_white_like_glass(tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    built.build_aperio(path, size=(512, 512), factors=(1, 2))
    with tifffile.TiffFile(path) as tiff:
        place = tiff.pages[0].tags[325].valueoffset
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes(4))
    with open_pyramid(path) as pyramid:
        level = pyramid.levels[0]
        assert (level[:256, :256] == 255).all()
        assert level[256:, 256:].std() > 5


def test_colours_are_turned_into_srgb_when_asked_for_and_back(tmp_path: Path) -> None:
    from blankslide.viewing.colours import ToScreen

    path = tmp_path / "slide.svs"
    built.build_aperio(path, size=(512, 384), factors=(1, 2))
    with tifffile.TiffFile(path) as tiff:
        profile = tiff.pages[0].iccprofile
    with open_pyramid(path) as pyramid:
        own = pyramid.levels[0][:100, :200]
        assert pyramid.in_srgb(True)
        assert np.array_equal(pyramid.levels[0][:100, :200], ToScreen(profile)(own))
        assert pyramid.in_srgb(False)
        assert np.array_equal(pyramid.levels[0][:100, :200], own)
    assert not pyramid.in_srgb(True)


def test_a_slide_without_a_profile_cannot_be_turned(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    built.builders()["generic-vips.tif"](path)
    with open_pyramid(path) as pyramid:
        assert not pyramid.in_srgb(True)


def test_transparency_shows_the_slides_own_background(tmp_path: Path) -> None:
    from PIL import Image

    from blankslide.viewing.areas.base import rgb

    picture = Image.new("RGBA", (2, 1), (10, 20, 30, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    assert rgb(picture, (230, 231, 232)).tolist() == [[[10, 20, 30], [230, 231, 232]]]


def test_an_index_may_leave_axes_out_of_a_stack() -> None:
    source = np.arange(2 * 3 * 4 * 5 * 3, dtype=np.uint16).reshape(2, 3, 4, 5, 3)
    grey = LazyStack((2, 3, 4, 5), "uint16", False, lambda at, y, x: source[(*at, y, x, 0)])
    colour = LazyStack((2, 3, 4, 5, 3), "uint16", True, lambda at, y, x: source[(*at, y, x)])
    for key in (..., 1, (1, 2), (slice(None), 2), (0, ..., 2), (..., slice(1, 3), 0), (1, slice(0, 0)), (-1, 2, 3)):
        assert np.array_equal(grey[key], source[..., 0][key])
        assert np.array_equal(colour[key], source[key])
