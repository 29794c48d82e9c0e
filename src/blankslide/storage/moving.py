"""Moving whole slides out of a watched folder: originals that are done, and slides that cannot be done.

Only renames on one volume, never onto a name that exists: bytes are not touched, and nothing is there twice or not at
all. A slide of several files is moved one entry after the other, so a list of them is made durable in the target
folder first; `finish` goes on with it after a kill. `remove` takes away the names of a slide's files; what was in them
stays on the medium until it is used again.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from blankslide.errors import EnvironmentProblem
from blankslide.storage.copies.volume import rename_to_free_name
from blankslide.storage.journal import PREFIX
from blankslide.storage.system import guard, open_nofollow, sync_folder, write_all

LIST = f"{PREFIX}moving-"


def move(names: Sequence[str], source: str, target: str, root: str) -> None:
    """Move entries of one folder into another one, which is made if it is missing.

    Parameters
    ----------
    names
        Entries of ``source``, the main file last.
    root
        Folder that `finish` will be asked about: ``target``, or one above it.

    Raises
    ------
    EnvironmentProblem
        If a name is taken, or the folders are not on one volume: nothing was moved. Or if the disk failed meanwhile.
    """
    with guard("make the folder to move to"):
        os.makedirs(target, exist_ok=True)
    if any(os.path.lexists(os.path.join(target, name)) for name in names):
        raise EnvironmentProblem("another file has this name there")
    plan = _listed(names, source, target, root) if len(names) > 1 else None
    with _unless_nothing_happened(plan, os.path.join(source, names[0])):
        for name in names:
            _move(os.path.join(source, name), os.path.join(target, name))
    with guard("make the move durable"):
        sync_folder(target)
        sync_folder(source)
        if plan is not None:
            os.unlink(plan)


@contextmanager
def _unless_nothing_happened(plan: str | None, first: str) -> Iterator[None]:
    """Take the list away again if what was to be done failed at once: else `finish` would do it some day after all.

    By then its slide may be another one, or wanted where it stands.
    """
    try:
        yield
    except EnvironmentProblem:
        if plan is not None and os.path.lexists(first):
            with suppress(OSError):
                os.unlink(plan)
        raise


def _move(source: str, target: str) -> None:
    with guard("move the slide"):
        try:
            if not rename_to_free_name(source, target):
                if os.path.lexists(target):
                    raise EnvironmentProblem("another file has this name there")
                os.rename(source, target)
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise EnvironmentProblem(
                    "a slide can be moved on one volume only, and these folders are on two",
                    "keep in, out and quarantine on one volume",
                ) from None
            raise


def _listed(names: Sequence[str], source: str, target: str | None, root: str) -> str:
    """Say durably what is going to be moved, or removed; files are known by their inodes, sizes and times."""
    path = os.path.join(root, LIST + os.urandom(8).hex())
    with guard("prepare the move"):
        known = [(name, *_stamp(os.lstat(os.path.join(source, name)))) for name in names]
        text = json.dumps({"names": known, "source": source, "target": target})
        os.makedirs(root, exist_ok=True)
        fd = open_nofollow(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            write_all(fd, text.encode("utf-8", "surrogateescape"), 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(root)
    return path


def finish(root: str) -> int:
    """Go on with what a run that died has begun to move or to remove; return how many slides.

    Parameters
    ----------
    root
        As in `move` and `remove`.

    Raises
    ------
    EnvironmentProblem
        If the disk refuses.
    """
    done = 0
    with guard("look for slides that were being moved"):
        plans = [e for e in os.listdir(root) if e.startswith(LIST)] if os.path.isdir(root) else []
    for name in plans:
        path = os.path.join(root, name)
        plan = _read(path)
        if plan is not None:
            _carry_on(*plan)
            done += 1
        with guard("finish a move"):
            os.unlink(path)
    return done


def _carry_on(names: Sequence[tuple[str, list[int]]], source: str, target: str | None) -> None:
    for name, stamp in names:
        old = os.path.join(source, name)
        now = _now(old)
        if now is None or now[0] != stamp[0]:
            continue
        if target is None:
            if [*now] != stamp:  # it was changed since its copy was made, so nobody has a copy of what it holds now
                continue
            with guard("remove the original"):
                os.unlink(old)
        elif not os.path.lexists(os.path.join(target, name)):
            _move(old, os.path.join(target, name))


def _stamp(state: os.stat_result) -> tuple[int, int, int]:
    return state.st_ino, state.st_size, state.st_mtime_ns


def _now(path: str) -> tuple[int, int, int] | None:
    with suppress(FileNotFoundError, NotADirectoryError), guard("look for slides that were being moved"):
        return _stamp(os.lstat(path)) if os.path.lexists(path) else None
    return None


def _read(path: str) -> tuple[list[tuple[str, list[int]]], str, str | None] | None:
    """Return a list as it was written; None if it is half: nothing was moved then."""
    with guard("read what was being moved"), open(path, "rb") as file:
        raw = file.read()
    try:
        said = json.loads(raw.decode("utf-8", "surrogateescape"))
        target = None if said["target"] is None else str(said["target"])
        names = [(str(name), [int(number) for number in stamp]) for name, *stamp in said["names"]]
        return [each for each in names if each[1]], str(said["source"]), target
    except (ValueError, KeyError, TypeError):
        return None


def remove(paths: Sequence[str], root: str) -> None:
    """Remove the files of a slide, the main one last.

    Parameters
    ----------
    root
        Folder that `finish` will be asked about.

    Raises
    ------
    EnvironmentProblem
        If the system refuses.
    """
    folder = os.path.dirname(paths[-1])
    names = [os.path.relpath(path, folder) for path in paths]
    plan = _listed(names, folder, None, root) if len(names) > 1 else None
    with _unless_nothing_happened(plan, paths[0]), guard("remove the original"):
        for path in paths:
            with suppress(FileNotFoundError):
                os.unlink(path)
        sync_folder(folder)
        if plan is not None:
            os.unlink(plan)


def same_volume(one: str, other: str) -> bool:
    """Whether two folders are on one volume; of one that is not there yet, the one above it counts."""
    with guard("look at the folders"):
        return _device(one) == _device(other)


def _device(path: str) -> int:
    there = os.path.abspath(path)
    while not os.path.lexists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    return os.stat(there).st_dev
