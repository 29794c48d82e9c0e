"""A removed value that is a technical word is no residue inside the names of markup, and anywhere else it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.pipeline.own_words import markup_of
from blankslide.samples.hamamatsu.slide import build_hamamatsu_ndpis
from blankslide.samples.qptiff import build_qptiff
from blankslide.samples.ventana.slide import build_ventana
from blankslide.source import MemorySource
from blankslide.testing.own.tiffplant import ASCII, Plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def named(text: bytes, word: bytes, at: int = 0) -> str:
    start = text.index(word, at)
    return markup_of(MemorySource(text))(start, start + len(word))


MARKUP = [
    b"<ImageType>x",
    b"</ImageType>",
    b"<qpi:Image a='1'",
    b"<Image/>",
    b'<a ImageType="1"',
    b"<a\n x:Image = '1'",
]
OPEN = [
    (b'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" a="1">', b"2016-06"),
    (b"<OME xmlns='http://www.openmicroscopy.org/Schemas/OME/2016-06'>", b"Schemas"),
    (b'<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">', b"xmlns:xsi"),
    (b'<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">', b"www.w3.org"),
    (b'<?xml version="1.0" encoding="UTF-8"?><a>', b"UTF-8"),
]
MARKUP += [b"<PerkinElmer-QPI-ImageDescription>"]
OTHERS = [b"<a>Image</a>", b"<a b='Image'", b"Image = 4", b"<a>Image </a>", b"< Image>", b"<Image", b"User = Image"]


@pytest.mark.parametrize("text", MARKUP)
def test_inside_a_name_of_markup(text: bytes) -> None:
    assert named(text, b"Image")


@pytest.mark.parametrize(("text", "word"), OPEN)
def test_what_everybody_writes_is_nobodys(text: bytes, word: bytes) -> None:
    assert named(text, word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b'<a b="http://www.w3.org/Nivola/2016-06">', b"2016-06"),
        (b"<a>http://www.openmicroscopy.org/Schemas/OME/2016-06</a>", b"2016-06"),
        (b'<?xml version="1.0" encoding="UTF-8" owner="Nivola"?>', b"UTF-8"),
        (b'<?xml version="1.0"?><a>UTF-8</a>', b"UTF-8"),
        (b'<a b="2016-06">', b"2016-06"),
    ],
)
def test_what_only_looks_like_it_is_a_residue(text: bytes, word: bytes) -> None:
    assert not named(text, word)


@pytest.mark.parametrize("text", OTHERS)
def test_anywhere_else_it_is_a_residue(text: bytes) -> None:
    assert not named(text, b"Image")


@pytest.mark.parametrize("word", [b"Nivola", b"Rose", b"J\xf6rg", b"Ima ge"])
def test_a_word_that_is_not_technical_is_a_residue_in_a_name_too(word: bytes) -> None:
    assert not named(b"<" + word + b"Type>", word)


FORMATS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "qptiff": (build_qptiff, "s.qptiff", "s.qptiff"),
    "ventana": (build_ventana, "s.bif", "s.bif"),
    "ndpis": (build_hamamatsu_ndpis, "s.ndpis", "s-DAPI.ndpi"),
}


@pytest.mark.parametrize("word", [b"Image", b"Label"])
@pytest.mark.parametrize("name", FORMATS)
def test_an_artist_called_like_a_word_of_the_format_leaves_a_clean_slide(
    tmp_path: Path, name: str, word: bytes
) -> None:
    build, main, member = FORMATS[name]
    build(tmp_path / main)
    plant = Plant((tmp_path / member).read_bytes())
    plant.put(0, 315, ASCII, word + b"\0")
    (tmp_path / member).write_bytes(bytes(plant))
    outcome = pipeline.anonymize_in_place(tmp_path / main)
    assert (outcome.content, outcome.residue) == ("clean", ())
