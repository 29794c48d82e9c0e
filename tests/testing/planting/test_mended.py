"""What the generator of planted slides has found and what was mended, one slide of each kind."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from blankslide.samples import builders
from blankslide.testing.planting import core
from blankslide.testing.planting.core import CLEAN, TOLD, Plant
from blankslide.testing.planting.tiff_patch import ASCII, RATIONAL, UNDEFINED, Tiff, entry, longs
from blankslide.testing.planting.tiff_profiles import assembled, base, text_tag
from blankslide.testing.planting.tiff_streams import segment
from blankslide.testing.planting.tiff_tags import resources, xmp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAME = b"Sprockershagen"
PLACE = struct.pack("<6L", 51, 1, 13, 1, 471108, 10007)
HUGE = struct.pack("<2L", 1471108153, 10)


def _usual_profile(tiff: Tiff) -> None:
    texts = {"desc": text_tag("mluc", "sRGB built-in"), "cprt": text_tag("text", "No copyright, use freely")}
    maker = text_tag("desc", NAME.decode())
    tiff.put(0, entry(34675, UNDEFINED, assembled({**base(), **texts, "dmnd": maker})))


def _place(tiff: Tiff) -> None:
    tiff.put(0, longs(34853, tiff.directory([entry(1, ASCII, b"N\0"), entry(2, RATIONAL, PLACE)])))


def _resources(tiff: Tiff) -> None:
    last = len(tiff) - 1
    new = segment(0xED, b"Photoshop 3.0\0" + resources(NAME + b"\0\0"))
    tiff.recode(last, lambda old: old[:2] + new + old[2:], range(len(tiff.pieces(last))))


def _idle_table(tiff: Tiff) -> None:
    shared = tiff.find(0, 347)
    assert shared is not None
    spelled = segment(0xDB, b"\3" + NAME.ljust(64, b"\1"))
    tiff.put(0, entry(347, UNDEFINED, shared.raw[:2] + spelled + shared.raw[2:]))


KINDS: Mapping[str, tuple[str, bytes, str, Callable[[Tiff], None]]] = {
    "place on Earth": ("trestle.tif", PLACE, CLEAN, _place),
    "fraction of nobody": (
        "trestle.tif", struct.pack("<L", 471108153), CLEAN,
        lambda t: t.put(1, entry(65098, RATIONAL, struct.pack("<2L", 471108153, 1))),
    ),
    "segment that ends in zeros": ("trestle.tif", NAME, CLEAN, _resources),
    "profile by lcms in a format that has none": ("trestle.tif", NAME, CLEAN, _usual_profile),
    "profile by lcms in NDPI": ("hamamatsu-no-macro.ndpi", NAME, CLEAN, _usual_profile),
    "EXIF's text on a page": ("generic-vips.tif", NAME, CLEAN, lambda t: t.put(0, entry(42032, ASCII, NAME + b"\0"))),
    "EXIF's day on a page": (
        "generic-vips.tif", b"1961:07:03", CLEAN, lambda t: t.put(1, entry(36868, ASCII, b"1961:07:03 11:48:02\0"))
    ),
    "editor's packet on a Ventana's level": (
        "ventana-plain.tif", NAME, CLEAN, lambda t: t.put(4, entry(700, UNDEFINED, xmp(NAME.decode())))
    ),
    "table that no tile uses": ("trestle.tif", NAME, TOLD, _idle_table),
    "number as a resolution": ("trestle.tif", HUGE, TOLD, lambda t: t.put(1, entry(282, RATIONAL, HUGE))),
    "number as a position": ("trestle.tif", HUGE, CLEAN, lambda t: t.put(1, entry(286, RATIONAL, HUGE))),
    "number as rows": ("trestle.tif", HUGE[:4], TOLD, lambda t: t.put(0, longs(278, 1471108153))),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_found_is_mended(kind: str, tmp_path: Path) -> None:
    from blankslide.cli import main

    sample, needle, word, change = KINDS[kind]
    slide = tmp_path / "slide" / sample
    slide.parent.mkdir()
    builders()[sample](slide)
    tiff = Tiff.read(slide)
    change(tiff)
    slide.write_bytes(tiff.data)
    assert needle in slide.read_bytes()
    plant = Plant(core.format_of(slide), kind, "", word == CLEAN, (needle,))
    verdict = core.judge(main, plant, slide, "research", tmp_path / "home")
    assert verdict.word == word, verdict.text
