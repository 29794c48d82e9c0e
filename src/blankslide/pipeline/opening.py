"""Opening a slide's files and inspecting them: the first steps of every look and every edit.

Ids that were replaced and pictures that were blanked by an earlier run are left out of the findings, so a second run
has nothing to do. Whoever opens for reading only writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import NotASlide, SlideError
from blankslide.formatkit.protocol import Probe
from blankslide.formats import detect, format_named
from blankslide.model import MASKED_BEFORE, OTHER_KEY, Blank, Finding, Inspection, OwnPicture, Part, PhiClass
from blankslide.policy.pseudonyms import is_foreign, is_ours

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Format
    from blankslide.model import Edit
    from blankslide.source import ByteSource, SlideFiles
    from blankslide.storage.slide_files import SlideFilesOnDisk


@contextmanager
def opened(path: str | Path, write: bool = False) -> Iterator[SlideFilesOnDisk]:
    """Open a slide's files, by its main file, for the length of a ``with`` block."""
    from blankslide.storage.slide_files import open_slide

    with open_slide(Path(path), write=write) as slide:
        yield slide


def inspected(slide: SlideFilesOnDisk, key: bytes | None, thorough: bool = False) -> Inspection:
    """Detect and inspect an open slide; ids and pictures that are ours already are no findings."""
    probe = Probe(slide, thorough, slide.views()[0])
    accepted = detect(probe)
    inspection = examined(probe, accepted, slide.files, key)
    if accepted.has_companions:
        from blankslide.pipeline.companions import companions

        found = companions(slide, key)
        inspection.beside, inspection.torn, inspection.left = found.names, len(found.torn), found.left()
    return inspection


def examined(probe: Probe, accepted: Format, files: Sequence[ByteSource], key: bytes | None) -> Inspection:
    """Inspect a slide by the format that has accepted it; ids and pictures that are ours already are no findings.

    Parameters
    ----------
    files
        The slide's files in the order of their numbers; those that are opened on the way are added.

    Raises
    ------
    SlideError
        If the slide is damaged or contradicts itself.
    """
    inspection = _with_ends(accepted.inspect(probe), accepted)
    probe.forget()
    return _without_ours(inspection, files, key)


def inspected_as(
    name: str, slide: SlideFiles, files: Sequence[ByteSource], key: bytes | None, thorough: bool = False
) -> Inspection:
    """Inspect files that were detected before and are looked at again as a plan would leave them.

    Parameters
    ----------
    name
        The format's registry name.
    files
        The slide's files in the order of their numbers; those that are opened on the way are added.
    thorough
        Look into every tile for text.

    Raises
    ------
    SlideError
        If the slide would be damaged or contradict itself.
    """
    return examined(Probe(slide, thorough), format_named(name), files, key)


def _with_ends(inspection: Inspection, accepted: Format) -> Inspection:
    """Say of the macros of some formats that their label is at the other end."""
    for finding in inspection.findings if accepted.label_last else ():
        finding.rooms = tuple(room._replace(last=room.role != "label") for room in finding.rooms)
    return inspection


def _without_ours(inspection: Inspection, files: Sequence[ByteSource], key: bytes | None) -> Inspection:
    """Take ids that we have replaced and pictures that we have drawn out of the findings."""
    ours = [f for f in inspection.findings if f.cls is PhiClass.LINK and _is_ours(f, key)]
    ours += [f for f in inspection.findings if f.cls is PhiClass.IMAGE and _is_blank(f, files)]
    inspection.drawn = tuple(OwnPicture(room) for f in ours for room in f.rooms)
    labelled: list[Finding] = []
    for finding in inspection.findings:
        labels = _labels(finding, files) if finding.rooms and finding not in ours else ()
        inspection.drawn += labels
        labelled += [finding] if labels else []
    if any(drawn.mask for drawn in inspection.drawn):
        inspection.notes += (MASKED_BEFORE,)
    if any(_is_foreign(f, key) for f in ours):
        inspection.notes += (OTHER_KEY,)
    if ours or labelled:
        inspection.labelled = tuple(labelled)
        inspection.kept += tuple(p for f in ours for p in f.places)
        inspection.findings = tuple(f for f in inspection.findings if f not in ours and f not in labelled)
    return inspection


def _is_ours(finding: Finding, key: bytes | None) -> bool:
    return finding.value is not None and all(is_ours(v.reveal(), key) for v in (finding.value, *finding.values))


def _is_foreign(finding: Finding, key: bytes | None) -> bool:
    values = () if finding.value is None else (finding.value, *finding.values)
    return finding.cls is PhiClass.LINK and any(is_foreign(v.reveal(), key) for v in values)


def _labels(finding: Finding, files: Sequence[ByteSource]) -> tuple[OwnPicture, ...]:
    """Return the pictures that an earlier run has drawn, if one is a label and all of the finding is drawn."""
    from blankslide.blanks.marks import may_bear

    has_macro = any(room.role == "macro" for room in finding.rooms)
    if not any(may_bear(room, files[room.blank.file], has_macro) for room in finding.rooms):
        return ()  # as nearly always: what knows labels and masks is not even loaded
    from blankslide.blanks.label import written
    from blankslide.policy.labels import is_telling

    masked = _masked(finding, files) if has_macro else ()
    if masked:
        return masked
    found = [(room, written(room, files[room.blank.file])) for room in finding.rooms]
    if any(label is not None and is_telling(label.text) for _, label in found):
        return ()  # nobody has asked us for such a text
    drawn = {edit for room, label in found if label is not None for edit in (*room.instead, *room.also)}
    others = [edit for edit in finding.edits if edit not in drawn]
    if not drawn or not all(isinstance(edit, Blank) and _is_drawn(edit, files) for edit in others):
        return ()
    return tuple(OwnPicture(r) if w is None else OwnPicture(r, w.text, w.spans) for r, w in found)


def _masked(finding: Finding, files: Sequence[ByteSource]) -> tuple[OwnPicture, ...]:
    """Return the pictures of a macro that an earlier run has masked, if all of the finding is masked or blank."""
    from blankslide.blanks.mask import written

    found = [(room, written(room, files[room.blank.file])) for room in finding.rooms]
    own = [OwnPicture(room, None, mask.spans, mask.box, finding) for room, mask in found if mask is not None]
    done = {edit for picture in own for edit in (*picture.room.instead, *picture.room.also)}
    if not own or any(edit not in done and not _is_blank_edit(edit, files) for edit in finding.edits):
        return ()
    return (*own, *(OwnPicture(room) for room, mask in found if mask is None))


def _is_blank_edit(edit: Edit, files: Sequence[ByteSource]) -> bool:
    return isinstance(edit, Blank) and _is_drawn(edit, files)


def _is_drawn(blank: Blank, files: Sequence[ByteSource]) -> bool:
    from blankslide.blanks.draw import is_drawn

    return is_drawn(blank, files[blank.file])


def _is_blank(finding: Finding, files: Sequence[ByteSource]) -> bool:
    """Whether a picture that stays linked shows already what we would draw."""
    blanks = [e for e in finding.edits if isinstance(e, Blank)]
    if not blanks or not all(isinstance(e, Blank | Part) for e in finding.edits):
        return False
    return all(_is_drawn(blank, files) for blank in blanks)


def member_paths(main: str | Path) -> tuple[str, ...] | None:
    """Return the resolved paths of all files of a slide, by its main file; None if that is no slide's.

    The main file comes first. A damaged slide counts too, and so does one that waits to be recovered.
    """
    from blankslide.storage.journal_names import find

    try:
        with opened(main) as slide:
            probe = Probe(slide)
            accepted = detect(probe)
            if not accepted.one_file:
                with suppress(SlideError):
                    accepted.inspect(probe)  # opens the set's other files
            return tuple(f.path for f in slide.files)
    except NotASlide:
        return None if find(main) is None else (os.path.realpath(main),)
    except SlideError:
        return (os.path.realpath(main),)
