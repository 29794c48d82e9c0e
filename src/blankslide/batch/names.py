"""New names for many slides, by a pattern: ``STUDY-{n:04}``, ``{pseudonym}``, ``case-{stem}``.

Every name is known, and every collision told, before anything is written. Copies are numbered by their slides' place in
the queue. Where slides are renamed in place, a name that the pattern could have made is taken for one that it has made:
the slide keeps it, and its number is taken. So a run that was killed goes on where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from blankslide.batch.kept_parts import CASE, KeptParts, require_field
from blankslide.errors import UsageError

if TYPE_CHECKING:
    from pathlib import PurePath

    from blankslide.batch.queue import Task
    from blankslide.policy.identifiers import Identifiers

_FIELDS = {"n": r"(\d+)", "stem": "(.+)", "pseudonym": "(slide-[0-9a-f]{24})"}
_KEPT = r"([^\W_](?:[\w .+-]*[\w+])?)"
KEYED = frozenset(("pseudonym", CASE))
"""Fields that are made with the site's key."""


class _Piece(NamedTuple):
    text: str
    field: str
    width: int


class Naming(Protocol):
    """What gives slides their names.

    Attributes
    ----------
    fields
        Fields of the names: numbers and pseudonyms ask for care.
    """

    @property
    def fields(self) -> frozenset[str]:
        """See the class."""

    def named(self, tasks: Iterable[Task], key: bytes | None, in_place: bool) -> Iterator[Task]:
        """Give every slide its name; one in place that has it already keeps it."""


class Pattern:
    """A pattern for names.

    Parameters
    ----------
    text
        As a person types it; a suffix is added to each name if it lacks one.
    identifiers
        Patterns of the profile, which give a name further fields.

    Raises
    ------
    UsageError
        If it has a field that nobody knows.
    """

    def __init__(self, text: str, identifiers: Sequence[Identifiers] = ()) -> None:
        self._pieces = list(_pieces(text, identifiers))
        parts = [re.escape(piece.text) + _shape(piece.field) for piece in self._pieces]
        self.fields = frozenset(piece.field for piece in self._pieces if piece.field)
        self._kept = KeptParts(identifiers, self.fields)
        if any(sign in piece.text for piece in self._pieces for sign in "/\\"):
            raise UsageError(
                "the new name must be a plain file name, without folders", "say the folder of copies with --out DIR"
            )
        if sum(piece.field == "n" for piece in self._pieces) > 1:
            raise UsageError("{n} stands twice in the name")
        self._made = re.compile("".join(parts), re.DOTALL)

    def name(self, task: Task, number: int, key: bytes | None, kept: Mapping[str, str] | None = None) -> str:
        """Return the name of a slide.

        Parameters
        ----------
        kept
            Parts of its present name that stay.

        Raises
        ------
        UsageError
            If a pseudonym is wanted and there is no key to make it with.
        """
        out = []
        for piece in self._pieces:
            out.append(piece.text)
            if piece.field == "n":
                out.append(f"{number:0{piece.width}d}")
            elif piece.field == "stem":
                out.append(stem_of(task.path))
            elif piece.field == "pseudonym":
                out.append(_pseudonym(task, key))
            elif piece.field:
                out.append((kept or {})[piece.field])
        return "".join(out)

    def made(self, task: Task) -> int | None:
        """Return the number in a name that the pattern could have made, 0 without one; None if it could not."""
        stem = stem_of(task.path)
        found = self._made.fullmatch(stem)
        if found is None:
            return None
        values = list(zip((piece.field for piece in self._pieces if piece.field), found.groups(), strict=True))
        if self._kept and not self._kept.made(stem, [each for each in values if each[0] not in _FIELDS]):
            return None
        return next((int(value) for field, value in values if field == "n"), 0)

    def named(self, tasks: Iterable[Task], key: bytes | None, in_place: bool) -> Iterator[Task]:
        """Give every slide its name; slides in place that have theirs are left with it."""
        if not in_place:
            for task in tasks:
                yield self._named(task, self._kept_of(task, key), task.number, key)
            return
        waiting = list(tasks)
        have = {task.number: number for task in waiting if (number := self.made(task)) is not None}
        taken, number = set(have.values()), 0
        for task in waiting:
            if task.number in have:
                yield task
                continue
            kept = self._kept_of(task, key)
            if isinstance(kept, Mapping):  # a slide that gets no name takes no number
                number += 1
                while number in taken:
                    number += 1
            yield self._named(task, kept, number, key)

    def _kept_of(self, task: Task, key: bytes | None) -> Mapping[str, str] | str | None:
        """Return the parts of a slide's name that stay, or why it gets none; None if it waits to be recovered."""
        return self._kept.of(task, stem_of(task.path), key) if self._kept else {}

    def _named(self, task: Task, kept: Mapping[str, str] | str | None, number: int, key: bytes | None) -> Task:
        if kept is None:
            return task
        if isinstance(kept, str):
            return task._replace(refusal=kept)
        return task._replace(name=self.name(task, number, key, kept), kept=tuple(kept.items()))


def _shape(field: str) -> str:
    """Return what a field looks like in a name."""
    if field == CASE:
        return "(case-[0-9a-f]{24})"
    return _FIELDS.get(field, _KEPT) if field else ""


def _pieces(text: str, identifiers: Sequence[Identifiers]) -> Iterator[_Piece]:
    try:
        parsed = list(Formatter().parse(text))
    except ValueError:
        raise UsageError("the name has a brace without its other half", "write {{ for a brace itself") from None
    for plain, field, spec, conversion in parsed:
        if field is None:
            yield _Piece(plain, "", 0)
            continue
        require_field(f"{field}!{conversion}" if conversion else field, _FIELDS, identifiers)
        if spec and not (field == "n" and re.fullmatch(r"0?[1-9]", spec)):
            raise UsageError(f"{{{field}:{spec}}} is no way to write it", "write {n:04} for four digits")
        yield _Piece(plain, field, int(spec or 0))


def stem_of(path: PurePath) -> str:
    """Return the name of a slide without the suffix of its format, which may have two parts."""
    from blankslide.formats import known_suffixes

    low = path.name.lower()
    ends = [end for end in known_suffixes() if low.endswith(end) and len(low) > len(end)]
    return path.name[: -len(max(ends, key=len))] if ends else path.name


def _pseudonym(task: Task, key: bytes | None) -> str:
    from blankslide.policy.pseudonyms import slide_name

    if key is None:
        raise UsageError("a pseudonym needs the site's key", "name one with --key")
    return slide_name(task.path.name, key)
