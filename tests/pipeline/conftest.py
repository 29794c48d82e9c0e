"""A small slide, and ways to interrupt what is done to it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import SlidePending
from blankslide.pipeline import Options, anonymize_in_place
from blankslide.storage import transaction
from blankslide.storage.volume import DiskVolume
from blankslide.testing.built import build_aperio
from blankslide.testing.faults import FaultyVolume

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2, 4), macro_size=(400, 140))
    return path


@pytest.fixture
def slide(original: Path, tmp_path: Path) -> Path:
    """Return a fresh copy of one built slide, alone in its folder."""
    path = tmp_path / "archive" / "slide.svs"
    path.parent.mkdir()
    shutil.copyfile(original, path)
    return path


@pytest.fixture
def options() -> Options:
    return Options(key=KEY)


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that lets the disk fail in the middle of the writing; the slide is then pending."""

    def stop(path: Path, options: Options, name: str | None = None) -> None:
        counting = FaultyVolume(DiskVolume())
        with monkeypatch.context() as patch:
            patch.setattr(transaction, "DiskVolume", lambda: counting)
            probe = path.with_name("probe") / path.name
            probe.parent.mkdir()
            shutil.copyfile(path, probe)
            anonymize_in_place(probe, options, name=name)
            shutil.rmtree(probe.parent)
            half = (counting.calls.index("rename") + len(counting.calls)) // 2
            patch.setattr(transaction, "DiskVolume", lambda: FaultyVolume(DiskVolume(), half, errno.EIO))
            with pytest.raises(SlidePending):
                anonymize_in_place(path, options, name=name)

    return stop
