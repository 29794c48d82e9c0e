"""Findings of a slide that can have a hundred thousand places of one kind; iSyntax headers too.

A MIRAX slide repeats its records for each camera position, and a hostile one repeats a line of
its key file a million times. So places, edits and values are kept in the order in which they
came, each once, and adding one costs the same however many there are. Beyond all reason the
slide is refused, since each of them costs memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from blankslide.errors import DamagedSlide
from blankslide.formatkit.findings import Findings
from blankslide.model import Finding
from blankslide.model.sensitive import Sensitive

if TYPE_CHECKING:
    from blankslide.model import Edit, PhiClass, Place

MOST = 1 << 20
"""More places than any slide has that could be edited."""


class _Kind:
    """All that is known of one id."""

    __slots__ = ("cls", "edits", "places", "title", "values", "weak")

    def __init__(self, title: str, cls: PhiClass, weak: bool) -> None:
        self.title, self.cls, self.weak = title, cls, weak
        self.places: dict[Place, None] = {}
        self.edits: dict[Edit, None] = {}
        self.values: dict[str, None] = {}


class ManyFindings(Findings):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[str, _Kind] = {}
        self._added = 0

    def add(
        self,
        id: str,
        title: str,
        cls: PhiClass,
        place: Place,
        edits: Iterable[Edit],
        value: str | None,
        weak: bool = False,
    ) -> None:
        """Record one place of a finding; strong wins over weak when places differ.

        Raises
        ------
        DamagedSlide
            If there are more than `MOST`.
        """
        self._added += 1
        if self._added > MOST:
            raise DamagedSlide("the slide has more to remove than any scanner writes")
        kind = self._kinds.get(id)
        if kind is None:
            kind = self._kinds[id] = _Kind(title, cls, weak)
        kind.weak = kind.weak and weak
        kind.places[place] = None
        kind.edits.update(dict.fromkeys(edits))
        if value is not None:
            kind.values[value] = None

    def finish(self) -> tuple[Finding, ...]:
        """Return the findings in the order in which their first place was seen."""
        out = []
        for name, kind in self._kinds.items():
            wrapped = tuple(Sensitive(v) for v in kind.values)
            first, values = (wrapped[0] if wrapped else None), wrapped[1:]
            out.append(
                Finding(name, kind.title, kind.cls, tuple(kind.places), tuple(kind.edits), first, kind.weak, values)
            )
        return tuple(out)
