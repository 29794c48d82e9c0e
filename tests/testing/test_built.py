"""A slide that was drawn before is the very slide that drawing gives."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.kit.patients import invent
from blankslide.samples.mirax.slide import build_mirax
from blankslide.testing import built
from blankslide.testing.bench import contents

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


def test_members_come_along_and_the_name_counts(tmp_path: Path) -> None:
    for folder in ("drawn", "first", "again", "other"):
        (tmp_path / folder).mkdir()
    expected = build_mirax(tmp_path / "drawn/a.mrxs")
    for folder in ("first", "again"):
        assert built.build_mirax(tmp_path / folder / "a.mrxs") == expected
        assert contents(tmp_path / folder) == contents(tmp_path / "drawn")
    assert built.build_mirax(tmp_path / "other/b.mrxs").file == "b.mrxs"
    assert (tmp_path / "other/b/Slidedat.ini").is_file()


def test_other_patients_are_drawn_apart(tmp_path: Path) -> None:
    one, two, again = (built.build_huron(tmp_path / "a.tif", patient=invent(number)) for number in (3, 4, 3))
    assert one == again != two


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


def test_a_slide_of_gigabytes_is_left_to_the_disk(tmp_path: Path) -> None:
    """It is nearly all holes: remembering it would read and write each of them."""
    path = tmp_path / "far.svs"
    kept = len(built._drawn)
    built.build_aperio(path, big=True, level0_at=3 << 30, **TINY)
    assert path.stat().st_size > 3 << 30
    assert len(built._drawn) == kept
