"""Where slides stand in a window, and what Home shows of them.

Each slide has a row of its own: its tissue, and its pictures to the right of it. The first row begins
at the origin, the next ones below whatever our layers reach down to. Home frames the tissue, because a
macro is three times as wide; pressed twice, it frames everything, as napari does by itself.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from blankslide._napari import remains
from blankslide._napari.marks import is_tissue, mark_of
from blankslide.viewing.layout import ROW_GAP

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

_TWICE = 1.5
"""Seconds in which a second press means everything."""
_stands: dict[int, tuple[Any, ...]] = {}
"""Where the camera of each window stood when tissue was framed last."""
_pressed: dict[int, float] = {}
_busy: set[int] = set()


def next_row(viewer: ViewerModel | None) -> float:
    """Return how far down the next slide begins, in the units of the world."""
    ours = [layer for layer in viewer.layers if mark_of(layer) is not None] if viewer is not None else []
    if not ours:
        return 0.0
    gap = ROW_GAP if any(str(layer.units[-1]) != "pixel" for layer in ours) else 2 * ROW_GAP
    coming = (mark.slide.bottom for mark in map(mark_of, ours) if mark is not None)  # pictures that still wait
    return max(*(float(layer.extent.world[1][-2]) for layer in ours), *coming) + gap


def watch_home(viewer: ViewerModel) -> None:
    """Let Home frame the tissue in a window; safe to repeat."""
    if _home not in viewer.events.reset_view.callbacks:
        viewer.events.reset_view.connect(_home)


def note_first(viewer: ViewerModel) -> None:
    """Remember where napari puts the view with the first layer: slides opened together come before any turn."""
    if len(viewer.layers) == 1:
        _stands[id(viewer)] = _camera(viewer)


def frame_what_came(viewer: ViewerModel) -> None:
    """Frame the tissue of all slides after one more was opened, if nobody has moved the view since."""
    shown = _tissue(viewer)
    slides = {id(mark.slide) for mark in map(mark_of, shown) if mark is not None}
    if len(slides) > 1 and _stands.get(id(viewer)) == _camera(viewer):
        _frame(viewer, shown)
    elif len(slides) == 1 and len(shown) == len(viewer.layers):
        _stands[id(viewer)] = _camera(viewer)


def _home(event: Any) -> None:
    viewer = next((each for each in remains.viewers() if each is event.source), None)
    if viewer is None or id(viewer) in _busy or viewer.grid.enabled or viewer.dims.ndisplay != 2:
        return
    shown = _tissue(viewer)
    if not shown or len(shown) == len(viewer.layers) or not _frames_all(viewer):
        return
    before, now = _pressed.get(id(viewer), 0.0), monotonic()
    if now - before < _TWICE:
        _pressed.pop(id(viewer), None)
        return
    _pressed[id(viewer)] = now
    _frame(viewer, shown)


def _frame(viewer: ViewerModel, layers: list[Layer]) -> None:
    _busy.add(id(viewer))
    try:
        viewer.fit_to_view(layers=layers)
    finally:
        _busy.discard(id(viewer))
    _stands[id(viewer)] = _camera(viewer)


def _tissue(viewer: ViewerModel) -> list[Layer]:
    """List the layers that show tissue and are not hidden."""
    marks = ((layer, mark_of(layer)) for layer in viewer.layers if layer.visible)
    return [layer for layer, mark in marks if mark is not None and is_tissue(mark.role)]


def _frames_all(viewer: ViewerModel) -> bool:
    """Whether the view stands in the middle of everything: else somebody asked for certain layers."""
    import numpy as np

    low, high = np.asarray(viewer.layers.extent.world)[:, -2:]
    middle = (low + high) / 2
    return bool(np.all(np.abs(middle - viewer.scene.camera.center[-2:]) <= (high - low) * 0.02 + 1))


def _camera(viewer: ViewerModel) -> tuple[Any, ...]:
    return (*viewer.scene.camera.center, viewer.scene.camera.zoom)
