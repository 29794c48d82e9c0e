"""A slide of three files for tests of storage, in the three layouts that sets have, and its copy and renaming.

Files side by side (Hamamatsu), a file and a folder of its name (MRXS), and a copy in a folder of its own (DICOM).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from blankslide.model import Patch
from blankslide.storage.copies.slide_set import SetCopy
from blankslide.storage.slide_files import SlideFilesOnDisk, open_slide

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.storage.copies.volume import DiskCopyVolume

SECRET = b"Jane Doe, born 1961-03-04"
MEMBERS = ("a.dat", "b.dat")
DATA = {
    name: random.Random(name).randbytes(5000) + SECRET + random.Random(name).randbytes(9000)
    for name in ("main", *MEMBERS)
}
PATCHES = tuple(Patch(i, 5000, len(SECRET), b"n" * len(SECRET)) for i in range(3))
AFTER = {name: data.replace(SECRET, b"n" * len(SECRET)) for name, data in DATA.items()}


class Layout(NamedTuple):
    """How the files of a slide, and of its copy, are called; the main one first."""

    source: tuple[str, str, str]
    copy: tuple[str, str, str]


LAYOUTS = {
    "side by side": Layout(("s.vms", "a.dat", "b.dat"), ("s.vms", "a.dat", "b.dat")),
    "file and folder": Layout(("s.mrxs", "s/a.dat", "s/b.dat"), ("new.mrxs", "new/a.dat", "new/b.dat")),
    "own folder": Layout(("1.dcm", "a.dat", "b.dat"), ("new/new-1.dcm", "new/new-2.dcm", "new/new-3.dcm")),
}


class World:
    """A folder with the slide, and one for its copies."""

    def __init__(self, root: Path, layout: Layout) -> None:
        self.slides, self.out, self.layout = root / "slides", root / "out", layout
        self.fresh()

    def fresh(self) -> None:
        """Write the slide anew, and empty the folder of copies."""
        for folder in (self.slides, self.out):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        for name, key in zip(self.layout.source, DATA, strict=True):
            path = self.slides / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(DATA[key])

    @property
    def main(self) -> Path:
        """Path of the main file."""
        return self.slides / self.layout.source[0]

    def final(self) -> dict[str, bytes]:
        """Return what a copy consists of, by its names."""
        return dict(zip(self.layout.copy, AFTER.values(), strict=True))

    @contextmanager
    def opened(self, write: bool = False, main: Path | None = None) -> Iterator[SlideFilesOnDisk]:
        """Open the slide with its members."""
        with open_slide(main or self.main, write=write) as slide:
            for name in MEMBERS:
                slide.open(name)
            yield slide

    def copied(self, volume: DiskCopyVolume | None = None) -> None:
        """Copy the slide, or leave nothing."""
        with self.opened() as slide:
            copy = SetCopy.begin(slide, str(self.out), self.layout.copy, volume)
            try:
                copy.write(slide, PATCHES)
                copy.publish()
            except BaseException:
                copy.discard()
                raise


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder, by their paths in it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
