"""Sealed originals: label and macro as they were, closed with the site's key, one file a run of a slide.

They are there to find errors: a slide that got the wrong name, a label that was stuck on the wrong glass. Nobody
without the key learns more of a file than its size and the slide's pseudonym, which is its name. They lie apart from
slides and copies. ``docs/sealed-originals.md`` lets anybody open a file without us.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.home import make_folder, make_private_file
from blankslide.records import private_file
from blankslide.records.key_box import KeyBox, OtherKeyError

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection

MAGIC = "blankslide sealed original 1"
SUFFIX = ".sealed"
_WHAT = "the folder of sealed originals"
_FILE = "the sealed original"
_ABOUT = "original.json"
_STEP = 4096


class Original(NamedTuple):
    """What a slide was before a run.

    Attributes
    ----------
    old, new
        What it was called, and what it is called since.
    slide
        The pseudonym that the ledger knows it by.
    transaction
        Of the run, as in the ledger.
    pictures
        PNG files by role.
    time
        When, in UTC; filled in when it is written.
    """

    old: str
    new: str
    slide: str
    transaction: str
    pictures: Mapping[str, bytes]
    time: str = ""

    def __repr__(self) -> str:
        return f"<Original of {self.slide}>"


@dataclass(frozen=True, slots=True)
class SealedFolder:
    """A folder of sealed originals to be written to; plain data, so it can be sent to another process.

    Attributes
    ----------
    path
        The folder; made by the first slide that is edited.
    pictures
        Returns the pictures of some roles of a slide as PNG files, empty where one cannot be decoded; called with the
        slide's main file, what is in it, and the roles.
    """

    path: Path
    pictures: Callable[[Path, Inspection, Collection[str]], Mapping[str, bytes]]

    def keep_apart(self, slides: Iterable[str | Path], out: str | Path | None = None) -> None:
        """Refuse a folder that would be passed on with slides.

        Raises
        ------
        UsageError
            If it is, holds, or stands in a folder of the run.
        """
        own = os.path.join(os.path.realpath(self.path), "")
        folders = [(each, "slides") for each in slides] + ([(out, "copies")] if out is not None else [])
        for each, what in folders:
            inside = os.path.realpath(each)
            inside = os.path.join(os.path.dirname(inside) if os.path.isfile(inside) else inside, "")
            if own.startswith(inside):
                raise UsageError(f"sealed originals would stand among the {what}", "keep them in another folder")

    def ready(self, key: bytes) -> None:
        """Prove that something could be sealed here.

        Raises
        ------
        NoPermission, NoSpace, EnvironmentProblem
            If not.
        """
        KeyBox.new(MAGIC, key)
        with private_file.told(_WHAT):
            make_folder(self.path)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError

    def keep(self, original: Original, key: bytes) -> Path:
        """Seal what a slide was, durably, and return the file; one that is there for this run stays as it is.

        Raises
        ------
        NoPermission, NoSpace, EnvironmentProblem
            If it could not be written; no half of it is left.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        box = KeyBox.new(MAGIC, key)
        file = self.path / f"{original.slide}-{original.transaction[:16]}{SUFFIX}"
        with private_file.told(_WHAT):
            make_folder(self.path)
            make_private_file(file, box.header + box.closed(_packed(original._replace(time=now))))
        return file


def open_original(path: Path, key: bytes) -> Original:
    """Open a sealed original.

    Raises
    ------
    NoPermission, EnvironmentProblem
        If it cannot be read, is none, is not whole, or was made under another key.
    """
    with private_file.reading(path, _FILE) as handle:
        data = private_file.read_at(handle, 0, os.fstat(handle).st_size)
    try:
        box = KeyBox.of(MAGIC, data[:128], key)
    except OtherKeyError:
        raise EnvironmentProblem(f"{_FILE} was made under another key", "name its key with --key") from None
    if box is None:
        raise EnvironmentProblem("this is no sealed original", "name a file that ends in .sealed, or their folder")
    inner = box.opened(data[len(box.header) :])
    if inner is None:
        raise EnvironmentProblem(f"{_FILE} is not whole, or was edited", "look for a backup of it")
    return _unpacked(inner)


def in_folder(path: Path) -> list[Path]:
    """Return the sealed originals of a folder, or the one that a path names.

    Raises
    ------
    NoPermission, EnvironmentProblem
        If the folder cannot be read, or is not there.
    """
    if not path.is_dir():
        return [path]
    with private_file.told(_WHAT):
        return sorted(path / name for name in os.listdir(path) if name.endswith(SUFFIX) and not name.startswith("."))


def put_out(original: Original, folder: Path) -> list[Path]:
    """Write the pictures of an original into a folder that only its owner can enter; return the new files.

    Raises
    ------
    NoPermission, NoSpace, EnvironmentProblem
        If that cannot be done.
    UsageError
        If one of the files is there already.
    """
    made = []
    with private_file.told("the folder for the pictures"):
        make_folder(folder)
        for role, png in original.pictures.items():
            target = folder / f"{original.slide}-{original.transaction[:16]}-{role.replace(' ', '-')}.png"
            if target.exists():
                raise UsageError("a picture stands in that folder already", "name another folder with --out")
            make_private_file(target, png)
            made.append(target)
    return made


def _packed(original: Original) -> bytes:
    """Return a zip file of it, filled up so that its size tells little."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        about = {name: value for name, value in original._asdict().items() if name != "pictures"}
        file.writestr(_ABOUT, json.dumps(about))
        for role, png in original.pictures.items():
            file.writestr(f"{role}.png", png)
        file.comment = b" " * min(-out.tell() % _STEP, 65_535)
    return out.getvalue()


def _unpacked(data: bytes) -> Original:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        about = json.loads(file.read(_ABOUT))
        return Original(pictures=dict(_pictures(file)), **about)


def _pictures(file: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for name in file.namelist():
        with suppress(ValueError):
            if name != _ABOUT:
                yield name.removesuffix(".png"), file.read(name)
