"""Ways of making a format forgetful on purpose, to see whether anybody notices.

A mutant is a format that overlooks one thing: a field, a page, a whole file. `oblivious` takes things out
of what a format's inspection returns, as if the format had never seen them; `put` and `wrapped` change its
code or its tables. Only formats, the kit and containers are changed, never what judges: verification,
storage, planner and pipeline stay as they are.

Promise: everything is as before when a ``with`` block ends, however it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from blankslide.formats import format_named
from blankslide.model import Blank, Cut, Drop, Edit, Fill, Finding, Inspection, Level, Part, Place, Write
from blankslide.spans import ByteMap, merge

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.formatkit.protocol import Format, Probe

Change = Callable[[Inspection], None]
Forget = Callable[[], AbstractContextManager[None]]
Plant = Callable[["Path"], tuple[str, ...]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way of forgetting.

    Attributes
    ----------
    name
        What is forgotten, in words.
    sample
        File name of the sample slide on which it shows; `blankslide.samples.builders` knows it.
    forget
        Returns the ``with`` block in which the format is forgetful.
    plant
        Adds something to the built slide first, and returns the texts that it has added.
    quick
        Whether it is one of those that every run of the tests tries.
    format
        Registry name of the format that forgets; empty where its code is changed.
    """

    name: str
    sample: str
    forget: Forget
    plant: Plant | None = None
    quick: bool = False
    format: str = ""


# -- changing code -----------------------------------------------------------------------


def _found(target: str) -> tuple[Any, str]:
    """Return the holder and the name of ``module:Class.attribute``; modules are named below ``blankslide``."""
    module, _, path = target.partition(":")
    holder: Any = import_module(f"blankslide.{module}")
    *outer, last = path.split(".")
    for name in outer:
        holder = getattr(holder, name)
    return holder, last


@contextmanager
def put(target: str, value: object) -> Iterator[None]:
    """Put something in the place of an attribute of a module or class."""
    holder, name = _found(target)
    old = vars(holder)[name]
    setattr(holder, name, value)
    try:
        yield
    finally:
        setattr(holder, name, old)


@contextmanager
def wrapped(target: str, make: Callable[[Any], object]) -> Iterator[None]:
    """Put ``make(old)`` in the place of an attribute."""
    holder, name = _found(target)
    with put(target, make(getattr(holder, name))):
        yield


@contextmanager
def without(target: str, *keys: object) -> Iterator[None]:
    """Take keys out of a table."""
    holder, name = _found(target)
    table: dict[object, object] = getattr(holder, name)
    with put(target, {key: value for key, value in table.items() if key not in keys}):
        yield


@contextmanager
def entries(target: str, **more: object) -> Iterator[None]:
    """Change entries of a table that stays the same object, because others hold it."""
    holder, name = _found(target)
    table: dict[str, object] = getattr(holder, name)
    old = dict(table)
    table.update(more)
    try:
        yield
    finally:
        table.clear()
        table.update(old)


# -- changing what inspection says -------------------------------------------------------


@contextmanager
def oblivious(name: str, *changes: Change) -> Iterator[None]:
    """Let a format, by its registry name, forget something after it has looked."""
    own = type(format_named(name))
    real = own.inspect

    def inspect(self: Format, probe: Probe) -> Inspection:
        found = real(self, probe)
        for change in changes:
            change(found)
        return found

    with put(f"{own.__module__.removeprefix('blankslide.')}:{own.__name__}.inspect", inspect):
        yield


def _named(finding: Finding, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(finding.id, glob) for glob in globs)


def forget(*globs: str) -> Change:
    """Forget findings altogether."""

    def change(found: Inspection) -> None:
        found.findings = tuple(f for f in found.findings if not _named(f, globs))
        roles = {g.removeprefix("picture.") for g in globs if g.startswith("picture.")}
        found.associated = tuple(a for a in found.associated if a.role not in roles)

    return change


def keep(*globs: str) -> Change:
    """Take findings for science that stays: a list of what is kept is too wide."""

    def change(found: Inspection) -> None:
        found.kept += tuple(p for f in found.findings if _named(f, globs) for p in f.places)
        found.findings = tuple(f for f in found.findings if not _named(f, globs))

    return change


def harmless(*globs: str) -> Change:
    """Take findings for words that say nothing about a person."""

    def change(found: Inspection) -> None:
        for finding in found.findings:
            finding.weak = finding.weak or _named(finding, globs)

    return change


def as_tissue(*globs: str) -> Change:
    """Take what findings stand in for tissue: a claim is too wide."""

    def change(found: Inspection) -> None:
        for finding in found.findings:
            if _named(finding, globs):
                _claim(found, finding.places)
        forget(*globs)(found)

    return change


def as_level(role: str) -> Change:
    """Take a picture for one more level of the pyramid."""

    def change(found: Inspection) -> None:
        pictures = [a for a in found.associated if a.role == role]
        for finding in found.findings:
            if finding.id == f"picture.{role}":
                _claim(found, [*finding.places, *(p for e in finding.edits for p in _slots(found, e))])
        found.levels += tuple(Level(a.width, a.height, a.width, a.height, a.page) for a in pictures)
        forget(f"picture.{role}")(found)

    return change


def as_thumbnail(role: str) -> Change:
    """Take a picture for the thumbnail, which is kept."""

    def change(found: Inspection) -> None:
        own = [f for f in found.findings if f.id in (f"picture.{role}", "picture.thumbnail")]
        others = tuple(f for f in found.findings if f not in own)
        if own:
            places, edits = tuple(p for f in own for p in f.places), tuple(e for f in own for e in f.edits)
            joined = Finding("picture.thumbnail", "Thumbnail", own[0].cls, places, edits, None, True)
            found.findings = (*others, joined)
        found.associated = tuple(a._replace(role="thumbnail") if a.role == role else a for a in found.associated)

    return change


def idle(*globs: str) -> Change:
    """Find something, and remove it by an edit that does nothing."""

    def change(found: Inspection) -> None:
        for finding in found.findings:
            if _named(finding, globs) and finding.places:
                finding.edits = (Write(finding.places[0].file, finding.places[0].start, b""),)

    return change


def forget_in(*files: int) -> Change:
    """Forget everything that stands in some of a slide's files."""

    def change(found: Inspection) -> None:
        for finding in found.findings:
            _reduce(finding, lambda p: p.file in files)
        found.findings = tuple(f for f in found.findings if f.places)

    return change


def forget_places(glob: str, *numbers: int) -> Change:
    """Forget some of the places of findings, by their numbers in order; negative ones count from the end."""

    def change(found: Inspection) -> None:
        for finding in found.findings:
            if _named(finding, (glob,)) and len(finding.places) > 1:
                lost = {finding.places[n] for n in numbers}
                _reduce(finding, lambda p, lost=lost: p in lost)  # type: ignore[misc]

    return change


def forget_at(where: str) -> Change:
    """Forget everything on one page, by its name in words."""

    def change(found: Inspection) -> None:
        for finding in found.findings:
            _reduce(finding, lambda p: p.where == where)
        found.findings = tuple(f for f in found.findings if f.places)

    return change


def _reduce(finding: Finding, is_lost: Callable[[Place], bool]) -> None:
    """Take places out of a finding, and the edits that change nothing else."""
    lost = [p for p in finding.places if is_lost(p)]
    finding.places = tuple(p for p in finding.places if not is_lost(p))
    finding.edits = tuple(e for e in finding.edits if not any(_touches(e, p) for p in lost))


def _touches(edit: Edit, place: Place) -> bool:
    if isinstance(edit, Drop):
        return edit.owner == place.where
    if isinstance(edit, Part):
        return getattr(edit.rewrite, "file", 0) == place.file
    if isinstance(edit, Blank):
        return edit.file == place.file and (
            edit.owner == place.where or any(s.start < place.end and place.start < s.end for s in edit.slots)
        )
    if isinstance(edit, Cut):
        return edit.block.file == place.file and edit.start < place.end and place.start < edit.end
    end = edit.end if isinstance(edit, Fill) else edit.start + len(edit.data)
    return edit.file == place.file and edit.start < place.end and place.start < end


# -- claims ------------------------------------------------------------------------------


class _Wider(ByteMap):
    """A byte map that calls more tissue than it should."""

    more: tuple[tuple[int, int], ...] = ()

    def tissue(self) -> list[tuple[int, int]]:
        """Return all tissue, joined."""
        return merge([*super().tissue(), *self.more])

    def tissue_parts(self) -> list[tuple[int, int]]:
        """Return all tissue, piece by piece."""
        return sorted({*super().tissue_parts(), *self.more})


def _claim(found: Inspection, places: list[Place] | tuple[Place, ...]) -> None:
    maps = list(found.maps)
    for place in places:
        old = maps[place.file]
        wider = old if isinstance(old, _Wider) else _Wider(old.size)
        if wider is not old:
            vars(wider).update(vars(old))
        wider.more = (*wider.more, (place.start, place.end))
        maps[place.file] = wider
    found.maps = tuple(maps)


def _slots(found: Inspection, edit: Edit) -> Iterator[Place]:
    """Yield where the coded data of a picture stand that an edit draws over or unlinks."""
    if isinstance(edit, Blank):
        yield from (Place(edit.file, edit.owner, s.start, s.end) for s in edit.slots)
    elif isinstance(edit, Drop):
        for file, bytemap in enumerate(found.maps):
            for start, end, cls, owner in bytemap.claims():
                if owner == edit.owner and cls == 2:
                    yield Place(file, owner, start, end)


# -- making mutants ----------------------------------------------------------------------


def seen(
    format: str, sample: str, name: str, *changes: Change, plant: Plant | None = None, quick: bool = False
) -> Mutant:
    """Return a mutant whose format forgets what it has seen."""
    return Mutant(name, sample, lambda: oblivious(format, *changes), plant, quick, format)


def code(sample: str, name: str, *changes: Forget, plant: Plant | None = None, quick: bool = False) -> Mutant:
    """Return a mutant whose format's code or tables are changed."""
    return Mutant(name, sample, lambda: _together(changes), plant, quick)


@contextmanager
def _together(changes: tuple[Forget, ...]) -> Iterator[None]:
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(change())
        yield
