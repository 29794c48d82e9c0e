"""Layers that go let go: of the file, at once with the last of them, and of every legible picture."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from itertools import compress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from conftest import Desk

CYCLES = 3


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(1024, 768), factors=(1, 4))
    return path


@pytest.fixture
def viewer(plugin: Any, make_napari_viewer: Callable[..., Any]) -> Any:
    return make_napari_viewer(show=True)


def descriptors(path: Path) -> int:
    """Count how often this process has a file open."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            count += os.path.samestat(os.stat(link), path.stat())
        except OSError:
            continue
    return count


@pytest.fixture
def legible(slide: Path, elders: list[Any]) -> Legible:
    return Legible(slide, elders)


linux = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are counted in /proc")


known: list[bytes] = []
"""Rows that the tests themselves know: pytest keeps what earlier tests were given, and that is no find."""


class Legible:
    """Knows rows of the pictures that go, and finds them in whatever Python holds."""

    def __init__(self, path: Path, elders: list[Any]) -> None:
        from blankslide.viewing import open_pyramid

        self.elders = elders
        self.rows: dict[str, list[bytes]] = {}
        with open_pyramid(path) as pyramid:
            for role in ("label", "macro"):
                pixels = pyramid.pictures[role][...]
                vivid = np.argsort(pixels.reshape(len(pixels), -1).std(axis=1))[-3:]
                self.rows[role] = [pixels[row].tobytes() for row in vivid]
        known.extend(row for rows in self.rows.values() for row in rows)

    def found(self) -> list[str]:
        """Name the pictures of which a row stands in a live array or byte string."""
        gc.collect()
        own = set(map(id, known))
        left = dict(self.rows)
        for data in self._held(own):
            for role in [role for role, rows in left.items() if any(row in data for row in rows)]:
                del left[role]
        return sorted(self.rows.keys() - left.keys())

    def _held(self, own: set[int]) -> Iterator[bytes]:
        """Yield the content of every array and byte string that a container of Python's holds, but our own rows."""
        kinds, seen = {kind for base in (np.ndarray, bytes, bytearray) for kind in _family(base)}, set(own)
        for everything in (gc.get_objects(), self.elders):
            # a module's names are asked themselves; one in C never ends telling what it holds in Python 3.12
            owners = [owner for owner in everything if not issubclass(type(owner), ModuleType)]
            for start in range(0, len(owners), 5000):  # in pieces: a list of everything would hold everything
                held = gc.get_referents(*owners[start : start + 5000])
                for thing in compress(held, map(kinds.__contains__, map(type, held))):
                    if id(thing) not in seen:
                        seen.add(id(thing))
                        yield from _content(thing)


def _content(thing: Any) -> Iterator[bytes]:
    if isinstance(thing, np.ndarray):
        while isinstance(thing.base, np.ndarray):
            thing = thing.base
        if thing.dtype.hasobject or thing.nbytes > 1 << 26:
            return
        yield (thing[..., :3] if thing.ndim == 3 and thing.shape[-1] == 4 else thing).tobytes()
    elif len(thing) > 500:
        yield thing


def _family(kind: type) -> Iterator[type]:
    yield kind
    for child in type.__subclasses__(kind):
        yield from _family(child)


# -- the file ----------------------------------------------------------------------------------


@linux
def test_opening_and_clearing_leaves_no_descriptor(viewer: Any, qtbot: Any, slide: Path) -> None:
    for _ in range(CYCLES):
        viewer.open(str(slide), plugin="blankslide")
        qtbot.wait(20)
        assert descriptors(slide) == 1
        viewer.layers.clear()
        assert descriptors(slide) == 0


@linux
def test_the_file_stays_open_until_the_last_layer_goes(viewer: Any, qtbot: Any, slide: Path) -> None:
    viewer.open(str(slide), plugin="blankslide")
    while len(viewer.layers) > 1:
        viewer.layers.pop()
        qtbot.wait(20)
        assert descriptors(slide) == 1
    assert viewer.layers[0].data[0][:64, :64].std() > 0
    viewer.layers.pop()
    assert descriptors(slide) == 0


@linux
@pytest.mark.parametrize("late", [False, True])
def test_a_layer_that_comes_back_shows_the_slide_again(viewer: Any, qtbot: Any, slide: Path, late: bool) -> None:
    viewer.open(str(slide), plugin="blankslide")
    old = {layer.name: np.asarray(layer.data[-1] if layer.multiscale else layer.data) for layer in viewer.layers}
    layers = list(viewer.layers)
    viewer.layers.clear()
    qtbot.wait(50 if late else 0)
    for layer in layers:
        viewer.add_layer(layer)
    assert descriptors(slide) == 1
    for layer in viewer.layers:
        now = np.asarray(layer.data[-1] if layer.multiscale else layer.data)
        assert np.array_equal(now, old[layer.name]), layer.name
    viewer.layers.clear()
    assert descriptors(slide) == 0


@linux
def test_two_windows_share_a_slide_and_the_last_one_closes_it(
    viewer: Any, make_napari_viewer: Callable[..., Any], qtbot: Any, slide: Path
) -> None:
    other = make_napari_viewer(show=True)
    (layer, *_) = viewer.open(str(slide), plugin="blankslide")
    viewer.layers.remove(layer)
    other.add_layer(layer)
    viewer.layers.clear()
    qtbot.wait(20)
    assert descriptors(slide) == 1
    assert layer.data[0][:64, :64].std() > 0
    other.layers.clear()
    assert descriptors(slide) == 0


@linux
def test_nobody_is_called_another_program_but_another_program(desk: Desk, slide: Path) -> None:
    for _ in range(CYCLES):
        desk.open(slide)
        desk.viewer.layers.clear()
        desk.settle()
    desk.open(slide)
    desk.tick(desk.panel.foot.mode.dry_run)
    desk.click(desk.panel.foot.run)
    dialog = desk.dialog()
    assert "program" not in words(dialog)
    desk.click(dialog.no)
    desk.settle()
    with slide.open("rb"):
        desk.click(desk.panel.foot.run)
        dialog = desk.dialog()
        assert "Another program" not in words(dialog)
        assert "napari itself" in words(dialog)
        desk.click(dialog.no)
        desk.settle()


def words(dialog: Any) -> str:
    from qtpy.QtWidgets import QLabel

    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


# -- the pictures ------------------------------------------------------------------------------


def test_the_search_sees_what_old_and_new_objects_hold(legible: Legible, elders: list[Any]) -> None:
    assert legible.found() == []
    old = next(thing for thing in elders if thing is sys.modules)
    label, macro = (np.frombuffer(bytes(bytearray(legible.rows[role][0])), np.uint8) for role in ("label", "macro"))
    old["held"], young = label, [macro]
    del label, macro
    try:
        assert legible.found() == ["label", "macro"]
    finally:
        del old["held"]
    assert legible.found() == ["macro"]
    young.clear()
    assert legible.found() == []


def nothing(desk: Desk) -> None:
    """Leave the layers as they were opened."""


def hide(desk: Desk) -> None:
    for layer in desk.viewer.layers:
        layer.visible = False


def delete_label(desk: Desk) -> None:
    desk.viewer.layers.remove(desk.layer("label"))


def delete_hidden(desk: Desk) -> None:
    hide(desk)
    desk.bot.wait(20)
    for role in ("label", "macro"):
        desk.viewer.layers.remove(desk.layer(role))


def duplicate(desk: Desk) -> None:
    from napari.layers._layer_actions import _duplicate_layer

    desk.viewer.layers.selection = {desk.layer("label")}
    _duplicate_layer(desk.viewer.layers)


def open_twice(desk: Desk) -> None:
    path = desk.session.path
    desk.viewer.layers.clear()
    desk.settle()
    desk.open(path)
    desk.open(path)


def by_dask(desk: Desk) -> None:
    """Open the label through another reader, as a dask array that napari's cache takes in."""
    import dask.array
    import tifffile

    path = desk.session.path
    with tifffile.TiffFile(path) as tiff:
        pages = [dask.array.from_array(page.asarray()) for page in tiff.pages]
    label = next(p for p in pages if p.shape[0] > p.shape[1])
    layer = desk.viewer.add_image(label, rgb=True, name="theirs")
    layer._source = layer.source.model_copy(update={"path": str(path)})


@pytest.mark.parametrize("first", [nothing, hide, delete_label, delete_hidden, duplicate, open_twice, by_dask])
def test_no_legible_picture_is_left_in_memory_after_clean(
    desk: Desk, slide: Path, legible: Legible, first: Callable[[Desk], None]
) -> None:
    desk.open(slide)
    assert legible.found() == ["label", "macro"], "the search must see what is there"
    first(desk)
    desk.settle()
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    desk.bot.wait(50)
    assert legible.found() == []
    assert descriptors(slide) == 1
    for layer in desk.viewer.layers:
        layer.visible = True
    desk.bot.wait(50)
    assert legible.found() == []


def test_closing_a_slide_leaves_no_legible_picture(desk: Desk, slide: Path, legible: Legible) -> None:
    from qtpy.QtWidgets import QToolButton

    desk.open(slide)
    assert [b for b in desk.panel.cards.findChildren(QToolButton) if b.isVisible()]
    desk.viewer.layers.clear()
    desk.settle()
    assert legible.found() == []
    assert [b for b in desk.panel.cards.findChildren(QToolButton) if b.isVisible()] == []


def test_another_window_shows_no_label_after_clean(
    desk: Desk, make_napari_viewer: Callable[..., Any], slide: Path, legible: Legible
) -> None:
    other = make_napari_viewer(show=True)
    other.open(str(slide), plugin="blankslide")
    desk.open(slide)
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    assert legible.found() == []
    assert len(other.layers) == 4
    desk.viewer.layers.clear()
    desk.settle()
    tissue = next(layer for layer in other.layers if layer.multiscale)
    assert tissue.data[0][:64, :64].std() > 0
    other.layers.clear()
    assert descriptors(slide) == 0


def test_the_same_slide_by_another_path_is_the_same_slide(desk: Desk, slide: Path, legible: Legible) -> None:
    link = slide.with_name("link.svs")
    link.symlink_to(slide.name)
    desk.viewer.open(str(link), plugin="blankslide")
    desk.settle()
    desk.open(slide)
    desk.viewer.layers.selection.active = desk.viewer.layers[-1]
    desk.settle()
    assert desk.session.path == slide
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    assert legible.found() == []
