"""What removing a finding takes: edits, and the structures they refer to.

``file`` is always an index into ``Inspection.files``; offsets and lengths are bytes.
"""

# No `from __future__ import annotations`: each field of a tuple would be compiled again at every start.
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, overload

if TYPE_CHECKING:
    from blankslide.model.classes import Action


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


class Cut(NamedTuple):
    """Remove ``[start, end)``, counted in the file, from a text block."""

    block: TextBlock
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


class Slots(Sequence[Slot]):
    """The slots of a page; each is made only when somebody asks for it.

    Pictures have hundreds, and of most slides nobody asks for one.

    Parameters
    ----------
    starts, ends
        Where each begins and ends.
    width, height
        Their size in pixels.
    last
        Every so many slots one has another height, and that height; none has if the first number is 0.
    """

    __slots__ = ("_last", "_size", "ends", "starts")

    def __init__(
        self, starts: tuple[int, ...], ends: tuple[int, ...], width: int, height: int, last: tuple[int, int] = (0, 0)
    ) -> None:
        self.starts, self.ends = starts, ends
        self._size, self._last = (width, height), last

    def _slot(self, index: int) -> Slot:
        width, height = self._size
        every, other = self._last
        return Slot(self.starts[index], self.ends[index], width, height if not every or (index + 1) % every else other)

    @property
    def _numbers(self) -> tuple[object, ...]:
        return self.starts, self.ends, self._size, self._last

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[Slot]:
        return map(self._slot, range(len(self.starts)))

    @overload
    def __getitem__(self, index: int) -> Slot: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Slot, ...]: ...

    def __getitem__(self, index: int | slice) -> "Slot | tuple[Slot, ...]":
        numbers = range(len(self.starts))[index]
        return self._slot(numbers) if isinstance(numbers, int) else tuple(map(self._slot, numbers))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slots) and self._numbers == other._numbers

    def __hash__(self) -> int:
        return hash((self.starts, self._size))

    def __repr__(self) -> str:
        return repr(tuple(self))


class Coding(NamedTuple):
    """How a picture is coded, in TIFF's numbers.

    ``samples`` counts those in one slot, ``sampling`` says how many luma samples share a
    chroma sample (across, down), ``tables`` where shared JPEG tables stand, ``order`` how bytes
    of larger samples follow each other.
    """

    compression: int
    photometric: int = 2
    bits: int = 8
    samples: int = 3
    predictor: int = 1
    sampling: tuple[int, int] = (1, 1)
    tables: tuple[int, int] | None = None
    order: Literal["little", "big"] = "little"


class Blank(NamedTuple):
    """Draw a blank picture over the page ``owner``, which stays linked."""

    file: int
    owner: str
    coding: Coding
    slots: Sequence[Slot]


class Rewrite(Protocol):
    """A structure whose changes depend on each other, so that it is composed as one.

    A DICOM header of constant length or the pages of a database cannot be changed finding by
    finding: what one gives up, another takes. Such a format makes one object of this kind and
    gives its findings `Part` edits that hold it; the planner calls it once, with everything that
    goes. It must not define ``__eq__``: two parts belong together if they hold the same object.

    If it has a method ``grown``, that is called instead for the plan of a copy: like `writes`, but
    a `Write` may there have ``replaces``, and what follows moves.
    """

    def writes(self, parts: Sequence[tuple[str, "Action"]], key: bytes | None) -> Sequence[Write]:
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


class Part(NamedTuple):
    """Take ``what`` out of a structure, or replace it there; ``rewrite`` composes the structure."""

    rewrite: Rewrite
    what: str


Edit = Cut | Fill | Write | Drop | Blank | Part


class Held(Protocol):
    """A picture whose bytes do not stand in the file as they are: it is in base64, or in pieces."""

    @property
    def data(self) -> bytes:
        """Its bytes; a slot counts them from 0."""

    def writes(self, data: bytes) -> Sequence[Write]:
        """Write as many other bytes in their place."""


class Pointers(NamedTuple):
    """Where a page says where its slots begin, and how long they are: two arrays of numbers, each as many as slots.

    ``wide`` says how many bytes a number of ``starts`` and of ``lengths`` has.
    """

    starts: int
    lengths: int
    wide: tuple[int, int]


class Room(NamedTuple):
    """Where a new label may be drawn instead of removing or blanking a picture.

    Attributes
    ----------
    blank
        The picture's slots and how they are coded, as for a blank picture; ``owner`` is the page's.
    role
        ``label``, or ``macro``: then only its label end is drawn on.
    width, height
        Size of the whole picture in pixels.
    at
        Where the picture begins in its file: its directory, or its own first byte.
    instead, also
        Edits of the finding that a new label takes the place of, and those that are done with it as well.
    held
        Where the picture does not stand in the file as it is: then slots count its own bytes.
    last
        Of a macro: its label end is the right or lower one.
    pointers
        Where the slots' borders can be moved, inside of the bytes that they have together.
    """

    blank: Blank
    role: str
    width: int
    height: int
    at: int
    instead: tuple[Edit, ...] = ()
    also: tuple[Edit, ...] = ()
    held: Held | None = None
    pointers: Pointers | None = None
    last: bool = False


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
