"""The census of one DICOM file, element by element, as pydicom reads it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.verification.census.account import Account, Picture, Text
from blankslide.verification.census.data import Span, Stream, joined, without
from blankslide.verification.census.dicom_walk import JPEG_LS, RLE
from blankslide.verification.census.icc import is_profile
from blankslide.verification.census.loose import speak_loose
from blankslide.verification.census.texts import speak, speak_profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from blankslide.source import ByteSource
    from blankslide.verification.census.glance import Pixels
    from blankslide.verification.census.pixels import Look
    from blankslide.verification.census.roles import Role

_SOFTWARE = "ImplementationClassUID"
_NUMBER = frozenset("DS FD FL IS SL SS SV UL US UV AT".split())
_DEEP = 24
_PART = 56  # bits of an offset in a file; above them stands which file of a concatenation it is
_EVERY, _FEW = 4 << 20, 24
_THUMBNAIL, _SLIDE = "THUMBNAIL", ("level", "thumbnail", "channel", "blank")
_ITEM, _END = 0xE000, 0xE0DD
_CODECS = {
    "1.2.840.10008.1.2.4.50": 7, "1.2.840.10008.1.2.4.51": 7, "1.2.840.10008.1.2.4.57": 7, "1.2.840.10008.1.2.4.70": 7,
    "1.2.840.10008.1.2.5": -1, "1.2.840.10008.1.2.4.80": -2, "1.2.840.10008.1.2.4.81": -2,
    "1.2.840.10008.1.2.4.90": 34712, "1.2.840.10008.1.2.4.91": 34712,
    "1.2.840.10008.1.2.4.201": 34712, "1.2.840.10008.1.2.4.202": 34712, "1.2.840.10008.1.2.4.203": 34712,
}  # fmt: skip
"""Transfer syntax -> the same codec in TIFF's numbers, or in those of `dicom_walk`."""


class Frames(NamedTuple):
    """An instance's pictures: the whole grid, each frame's size, and where the coded frames stand.

    The parts of a concatenation say which one they belong to, and which of its frames is their first.
    Of a frame that stands in several fragments the span is where it begins and how long it is, and ``pieces`` says
    where, by its beginning.
    """

    width: int
    height: int
    across: int
    down: int
    spans: tuple[Span, ...]
    pieces: dict[int, list[Span]]
    announced: int
    compression: int
    samples: int
    bits: int
    image_type: tuple[str, ...]
    sparse: bool
    concatenation: str = ""
    first: int = 0

    def read(self, source: ByteSource, start: int, length: int) -> bytes:
        """Return the bytes of a frame, or of a part of raw ones."""
        if start not in self.pieces:
            return source.read(start, length)
        return b"".join(source.read(low, high - low) for low, high in self.pieces[start])[:length]

    def held(self) -> list[Span]:
        """Return where in the file the frames stand that are announced."""
        return [piece for span in self.spans[: self.announced] for piece in self.pieces.get(span[0], [span])]

    def place(self, start: int, offset: int) -> int:
        """Return where in the file a byte of a frame stands."""
        for low, high in self.pieces.get(start, ()):
            if offset < high - low:
                return low + offset
            offset -= high - low
        return start + offset


class Instance(NamedTuple):
    """One file of a slide, for the roles of all its pictures together."""

    file: int
    where: str
    frames: Frames
    look: Look | None
    source: ByteSource


def take_stock(account: Account, file: int, source: ByteSource, where: str, thorough: bool = False) -> Instance | None:
    """Add all texts of a DICOM file to the account, prove its frames, and return what it shows."""
    from pydicom import dcmread

    stream = Stream(source)
    head = source.read(0, 128)
    if any(head):
        speak(account, file, "preamble", head, 0, where)
    data = dcmread(stream, stop_before_pixels=True, force=True)
    _elements(account, file, data.file_meta, "meta", where, 0)
    _elements(account, file, data, "", where, 0)
    syntax = str(data.file_meta.get("TransferSyntaxUID", ""))
    if syntax == "1.2.840.10008.1.2.1.99":
        return None  # deflated: all of it was inflated by pydicom; nothing else fits into the file
    frames, known = _frames(data, source, stream.tell(), syntax)
    known.append((0, stream.tell()))
    loose: list[Span] = []
    if frames is not None:
        _prove(account, file, source, frames, loose, where, thorough)
        known.extend(frames.held())
    rest = without([(0, source.size)], joined(known))
    speak_loose(account, file, source, joined((*rest, *loose)), where, where)
    return None if frames is None else Instance(file, where, frames, instance_look(source, frames), source)


def settle_roles(account: Account, instances: Sequence[Instance]) -> None:
    """Add the pictures of all instances of a slide, with what their pixels prove them to be."""
    from blankslide.verification.census.roles import Candidate, prove

    parts = _concatenated(instances)
    heads = [own[0] if len(own) == 1 else own[0]._replace(look=_joint_look(own)) for own in parts]
    counts = [sum(i.frames.announced for i in own) for own in parts]
    asked = [
        Candidate(i.frames.width, i.frames.height, i.look, count > 1, count, "")
        for i, count in zip(heads, counts, strict=True)
    ]
    proven = _steps(heads, prove(asked))
    told = [(one, role) for own, role in zip(parts, proven, strict=True) for one in own]
    instances, roles = [one for one, _ in told], [role for _, role in told]
    for instance, role in told:
        frames = instance.frames
        if role.proven not in _SLIDE and _THUMBNAIL in frames.image_type:
            role = _thumbnail(instance, [i for i, r in zip(instances, roles, strict=True) if r.proven == "level"], role)
        account.pictures.append(
            Picture(instance.file, instance.where, frames.width, frames.height, role.proven, 0, 0, role.reason)
        )


def _concatenated(instances: Sequence[Instance]) -> list[list[Instance]]:
    """Put the parts of one picture together, in the order of their frames; all others stay alone."""
    groups: dict[tuple[str, int, int, int], list[Instance]] = {}
    for number, one in enumerate(instances):
        frames = one.frames
        alone = 0 if frames.concatenation else number + 1
        groups.setdefault((frames.concatenation, frames.width, frames.height, alone), []).append(one)
    return [sorted(own, key=lambda i: i.frames.first) for own in groups.values()]


def _joint_look(parts: Sequence[Instance]) -> Look | None:
    """Look at a picture whose frames stand in several files."""
    return _look([(i.source, i.frames) for i in parts])


def _steps(instances: Sequence[Instance], roles: Sequence[Role]) -> list[Role]:
    """Return the roles, with the last levels of a pyramid as what they are: each is picked from the one above."""
    from blankslide.verification.census.steps import LARGEST, is_half, is_picked

    out = list(roles)
    sizes = [(i.frames.width, i.frames.height) for i in instances]
    for number in sorted(range(len(sizes)), key=lambda i: -max(sizes[i])):
        if out[number].proven not in ("unclear", "other") or max(sizes[number]) > LARGEST:
            continue
        above = (i for i, role in enumerate(out) if role.proven in _SLIDE and is_half(sizes[number], sizes[i]))
        frames = instances[number].frames
        small = _single(instances[number]) if (frames.across, frames.down) == sizes[number] else None
        pairs = ((small, _single(instances[i])) for i in above)
        if any(a is not None and b is not None and is_picked(a, b) for a, b in pairs):
            out[number] = out[number]._replace(
                proven="level", reason="a step of the pyramid, picked from the level above"
            )
    return out


def _single(instance: Instance) -> NDArray[Any] | None:
    """Return the pixels of an instance that is one frame; None for all others."""
    frames = instance.frames
    if len(frames.spans) != 1 or frames.across < frames.width or frames.down < frames.height:
        return None
    start, end = frames.spans[0]
    found = _decoded(frames, frames.read(instance.source, start, end - start), 0, True)
    return None if found is None else found.array[: frames.height, : frames.width]


def _thumbnail(instance: Instance, levels: Sequence[Instance], role: Role) -> Role:
    """Return the role of what is called a thumbnail and looks like no level: perhaps its rows have run off."""
    from blankslide.verification.census.glance import ALL
    from blankslide.verification.census.sheared import sheared_likeness

    look = instance.look
    if look is None or look.whole is None or not levels:
        return role
    smallest = min(levels, key=lambda i: i.frames.width * i.frames.height)
    whole = instance_look(smallest.source, smallest.frames, ALL)
    if whole is None or sheared_likeness(look, whole).verdict != "same":
        return role
    return role._replace(proven="thumbnail", reason="looks like the slide, its rows put straight")


def _elements(account: Account, file: int, data: Any, path: str, where: str, depth: int, base: int = 0) -> None:
    """Add all elements of one level; pydicom counts the places inside a sequence of known length from its beginning."""
    if depth > _DEEP:
        account.troubles.append(f"{where}: sequences are nested too deeply")
        return
    for element in data:
        name = element.keyword or f"{element.tag.group:04x},{element.tag.element:04x}"
        place = f"{path}/{name}" if path else name
        if element.VR == "SQ":
            inner = base if element.is_undefined_length else base + int(element.file_tell or 0)
            for item in element.value or ():
                _elements(account, file, item, place, where, depth + 1, inner)
        else:
            _value(account, file, element, place, where, base)


def _value(account: Account, file: int, element: Any, place: str, where: str, base: int) -> None:
    value = element.value
    at = base + int(getattr(element, "file_tell", 0) or 0)
    if value is None or value == "" or value == b"":
        return
    many = list(value) if element.VM > 1 or isinstance(value, (list, tuple)) else [value]
    if element.VR in _NUMBER:
        account.texts.append(Text(file, place, " ".join(str(v) for v in many), at, at, where))
        return
    for one in many:
        if isinstance(one, bytes):
            if is_profile(one):
                speak_profile(account, file, place, one, at, where)
            else:
                speak(account, file, place, one, at, where)
        elif str(one).strip() and not (element.VR == "UI" and _is_registered(str(one), element.keyword)):
            account.texts.append(Text(file, place, str(one), at, at, where))


def _is_registered(uid: str, keyword: str) -> bool:
    """Whether the DICOM standard, or a maker of software, gives a UID to something: it tells nothing of a slide."""
    from pydicom._uid_dict import UID_dictionary

    from blankslide.verification.census.software import is_software

    return uid in UID_dictionary or (keyword == _SOFTWARE and is_software(uid))


# -- frames ------------------------------------------------------------------------------


def _frames(data: Any, source: ByteSource, at: int, syntax: str) -> tuple[Frames | None, list[Span]]:
    """Find the coded frames behind the header, and the bytes that lead to them."""
    if at + 8 > source.size or int(data.get("Rows", 0) or 0) <= 0:
        return None, []
    big = syntax == "1.2.840.10008.1.2.2"
    explicit = syntax != "1.2.840.10008.1.2"
    raw = source.read(at, min(12, source.size - at))
    group, element = struct.unpack_from(">HH" if big else "<HH", raw)
    if (group, element) not in ((0x7FE0, 0x0010), (0x7FE0, 0x0008), (0x7FE0, 0x0009)):
        return None, []
    length = struct.unpack_from(">I" if big else "<I", raw, 8 if explicit else 4)[0]
    begin = at + (12 if explicit else 8)
    pieces: dict[int, list[Span]] = {}
    announced = max(1, int(data.get("NumberOfFrames", 1) or 1))
    rows, columns = int(data.Rows), int(data.Columns)
    samples, bits = int(data.get("SamplesPerPixel", 1) or 1), int(data.get("BitsAllocated", 8) or 8)
    if length == 0xFFFFFFFF:
        spans, known = _fragments(source, begin)
        known.append((at, begin))
        spans, pieces = _assembled(source, spans, announced)
    else:
        size = rows * columns * samples * bits // 8
        count = min(announced, length // size if size else 0)
        spans = [(begin + i * size, begin + (i + 1) * size) for i in range(count)]
        known = [(at, begin)]
    width = int(data.get("TotalPixelMatrixColumns", 0) or columns)
    height = int(data.get("TotalPixelMatrixRows", 0) or rows)
    kind = tuple(str(word) for word in data.get("ImageType", ()) or ())
    sparse = str(data.get("DimensionOrganizationType", "")) == "TILED_SPARSE"
    compression = _CODECS.get(syntax, 1 if length != 0xFFFFFFFF else 0)
    whole, first = str(data.get("ConcatenationUID", "") or ""), int(data.get("ConcatenationFrameOffsetNumber", 0) or 0)
    frames = Frames(
        width, height, columns, rows, tuple(spans), pieces, announced, compression, samples, bits, kind, sparse,
        whole, max(0, first) if whole else 0,
    )  # fmt: skip
    return frames, known


def _assembled(source: ByteSource, fragments: list[Span], announced: int) -> tuple[list[Span], dict[int, list[Span]]]:
    """Return the frames that fragments make: one each, or several where as many of them begin like frames."""
    if len(fragments) <= announced:
        return fragments, {}
    begins = [i for i, (low, _) in enumerate(fragments) if source.read(low, 2) in (b"\xff\xd8", b"\xff\x4f")]
    if len(begins) != announced or begins[0] != 0:
        return fragments, {}
    frames = [fragments[a:b] for a, b in pairwise([*begins, len(fragments)])]
    spans = [(own[0][0], own[0][0] + sum(high - low for low, high in own)) for own in frames]
    return spans, {own[0][0]: own for own in frames}


def _fragments(source: ByteSource, at: int) -> tuple[list[Span], list[Span]]:
    """Return the spans of all fragments behind the offset table, and of what leads to them."""
    spans: list[Span] = []
    known: list[Span] = []
    first = True
    while at + 8 <= source.size:
        group, element, length = struct.unpack("<HHI", source.read(at, 8))
        if group != 0xFFFE or element not in (_ITEM, _END) or at + 8 + length > source.size:
            break
        known.append((at, at + 8))
        if element == _END:
            break
        if first:
            known.append((at + 8, at + 8 + length))
            first = False
        else:
            spans.append((at + 8, at + 8 + length))
        at += 8 + length
    return spans, known


def _prove(
    account: Account, file: int, source: ByteSource, frames: Frames, loose: list[Span], where: str, thorough: bool
) -> None:
    """Walk frames by their codec, add what they hold beside pixels, and the instance as a picture."""
    from blankslide.verification.census.streams import Coded, beside

    spans = frames.spans[: frames.announced]
    total = sum(end - start for start, end in spans)
    chosen = spans
    if total > _EVERY and len(spans) > _FEW and not thorough:
        chosen = tuple(spans[round(i * (len(spans) - 1) / (_FEW - 1))] for i in range(_FEW))
    if frames.compression == 0 and spans:
        account.troubles.append(f"{where}: its frames are of a codec that nothing here can walk")
    coded = Coded(frames.compression, frames.across, frames.down, frames.samples, frames.bits)
    speaks = False
    if frames.compression not in (0, 1) and len(frames.spans) == frames.announced:
        while True:
            for start, end in chosen:
                data = frames.read(source, start, end - start)
                rest = beside(data, coded)
                for low, high in [(0, len(data))] if rest is None else rest:
                    if any(data[low:high]):
                        speaks = True
                        speak(account, file, "coded", data[low:high], frames.place(start, low), where)
            if not speaks or len(chosen) == len(spans):
                break
            chosen = spans


# -- pixels ------------------------------------------------------------------------------


def instance_look(source: ByteSource, frames: Frames, few: int = 8) -> Look | None:
    """Look at few frames of an instance, or at all; None where nobody can say in which order they lie."""
    return None if frames.concatenation else _look([(source, frames)], few)


def _look(parts: Sequence[tuple[ByteSource, Frames]], few: int = 8) -> Look | None:
    from blankslide.verification.census.glance import Grid, look_at

    head = parts[0][1]
    columns, rows = -(-head.width // head.across), -(-head.height // head.down)
    offsets, counts = [0] * (columns * rows), [0] * (columns * rows)
    for number, (_, frames) in enumerate(parts):
        for at, (start, end) in enumerate(frames.spans[: max(0, columns * rows - frames.first)], frames.first):
            if counts[at]:
                return None  # two files claim one place: what one of them shows would not be seen
            offsets[at], counts[at] = (number << _PART) + start, end - start
    if not any(counts) or (head.sparse and len(offsets) > 1):
        return None

    def read(start: int, length: int) -> bytes:
        source, frames = parts[start >> _PART]
        return frames.read(source, start & ((1 << _PART) - 1), length)

    grid = Grid(head.across, head.down, columns, rows, offsets, counts)
    found = look_at(head.width, head.height, grid, read, partial(_decoded, head), few=few)
    return found if found.samples else None


def _decoded(frames: Frames, data: bytes, index: int, exact: bool) -> Pixels | None:
    import numpy as np

    from blankslide.verification.census.glance import Pixels

    if frames.compression != 1:
        try:
            array = _unpacked(frames, data)
        except Exception:  # whatever the codec raises: a frame that nobody decodes was not seen
            return None
        return None if array is None else Pixels(array[..., None] if array.ndim == 2 else array)
    size = frames.down * frames.across * frames.samples
    if frames.bits not in (8, 16) or len(data) * 8 < size * frames.bits:
        return None
    array = np.frombuffer(data, "u1" if frames.bits == 8 else "<u2", size)
    array = array.reshape(frames.down, frames.across, frames.samples)
    return Pixels(array if frames.bits == 8 else (array >> 8).astype("u1"))


def _unpacked(frames: Frames, data: bytes) -> NDArray[Any] | None:
    """Decode a frame by the library that knows its codec; None if none does."""
    import imagecodecs
    import numpy as np

    if frames.compression == JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(data))
    if frames.compression == RLE:
        planes = np.frombuffer(imagecodecs.dicomrle_decode(data, "u1" if frames.bits == 8 else "u2"), "u1")
        high = planes.reshape(frames.samples, frames.down, frames.across, -1)[..., -1]
        return high.transpose(1, 2, 0)
    if frames.compression == 0:
        return None
    from io import BytesIO

    from PIL import Image

    return np.asarray(Image.open(BytesIO(data)))
