"""Session, worker threads and window: the only place where they meet.

A `Review` owns one `Session` at a time. What reads or writes a slide runs in a worker, one
job at a time; session callbacks arrive on the worker's thread and hop to the GUI thread as
a Qt signal. Before anything is written our own handles are closed, others' are counted, the
person is asked, and afterwards the slide is opened anew: that, too, in the worker.

No small picture of a slide as it was outlives the run: what is kept for "before" is a mosaic
of a few coloured squares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from blankslide import api, pipeline
from blankslide._napari import layers as _napari_layers
from blankslide._napari import papers, remains, settings
from blankslide._napari.disk import CHANGED, DiskWatch
from blankslide._napari.run_form import anonymize, wish_of
from blankslide._napari.thumbnails import mosaic, thumbs
from blankslide._napari.watch import watch
from blankslide.errors import BlankslideError, SlideLocked
from blankslide.model import Stage
from blankslide.pipeline import problem_of
from blankslide.presentation import wording
from blankslide.presentation.found_words import found_sentence
from blankslide.session import Session
from blankslide.viewing import open_pyramid
from blankslide.viewing.picture import open_pictures

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from napari.components import ViewerModel

    from blankslide.looks import Look, Standing
    from blankslide.model.found import Found
    from blankslide.pipeline import Options
    from blankslide.policy.profiles import Profile
    from blankslide.viewing import Pyramid
    from blankslide.wishes import Wish

    Thumbs = dict[str, np.ndarray[Any, np.dtype[Any]]]

_LATER_MS = 300
"""When memory is given back after a run: once the window has drawn what is there now."""


@dataclass(slots=True)
class Pictures:
    """Small pictures by role: as they stand in the file now, and mosaics of what stood there."""

    now: Thumbs = field(default_factory=dict)
    before: Thumbs = field(default_factory=dict)


class Review(QObject):
    """One slide under review in one viewer.

    Attributes
    ----------
    changed
        Signal: something that is shown changed (``state``, ``rows``, ``progress``, ``pictures``, ``strings``).
    asking
        Signal: ready to write; the person must confirm. Carries who else has the file open.
    is_changed
        Whether the file on the disk is not what is shown here any more; it is read anew when it has come to rest.
    """

    changed = Signal(str)
    asking = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.session = Session()
        self.profile: str | Profile = settings.profile()
        self.dry_run = settings.dry_run()
        self.pictures = Pictures()
        self.values: dict[str, Any] = {}
        self.told = ""
        self.found: tuple[Found, ...] = ()
        self.found_told = ""
        self._doing = ""
        self._working = self._closed = self._reading = False
        self._unsubscribe: Callable[[], None] = _nothing
        self._was: Path | None = None
        self.is_changed = False
        self._caught_up: Standing | None = None
        self._disk = DiskWatch(lambda: None if self.busy else self.session, self)
        self._disk.differs.connect(self._differs)

    # -- the slide -------------------------------------------------------------------------

    def show(self, path: Path | None) -> None:
        """Review another slide, or none; values are masked again."""
        if self.busy or path == self.session.path:
            return
        self._unsubscribe()
        self.session = Session(path)
        self.is_changed = False
        self.dry_run = self.session.dry_run = settings.dry_run()  # for each slide anew
        self.told = self.found_told = ""
        self.found = ()
        self._unsubscribe = self.session.on(self._tell)
        self.pictures = Pictures()
        self._tell("pictures")  # the label of a slide that was closed must not stay in the dock
        if path is None:
            self._tell("state")
            return
        known = _napari_layers.look_of(self.viewer, path)
        self._run(lambda: self._load(known), self._loaded)

    def _load(self, known: Look | None = None) -> Pictures:
        self._prepare()
        self.session.wish = self._wish()
        self.session.wrong = self.session.wish.problem(self.session.options.resolved())
        self.session.load(known)
        now = self._thumbs()
        return Pictures(now, {role: mosaic(pixels) for role, pixels in now.items()})

    def _thumbs(self) -> Thumbs:
        main, found = self.session.main_file, self.session.inspection
        if main is None or found is None:
            return {}
        try:
            with open_pictures(main, found) as opened:
                return thumbs(opened.pictures)
        except BlankslideError:  # what cannot be opened shows nothing
            return {}

    def _prepare(self) -> None:
        """Give the session key and ledger; a refusal is the session's."""
        try:
            made: Options = api.options(self.profile)
        except BlankslideError as error:
            self._refuse(error)
            return
        self.session.options = made

    def _loaded(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self._tell("pictures")

    # -- the disk --------------------------------------------------------------------------

    def _differs(self, session: Session, at_rest: bool) -> None:
        if session is not self.session or self.busy:
            return
        self.is_changed = True
        if at_rest:
            self._read_anew()
        else:
            self._tell("state")

    def _read_anew(self) -> None:
        """Show the slide as it is now, because somebody else has changed it."""
        self.told = CHANGED
        self.found, self.found_told = (), ""  # of pictures as they were
        self._tell("found")
        self._was = self.session.path
        self._run(self._load, self._show_anew, lambda: self._applied((None, {})))

    def _show_anew(self, pictures: Pictures) -> None:
        self.is_changed = False
        self.pictures = pictures
        self._reopen()

    def _catch_up(self) -> None:
        """Let layers show the state of the file that findings are of: some were opened long before."""
        session = self.session
        if session.path is None or self.busy or session.inspection is None or session.seen == self._caught_up:
            return
        self._caught_up = session.seen  # once for each state
        if _napari_layers.are_outdated(self.viewer, session.path, session.seen):
            self._reopen()

    # -- choices ---------------------------------------------------------------------------

    def choose(self, profile: str | Profile) -> None:
        """Take another profile."""
        self.profile = profile
        if isinstance(profile, str):
            settings.remember_profile(profile)
        if self.session.path is not None:
            self._run(self._choose)

    def _choose(self) -> None:
        self.session.error = self.session.outcome = None
        self._prepare()
        if self.session.error is None:
            self.session.load()

    def keep(self, finding: str, keep: bool) -> None:
        """Keep or remove one finding."""
        self.session.outcome = None
        self._run(lambda: self.session.keep(finding, keep))

    def read_strings(self) -> None:
        """List every string of the slide, unless something else is going on."""
        if self.busy:
            return
        self._reading = True
        self._run(self.session.read_strings)

    def take(self, values: Mapping[str, Any]) -> None:
        """Take what stands in the form: arguments of `run_form.anonymize`."""
        self.values = {key: value for key, value in values.items() if key != "profile"}
        self.dry_run = self.session.dry_run = bool(values["dry_run"])
        self._ask()
        self._tell("state")

    def _ask(self) -> None:
        """Have the plan follow the form, unless something else is going on: then it follows afterwards."""
        wish = self._wish()
        if self.session.path is not None and not self.busy and wish != self.session.wish:
            self._run(lambda: self.session.ask(wish))

    def _wish(self) -> Wish:
        return wish_of(**{key: value for key, value in self.values.items() if key != "dry_run"})

    # -- the run ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin: a dry run at once, a real one with a look at who else uses the file."""
        path = self.session.path
        if path is None or self.busy:
            return
        self.told = ""
        if self.session.dry_run:
            self._run(lambda: self._call(path))
            return
        self._closed = True
        if self.session.wish.copies:  # the slide itself is only read
            self.asking.emit("none")
            return
        self._was = path
        _napari_layers.close_all(self.viewer, path)
        self._run(lambda: "changed" if self.session.stale else _other_users(path), self._counted, self._look_again)

    def _counted(self, users: str) -> None:
        if users == "changed":  # what the person would say yes to is not what stands there now
            self._read_anew()
            return
        if users == "writer":
            self._refuse(SlideLocked("another program is writing to this file", "close it there, then try again"))
            self._reopen()
            return
        self.asking.emit(users)

    def confirm(self, yes: bool) -> None:
        """Take the person's answer to `asking`."""
        path = self.session.path
        if path is None:
            return
        if self.session.wish.copies:
            self._closed = False
            if yes:
                self._run(lambda: self._call(path), self._done)
            else:
                self._tell("state")
        elif yes:
            self._run(lambda: self._apply(path), self._applied, self._look_again)
        else:
            self._reopen()

    def _look_again(self) -> None:
        """After a failure that nobody foresaw: what stands in the file is the only truth."""
        if self.session.path is not None:
            self._run(self._load, lambda _: self._reopen())

    def _done(self, result: Any = None) -> None:
        """After a real run the next one is a dry run again."""
        done = self.session.outcome
        if done is not None and done.content != "untouched":
            self.dry_run = self.session.dry_run = True
            self.found, self.found_told = (), ""  # of pictures as they were
            self._tell("ended")

    def _call(self, path: Path) -> None:
        """Call the function that a script would call."""
        anonymize(path, **{**self.values, "dry_run": self.session.dry_run}, session=self.session)

    def _apply(self, path: Path) -> tuple[Pyramid | None, Thumbs]:
        if self.session.stale:  # what was confirmed is not what stands there now
            self.told = CHANGED
            self._load()
        else:
            self._call(path)
        return self._opened_anew(self.session.path or path)

    def _applied(self, result: tuple[Pyramid | None, Thumbs]) -> None:
        pyramid, thumbs = result
        self.pictures.now = thumbs
        self._done()
        path = self.session.path
        if path is not None and self._was is not None and path != self._was:
            _napari_layers.rename(self.viewer, self._was, path)
        if path is not None and pyramid is not None:
            watch()
            self._step(_napari_layers.show_again(self.viewer, path, pyramid))
        elif path is not None:
            # A slide that cannot be opened any more: else its old pictures would stay on the screen.
            self._step(_napari_layers.remove_all(self.viewer, path))

    def _step(self, layers: Iterator[None]) -> None:
        """Change one layer, let the window breathe, change the next."""
        if next(layers, self) is not self:
            # Not a bound method: Qt would drop it with the dock, and old pixels would stay in the viewer.
            QTimer.singleShot(0, lambda: self._step(layers))
            return
        self._closed = False
        self._tell("pictures")
        self._tell("state")
        QTimer.singleShot(_LATER_MS, remains.give_back)

    def _opened_anew(self, path: Path) -> tuple[Pyramid | None, Thumbs]:
        """Open the slide as it is now; a slide that cannot be opened shows nothing."""
        known = None if self.session.stale else self.session.inspection
        try:
            pipeline.refuse_pending(self.session.main_file or path)  # such a run may not have written yet
            pyramid = open_pyramid(path, known)
        except BlankslideError:
            return None, {}
        return pyramid, thumbs(pyramid.pictures)

    def _reopen(self) -> None:
        path = self.session.path
        if path is not None:
            self._run(lambda: self._opened_anew(path), self._applied, lambda: self._applied((None, {})))

    def cancel(self) -> None:
        """Stop at the next safe point, if one is still to come."""
        self.session.cancel()

    @property
    def busy(self) -> bool:
        """Whether a worker runs, or our handles are closed for a run that is still to be confirmed."""
        return self._working or self._closed

    @property
    def is_closed(self) -> bool:
        """Whether a run was asked for and has not ended: nothing may be chosen anew."""
        return self._closed

    @property
    def reading(self) -> bool:
        """Whether strings are being listed."""
        return self._reading and self._working

    @property
    def can_cancel(self) -> bool:
        """Whether the commit point is still ahead."""
        return self.busy and self.session.can_cancel

    @property
    def activity(self) -> str:
        """What is going on, in words."""
        if self._closed and not self._working:
            return "waiting for your answer"
        if self.session.state == "working":
            return wording.next_stage(self.session.stage)
        if self._doing and self._working:
            return self._doing
        return "reading every string …" if self.reading else "looking …" if self.busy else ""

    # -- proving it ------------------------------------------------------------------------

    def verify(self) -> None:
        """Judge the slide, or the copy of the last run, as it is."""
        if self.session.path is not None and not self.busy:
            self._doing = "checking with OpenSlide and tifffile …"
            self._run(self.session.verify)

    def look_at_pictures(self) -> None:
        """Find text, barcodes and ink in the slide's pictures; only boxes come back."""
        path = self.session.path
        if path is not None and not self.busy:
            self._doing = "looking for text and barcodes in the pictures …"
            self._run(lambda: _legible(path), self._looked)

    def _looked(self, answer: tuple[tuple[Found, ...], str]) -> None:
        self.found, self.found_told = answer
        self._tell("found")

    @property
    def proposed_mask(self) -> str:
        """The part of the macro in which all text was found, as the form takes it; empty if there is none."""
        if not self.found:
            return ""
        from blankslide.pipeline.seen import mask_around

        return ",".join(map(str, mask_around(self.found) or ()))

    def write(self, kind: str, path: Path) -> None:
        """Write the ``report`` of the last run, or a ``certificate`` of the slide as it is."""
        if self.session.path is not None and not self.busy:
            self._doing = f"writing the {kind} …"
            self._run(lambda: papers.write(kind, self.session, path), self._written)

    def _written(self, told: str) -> None:
        self.told = told

    # -- threads ---------------------------------------------------------------------------

    def _run(
        self,
        job: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[], None] | None = None,
    ) -> None:
        from napari.qt.threading import create_worker

        def work() -> tuple[Any, BlankslideError | None]:
            try:
                return job(), None
            except Exception as error:  # napari would show it with its words, which may hold a value
                return None, problem_of(error)

        self._working = True
        self.session.stage, self.session.fraction = Stage.START, 0.0
        worker = create_worker(work, _start_thread=False)
        worker.returned.connect(lambda ended: self._finished(done, failed, *ended))
        worker.start()
        self._tell("state")

    def _finished(
        self,
        done: Callable[[Any], None] | None,
        failed: Callable[[], None] | None,
        result: Any,
        problem: BlankslideError | None,
    ) -> None:
        is_aside = bool(self._doing) or self._reading  # what the slide holds is known as before
        if problem is not None:
            self.told = problem.sentence()
            self.session.unread = problem if self._reading else None
        self._working = self._reading = False
        self._doing = ""
        if problem is None and done is not None:
            done(result)
        elif problem is not None and failed is not None:
            failed()
        elif problem is not None and not is_aside:
            self.session.plan = None  # it may be of another choice
            self._refuse(problem)
        self._ask()
        self._catch_up()
        self._tell("state")

    def _tell(self, event: str) -> None:
        """Emit `changed`, also from a worker's thread; a window that is gone must not break a run."""
        try:
            self.changed.emit(event)
        except RuntimeError:
            self._unsubscribe()

    def _refuse(self, error: BlankslideError) -> None:
        self.session.error, self.session.state = error, "refused"


def _nothing() -> None:
    """Stand in for an unsubscriber while nothing is subscribed."""


def _legible(path: Path) -> tuple[tuple[Found, ...], str]:
    from blankslide.pipeline.pictures import look_at_pictures

    try:
        found = look_at_pictures(path)
    except BlankslideError as error:
        return (), error.sentence()
    return found, found_sentence(found)


def _other_users(path: Path) -> str:
    from blankslide.storage.lock import only_here, other_users
    from blankslide.storage.slide_files import open_slide

    try:
        with open_slide(path) as slide:
            users = other_users(slide)
            return "here" if users == "reader" and only_here(slide) else users
    except BlankslideError:  # the run itself will say what is wrong
        return "unknown"
