"""What runs in the process that looks at a slide's pictures; imported by nobody else (`blankslide.found.asking`).

It opens the slide as any face does, hands each picture to `blankslide.found.engine`, and tells boxes. What was read is
held against the names and patterns that were asked for, and ends with this process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blankslide.found.engine import Seen
    from blankslide.model import Inspection

EDGE, PIECE, MOST_PIECES = 512, 1536, 12
"""Of the lowest level a rim of so many pixels is looked at, in pieces that are no longer than that, and so many."""
_PRINTED = ("label",)


def main(question: Mapping[str, Any]) -> None:
    """Look at a slide's pictures and tell, in one line, what is where."""
    from blankslide.verification.judges.apart import alone

    with alone() as tell:
        from blankslide.found.models import WrongModel

        try:
            tell(answered(question))
        except WrongModel as wrong:
            tell({"model": [wrong.file, wrong.what]})
        except _NotOpened:
            tell({"slide": "not opened"})


class _NotOpened(Exception):
    """The slide cannot be opened here."""


def answered(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a question, ready for the pipe.

    Raises
    ------
    WrongModel
        If a model file is not the one that it should be.
    """
    from blankslide.found.engine import look
    from blankslide.found.text import Reader

    reader = Reader()
    reader.load()  # first: a changed file is told even of a slide without pictures
    rows: list[tuple[Any, ...]] = []
    unseen: list[str] = []
    texts: list[str] = []
    for name, x, y, size, pixels in _pictures(Path(question["slide"]), question["pictures"]):
        if pixels is None:
            unseen.append(name)
            continue
        for seen in look(pixels, reader, name.partition(" ")[0] in _PRINTED):
            rows.append(_row(name, seen, x, y, size))
            texts += [seen.text] if seen.kind in ("text", "barcode") else []
    return {
        "found": rows,
        "unseen": sorted(set(unseen)),
        "rows": [*_named(texts, question["names"])],
        "parts": [*_parts(texts, question["patterns"]), *_common(texts)],
    }


def _row(name: str, seen: Seen, x: int, y: int, size: tuple[int, int]) -> tuple[Any, ...]:
    left, top, right, bottom = seen.box
    return name, seen.kind, x + left, y + top, right - left, bottom - top, round(float(seen.confidence), 3), size


# -- pictures -----------------------------------------------------------------------------------


def _pictures(slide: Path, wanted: Sequence[str] | None) -> Iterator[tuple[str, int, int, tuple[int, int], Any]]:
    """Yield name, place, size of the whole, and pixels of each picture that is wanted; None where it has none.

    Raises
    ------
    _NotOpened
        If the slide cannot be opened.
    """
    import numpy as np

    from blankslide.pipeline.opening import inspected, opened
    from blankslide.viewing.picture import in_order, open_pictures

    try:
        with opened(slide) as files:
            found = inspected(files, None)
        beside = open_pictures(slide, found)
    except Exception:  # a library raises what it likes, and its words may hold a value
        raise _NotOpened from None
    with beside:
        for role in in_order(beside.pictures):
            if wanted is None or role in wanted:
                picture = beside.pictures[role]
                size = (picture.shape[1], picture.shape[0])
                yield role, 0, 0, size, plain(np.asarray(picture[...])) if picture.decodes else None
    if wanted is None or "level" in wanted:
        yield from _edges(slide, found)


def _edges(slide: Path, found: Inspection) -> Iterator[tuple[str, int, int, tuple[int, int], Any]]:
    """Yield the rim of the lowest level, in pieces that overlap nowhere; all of a small level."""
    import numpy as np

    from blankslide.errors import BlankslideError
    from blankslide.viewing.readers import reader_of

    upward = sorted(enumerate(found.levels), key=lambda each: each[1].width * each[1].height)
    if not upward:
        return
    try:
        levels = reader_of(slide, found).levels(slide, found)
    except BlankslideError:
        yield f"level {upward[0][0]}", 0, 0, (upward[0][1].width, upward[0][1].height), None
        return
    try:
        for number, level in upward:
            lazy, name, size = levels.level(level), f"level {number}", (level.width, level.height)
            if lazy.decodes:  # a reader may lack the lowest one
                for x, y, width, height in rim(*size):
                    yield name, x, y, size, plain(np.asarray(lazy[y : y + height, x : x + width]))
                return
        yield name, 0, 0, size, None
    finally:
        levels.close()


def rim(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Return the pieces of a level's rim: left and upper edge, width and height.

    Of a level that is too long for so many pieces, those that lie furthest apart.
    """
    if max(width, height) <= PIECE:
        return [(0, 0, width, height)]
    edge = min(EDGE, (width + 1) // 2, (height + 1) // 2)
    pieces = [(x, y, w, edge) for y in (0, height - edge) for x, w in _cut(0, width)]
    pieces += [(x, y, edge, h) for x in (0, width - edge) for y, h in _cut(edge, height - edge)]
    step = max(1, -(-len(pieces) // MOST_PIECES))
    return pieces[::step]


def _cut(start: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(start, end, PIECE):
        yield at, min(PIECE, end - at)


def plain(pixels: Any) -> Any:
    """Return rows, columns and red, green, blue of 8 bits, whatever the picture has."""
    import numpy as np

    if pixels.dtype != np.uint8:
        low, high = float(pixels.min()), float(pixels.max())
        pixels = ((pixels - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[2] in (1, 2):
        pixels = np.repeat(pixels[..., :1], 3, axis=2)
    return np.ascontiguousarray(pixels[..., :3])


# -- proposals ----------------------------------------------------------------------------------


def _named(texts: Iterable[str], names: Sequence[str]) -> Iterator[int]:
    """Yield the numbers of names that were read, whole, whatever spaces and capitals they have."""
    read = {_bare(text) for text in texts}
    for number, name in enumerate(names):
        if len(_bare(name)) > 2 and _bare(name) in read:
            yield number


def _bare(text: str) -> str:
    return "".join(text.split()).casefold()


def _parts(texts: Iterable[str], patterns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the parts of lines and codes that a pattern fits, each once."""
    told: list[dict[str, str]] = []
    for text in texts:
        for pattern in patterns:
            fits = re.compile(pattern).fullmatch(text.strip()[:100])
            parts = {key: value for key, value in fits.groupdict().items() if value} if fits else {}
            if parts and parts not in told:
                told.append(parts)
                yield parts


_BLOCK = re.compile(r"(?:(?:block|blk)\W{0,3})?([A-Z]\d{1,2}|\d{1,2}[A-Z])", re.IGNORECASE)


def _common(texts: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield what stands on a line of its own and is a stain, or looks like the number of a block."""
    from blankslide.formatkit.markers import is_marker

    for text in dict.fromkeys(each.strip() for each in texts):
        block = _BLOCK.fullmatch(text)
        if block:
            yield {"block": block[1]}
        elif is_marker(text):
            yield {"stain": text}
