"""A real napari window on a virtual screen, with our plugin in it, driven by clicks and keys.

Canvas and screenshots need OpenGL, so the window is shown under Xvfb (pytest-xvfb starts it).
The plugin comes from the manifest at the root, whether or not Blankslide is installed.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

os.environ.setdefault("QT_API", "pyside6")
MISSING = [name for name in ("napari", "pytestqt") if find_spec(name) is None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give window tests what napari's own warnings ask for, and no more; without napari they skip."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            if MISSING:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(MISSING)}"))
            item.add_marker(
                pytest.mark.filterwarnings("ignore::DeprecationWarning:(napari|npe2|vispy|superqt|pydantic)")
            )


@pytest.fixture(scope="session")
def installed_manifests() -> Iterator[None]:
    """Parse what is installed once: npe2 would do it again for every window, which is a fifth of its cost."""
    import npe2

    found = list(npe2.PluginManifest.discover())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npe2.PluginManifest, "discover", lambda paths=(): iter(found))
        yield


@pytest.fixture(scope="session")
def menu_bar_stays() -> Iterator[None]:
    """Let no window look at each event of the whole program, which napari does for menu bars that hide themselves.

    It is a third of what a window's test costs, and no bar is hidden here.
    """
    from napari._qt.qt_main_window import _QtMainWindow

    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(_QtMainWindow, "eventFilter")
        yield


@pytest.fixture(scope="session")
def elders(elders: list[Any]) -> list[Any]:
    """Let collections pass over what was there before the first window, too: each window collects several times."""
    import napari.viewer  # noqa: F401

    gc.collect()
    elders.extend(gc.get_objects())
    gc.freeze()
    return elders


@pytest.fixture
def plugin(
    monkeypatch: pytest.MonkeyPatch, home: Path, installed_manifests: None, menu_bar_stays: None, elders: list[Any]
) -> Any:
    """Register our manifest, and keep napari's settings in the test's own home."""
    import npe2

    from napari import settings

    manager = npe2.PluginManager.instance()
    if "blankslide" not in manager:
        manager.register(npe2.PluginManifest.from_file(ROOT / "napari.yaml"))
    settings._clear_plugin_settings_cache()
    monkeypatch.setattr(settings, "_CFG_PATH", str(home / "settings.yaml"))
    yield manager
    settings._clear_plugin_settings_cache()


class Desk:
    """A viewer with our dock, and the ways a person has of using them."""

    def __init__(self, viewer: Any, qtbot: Any) -> None:
        self.viewer, self.bot = viewer, qtbot
        self.dock, self.panel = viewer.window.add_plugin_dock_widget("blankslide", "Anonymize slide")

    @property
    def session(self) -> Any:
        return self.panel.review.session

    def enlarge(self) -> None:
        """Give the canvas room: most tests look at the dock, and drawing is a quarter of what a larger window costs."""
        self.viewer.window._qt_window.resize(1280, 800)
        self.bot.wait(50)

    def open(self, path: Path) -> None:
        """Open a slide as napari's menu does, and wait until it is reviewed."""
        self.viewer.open(str(path), plugin="blankslide")
        self.settle()

    def settle(self, seconds: float = 60) -> None:
        """Wait until no worker is busy and the window has been drawn."""
        self.bot.waitUntil(lambda: not self.panel.review.busy and not self.arriving(), timeout=int(seconds * 1000))
        self.bot.wait(50)

    def arriving(self) -> bool:
        """Whether pictures of an open slide are still to come."""
        from blankslide._napari.layers import mark_of

        marks = map(mark_of, self.viewer.layers)
        return any(mark.slide.arriving and not mark.slide.is_let_go for mark in marks if mark is not None)

    def click(self, widget: Any) -> None:
        """Click with the mouse into the middle of a widget that can be clicked."""
        from qtpy.QtCore import Qt

        assert widget.isVisible()
        assert widget.isEnabled()
        self.bot.mouseClick(widget, Qt.MouseButton.LeftButton)

    def tick(self, box: Any) -> None:
        """Click on the mark of a check box made by magicgui."""
        from qtpy.QtCore import QPoint, Qt

        self.bot.mouseClick(box.native, Qt.MouseButton.LeftButton, pos=QPoint(8, box.native.height() // 2))

    def dialog(self) -> Any:
        """Wait for the question before a run."""
        from blankslide._napari.confirm import ConfirmDialog

        self.bot.waitUntil(lambda: bool(self._dialogs(ConfirmDialog)), timeout=20_000)
        return self._dialogs(ConfirmDialog)[0]

    def _dialogs(self, kind: type) -> list[Any]:
        return [d for d in self.panel.findChildren(kind) if d.isVisible()]

    def anonymize(self) -> None:
        """Switch dry run off, run, confirm, and wait for the end."""
        self.tick(self.panel.foot.mode.dry_run)
        self.click(self.panel.foot.run)
        self.click(self.dialog().yes)
        self.settle()

    def roles(self) -> list[str]:
        from blankslide._napari.layers import mark_of

        return [mark.role for mark in map(mark_of, self.viewer.layers) if mark is not None]

    def layer(self, role: str) -> Any:
        return self.viewer.layers[self.roles().index(role)]

    def texts(self) -> str:
        """Return every word that stands in the dock, tool tips included."""
        from qtpy.QtWidgets import QAbstractButton, QLabel, QWidget

        words = [w.text() for kind in (QLabel, QAbstractButton) for w in self.panel.findChildren(kind)]
        words += [w.toolTip() for w in self.panel.findChildren(QWidget)]
        table = self.panel.table
        for row in range(table.rowCount()):
            items = [table.item(row, column) for column in range(4)]
            words += [text for item in items for text in (item.text(), item.toolTip())]
        return "\n".join(words)


@pytest.fixture
def desk(plugin: Any, make_napari_viewer: Callable[..., Any], qtbot: Any) -> Iterator[Desk]:
    """Return a shown window of 800 × 600 with our dock; who looks at the canvas enlarges it."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(800, 600)
    made = Desk(viewer, qtbot)
    yield made
    made.settle()
