"""Writes a picture that has no room for a blank one of its own codec as plain pixels, in a copy.

A label in JPEG-LS or HTJ2K cannot be drawn again by anybody here, and a frame of a few rows has no room for the
picture that its header announces. In place such a slide is refused. In a copy the file may change its length: its
header says Explicit VR Little Endian, and one write replaces everything behind the preamble.

Promise: white frames of exactly the size that the header announces; nothing of the coded ones is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.dicom import pixels as dicom_pixels
from blankslide.containers.dicom import write as W
from blankslide.containers.dicom.header import PIXEL_DATA, SYNTAX
from blankslide.errors import NotEditable
from blankslide.formatkit.blank_rooms import has_room
from blankslide.formats.dicom import frames
from blankslide.formats.dicom.deflated_rewrite import TRAILER
from blankslide.formats.dicom.header_rewrite import START, Compromise, HeaderRewrite, Names
from blankslide.model import Blank, Write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.formats.dicom.instance import Instance
    from blankslide.model import Action

_EXPLICIT = b"1.2.840.10008.1.2.1"
_PHOTOMETRIC, _PLANAR = 0x00280004, 0x00280006
_MOST_BYTES = 1 << 28
_LEAST_ROOM, _AREA_OF_A_BYTE = 2048, 16


def has_no_room(instance: Instance, taken: int) -> bool:
    """Whether no valid blank picture of a picture's own codec fits where it stands.

    Parameters
    ----------
    taken
        How many bytes the header takes from the picture.
    """
    if not instance.pixels.encapsulated or instance.deflated:
        return False
    coding, slots = frames.coding(instance), frames.slots(instance, taken)
    if not coding.compression:
        return True
    # drawing is not free: ask only if the room could be too small
    if all(s.end - s.start > _LEAST_ROOM + s.width * s.height // _AREA_OF_A_BYTE for s in slots):
        return False
    return not has_room(Blank(instance.number, instance.where, coding, slots), instance.source)


class PlainRewrite(HeaderRewrite):
    """The `Rewrite` of one file whose picture becomes plain pixels.

    Parameters
    ----------
    coded
        The rewrite of the file as it is.
    instance
        The file.
    """

    def __init__(self, coded: HeaderRewrite, instance: Instance) -> None:
        self._plain = False  # whether a copy is being composed
        super().__init__(coded.file, coded.header, coded.reading, coded.behind, coded.picture, coded.weak, coded.rank)
        self.taken = 0
        self._instance = instance

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Refuse, because the picture has no room where it stands; without it, return the header."""
        if self.picture in self._gone(parts):
            raise NotEditable(
                "a picture that must stay linked has no room for a valid blank one of its codec",
                "make a clean copy with --out DIR",
            )
        return super().writes(parts, key)

    def grown(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Return the whole file behind its preamble, with white pixels."""
        gone = self._gone(parts)
        if self.picture not in gone:
            return super().grown(parts, key)
        self._plain = True
        try:
            data = self.compose(gone - {TRAILER}, key, None) + self._pixels()
        finally:
            self._plain = False
        return [Write(self.file, START, data, self._instance.source.size - START, self.rank)]

    def _changes(self, gone: set[str], names: Names, rung: Compromise) -> dict[int, bytes | None]:
        changes = super()._changes(gone, names, rung)
        if self._plain:
            for element in (*self.header.meta, *self.header.elements):
                if element.tag == SYNTAX:
                    changes[element.at] = _EXPLICIT
                elif element.tag == _PHOTOMETRIC:
                    changes[element.at] = self._photometric().encode()
                elif element.tag == _PLANAR:
                    changes[element.at] = bytes(2)
        return changes

    def _photometric(self) -> str:
        """Return what plain pixels mean: of three samples, red, green and blue."""
        return "RGB" if self.header.number(0x00280002) == 3 else self.header.text(_PHOTOMETRIC)

    def _pixels(self) -> bytes:
        """Return the element of the pixels.

        Raises
        ------
        NotEditable
            If the picture is larger than any.
        """
        bits, samples = self.header.number(0x00280100), self.header.number(0x00280002)
        one = self._instance
        kind = self._photometric()
        size = dicom_pixels.native_size(one.width, one.height, samples, bits, one.frames, kind)
        if size > _MOST_BYTES:
            raise NotEditable("a picture beside the tissue is larger than any scanner's")
        white = bytes((dicom_pixels.white(kind),)) * (size + size % 2)  # the pad is white too, as it is drawn
        return W.encode(PIXEL_DATA, "OW" if bits > 8 else "OB", white)
