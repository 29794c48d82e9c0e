"""All that decides about one Philips TIFF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.samples.kit.patients import Patient
    from blankslide.samples.kit.tiff_values import Value


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one Philips TIFF.

    Attributes
    ----------
    pages, base64
        Which pictures stand as pages, and which in the XML.
    size, tile, factors
        Pixels of level 0 (made a multiple of the tile), edge of a tile, downsampling of levels.
    mpp
        Micrometres per pixel, across and down.
    label_size, macro_size
        Width and height of the pictures.
    objects
        Order of the scanned images in the XML.
    data_first
        Whether an object's data stands before its type.
    values
        Values to put in place of the patient's, by name in the XML.
    xml
        A description in place of the composed one.
    behind
        Bytes behind the XML's final NUL.
    sparse
        Whether the second tile of level 0 is left out.
    tags
        Role -> tags to add; ``all`` for every page.
    """

    patient: Patient
    pages: tuple[str, ...] = ("label", "macro")
    base64: tuple[str, ...] = ("label", "macro")
    size: tuple[int, int] = (1024, 768)
    tile: int = 256
    factors: tuple[int, ...] = (1, 2, 4)
    mpp: tuple[float, float] = (0.25, 0.26)
    label_size: tuple[int, int] = (200, 240)
    macro_size: tuple[int, int] = (640, 216)
    objects: tuple[str, ...] = ("macro", "level", "label")
    data_first: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    xml: bytes | None = None
    behind: bytes = b""
    sparse: bool = True
    tags: Mapping[str, Mapping[int, Value]] = field(default_factory=dict)
    big: bool = False
    seed: int = 7
