"""The pictures of a slide follow into the window after its tissue was drawn, one at each turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide._napari import remains
from blankslide._napari.marks import KEY, mark_of
from blankslide._napari.rows import frame_what_came
from blankslide._napari.turns import soon

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from blankslide._napari.marks import ShownSlide


def follow(viewer: ViewerModel, slide: ShownSlide) -> None:
    """Add what waits to a window, one layer at each turn of it, after it has drawn the tissue."""
    soon(lambda: _begin(viewer, slide))


def _begin(viewer: ViewerModel, slide: ShownSlide) -> None:
    frame_what_came(viewer)
    active = viewer.layers.selection.active
    soon(lambda: _next(viewer, slide, active))


def _next(viewer: ViewerModel, slide: ShownSlide, active: Layer | None) -> None:
    """Make one layer; after the last one select again what was selected."""
    if not slide.waiting or not _shows(viewer, slide):
        return
    from napari.layers import Layer
    from napari.layers._source import layer_source

    data, keywords, kind = slide.waiting.pop(0)
    role = keywords["metadata"][KEY].role
    if role not in slide.pyramid.pictures:  # it went in a run meanwhile
        slide.arriving = bool(slide.waiting)
        soon(lambda: _next(viewer, slide, active))
        return
    with layer_source(path=str(slide.path), reader_plugin="blankslide"):
        layer = Layer.create(slide.data_of(role, data), keywords, kind)
    soon(lambda: _add(viewer, slide, layer, active))  # made and added, each takes the window a while


def _add(viewer: ViewerModel, slide: ShownSlide, layer: Layer, active: Layer | None) -> None:
    if not _shows(viewer, slide):
        remains.blank(layer)
        return
    role = layer.metadata[KEY].role
    data = slide.data_of(role, layer.data)
    if data is not layer.data:  # the slide was opened anew meanwhile
        remains.exchange(layer, data)
    viewer.add_layer(layer)
    slide.arriving = bool(slide.waiting)
    if slide.waiting:
        soon(lambda: _next(viewer, slide, active))
    elif active is not None and active in viewer.layers:
        viewer.layers.selection.active = active


def _shows(viewer: ViewerModel, slide: ShownSlide) -> bool:
    """Whether a window still shows a slide."""
    marks = map(mark_of, viewer.layers)
    return not slide.is_let_go and any(mark is not None and mark.slide is slide for mark in marks)
