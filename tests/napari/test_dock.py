"""The dock in a real window: review, dry run, in place, before and after, by clicks and keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.samples.kit.answer_key import Planted
from blankslide.testing import built
from blankslide.testing.built import build_aperio, builders

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Desk

Made = tuple[Path, Planted]


@pytest.fixture
def slide(tmp_path: Path) -> Made:
    path = tmp_path / "slide.svs"
    return path, built.aperio(path, size=(1024, 768), factors=(1, 4))


def planted_values(made: Made) -> list[str]:
    return [r.value for r in made[1].removed if len(r.value) >= 5]


def canvas(desk: Desk) -> Any:
    """Return what is really drawn, as floats."""
    desk.enlarge()
    return desk.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(float)


def pixels_in(desk: Desk, old: Any) -> list[str]:
    """Name the layers and cards in which a picture as it was can still be found."""
    from qtpy.QtWidgets import QLabel

    found = []
    for layer in desk.viewer.layers:
        for data in layer.data if layer.multiscale else [layer.data]:
            if data.shape == old.shape and (np.asarray(data[...]) == old).mean() > 0.5:
                found.append(layer.name)
    found += [role for role, p in desk.panel.review.pictures.now.items() if role in ("label", "macro")]
    small = [label.pixmap() for label in desk.panel.findChildren(QLabel) if label.isVisible() and label.pixmap()]
    return found + (["more cards than the thumbnail"] if len([p for p in small if not p.isNull()]) > 1 else [])


def says_removed(desk: Desk) -> list[str]:
    """Name the roles whose layers are no picture any more but the note that it was removed."""
    from blankslide._napari.layers import mark_of
    from blankslide.viewing.placeholder import labelled

    notes = []
    for layer in desk.viewer.layers:
        role = mark_of(layer).role
        if role != "slide" and (np.asarray(layer.data) == labelled(layer.data.shape, f"{role}: removed")).all():
            notes.append(role)
    return notes


def row_of(desk: Desk, title: str) -> int:
    return next(i for i, row in enumerate(desk.panel.table.rows) if row.what == title)


def test_the_real_slide_from_review_to_before_and_after(desk: Desk, slide_copy: Callable[[str], Path]) -> None:
    path = slide_copy("aperio/CMU-1-Small-Region.svs")
    before = path.read_bytes()
    desk.open(path)
    assert desk.roles() == ["slide", "thumbnail", "label", "macro"]
    assert canvas(desk).std() > 20
    assert "label, macro and 7 fields can identify the patient" in desk.panel.headline.text()
    label = np.asarray(desk.layer("label").data)

    desk.click(desk.panel.foot.run)
    desk.settle()
    assert "dry run: nothing was changed" in desk.panel.foot.result.text()
    assert path.read_bytes() == before
    assert desk.roles() == ["slide", "thumbnail", "label", "macro"]

    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    assert desk.panel.state.text() == "● clean"
    assert desk.panel.foot.result.text().startswith("clean – checked by OpenSlide and tifffile, tissue unchanged")
    assert pixels_in(desk, label) == []
    assert says_removed(desk) == ["label", "macro"]
    assert canvas(desk).std() > 20

    desk.click(desk.panel.foot.compare)
    assert "made illegible" in desk.texts()
    assert desk.texts().count("removed") >= 2


def test_a_big_pyramid_shows_levels_and_reopens_after_the_run(
    desk: Desk, tmp_path: Path, read_tiles: list[int]
) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(20480, 15360), factors=(1, 4, 16, 64))
    desk.open(path)
    tissue = desk.layer("slide")
    assert [level.shape[:2] for level in tissue.data] == [(15360, 20480), (3840, 5120), (960, 1280), (240, 320)]
    assert tissue.data_level >= 2
    assert "4 levels: 20480×15360 (0.499 µm/px), 5120×3840 (1.996 µm/px)" in desk.panel.levels.text()
    assert canvas(desk).std() > 20
    old = tissue.data[0]

    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    assert desk.layer("slide").data[0] is not old
    assert canvas(desk).std() > 20

    read_tiles.clear()
    desk.viewer.scene.camera.zoom = 1 / 0.499
    desk.bot.waitUntil(lambda: desk.layer("slide").data_level == 0)
    assert canvas(desk).std() > 5
    height, width = desk.viewer.window._qt_viewer.canvas.size
    assert 0 < len(read_tiles) <= (2 * height // 256 + 2) * (2 * width // 256 + 2)


def test_values_are_masked_until_asked_for(desk: Desk, slide: Made) -> None:
    desk.open(slide[0])
    leaked = [v for v in planted_values(slide) if v in desk.texts()]
    assert leaked == []
    assert "••••" in desk.texts()
    desk.tick(desk.panel.view.values)
    shown = [v for v in planted_values(slide) if v in desk.texts()]
    assert slide[1].removed[0].value == "" or len(shown) > 5
    desk.tick(desk.panel.view.values)
    assert [v for v in planted_values(slide) if v in desk.texts()] == []


def test_nothing_of_the_slide_stands_in_a_layer(desk: Desk, slide: Made) -> None:
    desk.open(slide[0])
    for layer in desk.viewer.layers:
        assert set(layer.metadata) == {"blankslide"}
        seen = repr(layer.metadata) + layer.name
        assert [v for v in planted_values(slide) if v in seen] == []


def test_keep_and_remove_by_keyboard_changes_the_plan(desk: Desk, slide: Made) -> None:
    from qtpy.QtCore import Qt

    desk.open(slide[0])
    places = len(desk.session.plan.patches)
    box = desk.panel.table.cellWidget(row_of(desk, "Macro picture"), 4)
    box.setFocus()
    desk.bot.keyClick(box, Qt.Key.Key_Down)
    desk.settle()
    assert "kept: macro shows the label" in desk.panel.foot.plan.text()
    assert len(desk.session.plan.patches) < places
    row = desk.panel.table.rows[row_of(desk, "Macro picture")]
    assert (row.keeps, row.mark) == (True, "●")
    box = desk.panel.table.cellWidget(row_of(desk, "Macro picture"), 4)
    desk.bot.keyClick(box, Qt.Key.Key_Up)
    desk.settle()
    assert len(desk.session.plan.patches) == places


def test_rows_say_it_by_mark_word_and_colour(desk: Desk, slide: Made) -> None:
    desk.open(slide[0])
    desk.tick(desk.panel.view.kept)
    table = desk.panel.table
    kinds = {}
    for number, row in enumerate(table.rows):
        item, box = table.item(number, 0), table.cellWidget(number, 4)
        kinds.setdefault(item.text(), set()).add((item.background().color().name(), box.currentText() == "keep"))
        assert item.text() == row.mark
    assert set(kinds) == {"●", "?", "○"}
    colours = {mark: {colour for colour, _ in seen} for mark, seen in kinds.items()}
    assert colours["●"].isdisjoint(colours["?"] | colours["○"])
    assert colours["?"].isdisjoint(colours["○"])
    assert {keeps for _, keeps in kinds["○"]} == {True}
    assert {keeps for _, keeps in kinds["?"]} == {False}


def test_a_click_on_a_row_shows_the_place_and_on_a_picture_the_layer(desk: Desk, slide: Made) -> None:
    desk.open(slide[0])
    table = desk.panel.table
    table.setFocus()
    table.selectRow(row_of(desk, "User"))
    entry = next(r for r in slide[1].removed if r.id == "aperio.description.user")
    assert f"bytes {entry.places[0][0]}–{sum(entry.places[0])}" in desk.panel.place.text()
    from qtpy.QtCore import Qt

    rect = table.visualItemRect(table.item(row_of(desk, "Label picture"), 1))
    desk.bot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert desk.viewer.layers.selection.active is desk.layer("label")
    before = desk.viewer.scene.camera.center
    from qtpy.QtWidgets import QToolButton

    desk.click(desk.panel.cards.findChild(QToolButton, "picture macro"))
    assert desk.viewer.layers.selection.active is desk.layer("macro")
    assert desk.viewer.scene.camera.center != before


def test_the_filter_and_the_profile(desk: Desk, slide: Made) -> None:
    desk.open(slide[0])
    everything = desk.panel.table.rowCount()
    desk.bot.keyClicks(desk.panel.profile.filter.native, "scan")
    assert 0 < desk.panel.table.rowCount() < everything
    desk.panel.profile.filter.native.clear()
    from qtpy.QtCore import Qt

    box = desk.panel.profile.profile.native
    box.setFocus()
    desk.bot.keyClick(box, Qt.Key.Key_Down)
    desk.settle()
    assert desk.session.plan.profile == "strict"
    assert desk.panel.table.rowCount() > everything


@pytest.mark.parametrize("answer", ["no", "escape", "enter"])
def test_saying_no_changes_nothing_and_goes_on_showing(desk: Desk, slide: Made, answer: str) -> None:
    from qtpy.QtCore import Qt

    before = slide[0].read_bytes()
    desk.open(slide[0])
    label = np.asarray(desk.layer("label").data)
    desk.tick(desk.panel.foot.mode.dry_run)
    desk.click(desk.panel.foot.run)
    dialog = desk.dialog()
    words = dialog.findChildren(type(desk.panel.headline))
    assert words[0].text() == "This overwrites slide.svs itself. There is no way back."
    if answer == "no":
        desk.click(dialog.no)
    else:
        desk.bot.keyClick(dialog, Qt.Key.Key_Escape if answer == "escape" else Qt.Key.Key_Return)
    desk.settle()
    assert slide[0].read_bytes() == before
    assert (np.asarray(desk.layer("label").data) == label).all()
    assert desk.layer("slide").data[0][:64, :64].std() > 0


def test_a_writer_is_refused_and_a_reader_is_named(desk: Desk, slide: Made) -> None:
    before = slide[0].read_bytes()
    desk.open(slide[0])
    desk.tick(desk.panel.foot.mode.dry_run)
    with other_process(slide[0], "r+b"):
        desk.click(desk.panel.foot.run)
        desk.settle()
        assert desk.panel.foot.result.text().startswith("another program is writing to this file")
    assert slide[0].read_bytes() == before
    assert desk.layer("slide").data[0][:64, :64].std() > 0
    desk.click(desk.panel.foot.run)
    desk.click(desk.dialog().no)
    desk.settle()
    with other_process(slide[0], "rb"):
        desk.click(desk.panel.foot.run)
        dialog = desk.dialog()
        said = " ".join(w.text() for w in dialog.findChildren(type(desk.panel.headline)))
        assert "Another program has this file open" in said
        desk.click(dialog.no)
        desk.settle()


def other_process(path: Path, mode: str) -> Any:
    """Hold the file open in another process while the block lasts."""
    import subprocess
    import sys
    from contextlib import contextmanager

    @contextmanager
    def held() -> Any:
        code = "import sys; f = open(sys.argv[1], sys.argv[2]); print('open', flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", code, str(path), mode]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.communicate()

    return held()


def test_a_duplicated_label_goes_too(desk: Desk, slide: Made) -> None:
    from napari.layers._layer_actions import _duplicate_layer

    desk.open(slide[0])
    desk.viewer.layers.selection = {desk.layer("label")}
    _duplicate_layer(desk.viewer.layers)
    assert desk.roles().count("label") == 2
    label = np.asarray(desk.layer("label").data)
    desk.anonymize()
    assert says_removed(desk) == ["label", "label", "macro"]
    assert pixels_in(desk, label) == []


def test_a_slide_opened_by_another_reader_is_reviewed_and_shown_anew(
    desk: Desk, slide_copy: Callable[[str], Path]
) -> None:
    path = slide_copy("aperio/CMU-1-Small-Region.svs")
    desk.viewer.open(str(path), plugin="napari")
    desk.settle()
    assert desk.session.path == path
    assert desk.roles() == []
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    assert desk.roles() == ["slide", "thumbnail"]


def test_the_dock_follows_the_selected_slide(desk: Desk, slide: Made, tmp_path: Path) -> None:
    other = tmp_path / "slide 2.svs"
    build_aperio(other, "gt450", size=(512, 384), factors=(1, 4))
    desk.open(slide[0])
    desk.tick(desk.panel.view.values)
    desk.open(other)
    assert desk.session.path == other
    assert not desk.panel.view.values.value
    assert not desk.session.show_values
    desk.viewer.layers.selection.active = desk.layer("slide")
    desk.settle()
    assert desk.session.path == slide[0]
    desk.viewer.layers.clear()
    desk.settle()
    assert desk.panel.open_button.isVisible()
    assert desk.session.path is None


def test_the_column_fits_340_pixels_and_scrolls(desk: Desk, slide: Made) -> None:
    from qtpy.QtWidgets import QScrollArea, QWidget

    desk.open(slide[0])
    desk.dock.setFloating(True)
    desk.dock.resize(340, 420)
    desk.bot.wait(100)
    area = desk.panel.findChild(QScrollArea)
    column = area.widget()
    assert desk.panel.width() <= 345
    assert column.width() <= area.viewport().width()
    assert area.verticalScrollBar().maximum() > 0
    right = max(w.mapTo(column, w.rect().topRight()).x() for w in column.findChildren(QWidget) if w.isVisible())
    assert right <= column.width()


def test_the_column_fits_after_a_run_over_many_pictures_too(desk: Desk, tmp_path: Path) -> None:
    """What was removed is told in words that break: a button made the dock wider than its view."""
    from qtpy.QtWidgets import QScrollArea

    builders()["mirax.mrxs"](tmp_path / "mirax.mrxs")
    desk.open(tmp_path / "mirax.mrxs")
    desk.anonymize()
    desk.dock.setFloating(True)
    desk.dock.resize(340, 420)
    desk.bot.wait(100)
    assert "label, macro, thumbnail, 2 pictures and 19 fields" in desk.panel.foot.after.told.text()
    area = desk.panel.findChild(QScrollArea)
    assert area.widget().width() <= area.viewport().width()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_word_of_the_state_can_be_read_in_each_theme(desk: Desk, slide: Made, theme: str) -> None:
    from qtpy.QtGui import QColor

    from blankslide._napari import dock_words as words

    def light(colour: QColor) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    desk.open(slide[0])
    desk.viewer.theme = theme
    desk.bot.wait(100)
    ground = desk.panel.grab().toImage().pixelColor(2, 2)
    shown = QColor(desk.panel.state.styleSheet().partition("color: ")[2].partition(";")[0])
    assert shown.name() == words.State("", words.RED).on(theme == "dark")
    for name in (words.RED, words.GREEN, words.AMBER, words.GREY):
        one, other = sorted((light(ground), light(QColor(words.State("", name).on(theme == "dark")))))
        assert (other + 0.05) / (one + 0.05) >= 4.5, name


def test_an_interrupted_slide_leaves_the_screen_and_can_be_finished_here(desk: Desk, slide: Made) -> None:
    """A journal waits, as after a power cut: nothing may be shown as if it were settled."""
    desk.open(slide[0])
    label = np.asarray(desk.layer("label").data)
    desk.tick(desk.panel.foot.mode.dry_run)
    desk.click(desk.panel.foot.run)
    dialog = desk.dialog()
    interrupt(slide[0])
    desk.click(dialog.no)
    desk.settle()
    assert list(desk.viewer.layers) == []
    desk.panel.open_path(slide[0])
    desk.settle()
    assert desk.panel.state.text() == "● interrupted"
    desk.tick(desk.panel.foot.mode.dry_run)
    assert desk.panel.foot.run.text() == "Finish the interrupted run"
    desk.click(desk.panel.foot.run)
    desk.click(desk.dialog().yes)
    desk.settle()
    assert desk.session.outcome.content == "clean"
    assert desk.roles() == ["slide", "thumbnail"]
    assert pixels_in(desk, label) == []


def interrupt(path: Path) -> None:
    """Begin a run and stop it right behind the commit point."""
    from blankslide import pipeline
    from blankslide.policy.profiles import RESEARCH
    from blankslide.storage.slide_files import open_slide
    from blankslide.storage.transaction import Transaction

    inspection, plan = pipeline.plan(path, pipeline.Options(profile=RESEARCH))
    with open_slide(path, write=True) as opened:
        Transaction.begin(opened, plan.patches, profile=plan.profile, format=inspection.format).commit()


def test_a_slide_that_cannot_be_shown_is_reviewed_and_cleaned_all_the_same(desk: Desk, tmp_path: Path) -> None:
    """OpenSlide wants restart markers in every picture of a VMS; we need none to clean it."""
    from PIL import Image

    path = tmp_path / "hamamatsu-vms.vms"
    builders()[path.name](path)
    for picture in tmp_path.glob("*.jpg"):
        Image.open(picture).save(picture, "JPEG")
    desk.panel.open_path(path)
    desk.settle()
    assert desk.roles() == []
    assert "can identify the patient" in desk.panel.headline.text()
    desk.viewer.add_image(np.zeros((8, 8)))
    desk.viewer.layers.clear()
    desk.settle()
    assert desk.session.path == path
    assert desk.panel.table.rowCount() > 0


def test_an_index_of_several_images_is_shown_as_its_channels(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "hamamatsu-channels.ndpis"
    builders()[path.name](path)
    desk.panel.open_path(path)
    desk.settle()
    assert "can identify the patient" in desk.panel.headline.text()
    assert {"channel 0", "channel 1", "macro"} <= set(desk.roles())


def test_what_is_no_slide_is_refused_in_one_sentence(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "notes.svs"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    desk.panel.open_path(path)
    desk.settle()
    assert desk.panel.headline.text().startswith("notes.svs · not a slide I know: PNG image · nothing was changed · ")
    assert desk.panel.state.text() == "● refused"
    assert not desk.panel.foot.run.isEnabled()
