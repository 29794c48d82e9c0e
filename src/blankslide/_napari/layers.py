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
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide import api
from blankslide._napari import remains, settings
from blankslide._napari.blanked import telling
from blankslide.errors import BlankslideError
from blankslide.looks import Look, look_at
from blankslide.pipeline import main_file
from blankslide.policy.file_names import name_verdict
from blankslide.viewing import Pyramid, open_pyramid
from blankslide.viewing.arrays import LazyPicture

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from blankslide.model import Inspection
    from blankslide.viewing.planes import Channel

KEY = "blankslide"
#: Roles of the layers of channels: this and a number.
_CHANNEL = "channel "
#: Assumed where a slide does not tell its resolution, to place the pictures beside it.
_USUAL_MPP = 0.5


class Mark(NamedTuple):
    """What a layer of ours carries in its metadata."""

    slide: OpenedSlide
    role: str


class OpenedSlide:
    """One slide in the viewer.

    Parameters
    ----------
    path
        The slide.
    pyramid
        The slide's arrays, if it is open already.

    Attributes
    ----------
    look
        What was found in it when it was opened, so that the dock need not look again; or None.

    Raises
    ------
    BlankslideError
        If it cannot be opened.
    """

    def __init__(self, path: str | Path, pyramid: Pyramid | None = None) -> None:
        self.path = main_file(path)
        self.look = _looked(self.path) if pyramid is None else None
        found = None if self.look is None else self.look.inspection
        self.pyramid = open_pyramid(self.path, found) if pyramid is None else pyramid
        self.stem = _safe_stem(self.path, self.pyramid.inspection)
        self._hold()

    def _hold(self) -> None:
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

    def layer_data(self) -> list[tuple[Any, dict[str, Any], str]]:
        """Return data, keywords and type of each layer: the tissue first, because napari frames the first."""
        from blankslide.viewing.layout import place

        pyramid = self.pyramid
        per_pixel, unit, area = _ruler(pyramid)
        sizes = {role: (p.shape[1], p.shape[0]) for role, p in pyramid.pictures.items()}
        layers = self._tissue(per_pixel, unit)
        for role, (scale, corner) in place(sizes, area).items():
            if unit == "pixel":
                scale = scale[0] / _USUAL_MPP, scale[1] / _USUAL_MPP
                corner = corner[0] / _USUAL_MPP, corner[1] / _USUAL_MPP
            picture = pyramid.pictures[role]
            layers.append(self._layer(role, picture, picture.rgb, scale, corner, unit))
        return layers

    def _tissue(self, per_pixel: tuple[float, float], unit: str) -> list[tuple[Any, dict[str, Any], str]]:
        """Return the slide's layers: one in colours, or one for each channel, added up like light."""
        if not self.pyramid.channels:
            rgb = self.pyramid.levels[0].rgb
            return [self._layer("slide", tissue(self.pyramid), rgb, per_pixel, (0.0, 0.0), unit)]
        from blankslide._napari.channels import look_of_channel

        layers = []
        for number, channel in enumerate(self.pyramid.channels):
            data, keywords, kind = self._layer(
                f"{_CHANNEL}{number}", planes(channel), False, per_pixel, (0.0, 0.0), unit
            )
            more = len(channel.axes) - 2
            keywords["scale"] = (1.0,) * more + keywords["scale"]
            keywords["translate"] = (0.0,) * more + keywords["translate"]
            keywords["units"] = ("pixel",) * more + keywords["units"]
            keywords |= look_of_channel(channel, number)
            shown = channel.name if self.stem else ""
            keywords["name"] = " · ".join(filter(None, (self.stem, shown or f"channel {number + 1}")))
            layers.append((data, keywords, kind))
        return layers

    def _layer(
        self, role: str, data: Any, rgb: bool, scale: tuple[float, float], corner: tuple[float, float], unit: str
    ) -> tuple[Any, dict[str, Any], str]:
        keywords = {
            "name": f"{self.stem} · {role}" if self.stem else role,
            "scale": scale,
            "translate": corner,
            "units": (unit, unit),
            "rgb": rgb,
            "multiscale": isinstance(data, list),
            "metadata": {KEY: Mark(self, role)},
        }
        return data, keywords, "image"

    def close(self) -> None:
        """Let go of the file and of every decoded picture."""
        self.pyramid.close()

    def data_of(self, role: str, old: Any) -> Any:
        """Return what a layer shows: the tissue, a picture, or that the picture is not there any more."""
        if role == "slide":
            return tissue(self.pyramid)
        if role.startswith(_CHANNEL):
            number, channels = int(role.removeprefix(_CHANNEL)), self.pyramid.channels
            return planes(channels[number]) if number < len(channels) else old
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
        self._hold()


def tissue(pyramid: Pyramid) -> Any:
    """Return what napari wants as data: a list for several levels, one array for one."""
    return list(pyramid.levels) if len(pyramid.levels) > 1 else pyramid.levels[0]


def planes(channel: Channel) -> Any:
    """Return what napari wants as data of a channel."""
    return list(channel.levels) if len(channel.levels) > 1 else channel.levels[0]


def is_tissue(role: str) -> bool:
    """Whether a layer shows the slide itself, in colours or one channel of it."""
    return role == "slide" or role.startswith(_CHANNEL)


def mark_of(layer: Layer) -> Mark | None:
    """Return the mark of a layer, or None if it is not ours."""
    mark = layer.metadata.get(KEY)
    return mark if isinstance(mark, Mark) else None


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
    return list({id(m.slide): m.slide for m in marks if m is not None}.values())


def look_of(viewer: ViewerModel, path: Path) -> Look | None:
    """Return what was found in a slide when it was opened in a window; None if no window shows it."""
    return next((slide.look for slide in slides_of(viewer, path) if slide.look is not None), None)


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

    for data, keywords, kind in slide.layer_data():
        viewer.add_layer(Layer.create(data, keywords, kind))
        yield


def _looked(path: Path) -> Look | None:
    """Look at a slide as the dock will, so that both inspect it once; None if it can only be shown."""
    try:
        return look_at(path, api.options(settings.likely_profile(), ledger="none", looks=True))
    except BlankslideError:  # whoever opens it says what is wrong
        return None


def _ruler(pyramid: Pyramid) -> tuple[tuple[float, float], str, tuple[float, float]]:
    """Return units per pixel (y, x), the unit, and width and height of the tissue in micrometres."""
    width, height = pyramid.extent
    if pyramid.mpp is None:
        return (1.0, 1.0), "pixel", (width * _USUAL_MPP, height * _USUAL_MPP)
    return (pyramid.mpp[1], pyramid.mpp[0]), "um", (width, height)


def _safe_stem(path: Path, inspection: Inspection) -> str:
    """Return the name to show in the layer list: empty when it could name the patient."""
    from blankslide.presentation.wording import shown

    values = [v.reveal() for f in inspection.findings if f.value is not None for v in (f.value, *f.values)]
    return "" if name_verdict(path.name, values) == "identifying" else shown(path.stem)


def _compute_coarse(slide: OpenedSlide) -> None:
    """Compute missing coarse levels in a worker, then have them drawn; the worker keeps no slide open."""
    coarse, seen = slide.pyramid.coarse, weakref.ref(slide)
    if coarse is None or coarse.finished:
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
