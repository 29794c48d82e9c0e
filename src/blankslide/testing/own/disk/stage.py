"""A real folder on which states of a disk are put, and the command line run on them.

Files keep their inodes, because a journal knows its slide by them: what a state does not name waits in a second
folder beside the first. All runs are in this process, with what readers and the census have found out before, so that a
state costs milliseconds; readers are asked anew for bytes that they have not seen. The user's home is in the folder
too: ledger and key must outlive a power failure as well.

Promise: random numbers are the same whenever a run begins anew, so that all runs that succeed end alike.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.testing.own.disk.events import Tree, tree_of
from blankslide.testing.own.forgetful import put, wrapped

if TYPE_CHECKING:
    from click import Command

    from blankslide.pipeline.job import Job
    from blankslide.testing.own.disk.layer import Layer

__all__ = ["Ran", "Stage"]

_LIST = ".blankslide-set"


class Ran(NamedTuple):
    """How a run ended: exit code, both streams, and the class of an exception that got out."""

    code: int
    out: str
    err: str
    escaped: str = ""

    @property
    def text(self) -> str:
        """Both streams together."""
        return self.out + self.err


class Stage:
    """A folder for states, with a home and a memory.

    Parameters
    ----------
    place
        An empty folder, best in memory.
    command
        The command line.

    Attributes
    ----------
    root
        What the states are of; slides stand in ``slides``, copies go to ``out``, the home is ``home``.
    """

    def __init__(self, place: Path, command: Command) -> None:
        self._command = command
        self.root, self._hoard = place / "root", place / "hoard"
        self.slides, self.out, self.home = (self.root / name for name in ("slides", "out", "home"))
        for folder in (self.slides, self.home, self._hoard):
            folder.mkdir(parents=True)
        self._views: dict[object, Any] = {}
        self._precious: frozenset[int] = frozenset()
        self.before: Tree = Tree(0, {}, {})

    def keep(self) -> None:
        """Take what stands there now for the beginning; its inodes are kept from now on."""
        self.before = tree_of(str(self.root))
        self._precious = frozenset(self.before.files) | frozenset(self.before.folders)

    def tree(self) -> Tree:
        """Return what stands there now."""
        return tree_of(str(self.root))

    # -- states --------------------------------------------------------------------------

    def put(self, tree: Tree) -> None:
        """Make the folder what a state says."""
        self._clear(str(self.root))
        new: dict[int, str] = {}
        self._fill(str(self.root), tree.root, tree, new)
        for node, path in new.items():
            if os.path.basename(path) == _LIST:
                _relabel(path, tree.files[node], new)

    def _clear(self, folder: str) -> None:
        """Move away what is to be kept, and remove the rest."""
        with os.scandir(folder) as entries:
            found = list(entries)
        for entry in found:
            number = entry.stat(follow_symlinks=False).st_ino
            if entry.is_dir(follow_symlinks=False):
                self._clear(entry.path)
                if number not in self._precious:
                    os.rmdir(entry.path)
                    continue
            elif number not in self._precious:
                os.unlink(entry.path)
                continue
            os.rename(entry.path, self._hoard / str(number))

    def _fill(self, folder: str, node: int, tree: Tree, new: dict[int, str]) -> None:
        for name, member in tree.folders[node].items():
            path = os.path.join(folder, name)
            kept = self._hoard / str(member)
            if member in new:
                os.link(new[member], path)
                continue
            if kept.exists():
                os.rename(kept, path)
            elif member in tree.folders:
                os.mkdir(path)
            new[member] = path
            if member in tree.folders:
                self._fill(path, member, tree, new)
                continue
            with open(path, "wb") as file:
                file.write(tree.files[member])
            os.chmod(path, 0o600)

    # -- runs ----------------------------------------------------------------------------

    def run(self, *arguments: str, layer: Layer | None = None, luck: int = 0, quick: bool = False) -> Ran:
        """Run the command line in this process, with all caches of what stands on the disk forgotten.

        Parameters
        ----------
        arguments
            As on a command line.
        layer
            Stands between the run and the system.
        luck
            Which random numbers the run draws; another run, after trouble, draws others.
        quick
            Believe what was judged of the very same files of a recovered slide before, and judge only others.
        """
        out, err = (_Heard(layer) for _ in range(2))
        code, escaped = 0, ""
        with ExitStack() as stack:
            stack.enter_context(self._environment(luck))
            stack.enter_context(self._remembering())
            if quick:
                stack.enter_context(wrapped("pipeline.recovering:judge_as_is", self._judging))
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            if layer is not None:
                stack.enter_context(layer.between())
            try:
                self._command.main(list(arguments), prog_name="blankslide")
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            except Exception as error:  # a traceback, where a person would stand
                escaped = type(error).__name__
        return Ran(code, out.getvalue(), err.getvalue(), escaped)

    @contextmanager
    def _environment(self, luck: int) -> Iterator[None]:
        here = {"HOME": str(self.home), "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": ""}
        before = {name: os.environ.get(name) for name in here}
        os.environ.update(here)
        random, numbers = os.urandom, count(luck << 20)
        os.urandom = lambda size: _numbers(next(numbers), size)
        try:
            yield
        finally:
            os.urandom = random
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        """Let readers and census remember what they have found out of the very same bytes, and nobody anything else."""
        from blankslide.containers.dicom.series import Memory as Glances
        from blankslide.storage.pending import _quiet
        from blankslide.verification.census.memory import Memory

        shared = self._views.setdefault("census", Memory())
        _quiet.clear()
        with ExitStack() as stack:
            stack.enter_context(put("pipeline.series:_series", Glances()))
            stack.enter_context(put("formats.dicom.slide_set:_glances", Glances()))
            for module in ("memory", "stock", "tiff"):
                stack.enter_context(put(f"verification.census.{module}:Memory", lambda: shared))
            stack.enter_context(wrapped("verification.observe:observe", self._observing))
            yield

    def _observing(self, observe: Callable[..., Any]) -> Callable[..., Any]:
        def remembered(path: Path, *edit: Any) -> Any:
            question = (_digest(path), repr(edit))
            if question not in self._views:
                self._views[question] = observe(path, *edit)
            return self._views[question]

        return remembered

    def _judging(self, judge: Callable[[Job], None]) -> Callable[[Job], None]:
        def remembered(job: Job) -> None:
            question = ("judged", _digest(job.path), job.options.key, job.options.resolved().name)
            if question not in self._views:
                judge(job)
                outcome = job.outcome
                said = outcome.content, outcome.readers, outcome.residue
                self._views[question] = job.inspection, job.planned, said
                return
            inspection, planned, said = self._views[question]
            for member in inspection.files[1:]:
                job.slide.open(member.name)
            job.found(inspection, planned, job.options.key)
            job.outcome.content, job.outcome.readers, job.outcome.residue = said

        return remembered

    def place(self, build: Callable[[Path], object], name: str) -> None:
        """Build the slide that all is about."""
        build(self.slides / name)
        self.keep()

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root.parent, ignore_errors=True)


class _Heard(io.StringIO):
    """A stream that tells when something was said."""

    def __init__(self, layer: Layer | None) -> None:
        super().__init__()
        self._layer = layer

    def write(self, text: str) -> int:
        if self._layer is not None:
            self._layer.said(text)
        return super().write(text)


def _numbers(number: int, size: int) -> bytes:
    """Bytes that look like random ones and are the same in each run."""
    found = b""
    while len(found) < size:
        found += blake2b(b"%d %d" % (number, len(found)), digest_size=32).digest()
    return found[:size]


def _digest(path: Path) -> bytes:
    """Digest names and bytes of all files that a reader could open for this slide."""
    found = blake2b(path.name.encode("utf-8", "surrogateescape"), digest_size=16)
    for place in (path.parent, path.with_suffix("")):
        if place.is_dir():
            for file in sorted(place.iterdir()):
                if file.is_file() and not file.name.startswith(".blankslide-"):
                    found.update(file.name.encode("utf-8", "surrogateescape") + b"\0" + file.read_bytes())
    return found.digest()


def _relabel(path: str, data: bytes, new: dict[int, str]) -> None:
    """Let the list of an unfinished copy name the inodes and times that its files have got here."""
    try:
        listed = json.loads(data)
        moves = [[name, new.get(node), time] for name, node, time in listed["moves"]]
    except (ValueError, TypeError, KeyError):
        return
    for move in moves:
        if move[1] is not None:
            if move[2]:
                os.utime(move[1], ns=(move[2], move[2]))
            move[1] = os.lstat(move[1]).st_ino
    Path(path).write_text(json.dumps({**listed, "moves": moves}))
