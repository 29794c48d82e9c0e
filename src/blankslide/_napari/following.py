"""A slide comes into a window step by step, one at each turn of it: its tissue roughly, then sharp, then its pictures.

To make a layer, to put it into the window and to draw it each hold napari for a while; together they would be felt. So
the tissue is seen in its smallest level first, which costs next to nothing, and each picture takes three turns.
"""

from __future__ import annotations

from contextlib import ExitStack
from math import prod
from typing import TYPE_CHECKING, Any

from blankslide._napari import remains
from blankslide._napari.marks import KEY, mark_of
from blankslide._napari.rows import frame_what_came
from blankslide._napari.turns import soon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from blankslide._napari.marks import ShownSlide

_SMALL = 1 << 22
"""Samples of a level that is drawn at once."""
_waiting: set[int] = set()
"""Slides that have a turn to come: each layer of a tissue asks for one."""


def begin_roughly(slide: ShownSlide, tissue: Iterable[tuple[Any, dict[str, Any], str]]) -> None:
    """Let the layers of a tissue show their smallest level at first, if that is a small one."""
    for data, keywords, _ in tissue:
        if isinstance(data, list) and prod(data[-1].shape) <= _SMALL:
            slide.rough.add(keywords["metadata"][KEY].role)
            keywords["locked_data_level"] = len(data) - 1
    slide.arriving = True


def select_later(viewer: ViewerModel) -> None:
    """Let a window hear of what napari selects at its next turn: it makes a place for the controls, and draws all."""
    selection, held = viewer.layers.selection, ExitStack()
    before = set(selection)
    held.enter_context(selection.events.blocker_all())

    def tell() -> None:
        held.close()
        now = set(selection)
        selection.events.changed(added=now - before, removed=before - now)
        selection.events._current(value=selection._current)
        selection.events.active(value=selection.active)

    soon(tell)


def follow(viewer: ViewerModel, slide: ShownSlide) -> None:
    """Sharpen the tissue of a slide, and add what waits to a window, one layer at each turn of it."""
    if id(slide) not in _waiting:
        _at_next_turn(viewer, slide, _sharpen)


def put_in(viewer: ViewerModel, layer: Layer) -> None:
    """Put a layer in without selecting it: napari would show its controls, and those of the next, and the next."""
    chosen = set(viewer.layers.selection)
    with viewer.layers.selection.events.blocker_all():
        viewer.add_layer(layer)
        viewer.layers.selection.clear()
        viewer.layers.selection.update(chosen)


def _at_next_turn(
    viewer: ViewerModel, slide: ShownSlide, step: Callable[[ViewerModel, ShownSlide], None], made: Layer | None = None
) -> None:
    """Do a step if the window still shows the slide, and let no collection of garbage fall into it.

    A layer that was made for it and will not be shown keeps no pixel.
    """

    def turn() -> None:
        _waiting.discard(id(slide))
        if _shows(viewer, slide):
            with remains.uncollected():
                step(viewer, slide)
        elif made is not None:
            remains.blank(made)

    _waiting.add(id(slide))
    soon(turn)


def _sharpen(viewer: ViewerModel, slide: ShownSlide) -> None:
    """Let one layer of the tissue show the level that fits the window."""
    for layer in viewer.layers:
        mark = mark_of(layer)
        if mark is not None and mark.slide is slide and mark.role in slide.rough:
            slide.rough.discard(mark.role)
            layer.locked_data_level = None
            _at_next_turn(viewer, slide, _sharpen)
            return
    frame_what_came(viewer)
    _at_next_turn(viewer, slide, _make)


def _make(viewer: ViewerModel, slide: ShownSlide) -> None:
    """Make the layer of one picture."""
    if not slide.waiting:
        slide.arriving = False
        return
    from napari.layers import Layer
    from napari.layers._source import layer_source

    data, keywords, kind = slide.waiting.pop(0)
    role = keywords["metadata"][KEY].role
    if role not in slide.pyramid.pictures:  # it went in a run meanwhile
        _at_next_turn(viewer, slide, _make)
        return
    with layer_source(path=str(slide.path), reader_plugin="blankslide"):
        layer = Layer.create(slide.data_of(role, data), {**keywords, "visible": False}, kind)
    _at_next_turn(viewer, slide, lambda *_: _add(viewer, slide, layer), layer)


def _add(viewer: ViewerModel, slide: ShownSlide, layer: Layer) -> None:
    data = slide.data_of(layer.metadata[KEY].role, layer.data)
    if data is not layer.data:  # the slide was opened anew meanwhile
        remains.exchange(layer, data)
    put_in(viewer, layer)
    _at_next_turn(viewer, slide, lambda *_: _draw(viewer, slide, layer))


def _draw(viewer: ViewerModel, slide: ShownSlide, layer: Layer) -> None:
    layer.visible = True
    _at_next_turn(viewer, slide, _make)


def _shows(viewer: ViewerModel, slide: ShownSlide) -> bool:
    """Whether a window still shows a slide."""
    marks = map(mark_of, viewer.layers)
    return not slide.is_let_go and any(mark is not None and mark.slide is slide for mark in marks)
