"""Small slides of eight formats, drawn once, and folders that are full of copies of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.samples import builders
from blankslide.samples.hamamatsu.slide import build_hamamatsu
from blankslide.samples.hamamatsu.vms import build_hamamatsu_vms

if TYPE_CHECKING:
    from pathlib import Path

NDPI: dict[str, Any] = {"size": (128, 96), "factors": (1,), "macro_size": (90, 40), "map_page": False}
SMALL: dict[str, Callable[[Path], Any]] = {
    "small.ndpi": lambda path: build_hamamatsu(path, **NDPI),
    "small.vms": lambda path: build_hamamatsu_vms(path, cell=(128, 96), macro_size=(160, 56)),
}
SAMPLES = ("mirax.mrxs", "hamamatsu-vmu.vmu", "generic-vips.tif", "trestle.tif", "ventana-plain.tif", "argos.avs")


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a folder with one slide for each of eight names."""
    made = {}
    for name, build in {**SMALL, **{name: builders()[name] for name in SAMPLES}}.items():
        folder = tmp_path_factory.mktemp("kind")
        build(folder / name)
        made[name] = folder
    return made


@pytest.fixture
def put(kinds: dict[str, Path]) -> Callable[..., Path]:
    """Return a function that puts a slide of a kind, with all its files, into a folder and returns its main file."""

    def put(kind: str, folder: Path, name: str = "") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(kinds[kind], folder, dirs_exist_ok=True)
        if name:  # of one file only: others name each other
            os.replace(folder / kind, folder / name)
        return folder / (name or kind)

    return put


@pytest.fixture
def few(put: Callable[..., Path], tmp_path: Path) -> Path:
    """Return a folder with four slides of three formats, one of them in a folder below, one of several files."""
    root = tmp_path / "archive"
    for name in ("a.ndpi", "b.ndpi"):
        put("small.ndpi", root, name)
    put("small.vms", root / "set")
    put("small.ndpi", root / "set" / "deep", "a.ndpi")
    return root
