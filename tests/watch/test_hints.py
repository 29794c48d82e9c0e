"""What was done before a restart: a hint that saves looking, says no name, and whose loss loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.pipeline import Options
from blankslide.watch.hints import Hints
from blankslide.watch.settings import Settings
from blankslide.watch.tree import Stamp

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.testing.own.watched import Watched

ONE, OTHER = Stamp(1, 2, 3), Stamp(1, 2, 4)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return made(tmp_path)


def made(root: Path, **more: Any) -> Settings:
    given: dict[str, Any] = {"out": root / "out", "quarantine": None} | more
    return Settings(root / "in", Options(key=bytes(32)), done=root / "done", health=root / "health.json", **given)


def test_what_was_done_is_known_at_the_next_start_as_it_was(settings: Settings) -> None:
    Hints(settings).add([("/lab/case 7", ONE)])
    Hints(settings).add([("/lab/case 8", ONE)])
    known = Hints(settings)
    assert known.has("/lab/case 7", ONE)
    assert known.has("/lab/case 8", ONE)
    assert not known.has("/lab/case 7", OTHER)
    assert not known.has("/lab/case 9", ONE)
    assert b"case" not in settings.health.with_suffix(".done").read_bytes()


def test_only_what_is_still_there_is_kept(settings: Settings) -> None:
    Hints(settings).add([("a", ONE), ("b", ONE)])
    Hints(settings).rewrite([("b", ONE)])
    known = Hints(settings)
    assert (known.has("a", ONE), known.has("b", ONE)) == (False, True)


def test_another_way_of_doing_things_knows_nothing(settings: Settings, tmp_path: Path) -> None:
    Hints(settings).add([("a", ONE)])
    for other in (made(tmp_path, originals="move"), made(tmp_path, out=None), made(tmp_path, out=tmp_path / "new")):
        assert not Hints(other).has("a", ONE)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"notes\nmore\n"])
def test_a_file_that_is_something_else_says_nothing(settings: Settings, data: bytes) -> None:
    settings.health.with_suffix(".done").write_bytes(data)
    assert not Hints(settings).has("a", ONE)


def test_a_torn_line_is_none(settings: Settings) -> None:
    Hints(settings).add([("a", ONE), ("b", ONE)])
    path = settings.health.with_suffix(".done")
    path.write_bytes(path.read_bytes()[:-5])
    Hints(settings).add([("c", ONE), ("d", ONE)])
    known = Hints(settings)
    assert [known.has(folder, ONE) for folder in "abcd"] == [True, False, False, True]


def test_a_restart_looks_at_nothing_again_and_without_the_hint_finds_all_done(
    watched: Callable[..., Watched], put: Callable[..., Path]
) -> None:
    service = watched()
    path = put("argos.avs", service.source / "case")
    put("mirax.mrxs", service.source / "case")
    assert service.once() == 0
    assert service.said().count("clean \u2013") == 2
    assert service.once() == 0
    assert service.said().count("clean \u2013") == 2, "nothing was looked at again"
    service.hints.unlink()
    assert service.once() == 0
    assert service.said().count("clean \u2013") == 4
    assert len(service.entries()) == 2
    path.write_bytes(path.read_bytes() + b"\0")
    assert service.once() == 1, "it has changed, and its name is taken"
