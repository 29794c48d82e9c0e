"""What is in a slide: levels, pictures, findings and who owns each byte.

Nothing here reads a file or decides. Values travel wrapped in `Sensitive`.
"""

# No `from __future__ import annotations`: each field of a tuple would be compiled again at every start.
from typing import TYPE_CHECKING, NamedTuple

from blankslide.model.classes import PhiClass
from blankslide.model.edits import Room
from blankslide.model.shown import html_of

if TYPE_CHECKING:
    from blankslide.model.edits import Chain, Edit
    from blankslide.model.sensitive import Sensitive
    from blankslide.spans import ByteMap


class Place(NamedTuple):
    """One place a finding stands in: bytes ``[start, end)`` of a file."""

    file: int
    where: str
    start: int
    end: int


class Finding:
    """Something in the slide that can identify, or that we do not know.

    Parameters
    ----------
    id
        Stable dotted name, ``vendor.store.field``, e.g. ``aperio.description.user``.
    title
        The same for a person: ``User``.
    cls
        What it can reveal.
    places
        Every place it stands in.
    edits
        What removing it takes.
    value
        The text itself (first place), or None for pictures and blobs.
    weak
        Identifies only with much context (plain model name, thumbnail, profile date).
    values
        Further distinct texts of the other places, for the search after the edit.
    encoding
        How the value is encoded where it stands.
    rooms
        Of a label or macro: the pictures in whose room a new label may be drawn.
    """

    __slots__ = ("cls", "edits", "encoding", "id", "places", "rooms", "title", "value", "values", "weak")

    def __init__(
        self,
        id: str,
        title: str,
        cls: PhiClass,
        places: tuple[Place, ...],
        edits: "tuple[Edit, ...]",
        value: "Sensitive[str] | None" = None,
        weak: bool = False,
        values: "tuple[Sensitive[str], ...]" = (),
        encoding: str = "latin-1",
        rooms: tuple[Room, ...] = (),
    ) -> None:
        self.id = id
        self.title = title
        self.cls = cls
        self.places = places
        self.edits = edits
        self.value = value
        self.weak = weak
        self.values = values
        self.encoding = encoding
        self.rooms = rooms

    @property
    def is_picture(self) -> bool:
        """Whether this is an associated image rather than a field."""
        return self.cls is PhiClass.IMAGE

    def __repr__(self) -> str:
        return f"<Finding {self.id} {self.cls.value} in {len(self.places)} places>"


class Level(NamedTuple):
    """One resolution, in pixels; ``child`` counts the SubIFDs of ``page`` where it is one of them (OME-TIFF)."""

    width: int
    height: int
    tile_width: int
    tile_height: int
    page: int
    child: int | None = None


class AssociatedImage(NamedTuple):
    """A picture beside the pyramid: ``label``, ``macro``, ``thumbnail`` or ``unknown``.

    ``at`` says where a whole coded picture stands: name of the member (empty: the main file), start, end.
    ``file`` is the file that ``page`` is counted in, where that is a slide of its own (NDPIS). ``like_a_level`` says
    that words alone tell it from a level, because its shape is one's: before it is drawn over, its pixels must. Then
    ``page`` is the number of its file.
    """

    role: str
    width: int
    height: int
    page: int
    codec: str
    at: tuple[str, int, int] | None = None
    file: int = 0
    like_a_level: bool = False


class OwnPicture(NamedTuple):
    """A picture that an earlier run has drawn.

    It is a label, with its text, a macro of which a rectangle is blank, or a blank one. ``spans`` are the bytes that
    the drawing explains. The rectangle is left, top, right and bottom in pixels, right and bottom not in it; with it
    goes the finding that the macro would be if what is left of it is not to stay.
    """

    room: Room
    text: str | None = None
    spans: tuple[tuple[int, int], ...] = ()
    mask: tuple[int, int, int, int] | None = None
    finding: Finding | None = None

    @property
    def speaks(self) -> bool:
        """Whether something can be seen in it."""
        return self.text is not None or self.mask is not None


class SlideFile(NamedTuple):
    """One file of the slide: its name inside the slide's folder, and its size in bytes."""

    name: str
    size: int


class Inspection:
    """What is in a slide. Holds sensitive values, wrapped; its repr shows none.

    Attributes
    ----------
    format, title
        Registry name (``aperio``) and the words for people (``Aperio SVS``).
    files
        The slide's files, the main one first.
    levels, associated
        Pyramid and pictures, largest level first.
    findings
        What can identify, or what nobody knows.
    mpp, objective
        Micrometres per pixel (x, y), and objective power; or None.
    kept
        Names of the science fields that stay, with the place of their legal value.
    maps
        One byte map for each file.
    chains
        Pages that can be unlinked, as they are linked.
    complete
        Whether the format declares that it knows an owner for every byte.
    notes
        Sentences for the person, without values.
    drawn
        Pictures of an earlier run in whose room a new label may be drawn.
    labelled
        Findings that are no more than labels of an earlier run: nobody reports them, but they can be asked to go.
    beside, torn, left
        Files of its study that are no part of it: names for the person, number of those of its series, sentences.
    """

    __slots__ = (
        "associated", "beside", "chains", "complete", "drawn", "files", "findings", "format", "kept", "labelled",
        "left", "levels", "maps", "mpp", "notes", "objective", "title", "torn",
    )  # fmt: skip

    def __init__(
        self,
        format: str,
        title: str,
        files: tuple[SlideFile, ...],
        levels: tuple[Level, ...],
        associated: tuple[AssociatedImage, ...],
        findings: tuple[Finding, ...],
        maps: "tuple[ByteMap, ...]",
        mpp: tuple[float, float] | None = None,
        objective: float | None = None,
        kept: tuple[Place, ...] = (),
        chains: "tuple[Chain, ...]" = (),
        complete: bool = False,
        notes: tuple[str, ...] = (),
        beside: tuple[str, ...] = (),
        torn: int = 0,
        left: tuple[str, ...] = (),
        drawn: tuple[OwnPicture, ...] = (),
        labelled: tuple[Finding, ...] = (),
    ) -> None:
        self.format = format
        self.title = title
        self.files = files
        self.levels = levels
        self.associated = associated
        self.findings = findings
        self.maps = maps
        self.mpp = mpp
        self.objective = objective
        self.kept = kept
        self.chains = chains
        self.complete = complete
        self.notes = notes
        self.beside = beside
        self.torn = torn
        self.left = left
        self.drawn = drawn
        self.labelled = labelled

    def __repr__(self) -> str:
        return (
            f"<Inspection {self.format}: {len(self.levels)} levels, {len(self.associated)} "
            f"associated images, {len(self.findings)} findings>"
        )

    def _repr_html_(self) -> str | None:
        """Show the read-only card in a notebook, values masked."""
        return html_of(self)
