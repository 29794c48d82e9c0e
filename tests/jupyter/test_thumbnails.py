from __future__ import annotations

import logging
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: the notebook face needs blankslide[jupyter]")

from blankslide import api
from blankslide.jupyter.thumbnails import SHOWN, pictures
from blankslide.samples.kit import drawing
from blankslide.samples.kit.patients import invent
from blankslide.testing.built import build_aperio, builders
from blankslide.viewing import picture
from blankslide.viewing.hints import why_not
from blankslide.viewing.tiles import Tiles


def image(png: bytes) -> Any:
    from PIL import Image

    return Image.open(BytesIO(png))


@pytest.mark.parametrize("flavour", ["classic", "big", "gt450"])
def test_every_flavour_shows_what_stands_there(tmp_path: Path, flavour: str) -> None:
    key = build_aperio(tmp_path / "slide.svs", flavour)
    shown = pictures(tmp_path / "slide.svs", api.inspect(tmp_path / "slide.svs"))
    assert {(p.role, p.width, p.height) for p in shown} == {(p.role, p.width, p.height) for p in key.pictures}
    assert shown[0].role == "label"
    for one in shown:
        small = image(one.png)
        assert small.width <= SHOWN[0]
        assert small.height <= SHOWN[1]
        assert any(low < high - 100 for low, high in small.getextrema()), "a picture, not a plain area"


@pytest.mark.parametrize("name", sorted(builders()))
def test_every_picture_of_every_sample_is_shown_the_right_way_up(name: str, tmp_path: Path) -> None:
    planted = builders()[name](tmp_path / name)
    shown = pictures(tmp_path / name, api.inspect(tmp_path / name))
    assert [(p.role, p.why) for p in shown if not p.png] == []
    assert {p.role.split(" ")[0] for p in shown} >= {p.role for p in planted.pictures if p.role in ("label", "macro")}
    assert len({p.role for p in shown}) == len(shown), "two pictures under one caption"
    for one in shown:
        if one.role == "label":
            assert turned(image(one.png), drawing.label(invent())) == 0
    for role, other in others_see(tmp_path / name).items():
        own = next((p for p in shown if p.role == role), None)
        if own is not None and (own.width, own.height) == other.size:
            assert turned(image(own.png), other) == 0, role
    tiles = Tiles(tmp_path / name, api.inspect(tmp_path / name))
    assert tiles.trouble == ""
    assert {view.name.split(" ")[0] for view in tiles.views} >= {"tissue", *(p.role.split(" ")[0] for p in shown)}
    for number, view in enumerate(tiles.views):
        square = tiles.square(number, len(view.sizes) - 1, 0, 0)
        assert square is not None
        assert square.std() > 10, f"{view.name} is enlarged, and no plain area"
    tiles.close()


def turned(ours: Any, drawn: Any) -> int:
    """Return which of the eight ways to lay a picture is ours: 0 as it was drawn, above 3 mirrored."""
    import numpy as np
    from PIL import ImageOps

    def flat(picture: Any) -> Any:
        return np.asarray(picture.convert("L").resize((96, 96)), float).ravel()

    laid = [(ImageOps.mirror(drawn) if way > 3 else drawn).rotate(90 * (way % 4), expand=True) for way in range(8)]
    return int(np.argmax([np.corrcoef(flat(ours), flat(each))[0, 1] for each in laid]))


def others_see(path: Path) -> dict[str, Any]:
    """Return what OpenSlide shows beside the tissue, where it reads the slide."""
    openslide = pytest.importorskip("openslide")
    try:
        with openslide.OpenSlide(path) as slide:
            return {role: slide.associated_images[role].convert("RGB") for role in slide.associated_images}
    except openslide.OpenSlideError:
        return {}


def test_what_cannot_be_shown_says_why_and_what_would_show_it(built: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = api.inspect(built.path)
    assert why_not(built.path, found, 90_000_000) == "too large to be shown: at most 64 million pixels are"
    assert why_not(built.path, found) == "damaged, or coded in a way that no reader here knows"
    monkeypatch.setattr("blankslide.viewing.hints.find_spec", lambda name: None)
    assert why_not(built.path, found) == "imagecodecs is not installed: pip install imagecodecs"


def test_colours_are_those_that_openslide_sees(tmp_path: Path) -> None:
    openslide = pytest.importorskip("openslide")
    build_aperio(tmp_path / "slide.svs")
    shown = {p.role: p for p in pictures(tmp_path / "slide.svs", api.inspect(tmp_path / "slide.svs"))}
    with openslide.OpenSlide(tmp_path / "slide.svs") as slide:
        for role, other in slide.associated_images.items():
            ours = image(shown[role].png)
            theirs = other.convert("RGB").resize(ours.size)
            pairs = zip(ours.resize((1, 1)).getpixel((0, 0)), theirs.resize((1, 1)).getpixel((0, 0)), strict=True)
            assert all(abs(a - b) < 12 for a, b in pairs), role


def test_a_picture_that_is_too_large_is_announced_not_decoded(built: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MOST_PIXELS", 387 * 463)
    shown = {p.role: p.png for p in pictures(built.path, api.inspect(built.path))}
    assert shown["label"]
    assert shown["macro"] == b""


def test_a_picture_that_does_not_decode_is_empty_and_silent(built: Any, caplog: pytest.LogCaptureFixture) -> None:
    found = api.inspect(built.path)
    label = next(p for p in built.key.pictures if p.role == "label")
    data = bytearray(built.path.read_bytes())
    for offset, length in label.strips:
        data[offset : offset + length] = b"\xff" * length
    built.path.write_bytes(data)
    with caplog.at_level(logging.DEBUG):
        shown = {p.role: p.png for p in pictures(built.path, found)}
    assert shown["label"] == b""
    assert shown["macro"]
    assert [r for r in caplog.records if r.name.startswith("tifffile")] == []


def test_nothing_stays_open(built: Any) -> None:
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("no /proc here to count open files")
    pictures(built.path, api.inspect(built.path))
    names = [str(fd.readlink()) for fd in fds.iterdir() if fd.is_symlink()]
    assert str(built.path) not in names


def test_its_repr_has_no_pixels(built: Any) -> None:
    assert all(len(repr(p)) < 60 for p in pictures(built.path, api.inspect(built.path)))
