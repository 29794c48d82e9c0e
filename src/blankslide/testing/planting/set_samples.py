"""Samples in which planters of the family ``sets`` plant, and a drawing of them; importing it registers all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.dicom import build_dicom
from blankslide.samples.mirax.slide import build_mirax
from blankslide.samples.philips.isyntax import build_philips_isyntax
from blankslide.samples.sakura import build_sakura
from blankslide.samples.zeiss import slide as zeiss
from blankslide.testing.planting import czi, dicom, dicom_frames, dicom_tables, isyntax, mirax, svslide
from blankslide.testing.planting.core import Drawing
from blankslide.testing.planting.sets import FAMILY

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["czi", "dicom", "dicom_frames", "dicom_tables", "drawing", "isyntax", "mirax", "svslide", "write_samples"]

_SMALL: dict[str, Any] = {"size": (520, 400), "factors": (1, 2)}
_ROOM = 24_000
BUILDERS: Mapping[str, Callable[[Path], object]] = {
    "dicom-jpeg.dcm": partial(build_dicom, **_SMALL),
    "dicom-jpeg2000.dcm": partial(build_dicom, **_SMALL, jpeg_2000=True, seed=21),
    "dicom-native.dcm": partial(
        build_dicom, **_SMALL, native=True, tile=128, label_size=(150, 180), macro_size=(240, 82)
    ),
    "dicom-implicit.dcm": partial(build_dicom, **_SMALL, implicit=True, label_size=(150, 180), macro_size=(240, 82)),
    "dicom-undefined.dcm": partial(build_dicom, **_SMALL, undefined=True, fragments=3),
    "mirax.mrxs": build_mirax,
    "mirax-new.mrxs": partial(build_mirax, old=False, wide=frozenset(), seed=31),
    "zeiss-axioscan.czi": partial(zeiss.build_zeiss, size=(512, 384)),
    "zeiss-raw.czi": partial(
        zeiss.build_zeiss, size=(384, 256), codec=zeiss.RAW, picture_codec=zeiss.RAW, jpeg_label=True, seed=32
    ),
    "sakura.svslide": build_sakura,
    "sakura-wide.svslide": partial(build_sakura, settings={"encoding": "UTF-16le"}, size=(512, 384)),
    "philips-isyntax.isyntax": partial(build_philips_isyntax, bulk=_ROOM),
    "philips-isyntax-2.isyntax": partial(build_philips_isyntax, bulk=_ROOM, version="100.5", data_first=True, seed=13),
}
"""Small slides of each format, as scanners and converters write them in several ways."""


def write_samples(folder: Path) -> tuple[Path, ...]:
    """Write all samples, each into a folder of its own; return their main files."""
    out = []
    for name, build in BUILDERS.items():
        path = folder / name.rpartition(".")[0] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        build(path)
        out.append(path)
    return tuple(out)


def drawing(folder: Path, seed: int, words: tuple[str, ...] = ()) -> Drawing:
    """Write the samples, and return what slides are drawn from."""
    return Drawing(FAMILY, write_samples(folder), seed, words)
