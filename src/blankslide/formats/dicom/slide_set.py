"""The files of a DICOM slide: which belong together, what each holds, and who owns its bytes.

Strategy: the header of the named file tells the series. Of every other file in the folder only
the beginning is read, up to its series. Files of the series are then opened and read like the main
file. Each gets one `HeaderRewrite`; blank pictures are drawn frame by frame inside the fragments. A
DICOMDIR that lists these files is part of the slide too, and the last of its files.

Promise: other files are not kept open, not locked and not changed. There is one level for each
matrix size; the parts of a concatenation are one level.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.dicom import header as dicom_header
from blankslide.containers.dicom import pixels as dicom_pixels
from blankslide.containers.dicom.series import Memory
from blankslide.containers.streams import jp2k, jpeg
from blankslide.errors import DamagedSlide, NotEditable, SlideError
from blankslide.formatkit.findings import TOO_MANY, UNKNOWN, FindingCollector, places_in
from blankslide.formatkit.label_rooms import stream_rooms
from blankslide.formats.dicom import dicomdir, frames, roles
from blankslide.formats.dicom import ps315_table as table
from blankslide.formats.dicom.deflated_rewrite import TRAILER, DeflatedRewrite
from blankslide.formats.dicom.dicomdir import Directory
from blankslide.formats.dicom.header_rewrite import PICTURE_TEXT, TIFF_HALF, FollowingBytes, HeaderRewrite
from blankslide.formats.dicom.instance import Instance
from blankslide.formats.dicom.plain_rewrite import PlainRewrite, has_no_room
from blankslide.model import (
    AssociatedImage,
    Blank,
    Edit,
    Fill,
    Inspection,
    Level,
    Part,
    PhiClass,
    Place,
    Rank,
    Room,
    SlideFile,
    Write,
)
from blankslide.spans import ByteClass, ByteMap, subtract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.formatkit.protocol import Probe
    from blankslide.formats.dicom.rules import Entry
    from blankslide.source import SlideFiles

_META_CLASS, _STUDY, _SERIES, _INSTANCE = 0x00020002, 0x0020000D, 0x0020000E, 0x00080018
_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
_GLANCES = (1 << 12, 1 << 16, 1 << 20, 1 << 24)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_HEAD, _CHUNK = 1 << 16, 1 << 20
_MOST_TOLD = 256
_UNREAD = "a DICOM file beside the slide cannot be read, so it is not known whether it belongs to it"


class _Glance(NamedTuple):
    """What was read of the beginning of a file beside the slide."""

    kind: str
    study: str
    series: str


_glances: Memory[tuple[_Glance | None, list[str]]] = Memory()


class SlideSet:
    """The files of one slide and what is found in them."""

    def __init__(self, probe: Probe) -> None:
        self.files: SlideFiles = probe.files
        self.found = FindingCollector()
        self.kept: list[Place] = []
        self.notes: list[str] = []
        self.refusal: NotEditable | None = None
        main = Instance(0, self.files.name, self.files.main)
        series, self.study = main.header.text(_SERIES), main.header.text(_STUDY)
        if not series:
            raise DamagedSlide("the instance does not say which series it belongs to")
        self.instances = [main]
        self.directories: list[Directory] = []
        sources = [self.files.main]
        directories = []
        for name in self.files.names():
            glance = self._remembered(name)
            if glance is None:
                continue
            if glance.kind == _SLIDE and glance.series == series:
                source = self.files.open(name)
                if source not in sources:
                    sources.append(source)
                    self.instances.append(Instance(len(self.instances), name, source))
            elif glance.kind == dicomdir.CLASS:
                directories.append(name)
            elif glance.kind != _SLIDE and glance.study and glance.study == self.study:
                self._note("other objects of the same study stand beside the slide and were not changed")
        self._settle(probe.thorough)
        self._add_directories(directories, series)

    def _settle(self, thorough: bool) -> None:
        """Tell levels from pictures, or refuse the slide if that is not possible."""
        verdicts = roles.verdicts([i.look for i in self.instances])
        sure = any(not v.role and not v.doubtful for v in verdicts)
        for instance, verdict in zip(self.instances, verdicts, strict=True):
            single = verdict.doubtful and not instance.look.gridded
            instance.settle(verdict, not (sure and single), thorough)
        if any(v.contradicts for v in verdicts):
            self.refusal = NotEditable(roles.CONTRADICTION, roles.HINT)

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def _remembered(self, name: str) -> _Glance | None:
        """Glance at a file, or recall the glance that an earlier slide took, if the file has not changed since."""

        def read() -> tuple[_Glance | None, list[str]]:
            notes, self.notes = self.notes, []
            glance = self._glance(name)
            notes, self.notes = self.notes, notes
            return glance, notes

        glance, notes = _glances.ask(self.files.state(name), read)
        for sentence in notes:
            self._note(sentence)
        return glance

    def _glance(self, name: str) -> _Glance | None:
        """Read the beginning of a file; None if it is not a DICOM file. The result depends on the file alone."""
        for length in _GLANCES:
            data = self.files.glance(name, length)
            if not dicom_header.is_dicom(data):
                return None
            try:
                known = dicom_header.leading(data, frozenset((_META_CLASS, _STUDY, _SERIES)), table.vr_of)
            except SlideError:
                self._note(_UNREAD)
                return None
            if known is not None:
                return _Glance(known.get(_META_CLASS, ""), known.get(_STUDY, ""), known.get(_SERIES, ""))
            if len(data) < length:
                # a DICOMDIR ends in front of any series
                found = dicom_header.leading(data, frozenset((_META_CLASS,)), table.vr_of) or {}
                return _Glance(found.get(_META_CLASS, ""), "", "")
        self._note(_UNREAD)  # its series stands further into the file than in any slide
        return None

    def _add_directories(self, names: list[str], series: str) -> None:
        """Add each DICOMDIR that lists the slide, or refuse the slide because of it."""
        for name in names:
            data = self.files.glance(name, dicomdir.MOST)
            if not self._is_listed(data):
                continue
            problem = dicomdir.problem(name, data, series)
            if not problem and any(i.deflated for i in self.instances):
                problem = "a DICOMDIR beside the slide says that it is deflated, which a copy would not be"
            if problem:
                self.refusal = NotEditable(problem, dicomdir.HINT)
                self._note(problem)
                continue
            number = len(self.instances) + len(self.directories)
            self.directories.append(Directory(number, name, self.files.open(name)))
        if self._is_listed(self.files.glance(dicomdir.NAME, dicomdir.MOST, above=True)):
            self._note("a DICOMDIR one folder above lists the slide, patient included, and was not changed")

    def _is_listed(self, data: bytes) -> bool:
        uids = [i.header.text(_INSTANCE).encode("latin-1") for i in self.instances]
        return any(uid and uid in data for uid in uids)

    # -- the whole -----------------------------------------------------------------------

    def inspection(self, format: str, title: str) -> Inspection:
        """Put everything together."""
        rewrites = [self._rewrite(i) for i in self.instances]
        maps = [self._report(i, r) for i, r in zip(self.instances, rewrites, strict=True)]
        maps += map(self._report_directory, self.directories)
        files: list[Instance | Directory] = [*self.instances, *self.directories]
        levels = self._levels()
        mpp = levels[0][1].decimal(0x00280030) if levels else []
        power = levels[0][1].decimal(0x00480112) if levels else []
        return Inspection(
            format=format,
            title=title,
            files=tuple(SlideFile(f.name, f.file.size) for f in files),
            levels=tuple(level for level, _ in levels),
            associated=tuple(
                AssociatedImage(
                    i.role or "unknown", *i.size, i.number, frames.codec(i.header.syntax), like_a_level=i.like_a_level
                )
                for i in self.instances
                if not i.level
            ),
            findings=self.found.finish(),
            maps=tuple(maps),
            mpp=(mpp[1] * 1000, mpp[0] * 1000) if len(mpp) == 2 and min(mpp) > 0 else None,
            objective=power[0] if power else None,
            kept=tuple(self.kept),
            complete=True,
            notes=tuple(self.notes),
        )

    def _levels(self) -> list[tuple[Level, Instance]]:
        found: dict[tuple[int, int], tuple[Level, Instance]] = {}
        for i in self.instances:
            if i.level:
                found.setdefault(i.size, (Level(*i.size, i.width, i.height, i.number), i))
        return sorted(found.values(), key=lambda pair: pair[0][:2], reverse=True)

    # -- one file ------------------------------------------------------------------------

    def _rewrite(self, instance: Instance) -> HeaderRewrite:
        """Make the rewrite of the file's header."""
        pixels, source, end = instance.pixels, instance.source, instance.header.end
        picture = f"picture.{instance.role}" if instance.role else ""
        rank = Rank.PAYLOAD if instance.number else Rank.POINTER
        behind = FollowingBytes()
        if pixels.encapsulated and instance.role:
            rooms = tuple(dicom_pixels.frames_of(pixels, instance.frames))
            gives = len(rooms) == 1 and instance.header.syntax in frames.JPEG and not pixels.extended
            front = source.read(end, rooms[0][0][0] - end) if gives else b""
            behind = FollowingBytes(front=front, frames=rooms)
        elif pixels.offsets and not pixels.extended:
            implicit, count = instance.header.implicit, len(pixels.offsets)

            def single() -> bool:
                return len(dicom_pixels.read_pixels(source, end, implicit, True).fragments) == count

            behind = FollowingBytes(source.read(end, pixels.at + 16 - end), 4 * count, single)
        weak = instance.role == "thumbnail" and not instance.shows_label
        rewrite = HeaderRewrite(instance.number, instance.header, instance.reading, behind, picture, weak, rank)
        if instance.deflated:
            white = dicom_pixels.white(instance.header.text(0x00280004))
            rewrite = DeflatedRewrite(rewrite, instance.source, pixels, instance.file.size, instance.used, white)
        elif instance.role and has_no_room(instance, rewrite.taken):
            rewrite = PlainRewrite(rewrite, instance)
        rewrite.texts = self._texts(instance)
        rewrite.refusal = self.refusal
        return rewrite

    def _report(self, instance: Instance, rewrite: HeaderRewrite) -> ByteMap:
        """Turn one file into findings and claim its bytes."""
        told: Counter[str] = Counter()
        most = places_in(instance.file.size)
        for entry in instance.reading.entries:
            told[entry.id] += 1
            if len(told) > most:  # different attributes; frames repeat the same few
                raise DamagedSlide(TOO_MANY)
            if told[entry.id] <= _MOST_TOLD:  # a date for each of 20,000 frames is one finding with a few values
                self._entry(instance, entry, rewrite)
        for element in () if instance.deflated else instance.reading.kept:
            self.kept.append(instance.place(element.at, element.end))
        if instance.role:
            self._picture(instance, rewrite)
        for start, end in rewrite.texts:
            text = instance.source.read(start, end - start).rstrip(b"\0").decode("latin-1")
            place = Place(instance.number, instance.where, start, end)
            if not instance.role:
                fill = Fill(instance.number, start, end)
                self.found.add("jpeg.tile-text", "Text in a tile", UNKNOWN, place, (fill,), text)
            elif rewrite.weak:  # all others are drawn over
                part = Part(rewrite, PICTURE_TEXT)
                self.found.add(PICTURE_TEXT, "Text in JPEG picture", UNKNOWN, place, (part,), text)
        self._preamble(instance, rewrite)
        self._unused(instance, rewrite)
        self._behind(instance, rewrite)
        return _claimed(instance, [] if instance.role else rewrite.texts)

    def _report_directory(self, directory: Directory) -> ByteMap:
        rewrite = directory.rewrite(self.refusal)
        for entry in directory.reading.entries:
            self._entry(directory, entry, rewrite)
        self.kept += (directory.place(element.at, element.end) for element in directory.reading.kept)
        self._preamble(directory, rewrite)
        return directory.claimed()

    def _entry(self, instance: Instance | Directory, entry: Entry, rewrite: HeaderRewrite) -> None:
        place = instance.place(entry.element.at, entry.element.end)
        part = (Part(rewrite, entry.id),)
        for value in entry.values or (None,):
            self.found.add(entry.id, entry.title, entry.cls, place, part, value, entry.weak)

    def _preamble(self, instance: Instance | Directory, rewrite: HeaderRewrite) -> None:
        """Report what stands in front of the mark; the beginning of a TIFF goes only if a person gives that half up."""
        raw = instance.file.read(0, dicom_header.PREAMBLE)
        place = Place(instance.number, instance.where, 0, dicom_header.PREAMBLE)
        fill = Fill(instance.number, 0, dicom_header.PREAMBLE)
        if raw[:4] in _TIFF:
            rewrite.half = True
            edits = (fill, Part(rewrite, TIFF_HALF))
            self.found.add(TIFF_HALF, "TIFF half of a DICOM file", PhiClass.SCIENCE, place, edits, None)
        elif any(raw):
            text = raw.rstrip(b"\0").decode("latin-1")
            self.found.add("dicom.preamble", "Preamble", UNKNOWN, place, (fill,), text)

    def _unused(self, instance: Instance, rewrite: HeaderRewrite) -> None:
        """Report tissue that shows a label, which must stay, and data behind native frames, which goes."""
        start, end = instance.used, instance.pixels.end
        if instance.doubtful:
            place = instance.place(instance.pixels.body, start)
            self.found.add("dicom.unnamed-picture", "Picture of unknown kind", PhiClass.IMAGE, place, (), None)
        elif not instance.role and instance.shows_label:
            place = instance.place(instance.pixels.body, start)
            self.found.add("dicom.label-in-tissue", "Label in the tissue image", PhiClass.IMAGE, place, (), None)
        pieces = (instance.source.read(p, min(_CHUNK, end - p)) for p in range(start, end, _CHUNK))
        if any(piece.strip(b"\0") for piece in pieces):
            rest: Edit = Fill(instance.number, start, end)
            if instance.deflated:
                rest = Part(rewrite, "dicom.pixel-rest")
            self.found.add("dicom.pixel-rest", "Data behind frames", UNKNOWN, instance.place(start, end), (rest,), None)

    def _behind(self, instance: Instance, rewrite: HeaderRewrite) -> None:
        """Report what follows the pixels (signatures, padding); it becomes one element of zeros."""
        start, end = instance.pixels.end, instance.source.size
        whole = instance.deflated or isinstance(rewrite, PlainRewrite)
        if whole and (start < end or instance.trailing):
            part = Part(rewrite, TRAILER)
            self.found.add(TRAILER, "Data behind the pixels", UNKNOWN, instance.place(start, end), (part,), None)
            return
        if start == end:
            return
        new = dicom_pixels.padding(end - start, instance.header.implicit)
        if new is None:
            raise DamagedSlide("behind the pixels stand bytes that are no element")
        if instance.source.read(start, end - start) != new:
            place, write = Place(instance.number, instance.where, start, end), Write(instance.number, start, new)
            self.found.add(TRAILER, "Data behind the pixels", UNKNOWN, place, (write,), None)

    def _texts(self, instance: Instance) -> list[tuple[int, int]]:
        """Return the ranges of text inside all coded frames that were read, or of a large level inside the first one.

        If that says more than its encoder's name, all others are looked into as well.
        """
        looked = instance.pixels.fragments if instance.pixels.encapsulated else ()
        if dicom_pixels.are_all(instance.pixels):
            return self._texts_in(instance, looked)
        found = self._texts_in(instance, looked[:1])  # the other one was read only to find the end of the pixels
        if any(not jp2k.is_of_encoder(instance.source.read(a, b - a)) for a, b in found):  # it may stand in all of them
            instance.list_all()
            found = self._texts_in(instance, instance.pixels.fragments)
        return found

    @staticmethod
    def _texts_in(instance: Instance, looked: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        out: list[tuple[int, int]] = []
        over = False  # whether the only frame has ended, though more fragments follow
        for start, end in looked:
            head = instance.source.read(start, min(end - start, _HEAD))
            if over:
                out += [(start, end)] if any(head) else []
                continue
            over = instance.frames == 1 and frames.has_ended(instance.source, start, end)
            if head[:2] == b"\xff\xd8":
                out += [(a.start, a.end) for a in jpeg.asides(instance.source, start, end - start) if a.text]
                continue
            if head[:2] == b"\xff\x4f":
                out += frames.slack(instance.source, start, end)
            out += [(start + low, start + high) for _, low, high in jp2k.comment_segments(head)]
        return sorted(out)

    # -- pictures ------------------------------------------------------------------------

    def _picture(self, instance: Instance, rewrite: HeaderRewrite) -> None:
        edits: list[Edit] = [Part(rewrite, rewrite.picture)]
        rooms: tuple[Room, ...] = ()
        slots = frames.slots(instance, rewrite.taken)
        if not instance.deflated and not isinstance(rewrite, PlainRewrite):
            blank = Blank(instance.number, instance.where, frames.coding(instance), slots)
            edits.append(blank)
            plain = instance.frames == 1 and frames.is_plain(instance)
            rooms = stream_rooms(blank, instance.role, edits[:1], at=0) if plain else ()
        place = instance.place(slots[0].start, slots[-1].end)
        title = f"{instance.role.capitalize()} picture"
        self.found.add(rewrite.picture, title, PhiClass.IMAGE, place, edits, None, rewrite.weak, rooms)


def _claimed(instance: Instance, texts: list[tuple[int, int]]) -> ByteMap:
    """Give every byte of a file its owner."""
    header, pixels, source = instance.header, instance.pixels, instance.source
    out = ByteMap(instance.file.size)
    out.claim(0, dicom_header.PREAMBLE, ByteClass.METADATA, "preamble")
    if instance.deflated:  # the frames as well: they are written anew, in another form
        out.claim(dicom_header.PREAMBLE, instance.file.size, ByteClass.METADATA, "deflated data set")
        out.settle()
        return out
    out.claim(dicom_header.PREAMBLE, header.end, ByteClass.METADATA, "header")
    out.claim(header.end, pixels.body, ByteClass.STRUCTURE, "offset table")
    last = pixels.end - 8 if pixels.encapsulated else instance.used
    if instance.role:
        out.claim(pixels.body, last, ByteClass.ASSOCIATED, instance.where)
    else:
        for start, end in texts:
            out.claim(start, end, ByteClass.METADATA, "frames")
        for start, end in subtract([(pixels.body, last)], texts):
            out.claim(start, end, ByteClass.TISSUE, "frames")
    rest = ByteClass.STRUCTURE if pixels.encapsulated else ByteClass.METADATA
    out.claim(last, pixels.end, rest, "end of pixels")
    out.claim(pixels.end, source.size, ByteClass.METADATA, "trailer")
    out.settle()
    return out
