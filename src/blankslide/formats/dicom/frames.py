"""The frames of a DICOM instance: where they stand, how they are coded, and what follows them.

A blank picture is drawn over each frame, in the room from its first fragment to its last. Native
frames are one room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.dicom import pixels as dicom_pixels
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.model import Coding, Slot

if TYPE_CHECKING:
    from blankslide.formats.dicom.instance import Instance
    from blankslide.source import ByteSource

JPEG = ("1.2.840.10008.1.2.4.50",)
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_RLE = "1.2.840.10008.1.2.5"
_PHOTOMETRIC = {"MONOCHROME1": 0, "MONOCHROME2": 1, "RGB": 2, "PALETTE COLOR": 3}
_HEAD = 1 << 16


def slack(source: ByteSource, start: int, end: int) -> list[tuple[int, int]]:
    """Return the bytes behind the end of a coded frame, if they are more than padding."""
    tail = source.read(max(start, end - _HEAD), min(end - start, _HEAD))
    at = tail.rfind(b"\xff\xd9")
    return [(end - len(tail) + at + 2, end)] if at >= 0 and any(tail[at + 2 :]) else []


def has_ended(source: ByteSource, start: int, end: int) -> bool:
    """Whether the end of a coded picture is in this fragment."""
    return b"\xff\xd9" in source.read(max(start, end - _HEAD), min(end - start, _HEAD))


def slots(instance: Instance, taken: int) -> tuple[Slot, ...]:
    """Return the room of each frame, or one room for all native frames."""
    width, height, pixels = instance.width, instance.height, instance.pixels
    if not pixels.encapsulated:
        if instance.used == pixels.body:
            raise DamagedSlide("a picture has no pixels")
        return (Slot(pixels.body, instance.used, width, height * instance.frames),)
    frames = dicom_pixels.frames_of(pixels, instance.frames)
    slots = [Slot(f[0][0], f[-1][1], width, height) for f in frames]
    if any(s.start >= s.end for s in slots):
        raise DamagedSlide("a picture has an empty frame")
    return (slots[0]._replace(start=slots[0].start + taken), *slots[1:])


def coding(instance: Instance) -> Coding:
    """How a picture is coded, in TIFF's numbers; -5 is DICOM's run-length code, 0 what cannot be drawn."""
    header = instance.header
    syntax, photometric = header.syntax, header.text(0x00280004)
    compression = 1
    if instance.pixels.encapsulated:
        compression = 7 if syntax in JPEG else 33005 if syntax in _JPEG_2000 else -5 if syntax == _RLE else 0
    kind = 6 if photometric.startswith("YBR") else _PHOTOMETRIC.get(photometric, 3)
    sampling = (2, 1) if photometric == "YBR_FULL_422" and compression == 7 else (1, 1)
    bits, samples = header.number(0x00280100), header.number(0x00280002)
    if not 0 < samples <= 4 or bits not in (8, 16, 32):
        raise ContradictorySlide("a picture has a number of samples or bits that none has")
    return Coding(compression, kind, bits, samples, 1, sampling)


def is_plain(instance: Instance) -> bool:
    """Whether more than one colour can be drawn: samples use all of their bits, and those of a pixel stand together."""
    header = instance.header
    full = header.number(0x00280101) == header.number(0x00280100) and not header.number(0x00280103)
    return full and (instance.pixels.encapsulated or not header.number(0x00280006))


def codec(syntax: str) -> str:
    """Name of a codec for people."""
    if syntax in JPEG:
        return "JPEG"
    return "JPEG 2000" if syntax in _JPEG_2000 else "RLE" if syntax == _RLE else "raw"
