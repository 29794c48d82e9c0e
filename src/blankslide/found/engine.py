"""Looking at one picture: lines that can be read, writing that cannot, and codes.

A line counts as text if at least two letters or digits are read and the model is sure of them; patches of tissue, which
the first model takes for lines now and then, read as single signs or as nothing, or fill the whole picture. What is
marked as a line and read badly is told as ink: no value, but somebody's writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.found.barcodes import Box, Code, codes

if TYPE_CHECKING:
    from blankslide.found.text import Line, Reader
    from blankslide.model.found import FoundKind

READ, BARELY, MARKED = 0.8, 0.3, 0.6
"""How sure a line is read that counts as text; how sure one is read and marked that counts as ink."""
_WHOLE, _MUCH = 0.6, 0.3
LEAST = 24


class Seen(NamedTuple):
    """One thing in a picture, and what it says: that stays in this process."""

    kind: FoundKind
    box: Box
    confidence: float
    text: str = ""

    def __repr__(self) -> str:
        return f"<Seen {self.kind}>"


def look(pixels: Any, reader: Reader, printed: bool = False) -> list[Seen]:
    """Look at a picture.

    Parameters
    ----------
    pixels
        Rows, columns and red, green, blue; 8 bits each.
    printed
        It is a label, and no tissue.

    Returns
    -------
    list
        What was seen, from top to bottom.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < LEAST or int(pixels.max()) - int(pixels.min()) < 8:
        return []
    found: list[Seen] = []
    for line in reader.lines(pixels):
        kind = kind_of(line, height * width)
        if kind is not None:
            found.append(Seen(kind, line.box, min(line.read, 1.0), line.text))
    barcodes = codes(pixels, [each.box for each in found if each.kind == "text"], printed)
    found = [each for each in found if each.kind == "text" or not _in_code(each, barcodes)]
    found += [
        Seen("unread barcode" if code.text is None else "barcode", code.box, code.confidence, code.text or "")
        for code in barcodes
    ]
    return sorted(found, key=lambda each: (each.box[1], each.box[0]))


def kind_of(line: Line, area: int) -> FoundKind | None:
    """Say what a line is: text, ink, or nothing that anybody wrote.

    Parameters
    ----------
    area
        Pixels of the whole picture.
    """
    if sum(letter.isalnum() for letter in line.text) < 2:
        return None
    left, top, right, bottom = line.box
    part = (right - left) * (bottom - top) / area
    if line.read >= READ and part < _WHOLE:
        return "text"
    return "ink" if line.read >= BARELY and line.marked >= MARKED and part < _MUCH else None


def _in_code(seen: Seen, barcodes: Sequence[Code]) -> bool:
    """Whether badly read writing is only the bars of a code."""
    x, y = (seen.box[0] + seen.box[2]) / 2, (seen.box[1] + seen.box[3]) / 2
    return any(code.box[0] <= x <= code.box[2] and code.box[1] <= y <= code.box[3] for code in barcodes)
