"""What napari keeps of a picture that is taken away, and how to make it let go.

A removed layer stays in memory with its pixels: the Qt controls hold it for good. A hidden
layer is not drawn anew when its data change: the old pixels stay in its slice and its texture.
And all dask arrays share one cache. So the pixels are exchanged in each of these places.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from blankslide._napari.turns import soon

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer


def viewers() -> list[ViewerModel]:
    """Return every viewer that has a window; napari itself is not imported for that."""
    module = sys.modules.get("napari.viewer")
    if module is None:
        return []
    found = [*getattr(module.Viewer, "_instances", ()), module.current_viewer()]
    return list({id(viewer): viewer for viewer in found if viewer is not None}.values())


def exchange(layer: Layer, data: Any) -> None:
    """Give a layer other data, and see to it that nothing of the old ones is kept, hidden or removed as it may be."""
    import numpy as np

    shown = layer.visible and any(layer in viewer.layers for viewer in viewers())
    layer.data = data
    if shown:
        return
    layer.set_view_slice()
    layer.events.set_data()
    layer.thumbnail = np.zeros_like(layer.thumbnail)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let napari's collection of all garbage, which each layer that goes begins, find nothing to look through.

    It would hold the window for half a second. What is garbage is collected in Python's own time.
    """
    import gc

    frozen = gc.get_freeze_count()
    if not frozen:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()


def collect_later() -> None:
    """Let a collection of all garbage wait for the next turn of the window, while napari works on."""
    held = ExitStack()
    held.enter_context(uncollected())
    soon(held.close)


def blank(layer: Layer) -> None:
    """Take the pixels out of an image layer of whatever origin."""
    import numpy as np
    from napari.layers import Image

    if not isinstance(layer, Image):
        return
    shape = (1,) * layer.ndim + ((3,) if layer.rgb else ())
    pixel = np.zeros(shape, np.uint8)
    exchange(layer, [pixel, pixel] if layer.multiscale else pixel)


def empty_dask_cache() -> None:
    """Forget what napari keeps of all dask arrays; it fills again."""
    module = sys.modules.get("napari.utils._dask_utils")
    if module is not None:
        with suppress(AttributeError):
            module._DASK_CACHE.cache.clear()


def give_back() -> None:
    """Return freed memory to the system, beside the window: what was decoded into it would stay there, legible.

    Only the C library of Linux can be asked for that; elsewhere nothing is done.
    """
    import ctypes
    from threading import Thread

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        Thread(target=trim, args=(0,), name="blankslide gives memory back", daemon=True).start()
