"""What a page merely points at: found in every TIFF format, whatever its writer, and gone or told of; tissue stays."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from blankslide import pipeline
from blankslide.containers.streams import jpeg
from blankslide.samples.kit.drawing import tissue
from blankslide.samples.kit.tiff_values import ascii, long, short
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.testing.built import (
    build_aperio,
    build_argos,
    build_generic,
    build_hamamatsu,
    build_huron,
    build_leica,
    build_mikroscan,
    build_motic,
    build_ome,
    build_philips,
    build_qptiff,
    build_threedhistech,
    build_trestle,
    build_ventana,
)
from blankslide.testing.own.tiffplant import KINDS, Plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = b"WINTERBERG ANNA 1954-03-12 "
SMALL: dict[str, Any] = {"size": (512, 384), "factors": (1, 2)}
Build = tuple["Callable[..., Any]", str, int, dict[str, Any]]

#: Builder, suffix, number of a level's page, and what makes it small.
FORMATS: dict[str, Build] = {
    "3DHISTECH": (build_threedhistech, ".tif", 0, SMALL),
    "Akoya": (lambda p: build_qptiff(p, "brightfield"), ".qptiff", 0, {}),
    "Aperio": (build_aperio, ".svs", 0, {"size": (400, 300)}),
    "Aperio, big": (lambda p: build_aperio(p, "big", size=(400, 300), big=True), ".svs", 0, {}),
    "Argos": (build_argos, ".avs", 1, {}),
    "generic": (build_generic, ".tif", 0, SMALL),
    "Hamamatsu": (build_hamamatsu, ".ndpi", 0, {"size": (512, 384)}),
    "Huron": (build_huron, ".tif", 0, SMALL),
    "Leica": (build_leica, ".scn", 2, {}),
    "Mikroscan": (build_mikroscan, ".tif", 0, SMALL),
    "Motic": (build_motic, ".tif", 0, SMALL),
    "OME": (build_ome, ".ome.tif", 0, {}),
    "Philips": (build_philips, ".tiff", 0, {}),
    "Trestle": (build_trestle, ".tif", 0, SMALL),
    "Ventana": (build_ventana, ".bif", 2, {}),
}
#: What readers may act on, so that it is told of; and what cannot be in the format.
TOLD = {
    "*": {"second width"},
    "generic": {"label as SubIFD", "label below EXIF", "second description", "text in UTF-8", "text as curve"},
}
NOT = {"Hamamatsu": {"surplus tile"}}
#: Number of the hostile kind that each plant is of, for the table that `conftest` prints.
NUMBERS = {"label": 1, "tags": 2, "surplus": 2, "comment": 11, "behind a": 11, "second": 7, "text as": 8, "unused": 13}


def secret(number: int) -> bytes:
    return SECRET + b"%02d" % number


def patched(path: Path) -> tuple[bytes, Any]:
    """Return what a plan would leave of a slide, without writing it, and the plan."""
    _, plan = pipeline.plan(path)
    data = bytearray(path.read_bytes())
    for patch in plan.patches:
        if not patch.file:
            new = bytes([patch.byte]) * patch.length if patch.data is None else patch.data
            data[patch.offset : patch.offset + patch.length] = new
    return bytes(data), plan


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_a_level_points_at_is_gone_or_told_of(
    tmp_path: Path, name: str, record_property: Callable[[str, object], None]
) -> None:
    build, suffix, page, small = FORMATS[name]
    path = tmp_path / f"x{suffix}"
    build(path, **small)
    plant = Plant(path.read_bytes())
    planted = {}
    for number, (kind, put) in enumerate(KINDS.items()):
        if kind in NOT.get(name, ()):
            continue
        planted[kind] = secret(number)
        put(plant, page, planted[kind])
    planted["unused bytes"] = planted["unused bytes"][: plant.room - 2]
    path.write_bytes(bytes(plant))
    data, plan = patched(path)
    left = {kind for kind, value in planted.items() if value in data and kind != "unused bytes"}
    assert left <= TOLD["*"] | TOLD.get(name, set())
    assert len(plan.left) >= len(left) > 0
    inspection = pipeline.inspect(path)
    assert "tiff.unused-bytes" in {f.id for f in inspection.findings}
    for number in {n for kind in planted for word, n in NUMBERS.items() if kind.startswith(word)}:
        record_property("hostile", [number, inspection.format, True])


# -- coded streams -----------------------------------------------------------------------


def coded(codec: int, pixels: Any) -> bytes:
    import imagecodecs

    plain = pixels.tobytes()
    makers: dict[int, Callable[[], bytes]] = {
        1: lambda: plain,
        5: lambda: imagecodecs.lzw_encode(plain),
        7: lambda: imagecodecs.jpeg_encode(pixels),
        8: lambda: zlib.compress(plain),
        32773: lambda: imagecodecs.packbits_encode(plain),
        33005: lambda: imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True),
        50000: lambda: imagecodecs.zstd_encode(plain),
        50001: lambda: imagecodecs.webp_encode(pixels, lossless=True),
    }
    return bytes(makers[codec]())


def slide(path: Path, codec: int, speak: Callable[[bytes, int], bytes], count: int = 12) -> Path:
    """Write one generic level of so many tiles, in which some say something."""
    width = 64 * count
    pixels = np.asarray(tissue(width, 64, 3))
    tiles = [speak(coded(codec, pixels[:, 64 * i : 64 * i + 64].copy()), i) for i in range(count)]
    tags = {
        256: long(width), 257: long(64), 258: short(8, 8, 8), 259: short(codec), 262: short(2),
        270: ascii(json.dumps({"shape": [64, width, 3]})), 277: short(3), 322: short(64), 323: short(64),
    }  # fmt: skip
    write_tiff(path, [Page(tags, tiles, tiled=True)])
    return path


@pytest.mark.parametrize("codec", [1, 5, 8, 32773, 33005, 50000, 50001])
def test_text_behind_a_stream_goes_from_every_tile_once_one_speaks(tmp_path: Path, codec: int) -> None:
    path = slide(tmp_path / "x.tif", codec, lambda stream, i: stream + secret(i))
    data, plan = patched(path)
    assert plan.left == ()
    assert SECRET not in data
    assert "jpeg.tile-text" in {f.id for f in pipeline.inspect(path).findings}
    assert len(pipeline.inspect(path).maps[0].tissue()) >= 1


@pytest.mark.parametrize("codec", [1, 5, 8, 33005])
def test_silent_tiles_are_tissue_to_the_last_byte(tmp_path: Path, codec: int) -> None:
    path = slide(tmp_path / "x.tif", codec, lambda stream, _: stream)
    _, plan = patched(path)
    assert (plan.left, plan.patches) == ((), ())


def test_tables_are_found_behind_a_long_colour_profile(tmp_path: Path) -> None:
    """The frame stands in the first 4096 bytes of each tile, a part of its tables behind them."""

    def profiled(tile: bytes, _: int) -> bytes:
        found = list(jpeg.segments(tile))
        tables = b"".join(tile[s.start : s.end] for s in found if s.marker == 0xC4)
        head = b"".join(tile[s.start - 4 : s.end] for s in found if s.marker != 0xC4)
        profile = b"ICC_PROFILE\0\1\1".ljust(4096 - 2 - 4 - len(head) - 20, b"\0")
        one = segment(0xE2, profile) + head + segment(0xC4, tables)
        return b"\xff\xd8" + one + tile[found[-1].end :]

    def segment(marker: int, body: bytes) -> bytes:
        return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body

    path = slide(tmp_path / "x.tif", 7, profiled)
    assert tifffile.imread(path).shape == (64, 768, 3)
    assert patched(path)[1].left == ()


def test_an_uncompressed_tile_that_is_too_long_is_found_wherever_it_is(tmp_path: Path) -> None:
    path = slide(tmp_path / "x.tif", 1, lambda stream, i: stream + (secret(i) if i in (3, 30) else b""), count=40)
    data, plan = patched(path)
    assert plan.left == ()
    assert SECRET not in data


def test_the_longest_tile_is_always_looked_at(tmp_path: Path) -> None:
    path = slide(tmp_path / "x.tif", 8, lambda stream, i: stream + (secret(i) * 900 if i == 5 else b""), count=40)
    assert SECRET not in patched(path)[0]


def test_pixels_that_a_stream_holds_beyond_its_tile_are_told_of(tmp_path: Path) -> None:
    def more(stream: bytes, index: int) -> bytes:
        return zlib.compress(zlib.decompress(stream) + secret(index)) if not index else stream

    _, plan = patched(slide(tmp_path / "x.tif", 8, more))
    assert [sentence.partition(":")[0] for sentence in plan.left] == ["jpeg.tile-text-left"]


def test_as_much_again_as_the_grid_needs_may_be_another_plane_and_is_told_of(tmp_path: Path) -> None:
    path = slide(tmp_path / "x.tif", 1, lambda stream, _: stream, count=2)
    plant = Plant(path.read_bytes())
    for tag, more in ((324, [plant.append(SECRET * 9), plant.append(SECRET * 7)]), (325, [243, 189])):
        _, kind, _, raw = next(e for e in plant.entries(0) if e[0] == tag)
        plant.put(0, tag, kind, raw + struct.pack("<2L", *more))
    path.write_bytes(bytes(plant))
    data, plan = patched(path)
    assert SECRET in data
    assert "tiff.surplus-left" in plan.left[0]


def test_a_clean_slide_is_called_clean_by_readers_after_its_tiles_lost_their_text(tmp_path: Path) -> None:
    path = slide(tmp_path / "x.tif", 33005, lambda stream, i: stream + secret(i))
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert SECRET not in path.read_bytes()
    assert pipeline.plan(path)[1].patches == ()
