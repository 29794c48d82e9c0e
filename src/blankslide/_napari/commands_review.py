"""What napari.yaml names beside single slides: the review list of a folder, and the spot-check.

A folder with slides is opened by the list; napari asks every reader about every folder, so only its first files are
looked at before it is said that there is none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from blankslide._napari.recognition import PLUGIN

if TYPE_CHECKING:
    from blankslide._napari.commands import LayerData

LIST, CHECK = "Review folder", "Spot-check"
_MOST = 300


def get_folder_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return what lists a folder's slides; None for a folder that is one slide, or has none among its first files."""
    if not isinstance(path, str):
        if len(path) != 1:
            return None
        path = path[0]
    return read_folder if os.path.isdir(path) and _has_slides(path) else None


def read_folder(path: str | Sequence[str]) -> list[LayerData]:
    """Open the review list of a folder in the window in front; no layer comes of that by itself."""
    import napari

    viewer = napari.current_viewer()
    if viewer is not None:
        from pathlib import Path

        dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, LIST)
        dock.show()
        dock.raise_()
        widget.open_folder(Path(path if isinstance(path, str) else path[0]))
    nothing: list[Any] = [(None,)]
    return nothing


def review_folder() -> Any:
    """Return the review list for the viewer in front."""
    import napari
    from blankslide._napari.slide_list import ReviewFolder

    return ReviewFolder(napari.current_viewer())


def spot_check() -> Any:
    """Return the spot-check for the viewer in front."""
    import napari
    from blankslide._napari.spot_check import SpotCheckDock

    return SpotCheckDock(napari.current_viewer())


def _has_slides(folder: str) -> bool:
    from blankslide.errors import Cancelled
    from blankslide.pipeline import slides_in

    seen = 0

    def looked(slide: bool) -> None:
        nonlocal seen
        seen += 1
        if seen > _MOST:
            raise Cancelled("no slide among the first files")

    try:
        return next(slides_in([folder], lambda other: None, None, lambda other: None, looked), None) is not None
    except Cancelled:
        return False
