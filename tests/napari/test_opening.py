"""Several slides in one window: rows, Home, broken ones, and every channel of each kind of file."""

from __future__ import annotations

import gc
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from blankslide.testing import built

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def viewer(plugin: Any, make_napari_viewer: Callable[..., Any]) -> Any:
    return make_napari_viewer(show=True)


def marks(viewer: Any) -> list[tuple[Any, Any]]:
    from blankslide._napari.layers import mark_of

    return [(layer, mark) for layer in viewer.layers if (mark := mark_of(layer)) is not None]


def settle(viewer: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not any(mark.slide.arriving for _, mark in marks(viewer)), timeout=30_000)
    qtbot.wait(20)


def down(layer: Any) -> tuple[float, float]:
    """Return the first and the last row of a layer in the world."""
    low, high = layer.extent.world[:, -2]
    return float(low), float(high)


def test_three_slides_stand_in_rows_and_home_frames_their_tissue(viewer: Any, qtbot: Any, tmp_path: Path) -> None:
    paths = [tmp_path / f"slide {n}.svs" for n in range(3)]
    for number, path in enumerate(paths):
        built.build_aperio(path, size=(2048, 1024 + 512 * number), factors=(1, 4))
    assert [layer.name for layer in viewer.open(list(map(str, paths)), plugin="blankslide")] == [
        f"slide {n} · slide" for n in range(3)
    ], "the tissue is drawn first"
    settle(viewer, qtbot)
    rows = {n: [layer for layer, mark in marks(viewer) if mark.slide.path == path] for n, path in enumerate(paths)}
    assert [len(row) for row in rows.values()] == [4, 4, 4]
    for upper, lower in ((0, 1), (1, 2)):
        end, start = max(down(layer)[1] for layer in rows[upper]), min(down(layer)[0] for layer in rows[lower])
        assert start - end >= 1000, "a gap of a millimetre at least"
    for row in rows.values():
        assert {down(layer)[0] for layer in row} == {down(row[0])[0]}, "label and macro begin beside their own tissue"
        across = sorted(tuple(layer.extent.world[:, -1]) for layer in row)
        assert all(left[1] < right[0] for left, right in pairwise(across))
    _home(viewer, rows, qtbot)


def _home(viewer: Any, rows: dict[int, list[Any]], qtbot: Any) -> None:
    tissue = np.array([row[0].extent.world for row in rows.values()])
    middle = (tissue[:, 0].min(axis=0) + tissue[:, 1].max(axis=0)) / 2
    everything = np.asarray(viewer.layers.extent.world).mean(axis=0)
    # nobody has moved the view, so it follows the layers, at a turn of its own
    qtbot.waitUntil(lambda: viewer.scene.camera.center[-2:] == pytest.approx(middle, abs=2), timeout=20_000)
    viewer.scene.camera.center = (0.0, 0.0)
    viewer.reset_view()
    assert viewer.scene.camera.center[-2:] == pytest.approx(middle, abs=2)
    viewer.reset_view()
    assert viewer.scene.camera.center[-2:] == pytest.approx(everything, abs=200), "pressed twice it frames everything"
    viewer.reset_view(layers=[rows[1][2]])
    assert viewer.scene.camera.center[-2:] == pytest.approx(rows[1][2].extent.world.mean(axis=0), abs=200)


def test_a_broken_slide_says_its_sentence_and_the_others_open(viewer: Any, qtbot: Any, tmp_path: Path) -> None:
    from napari.utils.notifications import notification_manager

    good, broken, bare = (tmp_path / f"slide {n}.svs" for n in "123")
    built.build_aperio(good, size=(512, 384), factors=(1, 2))
    broken.write_bytes(good.read_bytes()[:3000])
    built.build_aperio(bare, size=(2560, 2048), factors=(1, 4), fields={"MPP": None}, older=False)
    told = len(notification_manager.records)
    viewer.open([str(good), str(broken), str(bare)], plugin="blankslide")
    settle(viewer, qtbot)
    assert {mark.slide.path for _, mark in marks(viewer)} == {good, bare}
    assert len(marks(viewer)) == len(viewer.layers) == 8
    records = notification_manager.records[told:]
    words = [record.message for record in records if "units" not in record.message]  # napari's own, of mixed units
    assert len(words) == 2
    assert words[0].startswith("slide 2.svs · ")
    assert "\n" not in words[0]
    assert "does not say how large its pixels are" in words[1]


def test_a_name_that_looks_like_markup_is_not_drawn_by_napari(viewer: Any, tmp_path: Path) -> None:
    from napari.utils.notifications import notification_manager

    told: list[str] = []
    notification_manager.notification_ready.connect(lambda said: told.append(said.message))
    path = tmp_path / "<img src=x><b>a.svs"
    path.write_bytes(b"II*\0" + bytes(100))
    viewer.open(str(path), plugin="blankslide")
    assert any("‹img src=x>‹b>a.svs · " in words for words in told)
    assert not any("<" in words for words in told)


def test_a_slide_is_read_in_a_thread_while_the_window_draws(viewer: Any) -> None:
    from qtpy.QtCore import QTimer

    from blankslide._napari.opening import off_the_window

    ticks, lived = list[threading.Thread](), threading.Event()
    clock = QTimer()
    clock.timeout.connect(lambda: (ticks.append(threading.current_thread()), len(ticks) > 2 and lived.set()))
    clock.start(10)

    def job() -> threading.Thread:
        assert lived.wait(20)
        return threading.current_thread()

    assert off_the_window(viewer, job) is not threading.current_thread()
    clock.stop()
    assert set(ticks) == {threading.main_thread()}
    with pytest.raises(ZeroDivisionError):
        off_the_window(viewer, lambda: 1 / 0)


def test_tissue_is_drawn_roughly_at_first_and_sharp_at_the_next_turn(viewer: Any, qtbot: Any, tmp_path: Path) -> None:
    built.build_aperio(tmp_path / "slide.svs", size=(8192, 6144), factors=(1, 4, 16))
    drawn, told, controls = list[int](), list[Any](), viewer.window._qt_viewer.controls
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    canvas.events.draw.connect(lambda event: drawn.extend(layer.data_level for layer in viewer.layers[:1]))
    viewer.layers.selection.events.active.connect(lambda event: told.append(event.value))
    (layer,) = viewer.open(str(tmp_path / "slide.svs"), plugin="blankslide")
    assert layer.visible
    assert viewer.layers.selection.active is layer
    settle(viewer, qtbot)
    assert drawn[0] == 2
    assert (layer.locked_data_level, layer.data_level) == (None, 1)
    assert drawn[-1] == 1
    assert told == [layer], "the window hears once of what is selected, and of no picture that follows"
    assert controls.currentWidget() is controls.widgets[layer]
    assert all(each.visible for each in viewer.layers)


def test_collections_of_all_garbage_wait_for_the_next_turn(viewer: Any, qtbot: Any) -> None:
    from blankslide._napari.remains import collect_later

    gc.unfreeze()  # what other tests let pass
    try:
        collect_later()
        assert gc.get_freeze_count() > 0
        qtbot.waitUntil(lambda: gc.get_freeze_count() == 0, timeout=5000)
    finally:
        gc.freeze()


# -- channels ------------------------------------------------------------------------------


def stack(path: Path) -> None:
    data = np.random.default_rng(5).integers(0, 40_000, (4, 2, 160, 200), dtype=np.uint16)
    told = {"axes": "ZCYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "Channel": {"Name": ["DAPI", "CD3"]}}
    tifffile.imwrite(path, data, ome=True, tile=(64, 64), photometric="minisblack", metadata=told)


def index(path: Path) -> None:
    built.build_hamamatsu_ndpis(path, size=(256, 192), macro_size=(120, 40))


CHANNELS: dict[str, tuple[Any, list[str]]] = {
    "stack.ome.tif": (stack, ["DAPI", "CD3"]),
    "fluorescence.qptiff": (built.builders()["qptiff-fluorescence.qptiff"], ["DAPI", "Opal 570", "Opal 690"]),
    "set.ndpis": (index, ["DAPI", "FITC"]),
    "set.vmu": (built.builders()["hamamatsu-vmu.vmu"], ["red", "green", "blue"]),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_channel_is_a_layer_with_the_names_and_pixels_that_napari_tiff_shows(
    viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    theirs = pytest.importorskip("napari_tiff.napari_tiff_reader", reason="napari-tiff is not installed")
    for name, (build, names) in CHANNELS.items():
        path = tmp_path / name
        build(path)
        layers = viewer.open(str(path), plugin="blankslide")
        assert [layer.name.rpartition(" · ")[2] for layer in layers] == names, name
        shown = [layer.visible and layer.blending == "additive" for layer in layers]
        assert shown == [name != "set.ndpis"] * len(names), "bright colours are not added up"
        if path.suffix in (".tif", ".qptiff"):
            same = _shown(theirs.napari_get_reader(str(path))(str(path)), len(names))
            assert [known for known, _ in same if known] in ([], names)
            for layer, (_, pixels) in zip(layers, same, strict=True):
                assert np.array_equal(np.asarray(layer.data[0] if layer.multiscale else layer.data), pixels), name
    settle(viewer, qtbot)
    planes = next(layer for layer, mark in marks(viewer) if mark.slide.path.name == "stack.ome.tif")
    assert viewer.dims.nsteps[0] == 4
    for depth in range(4):
        viewer.dims.set_current_step(0, depth)
        assert np.array_equal(planes._slice.image.raw, np.asarray(_data(planes))[depth])
    gc.collect()


def _shown(layers: Any, count: int) -> list[tuple[str, Any]]:
    """Return name and largest level of each channel as another reader gives them, as layers or as one layer's steps."""
    found: list[tuple[str, Any]] = []
    for data, keywords, _ in layers:
        pixels = np.asarray(data[0] if isinstance(data, list) else data)
        at = keywords.get("channel_axis")
        names = keywords.get("name") or [""] * count
        planes = np.moveaxis(pixels, at, 0) if at is not None else pixels
        found += zip(names, planes, strict=True) if isinstance(names, list) else [(names, pixels)]
    return found


def _data(layer: Any) -> Any:
    return list(layer.data) if layer.multiscale else layer.data
