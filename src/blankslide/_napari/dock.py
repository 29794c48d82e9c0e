"""The dock "Anonymize slide": one column, scrollable, from headline to result.

It shows what `Review` holds and hands every click on; it reads no slide itself. The slide
under review is that of the selected layer, or the only one open. The column is usable from
340 pixels on, and nothing in it asks for more height than the window has.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from blankslide._napari import dock_words, form_rows, outlines, papers, run_form
from blankslide._napari import layers as _napari_layers
from blankslide._napari.confirm import ConfirmDialog
from blankslide._napari.drawing import Drawing
from blankslide._napari.label_preview import preview
from blankslide._napari.lines import line
from blankslide._napari.picture_cards import PictureCards
from blankslide._napari.review import Review
from blankslide._napari.run_controls import Foot
from blankslide._napari.strings import StringsFold
from blankslide._napari.table import FindingsTable

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from blankslide.policy.profiles import Profile
    from blankslide.session import Row


class AnonymizeSlide(QWidget):
    """The dock widget.

    Parameters
    ----------
    viewer
        The viewer whose slides are reviewed.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.viewer = viewer
        self.review = Review(viewer, self)
        self._missed = False
        self._unseen: Path | None = None
        self._starts = False
        self._focus: QWidget | None = None
        self._previewed: tuple[object, ...] = ()
        self._stated = ("", "")
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._draw)
        self._build()
        self._connect()
        self._changed("state")
        self._follow()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        self.headline, self.levels, self.place = line("headline", bold=True), line("levels"), line("place")
        self.legible = line("legible")
        self.state = QLabel()
        self.state.setObjectName("state")
        self.open_button = QPushButton("Open a slide …")
        self.open_button.setObjectName("open")
        self.cards = PictureCards()
        self.table = FindingsTable()
        self.form = run_form.form(self.review.profile, self.review.dry_run)
        self.profile = form_rows.profile_row(self.form)
        self.cards.following = self.profile.profile.native
        self.view = form_rows.view_row()
        self.foot, self.strings = Foot(self.form), StringsFold()
        self.table.say = lambda finding: self.review.session.consequences(finding)
        self.review.values = run_form.values_of(self.form)
        del self.review.values["profile"]
        column = QWidget()
        box = QVBoxLayout(column)
        box.setContentsMargins(6, 6, 6, 6)
        box.setSpacing(5)
        top = QHBoxLayout()
        top.addWidget(self.headline, 1)
        top.addWidget(self.state, 0, Qt.AlignmentFlag.AlignTop)
        box.addLayout(top)
        self._form = (self.profile.native, self.view.native, self.table, self.foot, self.strings)
        parts = (self.open_button, self.levels, self.cards, self.legible, *self._form[:3], self.place, *self._form[3:])
        for part in parts:
            box.addWidget(part)
        box.addStretch(1)
        self._scroll(column)
        self.drawing = Drawing(self.viewer, self.review, self.foot.fields)

    def _scroll(self, column: QWidget) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(column)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self.setMinimumWidth(340)
        self.resize(360, 640)

    def _connect(self) -> None:
        review, foot = self.review, self.foot
        self.viewer.layers.events.inserted.connect(self._follow)
        self.viewer.layers.events.removed.connect(self._follow)
        self.viewer.layers.selection.events.active.connect(self._follow)
        review.changed.connect(self._changed)
        self.viewer.events.theme.connect(self._draw_later)
        review.asking.connect(self._ask)
        self.open_button.clicked.connect(self._open)
        self.cards.clicked.connect(self._go_to)
        self.profile.profile.changed.connect(self._choose_profile)
        self.profile.filter.changed.connect(self._fill)
        self.view.values.changed.connect(self._reveal)
        self.view.kept.changed.connect(self._fill)
        self.view.look.changed.connect(lambda *_: review.look_at_pictures())
        self.table.chosen.connect(review.keep)
        self.table.pointed.connect(self._show_place)
        foot.fields.changed.connect(self._wish)
        foot.after.asked.connect(self._prove)
        self.table.entered_row.connect(self._show_picture)
        self.profile.edit.clicked.connect(self._edit_profile)
        foot.run.clicked.connect(self.start)
        foot.cancel.clicked.connect(review.cancel)
        foot.compare.toggled.connect(self._draw_pictures)
        self.strings.opened.connect(self._read_strings)

    # -- which slide -----------------------------------------------------------------------

    def _follow(self, event: Any = None) -> None:
        """Review the slide of the selected layer; without one, any that is open."""
        self._missed = self.review.busy
        if self._missed:
            return
        active = self.viewer.layers.selection.active
        layers = [*([active] if active is not None else []), *self.viewer.layers]
        shown = [path for path in map(_slide_path, layers) if path is not None]
        drawn_on = None if active is None else outlines.outlined(active)
        found = drawn_on if drawn_on in shown else next(iter(shown), None)
        if found is not None or not self._keeps_reviewing():
            self._show(found)

    def _keeps_reviewing(self) -> bool:
        """A slide that was opened here stays under review although it could not be shown."""
        session = self.review.session
        return session.state == "refused" or (session.path is not None and session.path == self._unseen)

    def _show(self, path: Path | None) -> None:
        if path != self.review.session.path:
            self.view.values.value = False
            self.foot.compare.setChecked(False)
            self.strings.close_up()
            self.drawing.clear()
            self._begin_anew()
        self.review.show(path)
        self._set_dry_run()

    def _begin_anew(self) -> None:
        """For each slide anew: a dry run, no mask; a name that is the same for all slides is no name for the next."""
        form = self.form
        for field in (form.mask_macro, form.keep_label):
            field.value = ""
        if "{" not in form["name"].value:
            form["name"].value = ""
        self.review.values = {k: v for k, v in run_form.values_of(form).items() if k != "profile"}

    def _set_dry_run(self) -> None:
        with self.form.dry_run.changed.blocked():
            self.form.dry_run.value = self.review.dry_run
        self.review.values["dry_run"] = self.review.dry_run

    def _open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a slide")
        if name:
            self.open_path(Path(name))

    def open_path(self, path: Path) -> None:
        """Open a slide in the viewer; one that cannot be shown is reviewed all the same."""
        from blankslide._napari.recognition import PLUGIN
        from blankslide.errors import BlankslideError

        try:
            shown = bool(self.viewer.open(str(path), plugin=PLUGIN))
        except (BlankslideError, ValueError):
            shown = False
        if not shown:  # a window has said why
            self._unseen = path
            self._show(path)

    # -- what is chosen --------------------------------------------------------------------

    def _choose_profile(self, name: str) -> None:
        if name == run_form.OWN:
            name, _ = QFileDialog.getOpenFileName(self, "Profile", filter="Profile (*.toml)")
            self.use_profile(name or self.review.profile)
        elif name != self.review.profile:
            self.review.choose(name)

    def use_profile(self, profile: str | Profile) -> None:
        """Take a profile: a name, a TOML file, or one that was made in the editor."""
        with self.form.profile.changed.blocked():
            run_form.choose(self.form, profile)
        if profile != self.review.profile:
            self.review.choose(profile)

    def _edit_profile(self) -> None:
        from blankslide._napari.profile_editor import ProfileEditor

        session = self.review.session
        editor = ProfileEditor(self.review.profile, session.inspection, self)
        editor.used.connect(self.use_profile)
        editor.open()

    def _wish(self) -> None:
        self.review.take(run_form.values_of(self.form))

    def start(self) -> None:
        """Do what the form says, as the button does."""
        self.foot.fields.flush()
        if self.review.busy:  # what was typed last is still being planned
            self._starts = True
            return
        self._begin()

    def _begin(self) -> None:
        if not self.review.dry_run:
            self.drawing.clear()
        self.review.start()

    def _prove(self, what: str) -> None:
        if what == "verify":
            self.review.verify()
        elif what == "open" and self.review.session.result is not None:
            self.open_path(self.review.session.result)
        elif what in papers.SUFFIXES:
            name, _ = QFileDialog.getSaveFileName(self, f"Save the {what}", f"{what}.html", papers.SUFFIXES[what])
            if name:
                self.review.write(what, Path(name))

    def _reveal(self, show: bool) -> None:
        self.review.session.reveal(show)

    def _ask(self, users: str) -> None:
        dialog = ConfirmDialog(self.review.session, users, self)
        dialog.finished.connect(lambda answer: self.review.confirm(bool(answer)))
        dialog.open()

    # -- what is shown ---------------------------------------------------------------------

    def _changed(self, event: str) -> None:
        if self._missed and not self.review.busy:
            self._follow()
        if event == "found":
            self.drawing.show_found()
        if event == "ended":
            self._set_dry_run()
        if event in ("rows", "state"):
            self._fill()
            self._preview()
        if event == "pictures":
            self._draw_pictures()
        self._draw()
        if event != "progress":
            self._read_strings()

    def _read_strings(self) -> None:
        """Have the strings listed as soon as nothing else is going on, if the person looks at them."""
        if self.strings.is_open and self.review.session.can_read:
            self.review.read_strings()
        self.strings.draw(self.review.session, self.review.reading)

    def showEvent(self, event: Any) -> None:
        """Take the colours of the window that the dock has come into."""
        super().showEvent(event)
        self._draw_later()

    def _draw_later(self, event: Any = None) -> None:
        with suppress(RuntimeError):  # the dock has gone
            self._later.start(0)  # once the colours of another theme are there

    def _draw(self) -> None:
        review, session = self.review, self.review.session
        state = dock_words.CHANGED if review.is_changed else dock_words.state_of(session, review.busy)
        self.headline.setText(dock_words.headline(session, review.is_changed))
        colour = state.on(self.headline.palette().color(QPalette.ColorRole.WindowText).lightness() > 127)
        if (state.word, colour) != self._stated:  # a style sheet costs milliseconds
            self._stated = state.word, colour
            self.state.setText(f"● {state.word}")
            self.state.setStyleSheet(f"color: {colour}; font-weight: bold")
        self.levels.setText(dock_words.levels_line(session.inspection))
        self.levels.setVisible(session.inspection is not None)
        self.legible.setText(review.found_told)
        self.legible.setVisible(bool(review.found_told))
        self.view.look.enabled = not review.busy
        self.open_button.setVisible(session.path is None)
        for part in self._form:
            part.setVisible(session.path is not None)
        self._lock(review.busy)
        self.foot.draw(review)
        if self._starts and not review.busy:
            self._starts = False
            if self.foot.run.isEnabled():
                self._begin()

    def _lock(self, busy: bool) -> None:
        """Let nothing be chosen while a worker is busy; the keyboard stays where it was."""
        if self.table.isEnabled() != busy:
            return
        parts = (self.profile.native, self.table)
        if busy:
            here = self.window().focusWidget()
            self._focus = here if any(part is here or part.isAncestorOf(here) for part in parts if here) else None
        for part in parts:
            part.setEnabled(not busy)
        if not busy and self._focus is not None:
            with suppress(RuntimeError):  # a cell of a row that is gone
                (self.table if self.table.isAncestorOf(self._focus) else self._focus).setFocus()
            self._focus = None

    def _preview(self) -> None:
        session = self.review.session
        asked = session.wish.label, session.wish.name, session.plan
        if asked != self._previewed:
            self._previewed = asked
            self.foot.fields.show_preview(*preview(session))

    def _fill(self, *_: object) -> None:
        session = self.review.session
        rows = session.rows(self.profile.filter.value)
        kept = sum(not r.sensitive for r in rows)
        self.view.kept.native.setText(f"show kept ({kept})")
        shown = [r for r in rows if r.sensitive or self.view.kept.value]
        self.table.fill(shown, session.show_values)

    def _draw_pictures(self, *_: object) -> None:
        pictures = self.review.pictures
        self.cards.show_pictures(pictures.now, pictures.before, self.foot.compare.isChecked())

    def _show_place(self, row: Row | None) -> None:
        told = self.review.session.consequences(row.id) if row is not None else ("", "")
        self.place.setText(dock_words.place_line(row, told))
        self.place.setVisible(row is not None)
        if row is not None and row.id.startswith("picture."):
            self._select(row.id.removeprefix("picture."))

    # -- going there -----------------------------------------------------------------------

    def _select(self, role: str) -> Any:
        path = self.review.session.path
        for layer in _napari_layers.layers_of(self.viewer, path) if path is not None else ():
            mark = _napari_layers.mark_of(layer)
            if mark is not None and mark.role == role:
                self.viewer.layers.selection.active = layer
                return layer
        return None

    def _show_picture(self, row: Row) -> None:
        if row.id.startswith("picture."):
            self._go_to(row.id.removeprefix("picture."))

    def _go_to(self, role: str) -> None:
        """Put a picture into the middle of the canvas."""
        layer = self._select(role)
        if layer is not None:
            self.viewer.reset_view(layers=[layer])


def _slide_path(layer: Any) -> Path | None:
    """Return the slide of a layer; for a stranger's layer only if the file is one we know."""
    mark = _napari_layers.mark_of(layer)
    if mark is not None:
        return mark.slide.path
    path = _napari_layers.path_of(layer)
    if path is None:
        return None
    from blankslide._napari.recognition import is_slide

    return path if is_slide(str(path)) else None
