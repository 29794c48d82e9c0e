"""Close a slide with its last layer, and open it again with the first that comes back.

napari never tells a reader that its layers are gone, and the layers themselves do not end:
the Qt controls keep them. So each window's layer list is listened to. The file is closed at
once; the pixels of a removed label or macro are taken away when the list has come to rest,
because a layer that only moves to another window is removed, too.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blankslide._napari import remains
from blankslide._napari.following import follow
from blankslide._napari.marks import Mark, is_tissue, mark_of
from blankslide._napari.rows import note_first, watch_home
from blankslide._napari.turns import soon
from blankslide.errors import BlankslideError

if TYPE_CHECKING:
    from napari.layers import Layer

    from blankslide._napari.marks import ShownSlide


def watch() -> None:
    """Listen to the layers of every window there is; safe to repeat."""
    for viewer in remains.viewers():
        events = viewer.layers.events
        for event, react in ((events.removed, _left), (events.inserted, _came)):
            if react not in event.callbacks:
                event.connect(react)
        if _framed not in events.inserted.callbacks:
            events.inserted.connect(_framed, position="last")  # behind napari's own, which frames the first layer
        watch_home(viewer)


def _framed(event: Any) -> None:
    viewer = next((each for each in remains.viewers() if each.layers is event.source), None)
    if viewer is not None and mark_of(event.value) is not None:
        note_first(viewer)


def _left(event: Any) -> None:
    layer = event.value
    mark = mark_of(layer)
    if mark is None:
        return
    if not _layers(mark.slide):
        mark.slide.let_go()
    if not is_tissue(mark.role):
        soon(lambda: _forget(layer))


def _came(event: Any) -> None:
    watch()
    mark = mark_of(event.value)
    if mark is None:
        return
    slide = mark.slide
    if slide.is_let_go:
        with suppress(BlankslideError):  # gone or damaged by now: its layers stay hatched
            slide.reopen()
    for layer in _layers(slide):
        _fill(layer, slide)
    if slide.arriving and is_tissue(mark.role):
        follow(next(viewer for viewer in remains.viewers() if viewer.layers is event.source), slide)


def _forget(layer: Layer) -> None:
    if any(layer in viewer.layers for viewer in remains.viewers()):
        return  # it only moved
    remains.blank(layer)
    remains.give_back()


def _fill(layer: Layer, slide: ShownSlide) -> None:
    """Give a layer the arrays of the slide as it is open, if it has others."""
    mark = mark_of(layer)
    if mark is None:
        return
    arrays = slide.data_of(mark.role, layer.data)
    first, shown = (data[0] if isinstance(data, list) else data for data in (arrays, _listed(layer)))
    if first is not shown:
        remains.exchange(layer, arrays)


def _listed(layer: Layer) -> Any:
    return list(layer.data) if layer.multiscale else layer.data


def _layers(slide: ShownSlide) -> list[Layer]:
    """List the layers of a slide in all windows."""
    found = []
    for viewer in remains.viewers():
        marks = ((layer, mark_of(layer)) for layer in viewer.layers)
        found += [layer for layer, mark in marks if isinstance(mark, Mark) and mark.slide is slide]
    return found
