"""All that decides about one iSyntax file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.samples.kit.patients import Patient


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one iSyntax file.

    Attributes
    ----------
    version
        Of the interface: ``5.0``, or from ``100`` on with clusters in place of a seek table.
    levels, grid
        How many levels there are, and how many blocks the smallest has across and down.
    origin
        Coordinate of the first pixel.
    mpp
        Micrometres per pixel, across and down.
    label_size, macro_size
        Width and height of the pictures.
    objects
        Scanned images in the order of the header; ``label-2`` is a second label.
    data_first
        Whether an object's data stands before its type.
    pictures_first
        Whether the scanned images stand before the other fields.
    wrap
        After how many characters base64 of pictures is broken into lines; 0 for never.
    values
        Values to put in place of the patient's, by name in `isyntax_text`.
    profile
        A colour profile.
    bulk
        Bytes of white space in the header, to make it large.
    blocks
        Whether there are coded blocks at all.
    """

    patient: Patient
    version: str = "5.0"
    levels: int = 3
    grid: tuple[int, int] = (1, 1)
    origin: int = 640
    mpp: tuple[float, float] = (0.25, 0.25)
    label_size: tuple[int, int] = (200, 240)
    macro_size: tuple[int, int] = (640, 216)
    objects: tuple[str, ...] = ("macro", "level", "label")
    data_first: bool = False
    pictures_first: bool = False
    wrap: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    profile: bytes = b""
    bulk: int = 0
    blocks: bool = True
    seed: int = 12

    @property
    def clusters(self) -> bool:
        """Whether the places of blocks stand in the header, by clusters."""
        return int(self.version.partition(".")[0]) >= 100
