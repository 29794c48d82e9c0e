"""Independent readers as judges: nobody here wrote them, so they share none of our mistakes.

`observe` asks every reader in `READERS` and returns what each saw, or why it saw nothing.
It reads a few tiles of a slide, whatever its size. A reader that is missing, or does not
know the format, is an answer like any other: `compare` decides what the answers are worth.

Further readers start a process of their own, which takes a third of a second. They are asked one after the other, and
only while fewer than `ENOUGH` readers have seen tissue; after a run, those look again that looked before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.compare import NOT_INSTALLED
from blankslide.verification.judges import (
    fastslide,
    mrxsslide,
    openslide,
    pydicom,
    pyisyntax,
    pylibczirw,
    slideio,
    sqlite,
    tifffile,
)
from blankslide.verification.set_views import shown, together
from blankslide.verification.views import FAILS, NO_EDIT, Edit, ReaderView

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

ENOUGH = 2
"""As many readers as see tissue make it needless to ask a further one."""
NOT_ASKED = "not needed, or not installed"


class Reader(NamedTuple):
    """A judge: its name, its version (or ImportError), a cheap test, the look itself, and what that imports."""

    name: str
    version: Callable[[], str]
    can_read: Callable[[Path], bool]
    look: Callable[..., ReaderView]
    needs: tuple[str, ...] = ()
    thrifty: bool = False
    """Whether ``look`` takes an `Edit`: it leaves out what no comparison will use, and what is masked."""
    further: bool = False
    """Whether it is asked only where others are too few."""


def _reader(name: str, module: ModuleType, *needs: str, thrifty: bool = False, further: bool = False) -> Reader:
    return Reader(name, module.version, module.can_read, module.look, needs, thrifty, further)


READERS = (
    _reader("OpenSlide", openslide, "openslide", "numpy", "PIL.ImageCms", thrifty=True),
    _reader("tifffile", tifffile, "tifffile", "imagecodecs", thrifty=True),
    _reader("pydicom", pydicom, "pydicom", "pydicom.pixels.utils", "PIL.ImageCms", thrifty=True),
    _reader("pyisyntax", pyisyntax, "json", "subprocess", "PIL.ImageCms", thrifty=True),
    _reader("pylibCZIrw", pylibczirw, "pylibCZIrw.czi"),
    _reader("mrxsslide", mrxsslide, "mrxsslide", "PIL.Image", thrifty=True),
    _reader("SQLite", sqlite, "sqlite3", "PIL.Image", thrifty=True),
    _reader("fastslide", fastslide, "json", "subprocess", further=True),
    _reader("slideio", slideio, "json", "subprocess", further=True),
)


def available() -> dict[str, str]:
    """Return each reader's version, or an empty string where it is not installed."""
    return {reader.name: _version(reader) for reader in READERS}


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of some readers that have looked, by name."""
    asked = set(names)
    return {reader.name: _version(reader) for reader in READERS if reader.name in asked}


def observe(path: Path, edit: Edit = NO_EDIT) -> tuple[ReaderView, ...]:
    """Let every reader that is needed look at a slide.

    Parameters
    ----------
    path
        The slide's main file.
    edit
        What is about to be written, or was: pixels that no comparison will use need not be decoded.

    Returns
    -------
    tuple of ReaderView
        One for each reader in `READERS`, opened or not.
    """
    ordinary = [reader for reader in READERS if not reader.further]
    # in turn, because libraries that are first imported by two threads at once can lock each other out
    asked = [_prepared(reader, path) for reader in ordinary]
    views = list(_looks([(reader, files, edit) for reader, files in zip(ordinary, asked, strict=True)]))
    for reader in READERS:
        if reader.further:
            views.append(_further(reader, path, edit, views))
    return tuple(views)


def _further(reader: Reader, path: Path, edit: Edit, views: Sequence[ReaderView]) -> ReaderView:
    """Ask a further reader, if it is needed; one that does not decode all it is shown has no say.

    What a library could not read it may hand out as whatever stood in memory, other at each look.
    """
    needed = sum(view.opened and view.has_seen_tissue for view in views) < ENOUGH
    if reader.name not in edit.readers if edit.readers is not None else not needed:
        return ReaderView(reader.name, reason=NOT_ASKED)
    view = _look(reader, _prepared(reader, path), edit)
    if view.reason == NOT_INSTALLED:  # nobody knows whether it could open this one, so its name is no advice
        return ReaderView(reader.name, reason=NOT_ASKED)
    failed = any(FAILS in level.samples for level in view.levels)
    if view.opened and (failed or not view.has_seen_tissue):
        return ReaderView(reader.name, view.version, reason="does not decode its tissue")
    # it cannot be told to leave a part of a picture out, so it has no say about that picture
    return replace(view, pictures=tuple(p for p in view.pictures if edit.cover(p.size) is None))


def _looks(asked: list[tuple[Reader, ReaderView | list[Path], Edit]]) -> tuple[ReaderView, ...]:
    """Let all look at once: decoding leaves the interpreter's lock alone, so the slowest judge sets the time.

    The last who looks at all does so in this thread, so one judge alone costs no thread, and two cost one.
    """
    *others, last = [i for i, (_, files, _) in enumerate(asked) if not isinstance(files, ReaderView)] or [0]
    if not others:
        return tuple(_look(*each) for each in asked)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(others)) as pool:
        begun = {i: pool.submit(_look, *asked[i]) for i in others}
        here = _look(*asked[last])
        return tuple(
            begun[i].result() if i in begun else here if i == last else _look(*each) for i, each in enumerate(asked)
        )


def _prepared(reader: Reader, path: Path) -> ReaderView | list[Path]:
    """Return the files that a reader is to look at, with all it needs imported; or why it will not look."""
    version = ""
    try:
        files = shown(path)
        if not all(reader.can_read(file) for file in files):
            return ReaderView(reader.name, reason="not for this kind of file")
        version = _version(reader)
        if not version:
            return ReaderView(reader.name, reason=NOT_INSTALLED)
        for module in reader.needs:
            import_module(module)
    # Foreign code on a foreign file may raise anything, and its message may hold a value:
    # only the class of the failure is an answer.
    except Exception as problem:
        return ReaderView(reader.name, version, reason=type(problem).__name__)
    return files


def _look(reader: Reader, files: ReaderView | list[Path], edit: Edit) -> ReaderView:
    if isinstance(files, ReaderView):
        return files
    known = (edit,) if reader.thrifty else ()
    try:
        return together([reader.look(file, *known) for file in files])
    except Exception as problem:  # as above
        return ReaderView(reader.name, _version(reader), reason=type(problem).__name__)


def _version(reader: Reader) -> str:
    try:
        return reader.version()
    except (ImportError, OSError):  # OSError: the package is there, its library is not
        return ""
