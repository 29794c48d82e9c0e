"""The list of slides and its runs, between threads and window: what is told in a thread is drawn in small doses.

Slides are looked at and edited by processes of their own; a thread of ours listens to each. Its events wait in a queue,
and a timer of the window takes out of it as many as fit into a few milliseconds, so that a thousand events at once
hold up nobody. Slides of the run that are shown in a window are closed before it begins, and shown anew after it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from threading import Event as Flag
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QObject, QTimer, Signal

from blankslide import api
from blankslide._napari import layers as _napari_layers
from blankslide._napari import remains, settings
from blankslide._napari.watch import watch
from blankslide.batch import Done
from blankslide.errors import BlankslideError
from blankslide.pipeline import problem_of
from blankslide.review.bulk import BulkRun, Choices, Question
from blankslide.review.slide_list import Row, SlideList
from blankslide.viewing import open_pyramid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari.components import ViewerModel

    from blankslide.policy.profiles import Profile
    from blankslide.wishes import Wish

Job = Callable[[Flag], None]
Ended = Callable[[BlankslideError | None], None]
State = Literal["empty", "looking", "ready", "planning", "asking", "running", "showing"]
_PULSE, _DOSE = 30, 0.008


class ListWork(QObject):
    """One list in one viewer.

    Attributes
    ----------
    state
        What is going on.
    told
        The last sentence about a run, or what went wrong.
    rows_came, row_changed, changed, asking
        Signals: rows were added; a row changed; the state or the sentence changed; a run is planned, and the person
        must say yes or no.
    """

    rows_came = Signal()
    row_changed = Signal(object)
    changed = Signal()
    asking = Signal(object)

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.profile: str | Profile = settings.profile()
        self.state: State = "empty"
        self.told = ""
        self.slides: SlideList | None = None
        self.run_total = self.run_done = 0
        self._inbox: deque[Callable[[], None]] = deque()
        self._stop, self._yes, self._answered = Flag(), Flag(), Flag()
        self._thread: Thread | None = None
        self._waiting: tuple[Job, Ended] | None = None
        self._closed: list[Path] = []
        self._came = False
        self._timer = QTimer(self)
        self._timer.setInterval(_PULSE)
        self._timer.timeout.connect(self._drain)

    # -- looking ---------------------------------------------------------------------------

    def open(self, paths: Sequence[Path]) -> None:
        """List other slides, unless a run is under way."""
        if self.busy:
            return
        try:
            self.slides = SlideList(paths, api.options(self.profile, ledger="none", looks=True))
        except BlankslideError as error:
            self.slides, self.told = None, error.sentence()
            self._go("empty")
            return
        self.told = ""
        self.rows_came.emit()
        slides = self.slides
        self._go("looking")
        self._begin(lambda stop: slides.look(self._teller(slides), stop.is_set), self._looked)

    def look_again(self) -> None:
        """List the same folder anew, under the profile that is chosen now."""
        if self.slides is not None and not self.busy:
            self.open(self.slides.paths)

    def _looked(self, problem: BlankslideError | None) -> None:
        if problem is not None:
            self.told = problem.sentence()
        self._go("ready")

    # -- a run -----------------------------------------------------------------------------

    def plan(self, choices: Choices, wish: Wish) -> None:
        """Plan a run; `asking` follows, or ``told`` says why not.

        Parameters
        ----------
        wish
            What new labels say, and which part of each macro goes.
        """
        if self.slides is None or self.state != "ready":
            return
        self.told = ""
        self._yes.clear()
        self._answered.clear()
        self.run_total = self.run_done = 0
        self._go("planning")
        slides = self.slides
        self._begin(lambda stop: self._whole_run(slides, choices, wish, stop), self._ended)

    def _whole_run(self, slides: SlideList, choices: Choices, wish: Wish, stop: Flag) -> None:
        """Plan, wait for the person's answer, and go: in the thread."""
        made = wish.options(api.options(self.profile))
        wrong = wish._replace(name="").problem(made.resolved())  # names are judged by the run, which has all of them
        if wrong is not None:
            raise wrong
        with BulkRun(slides.paths, made, choices, self._teller(slides), stop.is_set) as run:
            question = run.plan()
            if stop.is_set():
                return
            self._inbox.append(lambda: self._ask(question))
            self._answered.wait()
            if not self._yes.is_set():
                return
            run.go()
            closing = run.closing()
            self._inbox.append(lambda: self._say(closing))

    def _ask(self, question: Question) -> None:
        self.run_total = question.slides
        self._go("asking")
        self.asking.emit(question)

    def answer(self, yes: bool) -> None:
        """Take the person's answer; slides that are shown are closed before they are written."""
        if self.state != "asking":
            return
        if yes and self.slides is not None:
            for path in {row.path for row in self.slides.rows}:
                if _napari_layers.slides_of(self.viewer, path):
                    _napari_layers.close_all(self.viewer, path)
                    self._closed.append(path)
            self._yes.set()
            self._go("running")
        self._answered.set()

    def _ended(self, problem: BlankslideError | None) -> None:
        if problem is not None:
            self.told = problem.sentence()
        elif not self._yes.is_set():
            self.told = "nothing was changed"
        self._show_again()

    def _say(self, words: str) -> None:
        self.told = words

    # -- layers of slides of the run -------------------------------------------------------

    def _show_again(self) -> None:
        """Show the slides that are open in a window as they are now, one after the other; then the list is ready."""
        if not self._closed:
            self._go("ready")
            return
        self._go("showing")
        path = self._closed.pop()
        found: list[Any] = []

        def read(stop: Flag) -> None:
            made = open_pyramid(path)
            if stop.is_set():  # the window has gone meanwhile
                made.close()
            else:
                found.append(made)

        def read_it(problem: BlankslideError | None) -> None:
            watch()
            shown = _napari_layers.show_again(self.viewer, path, found[0]) if found else None
            self._step(shown or _napari_layers.remove_all(self.viewer, path), self._show_again)

        self._begin(read, read_it)

    def _step(self, layers: Iterator[None], then: Callable[[], None]) -> None:
        """Change one layer, let the window breathe, change the next."""
        with remains.uncollected():
            more = next(layers, self) is not self
        QTimer.singleShot(0, (lambda: self._step(layers, then)) if more else then)

    # -- stopping --------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a run is planned, asked about or under way."""
        return self.state in ("planning", "asking", "running", "showing")

    def cancel(self) -> None:
        """Begin no other slide: those in hand are finished, or left as they are where nothing of them was written."""
        self._stop.set()
        if self.state == "asking":
            self.answer(False)

    def leave(self) -> None:
        """Stop what is going on, because the window goes."""
        self._stop.set()
        self._answered.set()
        self._timer.stop()

    # -- threads ---------------------------------------------------------------------------

    def _begin(self, job: Job, done: Ended) -> None:
        """Do a job in a thread; one that is under way is stopped first, and forgotten."""
        if self._thread is not None:
            self._stop.set()
            self._waiting = job, done
            return
        stop = self._stop = Flag()

        def work() -> None:
            problem = None
            try:
                job(stop)
            except Exception as error:
                problem = problem_of(error)
            self._inbox.append(lambda: self._done(done, problem))

        self._thread = Thread(target=work, name="blankslide list", daemon=True)
        self._thread.start()
        self._timer.start()

    def _done(self, done: Ended, problem: BlankslideError | None) -> None:
        self._thread = None
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._begin(*waiting)
            return
        self._timer.stop()
        done(problem)

    def _teller(self, slides: SlideList) -> Callable[[Any], None]:
        """Return what takes events in the thread that tells them."""
        return lambda event: self._inbox.append(lambda: self._take(slides, event))

    def _take(self, slides: SlideList, event: Any) -> None:
        if slides is not self.slides:
            return
        count = len(slides.rows)
        row = slides.take(event)
        if len(slides.rows) > count:
            self._came = True
        elif row is not None:
            self.run_done += isinstance(event, Done) and self.state == "running"
            self.row_changed.emit(row)

    def _drain(self) -> None:
        """Do what was told, for a few milliseconds."""
        end, told = perf_counter() + _DOSE, bool(self._inbox)
        while self._inbox and perf_counter() < end:
            self._inbox.popleft()()
        if self._came:
            self._came = False
            self.rows_came.emit()
        if told:
            self.changed.emit()

    def _go(self, state: State) -> None:
        self.state = state
        self.changed.emit()

    def rows_to_retry(self) -> list[Row]:
        """Return the rows with which another run may do better."""
        return [row for row in self.slides.rows if row.is_to_be_tried_again] if self.slides is not None else []
