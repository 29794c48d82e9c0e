"""A journal without its slide is seen whenever it comes, though a quiet folder is not listed again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from blankslide.storage import pending
from blankslide.storage.journal import PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_journal_that_comes_later_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(tmp_path, (1e9, 1e9))
    asked: list[str] = []
    real = pending.find_in
    monkeypatch.setattr(pending, "find_in", lambda folder: (asked.append(str(folder)), real(folder))[1])
    assert pending.orphans(str(tmp_path)) == pending.orphans(str(tmp_path)) == []
    assert len(asked) == 1
    lost = tmp_path / f"{PREFIX}{(1 << 60) + 7}"
    lost.write_bytes(b"")
    assert pending.orphans(str(tmp_path)) == [lost]


def test_a_folder_that_changed_a_moment_ago_is_listed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = pending.find_in
    monkeypatch.setattr(pending, "find_in", lambda folder: (asked.append(str(folder)), real(folder))[1])
    assert pending.orphans(str(tmp_path)) == pending.orphans(str(tmp_path)) == []
    assert len(asked) == 2
