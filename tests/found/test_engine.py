"""What counts as text, as ink and as nothing; the models are run by tests/cli/test_pictures.py."""

from __future__ import annotations

import numpy as np
import pytest

from blankslide.found.engine import Seen, kind_of, look
from blankslide.found.geometry import upright
from blankslide.found.text import Line, Reader, _rectangles

pytest.importorskip("cv2", reason="the extra ocr is not installed")

AREA = 400 * 300


def line(text: str, read: float, marked: float = 0.9, box: tuple[int, int, int, int] = (10, 20, 110, 40)) -> Line:
    left, top, right, bottom = box
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return Line(corners, marked, text, read)


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (line("S23-4711", 0.99), "text"),
        (line("HE", 0.85), "text"),
        (line("S23-47", 0.5), "ink"),
        (line("S23-47", 0.5, marked=0.5), None),
        (line("S23-47", 0.1), None),
        (line("A", 0.99), None),
        (line("+-~", 0.99), None),
        (line("WeE", 0.99, box=(0, 0, 400, 300)), None),
        (line("WeE", 0.5, box=(0, 0, 300, 200)), None),
    ],
)
def test_a_line_is_text_if_two_letters_are_read_and_the_model_is_sure(one: Line, kind: str | None) -> None:
    assert kind_of(one, AREA) == kind


def test_a_picture_of_one_colour_or_a_few_pixels_is_not_even_looked_at() -> None:
    reader = Reader()  # no model is loaded until a picture is worth it
    assert look(np.full((300, 300, 3), 255, np.uint8), reader) == []
    assert look(np.zeros((8, 300, 3), np.uint8), reader) == []
    assert "_detect" not in vars(reader)


def test_marks_that_hang_together_are_one_line_grown_to_its_letters() -> None:
    marks = np.zeros((100, 200), np.float32)
    marks[40:50, 30:130] = 0.9
    marks[80:81, 10:12] = 0.9  # a speck
    ((corners, sure),) = _rectangles(marks)
    assert sure > 0.8
    assert corners[:, 0].min() < 28
    assert corners[:, 1].max() > 52


def test_a_standing_line_is_laid_down() -> None:
    picture = np.zeros((120, 60, 3), np.uint8)
    picture[10:110, 20:40] = 255
    corners = np.array([[20, 10], [40, 10], [40, 110], [20, 110]], np.float32)
    lying = upright(picture, corners)
    assert lying.shape[:2] == (20, 100)
    assert lying.mean() > 250


def test_no_repr_says_what_was_read() -> None:
    one = line("Quillfeather", 0.99)
    assert "Quill" not in f"{one} {one!r} {Seen('text', one.box, 1.0, one.text)!r} {[one]}"
