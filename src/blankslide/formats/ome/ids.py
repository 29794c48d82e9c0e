"""Ids of unusual forms in OME-XML: each becomes another id, the same wherever it is referred to.

Ids hold a document together: an annotation is found by its id, so it cannot become blank. An id that a person or
a program made up (``urn:lsid:hospital.example:Image:4711``) becomes ``Image:X0001`` and zeros, with as many bytes as
before. Different ids stay different, and nothing of them remains but their number.

Where planes stand in other files of a set, the UUIDs say which: they stay different, with and without a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.formatkit.replacements import replace
from blankslide.model import Action, Part, Write
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.containers.xml import Element

__all__ = ["IDS", "Ids", "Uuids", "is_own"]

_KINDS = (
    "Annotation|AnnotationRef|Arc|BinaryFile|BooleanAnnotation|Channel|CommentAnnotation|Dataset|Detector|Dichroic"
    "|DoubleAnnotation|Ellipse|Experiment|Experimenter|ExperimenterGroup|Filament|FileAnnotation|Filter|FilterSet|Folder"
    "|GenericExcitationSource|Group|Image|Instrument|Label|Laser|LightEmittingDiode|LightSource|Line|ListAnnotation"
    "|LongAnnotation|LogicalChannel|MapAnnotation|Mask|MicrobeamManipulation|Microscope|Module|OTF|Objective"
    "|ObjectiveSettings|Original|OriginalMetadata|Pixels|Plane|Plate|PlateAcquisition|Point|Polygon|Polyline|Project"
    "|Pyramid|ROI|Reagent|Rectangle|Resolution|Screen|Shape|StructuredAnnotations?|TagAnnotation|TermAnnotation"
    "|Thumbnail|TimestampAnnotation|Tile|Transform|Union|Well|WellSample|XMLAnnotation"
)
#: Ids that programs write by themselves: kinds and small numbers.
IDS = pattern(rf"(?:urn:lsid:openmicroscopy\.org:)?(?:{_KINDS})(?::(?:{_KINDS})){{0,2}}(?::\d{{1,5}}){{1,4}}")
_KIND = pattern(rf"(?:^|:)({_KINDS}):")
_OWN = pattern(rf"(?:(?:{_KINDS}):)?X(\d{{4}})0*|0{{0,2}}(\d{{1,2}})")
_NUMBERED, _FEW = 5, 100


def is_own(value: str) -> bool:
    """Whether an id comes from an earlier run of ours."""
    return _OWN.fullmatch(value) is not None


class Ids:
    """A `Rewrite`: all unusual ids of one slide."""

    def __init__(self) -> None:
        self._places: list[tuple[int, int, str]] = []
        self._ordinals: dict[str, int] = {}
        self._first = 1

    def __repr__(self) -> str:
        return f"<Ids: {len(self._places)} places>"

    def document(self, root: Element) -> None:
        """Note the numbers of ids that an earlier run wrote, so that no other id gets one of them."""
        for element in root.walk():
            own = _OWN.fullmatch(element.value("ID"))
            if own is not None:
                self._first = max(self._first, int(own[1] or own[2]) + 1)

    def part(self, at: int, length: int, value: str) -> Part:
        """Note an id of ``length`` bytes at ``at``, and return the edit that replaces it."""
        self._ordinals.setdefault(value, len(self._ordinals))
        self._places.append((at, length, value))
        return Part(self, "ids")

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> list[Write]:
        """Return the new ids; they do not depend on the key."""
        places = dict.fromkeys(self._places)  # pages may share one text
        return [Write(0, at, self._new(length, value)) for at, length, value in places]

    def _new(self, length: int, value: str) -> bytes:
        number, kind = self._first + self._ordinals[value], _KIND.search(value)
        prefix = f"{kind[1]}:" if kind and len(kind[1]) + 1 + _NUMBERED <= length else ""
        if length - len(prefix) >= _NUMBERED:
            return f"{prefix}X{number % 10**4:04d}".encode().ljust(length, b"0")
        return str(number % _FEW).zfill(length)[-length:].encode()


class Uuids:
    """A `Rewrite`: all UUIDs of one slide.

    Attributes
    ----------
    several
        Whether planes stand in other files.
    """

    def __init__(self) -> None:
        self.several = False
        self._places: list[tuple[int, str]] = []
        self._odd: list[tuple[int, int]] = []

    def __repr__(self) -> str:
        return f"<Uuids: {len(self._places)} places>"

    def part(self, at: int, value: str) -> Part:
        """Note a UUID at ``at``, and return the edit that replaces it."""
        self._places.append((at, value))
        return Part(self, "uuids")

    def odd(self, start: int, end: int) -> Part:
        """Note bytes that are to be a UUID and hold an entity or a wide character: they become blanks."""
        self._odd.append((start, end))
        return Part(self, "uuids")

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> list[Write]:
        """Return the new UUIDs. Zeros for all of them would give the planes of other files to this one."""
        dummies = all(action in (Action.DUMMY, Action.UID) for _, action in parts)

        def new(value: str) -> str:
            if not dummies:
                return " " * len(value)
            return replace(value, key) if key or self.several else "".join("0" if c.isalnum() else c for c in value)

        places = dict.fromkeys(self._places)  # pages may share one text
        emptied = [Write(0, start, b" " * (end - start)) for start, end in dict.fromkeys(self._odd)]
        return [Write(0, at, new(value).encode()) for at, value in places] + emptied
