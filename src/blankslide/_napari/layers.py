"""An open slide as napari layers, and the way to close and reopen all of them.

Every layer of ours carries a `Mark` with the slide it shows and its role, and nothing else:
no field of the slide, no description. Through the marks all layers of a slide are found
again, duplicates included, in every window. `watch` lets go of the file with the last of them.
Before a run `OpenedSlide.close` lets go of it; afterwards
`show_again` gives each layer arrays of the file as it is now. `Layer.refresh` would draw the
old pixels from napari's own copies. The layer of a picture that is gone says "removed": napari
collects all garbage at once when a layer is taken out, which holds the window for half a second.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blankslide._napari import remains, settings
from blankslide._napari.blanked import telling
from blankslide._napari.marks import KEY, Mark, is_tissue, mark_of
from blankslide._napari.placing import layer_data, tissue_of
from blankslide.errors import BlankslideError
from blankslide.looks import Look, Standing, look_at, members_of, standing
from blankslide.pipeline import main_file
from blankslide.policy.file_names import name_verdict
from blankslide.viewing import Pyramid, open_pyramid
from blankslide.viewing.arrays import LazyPicture

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from blankslide._napari.placing import LayerData
    from blankslide.looks import Look
    from blankslide.model import Inspection

__all__ = ["KEY", "Mark", "OpenedSlide", "is_tissue", "mark_of"]


class OpenedSlide:
    """One slide in the viewer.

    Parameters
    ----------
    path
        The slide.
    pyramid
        The slide's arrays, if it is open already.
    look
        What was found in it, if that is known.

    Attributes
    ----------
    look
        What was found in it when it was opened, so that the dock need not look again; or None.
    in_srgb
        Whether colours are shown in sRGB.
    waiting
        Layers that are still to be made: pictures, after the first frame.
    rough
        Roles of layers that show their smallest level, until the window has drawn them once.
    bottom
        How far down its row reaches, in the units of the world, with the layers that wait.
    arriving
        Whether some are still to come into a window.
    seen
        How its files stood when it was opened.

    Raises
    ------
    BlankslideError
        If it cannot be opened.
    """

    def __init__(self, path: str | Path, pyramid: Pyramid | None = None, look: Look | None = None) -> None:
        self.path = main_file(path)
        self.pyramid, self.look = opened(self.path) if pyramid is None else (pyramid, look)
        self.waiting: list[LayerData] = []
        self.rough: set[str] = set()
        self.arriving, self.bottom = False, 0.0
        self.in_srgb = False
        self.stem = _safe_stem(self.path, self.pyramid.inspection)
        self._hold()

    def _hold(self) -> None:
        known, found = self.look, self.pyramid.inspection
        self.seen = standing(members_of(self.path, found) or (self.path,)) if known is None else known.seen
        self.pyramid.pictures = telling(self.pyramid.pictures)
        self._let_go = False
        # napari keeps layers in reference cycles: the file is closed with the last layer, not some time later
        self._closing = weakref.finalize(self, self.pyramid.close)
        _compute_coarse(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> OpenedSlide:
        # napari copies metadata when a layer is duplicated; the copy shows the same slide
        return self

    def __repr__(self) -> str:
        return "<OpenedSlide>"

    def layer_data(self, top: float = 0.0) -> list[LayerData]:
        """Return data, keywords and type of each layer: the tissue first, because napari frames the first.

        Parameters
        ----------
        top
            How far down the slide's row begins, in the units of the world.
        """
        tissue, beside = layer_data(self, top)
        return [*tissue, *beside]

    def close(self) -> None:
        """Let go of the file and of every decoded picture."""
        self.pyramid.close()

    def data_of(self, role: str, old: Any) -> Any:
        """Return what a layer shows: the tissue, a picture, or that the picture is not there any more."""
        if is_tissue(role):
            return next((one.data for one in tissue_of(self.pyramid) if one.role == role), old)
        picture = self.pyramid.pictures.get(role)
        return LazyPicture(old.shape, old.dtype, None, f"{role}: removed") if picture is None else picture

    @property
    def is_let_go(self) -> bool:
        """Whether the file was closed because no layer was left."""
        return self._let_go

    def let_go(self) -> None:
        """Close the file, because the last layer is gone."""
        self._let_go = True
        self.close()

    def reopen(self) -> None:
        """Open the file again, because a layer came back.

        Raises
        ------
        BlankslideError
            If it cannot be opened any more.
        """
        self.take(open_pyramid(self.path))

    def take(self, pyramid: Pyramid) -> None:
        """Go on with the slide as it was opened anew."""
        self._closing()
        self.pyramid, self.look = pyramid, None
        self.in_srgb = self.in_srgb and pyramid.in_srgb(True)
        self._hold()


def path_of(layer: Layer) -> Path | None:
    """Return the slide that a layer shows, opened by us or by another reader."""
    mark = mark_of(layer)
    if mark is not None:
        return mark.slide.path
    return Path(layer.source.path) if layer.source.path else None


def is_same(one: Path | None, other: Path) -> bool:
    """Whether two paths lead to the same file."""
    if one is None or one == other:
        return one is not None
    with suppress(OSError):
        return os.path.samefile(one, other)
    return False


def layers_of(viewer: ViewerModel, path: Path) -> Iterator[Layer]:
    """Yield the layers that show a slide, ours and strangers', and what was derived from them."""
    ours = {id(layer) for layer in viewer.layers if is_same(path_of(layer), path)}
    for layer in list(viewer.layers):
        parent = layer.source.parent() if layer.source.parent is not None else None
        if id(layer) in ours or id(parent) in ours:
            yield layer


def _everywhere(viewer: ViewerModel, path: Path) -> list[tuple[ViewerModel, Layer]]:
    """List the layers that show a slide in any window, each with its viewer."""
    found = {id(layer): (v, layer) for v in (*remains.viewers(), viewer) for layer in layers_of(v, path)}
    return list(found.values())


def slides_of(viewer: ViewerModel, path: Path) -> list[OpenedSlide]:
    """Return the open slides of a path in all windows; usually one."""
    marks = (mark_of(layer) for _, layer in _everywhere(viewer, path))
    return list({id(m.slide): m.slide for m in marks if m is not None and isinstance(m.slide, OpenedSlide)}.values())


def look_of(viewer: ViewerModel, path: Path) -> Look | None:
    """Return what was found in a slide when it was opened in a window; None if no window shows it."""
    return next((slide.look for slide in slides_of(viewer, path) if slide.look is not None), None)


def are_outdated(viewer: ViewerModel, path: Path, seen: Standing | None) -> bool:
    """Whether a window shows a slide in another state of its files than one that was looked at."""
    return any(slide.seen != seen for slide in slides_of(viewer, path))


def close_all(viewer: ViewerModel, path: Path) -> None:
    """Let go of a slide's file: close our own, and remove layers that another reader opened."""
    for slide in slides_of(viewer, path):
        slide.close()
    _remove_strangers(viewer, path)


def _remove_strangers(viewer: ViewerModel, path: Path) -> None:
    strangers = [(v, layer) for v, layer in _everywhere(viewer, path) if mark_of(layer) is None]
    for owner, layer in strangers:
        owner.layers.remove(layer)
        remains.blank(layer)
    if strangers:
        remains.empty_dask_cache()


def show_again(viewer: ViewerModel, path: Path, pyramid: Pyramid) -> Iterator[None]:
    """Show the slide as it is now, one layer at each step; the layer of a picture that is gone says so."""
    slides = slides_of(viewer, path)
    if not slides:
        yield from _show(viewer, OpenedSlide(path, pyramid))
        return
    slides[0].take(pyramid)
    _remove_strangers(viewer, path)
    for _, layer in _everywhere(viewer, path):
        mark = mark_of(layer)
        if mark is not None:
            # one slide for all: what was opened twice is closed with the last layer of both
            layer.metadata = {**layer.metadata, KEY: Mark(slides[0], mark.role)}
            remains.exchange(layer, slides[0].data_of(mark.role, layer.data))
        yield


def rename(viewer: ViewerModel, old: Path, new: Path) -> None:
    """Let the layers of a slide go on with it under its new name."""
    for slide in slides_of(viewer, old):
        slide.path, slide.look = new, None
        was, slide.stem = slide.stem, _safe_stem(new, slide.pyramid.inspection)
        for _, layer in _everywhere(viewer, new):
            mark = mark_of(layer)
            if mark is not None and mark.slide is slide:
                role = layer.name.removeprefix(f"{was} · ")
                layer.name = f"{slide.stem} · {role}" if slide.stem else role


def remove_all(viewer: ViewerModel, path: Path) -> Iterator[None]:
    """Remove every layer of a slide that cannot be opened any more, in one step."""
    for owner, layer in _everywhere(viewer, path):
        owner.layers.remove(layer)
        remains.blank(layer)
    yield


def _show(viewer: ViewerModel, slide: OpenedSlide) -> Iterator[None]:
    from napari.layers import Layer

    from blankslide._napari.rows import next_row

    for data, keywords, kind in slide.layer_data(next_row(viewer)):
        viewer.add_layer(Layer.create(data, keywords, kind))
        yield


def opened(path: Path) -> tuple[Pyramid, Look | None]:
    """Open a slide for looking, and look at it; touches nothing of napari's, so that any thread can do it.

    Raises
    ------
    BlankslideError
        If it cannot be opened.
    """
    look = _looked(path)
    return open_pyramid(path, None if look is None else look.inspection), look


def _looked(path: Path) -> Look | None:
    """Look at a slide as the dock will, so that both inspect it once; None without a dock, or if it is only shown."""
    if "blankslide._napari.dock" not in sys.modules:
        return None
    from blankslide import api

    try:
        return look_at(path, api.options(settings.likely_profile(), ledger="none", looks=True))
    except BlankslideError:  # whoever opens it says what is wrong
        return None


def _safe_stem(path: Path, inspection: Inspection) -> str:
    """Return the name to show in the layer list: empty when it could name the patient."""
    from blankslide.presentation.wording import shown

    values = [v.reveal() for f in inspection.findings if f.value is not None for v in (f.value, *f.values)]
    return "" if name_verdict(path.name, values) == "identifying" else shown(path.stem)


def _compute_coarse(slide: OpenedSlide) -> None:
    """Compute missing coarse levels in a worker, then have them drawn; the worker keeps no slide open."""
    coarse, seen = slide.pyramid.coarse, weakref.ref(slide)
    if coarse is None or coarse.finished or slide.pyramid.levels is not slide.pyramid.images[0].levels:
        return
    from napari.qt.threading import create_worker
    from qtpy.QtWidgets import QApplication

    if QApplication.instance() is None:  # a viewer without a window has nothing to keep alive
        coarse.build()
        return
    create_worker(coarse.build, _connect={"returned": lambda done: _redraw(seen()) if done else None})


def _redraw(slide: OpenedSlide | None) -> None:
    import napari

    viewer = napari.current_viewer()
    for layer in viewer.layers if viewer is not None else ():
        mark = mark_of(layer)
        if mark is not None and mark.slide is slide and mark.role == "slide":
            layer.refresh()  # right here and only here: the arrays changed in memory, not on disk
