"""What is edited: for every sample slide, in place and with a new name, just what the product asks of its journal.

The sample is built on a real disk, and the real pipeline opens, plans and asks its readers. It is stopped where it
hands patches and names to the transaction. From there on files are in memory (`simulated`), and so are two strangers
beside them, which nobody may touch.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn

from blankslide.model import Patch, Rank
from blankslide.storage.renames import Rename
from blankslide.testing.own.forgetful import put
from blankslide.testing.pages import PAGE, Pages
from blankslide.testing.simulated import FOLDER, SimVolume

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Scenario", "asked", "samples", "scenarios", "small_set", "small_slide"]

NEW_NAME = "fresh"
_STRANGERS = {"neighbour.svs": b"another slide " * 700, ".blankslide-4711": b"the journal of a slide that is elsewhere"}


class Scenario:
    """A slide on a disk, and what is to become of it.

    Parameters
    ----------
    title, format
        The sample's file name, with what is asked; and its format.
    files
        Bytes by name, the slide's own first, in the order of ``Patch.file``; ``folder/name`` for what is in a folder.
    count
        How many of them are the slide's own.
    patches, renames
        What the product asks for.

    Attributes
    ----------
    inodes
        Of the slide's own files.
    removed
        Inodes of those that are to go.
    before, after
        Every name on the volume, with its pages.
    """

    def __init__(
        self,
        title: str,
        format: str,
        files: Mapping[str, bytes],
        count: int,
        patches: Sequence[Patch],
        renames: Sequence[Rename] = (),
    ) -> None:
        self.title, self.format = title, format
        self.patches, self.renames = tuple(patches), tuple(renames)
        own = [*files][:count]
        inside: dict[str, dict[str, Pages]] = {}
        beside: dict[str, Pages] = {}
        for name, data in {**files, **_STRANGERS}.items():
            folder, _, last = name.rpartition("/")
            (inside.setdefault(folder, {}) if folder else beside)[last] = Pages(data)
        self._files, self._folders = beside, inside
        start = self.start()
        self.inodes = [_number(start, name) for name in own]
        self.removed = {start.inode(FOLDER, old) for old, new in self.renames if new is None}
        self.before = start.pages()
        self.after = self._edited(own, files)

    def start(self) -> SimVolume:
        """Return the disk before anything happens."""
        return SimVolume(self._files, self._folders)

    def _edited(self, own: Sequence[str], files: Mapping[str, bytes]) -> dict[str, Pages]:
        """Lay patches over bytes, and change names, in the plainest way there is."""
        found = dict(self.before)
        for number, name in enumerate(own):
            image = bytearray(files[name])
            for patch in self.patches:
                if patch.file == number:
                    new = bytes([patch.byte]) * patch.length if patch.data is None else patch.data
                    image[patch.offset : patch.offset + patch.length] = new
            found[self._key(name)] = Pages(bytes(image))
        for old, new_name in self.renames:
            data = found.pop(old)
            if new_name is not None:
                found[new_name] = data
        return found

    def _key(self, name: str) -> str:
        """Return the name under which the volume knows a file."""
        folder, _, last = name.rpartition("/")
        return f"{self.start().inode(FOLDER, folder)}/{last}" if folder else last

    @cached_property
    def touched(self) -> Mapping[int, Mapping[int, int]]:
        """Per inode and page, a mask of the bits that are to stay, for each page that a patch meets."""
        masks: dict[int, dict[int, int]] = {number: {} for number in self.inodes}
        for patch in self.patches:
            own = masks[self.inodes[patch.file]]
            at, end = patch.offset, patch.offset + patch.length
            while at < end:
                page, low = divmod(at, PAGE)
                high = min(PAGE, low + end - at)
                kept = own.get(page, (1 << 8 * PAGE) - 1)
                own[page] = kept & ~(((1 << 8 * (high - low)) - 1) << 8 * low)
                at += high - low
        return masks


def _number(volume: SimVolume, name: str) -> int:
    folder, _, last = name.rpartition("/")
    found = volume.inode(FOLDER, f"{volume.inode(FOLDER, folder)}/{last}" if folder else last)
    assert found is not None, name
    return found


class _Asked(BaseException):
    """What was asked of the transaction; nothing catches it by accident."""

    def __init__(self, opened: Any, patches: Sequence[Patch], format: str, renames: Sequence[Rename]) -> None:
        super().__init__()
        self.opened, self.patches, self.format, self.renames = opened, patches, format, renames
        self.files = {_name(opened, file.path): Path(file.path).read_bytes() for file in opened.files}


def _name(opened: Any, path: str) -> str:
    return os.path.relpath(path, opened.folder).replace(os.sep, "/")


def samples() -> list[str]:
    """Return the file names of all samples, those of one builder side by side."""
    from blankslide.samples import builders

    def module(name: str) -> tuple[str, str]:
        build = builders_[name]
        return getattr(build, "func", build).__module__, name

    builders_ = builders()
    return sorted(builders_, key=module)


def scenarios(name: str) -> tuple[Scenario, ...]:
    """Return what is asked for one sample: in place and, unless its files name each other, with a new name.

    Raises
    ------
    BlankslideError
        If the product refuses, which is a fault of the sample or of the product.
    """
    from blankslide.errors import NotEditable

    found = [asked(name)]
    try:
        found.append(asked(name, NEW_NAME))
    except NotEditable as refused:
        if "name each other" not in refused.message:
            raise
    return tuple(found)


def asked(name: str, new: str | None = None) -> Scenario:
    """Build a sample, let the product plan, and return what it asks of its journal.

    Parameters
    ----------
    name
        The sample's file name.
    new
        What it is to be called.

    Raises
    ------
    BlankslideError
        If the product refuses.
    """
    from blankslide import pipeline
    from blankslide.samples import builders

    with TemporaryDirectory() as folder:
        path = Path(folder, "slides", name)
        path.parent.mkdir()
        builders()[name](path)
        with put("storage.transaction:Transaction.begin", _stopped):
            try:
                pipeline.anonymize_in_place(path, pipeline.Options(), name=new)
            except _Asked as found:
                return _scenario(f"{name} renamed" if new else name, found, path.parent)
    raise AssertionError(f"{name}: nothing was asked of the journal")


def _stopped(
    opened: Any, patches: Sequence[Patch], *, profile: str, format: str, renames: Sequence[Rename]
) -> NoReturn:
    raise _Asked(opened, patches, format, renames)


def _scenario(title: str, found: _Asked, folder: Path) -> Scenario:
    others = dict(_others(folder, found.files))
    return Scenario(title, found.format, {**found.files, **others}, len(found.files), found.patches, found.renames)


def _others(folder: Path, own: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield files that stand beside the slide's own and are none of them."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in own:
            yield name, path.read_bytes()


# -- slides that nobody scanned ---------------------------------------------------------


def small_slide() -> Scenario:
    """Return a slide of one file: a text, a picture and a pointer are changed."""
    return _small("one file", {"s-4711.svs": 33_000}, [])


def small_set() -> Scenario:
    """Return a slide of three files: each is changed, one gets a new name and one goes."""
    sizes = {"s-4711.svs": 9 * 4096 + 100, "set.ini": 700, "label.bin": 5000}
    more = [Patch(1, 100, 50, b"x" * 50), Patch(2, 0, 5000, None)]
    return _small("three files", sizes, more, Rename("s-4711.svs", "0001.svs"), Rename("label.bin", None))


def _small(title: str, sizes: dict[str, int], more: Sequence[Patch], *renames: Rename) -> Scenario:
    draw = random.Random(7)
    files = {name: draw.randbytes(size) for name, size in sizes.items()}
    patches = (
        Patch(0, 4000, 300, draw.randbytes(300), rank=Rank.PAYLOAD),
        Patch(0, 8202, 9000, None, 0, Rank.RELEASED),
        Patch(0, 16, 8, draw.randbytes(8), rank=Rank.POINTER),
    )
    return Scenario(title, "small", files, len(files), (*patches, *more), renames)
