"""The dock "Review folder": a list of slides, one card a row, and a run over all or some of them.

Space and the arrows go from slide to slide and open each. The list is filled and the run is made by processes of their
own; the dock only shows what `ListWork` is told, and hands every choice on. A run is planned first, and begins only
when the question about it was answered with yes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFileDialog, QListView, QVBoxLayout, QWidget

from blankslide._napari.confirm import BulkConfirm
from blankslide._napari.list_form import ListForm, RunForm
from blankslide._napari.list_model import ROW, Card, SlideModel
from blankslide._napari.list_opening import RowOpener
from blankslide._napari.list_work import ListWork
from blankslide.review.bulk import Choices
from blankslide.review.slide_list import SHOWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel

    from blankslide.review.bulk import Question
    from blankslide.review.slide_list import Row


class ReviewFolder(QWidget):
    """The dock widget.

    Parameters
    ----------
    viewer
        The viewer in which slides are opened.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.setObjectName("review folder")
        self.viewer = viewer
        self.work, self.opener = ListWork(viewer, self), RowOpener(viewer, self)
        self.model, self.view = SlideModel(), QListView()
        self.top, self.run = ListForm(SHOWS), RunForm(self.work.profile)
        self._build()
        self._connect()
        self.setAcceptDrops(True)
        self._draw()

    def _build(self) -> None:
        view = self.view
        view.setObjectName("slides")
        view.setAccessibleName("slides under review; Space goes to the next one")
        view.setModel(self.model)
        view.setItemDelegate(Card(self.model, view))
        view.setUniformItemSizes(True)
        view.setSelectionMode(QListView.SelectionMode.SingleSelection)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setMinimumHeight(170)
        box = QVBoxLayout(self)
        box.setContentsMargins(6, 6, 6, 6)
        box.setSpacing(5)
        box.addWidget(self.top)
        box.addWidget(view, 1)
        box.addWidget(self.run)
        self.setMinimumWidth(340)
        self.resize(420, 640)

    def _connect(self) -> None:
        work, top, run = self.work, self.top, self.run
        self._keys = _Keys(self)
        self.view.installEventFilter(self._keys)
        top.open_button.clicked.connect(self._pick)
        top.words.textChanged.connect(self._narrow)
        top.show_box.currentTextChanged.connect(self._narrow)
        self.view.selectionModel().currentChanged.connect(lambda now, before: self._open_row(now.data(ROW)))
        work.rows_came.connect(self._narrow)
        work.row_changed.connect(self.model.redraw)
        work.changed.connect(self._draw)
        work.asking.connect(self._ask)
        self.opener.opened.connect(self._opened)
        run.profile_chosen.connect(self._choose_profile)
        run.go.clicked.connect(self._plan_run)
        run.again.clicked.connect(self._plan_again)
        run.cancel.clicked.connect(work.cancel)
        self.destroyed.connect(_leaver(work, self.opener))

    # -- the folder ------------------------------------------------------------------------

    def open_folder(self, path: Path) -> None:
        """List the slides of a folder, or of any path that holds slides."""
        self.model.forget()
        self.work.open([path])
        self.view.setFocus()

    def _pick(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Review the slides of a folder")
        if name:
            self.open_folder(Path(name))

    def dragEnterEvent(self, event: Any) -> None:
        """Take a folder that is dragged over the dock."""
        if _dropped(event) is not None and not self.work.busy:
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Open a folder that is dropped on the dock."""
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.open_folder(path)

    # -- rows ------------------------------------------------------------------------------

    def _narrow(self, *_: object) -> None:
        slides = self.work.slides
        here = self.view.currentIndex().data(ROW)
        words, show = self.top.words.text(), self.top.show_box.currentText()
        self.model.show_rows([] if slides is None else slides.shown(words, show))
        place = None if here is None else self.model.place_of(here)
        if place is not None and self.view.currentIndex().row() != place:
            self.view.selectionModel().blockSignals(True)
            self.view.setCurrentIndex(self.model.index(place))
            self.view.selectionModel().blockSignals(False)
        self._draw()

    def step(self, by: int) -> None:
        """Go to the next row, or back."""
        now = self.view.currentIndex().row()
        place = min(max(now + by, 0), self.model.rowCount() - 1)
        if place >= 0:
            self.view.setCurrentIndex(self.model.index(place))

    def _open_row(self, row: Row | None) -> None:
        if row is None or row.state == "refused":
            return
        if self.work.state == "running" and row.state in ("found", "to do", "running", "waiting", "interrupted"):
            return  # a file that a run will write to must not be held open here
        self.opener.show(row.path)

    def _opened(self, path: Path, trouble: str) -> None:
        if trouble:
            self.run.told.setText(trouble)

    # -- the run ---------------------------------------------------------------------------

    def _choose_profile(self, profile: str) -> None:
        self.work.profile = profile
        self.work.look_again()

    def _plan_run(self) -> None:
        slides = self.work.slides
        if slides is not None:
            shown = None if self.top.shows_all else slides.paths_of(self.model.rows)
            self._plan(shown)

    def _plan_again(self) -> None:
        if self.work.slides is not None:
            self._plan(self.work.slides.paths_of(self.work.rows_to_retry()))

    def _plan(self, only: frozenset[Path] | None) -> None:
        wish = self.run.wish
        if not self.run.is_decided:
            self.run.told.setText("Say where the copies go, or choose in place.")
            return
        self.work.plan(Choices(wish.folder if wish.copies else None, wish.name or None, only), wish)

    def _ask(self, question: Question) -> None:
        verb = "Copy" if self.run.wish.copies else "Overwrite"
        dialog = BulkConfirm(question, verb, self)
        dialog.finished.connect(lambda answer: self.work.answer(bool(answer)))
        dialog.open()

    # -- what is shown ---------------------------------------------------------------------

    def _draw(self) -> None:
        work = self.work
        slides = work.slides
        self.top.draw(slides, work)
        self.run.draw(work, self.model.rowCount(), self.top.shows_all)
        self.view.setVisible(slides is not None)


class _Keys(QObject):
    """Space goes to the next slide, Backspace back; the arrows are the list's own."""

    def __init__(self, owner: ReviewFolder) -> None:
        super().__init__(owner)
        self._owner = owner

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Take the keys of the list."""
        if event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Backspace):
            self._owner.step(1 if event.key() == Qt.Key.Key_Space else -1)
            return True
        return False


def _leaver(*parts: ListWork | RowOpener) -> Any:
    """Return what ends threads when the dock goes; it holds the parts and not the dock."""

    def leave() -> None:
        for part in parts:
            try:
                part.leave()
            except RuntimeError:  # Qt has taken its timers away already
                continue

    return leave


def _dropped(event: Any) -> Path | None:
    urls: Sequence[Any] = event.mimeData().urls()
    path = Path(urls[0].toLocalFile()) if len(urls) == 1 else None
    return path if path is not None and path.is_dir() else None
