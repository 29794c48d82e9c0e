"""Zeiss CZI slides with invented patients: ``zeiss-axioscan`` and ``zeiss-raw``.

As ZEN writes them: a pyramid of tiles with a short document each, the XML, an old copy of which
a deleted segment still holds, and attachments: label and slide preview as CZIs of their own (or
as JPEG), thumbnail, time stamps, an event list and one that nobody knows.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Range, Removed, tiles_digest
from blankslide.samples.kit.czi_writer import AttachmentPart, CziLayout, TilePart, write_czi
from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.zeiss.text import inner_text, main_text, tile_text

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.samples.kit.spots import Text

RAW, JPEG, JPEG_XR, ZSTD0, ZSTD1 = 0, 1, 4, 5, 6
#: JPEG XR's names for red-green-blue and blue-green-red; the coded data is the same.
_ORDERS = b"\x3d\x77\x76\x8d\xc9\x0d", b"\x3d\x77\x76\x8d\xc9\x0c"
_ZSTD1_HEADER = b"\x03\x01\x00"


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one slide.

    Attributes
    ----------
    size, factors, tile
        Pixels of the largest level, downsampling of each level, pixels of a tile's side.
    codec, picture_codec
        CZI's number of the codec of the tissue, and of label and preview.
    label_size, macro_size, thumbnail_size
        Pixels, or None for a slide without.
    jpeg_label
        Whether the label is a JPEG and no CZI.
    deleted
        Whether a deleted segment holds an old copy of the XML.
    more
        Further attachments.
    xml
        Text to put in front of the main document's end.
    """

    patient: Patient
    size: tuple[int, int] = (768, 512)
    factors: tuple[int, ...] = (1, 2, 4)
    tile: int = 256
    codec: int = ZSTD1
    picture_codec: int = ZSTD1
    label_size: tuple[int, int] | None = (258, 309)
    macro_size: tuple[int, int] | None = (480, 162)
    thumbnail_size: tuple[int, int] | None = (192, 128)
    jpeg_label: bool = False
    deleted: bool = True
    more: tuple[AttachmentPart, ...] = ()
    xml: str = ""
    seed: int = 13


def build_zeiss(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.

    Raises
    ------
    TypeError
        If an override is no field of the recipe.
    """
    slide = _Slide(replace(Recipe(patient or invent(13)), **overrides))
    path.write_bytes(slide.layout.data)
    return slide.key(path.name)


# -- pixels ------------------------------------------------------------------------------


def coded(picture: Image, codec: int) -> bytes:
    """Code a picture as CZI does: blue, green, red."""
    import imagecodecs
    import numpy as np

    if codec == JPEG:
        return _jpeg(picture)
    rgb = np.asarray(picture.convert("RGB"))
    if codec == JPEG_XR:
        return bytes(imagecodecs.jpegxr_encode(rgb, level=0.9)).replace(*_ORDERS, 1)
    raw = np.ascontiguousarray(rgb[:, :, ::-1]).tobytes()
    if codec == RAW:
        return raw
    return (_ZSTD1_HEADER if codec == ZSTD1 else b"") + bytes(imagecodecs.zstd_encode(raw, level=3))


def _jpeg(picture: Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


class _Slide:
    """One slide while it is put together."""

    def __init__(self, plan: Recipe) -> None:
        self.plan = plan
        self.inner: dict[str, tuple[CziLayout, Text]] = {}
        self.removed: dict[tuple[str, str, str], list[Range]] = {}
        self.pictures: list[tuple[str, int, tuple[int, int]]] = []
        tiles, self.texts = self._tiles()
        text = main_text(plan.patient, plan.size, sum(t.stored == t.box[2:] for t in tiles))
        self.text = text
        data = text.data.replace(b" </Metadata>", plan.xml.encode() + b" </Metadata>")
        self.layout = write_czi(
            self._guid("file"), tiles, data, self._attachments(), (text.data,) if plan.deleted else ()
        )

    def _guid(self, what: str) -> UUID:
        return uuid5(UUID(self.plan.patient.token), what)

    # -- tissue --------------------------------------------------------------------------

    def _tiles(self) -> tuple[list[TilePart], list[Text]]:
        from blankslide.samples.kit.drawing import tissue

        plan = self.plan
        tiles: list[TilePart] = []
        texts: list[Text] = []
        scene = tissue(*plan.size, plan.seed)
        for factor in plan.factors:
            picture = scene.resize((plan.size[0] // factor, plan.size[1] // factor)) if factor > 1 else scene
            for y in range(0, picture.height, plan.tile):
                for x in range(0, picture.width, plan.tile):
                    part = picture.crop((x, y, min(x + plan.tile, picture.width), min(y + plan.tile, picture.height)))
                    text = tile_text(plan.patient, len(tiles))
                    box = (x * factor, y * factor, part.width * factor, part.height * factor)
                    data = coded(part, plan.codec)
                    tiles.append(TilePart(box, part.size, data, plan.codec, text.data, len(tiles)))
                    texts.append(text)
        return tiles, texts

    # -- attachments ---------------------------------------------------------------------

    def _attachments(self) -> list[AttachmentPart]:
        from blankslide.samples.kit.drawing import label, macro, tissue

        plan, out = self.plan, list[AttachmentPart]()
        if plan.label_size is not None:
            out.append(self._picture("Label", label(plan.patient, plan.label_size, plan.seed), plan.jpeg_label))
        if plan.macro_size is not None:
            out.append(self._picture("SlidePreview", macro(plan.patient, plan.macro_size, plan.seed), False))
        if plan.thumbnail_size is not None:
            out.append(self._picture("Thumbnail", tissue(*plan.thumbnail_size, plan.seed), True))
        times, events = self._times()
        out.append(AttachmentPart("TimeStamps", "CZTIMS", times, self._guid("times")))
        out.append(AttachmentPart("EventList", "CZEVL", events, self._guid("events")))
        note = f"report of {plan.patient.physician}".encode()
        out.append(AttachmentPart("Report", "TXT", note, self._guid("report")))
        return [*out, *plan.more]

    def _picture(self, name: str, picture: Image, jpeg: bool) -> AttachmentPart:
        role = {"Label": "label", "SlidePreview": "macro", "Thumbnail": "thumbnail"}[name]
        self.pictures.append((role, len(self.pictures), picture.size))
        if jpeg:
            return AttachmentPart(name, "JPG", _jpeg(picture), self._guid(name))
        codec, text = self.plan.picture_codec, inner_text(self.plan.patient, picture.size)
        tile = TilePart((0, 0, *picture.size), picture.size, coded(picture, codec), codec)
        layout = write_czi(self._guid(f"{name} file"), [tile], text.data)
        self.inner[role] = layout, text
        return AttachmentPart(name, "CZI", layout.data, self._guid(name))

    def _times(self) -> tuple[bytes, bytes]:
        seconds = (self.plan.patient.scanned - datetime(1970, 1, 1)).total_seconds()
        words = f"started by {self.plan.patient.login}".encode()
        event = struct.pack("<idii", 20 + len(words), 1.5, 0, len(words)) + words
        return struct.pack("<iid", 16, 1, seconds), struct.pack("<ii", 8 + len(event), 1) + event

    # -- answer key ----------------------------------------------------------------------

    def key(self, name: str) -> Planted:
        """Write down what the slide holds."""
        plan, layout = self.plan, self.layout
        self._text(self.text, layout.xml)
        for text, at in zip(self.texts, layout.texts, strict=True):
            self._text(text, at)
        for at in layout.deleted:
            self._add("zeiss.deleted-segment", plan.patient.mrn, "utf-8", (at, len(self.text.data)))
        self._guids(layout, 0)
        pictures = [self._drawn(*picture) for picture in self.pictures]
        start, size = layout.attachments[len(self.pictures)]
        self._add("zeiss.time-stamps", "", "picture", (start + 8, size - 8))
        place = layout.attachments[len(self.pictures) + 1]
        self._add("zeiss.event-list", f"started by {plan.patient.login}", "utf-8", place)
        place = layout.attachments[len(self.pictures) + 2]
        self._add("zeiss.attachment", f"report of {plan.patient.physician}", "utf-8", place)
        kept = {"openslide.mpp-x": "0.22", "openslide.objective-power": "20"}
        for i, factor in enumerate(plan.factors):
            for side, pixels in zip(("width", "height"), plan.size, strict=True):
                kept[f"openslide.level[{i}].{side}"] = str(pixels // factor)
        removed = tuple(Removed(*k, tuple(dict.fromkeys(v))) for k, v in self.removed.items())
        tiles = (tiles_digest(layout.data[at : at + size] for at, size in layout.tiles),)
        return Planted(name, "zeiss", removed, tuple(Kept(*k) for k in kept.items()), tuple(pictures), tiles)

    def _add(self, id: str, value: str, encoding: str, place: Range) -> None:
        self.removed.setdefault((id, value, encoding), []).append(place)

    def _text(self, text: Text, base: int) -> None:
        for planting in text.plantings:
            self._add(planting.id, planting.value, planting.encoding, (base + planting.start, planting.length))

    def _guids(self, layout: CziLayout, base: int) -> None:
        """Binary GUIDs count as coded data: their text stands nowhere."""
        for guid, places in layout.guids.items():
            what = "file" if 48 in places else "attachment"
            for at in places:
                self._add(f"zeiss.guid.{what}", str(guid), "picture", (base + at, 16))

    def _drawn(self, role: str, number: int, size: tuple[int, int]) -> Picture:
        from blankslide.samples.kit.drawing import label_lines

        place = start, _ = self.layout.attachments[number]
        if role in self.inner:
            layout, text = self.inner[role]
            self._text(text, start + layout.xml)
            self._guids(layout, start)
            place = start + layout.tiles[0][0], layout.tiles[0][1]
        self._add(f"picture.{role}", "", "picture", place)
        words = (*label_lines(self.plan.patient), self.plan.patient.accession) if role != "thumbnail" else ()
        return Picture(role, number, *size, (place,), words)


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    "zeiss-axioscan.czi": build_zeiss,
    "zeiss-raw.czi": partial(
        build_zeiss, codec=RAW, picture_codec=RAW, jpeg_label=True, patient=invent(14), size=(512, 384), seed=14
    ),
}
