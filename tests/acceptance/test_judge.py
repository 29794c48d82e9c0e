"""The judge itself: every kind of complaint is raised by a slide that deserves it, and by nothing else."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import build_aperio
from blankslide.testing.judge import Before, has_piece, judge, tiles_of
from blankslide.testing.own.tiffpatch import ASCII, Patcher
from blankslide.testing.process import run_cli
from blankslide.testing.spellings import places_of, spellings

if TYPE_CHECKING:
    from pathlib import Path

Spoil = Callable[[bytearray, Before], None]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Before, bytes]:
    """Return what a slide was, and its bytes after a clean run."""
    folder = tmp_path_factory.mktemp("judge")
    path = folder / "slide.svs"
    key = build_aperio(path, size=(512, 384), factors=(1, 2, 4), macro_size=(400, 140))
    before = Before.of(path, key)
    home = {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    assert run_cli("anonymize", "--in-place", path, env=home).code == 0
    return before, path.read_bytes()


def spoil_tile(data: bytearray, before: Before) -> None:
    at, size = list(tiles_of(before.data))[2]
    data[at + size // 2] ^= 255


def spoil_thumbnail(data: bytearray, before: Before) -> None:
    tiff = Patcher(bytes(data))
    at = struct.unpack_from("<L", tiff.value(tiff.page(1), 273))[0]
    data[at : at + 20] = bytes(20)


def spoil_text(old: bytes, new: bytes) -> Spoil:
    def spoil(data: bytearray, before: Before) -> None:
        at = data.index(old)
        data[at : at + len(old)] = new

    return spoil


def spoil_piece(data: bytearray, before: Before) -> None:
    old = Patcher(before.data)
    at = struct.unpack_from("<L", old.value(old.page(4), 273), 12)[0]
    data[at + 3 : at + 43] = before.data[at + 3 : at + 43]


def spoil_link(data: bytearray, before: Before) -> None:
    old, now = Patcher(before.data), Patcher(bytes(data))
    at = old.page(4)
    data[now.pointers()[-1] : now.pointers()[-1] + 4] = struct.pack("<L", at)
    data[at : at + 250] = before.data[at : at + 250]


def spoil_profile(data: bytearray, before: Before) -> None:
    at = data.index(b"acsp")
    data[at + 60] ^= 255


SPOILT: dict[str, tuple[str, Spoil]] = {
    "size": ("the size went", lambda data, _: data.append(0)),
    "a tile": ("coded tiles have changed", spoil_tile),
    "the thumbnail": ("cannot decode page 1", spoil_thumbnail),
    "pixel size": ("other levels", spoil_text(b"MPP = 0.4990", b"MPP = 0.0990")),
    "magnification": ("other levels", spoil_text(b"AppMag = 20", b"AppMag = 40")),
    "vendor": ("another format", spoil_text(b"Aperio Image", b"Operio Image")),
    "colour profile": ("colour profile", spoil_profile),
    "a piece of the label": ("a piece of the old label", spoil_piece),
    "label linked": ("had to go", spoil_link),
}


@pytest.mark.parametrize("name", SPOILT)
def test_judge_complains(case: tuple[Before, bytes], tmp_path: Path, name: str) -> None:
    before, clean = case
    expected, spoil = SPOILT[name]
    data = bytearray(clean)
    spoil(data, before)
    path = tmp_path / "slide.svs"
    path.write_bytes(data)
    assert any(expected in complaint for complaint in judge(before, path))


def test_judge_is_content_with_a_clean_slide(case: tuple[Before, bytes], tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    path.write_bytes(case[1])
    assert judge(case[0], path) == []


@pytest.mark.parametrize("encoding", ["text", "UTF-8", "UTF-16-LE", "UTF-16-BE", "percent", "base64"])
def test_every_spelling_is_found(case: tuple[Before, bytes], tmp_path: Path, encoding: str) -> None:
    before, clean = case
    path = tmp_path / "slide.svs"
    for form in spellings("Thimblewick, Percivus")[encoding]:
        data = bytearray(clean)
        at = data.rindex(bytes(len(form) + 9)) + 4
        data[at : at + len(form)] = form
        path.write_bytes(data)
        assert any("Thimblewick, Percivus" in complaint for complaint in judge(before, path))


def test_base64_is_found_at_every_alignment() -> None:
    import base64

    for lead in range(3):
        data = base64.b64encode(b"xy"[:lead] + b"Quillfeather" + b"tail")
        assert places_of("Quillfeather", data) == ["base64"]
        assert places_of("Quillfeather", base64.b64encode(b"Quillpeather" + data[:3])) == []


def test_in_much_data_every_spelling_is_found_at_both_ends_and_at_every_alignment() -> None:
    noise = bytes(range(256)) * 300
    for value in ("Doe&1", "Quillfeather", "Müller"):
        assert places_of(value, noise) == []
        for encoding, forms in spellings(value).items():
            for form in forms:
                for shift in range(4):
                    assert encoding in places_of(value, noise[shift:] + form + noise)
                assert encoding in places_of(value, form + noise)
                assert encoding in places_of(value, noise + form)


def test_short_value_counts_only_as_a_whole_field() -> None:
    assert places_of("4", b"MPP = 0.4990|Slide = 4|") == ["a field's value"]
    assert places_of("4", b"MPP = 0.4990|Slide = 40|Rack = \0 4") == []


def test_piece_is_found_wherever_it_stands() -> None:
    old = bytes(range(256)) * 2
    for shift in range(64):
        assert has_piece(old, bytes(100 + shift) + old[50:90] + bytes(99))
        assert not has_piece(old, bytes(100 + shift) + old[50:89] + bytes(99))
    assert not has_piece(bytes(range(12)) * 9, bytes(64) + bytes(range(12)) * 9)


def test_patcher_plants_what_it_is_told(case: tuple[Before, bytes]) -> None:
    tiff = Patcher(case[1])
    tiff.put(1, 305, ASCII, b"Quillfeather\0")
    tiff.put(1, 305, ASCII, b"ab\0", twice=True)
    again = Patcher(bytes(tiff))
    values = [e for e in again.entries(again.page(1)) if e[0] == 305]
    assert [v[3][:3] for v in values if v[2] == 3] == [b"ab\0"]
    assert again.value(again.page(1), 305) == b"Quillfeather\0"
    assert len(again.pointers()) == len(Patcher(case[1]).pointers())
