"""Small slides of several kinds, and a watched folder in operation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blankslide.samples import builders
from blankslide.samples.hamamatsu.slide import build_hamamatsu
from blankslide.samples.hamamatsu.vms import build_hamamatsu_vms
from blankslide.testing.own.watched import Watched

Put = Callable[..., Path]


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return folders with one slide each, by the names of their main files."""
    made = {}
    for name in ("small.ndpi", "small.vms", "argos.avs", "mirax.mrxs"):
        folder = tmp_path_factory.mktemp("kind")
        if name == "small.ndpi":
            build_hamamatsu(folder / name, size=(128, 96), factors=(1,), macro_size=(90, 40), map_page=False)
        elif name == "small.vms":
            build_hamamatsu_vms(folder / name, cell=(128, 96), macro_size=(160, 56))
        else:
            builders()[name](folder / name)
        made[name] = folder
    return made


@pytest.fixture
def put(kinds: dict[str, Path]) -> Put:
    """Return a function that puts a slide of a kind, with all its files, into a folder and returns its main file."""

    def put(kind: str, folder: Path, name: str = "") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(kinds[kind], folder, dirs_exist_ok=True)
        if name:  # of one file only: others name each other
            os.replace(folder / kind, folder / name)
        return folder / (name or kind)

    return put


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """Return a function that makes a watched folder; whatever still runs at the end is killed."""
    made: list[Watched] = []

    def make(*options: str, quiet: float = 0.3, sweep: float = 0.15, root: Path | None = None) -> Watched:
        made.append(Watched(root or tmp_path / f"lab {len(made)}", *options, quiet=quiet, sweep=sweep))
        return made[-1]

    yield make
    for each in made:
        if each.process is not None:
            each.kill(everything=True)
