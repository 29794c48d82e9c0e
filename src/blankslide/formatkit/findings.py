"""Collects findings by id, so that one field in many places is one finding."""

from __future__ import annotations

from collections.abc import Iterable

from blankslide.model import Edit, Finding, PhiClass, Place
from blankslide.model.sensitive import Sensitive

DIRECT, QUASI, DEVICE, LINK, PATH, IMAGE, UNKNOWN = (
    PhiClass.DIRECT,
    PhiClass.QUASI,
    PhiClass.DEVICE,
    PhiClass.LINK,
    PhiClass.PATH,
    PhiClass.IMAGE,
    PhiClass.UNKNOWN,
)


class Findings:
    """Collects findings by id, so that one field in many places is one finding."""

    def __init__(self) -> None:
        # sets that keep their order: a slide may have text in each of half a million tiles
        self._found: dict[str, tuple[str, PhiClass, bool, dict[Place, None], dict[Edit, None], dict[str, None]]] = {}

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
        """Record one place of a finding; strong wins over weak when places differ."""
        known = self._found.get(id)
        if known is None:
            values = {} if value is None else {value: None}
            self._found[id] = (title, cls, weak, {place: None}, dict.fromkeys(edits), values)
            return
        _, _, was_weak, places, there, values = known
        places[place] = None
        there.update(dict.fromkeys(edits))
        if value is not None:
            values[value] = None
        if was_weak and not weak:
            self._found[id] = (title, cls, False, *known[3:])

    def finish(self) -> tuple[Finding, ...]:
        """Return the findings in the order in which their first place was seen."""
        out = []
        for name, (title, cls, weak, places, edits, values) in self._found.items():
            wrapped = [Sensitive(v) for v in values]
            first = wrapped[0] if wrapped else None
            out.append(Finding(name, title, cls, tuple(places), tuple(edits), first, weak, tuple(wrapped[1:])))
        return tuple(out)
