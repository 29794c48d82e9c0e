"""A slide that was drawn before is the very slide that drawing gives."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.samples.aperio.slide import build_aperio
from blankslide.testing import built

if TYPE_CHECKING:
    from pathlib import Path

TINY: dict[str, Any] = {"size": (256, 256), "factors": (1, 2), "macro_size": (200, 70)}


@pytest.mark.parametrize("recipe", [TINY, TINY | {"factors": (1, 4)}], ids=["2", "4"])
@pytest.mark.parametrize("flavour", [(), ("gt450",)])
def test_the_second_is_as_if_it_was_drawn(tmp_path: Path, flavour: tuple[str, ...], recipe: dict[str, Any]) -> None:
    first, again, drawn = (tmp_path / name for name in ("a.svs", "b.svs", "c.svs"))
    built.aperio(first, *flavour, **recipe)
    key = built.aperio(again, *flavour, **recipe)
    expected = build_aperio(drawn, *flavour, **recipe)
    assert again.read_bytes() == drawn.read_bytes() == first.read_bytes()
    assert (key.removed, key.kept, key.pictures, key.layout) == (
        expected.removed,
        expected.kept,
        expected.pictures,
        expected.layout,
    )
    assert key.file == "b.svs"


def test_what_one_caller_does_reaches_no_other(tmp_path: Path) -> None:
    key = built.aperio(tmp_path / "a.svs", **TINY)
    key.removed = ()
    (tmp_path / "a.svs").write_bytes(b"")
    assert built.aperio(tmp_path / "b.svs", **TINY).removed
    assert (tmp_path / "b.svs").stat().st_size


def test_little_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "ROOM", 0)
    monkeypatch.setattr(built, "_drawn", OrderedDict())
    assert built.aperio(tmp_path / "a.svs", **TINY).removed
    assert not built._drawn
