"""The service itself: sweep, begin what has settled, take note of what has ended, and say how it is doing.

One thread sweeps and decides; others do the slides (`hands`). What a thread has done comes back as a message, so
nothing here is shared. Asked to stop, it begins no other slide, finishes those in hand and ends.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from blankslide.batch.queue import Task
from blankslide.errors import BlankslideError, EnvironmentProblem
from blankslide.home import make_folder
from blankslide.pipeline import problem_of
from blankslide.watch import telling
from blankslide.watch.board import Board
from blankslide.watch.hands import Ended, Hand, Order
from blankslide.watch.hints import Hints
from blankslide.watch.policies import Policies
from blankslide.watch.sorting import Candidate, Sorter
from blankslide.watch.tree import File, Folder, ShareAway, Stamp, Tree
from blankslide.watch.waking import Waker

if TYPE_CHECKING:
    from blankslide.watch.settings import Settings

_AT_ONCE = 256
_PULSE, _SOONEST = 1.0, 0.5
_LONGEST_WAIT = 300.0


class Service:
    """A watched folder.

    Parameters
    ----------
    say
        Called with each line of the log.
    stopped
        Asked often; once true, no other slide is begun.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None], stopped: Callable[[], bool]) -> None:
        self._settings = settings
        self._say = say
        self._stopped = stopped
        self._hints: Hints | None = None
        self._tree = Tree(settings, lambda path, stamp: self._hints is not None and self._hints.has(path, stamp))
        self._policies = Policies(settings)
        self._sorter = Sorter(self._tree, lambda: not stopped(), self._cannot_look)
        self._waker = Waker(settings.source)
        self._board = Board(settings, self._tree, say)
        self._ready: deque[Candidate] = deque()
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._ended: SimpleQueue[Ended] = SimpleQueue()
        self._threads: list[Thread] = []
        self._in_hand = 0

    # -- the whole -------------------------------------------------------------------------

    def run(self, once: bool = False) -> Counter[str]:
        """Watch until asked to stop, or until nothing is left to be done.

        Parameters
        ----------
        once
            End when every slide that is there was done, put aside, or waits for its surroundings.

        Returns
        -------
        Counter
            How many slides ended how; ``wait`` counts those that are held up at the end.

        Raises
        ------
        BlankslideError
            If it cannot begin.
        """
        self._begin()
        try:
            self._loop(once)
        finally:
            self._end()
        return self._board.ended

    def _begin(self) -> None:
        settings = self._settings
        settings.check()
        settings.options.make_key()  # slides are called by it in the log, from the first line on
        self._hints = Hints(settings)
        for folder in (settings.out, settings.quarantine, settings.done if settings.originals == "move" else None):
            if folder is not None:
                _make(folder)
        for root in (settings.quarantine, settings.done):
            if root is not None and root.is_dir() and (moved := _finish_moves(root)):
                self._say(telling.line(f"finished moving {moved} slides that an earlier run had begun to move"))
        self._board.begin()
        for _ in range(settings.jobs):
            thread = Thread(target=self._serve, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _loop(self, once: bool) -> None:
        while not self._stopped():
            began = time.monotonic()
            here = self._sweep(began)
            took = time.monotonic() - began
            wait = max(self._settings.sweep, 2 * took)
            self._board.every = wait
            self._until(began + wait, began + max(wait / 5, _SOONEST), here)
            if once and here and self._is_done():
                return

    def _until(self, until: float, soonest: float, here: bool) -> None:
        """Go on with slides until it is time for the next sweep; an event of the folder lets it come sooner."""
        happened = False
        while not self._stopped():
            self._take_back()
            if here:
                self._hand_out()
            self._board.write()
            left = (soonest if happened else until) - time.monotonic()
            if left <= 0:
                return
            happened = self._waker.sleep(min(left, _PULSE), self._stopped) or happened

    def _end(self) -> None:
        self._board.state("stopping")
        self._board.write(force=True)
        for _ in self._threads:
            self._orders.put(None)
        while self._in_hand:
            self._take_back(wait=True)
            self._board.write()
        for thread in self._threads:
            thread.join()
        self._waker.close()
        self._board.end()

    def _is_done(self) -> bool:
        """Whether nothing is left that could be done now."""
        if self._in_hand or self._ready:
            return False
        return all(file.is_stuck and file.tries > 1 for *_, file in self._tree.open_files())

    # -- sweeping --------------------------------------------------------------------------

    def _sweep(self, now: float) -> bool:
        """Look at everything; say whether the share is there."""
        try:
            self._tree.sweep(now)
        except ShareAway as error:
            self._ready.clear()
            self._board.away(str(error))
            return False
        if self._hints is not None and len(self._hints):
            self._hints.rewrite(self._tree.done_files())
        self._waker.listen()
        self._board.swept()
        return True

    def _hand_out(self) -> None:
        """Begin slides, as many as there are hands."""
        if not self._ready and self._in_hand < self._settings.jobs:
            self._ready.extend(islice(self._sorter.ready(time.monotonic()), _AT_ONCE))
        while self._ready and self._in_hand < self._settings.jobs and not self._stopped():
            candidate = self._ready.popleft()
            files = self._files_of(candidate)
            if files is None:
                continue
            order = self._order(candidate, files[0])
            if order is not None:
                for file in files:
                    file.state = "taken"
                self._in_hand += 1
                self._board.begun(order)
                self._orders.put(order)

    def _files_of(self, candidate: Candidate) -> list[File] | None:
        """Return what is known of a slide's files; None if one is not as it was."""
        files = []
        for member in candidate.members:
            found = self._tree.find(member.path)
            if found is None or found[1].stamp != member.stamp or found[1].state == "taken":
                return None
            files.append(found[1])
        return files if files[0].state == "open" else None

    def _order(self, candidate: Candidate, main: File) -> Order | None:
        try:
            policy = self._policies.of(candidate.home)
            task = self._policies.name_of(policy, Task(1, Path(candidate.path), _home_of(candidate)))
        except BlankslideError as error:
            self._hold(main, error.message)
            self._board.trouble(candidate, error.message)
            return None
        return Order(candidate, policy, task, main.tries, main.why)

    def _cannot_look(self, file: File, folder: Folder, name: str, error: Exception) -> None:
        """Let a file wait that may not be read, or is away: whoever looks after the service has to hear of it."""
        why = problem_of(error).message
        self._hold(file, why)
        self._board.waits(os.path.join(folder.path, name), name, folder.home, why)

    def _hold(self, file: File, why: str, soon: bool = False) -> None:
        """Let a slide wait, longer each time that it was tried in vain."""
        sweep = self._settings.sweep
        file.tries, file.is_stuck = file.tries + 1, not soon
        longest = max(sweep, min(_LONGEST_WAIT, 30 * sweep))
        wait = self._settings.patience / 8 if soon else min(sweep * 2 ** min(file.tries, 9), longest)
        file.retry = time.monotonic() + wait
        if file.why != why:
            file.why, file.why_since = why, time.time()

    # -- what came back --------------------------------------------------------------------

    def _serve(self) -> None:
        hand = Hand(self._settings, self._board.progress)
        try:
            while (order := self._orders.get()) is not None:
                self._ended.put(hand.do(order))
                self._waker.nudge()
        finally:
            hand.close()

    def _take_back(self, wait: bool = False) -> None:
        while True:
            try:
                ended = self._ended.get(timeout=0.2) if wait else self._ended.get_nowait()
            except Empty:
                return
            self._in_hand -= 1
            self._note(ended)
            wait = False

    def _note(self, ended: Ended) -> None:
        candidate, ending = ended.order.candidate, ended.ending
        for number, member in enumerate(candidate.members):
            found = self._tree.find(member.path)
            if found is None:
                continue
            folder, file = found
            if ended.is_gone:
                folder.forget(member.name)
                continue
            settled = ending in ("done", "before", "left")
            file.state = "failed" if ending == "left" else "done" if settled else "open"
            if settled:
                self._settle(file, member.path, in_place=self._settings.out is None)
                folder.open.discard(member.name)
            elif ending in ("wait", "whole?") and not number:
                self._hold(file, ended.words, soon=ending == "whole?")
            elif ending == "stopped":
                self._tree.look_again(member.path, time.monotonic())
        if ended.renamed:
            self._adopt(candidate)
        if ending in ("done", "before") and not ended.is_gone and self._hints is not None:
            known = [(member.path, self._tree.find(member.path)) for member in candidate.members]
            self._hints.add([(path, each[1].stamp) for path, each in known if each is not None])
        self._board.noted(ended)
        if ending == "done" and (ledger := ended.order.policy.orders.ledger) is not None:
            ledger.wake()

    def _settle(self, file: File, path: str, in_place: bool) -> None:
        """Take a file as it is now for what was done: in place we have changed it ourselves."""
        if not in_place:
            return
        try:
            now = os.stat(path, follow_symlinks=False)
        except OSError:
            return
        file.stamp = Stamp(now.st_ino, now.st_size, now.st_mtime_ns)

    def _adopt(self, candidate: Candidate) -> None:
        """Know the slide under its new name, by its inode: else it would be taken for one that has just come."""
        inodes = {member.stamp.inode for member in candidate.members}
        for member in candidate.members:
            known = self._tree.folders.get(member.folder)
            try:
                entries = list(os.scandir(member.folder)) if known is not None else []
            except OSError:
                entries = []
            for entry in entries:
                if known is not None and entry.inode() in inodes and entry.is_file(follow_symlinks=False):
                    now = entry.stat(follow_symlinks=False)
                    stamp = Stamp(now.st_ino, now.st_size, now.st_mtime_ns)
                    known.files[entry.name] = File(stamp, time.monotonic(), "done")
                    known.open.discard(entry.name)


def _home_of(candidate: Candidate) -> tuple[str, ...]:
    """Return the folders that a copy stands in; the folder of one DICOM series is the slide, and its copy brings it."""
    from blankslide.pipeline.main_file import is_series_folder

    is_series = bool(candidate.home) and is_series_folder(Path(candidate.members[0].folder))
    return candidate.home[:-1] if is_series else candidate.home


def _finish_moves(root: Path) -> int:
    from blankslide.storage.moving import finish

    return finish(str(root))


def _make(folder: Path) -> None:
    try:
        make_folder(folder, 0o777)
    except OSError as error:
        raise EnvironmentProblem(f"a folder that slides go to cannot be made: {error.strerror}") from None
