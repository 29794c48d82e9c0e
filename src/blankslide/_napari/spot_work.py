"""A spot-check between threads and window: pages are made in a thread, the next one while a person looks at this one.

At most two pages are held. Verdicts go into the record at once, so a window that is closed loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QObject, Signal

from blankslide import api
from blankslide.errors import BlankslideError
from blankslide.pipeline import problem_of
from blankslide.review import report
from blankslide.review.check import SpotCheck
from blankslide.review.page import Page, page_of
from blankslide.review.population import Population, of_ledger, slides_below, usual_record
from blankslide.review.signing import sign_slides

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline import Options
    from blankslide.records.ledger import Ledger
    from blankslide.review.check import Terms
    from blankslide.review.record import Word

State = Literal["setup", "drawing", "looking", "ended", "signing"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for.

    Attributes
    ----------
    from_ledger
        Draw only from slides that the ledger knows as clean.
    record
        Where verdicts are kept; None for the usual place.
    """

    paths: Sequence[Path]
    reviewer: str
    terms: Terms
    from_ledger: bool = False
    record: Path | None = None
    profile: str = "research"
    ledger: str | None = None


class SpotWork(QObject):
    """One spot-check in one window.

    Attributes
    ----------
    state, position, page
        What is going on, which slide of the sample is shown, and its page once it is made.
    told
        What the person must know: what the sample does not speak of, or what went wrong.
    entry
        Number of the entry in the ledger, once it is signed.
    changed
        Signal: something that is shown changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state: State = "setup"
        self.check: SpotCheck | None = None
        self.position, self.told = 0, ""
        self.entry: int | None = None
        self._slides: dict[str, Path] = {}
        self._pages: dict[int, Page] = {}
        self._loading = False
        self._options: Options | None = None
        self._ledger: Ledger | None = None

    # -- beginning -------------------------------------------------------------------------

    def begin(self, asked: Asked) -> None:
        """Draw the sample and show its first slide, or the first that this reviewer has not judged."""
        if self.state in ("drawing", "signing"):
            return
        self.told, self.entry = "", None
        self._go("drawing")
        self._run(lambda: self._draw(asked), self._drawn)

    def _draw(self, asked: Asked) -> tuple[SpotCheck, Population]:
        self._ledger = api.options(ledger=asked.ledger, looks=True, asked_only=True).ledger
        self._options = api.options(asked.profile, ledger="none", looks=True, asked_only=True)
        if asked.from_ledger:
            found = of_ledger(asked.paths, self._ledger, self._options)
        else:
            found = Population(slides_below(asked.paths))
        names = list(found.slides)
        record = asked.record or (usual_record(names) if names and asked.reviewer.strip() else None)
        return SpotCheck(names, asked.reviewer, record, asked.terms), found

    def _drawn(self, result: Any) -> None:
        if isinstance(result, BlankslideError):
            self.told = result.sentence()
            self._go("setup")
            return
        self.check, found = result
        self._slides, self.told = found.slides, found.sentence()
        self._pages.clear()
        first = self.check.next_open()
        if first is None:
            self._go("ended")
        else:
            self.go(first)

    def again(self) -> None:
        """Go back to the form, for another reviewer or another folder."""
        self.check, self.told, self.entry = None, "", None
        self._pages.clear()
        self._go("setup")

    # -- looking ---------------------------------------------------------------------------

    @property
    def page(self) -> Page | None:
        """The page of the slide that is shown, once it is made."""
        return self._pages.get(self.position)

    @property
    def path(self) -> Path | None:
        """The slide that is shown."""
        return self._slides.get(self.check.sample[self.position]) if self.check is not None else None

    def go(self, position: int) -> None:
        """Show a slide of the sample."""
        if self.check is None:
            return
        self.position = position % self.check.size
        self._go("looking")
        self._load()

    def step(self, by: int) -> None:
        """Show the next slide, or the one before."""
        if self.state == "looking":
            self.go(self.position + by)

    def give(self, word: Word, note: str = "") -> bool:
        """Take a verdict on the slide whose page is shown, and go to the next without one; False if it is not kept."""
        check, page = self.check, self.page
        if check is None or page is None or self.state != "looking":
            return False
        try:
            check.give(self.position, word, note, page.seen)
        except BlankslideError as error:
            self.told = error.sentence()
            self.changed.emit()
            return False
        self.told = ""
        following = check.next_open(self.position)
        if following is None:
            self._go("ended")
        else:
            self.go(following)
        return True

    def _load(self) -> None:
        """Make the page that is shown, then the one that will be."""
        check, options = self.check, self._options
        if self._loading or check is None or options is None or self.state != "looking":
            return
        following = check.next_open(self.position)
        wanted = [self.position, *([following] if following is not None else [])]
        self._pages = {position: page for position, page in self._pages.items() if position in wanted}
        missing = next((position for position in wanted if position not in self._pages), None)
        if missing is None:
            return
        self._loading = True
        path = self._slides[check.sample[missing]]
        self._run(lambda: page_of(path, options), lambda page: self._loaded(check, missing, page))

    def _loaded(self, check: SpotCheck, position: int, page: Any) -> None:
        self._loading = False
        if check is self.check:
            failed = isinstance(page, BlankslideError)
            self._pages[position] = Page(page.sentence(), clean=False) if failed else page
            self.changed.emit()
        self._load()

    # -- the end ---------------------------------------------------------------------------

    def sign(self) -> None:
        """Write the result into the ledger."""
        check, ledger, options = self.check, self._ledger, self._options
        if check is None or options is None or self.state != "ended" or self.entry is not None:
            return
        if ledger is None:
            self.told = "there is no ledger that the result could go into"
            self.changed.emit()
            return
        self.told = ""
        self._go("signing")
        self._run(lambda: sign_slides(check, self._slides, ledger, options), self._signed)

    def _signed(self, result: Any) -> None:
        if isinstance(result, BlankslideError):
            self.told = result.sentence()
        else:
            self.entry = result
        self._go("ended")

    def write(self, path: Path, with_names: bool = False) -> None:
        """Write the report."""
        if self.check is None:
            return
        try:
            report.write(path, report.content(self.check, self.entry, with_names))
            self.told = f"written: {path.name}"
        except BlankslideError as error:
            self.told = error.sentence()
        self.changed.emit()

    # -- threads ---------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a thread is at work."""
        return self._loading or self.state in ("drawing", "signing")

    def _go(self, state: State) -> None:
        self.state = state
        self.changed.emit()

    def _run(self, job: Callable[[], Any], done: Callable[[Any], None]) -> None:
        from napari.qt.threading import create_worker

        def work() -> tuple[Any]:  # napari takes an error that is returned for one that is raised
            try:
                return (job(),)
            except Exception as error:
                return (problem_of(error),)

        worker = create_worker(work, _start_thread=False)
        worker.returned.connect(lambda result: done(*result))
        worker.start()
