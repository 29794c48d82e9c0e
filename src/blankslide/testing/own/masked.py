"""Masked macros, format by format: what readers show, what is left of the old bytes, a second run, and runs that die.

Each slide is a sample whose macro shows the slide itself, as a camera sees it. Its macro is masked with ``auto``. Then
OpenSlide, where it knows the format, and a decoding of the picture's own bytes must show one colour inside the mask and
the very pixels of before outside of it, but for the pixel around it that decoders of subsampled JPEG smooth.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest import SkipTest

from blankslide.testing.bench import contents
from blankslide.testing.own.tally import Tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.model import Room
    from blankslide.source import ByteSource

    Pixels = NDArray[np.uint8]

__all__ = ["NAMES", "Seen", "build", "masks", "seen"]

NAMES = (
    *("aperio-classic.svs", "aperio-gt450.svs", "hamamatsu-nanozoomer.ndpi", "mirax.mrxs"),
    *("leica-scn400.scn", "leica-versa.scn", "ventana-dp200.bif", "ventana-iscan.bif"),
    *("philips-pages.tiff", "philips-base64.tiff", "philips-both.tiff", "philips-isyntax.isyntax"),
    *("dicom-wsi.dcm", "dicom-native.dcm", "zeiss-raw.czi", "zeiss-axioscan.czi", "sakura.svslide"),
    *("argos.avs", "huron.tif", "trestle.tif", "hamamatsu-vms.vms", "qptiff-brightfield.qptiff"),
)
_CALLS = ("pwrite64", "fsync", "unlink")
_WINDOW, _STEP = 12, 5


class Seen(NamedTuple):
    """One picture of a macro, by one reader."""

    reader: str
    pixels: Pixels


def build(path: Path) -> None:
    """Write a sample whose macro shows the slide."""
    from blankslide.samples import builders
    from blankslide.samples.kit.drawing import one_tissue

    with one_tissue():
        builders()[path.name](path)


def rooms_of(path: Path) -> list[tuple[Room, ByteSource]]:
    """Return the pictures of a slide's macro, with the files that they are in, read into memory."""
    from blankslide.pipeline.opening import inspected, opened
    from blankslide.source import MemorySource

    with opened(path) as slide:
        inspection = inspected(slide, None)
        rooms = [room for f in inspection.findings if f.id == "picture.macro" for room in f.rooms]
        rooms += [drawn.room for drawn in inspection.drawn if drawn.mask]
        return [(room, MemorySource(slide.files[room.blank.file].read(0, slide.files[room.blank.file].size)))
                for room in rooms]  # fmt: skip


def seen(path: Path) -> list[Seen]:
    """Let readers show the macro of a slide: OpenSlide, and whoever decodes its own bytes."""
    import numpy as np

    from blankslide.pipeline.masking import coded
    from blankslide.verification.masked import decoded

    out = []
    try:
        from openslide import OpenSlide

        with OpenSlide(path) as slide:
            if "macro" in slide.associated_images:
                out.append(Seen("OpenSlide", np.asarray(slide.associated_images["macro"].convert("RGB"))))
    except Exception:  # noqa: S110 it does not know every format
        pass
    for room, source in rooms_of(path):
        pixels = decoded(coded(room, [source] * (room.blank.file + 1)))
        if pixels is not None:
            out.append(Seen(f"{room.width} × {room.height}", pixels))
    return out


def faults(path: Path, mask: str) -> Iterator[str]:
    """Mask the macro of a slide, and say what is wrong afterwards."""
    import blankslide

    size, before, old = _sizes(path), seen(path), rooms_of(path)
    outcome = blankslide.anonymize(path, in_place=True, mask_macro=mask, ledger="none", link_table="none")
    if not outcome:
        yield f"ends {outcome.content}: {'; '.join(outcome.residue)}"
    if _sizes(path) != size:
        yield "a size has changed"
    yield from _pixels(path, before)
    yield from _left(path, old)
    once = contents(path.parent)
    again = blankslide.anonymize(path, in_place=True, mask_macro=mask, ledger="none", link_table="none")
    if again.writes or contents(path.parent) != once:
        yield "a second run writes"
    if not blankslide.verify(path, ledger="none"):
        yield "verify does not call it clean"


def _sizes(path: Path) -> dict[str, int]:
    return {name: len(data) for name, data in contents(path.parent).items()}


def _pixels(path: Path, before: Sequence[Seen]) -> Iterator[str]:
    """Hold what is shown now against what was shown before, and against the masks that the slide says it has."""
    from blankslide.pipeline.opening import inspected, opened
    from blankslide.verification.masked import is_blank

    with opened(path) as slide:
        boxes = {(d.room.width, d.room.height): d.mask for d in inspected(slide, None).drawn if d.mask}
    now = seen(path)
    if not boxes or [s.reader for s in now] != [s.reader for s in before]:
        yield "the macro is gone, or is shown by others"
        return
    for old, new in zip(before, now, strict=True):
        high, wide = new.pixels.shape[:2]
        left, top, right, bottom = box = boxes[wide, high]
        if not is_blank(new.pixels, box):
            yield f"{old.reader}: the mask is not blank"
        changed = (old.pixels != new.pixels).any(axis=2)
        changed[max(0, top - 33) : bottom + 33, max(0, left - 33) : right + 33] = False  # units, and a ring of one
        if changed.any():
            yield f"{old.reader}: {int(changed.sum())} pixels outside have changed"


def _left(path: Path, old: Sequence[tuple[Room, ByteSource]]) -> Iterator[str]:
    """Look for pieces of the coded label end in all files."""
    pieces = {piece for room, source in old if room.held is None for piece in _pieces(room, source)}
    after = contents(path.parent)
    if any(piece in data for data in after.values() for piece in pieces):
        yield "bytes of the label end are left"


def _pieces(room: Room, source: ByteSource) -> Iterator[bytes]:
    """Yield pieces of the coded data at the label's end of each strip: of lying macros where it begins."""
    lying = room.width >= room.height
    for slot in room.blank.slots[:64] if lying else ():
        data = source.read(slot.start, slot.end - slot.start)
        scan = data.find(b"\xff\xda") + 14 if data[:2] == b"\xff\xd8" else 8
        for at in range(scan, scan + min(64, (len(data) - scan) // 8), _STEP):
            piece = data[at : at + _WINDOW]
            if len(set(piece)) > 8:  # what is of one colour looks alike everywhere
                yield piece


def deaths(folder: Path, name: str, original: Path, wanted: int) -> Iterator[str]:
    """Kill runs at every write and at some of the other calls; say where what is left is neither before nor after."""
    from blankslide.testing.own.killing import Mortal, spread

    def copied(path: Path) -> None:
        shutil.copytree(original, path.parent, dirs_exist_ok=True)

    mortal = Mortal(folder, name, copied, ("--mask-macro", "auto", "--ledger", "none"))
    for call in _CALLS:
        count = mortal.counts[call]
        for number in range(1, count + 1) if call == "pwrite64" else spread(count, wanted):
            try:
                mortal.killed(call, number)
            except AssertionError as error:
                yield f"killed at {call} {number}: {str(error)[:80]}"


def masks(words: Sequence[str]) -> list[Tally]:
    """Go through the formats, print a line for each, and return how many were wrong.

    Parameters
    ----------
    words
        Only samples whose name holds one of them; ``quick`` leaves out the deaths.
    """
    wrong, tried, quick = 0, 0, "quick" in words
    chosen = [word for word in words if word != "quick"]
    for name in NAMES:
        if chosen and not any(word in name for word in chosen):
            continue
        with tempfile.TemporaryDirectory(prefix="blankslide-mask-") as root:
            found = list(_one(Path(root).resolve(), name, 0 if quick else 3))
        print(f"{'WRONG' if found else 'masked':8}  {name:28}  {'; '.join(found)}", flush=True)
        wrong, tried = wrong + bool(found), tried + 1
    return [Tally("masked macros", tried, wrong)]


def _one(root: Path, name: str, deadly: int) -> Iterator[str]:
    from blankslide.errors import BlankslideError

    slide, original = root / "slide" / name, root / "own"
    slide.parent.mkdir()
    build(slide)
    shutil.copytree(slide.parent, original)
    try:
        yield from faults(slide, "auto")
    except BlankslideError as error:
        yield f"refused: {error.sentence()}"
        return
    shutil.rmtree(slide.parent)
    if deadly:
        mortal = root / "mortal"
        mortal.mkdir()
        try:
            yield from deaths(mortal, name, original, deadly)
        except SkipTest as reason:
            yield f"not killed: {reason}"
