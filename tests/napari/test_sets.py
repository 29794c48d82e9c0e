"""Slides of several files and big headers in the window: opened by file or folder, and anonymized there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blankslide._napari.commands import get_reader
from blankslide.testing.built import builders

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

NAMES = ("dicom-wsi.dcm", "mirax.mrxs", "philips-isyntax.isyntax", "sakura.svslide", "zeiss-axioscan.czi")


@pytest.mark.parametrize("name", NAMES)
def test_a_slide_is_opened_and_anonymized_in_the_window(desk: Desk, tmp_path: Path, name: str) -> None:
    from qtpy.QtCore import Qt

    folder = tmp_path / "work"
    folder.mkdir()
    builders()[name](folder / name)
    desk.open(folder / name)
    roles = {layer.metadata["blankslide"].role for layer in desk.viewer.layers if "blankslide" in layer.metadata}
    assert {"slide", "label", "macro"} <= roles
    desk.tick(desk.panel.foot.mode.dry_run)
    desk.click(desk.panel.foot.run)
    dialog = desk.dialog()
    desk.bot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    desk.settle()
    assert desk.session.outcome.content == "clean"
    desk.viewer.layers.clear()


@pytest.mark.parametrize("name", ["dicom-wsi.dcm", "mirax.mrxs"])
def test_a_folder_that_is_one_slide_is_claimed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    builders()[name](folder / name)
    one = folder if name.endswith(".dcm") else next(p for p in folder.iterdir() if p.is_dir())
    read = get_reader(str(one))
    assert read is not None
    layers: list[Any] = read(str(one))
    assert layers[0][0][0].shape[2] == 3
    assert get_reader(str(tmp_path)) is None
