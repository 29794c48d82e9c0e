"""Pictures beside the tissue: the same for every face, and without what only pyramids need."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from blankslide import pipeline
from blankslide.testing.built import builders
from blankslide.viewing.areas.openslide import SidePictures
from blankslide.viewing.picture import in_order, open_pictures, small

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "aperio-classic.svs",
    "dicom-implicit.dcm",
    "dicom-wsi.dcm",
    "hamamatsu-channels.ndpis",
    "hamamatsu-vms.vms",
    "mirax.mrxs",
    "philips-base64.tiff",
    "philips-isyntax.isyntax",
    "sakura.svslide",
    "zeiss-axioscan.czi",
)

_LOOK = """
import sys
from pathlib import Path
for name in ("dask", "isyntax", "mrxsslide", "napari", "pylibCZIrw", "wsidicom", "zarr"):
    sys.modules[name] = None  # whoever imports it fails
from blankslide import pipeline
from blankslide.viewing.picture import open_pictures
for path in map(Path, sys.argv[1:]):
    with open_pictures(path, pipeline.inspect(path)) as opened:
        unseen = [role for role, picture in opened.pictures.items() if not picture.decodes]
        assert opened.pictures and not unseen, (path.name, unseen)
"""


def built(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    builders()[name](folder / name)
    return folder / name


def test_no_library_for_pyramids_is_needed(tmp_path: Path) -> None:
    paths = [str(built(tmp_path / str(i), name)) for i, name in enumerate(NAMES)]
    done = subprocess.run([sys.executable, "-c", _LOOK, *paths], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_every_image_of_an_index_shows_its_own_pictures(tmp_path: Path) -> None:
    import tifffile

    path = built(tmp_path, "hamamatsu-channels.ndpis")
    found = pipeline.inspect(path)
    with open_pictures(path, found) as opened:
        assert list(opened.pictures) == ["macro", "map", "macro 2", "map 2"]
        for role, image in opened.images.items():
            with tifffile.TiffFile(path.with_name(found.files[image.file].name)) as tiff:
                want = tiff.pages[image.page].asarray()
            assert np.array_equal(opened.pictures[role][...], want), role


def test_a_second_picture_of_a_role_is_not_taken_for_the_first(tmp_path: Path) -> None:
    path = built(tmp_path, "hamamatsu-vms.vms")
    (macro,) = (a for a in pipeline.inspect(path).associated if a.role == "macro")
    other = type(macro)(*macro)
    sides = SidePictures(path)
    one, two = sides.picture(macro, "macro"), sides.picture(other, "macro 2")
    assert not two.decodes
    assert one.decodes
    sides.close()


def test_small_keeps_the_shape_and_makes_eight_bits_of_any_kind(tmp_path: Path) -> None:
    from blankslide.viewing.arrays import LazyPicture

    for kind, top in (("uint8", 255), ("uint16", 65535), ("float32", 1.0), ("bool", True)):
        white = np.full((300, 600), top, kind)
        shown = small(LazyPicture(white.shape, kind, lambda white=white: white, ""), 200, 200)
        assert shown.shape == (100, 200, 3), kind
        assert shown.dtype == np.uint8
        assert shown.min() == 255, kind


def test_labels_come_first_and_others_last() -> None:
    assert in_order(["map", "macro 2", "thumbnail", "macro", "label 2"]) == [
        "label 2",
        "macro 2",
        "macro",
        "thumbnail",
        "map",
    ]


def test_after_close_no_pixel_is_left(tmp_path: Path) -> None:
    path = built(tmp_path, "aperio-classic.svs")
    opened = open_pictures(path, pipeline.inspect(path))
    assert opened.pictures["label"].decodes
    opened.close()
    opened.close()
    assert not opened.pictures["label"].decodes
    assert np.unique(opened.pictures["label"][...]).size == 2
