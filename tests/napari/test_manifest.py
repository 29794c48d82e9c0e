"""The manifest: patterns from the registry, entries where napari shows them, a plugin that npe2 accepts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
npe2 = pytest.importorskip("npe2", reason="npe2 is not installed")


@pytest.fixture
def manifest() -> Any:
    return npe2.PluginManifest.from_file(ROOT / "napari.yaml")


def test_the_patterns_are_those_of_the_registry() -> None:
    """Red? Run `make generated`."""
    done = subprocess.run([sys.executable, ROOT / "scripts" / "manifest", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_manifest_mends_a_wrong_manifest(tmp_path: Path) -> None:
    wrong = tmp_path / "napari.yaml"
    text = (ROOT / "napari.yaml").read_text(encoding="utf-8")
    wrong.write_text(text.replace('"*.svs"', '"*.nonsense"'), encoding="utf-8")
    command = [sys.executable, ROOT / "scripts" / "manifest"]
    assert subprocess.run([*command, "--check", wrong], capture_output=True).returncode == 1
    assert subprocess.run([*command, wrong], capture_output=True).returncode == 0
    assert wrong.read_text(encoding="utf-8") == text


def test_every_command_can_be_imported_and_npe2_accepts_it(manifest: Any) -> None:
    manifest.validate_imports()
    names = {command.python_name for command in manifest.contributions.commands}
    assert len(names) == len(manifest.contributions.commands)
    used = {c.command for c in manifest.contributions.readers + manifest.contributions.widgets}
    assert used <= {command.id for command in manifest.contributions.commands}


def test_menu_entries_stand_where_napari_shows_them(
    plugin: Any, make_napari_viewer: Callable[..., Any], tmp_path: Path
) -> None:
    from app_model.types import MenuItem
    from napari._app_model import get_app_model

    from blankslide.testing.built import build_aperio

    viewer = make_napari_viewer()
    app = get_app_model()

    def entries(menu: str) -> set[str]:
        return {item.command.id for item in app.menus.get_menu(menu) if isinstance(item, MenuItem)}

    assert "blankslide.anonymize" in entries("napari/file/io_utilities")
    assert "blankslide.findings" in entries("napari/layers/metadata")
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 4))
    viewer.open(str(path), plugin="blankslide")
    app.commands.execute_command("blankslide.findings").result()
    docks = viewer.window._wrapped_dock_widgets
    (widget,) = [d.inner_widget() for name, d in docks.items() if name.startswith("Anonymize slide")]
    assert widget.review.session.path == path


def test_pages_name_menus_as_the_window_does(plugin: Any, make_napari_viewer: Callable[..., Any]) -> None:
    """napari puts the widgets of a plugin that has several into a menu of the plugin's name."""
    menus = make_napari_viewer().window._qt_window.menuBar().actions()
    found: set[str] = set()

    def walk(menu: Any, above: str) -> None:
        menu.aboutToShow.emit()
        for entry in menu.actions():
            name = f"{above} > {entry.text().replace('&', '').removesuffix(' (Blankslide)')}"
            found.add(name)
            if entry.menu() is not None:
                walk(entry.menu(), name)

    for entry in menus:
        walk(entry.menu(), entry.text().replace("&", ""))
    told = []
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = " ".join(page.read_text("utf-8").split()).replace("→", ">")
        path = r"(?:Plugins|File) > (?:[A-Z][\w -]*?)(?: > [A-Z][\w -]*?)*"
        said = re.findall(rf"(?<!Preferences > )\b{path}(?=[,.*;]|$| or | in | asks| builds)", text)
        told += [(page.name, words) for words in said]
    assert len(told) >= 5
    assert not [words for words in told if words[1] not in found and words[1] != "File > Open"]


def test_the_sample_is_offered_and_opens(plugin: Any, make_napari_viewer: Callable[..., Any]) -> None:
    viewer = make_napari_viewer()
    viewer.open_sample("blankslide", "aperio")
    assert [layer.name for layer in viewer.layers] == [
        f"sample · {role}" for role in ("slide", "thumbnail", "label", "macro")
    ]
