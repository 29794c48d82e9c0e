"""A small slide, what it was, and small disks of other kinds where root may mount them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest

from blankslide.pipeline import Options
from blankslide.testing.built import build_aperio
from blankslide.testing.judge import Before

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL = {"size": (512, 384), "factors": (1, 2, 4), "macro_size": (400, 140)}


class Slide(NamedTuple):
    path: Path
    before: Before
    key: Planted

    def is_untouched(self) -> bool:
        return self.path.read_bytes() == self.before.data


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    path = tmp_path_factory.mktemp("original") / "slide.svs"
    key = build_aperio(path, **SMALL)
    return Slide(path, Before.of(path, key), key)


@pytest.fixture
def slide(original: Slide, tmp_path: Path) -> Slide:
    """Return a fresh copy of one built slide, alone in its folder."""
    path = tmp_path / "archive" / "slide.svs"
    path.parent.mkdir()
    shutil.copyfile(original.path, path)
    return original._replace(path=path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the target folder, which does not exist yet."""
    return tmp_path / "out"


@pytest.fixture
def options() -> Options:
    return Options(key=bytes(range(32)))


@pytest.fixture
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Path]]:
    """Return a function that mounts a file system of a kind and size; skips where it cannot."""
    points: list[Path] = []

    def mount(kind: str, mebibytes: int, **more: str) -> Path:
        if os.name != "posix" or os.geteuid() != 0:
            pytest.skip("mounting needs root")
        base = tmp_path_factory.mktemp("disk")
        point, image = base / "mnt", base / "image"
        point.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "none", point]
        if kind != "tmpfs":
            if shutil.which(f"mkfs.{kind}") is None:
                pytest.skip(f"mkfs.{kind} is not installed")
            image.touch()
            os.truncate(image, mebibytes << 20)
            subprocess.run([f"mkfs.{kind}", "-q", image], check=True, capture_output=True)
            command = ["mount", "-o", "loop", image, point]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip(f"{kind} cannot be mounted here")
        points.append(point)
        return point

    yield mount
    for point in points:
        subprocess.run(["umount", "-l", point], check=True)
