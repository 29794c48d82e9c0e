"""Ordinary TIFFs of common writers end clean; pages that could be a label are told of, and never a tissue page lost."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import ImageCms
from tifffile import TiffFile, TiffWriter, imwrite
from tifffile import __version__ as tifffile_version

from blankslide import pipeline
from blankslide.samples.huron import build_huron
from blankslide.samples.kit.drawing import tissue
from blankslide.samples.qptiff import build_qptiff
from blankslide.testing.own.tiffplant import Plant

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "Aperio Image Library v12.0.16 \r\n256x192 [0,0 256x192] (64x64) RAW Q=70|AppMag = 20|MPP = 0.4990"
TILED: dict[str, Any] = {"tile": (64, 64), "photometric": "rgb", "metadata": None}


def picture(width: int, height: int) -> Any:
    """Return one and the same slide in any size: its levels look alike."""
    return np.asarray(tissue(640, 480, 7).resize((width, height)))


def ends_clean(path: Path, *gone: bytes) -> None:
    with TiffFile(path) as tiff:
        before = [page.asarray() for page in tiff.pages]
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    data = path.read_bytes()
    assert not [value for value in gone if value in data]
    with TiffFile(path) as tiff:
        after = [page.asarray() for page in tiff.pages]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def told(path: Path, *ids: str) -> None:
    _, plan = pipeline.plan(path)
    assert sorted(sentence.partition(":")[0] for sentence in plan.left) == sorted(ids)


def test_tifffiles_own_description_behind_a_given_one(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    imwrite(path, picture(256, 192), tile=(64, 64), photometric="rgb", description=f"{HEAD}|Title = NIVOLA")
    ends_clean(path, b"NIVOLA")


@pytest.mark.parametrize("compression", [None, "jpeg"])
def test_tifffiles_ome_whose_version_is_a_day_ends_clean(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "x.ome.tif"
    planes = np.stack([picture(256, 192)[:, :, 1], picture(256, 192)[:, :, 1] // 2])
    imwrite(
        path,
        planes,
        ome=True,
        tile=(64, 64),
        photometric="minisblack",
        metadata={"axes": "ZYX"},
        compression=compression,
    )
    ends_clean(path)


@pytest.mark.parametrize("creator", [b"tifffile.py 1950.3.12", b"Thordisvogt 2026.3.12"])
def test_any_other_day_as_a_version_is_told_or_goes(tmp_path: Path, creator: bytes) -> None:
    path = tmp_path / "x.ome.tif"
    imwrite(path, picture(256, 192), ome=True, tile=(64, 64), photometric="rgb")
    data, version = path.read_bytes(), f"tifffile.py {tifffile_version}".encode()
    assert version in data
    path.write_bytes(data.replace(version, creator.ljust(len(version))[: len(version)]))
    assert pipeline.anonymize_in_place(path).content != "clean" or creator[:12] not in path.read_bytes()


def test_a_second_description_that_says_more_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    shape = json.dumps({"shape": [192, 256, 3]})
    extra = {"patient": "NIVOLA"}
    imwrite(path, picture(256, 192), tile=(64, 64), photometric="rgb", description=shape, metadata=extra)
    ends_clean(path, b"NIVOLA")


@pytest.mark.parametrize("rows", [1, 40, 192])
def test_a_crop_in_strips_is_tissue_and_loses_its_texts(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "x.tif"
    text = HEAD.replace("(64x64)", "(0x0)") + "|Title = NIVOLA"
    imwrite(path, picture(256, 192), photometric="rgb", rowsperstrip=rows, description=text, metadata=None)
    ends_clean(path, b"NIVOLA")


def test_planes_and_levels_of_any_factor_are_tissue(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    with TiffWriter(path) as tiff:
        for plane in ("x40 z0", "x40 z-500"):
            tiff.write(picture(320, 240), description=plane, datetime="2019:02:03 04:05:06", **TILED)
            tiff.write(picture(128, 96), subfiletype=1, **TILED)
    ends_clean(path, b"2019:02:03")
    assert len(pipeline.inspect(path).levels) == 4


def test_channels_with_pyramids_of_their_own_and_imagejs_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    grey: dict[str, Any] = {**TILED, "photometric": "minisblack"}
    with TiffWriter(path) as tiff:
        for _ in range(3):
            lines = "ImageJ=\nhyperstack=true\nimages=3\nchannels=3\nslices=1\nframes=1"
            tiff.write(picture(256, 192)[:, :, 0].copy(), subifds=1, description=lines, **grey)
            tiff.write(picture(128, 96)[:, :, 0].copy(), subfiletype=1, **grey)
    ends_clean(path)


@pytest.mark.parametrize("maker", ["aperio", "philips", "generic"])
def test_a_tiled_page_of_the_slides_shape_without_the_marks_of_a_level_is_told_of(tmp_path: Path, maker: str) -> None:
    spacing = (
        '<Attribute Name="DICOM_PIXEL_SPACING" PMSVR="IDoubleArray">&quot;0.00025&quot; &quot;0.00025&quot;</Attribute>'
    )
    kind = '<Attribute Name="PIM_DP_IMAGE_TYPE" PMSVR="IString">WSI</Attribute>'
    xml = f'<?xml version="1.0" ?><DataObject ObjectType="DPUfsImport">{kind}{spacing}</DataObject>'
    text = {"aperio": HEAD, "philips": xml, "generic": json.dumps({"shape": [192, 256, 3]})}[maker]
    path = tmp_path / "x.tif"
    with TiffWriter(path) as tiff:
        software = "Philips DP v1.0" if maker == "philips" else None
        tiff.write(picture(256, 192), description=text, software=software, **TILED)
        tiff.write(picture(64, 48), **TILED)
    told(path, "picture.unknown")


@pytest.mark.parametrize(("size", "tile", "left"), [((128, 96), 64, 0), ((100, 75), 64, 1), ((128, 96), 32, 1)])
def test_a_page_that_says_nothing_is_a_level_only_among_levels(
    tmp_path: Path, size: tuple[int, int], tile: int, left: int
) -> None:
    path = tmp_path / "x.svs"
    with TiffWriter(path) as tiff:
        tiff.write(picture(256, 192), description=HEAD, **TILED)
        tiff.write(picture(*size), **TILED | {"tile": (tile, tile)})
        tiff.write(picture(64, 48), subfiletype=1, **TILED)
    told(path, *["picture.unknown"] * left)


@pytest.mark.parametrize(("size", "typed", "left"), [((64, 48), 1, 0), ((64, 48), 0, 1), ((256, 192), 1, 1)])
def test_a_child_is_a_level_only_if_it_is_smaller_and_marked(
    tmp_path: Path, size: tuple[int, int], typed: int, left: int
) -> None:
    path = tmp_path / "x.svs"
    with TiffWriter(path) as tiff:
        tiff.write(picture(256, 192), subifds=1, description=HEAD, **TILED)
        tiff.write(picture(*size), subfiletype=typed, **TILED)
    told(path, *["picture.unknown"] * left)


def test_a_second_page_that_nothing_describes_is_told_of_unless_levels_follow(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    with TiffWriter(path) as tiff:
        tiff.write(picture(256, 192), description=HEAD, **TILED)
        tiff.write(picture(128, 96), photometric="rgb", metadata=None)
    told(path, "picture.unknown")
    with TiffWriter(path) as tiff:
        tiff.write(picture(256, 192), description=HEAD, **TILED)
        tiff.write(picture(128, 96), photometric="rgb", metadata=None)
        tiff.write(picture(64, 48), subfiletype=1, **TILED)
    told(path)
    assert [a.role for a in pipeline.inspect(path).associated] == ["thumbnail"]


def test_a_picture_that_goes_does_not_hide_one_that_stays(tmp_path: Path) -> None:
    """Both are unknown pictures: the one is unlinked, the other may be tissue."""
    path = tmp_path / "x.svs"
    with TiffWriter(path) as tiff:
        tiff.write(picture(256, 192), description=HEAD, **TILED)
        tiff.write(picture(64, 120), photometric="rgb", metadata=None)
        tiff.write(picture(128, 96), photometric="rgb", metadata=None)
    told(path, "picture.unknown")


def test_five_thousand_pages_are_read_in_time(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    tile = np.zeros((16, 16), np.uint8)
    with TiffWriter(path) as tiff:
        for _ in range(5000):
            tiff.write(tile, tile=(16, 16), metadata=None, contiguous=False)
    start = time.process_time()
    assert len(pipeline.inspect(path).levels) == 5000
    assert time.process_time() - start < 5


@pytest.mark.parametrize("suffix", [".tif", ".qptiff"])
@pytest.mark.parametrize("name", ["", "Nivola's scan"])
def test_a_colour_profile_of_another_program_is_no_residue(tmp_path: Path, suffix: str, name: str) -> None:
    """As lcms writes it: with its signature, a date, and names in several languages; a name that somebody gave goes."""
    path = tmp_path / f"x{suffix}"
    build: Any = build_huron if suffix == ".tif" else build_qptiff
    build(path)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    given = name.encode("utf-16-be")
    profile = profile.replace("sRGB built-in".encode("utf-16-be"), given) if name else profile
    plant = Plant(path.read_bytes())
    plant.put(0, 34675, 7, profile)
    path.write_bytes(bytes(plant))
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert not name or given not in path.read_bytes()
    assert b"lcms" in path.read_bytes()


VIPS = (
    '<?xml version="1.0"?>\n<image xmlns="http://www.vips.ecs.soton.ac.uk//dzsave" date="2020-01-30T09:30:00Z" '
    'version="8.12.1"><properties><property><name>height</name><value type="gint">192</value></property></properties>'
    "</image>"
)


@pytest.mark.parametrize(
    "text", [VIPS, "ImageJ=1.53t\nimages=3\nchannels=3\nmode=grayscale\nloop=false\n", "ImageJ=1.54\n"]
)
def test_channels_as_vips_and_imagej_describe_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.tif"
    with TiffWriter(path) as tiff:
        for channel in range(3):
            plane: dict[str, Any] = {**TILED, "photometric": "minisblack"}
            tiff.write(picture(256, 192)[:, :, channel], description=text, **plane)
    ends_clean(path, *([b"2020-01-30"] if text is VIPS else []))
