"""What napari.yaml names: thin functions that import only when they are called.

napari asks every reader about every file that is opened, so `get_reader` looks at the first
bytes and answers at once. It claims what a vendor format accepts, whatever the suffix says,
and nothing else: a plain TIFF is another reader's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blankslide._napari.recognition import DOCK, PLUGIN, is_slide

if TYPE_CHECKING:
    LayerData = tuple[Any, dict[str, Any], str]


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return the function that reads a slide, or None if this is not one."""
    if not isinstance(path, str):
        if len(path) != 1:
            return None
        path = path[0]
    return read_slide if is_slide(path) else None


def read_slide(path: str | Sequence[str]) -> list[LayerData]:
    """Open a slide as layers: tissue, and then thumbnail, label and macro."""
    from blankslide._napari.opening import layers_for_napari

    return layers_for_napari(path if isinstance(path, str) else path[0])


def anonymize_slide() -> Any:
    """Return the dock widget for the viewer in front."""
    import napari
    from blankslide._napari.dock import AnonymizeSlide

    return AnonymizeSlide(napari.current_viewer())


def show_findings(viewer: napari.viewer.Viewer) -> None:
    """Open the dock and put the keyboard into its table of findings."""
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, DOCK)
    dock.show()
    dock.raise_()
    widget.table.setFocus()


def run_as_chosen(viewer: napari.viewer.Viewer) -> None:
    """Do with the slide in the dock what the dock's fields say, as its button does: a dry run until that is off."""
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, DOCK)
    dock.show()
    dock.raise_()
    widget.start()


def show_in_srgb(viewer: napari.viewer.Viewer) -> None:
    """Show the selected slide's colours in sRGB, or again as they are in the file."""
    from blankslide._napari.colours import switch

    switch(viewer)


def open_sample() -> list[LayerData]:
    """Build a slide of an invented patient in a folder of its own, and open it."""
    import atexit
    import shutil
    import tempfile

    from blankslide.samples.aperio.slide import build_aperio

    folder = tempfile.mkdtemp(prefix="blankslide-sample-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "sample.svs"
    build_aperio(path, size=(8192, 6144), factors=(1, 4, 16))
    return read_slide(str(path))


if TYPE_CHECKING:
    import napari
