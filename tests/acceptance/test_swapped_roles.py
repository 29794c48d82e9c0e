"""Words about pictures that are missing or wrong: no pixel of the tissue is changed, and no label is called clean.

What a slide says of a picture and what the picture shows can contradict each other. Then the slide is refused,
untouched, or the pictures are right in spite of the words, or what is left is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from tifffile import TiffFile

from blankslide.errors import BlankslideError
from blankslide.pipeline import Options, anonymize_in_place, verify
from blankslide.pipeline.opening import inspected, opened
from blankslide.testing.bench import contents
from blankslide.testing.own.mutant_runs import built, left_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.testing.bench import Original

Swap = Callable[[dict[str, bytes]], None]
OPTIONS = Options(ledger=None, key=bytes(range(32)))


def _run(path: Path) -> tuple[int, bool]:
    """Return the exit code that the command line would give, and whether the slide is called clean."""
    try:
        outcome = anonymize_in_place(path, OPTIONS)
    except BlankslideError as error:
        return error.exit_code, False
    return int(outcome.content != "clean"), outcome.content == "clean" and verify(path, OPTIONS).content == "clean"


# -- label and level swapped ---------------------------------------------------------------


def _tags(name: str, first: int, second: int, *tags: int) -> Swap:
    """Exchange the entries of two pages."""

    def swap(files: dict[str, bytes]) -> None:
        data = bytearray(files[name])
        with TiffFile(BytesIO(files[name])) as tiff:
            size = 20 if tiff.is_bigtiff else 12
            pairs = [[tiff.pages[i].tags[tag].offset for i in (first, second)] for tag in tags]
        for one, other in pairs:
            a, b = (slice(at + 2, at + size) for at in (one, other))
            data[a], data[b] = data[b], data[a]
        files[name] = bytes(data)

    return swap


def _words(name: str, *pairs: tuple[bytes, bytes]) -> Swap:
    """Exchange words of one length, or in a text of its own."""

    def swap(files: dict[str, bytes]) -> None:
        for one, other in pairs:
            assert one in files[name]
            assert other in files[name]
            both = re.compile(re.escape(one) + b"|" + re.escape(other))
            files[name] = both.sub(lambda m, o=one, t=other: t if m[0] == o else o, files[name])

    return swap


_SVS, _BIF, _PHILIPS, _OME, _CZI, _MRXS = (
    "aperio-classic.svs",
    "ventana-dp200.bif",
    "philips-pages.tiff",
    "ome-pyramid.ome.tif",
    "zeiss-axioscan.czi",
    "mirax.mrxs",
)
_INI = "mirax/Slidedat.ini"
SWAPS: dict[str, tuple[str, Swap]] = {
    "svs: smallest level called label": (_SVS, _tags(_SVS, 3, 4, 270, 254)),
    "svs: types alone": (_SVS, _tags(_SVS, 2, 5, 254)),
    "svs: descriptions alone": (_SVS, _tags(_SVS, 3, 4, 270)),
    "bif: largest level called label": (_BIF, _tags(_BIF, 0, 2, 270)),
    "bif: smallest level called label": (_BIF, _tags(_BIF, 0, 4, 270)),
    "philips: level called label": (_PHILIPS, _tags(_PHILIPS, 2, 3, 270)),
    "ome: pages of image and label": (_OME, _words(_OME, (b'FirstZ="0" IFD="0"', b'FirstZ="0" IFD="1"'))),
    "ome: names": (_OME, _words(_OME, (b'ID="Image:0" Name="S22-5', b'ID="Image:1" Name="Label'))),
    "czi: label called thumbnail": (_CZI, _words(_CZI, (b"Label\0\0\0\0", b"Thumbnail"))),
    "mrxs: label called thumbnail": (
        _MRXS,
        _words(_INI, (b"ScanDataLayer_SlideBarcode", b"ScanDataLayer_SlidePreview")),
    ),
    "mrxs: macro called label": (
        _MRXS,
        _words(_INI, (b"ScanDataLayer_SlideBarcode", b"ScanDataLayer_SlideThumbnail")),
    ),
}


@cache
def _tissue(sample: str) -> dict[str, tuple[tuple[int, int], ...]]:
    """Where the tissue of a sample stands before anything is swapped; the swaps move none of it."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder, opened(built(sample).place(Path(folder))) as slide:
        found = inspected(slide, None)
        return {name: tuple(bytemap.tissue()) for name, bytemap in zip(slide.relative_names(), found.maps, strict=True)}


@cache
def _usually_left(sample: str) -> frozenset[str]:
    """What of the answer key stands in the healthy result: words that are ours as well."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        anonymize_in_place(built(sample).place(Path(folder)), OPTIONS)
        return frozenset(left_of(built(sample), contents(Path(folder))))


def _pixels(sample: str, files: dict[str, bytes]) -> list[bytes]:
    return [files[name][low:high] for name, spans in _tissue(sample).items() for low, high in spans]


@pytest.mark.parametrize("what", SWAPS)
def test_label_and_level_swapped(what: str, tmp_path: Path) -> None:
    sample, swap = SWAPS[what]
    original: Original = built(sample)
    files = dict(original.files)
    swap(files)
    assert _pixels(sample, files) == _pixels(sample, dict(original.files)), "the swap itself moved tissue"
    path = type(original)(files, original.name, original.planted).place(tmp_path)

    code, clean = _run(path)

    after = contents(tmp_path)
    assert code in (0, 1, 3)
    assert _pixels(sample, after) == _pixels(sample, files), "tissue was changed"
    assert code != 3 or after == files, "refused, but changed"
    assert not clean or set(left_of(original, after)) <= _usually_left(sample)


# -- DICOM: ImageType missing, empty, short, unknown, wrong --------------------------------

TYPES: dict[str, list[str] | None] = {
    "missing": None,
    "empty": [],
    "of two values": ["ORIGINAL", "PRIMARY"],
    "unknown": ["ORIGINAL", "PRIMARY", "SOMETHING", "NONE"],
    "wrong": ["ORIGINAL", "PRIMARY", "LABEL", "NONE"],
}
_SLIDE = "dicom-wsi.dcm"


def _retype(path: Path, value: list[str] | None) -> None:
    from pydicom import dcmread

    data = dcmread(path)
    if value is None:
        del data.ImageType
    else:
        data.ImageType = value
    data.save_as(path)


def _frames(folder: Path) -> dict[str, tuple[str, bytes]]:
    from pydicom import dcmread

    found = {}
    for path in sorted(folder.glob("*.dcm")):
        data = dcmread(path)
        kind = data.get("ImageType") or ("", "", "")
        found[path.name] = ("".join(kind[2:3]), bytes(data.PixelData))
    return found


@pytest.mark.parametrize(("what", "which"), [*((w, "level") for w in TYPES), ("missing", "label"), ("wrong", "label")])
def test_dicom_image_types(what: str, which: str, tmp_path: Path) -> None:
    original: Original = built(_SLIDE)
    original.place(tmp_path)
    before = _frames(tmp_path)
    value = TYPES[what]
    if which == "label" and what == "wrong":
        value = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    changed = [n for n, (kind, _) in before.items() if kind == ("VOLUME" if which == "level" else "LABEL")]
    _retype(tmp_path / changed[-1], value)
    files = contents(tmp_path)

    code, clean = _run(tmp_path / _SLIDE)

    assert code in (0, 1, 3)
    assert code != 3 or contents(tmp_path) == files, "refused, but changed"
    after = _frames(tmp_path)
    for name, (kind, pixels) in before.items():
        if kind == "VOLUME":
            assert after[name][1] == pixels, "tissue was changed"
        elif kind in ("LABEL", "OVERVIEW"):
            assert not clean or after[name][1] != pixels, "a label is left, and nobody says so"
