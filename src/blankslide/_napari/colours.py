"""Colours in sRGB on request: the slide's own profile is used, and a second time shows the file's values again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide._napari.marks import is_tissue, mark_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

_WITHOUT = "has no colour profile that could be used, so its colours stay as they are in the file"


def switch(viewer: ViewerModel) -> None:
    """Switch the slide of the selected layer, or every slide if none of their layers is selected."""
    from napari.utils.notifications import show_info

    marks = {id(layer): mark for layer in viewer.layers if (mark := mark_of(layer)) is not None}
    chosen = [mark.slide for layer in viewer.layers.selection if (mark := mark_of(layer)) is not None]
    slides = list({id(slide): slide for slide in chosen or [mark.slide for mark in marks.values()]}.values())
    for slide in slides:
        if not slide.pyramid.in_srgb(not slide.in_srgb):
            show_info(f"{slide.stem or 'the slide'} · {_WITHOUT}")
            continue
        slide.in_srgb = not slide.in_srgb
        for layer in viewer.layers:
            mark = mark_of(layer)
            if mark is not None and mark.slide is slide and is_tissue(mark.role):
                layer.refresh()
