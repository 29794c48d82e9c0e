"""Writes a DICOM header anew in exactly its old length.

Strategy: what goes makes room for what must be added (Patient Identity Removed, method, codes, new
UIDs). If there is too little room, more and more is given up, step by step: explicit lengths,
shorter dummies, less marking, and at last the basic offset table, which readers can do without
(proof A4 of the project). Room that is left over is filled where the standard allows it: with
spaces in the method, else with private information in the file meta group. All this depends on the
header alone, so composing it again gives the same bytes.

The header of a LABEL or OVERVIEW may also grow into the coded picture behind it, because that is
blanked. For a copy, `HeaderRewrite.compose` can write a header of any length (``room`` None).

Promise: one write for the header; nothing before or behind it moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from blankslide.containers.dicom import write as W
from blankslide.containers.dicom.header import PREAMBLE, Header
from blankslide.errors import NotEditable
from blankslide.formatkit.replacements import is_standard, mapped_uid, token
from blankslide.formats.dicom import colour_profile
from blankslide.formats.dicom.legal_values import MOST_VALUES
from blankslide.formats.dicom.rules import (
    KEPT_APART,
    METHODS,
    OWN_DUMMIES,
    SHORT_DUMMIES,
    Entry,
    Reading,
    dummy,
)
from blankslide.formats.dicom.terms import as_term
from blankslide.model import Action, PhiClass, Write

START = PREAMBLE + 4
PICTURE_TEXT, TIFF_HALF = "jpeg.picture-text", "dicom.tiff-half"
_REMOVED, _METHOD, _CODES, _DATES = 0x00120062, 0x00120063, 0x00120064, 0x00280303
_BURNED_IN = 0x00280301
_VERSION_NAME, _POSITION = 0x00020013, 0x00201040
_MOMENTS = frozenset(("DA", "DT", "TM"))


class Names(NamedTuple):
    """The functions that replace UIDs, and names that keep things apart (with their least length)."""

    uid: Callable[[str], str]
    name: Callable[[str, int], str]

    @classmethod
    def under(cls, key: bytes | None) -> Names:
        """Return the functions for a key; results are kept, because frames repeat the same few names."""
        return cls(cache(lambda old: mapped_uid(old, key)), cache(lambda old, least: token(old, key, least)))


class Compromise(NamedTuple):
    """One step of giving up more to save room."""

    firm: bool = False
    short: bool = False
    codes: bool = True
    dates: bool = True
    method: int = 0
    bare_table: bool = False


class _Drafts:
    """What steps of one composition have in common: only being short changes values, and only being firm their form.

    A header can have half a million items, and there are many steps.
    """

    def __init__(self) -> None:
        self.changes: dict[bool, dict[int, bytes | None]] = {}
        self.written: dict[tuple[bool, bool], list[tuple[int, bytes]]] = {}


def _ladder(has_table: bool) -> Iterator[Compromise]:
    yield Compromise()
    yield Compromise(method=1)
    yield Compromise(True, method=1)
    yield Compromise(True, True, method=1)
    yield Compromise(True, True, codes=False, method=1)
    yield Compromise(True, True, codes=False, dates=False, method=1)
    yield Compromise(True, True, codes=False, dates=False, method=2)
    if has_table:
        yield Compromise(True, True, method=1, bare_table=True)
        yield Compromise(True, True, codes=False, dates=False, method=2, bare_table=True)


class FollowingBytes(NamedTuple):
    """The bytes behind a header that it may take, if it needs more room.

    Attributes
    ----------
    lead
        Bytes from the header's end to the length field of the offset table's item, without that field.
    gained
        Number of bytes that emptying the offset table saves; it may be emptied if ``single`` is true.
    single
        Returns whether each frame is one fragment.
    front
        Bytes from the header's end to the first fragment of a picture; empty if the picture cannot shrink.
    frames
        Start and end of each fragment of a picture, by frame.
    """

    lead: bytes = b""
    gained: int = 0
    single: Callable[[], bool] = bool
    front: bytes = b""
    frames: tuple[tuple[tuple[int, int], ...], ...] = ()


class HeaderRewrite:
    """Composes the header of one file; the `Rewrite` of a DICOM slide.

    Parameters
    ----------
    file
        Index of the file in the slide.
    reading
        What its elements say.
    behind
        The bytes behind the header that it may take.
    picture
        Id of the finding of this file's picture; empty for a level.
    weak
        Whether that picture identifies only with much context.
    rank
        When it is written (`Rank`): the main file's header last, because readers find the others by it.
    """

    def __init__(
        self, file: int, header: Header, reading: Reading, behind: FollowingBytes, picture: str, weak: bool, rank: int
    ) -> None:
        self.file, self.header, self.reading, self.behind = file, header, reading, behind
        self.picture, self.weak, self.rank = picture, weak, rank
        self.refusal: NotEditable | None = None
        self.half = False  # whether the file is a TIFF, too
        self.texts: list[tuple[int, int]] = []
        self.room = header.end - START
        self.taken = self._takes() if behind.front else 0

    def __repr__(self) -> str:
        return f"<HeaderRewrite of file {self.file}>"

    def _takes(self) -> int:
        """How many bytes the picture must give for the full marking and the longest UIDs; 0 if none, or too many."""
        needed = self._full() - self.room
        first = self.behind.frames[0][0]
        return needed if 0 < needed <= (first[1] - first[0]) // 2 else 0

    def _full(self) -> int:
        """Length of the header with the full marking and the longest UIDs."""
        gone = {e.id for e in self.reading.entries} | {self.picture}
        return len(self._header(gone, Names(_longest, _unkeyed), Compromise(method=1), 0, _Drafts()))

    # -- the planner's questions ---------------------------------------------------------

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Return the header, as long as it was."""
        gone = self._gone(parts)
        if self.taken and self.picture in gone:
            data = self.compose(gone, key, self.room + self.taken) + self._front()
        else:
            data = self.compose(gone, key, self.room)
        return [Write(self.file, START, data, None, self.rank), *self._joined(gone)]

    def grown(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Return the header in the length that it needs, for a copy."""
        gone = self._gone(parts)
        if self.taken and self.picture in gone:
            return self.writes(parts, key)
        # make room now: a later run could not take it from the picture, which is drawn over by then
        drawn = self.behind.front and self.picture not in gone
        data = self.compose(gone, key, max(self.room, self._full()) if drawn else None)
        return [Write(self.file, START, data, self.room, self.rank), *self._joined(gone)]

    def _gone(self, parts: Sequence[tuple[str, Action]]) -> set[str]:
        if self.refusal is not None:
            raise self.refusal
        gone = {what for what, _ in parts}
        if self.half and TIFF_HALF not in gone:
            raise NotEditable(
                "a file is a TIFF and a DICOM file at the same time, and only one half would be cleaned",
                f'to give its TIFF half up, remove "{TIFF_HALF}" (a line of a profile), or make a plain DICOM file of '
                "it first: fill its first 128 bytes with zeros",
            )
        return gone

    def _joined(self, gone: set[str]) -> list[Write]:
        """Join the fragments of each frame of a picture that goes; if the picture stays, blank its texts."""
        if self.picture not in gone:
            spoken = self.texts if PICTURE_TEXT in gone else ()
            return [Write(self.file, start, bytes(end - start)) for start, end in spoken]
        several = [f for f in self.behind.frames if len(f) > 1]
        if self.taken and several:
            several = several[1:] if several[0] is self.behind.frames[0] else several
        return [Write(self.file, f[0][0] - 4, (f[-1][1] - f[0][0]).to_bytes(4, "little")) for f in several]

    def _front(self) -> bytes:
        """Return the bytes between header and picture for their new place, with a shorter first fragment."""
        frame = self.behind.frames[0]
        return self.behind.front[:-4] + (frame[-1][1] - frame[0][0] - self.taken).to_bytes(4, "little")

    # -- composing -----------------------------------------------------------------------

    def compose(self, gone: set[str], key: bytes | None, room: int | None) -> bytes:
        """Write file meta group and data set without the elements that go.

        Parameters
        ----------
        gone
            Ids of the findings that go.
        key
            The site's key for new UIDs, or None.
        room
            The length that it must have, or None for the length that it needs.

        Raises
        ------
        NotEditable
            If there is no room for even the smallest marking.
        """
        names, drafts = Names.under(key), _Drafts()
        if room is None:
            return self._header(gone, names, Compromise(), 0, drafts)
        for rung in _ladder(self.behind.gained > 0):
            have = room + (self.behind.gained if rung.bare_table else 0)
            slack = have - len(self._header(gone, names, rung, 0, drafts))
            if slack < 0 or slack % 2 or (rung.bare_table and not self.behind.single()):
                continue
            data = self._header(gone, names, rung, slack, drafts)
            return data + self.behind.lead + bytes(4) if rung.bare_table else data
        raise NotEditable(
            "the header has no room to say that the patient was removed", "make a clean copy with --out DIR"
        )

    def _header(self, gone: set[str], names: Names, rung: Compromise, slack: int, drafts: _Drafts) -> bytes:
        """Compose for one step, with ``slack`` bytes of filler."""
        changes = drafts.changes.get(rung.short)
        if changes is None:
            changes = drafts.changes[rung.short] = self._changes(gone, names, rung)
        method = METHODS[rung.method].encode()
        filler: dict[int, tuple[str, bytes]] = {}
        if slack >= W.SMALLEST_FILLER:
            filler = W.meta_filler(slack)
        elif slack:
            method = W.stretched(W.padded("LO", method), slack)
        added = self._marks(gone, names.uid, rung, method)
        added |= self._truth(gone)
        old = drafts.written.get((rung.short, rung.firm))
        if old is None:
            old = W.written(self.header.data, self.header.elements, changes, rung.firm)
            drafts.written[rung.short, rung.firm] = old
        return self._meta(changes, filler) + W.put_together(old, added, self.header.implicit)

    def _meta(self, changes: W.Changes, filler: dict[int, tuple[str, bytes]]) -> bytes:
        stays = [e for e in self.header.meta if e.tag not in (0x00020000, 0x00020100, 0x00020102)]
        body = W.rebuild(self.header.data, stays, changes, filler, False)
        return W.group_length(body) + body

    def _marks(
        self, gone: set[str], mapped: Callable[[str], str], rung: Compromise, method: bytes
    ) -> dict[int, tuple[str, bytes]]:
        """Return the marks that say what was done, and no more than that."""
        left = [e for e in self.reading.entries if e.id not in gone and not self._is_done(e, mapped)]
        picture = bool(self.picture) and self.picture not in gone and not self.weak and not self._was_marked()
        direct = not picture and all(e.cls is not PhiClass.DIRECT for e in left)
        strong = direct and all(e.weak for e in left)
        dates = all(e.element.vr not in _MOMENTS for e in left)
        out = {_REMOVED: ("CS", b"YES" if direct else b"NO"), _METHOD: ("LO", method)}
        if rung.dates and dates:
            out[_DATES] = ("CS", b"REMOVED")
        if rung.codes and strong:
            codes = W.code("113100", "DCM", "Basic Application Confidentiality Profile", self.header.implicit)
            if self.picture in gone:
                codes += W.code("113101", "DCM", "Clean Pixel Data Option", self.header.implicit)
            if self.reading.cleaned:
                codes += W.code("113104", "DCM", "Clean Structured Content Option", self.header.implicit)
            out[_CODES] = ("SQ", codes)
        return out

    def _is_done(self, entry: Entry, mapped: Callable[[str], str]) -> bool:
        """Whether all UIDs of an entry have been mapped with this key already."""
        return entry.effect == "U" and all(mapped(v) == v for v in entry.values)

    def _was_marked(self) -> bool:
        """Whether the marks of an earlier run say that the patient is gone, also from the picture."""
        method = self.header.text(_METHOD).partition("\\")[0].strip()
        return method in METHODS and self.header.text(_REMOVED) == "YES"

    def _truth(self, gone: set[str]) -> dict[int, tuple[str, bytes]]:
        """Say that a blanked picture shows no text; Specimen Label in Image stays, because its type demands it."""
        if self.picture not in gone:
            return {}
        return {_BURNED_IN: ("CS", b"NO")}

    def _changes(self, gone: set[str], names: Names, rung: Compromise) -> dict[int, bytes | None]:
        changes: dict[int, bytes | None] = {element.at: None for element in self.reading.empties}
        apart: dict[bytes | None, bytes] = {}
        for entry in self.reading.entries:
            if entry.id in gone:
                new = changes[entry.element.at] = self._new(entry, names, rung)
                old = self.header.value(entry.element).strip(b"\0 ") if entry.effect == "N" else b""
                if old and apart.setdefault(new, old) != old:  # this happens with one of many thousand keys
                    raise NotEditable("two identifiers would become the same one", "use another --key")
        if rung.short:
            self._shortened(changes)
        for tag in (_CODES, _METHOD, _REMOVED, _DATES):
            for element in self.header.elements:
                if element.tag == tag:
                    changes[element.at] = None
        return changes

    def _new(self, entry: Entry, names: Names, rung: Compromise) -> bytes | None:
        """Return the new value of an element; None if the element goes."""
        element = entry.element
        if entry.effect == "U":
            old = self.header.value(element).decode("latin-1").split("\\")
            return "\\".join(names.uid(u.strip("\0 ")) if u.strip("\0 ") else "" for u in old).encode()
        if entry.effect == "N":
            name = self.header.value(element).decode("latin-1").strip("\0 ")
            return names.name(name, KEPT_APART[element.tag]).encode()
        if entry.effect == "W":
            words = self.header.value(element).decode("latin-1").rstrip("\0 ").split("\\")
            return "\\".join(as_term(element.tag, word) for word in words[:MOST_VALUES]).encode("latin-1")
        if entry.effect == "M":
            return dummy(element.vr) if rung.short else entry.new.encode()
        if entry.effect == "I":
            return colour_profile.quiet(self.header.value(element))
        if entry.effect == "J":
            return colour_profile.without_strange(self.header.value(element))
        if entry.effect == "D":
            short = SHORT_DUMMIES.get(element.vr) if rung.short else None
            return short or OWN_DUMMIES.get(element.tag) or dummy(element.vr)
        return b"" if entry.effect == "Z" else None

    def _shortened(self, changes: dict[int, bytes | None]) -> None:
        """Save room where nothing is lost: the writer's version, dummies of an earlier run."""
        for element in (*self.header.meta, *self.header.elements):
            if element.at in changes or element.items is not None:
                continue
            if element.tag == _VERSION_NAME:
                changes[element.at] = None
            elif element.tag == _POSITION:
                changes[element.at] = b""
            elif element.vr in SHORT_DUMMIES and self.header.value(element).strip() == dummy(element.vr):
                changes[element.at] = SHORT_DUMMIES[element.vr]


def _longest(old: str) -> str:
    """Return a text as long as the longest new UID that can replace this one."""
    if is_standard(old):
        return old
    return "9" * (44 if len(old) >= 43 else max(30, len(old)))


def _unkeyed(old: str, least: int) -> str:
    """Return a name as long as the new one, which is the same for all keys."""
    return token(old, None, least)
