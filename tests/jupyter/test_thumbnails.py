from __future__ import annotations

import logging
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: the notebook face needs blankslide[jupyter]")

from blankslide import api
from blankslide.jupyter import thumbnails as module
from blankslide.jupyter.thumbnails import SHOWN, pictures
from blankslide.samples.aperio.slide import build_aperio


def image(png: bytes) -> Any:
    from PIL import Image

    return Image.open(BytesIO(png))


@pytest.mark.parametrize("flavour", ["classic", "big", "gt450"])
def test_every_flavour_shows_what_stands_there(tmp_path: Path, flavour: str) -> None:
    key = build_aperio(tmp_path / "slide.svs", flavour)
    shown = pictures(tmp_path / "slide.svs", api.inspect(tmp_path / "slide.svs"))
    assert {(p.role, p.width, p.height) for p in shown} == {(p.role, p.width, p.height) for p in key.pictures}
    assert shown[0].role == "label"
    for picture in shown:
        small = image(picture.png)
        assert small.width <= SHOWN[0]
        assert small.height <= SHOWN[1]
        assert any(low < high - 100 for low, high in small.getextrema()), "a picture, not a plain area"


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
    monkeypatch.setattr(module, "DECODE_LIMIT", 387 * 463)
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


def test_only_this_threads_log_is_unheard(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("tifffile")
    with module._unheard("tifffile"):
        log.warning("a value from a tag")
        other = threading.Thread(target=log.warning, args=("somebody else's",))
        other.start()
        other.join()
    log.warning("afterwards")
    assert [r.message for r in caplog.records] == ["somebody else's", "afterwards"]
