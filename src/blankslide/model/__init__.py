"""The nouns that pass between the stages: finding, edit, patch, plan, outcome.

Everything here is data. Nothing here reads a file, decides or writes. Small tuples
(`NamedTuple`) are used where a slide has many of a thing, slotted dataclasses elsewhere.
``file`` is always an index into ``Inspection.files``; offsets and lengths are bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from blankslide.model.sensitive import Sensitive
    from blankslide.spans import ByteMap


class PhiClass(str, Enum):
    """What a finding can reveal; letters of the format map."""

    DIRECT = "D"
    QUASI = "Q"
    DEVICE = "V"
    LINK = "K"
    PATH = "P"
    IMAGE = "I"
    SCIENCE = "S"
    UNKNOWN = "?"


class Action(str, Enum):
    """What happens to a finding: DICOM PS3.15 Annex E codes."""

    KEEP = "K"
    REMOVE = "X"
    ZERO = "Z"
    DUMMY = "D"
    CLEAN = "C"
    UID = "U"


class Place(NamedTuple):
    """One place a finding stands in: bytes ``[start, end)`` of a file."""

    file: int
    where: str
    start: int
    end: int


class Cut(NamedTuple):
    """Remove ``[start, end)`` from text block ``block``; the block's tail moves up."""

    block: int
    start: int
    end: int


class Fill(NamedTuple):
    """Overwrite ``[start, end)`` with one byte value."""

    file: int
    start: int
    end: int
    byte: int = 0


class Write(NamedTuple):
    """Overwrite the bytes at ``start`` with ``data`` (never a removed value).

    ``replaces`` counts the bytes that go where they are not as many as come: in copies only. ``rank`` as in `Rank`.
    """

    file: int
    start: int
    data: bytes
    replaces: int | None = None
    rank: int = 0


class Drop(NamedTuple):
    """Unlink the page ``owner`` and zero every byte that only dropped owners refer to."""

    owner: str


class Slot(NamedTuple):
    """The room ``[start, end)`` of one strip, tile or stream, and its size in pixels."""

    start: int
    end: int
    width: int
    height: int


class Coding(NamedTuple):
    """How a picture is coded, in TIFF's numbers.

    ``samples`` counts those in one slot, ``sampling`` says how many luma samples share a
    chroma sample (across, down), ``tables`` where shared JPEG tables stand.
    """

    compression: int
    photometric: int = 2
    bits: int = 8
    samples: int = 3
    predictor: int = 1
    sampling: tuple[int, int] = (1, 1)
    tables: tuple[int, int] | None = None


class Blank(NamedTuple):
    """Draw a blank picture over the page ``owner``, which stays linked."""

    file: int
    owner: str
    coding: Coding
    slots: tuple[Slot, ...]


class Part(NamedTuple):
    """Take ``what`` out of, or replace it in, rewrite number ``rewrite`` of the inspection."""

    rewrite: int
    what: str


Edit = Cut | Fill | Write | Drop | Blank | Part


class Rewrite(Protocol):
    """A structure whose changes depend on each other, so that it is composed as one.

    A DICOM header of constant length or the pages of a database cannot be changed finding by
    finding: what one gives up, another takes. Such a format gives its findings `Part` edits and
    the inspection one object of this kind; the planner calls it once, with everything that goes.

    If it has a method ``grown``, that is called instead for the plan of a copy: like `writes`, but
    a `Write` may there have ``replaces``, and what follows moves.
    """

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Return the new bytes; lengths stay.

        Parameters
        ----------
        parts
            ``what`` of each part, and what the policy wants done with it.
        key
            The site's key for consistent replacements, or None.

        Raises
        ------
        NotEditable
            If it does not fit.
        """


class TextBlock(NamedTuple):
    """A text store of fixed length, ``[start, end)``, in which cuts are made.

    ``pad`` fills the room that cuts leave. With ``compact`` the rest moves up and the
    padding stands at the end; otherwise it stands where the cut was.
    """

    file: int
    start: int
    end: int
    pad: bytes = b"\0"
    compact: bool = True


class Link(NamedTuple):
    """One pointer of a chain: where it stands and which page it leads to."""

    pos: int
    owner: str
    target: int


class Chain(NamedTuple):
    """A singly linked list of pages in one file.

    ``links[i].pos`` holds the pointer to page ``i``; the last page's own pointer is
    followed by ``tail`` (0, or where the chain goes on unread).
    """

    file: int
    width: int
    byteorder: Literal["little", "big"]
    links: tuple[Link, ...]
    tail: int = 0


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
    """

    __slots__ = ("cls", "edits", "encoding", "id", "places", "title", "value", "values", "weak")

    def __init__(
        self,
        id: str,
        title: str,
        cls: PhiClass,
        places: tuple[Place, ...],
        edits: tuple[Edit, ...],
        value: Sensitive[str] | None = None,
        weak: bool = False,
        values: tuple[Sensitive[str], ...] = (),
        encoding: str = "latin-1",
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
    """

    role: str
    width: int
    height: int
    page: int
    codec: str
    at: tuple[str, int, int] | None = None


class SlideFile(NamedTuple):
    """One file of the slide: its name inside the slide's folder, and its size in bytes."""

    name: str
    size: int


@dataclass(slots=True)
class Inspection:
    """What is in a slide. Holds sensitive values, wrapped; its repr shows none.

    Attributes
    ----------
    format, title
        Registry name (``aperio``) and the words for people (``Aperio SVS``).
    levels, associated
        Pyramid and pictures, largest level first.
    mpp, objective
        Micrometres per pixel (x, y), and objective power; or None.
    kept
        Names of the science fields that stay, with the place of their legal value.
    maps
        One byte map for each file.
    complete
        Whether the format declares that it knows an owner for every byte.
    rewrites
        Structures that are composed as one; `Part` edits name them by number.
    notes
        Sentences for the person, without values.
    beside, torn, left
        Files of its study that are no part of it: names for the person, number of those of its series, sentences.
    """

    format: str
    title: str
    files: tuple[SlideFile, ...]
    levels: tuple[Level, ...]
    associated: tuple[AssociatedImage, ...]
    findings: tuple[Finding, ...]
    maps: tuple[ByteMap, ...]
    mpp: tuple[float, float] | None = None
    objective: float | None = None
    kept: tuple[Place, ...] = ()
    blocks: tuple[TextBlock, ...] = ()
    chains: tuple[Chain, ...] = ()
    complete: bool = False
    notes: tuple[str, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    beside: tuple[str, ...] = ()
    torn: int = 0
    left: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<Inspection {self.format}: {len(self.levels)} levels, {len(self.associated)} "
            f"associated images, {len(self.findings)} findings>"
        )

    def _repr_html_(self) -> str:
        """Show the read-only card in a notebook, values masked."""
        from blankslide.presentation.html_card import inspection_card

        return inspection_card(self)


class Rank:
    """Order of writing: any prefix of it leaves a slide that still parses."""

    PAYLOAD = 0
    LENGTH = 1
    POINTER = 2
    RELEASED = 3


class Patch(NamedTuple):
    """New bytes for ``[offset, offset + length)`` of one file.

    ``data`` is None for a fill with ``byte``; in a copy its length may be another. Never holds a removed value.
    """

    file: int
    offset: int
    length: int
    data: bytes | None
    byte: int = 0
    rank: int = Rank.PAYLOAD


class Decision(NamedTuple):
    """What the policy says of one finding."""

    id: str
    title: str
    cls: PhiClass
    action: Action
    number: int
    where: str
    identifying: bool

    @property
    def public_id(self) -> str:
        """The id for others' eyes: an unknown field's key may itself be somebody's name."""
        if self.cls is not PhiClass.UNKNOWN:
            return self.id
        kept = self.id.split(".")[:-1][:2]  # vendor and store: an element around the field may be a name too
        return ".".join((*kept, "unknown"))


@dataclass(slots=True)
class Plan:
    """Which bytes will change, and why. Holds no removed value.

    Attributes
    ----------
    profile
        Name of the policy profile.
    decisions
        One for each finding.
    patches
        Sorted by rank, then file, then offset; disjoint; proven to meet no tissue.
    left
        Sentences naming what stays although it may identify; empty when clean is possible.
    """

    profile: str
    decisions: tuple[Decision, ...]
    patches: tuple[Patch, ...]
    left: tuple[str, ...] = ()

    @property
    def bytes_changed(self) -> int:
        """Number of bytes that the patches cover."""
        return sum(p.length for p in self.patches)

    def __repr__(self) -> str:
        # Patches hold whole kept texts, and a notebook saves what a cell shows.
        return f"<Plan {self.profile}: {len(self.decisions)} findings, {len(self.patches)} patches>"

    def _repr_html_(self) -> str:
        """Show the read-only card in a notebook."""
        from blankslide.presentation.html_card import plan_card

        return plan_card(self)


Content = Literal["clean", "untouched", "pending", "residue"]
Medium = Literal["overwritten", "relocated", "shared", "unknown"]
NameVerdict = Literal["plain", "identifying", "unknown"]


@dataclass(slots=True)
class Outcome:
    """What happened to one slide. Three answers that are never merged.

    Attributes
    ----------
    content
        State of the bytes in the file.
    medium
        Whether the old bytes can still be on the storage device.
    name
        Whether the file name itself can identify.
    readers
        Independent readers that agreed before and after.
    residue
        Ids or sentences of what is left, without values.
    coincidences
        Ids whose removed value also occurs inside a kept field's own legal value.
    seconds
        Time for each stage.
    target
        Name of the finished copy, or the new name of a slide that was renamed; else empty.
    copied
        Whether the result is a copy; the slide itself still holds everything.
    tissue
        BLAKE2b-256 of all coded tissue before and after, where all of it was read.
    sidecars
        Names of files that belong to the slide and were left as they are.
    """

    content: Content
    medium: Medium = "unknown"
    name: NameVerdict = "unknown"
    format: str = ""
    title: str = ""
    profile: str = ""
    decisions: tuple[Decision, ...] = ()
    readers: tuple[str, ...] = ()
    residue: tuple[str, ...] = ()
    coincidences: tuple[str, ...] = ()
    bytes_written: int = 0
    writes: int = 0
    transaction: str = ""
    ledger_sequence: int | None = None
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    strict_name: bool = False
    target: str = field(default="", repr=False)
    copied: bool = False
    tissue: tuple[str, str] = ("", "")
    sidecars: tuple[str, ...] = field(default=(), repr=False)

    @property
    def exit_code(self) -> int:
        """Exit code of the command-line contract."""
        if self.content == "pending":
            return 5
        if self.content == "residue":
            return 1
        return 1 if self.strict_name and (self.name == "identifying" or self.sidecars) else 0

    def __repr__(self) -> str:
        # Titles of unknown fields can be names, so decisions are counted, not listed.
        judges = ", ".join(self.readers) or "nobody"
        return f"<Outcome {self.content}, judged by {judges}: {len(self.decisions)} findings, {self.writes} writes>"

    def _repr_html_(self) -> str:
        """Show the read-only card in a notebook."""
        from blankslide.presentation.html_card import outcome_card

        return outcome_card(self)
