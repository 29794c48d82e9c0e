"""Collects findings by id, so that one field in many places is one finding.

A slide can have the same field in half a million tiles, and a hostile one repeats a line of its key
file a million times. So each place, edit and value is kept once, in the order in which they came.
Adding one costs the same however many there are. Beyond ``limit`` the slide is refused.

A name of a dye or marker stays (`FindingCollector.name`), unless the slide has it elsewhere as a person's name: a
channel called Green is science, but not where the operator is called so. That is known only at the end.

Promise: a finding is weak only if all its places are, whatever came first. Values are kept wrapped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from blankslide.errors import DamagedSlide
from blankslide.model import Finding, PhiClass, Place
from blankslide.model.patterns import pattern
from blankslide.model.sensitive import Sensitive

if TYPE_CHECKING:
    from blankslide.model import Edit, Room

DIRECT, QUASI, DEVICE, LINK, PATH, IMAGE, UNKNOWN = (
    PhiClass.DIRECT,
    PhiClass.QUASI,
    PhiClass.DEVICE,
    PhiClass.LINK,
    PhiClass.PATH,
    PhiClass.IMAGE,
    PhiClass.UNKNOWN,
)
_PERSON = pattern(
    r"\.(?:[\w-]*-)?(?:user|operator|experimenter|person|patient|physician|pathologist|author|first-?name|middle-?name"
    r"|last-?name|display-?name|owner|technician)"
)
"""Ids of fields that hold a person's name."""
_LETTERS = pattern(r"[^\W\d_]{3,}")
MOST = 1 << 20
"""More places than any slide has that can be edited."""
_FEW, _BYTES_EACH = 1 << 13, 1 << 7
TOO_MANY = "the slide has more to remove than any scanner writes"


def places_in(size: int) -> int:
    """Return how many places a file of some bytes can have at most: a small one is answered in little time."""
    return min(MOST, max(_FEW, size // _BYTES_EACH))


class _Kind:
    """What has been collected under one id."""

    __slots__ = ("cls", "edits", "left", "places", "rooms", "title", "values", "weak")

    def __init__(self, title: str, cls: PhiClass) -> None:
        self.title, self.cls, self.weak = title, cls, True
        self.places: dict[Place, None] = {}
        self.edits: dict[Edit, None] = {}
        self.rooms: dict[Room, None] = {}
        #: Pictures that no edit removes, beside others of the same name that go.
        self.left: dict[Place, None] = {}
        #: Distinct values by their hashes; where two share one, the next number is the second's.
        self.values: dict[int, Sensitive[str]] = {}

    def add_value(self, value: str) -> None:
        """Keep a value once, wrapped from here on."""
        at = hash(value)
        while (known := self.values.get(at)) is not None:
            if known.reveal() == value:
                return
            at += 1
        self.values[at] = Sensitive(value)


class FindingCollector:
    """See the module.

    Parameters
    ----------
    limit
        The largest number of places, over all findings; `MOST` by default. A database can need more.
    encoding
        How values are encoded in the file; it can be set later, but before `finish`.
    """

    def __init__(self, limit: int | None = None, encoding: str = "latin-1") -> None:
        self.encoding = encoding
        self._limit = MOST if limit is None else limit
        self._kinds: dict[str, _Kind] = {}
        self._names: list[tuple[str, str, Place, tuple[Edit, ...], Sensitive[str]]] = []
        self._added = 0

    def bound(self, size: int) -> None:
        """Allow no more places than a file of some bytes can have."""
        self._limit = min(self._limit, places_in(size))

    def name(self, id: str, title: str, place: Place, edits: Iterable[Edit], value: str) -> None:
        """Note the name of a dye or marker: it stays, unless it stands elsewhere in the slide as a person's.

        Raises
        ------
        DamagedSlide
            If there are more places than the limit.
        """
        self._added += 1
        if self._added > self._limit:
            raise DamagedSlide(TOO_MANY)
        self._names.append((id, title, place, tuple(edits), Sensitive(value)))

    def _persons(self) -> set[str]:
        """Return the names of persons, and the words of which they consist."""
        kinds = [kind for name, kind in self._kinds.items() if kind.cls is DIRECT and _PERSON.search(name)]
        whole = [value.reveal().strip().casefold() for kind in kinds for value in kind.values.values()]
        return {*whole, *(word for text in whole for word in _LETTERS.findall(text))}

    def add(
        self,
        id: str,
        title: str,
        cls: PhiClass,
        place: Place,
        edits: Iterable[Edit],
        value: str | None,
        weak: bool = False,
        rooms: Iterable[Room] = (),
    ) -> None:
        """Record one place of a finding.

        Parameters
        ----------
        value
            The text that stands there, or None for pictures and blobs.
        weak
            Whether this place identifies only with much context. The finding is weak if all its places are.
        rooms
            Pictures in whose room a new label may be drawn.

        Raises
        ------
        DamagedSlide
            If there are more places than the limit.
        """
        kind = self._kinds.get(id)
        if kind is None:
            kind = self._kinds[id] = _Kind(title, cls)
        if not weak:
            kind.weak = False
        self._added += 1
        if self._added > self._limit:
            raise DamagedSlide(TOO_MANY)
        kind.places[place] = None
        new = dict.fromkeys(edits)
        if new:
            kind.edits.update(new)
        elif cls is IMAGE:
            kind.left[place] = None
        for room in rooms:  # not by way of a second dict: a room takes long to hash
            kind.rooms[room] = None
        if value is None:
            return
        at = hash(value)  # here as well as in `add_value`, whose call costs as much as the rest
        if at in kind.values:
            kind.add_value(value)
        else:
            kind.values[at] = Sensitive(value)

    def add_spans(
        self,
        id: str,
        title: str,
        cls: PhiClass,
        where: str,
        spans: Iterable[tuple[int, int]],
        edits: Iterable[Edit],
        value: str | None = None,
        weak: bool = False,
        rooms: Iterable[Room] = (),
    ) -> None:
        """Record one value that stands in several pieces ``[start, end)`` of the main file.

        Raises
        ------
        DamagedSlide
            As `add`.
        """
        places = [Place(0, where, start, end) for start, end in spans]
        kind = self._kinds.get(id)
        if kind is None:
            kind = self._kinds[id] = _Kind(title, cls)
        if not weak:
            kind.weak = False
        self._added += len(places)
        if self._added > self._limit:
            raise DamagedSlide(TOO_MANY)
        kind.places.update(dict.fromkeys(places))
        kind.edits.update(dict.fromkeys(edits))
        kind.rooms.update(dict.fromkeys(rooms))
        if value is not None:
            kind.add_value(value)

    def finish(self) -> tuple[Finding, ...]:
        """Return the findings in the order in which their first place was seen."""
        persons = self._persons() if self._names else set()
        for id_, title, place, edits, said in self._names:
            if said.reveal().strip().casefold() in persons:
                self.add(id_, title, DIRECT, place, edits, said.reveal())
        self._names.clear()
        out = []
        for name, kind in self._kinds.items():
            first, *rest = kind.values.values() if kind.values else (None,)
            places, edits = tuple(kind.places), tuple(kind.edits)
            if kind.left and edits:  # else what stays would be taken for what goes
                out.append(Finding(name, kind.title, kind.cls, tuple(kind.left), ()))
                places = tuple(p for p in places if p not in kind.left)
            more = tuple(rest), self.encoding, tuple(kind.rooms)
            out.append(Finding(name, kind.title, kind.cls, places, edits, first, kind.weak, *more))
        return tuple(out)

    def __repr__(self) -> str:
        return f"<FindingCollector: {len(self._kinds)} findings>"
