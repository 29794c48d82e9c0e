"""A folder on a real disk: the other tests may have theirs in memory, where a sync costs nothing and proves nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_DISK = "/var/tmp"  # what `scripts/check` never puts into memory


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return an empty folder on a disk."""
    if not os.access(_DISK, os.W_OK):
        yield tmp_path_factory.mktemp("storage")
        return
    with tempfile.TemporaryDirectory(dir=_DISK, prefix="blankslide-test-") as folder:
        yield Path(folder)
