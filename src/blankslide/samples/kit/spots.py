"""Texts with planted values, and the answer key of slides whose pages hold such texts.

A template names its spots as ``{{name}}``; filling it in gives the bytes and where each
planted value came to stand, so that nothing has to be searched for. Pages have a role each:
``level`` pages are tissue, the pages of all other roles are pictures; several pages may share
a role (a macro can be a small pyramid).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Range, Removed, tiles_digest
from blankslide.samples.kit.tag_ids import TAG_IDS
from blankslide.samples.kit.tiff_layout import Blob
from blankslide.samples.kit.tiff_values import ASCII

if TYPE_CHECKING:
    from blankslide.samples.kit.patients import Patient
    from blankslide.samples.kit.tiff_layout import Layout, Page, PageSpot

_SPOT = re.compile(r"\{\{([\w.-]+)\}\}")


class Spot(NamedTuple):
    """A value to plant: the id of its finding, and how it is written if not as it is."""

    id: str
    value: str
    base64: bool = False

    @property
    def written(self) -> str:
        """The characters that go into the text."""
        return b64encode(self.value.encode()).decode("ascii") if self.base64 else escape(self.value)


class Planting(NamedTuple):
    """One planted copy: finding id, value, codec, and where it begins in its text, in bytes."""

    id: str
    value: str
    encoding: str
    start: int
    length: int


class Text(NamedTuple):
    """A filled template."""

    data: bytes
    plantings: tuple[Planting, ...]


def fill(template: str, spots: Mapping[str, Spot | str], encoding: str = "utf-8") -> Text:
    """Fill a template; spots given as plain text are not planted.

    Raises
    ------
    KeyError
        If the template names a spot that is not given.
    """
    data = b""
    plantings = []
    for i, part in enumerate(_SPOT.split(template)):
        spot = spots[part] if i % 2 else part
        if isinstance(spot, str):
            data += spot.encode(encoding)
            continue
        raw = spot.written.encode(encoding)
        kind = "base64" if spot.base64 else encoding
        plantings.append(Planting(spot.id, spot.value, kind, len(data), len(raw)))
        data += raw
    return Text(data, tuple(plantings))


def answer_key(
    name: str,
    vendor: str,
    layout: Layout,
    pages: Sequence[Page],
    roles: Sequence[str],
    texts: Mapping[int, Text],
    kept: Mapping[str, str],
    patient: Patient,
) -> Planted:
    """Write down what a slide holds.

    Parameters
    ----------
    name, vendor
        File name of the slide, registry name of its format.
    layout, pages
        Where its parts stand, and what was written, in chain order.
    roles
        One for each page: ``level``, or that of a picture.
    texts
        Page -> what its description was filled with.
    kept
        Science values by property name.
    """
    pictures = _pictures(layout, pages, roles, patient)
    removed = _planted(layout, pages, texts)
    for role in dict.fromkeys(p.role for p in pictures if p.role != "thumbnail"):
        strips = tuple(s for p in pictures if p.role == role for s in p.strips)
        removed.append(Removed(f"picture.{role}", "", "picture", strips))
    digests = tuple(tiles_digest(map(_data, p.strips)) for p, r in zip(pages, roles, strict=True) if r == "level")
    return Planted(name, vendor, tuple(removed), tuple(Kept(*k) for k in kept.items()), pictures, digests, layout)


def _data(blob: bytes | Blob) -> bytes:
    return blob.data if isinstance(blob, Blob) else blob


def _planted(layout: Layout, pages: Sequence[Page], texts: Mapping[int, Text]) -> list[Removed]:
    found: dict[tuple[str, str, str], list[Range]] = {}
    for i, page in enumerate(pages):
        entries = layout.pages[i].entries
        for planting in texts[i].plantings if i in texts else ():
            where = (entries[270].value_at + planting.start, planting.length)
            found.setdefault((planting.id, planting.value, planting.encoding), []).append(where)
        for tag, finding in TAG_IDS.items():
            value = page.tags.get(tag)
            if value is not None and value.type == ASCII and isinstance(value.items, bytes):
                data = value.items.rstrip(b"\0")
                key = (finding, data.decode("latin-1"), "latin-1")
                found.setdefault(key, []).append((entries[tag].value_at, len(data)))
    return [Removed(*key, tuple(sorted(set(places)))) for key, places in found.items()]


def _pictures(layout: Layout, pages: Sequence[Page], roles: Sequence[str], patient: Patient) -> tuple[Picture, ...]:
    from blankslide.samples.kit.drawing import label_lines

    words = (*label_lines(patient), patient.accession)
    out = []
    for i, (page, role) in enumerate(zip(pages, roles, strict=True)):
        if role != "level":
            width, height = (int(page.tags[tag].items[0]) for tag in (256, 257))
            strips = tuple(_all_strips(layout.pages[i]))
            out.append(Picture(role, i, width, height, strips, words if role in ("label", "macro") else ()))
    return tuple(out)


def _all_strips(spot: PageSpot) -> Iterable[Range]:
    yield from spot.strips
    for children in spot.children.values():
        for child in children:
            yield from _all_strips(child)
