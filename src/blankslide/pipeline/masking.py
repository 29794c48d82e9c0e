"""The mask of one slide's macro: its place is found before anything is planned, and what is left of it is judged.

A rectangle that a person gives is taken as it is. ``auto`` proposes the end of the glass where the format has its
label, and is refused unless pixels confirm it: the rest shows the slide, and nothing else that could be read. The same
is asked of every macro that is masked, whoever gave the rectangle and whenever it was: without that proof the slide
does not end clean.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import NotEditable, UsageError
from blankslide.model import MASKED_BEFORE, Action
from blankslide.model.changed import changed
from blankslide.policy.masks import NewMask, parse

if TYPE_CHECKING:
    from blankslide.model import Inspection, Room
    from blankslide.pipeline.options import Options
    from blankslide.source import ByteSource
    from blankslide.storage.slide_files import SlideFilesOnDisk
    from blankslide.verification.masked import Coded

__all__ = ["ask_for", "coded", "masks_left", "with_mask"]

#: Formats in whose standing macros the label is at the lower end; all others have it at the left or at the upper end.
_LAST = frozenset(("leica", "mirax"))
_NOTHING = NewMask((0, 0, 1, 1), 1, 1)


def ask_for(options: Options, mask: str) -> None:
    """Take a mask into the options; what is wrong with it is said before any slide is opened.

    Raises
    ------
    UsageError
        If it is no mask, or the macro is to be kept whole as well.
    """
    parse(mask)
    if any(fnmatchcase("picture.macro", glob) and action is Action.KEEP for glob, action in options.resolved().ids):
        raise UsageError("the macro is to be kept whole and to be masked", "leave one of the two out")
    options.mask = mask


def with_mask(options: Options, slide: SlideFilesOnDisk, inspection: Inspection) -> Options:
    """Return the options for one slide, with the mask of its macro; as they are where none is asked for.

    A macro that was masked before stays if a person names the rectangle, or if all that is left of it is proven. Else
    it becomes a finding again, for anybody can write our mark.

    Raises
    ------
    UsageError
        If the rectangle is not in the macro.
    NotEditable
        If ``auto`` is asked for, and pixels do not confirm what it proposes.
    """
    asked = None if options.mask is None else parse(options.mask)
    if asked is None:
        _settle(slide, inspection)
    if options.mask is None:
        return options
    rooms = [room for f in inspection.findings if f.id == "picture.macro" for room in f.rooms]
    own = [drawn.room for drawn in inspection.drawn if drawn.mask is not None]
    if asked is None and own and not rooms:
        return options  # whatever an earlier run has masked is judged like all of them
    if not (rooms or own):
        return changed(options, new_mask=_NOTHING)  # the plan says whether there is nothing, or nothing that can be
    largest = max((*rooms, *own), key=lambda room: room.width * room.height)
    box = asked or _proposed(largest, slide, inspection)
    if box[2] > largest.width or box[3] > largest.height:
        raise UsageError(
            f"the mask reaches beyond the macro, which has {largest.width} × {largest.height} pixels",
            "give X,Y,W,H inside of it",
        )
    return changed(options, new_mask=NewMask(box, largest.width, largest.height))


def _settle(slide: SlideFilesOnDisk, inspection: Inspection) -> None:
    """Make a finding again of a macro that was masked before, and of which what is left is not proven."""
    if not masks_left(inspection, slide.views(), Path(slide.path)):
        return
    again = dict.fromkeys(drawn.finding for drawn in inspection.drawn if drawn.finding is not None)
    rooms = [room for finding in again for room in finding.rooms]
    inspection.findings += tuple(again)
    inspection.drawn = tuple(drawn for drawn in inspection.drawn if drawn.room not in rooms)
    inspection.notes = tuple(note for note in inspection.notes if note != MASKED_BEFORE)


def _proposed(room: Room, slide: SlideFilesOnDisk, inspection: Inspection) -> tuple[int, int, int, int]:
    from blankslide.verification.masked import decoded, label_end
    from blankslide.verification.small import slide_grey

    pixels = decoded(coded(room, slide.views()))
    first = not (inspection.format in _LAST and room.height > room.width)
    box = None if pixels is None else label_end(pixels, slide_grey(Path(slide.path)), first)
    if box is None:
        raise NotEditable(
            f"pixels do not confirm where the label end of the macro is ({room.width} × {room.height} pixels)",
            "give it as X,Y,W,H, or leave --mask-macro out",
        )
    return box


def masks_left(inspection: Inspection, sources: Sequence[ByteSource], path: Path) -> list[str]:
    """Say what speaks against the masked macros of a slide.

    Parameters
    ----------
    sources
        Its files as they are, or as they would be.
    path
        The main file, for a reader that shows its tissue: that is the same before and after.
    """
    from blankslide.verification.masked import decoded, unproven
    from blankslide.verification.small import slide_grey

    masked = [drawn for drawn in inspection.drawn if drawn.mask is not None]
    slide = slide_grey(path) if masked else None
    out: dict[str, None] = {}
    for drawn in masked:
        pixels = decoded(coded(drawn.room, sources))
        if pixels is None or drawn.mask is None:
            out["a masked macro that nobody can decode"] = None
            continue
        problem = unproven(pixels, drawn.mask, slide)
        if problem:
            out[problem] = None
    return list(out)


def coded(room: Room, sources: Sequence[ByteSource]) -> Coded:
    """Return the bytes of a picture, and how they are coded."""
    from blankslide.source import MemorySource
    from blankslide.verification.masked import Coded, Strip

    source = sources[room.blank.file] if room.held is None else MemorySource(room.held.data)
    coding, slots = room.blank.coding, [s for s in room.blank.slots if s.end > s.start]
    across, down = slots[0].width, slots[0].height
    columns, rows = -(-room.width // across), -(-room.height // down)
    strips = [
        Strip(
            source.read(slot.start, slot.end - slot.start),
            number % columns * across,
            number // columns % rows * down,
            slot.width,
            slot.height,
        )
        for number, slot in enumerate(slots)
    ]
    tables = b"" if coding.tables is None else source.read(coding.tables[0], coding.tables[1] - coding.tables[0])
    return Coded(
        room.width,
        room.height,
        coding.compression,
        coding.photometric,
        coding.bits,
        coding.samples,
        coding.predictor,
        tables,
        strips,
    )
