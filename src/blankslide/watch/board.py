"""What the service tells: lines for the log, and the health file."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, EnvironmentProblem
from blankslide.watch import leaving
from blankslide.watch.health import MOST, Health, Item
from blankslide.watch.telling import label, line, stamp

if TYPE_CHECKING:
    from blankslide.watch.hands import Ended, Order
    from blankslide.watch.settings import Settings
    from blankslide.watch.sorting import Candidate
    from blankslide.watch.tree import Tree

_PULSE = 1.0
_LOOKS = 15.0


class Board:
    """Tells how a watched folder is doing.

    Attributes
    ----------
    every
        Seconds between two sweeps, as they really are.
    ended
        How many slides ended how, since the beginning.
    """

    def __init__(self, settings: Settings, tree: Tree, say: Callable[[str], None]) -> None:
        self._settings, self._tree, self._say = settings, tree, say
        now = stamp()
        self._health = Health(since=now, started=now, pid=os.getpid(), every=settings.sweep)
        self.every = settings.sweep
        self.ended: Counter[str] = Counter()
        self._running: dict[str, tuple[Item, float]] = {}
        self._lock = Lock()
        self._next = self._next_look = 0.0
        self._told: dict[str, str] = {}
        self._passed: set[str] = set()
        self._unreadable: set[str] = set()
        self._held: int | None = None
        self._is_lost = False

    # -- the whole -------------------------------------------------------------------------

    def begin(self) -> None:
        """Say that the service begins, and that this one alone watches the folder.

        Raises
        ------
        EnvironmentProblem
            If another one does, or the health file cannot be written.
        """
        self._require_alone()
        try:
            self._health.write(self._settings.health)
        except OSError as error:
            raise EnvironmentProblem(f"the health file cannot be written: {error.strerror}") from None
        self._say(line("watching"))

    def _require_alone(self) -> None:
        from blankslide.storage.copies.file import lock_copy
        from blankslide.storage.system import guard, open_nofollow

        path = self._settings.health.with_suffix(".lock")
        with guard("write the health file"):
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = open_nofollow(str(path), os.O_RDWR | os.O_CREAT)
        if not lock_copy(fd):
            os.close(fd)
            raise EnvironmentProblem("another run watches this folder already", "stop it first")
        self._held = fd

    def end(self) -> None:
        """Say that it has ended."""
        waiting = sum(bool(file.why) for *_, file in self._tree.open_files())
        self.ended["wait"] = waiting
        self.state("stopped")
        self.write(force=True)
        self._say(line("stopped; nothing is lost, and the next start goes on"))
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def state(self, state: str, why: str = "") -> None:
        """Take note of a state."""
        if self._health.state != state:
            self._health.state, self._health.since = state, stamp()
        self._health.why = why

    def away(self, why: str) -> None:
        """Say that the share is away."""
        if self._health.state != "share away":
            self._say(line(f"the share is away ({why}): waiting for it"))
        self.state("share away", why)
        self.write()

    def swept(self) -> None:
        """Say what a sweep has shown."""
        if self._health.state == "share away":
            self._say(line(f"the share is back, after being away since {self._health.since}"))
        self.state("working" if self._running else "watching")
        self._health.last_sweep = stamp()
        for kind in sorted(set(self._tree.passed_over) - self._passed):
            self._passed.add(kind)
            self._say(line(f"passed over: {kind} ({self._tree.passed_over[kind]}); may hold small copies of labels"))
        for folder in self._tree.unreadable - self._unreadable:
            home = Path(folder).relative_to(self._settings.source).parts
            self._say(line(f"{label('', home, self._key())} · a folder that cannot be listed"))
        self._unreadable = set(self._tree.unreadable)
        files = (file for folder in self._tree.folders.values() for file in folder.files.values())
        self._health.counts["other files"] = sum(file.state == "other" for file in files)

    # -- slides ----------------------------------------------------------------------------

    def begun(self, order: Order) -> None:
        """Say that a slide is in hand."""
        with self._lock:
            item = Item(self._label(order.candidate), "", stamp())
            self._running[order.candidate.path] = (item, 0.0)
        self._next = 0.0

    def progress(self, path: str, part: float) -> None:
        """Take note of how far a slide is; called by the thread that does it."""
        with self._lock:
            if path in self._running:
                self._running[path] = (self._running[path][0], part)

    def noted(self, ended: Ended) -> None:
        """Say what became of a slide; what waits is said once for each reason."""
        candidate, ending = ended.order.candidate, ended.ending
        with self._lock:
            self._running.pop(candidate.path, None)
        name = self._label(candidate)
        if ending in ("wait", "whole?"):
            self.waits(candidate.path, candidate.name, candidate.home, ended.words)
            return
        self._told.pop(candidate.path, None)
        if ending == "stopped":
            return
        self.ended[ending] += 1
        said = {"bad": "put into the quarantine: ", "left": "left as it is: "}.get(ending, "")
        self._say(line(f"{name} · {said}{ended.words}"))
        self._next = self._next_look = 0.0

    def waits(self, path: str, name: str, home: tuple[str, ...], why: str) -> None:
        """Say that a slide waits, once for each reason."""
        if self._told.get(path) != why:
            self._told[path] = why
            self._say(line(f"{label(name, home, self._key())} · waits: {why}"))

    def trouble(self, candidate: Candidate, why: str) -> None:
        """Say that a folder cannot be worked on, once for each reason."""
        place = label("", candidate.home, self._key()) or "the watched folder"
        if self._told.get(place) != why:
            self._told[place] = why
            self._say(line(f"{place} · its slides wait: {why}"))

    # -- the file --------------------------------------------------------------------------

    def write(self, force: bool = False) -> None:
        """Write the health file, unless that was done just now; that it cannot be written stops nothing."""
        now = time.monotonic()
        if not force and now < self._next:
            return
        self._next = now + _PULSE
        self._fill(now)
        try:
            self._health.write(self._settings.health)
            self._is_lost = False
        except OSError as error:
            if not self._is_lost:
                self._say(line(f"the health file cannot be written: {error.strerror}"))
            self._is_lost = True

    def _fill(self, now: float) -> None:
        health = self._health
        health.updated, health.at, health.every = stamp(), time.time(), round(self.every, 3)
        held = [(f, name, file) for f, name, file in self._tree.open_files() if file.why]
        held.sort(key=lambda each: each[2].why_since)
        health.waiting = [
            Item(label(name, f.home, self._key()), file.why, stamp(file.why_since)) for f, name, file in held[:MOST]
        ]
        with self._lock:
            health.running = [Item(item.slide, f"{part:.0%} done", item.since) for item, part in self._running.values()]
        if now >= self._next_look:
            self._next_look = now + _LOOKS
            self._look_at_quarantine()
        health.passed_over = dict(self._tree.passed_over)
        health.troubles = [f"{len(self._unreadable)} folders cannot be listed"] if self._unreadable else []
        health.troubles += sorted({file.why for _, _, file in held if file.why.startswith("blankslide.toml")})
        self._count(len(held))

    def _look_at_quarantine(self) -> None:
        root = self._settings.quarantine
        if root is None:
            return
        with suppress(OSError, BlankslideError):
            lying = sorted(leaving.lying_in(root), key=lambda each: each.since)
            self._health.failed = [*self._items(root, islice(lying, MOST))]
            self._health.counts["in quarantine"] = len(lying)

    def _items(self, root: Path, lying: Iterable[leaving.Lying]) -> Iterable[Item]:
        for each in lying:
            *home, name = Path(each.path).relative_to(root).parts
            yield Item(label(name, tuple(home), self._key()), each.reason, stamp(each.since))

    def _count(self, held: int) -> None:
        counts, ended = self._health.counts, self.ended
        counts |= {"done": ended["done"], "done before": ended["before"], "quarantined": ended["bad"]}
        counts |= {"left": ended["left"], "running": len(self._running), "held up": held}
        counts["files arriving or in line"] = sum(len(folder.open) for folder in self._tree.folders.values())

    def _key(self) -> bytes | None:
        options = self._settings.options
        with suppress(BlankslideError):
            options.find_key()
        return options.key

    def _label(self, candidate: Candidate) -> str:
        return label(candidate.name, candidate.home, self._key())
