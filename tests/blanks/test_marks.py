"""The short look before labels and masks: a picture that bears a mark is never told from, a scanner's nearly always."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.blanks import label, marks, mask
from blankslide.blanks.bits import mark_tail
from blankslide.blanks.codes import DEFLATE, JPEG, JPEG_XR, LZW, PACKBITS, PNG, RAW, ZSTD
from blankslide.blanks.mask_codecs import _tail
from blankslide.errors import DamagedSlide
from blankslide.model import Blank, Coding, Room, Slot
from blankslide.samples.aperio.slide import build_aperio
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from pathlib import Path

BEHIND = (LZW, *DEFLATE, JPEG_XR)
NOTES = (label.mark("STUDY-7"), mask.mark((1, 2, 30, 40)))


def room(codec: int, *slots: tuple[int, int]) -> Room:
    return Room(Blank(0, "page 1", Coding(codec), tuple(Slot(a, b, 16, 16) for a, b in slots)), "macro", 16, 48, 8)


def jpeg(note: bytes) -> bytes:
    return b"\xff\xd8\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + b"\xff\xd9"


def laid(*slots: bytes, between: int = 0) -> tuple[bytes, list[tuple[int, int]]]:
    data, spans = b"", []
    for slot in slots:
        data += bytes(between)
        spans.append((len(data), len(data) + len(slot)))
        data += slot
    return data, spans


@pytest.mark.parametrize("between", [0, 1 << 16])
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("note", NOTES)
def test_a_mark_in_any_slot_is_seen(note: bytes, number: int, between: int) -> None:
    for codec in (JPEG, *BEHIND):
        tail = mark_tail(note) if note is NOTES[0] else _tail(note)
        bearer = jpeg(note) if codec == JPEG else b"pixels" + tail
        plain = jpeg(b"by a scanner, of no interest") if codec == JPEG else b"pixels" * 9
        slots = [plain] * 3
        data, spans = laid(*slots, between=between)
        assert not marks.may_bear(room(codec, *spans), MemorySource(data))
        slots[number] = bearer
        data, spans = laid(*slots, between=between)
        for order in (spans, spans[::-1]):
            assert marks.may_bear(room(codec, *order), MemorySource(data))


@pytest.mark.parametrize("codec", [RAW, PACKBITS, ZSTD, PNG, 33003, -5, 4711])
def test_what_is_not_known_may_bear_one(codec: int) -> None:
    assert marks.may_bear(room(codec, (0, 99)), MemorySource(bytes(99)))


def test_many_slots_are_left_to_who_counts_them() -> None:
    assert marks.may_bear(room(JPEG, *[(0, 99)] * 4097), MemorySource(bytes(99)))


def test_a_slot_that_is_too_short_bears_none() -> None:
    for codec in (JPEG, LZW):
        for length in range(17 if codec == JPEG else 5):
            data = jpeg(NOTES[0])[:length] if codec == JPEG else mark_tail(NOTES[0])[-length:]
            assert not marks.may_bear(room(codec, (0, length)), MemorySource(data[:length]))


def test_a_slot_outside_of_the_file_is_damage() -> None:
    with pytest.raises(DamagedSlide):
        marks.may_bear(room(JPEG, (0, 99)), MemorySource(b""))


def test_a_look_at_an_ordinary_slide_loads_nothing_that_draws(tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path)
    code = f"import sys, blankslide; print(len(blankslide.plan({str(path)!r}).patches), *sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert int(out[0]) > 0
    assert "blankslide.blanks.marks" in out
    assert not {"blankslide.blanks.label", "blankslide.blanks.mask", "blankslide.model.outcome", "numpy"} & {*out}
