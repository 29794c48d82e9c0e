"""A file that several processes add to: whoever waits is told whose file it is, and not for ever."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem
from blankslide.records import shared_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform == "win32", reason="uses flock directly")
def test_a_held_lock_is_told_by_the_name_of_what_is_locked_and_free_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(shared_file, "PATIENCE", 0.02)
    path = tmp_path / "table"
    with path.open("ab") as mine:
        with path.open("ab") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(EnvironmentProblem, match="another program is writing to the link table"):
                shared_file.lock(mine.fileno(), "the link table")
        shared_file.lock(mine.fileno(), "the link table")
        shared_file.append(mine.fileno(), b"one line\n")
    assert path.read_bytes() == b"one line\n"
