"""Open a slide in a window that lives: it is read in a thread, and its tissue is drawn before its pictures are made.

napari waits for a reader, so the window's own loop turns meanwhile: it draws, shows napari's progress and says what
goes on, and keeps clicks for later. What cannot be opened says so in one sentence, leaves no layer, and does not stop
the slides after it.
Without a window that is shown a slide is read at once, with all its layers, and errors are raised.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from blankslide._napari import remains
from blankslide._napari.following import begin_roughly, select_later
from blankslide._napari.layers import OpenedSlide, opened
from blankslide._napari.placing import layer_data, looks_of
from blankslide._napari.rows import next_row
from blankslide._napari.watch import watch
from blankslide.pipeline import main_file, problem_of
from blankslide.presentation.wording import error_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari.components import ViewerModel

    from blankslide._napari.placing import LayerData
    from blankslide.looks import Look
    from blankslide.viewing import Pyramid

Done = TypeVar("Done")

#: What napari takes for "nothing to add, and nothing went wrong".
NOTHING: list[Any] = [(None,)]
LARGE = 4_000_000
"""Pixels of a slide that people measure in: without a resolution it is told of."""
_TOLD, _BREATH = 0.25, (0.3, 0.6)
"""Seconds after which the status bar says what goes on, and after which the window draws again, at first and later:
napari's own progress turns like a film while it waits for a reader, and each of its pictures draws the whole window."""


def layers_for_napari(path: str | Path) -> list[LayerData]:
    """Return the layers of a slide: all, or without those that follow after the first frame.

    Raises
    ------
    BlankslideError
        If the slide cannot be opened, and there is no window to say so.
    """
    watch()
    viewer = _in_front()
    if viewer is None or not _is_drawn(viewer):
        return OpenedSlide(path).layer_data(next_row(viewer))
    try:
        main = main_file(path)
        pyramid, look, looks = off_the_window(viewer, lambda: _read(main))
    except Exception as error:  # napari would show it with its words, which may hold a value
        _say("error", error_line(path, problem_of(error)))
        return NOTHING
    slide = OpenedSlide(main, pyramid, look)
    remains.collect_later()  # what was read is garbage enough for a collection in the midst of napari's own work
    try:
        tissue, slide.waiting = layer_data(slide, next_row(viewer), looks)
        slide.bottom = max(map(_bottom, (*tissue, *slide.waiting)))
        begin_roughly(slide, tissue)
        select_later(viewer)
    except Exception:
        slide.close()
        raise
    if pyramid.mpp is None and pyramid.sizes[0].width * pyramid.sizes[0].height >= LARGE:
        _say(
            "warning", f"{slide.stem or 'the slide'} · does not say how large its pixels are, so it is shown in pixels"
        )
    return tissue


def _bottom(made: LayerData) -> float:
    """Return how far down a layer will reach."""
    data, keywords, _ = made
    first = data[0] if isinstance(data, list) else data
    rows = first.shape[-3] if first.rgb else first.shape[-2]
    return float(keywords["translate"][-2] + rows * keywords["scale"][-2])


# -- the thread --------------------------------------------------------------------------


def off_the_window(viewer: ViewerModel, job: Callable[[], Done], words: str = "opening slide") -> Done:
    """Do a job in a thread while the window draws; its clicks and keys wait.

    Raises
    ------
    Exception
        Whatever the job raises.
    """
    from qtpy.QtCore import QEventLoop
    from qtpy.QtWidgets import QApplication

    done: list[Done] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(job())
        except BaseException as error:  # raised again below, in the thread that asked
            failed.append(error)

    thread = threading.Thread(target=work, name="blankslide opening", daemon=True)
    begun, told = monotonic(), False
    thread.start()
    breath, longest = _BREATH
    while thread.is_alive():
        thread.join(breath)
        breath = min(longest, 2 * breath)
        if not told and monotonic() - begun > _TOLD:
            told, viewer.status = True, f"{words} …"
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    if told:
        viewer.status = "Ready"
    if failed:
        raise failed[0]
    return done[0]


def _read(path: Path) -> tuple[Pyramid, Look | None, dict[str, Any]]:
    """Read what the window would otherwise wait for: the slide, its channels' ranges, and what napari imports late."""
    pyramid, look = opened(path)
    try:
        looks = looks_of(pyramid)
        for late in ("scipy.ndimage", "napari.utils.transforms"):
            import_module(late)
        units: Any = import_module("pint").get_application_registry()
        _ = units.pixel  # reads all units, once a process
    except Exception:
        pyramid.close()
        raise
    return pyramid, look, looks


# -- the window --------------------------------------------------------------------------


def _in_front() -> ViewerModel | None:
    """Return the window in front; None where there is none, or another thread asks."""
    module = sys.modules.get("napari.viewer")
    viewer = module.current_viewer() if module is not None else None
    if viewer is None or "qtpy.QtWidgets" not in sys.modules:
        return None
    from qtpy.QtCore import QThread
    from qtpy.QtWidgets import QApplication

    app = QApplication.instance()
    return viewer if app is not None and QThread.currentThread() is app.thread() else None


def _is_drawn(viewer: ViewerModel) -> bool:
    """Whether the window is shown: a hidden one has no first frame, and nobody waits before it."""
    window: Any = getattr(viewer, "window", None)
    return window is not None and bool(window._qt_window.isVisible())


def _say(severity: str, words: str) -> None:
    from napari.utils.notifications import Notification, notification_manager

    # napari draws what looks like markup, and a file may be called so
    notification_manager.dispatch(Notification(words.replace("<", "‹"), severity))
