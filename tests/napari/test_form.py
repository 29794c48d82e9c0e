"""What a run takes, as fields of one function: by keys alone, with a label, a mask, a copy, a report, a profile."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.samples.aperio.slide import build_aperio as build_anew
from blankslide.samples.kit.drawing import one_tissue
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "S19-12345.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    return path


def test_a_script_calls_the_function_that_the_dock_is_made_of(slide: Path, home: Path, tmp_path: Path) -> None:
    from blankslide._napari.run_form import anonymize
    from blankslide.errors import UsageError

    before = slide.read_bytes()
    outcome = anonymize(slide)
    assert outcome is not None
    assert outcome.content == "untouched"
    assert slide.read_bytes() == before
    copied = anonymize(slide, mode="copy", folder=tmp_path / "out", name="STUDY-7", label="STUDY-7", dry_run=False)
    assert copied is not None
    assert (copied.content, copied.target) == ("clean", "STUDY-7.svs")
    assert slide.read_bytes() == before
    with pytest.raises(UsageError, match="folder"):
        anonymize(slide, mode="copy", dry_run=False)
    with pytest.raises(UsageError):
        anonymize(slide, label="{nonsense}", dry_run=False)


def test_the_fields_of_the_dock_are_those_of_the_function(desk: Desk, slide: Path) -> None:
    from blankslide._napari import run_form

    names = set(inspect.signature(run_form.anonymize).parameters) - {"slide", "session"}
    assert set(run_form.values_of(desk.panel.form)) == names
    desk.open(slide)
    for name in names - {"keep_label", "folder"}:
        native = desk.panel.form[name].native
        assert desk.panel.isAncestorOf(native), name
        assert native.accessibleName(), name
        assert native.toolTip(), name


def test_the_menu_does_what_the_dock_says(desk: Desk, slide: Path) -> None:
    from napari._app_model import get_app_model

    desk.open(slide)
    desk.panel.form["label"].native.setText("STUDY-7")
    get_app_model().commands.execute_command("blankslide.run").result()
    desk.bot.waitUntil(lambda: desk.session.outcome is not None, timeout=20_000)
    desk.settle()
    assert desk.session.outcome.content == "untouched"
    assert desk.session.wish.label == "STUDY-7"
    assert desk.panel.foot.result.text().startswith("dry run")


def press(desk: Desk, key: Any, *modifier: Any) -> None:
    """Press a key where the keyboard is."""
    from qtpy.QtWidgets import QApplication

    desk.bot.keyClick(QApplication.activeModalWidget() or desk.viewer.window._qt_window.focusWidget(), key, *modifier)
    desk.bot.wait(20)


def tab_to(desk: Desk, wanted: Any) -> None:
    """Go on with Tab until the keyboard is where it is wanted."""
    from qtpy.QtCore import Qt

    window = wanted.window()
    seen = []
    for _ in range(80):
        here = window.focusWidget()
        if here is wanted:
            return
        seen.append("nowhere" if here is None else here.objectName() or type(here).__name__)
        desk.bot.keyClick(window if here is None else here, Qt.Key.Key_Tab)
    raise AssertionError(f"Tab never comes to {wanted.objectName()}: {seen}")


def type_into(desk: Desk, field: Any, text: str) -> None:
    tab_to(desk, field)
    desk.bot.keyClicks(field, text)


def test_everything_by_keyboard_once(desk: Desk, slide: Path) -> None:
    from qtpy.QtCore import Qt

    desk.open(slide)
    panel = desk.panel
    panel.profile.profile.native.setFocus()
    press(desk, Qt.Key.Key_Down)
    desk.settle()
    assert desk.session.plan.profile == "strict"
    assert panel.window().focusWidget() is panel.profile.profile.native
    press(desk, Qt.Key.Key_Up)
    desk.settle()
    tab_to(desk, panel.view.values.native)
    press(desk, Qt.Key.Key_Space)
    assert desk.session.show_values

    tab_to(desk, panel.table)
    press(desk, Qt.Key.Key_Down)
    press(desk, Qt.Key.Key_Down)
    row = panel.table.current_row
    assert "NOT clean" in panel.place.text()
    assert row.id in panel.place.text()
    press(desk, Qt.Key.Key_K)
    desk.settle()
    assert next(r for r in desk.session.rows() if r.id == row.id).keeps
    assert panel.window().focusWidget() is panel.table
    press(desk, Qt.Key.Key_R)
    desk.settle()
    assert not next(r for r in desk.session.rows() if r.id == row.id).keeps

    type_into(desk, panel.form["label"].native, "{pseudonym}|STUDY")
    tab_to(desk, panel.form.dry_run.native)
    press(desk, Qt.Key.Key_Space)
    tab_to(desk, panel.foot.fields.rename)
    press(desk, Qt.Key.Key_Space)
    assert panel.form["name"].value == "{pseudonym}"
    desk.bot.wait(500)  # the plan follows what was typed
    desk.settle()
    tab_to(desk, panel.foot.run)
    press(desk, Qt.Key.Key_Space)
    dialog = desk.dialog()
    assert "label, macro and " in dialog.findChildren(type(panel.headline))[1].text()
    assert dialog.no.isDefault()
    tab_to(desk, dialog.yes)
    desk.bot.keyClick(dialog.yes, Qt.Key.Key_Space)
    desk.settle()
    assert desk.session.outcome.content == "clean"
    assert not slide.exists()
    assert desk.session.path.name.startswith("slide-")
    assert desk.layer("label").name.startswith("slide-")
    assert panel.form.dry_run.value  # for the next run

    tab_to(desk, panel.foot.after.buttons["verify"])
    press(desk, Qt.Key.Key_Space)
    desk.settle()
    assert panel.foot.after.verdict.text().startswith("Verified: clean")
    assert "Macro picture" in panel.foot.after.list.item(1).text()
    tab_to(desk, panel.strings.head)
    press(desk, Qt.Key.Key_Space)
    desk.settle()
    assert panel.strings.model.rowCount() > 0


def test_what_was_cancelled_or_only_planned_is_told_as_it_is(desk: Desk, slide: Path) -> None:
    desk.open(slide)
    found, state = desk.panel.headline.text(), desk.panel.state.text()
    assert "label, macro and " in found
    assert state == "● identifies"
    desk.click(desk.panel.foot.run)
    desk.settle()
    assert (desk.panel.headline.text(), desk.panel.state.text()) == (found, state)
    assert "dry run: nothing was changed · label, macro and" in desk.panel.foot.result.text()
    desk.session.on(lambda event: desk.session.cancel())
    desk.tick(desk.panel.form.dry_run)
    desk.click(desk.panel.foot.run)
    desk.click(desk.dialog().yes)
    desk.settle()
    assert (desk.panel.headline.text(), desk.panel.state.text()) == (found, state)
    assert "cancelled" in desk.panel.foot.result.text()
    assert desk.panel.foot.run.isEnabled()


def test_a_mask_is_drawn_on_the_macro_and_the_field_says_where(desk: Desk, slide: Path) -> None:
    desk.open(slide)
    panel = desk.panel
    field, draw = panel.form["mask_macro"], panel.foot.fields.draw_buttons["mask_macro"]
    desk.click(draw)
    part = panel.drawing.parts["mask_macro"]
    assert desk.viewer.layers.selection.active is part.layer
    assert desk.session.path == slide
    part.layer.add_rectangles(np.array([(-5, 2.5), (-5, 90), (120.2, 90), (120.2, 2.5)]))
    desk.bot.waitUntil(lambda: bool(field.value), timeout=2000)
    assert field.value == "2,0,88,121"
    desk.bot.wait(500)
    desk.settle()
    assert "a part of the macro" in panel.foot.plan.text()
    field.native.setText("0,0,100,50")
    assert part.text == "0,0,100,50"
    field.native.setText("nonsense")
    desk.bot.wait(500)
    desk.settle()
    assert "X,Y,W,H" in panel.foot.fields.problem.text()
    assert not panel.foot.run.isEnabled()
    desk.click(draw)
    assert part.layer not in desk.viewer.layers
    assert desk.session.path == slide


@pytest.fixture
def own_macro(tmp_path: Path) -> Path:
    """Write a slide whose macro shows its own tissue, so that what a mask leaves can be proven."""
    path = tmp_path / "slide 7.svs"
    with one_tissue():
        build_anew(path, size=(512, 384), factors=(1, 2), macro_size=(600, 204))
    return path


def drag(desk: Desk, layer: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the mouse over a picture, from one of its pixels (x, y) to another."""
    from qtpy.QtCore import QPoint, Qt

    canvas, camera = desk.viewer.window._qt_viewer.canvas, desk.viewer.scene.camera
    height, width = canvas.size

    def at(pixel: tuple[float, float]) -> QPoint:
        y, x = layer.data_to_world(pixel[::-1])[-2:]
        cy, cx = camera.center[-2:]
        return QPoint(round((x - cx) * camera.zoom + width / 2), round((y - cy) * camera.zoom + height / 2))

    native, button = canvas.native, Qt.MouseButton.LeftButton
    desk.bot.mouseMove(native, at(start))
    desk.bot.mousePress(native, button, pos=at(start))
    for step in range(1, 6):
        part = tuple(a + (b - a) * step / 5 for a, b in zip(start, end, strict=True))
        desk.bot.mouseMove(native, at(part))  # type: ignore[arg-type]
        desk.bot.wait(30)
    desk.bot.mouseRelease(native, button, pos=at(end))
    desk.bot.wait(50)


def test_a_mask_drawn_with_the_mouse_goes_in_the_run_and_the_rest_stays(desk: Desk, own_macro: Path) -> None:
    desk.enlarge()
    desk.open(own_macro)
    panel, before = desk.panel, np.array(desk.layer("macro").data)
    field = panel.form["mask_macro"]
    desk.click(panel.foot.fields.draw_buttons["mask_macro"])
    desk.bot.wait(100)
    drag(desk, panel.drawing.parts["mask_macro"].layer, (0.5, 0.5), (240.5, 203.5))
    desk.bot.waitUntil(lambda: bool(field.value), timeout=5000)
    left, top, width, height = map(int, field.value.split(","))
    assert (left, top) == (0, 0)
    assert width == pytest.approx(241, abs=4)
    assert height == pytest.approx(204, abs=4)
    desk.bot.wait(500)
    desk.settle()
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    now = np.array(desk.layer("macro").data)
    assert np.array_equal(now[:, width + 32 :], before[:, width + 32 :]), "what lies outside is as it was"
    assert now[8:-8, 8 : width - 8].std() < 3 < before[8:-8, 8 : width - 8].std()
    assert not [layer for layer in desk.viewer.layers if "rectangle" in layer.name]


def test_text_on_the_macro_proposes_a_mask(desk: Desk, own_macro: Path) -> None:
    for module in ("onnxruntime", "cv2", "rapidocr", "zxingcpp"):
        pytest.importorskip(module, reason="pip install blankslide[ocr]")
    desk.open(own_macro)
    panel = desk.panel
    around, field = panel.foot.fields.around, panel.form["mask_macro"]
    assert not around.isVisible()
    from qtpy.QtCore import Qt

    desk.bot.mouseClick(panel.view.look.native, Qt.MouseButton.LeftButton)
    desk.bot.waitUntil(lambda: bool(panel.review.found_told), timeout=120_000)
    desk.settle()
    assert "macro" in panel.review.found_told
    desk.click(around)
    left, top, width, height = map(int, field.value.split(","))
    assert (left, top, height) == (0, 0, 204)
    assert 100 < width < 300
    assert panel.drawing.parts["mask_macro"].text == field.value, "it is shown on the macro"
    desk.bot.wait(500)
    desk.settle()
    assert "a part of the macro" in panel.foot.plan.text()


def test_a_copy_with_its_report_and_certificate(desk: Desk, slide: Path, tmp_path: Path) -> None:
    desk.open(slide)
    panel, before = desk.panel, slide.read_bytes()
    panel.form.mode.value = "copy"
    assert not panel.foot.run.isEnabled()
    panel.form.folder.value = tmp_path / "out"
    panel.form["name"].native.setText("STUDY-7")
    panel.form.dry_run.value = False
    desk.bot.waitUntil(panel.foot.run.isEnabled, timeout=5000)
    desk.click(panel.foot.run)
    dialog = desk.dialog()
    assert "clean copy" in dialog.findChildren(type(panel.headline))[0].text()
    desk.click(dialog.yes)
    desk.settle()
    assert panel.state.text() == "● copy clean"
    assert slide.read_bytes() == before
    for kind in ("report", "certificate"):
        panel.review.write(kind, tmp_path / f"{kind}.html")
        desk.settle()
        assert (tmp_path / f"{kind}.html").stat().st_size > 1000
        assert f"The {kind} is written" in panel.foot.after.verdict.text()
    panel.review.write("report", tmp_path / "report.exe")
    desk.settle()
    assert "No report" in panel.foot.after.verdict.text()
    desk.click(panel.foot.after.buttons["open"])
    desk.settle()
    assert desk.session.path == tmp_path / "out" / "STUDY-7.svs"
    assert panel.form.dry_run.value


def test_a_profile_is_edited_saved_and_used(desk: Desk, slide: Path, tmp_path: Path) -> None:
    from blankslide._napari.profile_editor import ProfileEditor
    from blankslide.model import Action, PhiClass

    desk.open(slide)
    desk.click(desk.panel.profile.edit)
    editor = desk.panel.findChild(ProfileEditor)
    editor.name.setText("our site")
    editor.classes[PhiClass.DEVICE].setCurrentText("keep")
    editor.add_finding("aperio.description.user", Action.KEEP)
    editor.save_to(tmp_path / "site.txt")
    assert "must end in .toml" in editor.told.text()
    editor.save_to(tmp_path / "site.toml")
    assert "is saved" in editor.told.text()
    editor._use()
    desk.settle()
    assert desk.session.plan.profile == "our site"
    assert desk.panel.profile.profile.native.currentText() == "site"
    assert next(r for r in desk.session.rows() if r.id == "aperio.description.user").keeps


@pytest.mark.parametrize("width", [340, 900])
def test_columns_can_be_read_with_values_shown(desk: Desk, slide: Path, width: int) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtGui import QFontMetrics

    from blankslide._napari import table as tables

    desk.viewer.window._qt_window.resize(1280 if width == 340 else 1920, 800)
    desk.viewer.window._qt_window.resizeDocks([desk.dock], [width], Qt.Orientation.Horizontal)
    desk.open(slide)
    desk.tick(desk.panel.view.values)
    table = desk.panel.table
    seen = {
        column: table.columnWidth(column) for column in range(table.columnCount()) if not table.isColumnHidden(column)
    }
    letter = QFontMetrics(table.font()).averageCharWidth()
    if width == 340:
        assert set(seen) == {tables.MARK, tables.WHAT, tables.ACTION}
        assert seen[tables.WHAT] >= 24 * letter
        assert table.rowHeight(3) >= 4 * QFontMetrics(table.font()).height() * 0.8
    else:
        assert len(seen) == 6
        assert min(seen[column] for column in (tables.WHAT, tables.VALUE, tables.ID, tables.WHERE)) >= 10 * letter
    assert sum(seen.values()) <= table.viewport().width() + 2


def test_the_question_says_so_where_nothing_has_to_go(desk: Desk, slide: Path, tmp_path: Path) -> None:
    from qtpy.QtWidgets import QLabel

    desk.open(slide)
    desk.anonymize()
    desk.tick(desk.panel.foot.mode.dry_run)
    desk.click(desk.panel.foot.run)
    dialog = desk.dialog()
    words = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "overwrites" not in words
    assert "will go for good" not in words
    assert "Nothing in S19-12345.svs has to go" in words
    assert dialog.yes.text() == "Judge it"
    desk.click(dialog.no)
    desk.settle()


def test_the_home_is_a_folder_for_copies_as_people_type_it(desk: Desk, slide: Path, home: Path) -> None:
    desk.open(slide)
    desk.panel.form.mode.value = "copy"
    desk.panel.form.folder.line_edit.native.setText("~/clean")
    desk.panel.foot.fields.flush()
    desk.settle()
    desk.anonymize()
    assert len(list((home / "clean").glob("*.svs"))) == 1
