"""Open the slide of a row: read in a thread, then put into the window, one layer at each turn of it.

Whoever holds an arrow key down goes through many rows: only the one that the person stays on is opened. A slide that
the list has opened goes with the next one, which takes over its layers: to make one holds napari for an eighth of a
second, to give it other pixels for a fraction of that. What was opened otherwise is left alone, and only selected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from blankslide._napari import remains
from blankslide._napari.following import put_in
from blankslide._napari.layers import KEY, OpenedSlide, is_tissue, mark_of, slides_of
from blankslide._napari.watch import watch
from blankslide.errors import BlankslideError
from blankslide.pipeline import problem_of
from blankslide.presentation.wording import error_line
from blankslide.viewing import open_pyramid

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from napari.layers import Layer

    from blankslide.viewing import Pyramid

_STAYS, _PULSE, _BREATH = 200, 20, 15


class RowOpener(QObject):
    """Shows one slide of the list at a time.

    Attributes
    ----------
    opened
        Signal: a slide stands in the window (path), or cannot be opened (path, sentence).
    """

    opened = Signal(object, str)

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self._wanted: Path | None = None
        self._own: OpenedSlide | None = None
        self._thread: Thread | None = None
        self._read: deque[tuple[Path, Pyramid | BlankslideError]] = deque()
        self._steps: deque[Callable[[], None]] = deque()
        self._patience, self._clock = QTimer(self), QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._begin)
        self._clock.setInterval(_PULSE)
        self._clock.timeout.connect(self._look)

    @property
    def busy(self) -> bool:
        """Whether a slide is still to be shown."""
        return self._wanted is not None or bool(self._steps)

    def show(self, path: Path, wait: bool = True) -> None:
        """Show a slide, as soon as the person stays on its row."""
        self._wanted = path
        self._patience.start(_STAYS if wait else 0)

    def leave(self) -> None:
        """Show nothing more, because the window goes."""
        self._wanted = None
        self._steps.clear()
        for timer in (self._patience, self._clock):
            timer.stop()

    def _begin(self) -> None:
        path = self._wanted
        if path is None or self._thread is not None or self._steps:
            return  # what is under way asks again at its end
        if slides_of(self.viewer, path):
            self._wanted = None
            self._select(path)
            self.opened.emit(path, "")
            return

        def read() -> None:
            try:
                _load_what_comes_late()
                self._read.append((path, open_pyramid(path)))
            except Exception as error:
                self._read.append((path, problem_of(error)))

        self._thread = Thread(target=read, name="blankslide opening", daemon=True)
        self._thread.start()
        self._clock.start()

    def _look(self) -> None:
        """See whether the slide was read."""
        if not self._read:
            return
        self._clock.stop()
        self._thread = None
        path, found = self._read.popleft()
        if path != self._wanted:
            if not isinstance(found, BlankslideError):
                found.close()
            self._begin()
        elif isinstance(found, BlankslideError):
            self._wanted = None
            self.opened.emit(path, error_line(path, found))
        else:
            self._exchange(path, found)

    # -- layers ----------------------------------------------------------------------------

    def _exchange(self, path: Path, pyramid: Pyramid) -> None:
        """Show another slide, in the layers of the one before as far as they are of the same kind."""
        watch()
        slide = OpenedSlide(path, pyramid)
        old, self._own = self._own, slide
        left = [layer for layer in self.viewer.layers if old is not None and _slide_of(layer) is old]
        for data in slide.layer_data():
            layer = next((each for each in left if _kind(each) == _kind_of(data)), None)
            if layer is None:
                self._steps.append(lambda data=data: self._add(*data))  # type: ignore[misc]
                continue
            left.remove(layer)
            self._steps.append(lambda layer=layer, data=data: _take_over(layer, data))  # type: ignore[misc]
        self._steps.appendleft(lambda: self._remove(left, old))
        self._steps.append(lambda: self._end(path, old))
        self._step()

    def _step(self) -> None:
        if self._steps:
            self._steps.popleft()()
            QTimer.singleShot(_BREATH, self._step)

    def _remove(self, layers: list[Layer], old: OpenedSlide | None) -> None:
        """Take layers out, all in one turn: a window that draws between two of them can end in the graphics driver."""
        with remains.uncollected():
            for layer in layers:
                if layer in self.viewer.layers:
                    self.viewer.layers.remove(layer)

    def _add(self, data: Any, keywords: dict[str, Any], kind: str) -> None:
        """Make a layer in this turn, put it into the window in the next, and have it drawn in the third."""
        from napari.layers import Layer

        shown = keywords.get("visible", True)
        made = Layer.create(data, {**keywords, "visible": False}, kind)
        self._steps.appendleft(lambda: setattr(made, "visible", shown))
        self._steps.appendleft(lambda: put_in(self.viewer, made))

    def _end(self, path: Path, old: OpenedSlide | None) -> None:
        if old is not None and not old.is_let_go and old not in map(_slide_of, self.viewer.layers):
            old.let_go()
        self._select(path)
        if self._wanted == path:
            self._wanted = None
        self.opened.emit(path, "")
        self._begin()

    def _select(self, path: Path) -> None:
        """Select the tissue of a slide, and frame it."""
        slides = slides_of(self.viewer, path)
        layers = [layer for layer in self.viewer.layers if _slide_of(layer) in slides]
        tissue = [layer for layer in layers if is_tissue(_role_of(layer))]
        if tissue:
            self.viewer.layers.selection.active = tissue[0]
            self.viewer.reset_view(layers=tissue)


def _load_what_comes_late() -> None:
    """Load what napari loads with the first layer, which would hold the window for more than half a second."""
    from importlib import import_module

    import_module("scipy.ndimage")
    units = import_module("pint").get_application_registry()
    getattr(units, "pixel")  # noqa: B009 - reads all units, once a process


def _kind(layer: Layer) -> tuple[object, ...]:
    """Return what two layers have in common if one can show what the other does; channels have looks of their own."""
    role = _role_of(layer)
    return ("channel", id(layer)) if role.startswith("channel") else (role, layer.rgb, layer.multiscale, layer.ndim)


def _kind_of(data: tuple[Any, dict[str, Any], str]) -> tuple[object, ...]:
    pixels, keywords, _ = data
    role, rgb = keywords["metadata"][KEY].role, keywords["rgb"]
    shape = pixels[0].shape if isinstance(pixels, list) else pixels.shape
    return role, rgb, isinstance(pixels, list), len(shape) - int(bool(rgb))


def _take_over(layer: Layer, data: tuple[Any, dict[str, Any], str]) -> None:
    """Let a layer show another slide; it is drawn once, when all of it is there."""
    pixels, keywords, _ = data
    shown, layer.visible = layer.visible, False
    for name, value in keywords.items():
        if name not in ("rgb", "multiscale"):
            setattr(layer, name, value)
    remains.exchange(layer, pixels)
    layer.visible = shown


def _slide_of(layer: Layer) -> OpenedSlide | None:
    mark = mark_of(layer)
    return mark.slide if mark is not None and isinstance(mark.slide, OpenedSlide) else None


def _role_of(layer: Layer) -> str:
    mark = mark_of(layer)
    return "" if mark is None else mark.role
