"""Maps and tables of MIRAX slides are what their bytes are."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from typing import Any

import pytest
from PIL import Image, ImageDraw

from blankslide.formats.mirax import tables
from blankslide.formats.mirax.vocabulary import is_vocabulary

WORDS = b"Rose Brown born 1948-03-12, S19-4711"
IMAGES = (224, 644)


def coded(picture: Any, form: str, **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **more)
    return out.getvalue()


def label(size: tuple[int, int] = (200, 60), mode: str = "L") -> Any:
    picture = Image.new(mode, size, 1 if mode == "1" else 255)
    ImageDraw.Draw(picture).text((5, 5), "Rose Brown", fill=0)
    return picture


@pytest.mark.parametrize("division", [1, 4])
@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_a_map_of_the_cameras_positions_stays(division: int, mode: str) -> None:
    picture = Image.new(mode, (IMAGES[0] // division, IMAGES[1] // division))
    picture.paste(1, (10, 10, 40, 40))
    assert tables.is_map(coded(picture, "PNG"), IMAGES)


def test_a_picture_of_another_size_or_of_many_values_is_no_map() -> None:
    assert not tables.is_map(coded(label(), "PNG"), IMAGES)
    assert not tables.is_map(coded(label(mode="1"), "PNG"), IMAGES)
    noise = Image.effect_noise((56, 161), 60)
    assert not tables.is_map(coded(noise, "PNG"), IMAGES)
    assert not tables.is_map(coded(Image.new("L", (56, 161)), "PNG"), (0, 0))
    assert not tables.is_map(coded(Image.new("L", (56, 161)), "PNG")[:60], IMAGES)


@pytest.mark.parametrize("drawn", ["boxes", "a short word", "a word written downwards", "three greys"])
def test_a_mask_of_another_size_stays_only_if_nothing_can_be_written_in_it(drawn: str) -> None:
    picture = Image.new("L", (97, 205))
    pen = ImageDraw.Draw(picture)
    if drawn == "boxes":
        picture.paste(1, (10, 20, 40, 60))
        picture.paste(1, (50, 100, 90, 180))
    elif drawn == "three greys":
        picture.paste(1, (10, 20, 40, 60))
        picture.paste(2, (12, 22, 20, 30))
    else:
        word = "Rose" if drawn == "a short word" else "R\no\ns\ne"
        pen.fontmode = "1"  # two values only
        pen.text((5, 5), word, fill=1)
    assert tables.is_map(coded(picture, "PNG"), IMAGES) == (drawn == "boxes")


OTHERS = {
    "BMP": coded(label(), "BMP"), "GIF": coded(label(), "GIF"), "TIFF": coded(label(), "TIFF"),
    "WebP": coded(label(mode="RGB"), "WEBP"), "JPEG 2000": coded(label(), "JPEG2000"), "text": WORDS,
    "packed text": zlib.compress(WORDS * 3), "packed picture": zlib.compress(coded(label(), "BMP")),
    "packed twice": zlib.compress(zlib.compress(WORDS)), "wide text": WORDS.decode().encode("utf-16-le"),
    "text in numbers": bytes(40) + WORDS + bytes(40), "picture behind a length": b"\0\1\2\3" + coded(label(), "PNG"),
    "gzip": b"\x1f\x8b\x08" + bytes(20), "broken stream": zlib.compress(WORDS)[:-8],
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_what_a_decoder_would_take_is_no_table(kind: str) -> None:
    assert tables.as_table(OTHERS[kind]) is None


NUMBERS = {
    "positions": b"".join(struct.pack("<Bii", 1, 512 * x, 384 * y) for x in range(8) for y in range(6)),
    "histogram": struct.pack("<256I", *(i * i % 9001 for i in range(256))),
    "ramp": bytes(range(256)), "zeros": bytes(64), "doubles": struct.pack("<64d", *(i * 0.37 for i in range(64))),
}  # fmt: skip


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("packed", [False, True])
def test_numbers_are_a_table(kind: str, packed: bool) -> None:
    data = zlib.compress(NUMBERS[kind]) if packed else NUMBERS[kind]
    assert tables.as_table(data) == tables.Table(len(data))


def test_what_follows_a_packed_table_is_not_part_of_it() -> None:
    data = zlib.compress(NUMBERS["positions"])
    assert tables.as_table(data + WORDS) == tables.Table(len(data))


@pytest.mark.parametrize(
    "name",
    ["EC Epiplan", "LD-Plan-Neofluar", "LD Plan-Neofluar 40x/0.6 Korr", "N-Achroplan 10x/0.25", "HC PL FLUOTAR 20x/0.5",
     "UPlanSApo 20x", "CFI Plan Apo Lambda 20x"],
)  # fmt: skip
def test_objectives_are_known(name: str) -> None:
    assert is_vocabulary(name)


@pytest.mark.parametrize("name", ["Rose Brown", "Plan Meier 40x", "Dr. Plan-Apochromat Li"])
def test_people_are_not(name: str) -> None:
    assert not is_vocabulary(name)


@pytest.mark.parametrize("size", [(0xFFFFFFFF, 1), (0xFFFFFFFF, 0), (1, 0xFFFFFFFF), (0, 0)])
def test_a_map_whose_size_is_damaged_costs_no_memory(size: tuple[int, int]) -> None:
    whole = coded(Image.new("L", (56, 161)), "PNG")
    broken = whole[:16] + struct.pack(">II", *size) + whole[24:]
    tracemalloc.start()
    try:
        assert not tables.is_map(broken, IMAGES)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_map_that_is_cut_in_its_head_is_none() -> None:
    whole = coded(Image.new("L", (56, 161)), "PNG")
    assert not any(tables.is_map(whole[:length], IMAGES) for length in range(8, 40))
