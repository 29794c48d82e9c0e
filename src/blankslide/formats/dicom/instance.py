"""One file of a DICOM slide: its header, its pixels, and its role among the others."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from blankslide.containers.dicom import deflated
from blankslide.containers.dicom import header as dicom_header
from blankslide.containers.dicom import pixels as dicom_pixels
from blankslide.containers.streams.frames import MAGIC
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formats.dicom import ps315_table as table
from blankslide.formats.dicom import roles
from blankslide.formats.dicom.header_rewrite import START
from blankslide.formats.dicom.rules import Reader, Reading
from blankslide.model import Place
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from blankslide.containers.dicom.header import Header
    from blankslide.containers.dicom.pixels import Pixels
    from blankslide.source import ByteSource

_FRAMES = 0x00280008
_NATIVE = frozenset(f"1.2.840.10008.1.2{more}" for more in ("", ".1", ".1.99", ".2")) | {""}
STAYING = ("", "thumbnail")
"""Roles whose pixels stay under most policies; empty is a level."""


class Instance:
    """One file of the slide. Its role depends on the others, so call `settle` when all are read."""

    pixels: Pixels

    def __init__(self, number: int, name: str, source: ByteSource) -> None:
        self.number, self.name, self.file = number, name, source
        #: The plain file: the file itself or, if that is deflated, its inflated content.
        self.source: ByteSource = source
        self.deflated = deflated.is_deflated(source)
        self.trailing = False
        if self.deflated:
            data, self.trailing = deflated.plain(source)
            self.source = source = MemorySource(data)
        self.header: Header = dicom_header.read_header(source, table.vr_of)
        self.where = f"file {number + 1}"
        self.reading: Reading = Reader(self.header).read()
        self.look = roles.look(self.header)
        self.width, self.height = self.look.frame
        if not self.width or not self.height:
            raise DamagedSlide("an instance has no rows or no columns")
        self.frames = max(1, self.header.number(_FRAMES))
        if self.header.text(_FRAMES) and not self.header.number(_FRAMES):
            raise DamagedSlide("an instance has a number of frames that is none")
        #: Whether the header says that the label can be seen in this image.
        self.shows_label = self.look.shows_label
        self.role, self.doubtful, self.level, self.like_a_level = "", False, True, False

    def settle(self, verdict: roles.Verdict, level: bool, thorough: bool) -> None:
        """Set the file's role, and find its pixels.

        Parameters
        ----------
        level
            Whether it is a level, if it has no role.
        """
        self.role, self.doubtful, self.like_a_level = verdict.role, verdict.doubtful, verdict.like_a_level
        self.level = not verdict.role and level
        every = thorough or bool(self.role)
        self.pixels = dicom_pixels.read_pixels(self.source, self.header.end, self.header.implicit, every)
        if self.pixels.encapsulated:
            self._require_announced()
        elif self.header.syntax not in _NATIVE:
            raise DamagedSlide("coded pixels have a length, which only native ones may have")
        self.used = self._used()

    def list_all(self) -> None:
        """Read where all fragments stand, if only those of some were read."""
        self.pixels = dicom_pixels.read_pixels(self.source, self.header.end, self.header.implicit, True)
        self._require_announced()

    def _require_announced(self) -> None:
        """Refuse more coded frames than the header announces: what is taken for text behind a picture may be tissue.

        Raises
        ------
        DamagedSlide, ContradictorySlide
            If there are.
        """
        if dicom_pixels.surplus(self.pixels, self.frames):
            raise DamagedSlide("behind the last frame stand fragments that belong to none")
        if len(self.pixels.offsets) > self.frames or self._begun_unannounced():
            raise ContradictorySlide("there are more coded frames than the header announces")

    def _begun_unannounced(self) -> bool:
        """Whether a picture begins in a fragment that begins no frame; a frame may stand in several fragments."""
        pixels, count = self.pixels, self.frames
        if len(pixels.fragments) == count and not pixels.offsets:
            return False
        begun = [f[0] for f in pixels.fragments if self.source.read(f[0], min(8, f[1] - f[0])).startswith(MAGIC)]
        if len(pixels.offsets) != count or self.source.size > dicom_header.UNDEFINED:  # offsets may have run over
            return len(begun) > count
        return not {pixels.body + offset + 8 for offset in pixels.offsets}.issuperset(begun)

    def _used(self) -> int:
        """Return the end of the native frames, or of their element if it is coded or drawn over as a whole.

        Raises
        ------
        DamagedSlide, ContradictorySlide
            If there are fewer or more of them than the header announces.
        """
        pixels, header = self.pixels, self.header
        if pixels.encapsulated or self.role not in STAYING:
            return pixels.end
        samples, bits, kind = header.number(0x00280002), header.number(0x00280100), header.text(0x00280004)
        one = dicom_pixels.native_size(self.width, self.height, samples, bits, 1, kind)
        size = dicom_pixels.native_size(self.width, self.height, samples, bits, self.frames, kind)
        if pixels.end - pixels.body - size >= max(one, 2):
            raise ContradictorySlide("there are more native frames than the header announces")
        if pixels.body + size > pixels.end:  # the rest would be taken for bytes behind the pixels
            raise DamagedSlide("the native pixels are fewer bytes than the frames need")
        return pixels.body + size

    def place(self, start: int, end: int) -> Place:
        """Return a place in this file; in a deflated file, that is everything behind the preamble."""
        return Place(self.number, self.where, *((START, self.file.size) if self.deflated else (start, end)))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole matrix."""
        return self.look.size

    def decimal(self, tag: int) -> list[float]:
        """Return the values of a DS element, at any depth of the header; empty if there are none."""
        for element in dicom_header.walk(self.header.elements):
            if element.tag == tag and element.items is None:
                try:
                    values = [float(v) for v in self.header.value(element).decode("latin-1").split("\\")]
                    return [v for v in values if isfinite(v)]
                except ValueError:
                    return []
        return []
