"""The review list in a real window: a folder dropped, rows walked through by keys, a run over five formats."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.samples.aperio.slide import build_aperio as build_anew
from blankslide.samples.kit.drawing import one_tissue
from blankslide.testing.built import build_aperio, builders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KINDS = ("ventana-plain.tif", "trestle.tif", "hamamatsu-vms.vms", "mirax.mrxs")


class Room:
    """A window with the review list, and a person's ways of using it."""

    def __init__(self, viewer: Any, bot: Any) -> None:
        self.viewer, self.bot = viewer, bot
        _, self.panel = viewer.window.add_plugin_dock_widget("blankslide", "Review folder")

    def settle(self, *states: str) -> None:
        panel = self.panel
        wanted = states or ("ready", "empty")
        self.bot.waitUntil(lambda: panel.work.state in wanted and not panel.opener.busy, timeout=60_000)
        self.bot.wait(50)

    def click(self, widget: Any) -> None:
        from qtpy.QtCore import QPoint, Qt

        assert widget.isVisible()
        assert widget.isEnabled()
        self.bot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(10, widget.height() // 2))

    def press(self, key: str, widget: Any = None) -> None:
        from qtpy.QtCore import Qt

        self.bot.keyClick(widget or self.panel.view, getattr(Qt.Key, f"Key_{key}"))

    def row(self) -> Any:
        from blankslide._napari.list_model import ROW

        return self.panel.view.currentIndex().data(ROW)

    def words(self) -> dict[str, str]:
        return {row.name: row.word for row in self.panel.work.slides.rows}

    def dialog(self) -> Any:
        from blankslide._napari.confirm import BulkConfirm

        self.settle("asking")
        (found,) = [each for each in self.panel.findChildren(BulkConfirm) if each.isVisible()]
        return found

    def roles(self) -> list[tuple[str, str]]:
        from blankslide._napari.layers import mark_of

        marks = filter(None, map(mark_of, self.viewer.layers))
        return [(mark.slide.path.name, mark.role) for mark in marks]

    def layer(self, role: str) -> Any:
        return self.viewer.layers[[found for _, found in self.roles()].index(role)]


@pytest.fixture
def room(plugin: Any, make_napari_viewer: Callable[..., Any], qtbot: Any) -> Iterator[Room]:
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1280, 800)
    made = Room(viewer, qtbot)
    yield made
    made.settle()
    viewer.layers.clear()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Slides of five formats, each in its own folder, and a broken one."""
    root = tmp_path / "archive"
    build_aperio(made(root / "a") / "aperio.svs", size=(512, 384), factors=(1, 2))
    for number, name in enumerate(KINDS):
        builders()[name](made(root / f"b{number}") / name)
    (made(root / "c") / "broken.svs").write_bytes(b"II*\0 broken")
    return root


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_folder_given_to_napari_is_listed_and_no_layer_comes(room: Room, archive: Path) -> None:
    room.viewer.open(str(archive), plugin="blankslide")
    room.settle()
    assert len(room.viewer.layers) == 0
    assert room.panel.top.headline.text() == "archive · 6 slides · 5 to do · 1 refused"
    rows = room.panel.work.slides.rows
    assert {row.title for row in rows if row.title} == {
        "Aperio SVS",
        "Ventana BIF",
        "Trestle TIFF",
        "Hamamatsu VMS",
        "3DHISTECH MIRAX",
    }
    assert sum(row.picture is not None for row in rows) >= 4


def test_a_folder_dropped_on_the_canvas_asks_nothing_once_napari_knows_who_opens_folders(
    room: Room, archive: Path
) -> None:
    from napari.settings import get_settings
    from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
    from qtpy.QtGui import QDropEvent

    get_settings().plugins.extension2reader = {"*/": "blankslide"}  # as docs/napari.md says
    carried = QMimeData()
    carried.setUrls([QUrl.fromLocalFile(str(archive))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    room.viewer.window._qt_viewer.dropEvent(QDropEvent(QPointF(9, 9), copy, carried, left, none))
    room.settle()
    assert room.panel.top.headline.text() == "archive · 6 slides · 5 to do · 1 refused"
    assert len(room.viewer.layers) == 0


def test_an_empty_folder_is_no_list_and_one_slide_is_a_slide(archive: Path, tmp_path: Path) -> None:
    from blankslide._napari.commands_review import get_folder_reader

    assert get_folder_reader(str(archive)) is not None
    assert get_folder_reader([str(archive)]) is not None
    assert get_folder_reader([str(archive), str(archive)]) is None
    assert get_folder_reader(str(made(tmp_path / "empty"))) is None
    assert get_folder_reader(str(archive / "c" / "broken.svs")) is None


def test_keys_go_from_slide_to_slide_and_open_each_in_place_of_the_last(room: Room, archive: Path) -> None:
    room.panel.open_folder(archive)
    room.settle()
    room.press("Down")
    room.settle()
    first = room.row().path.name
    assert {name for name, _ in room.roles()} == {first}
    assert "slide" in {role for _, role in room.roles()}
    room.press("Space")
    room.settle()
    assert room.row().path.name != first
    assert {name for name, _ in room.roles()} == {room.row().path.name}
    room.press("Backspace")
    room.settle()
    assert {name for name, _ in room.roles()} == {first}
    for _ in range(5):
        room.press("Space")
    room.settle()
    assert room.row().name.endswith("broken.svs")
    assert "aperio.svs" in {name for name, _ in room.roles()} or len({name for name, _ in room.roles()}) == 1


def test_rows_are_filtered_by_typing_and_by_state(room: Room, archive: Path) -> None:
    room.panel.open_folder(archive)
    room.settle()
    room.bot.keyClicks(room.panel.top.words, "mirax")
    assert [row.title for row in room.panel.model.rows] == ["3DHISTECH MIRAX"]
    assert room.panel.run.go.text() == "Plan a run of these 1 …"
    room.panel.top.words.clear()
    room.panel.top.show_box.setFocus()
    for _ in range(2):
        room.press("Down", room.panel.top.show_box)
    assert [row.word for row in room.panel.model.rows] == ["refused"]


def test_five_formats_are_cleaned_in_place_by_clicks_after_a_question(
    room: Room, archive: Path, tmp_path: Path
) -> None:
    room.panel.open_folder(archive)
    room.settle()
    room.press("Down")
    room.settle()
    before = (archive / "a" / "aperio.svs").read_bytes()
    shutil.copyfile(archive / "a" / "aperio.svs", tmp_path / "whole.svs")
    label = np.asarray(room.layer("label").data)
    room.click(room.panel.run.in_place)
    room.click(room.panel.run.go)
    dialog = room.dialog()
    assert "5 slides themselves. There is no way back." in " ".join(dialog_words(dialog))
    assert dialog.no.isDefault()
    room.press("Escape", dialog)
    room.settle()
    assert room.panel.run.told.text() == "nothing was changed"
    assert (archive / "a" / "aperio.svs").read_bytes() == before
    room.click(room.panel.run.go)
    room.click(room.dialog().yes)
    room.settle()
    words = room.words()
    assert sorted(words.values()) == ["clean"] * 5 + ["refused"]
    assert room.panel.run.told.text().startswith("5 clean · 1 refused")
    assert ("aperio.svs", "label") in room.roles(), "the slide that was shown is shown as it is now"
    assert not np.array_equal(np.asarray(room.layer("label").data), label)
    shutil.copyfile(tmp_path / "whole.svs", archive / "c" / "broken.svs")
    room.click(room.panel.run.again)
    room.click(room.dialog().yes)
    room.settle()
    assert sorted(room.words().values()) == ["clean"] * 6


def test_copies_go_where_they_are_told_and_their_names_too(room: Room, archive: Path, tmp_path: Path) -> None:
    out = made(tmp_path / "out")
    room.panel.open_folder(archive)
    room.settle()
    assert room.panel.run.told.text() == "Say where the copies go, or choose in place."
    room.bot.keyClicks(room.panel.top.words, "aperio")
    room.panel.run.copy_to(out)
    room.bot.keyClicks(room.panel.run.name, "STUDY-{{n:02}}".format())
    room.click(room.panel.run.go)
    room.click(room.dialog().yes)
    room.settle()
    assert [path.name for path in out.rglob("*.svs")] == ["STUDY-01.svs"]
    assert room.words()["a/aperio.svs"] == "copy clean"


def test_new_labels_and_masks_are_asked_for_as_in_the_dock(room: Room, tmp_path: Path) -> None:
    openslide = pytest.importorskip("openslide")
    archive, out = made(tmp_path / "archive"), made(tmp_path / "out")
    with one_tissue():
        build_anew(archive / "x.svs", size=(512, 384), factors=(1, 2), macro_size=(600, 204))
    before = (archive / "x.svs").read_bytes()
    room.panel.open_folder(archive)
    room.settle()
    run = room.panel.run
    room.click(run.go)
    assert run.told.text() == "Say where the copies go, or choose in place."
    run.copy_to(out)
    room.bot.keyClicks(run.label, "HE")
    room.bot.keyClicks(run.mask, "left")
    room.click(run.go)
    room.settle()
    assert "X,Y,W,H" in run.told.text()
    run.mask.selectAll()
    room.bot.keyClicks(run.mask, "auto")
    room.click(run.go)
    room.click(room.dialog().yes)
    room.settle()
    assert room.words() == {"x.svs": "copy clean"}
    assert (archive / "x.svs").read_bytes() == before
    with openslide.OpenSlide(out / "x.svs") as slide:
        macro, label = (np.asarray(slide.associated_images[role].convert("L")) for role in ("macro", "label"))
    assert macro[:, :100].std() < 3 < macro[:, 300:].std()
    assert label.std() > 3, "it says something"


def dialog_words(dialog: Any) -> list[str]:
    from qtpy.QtWidgets import QLabel

    return [label.text() for label in dialog.findChildren(QLabel)]
