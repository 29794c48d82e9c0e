"""Formats that are known by name only: the refusal says so, and nothing takes them for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide import api
from blankslide.errors import NotASlide
from blankslide.testing.built import build_generic

if TYPE_CHECKING:
    from pathlib import Path

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FILES = {
    "a.kfb": (b"\0\0\0\0KFB\0", "KFBIO KFB"),
    "b.kfb": (b"KFB", "KFBIO KFB"),
    "c.sdpc": (b"SQ1.0", "Sqray SDPC"),
    "d.bin": (b"TMAP06", "UNIC TMAP"),
    "e.mds": (OLE, "Motic MDS"),
    "f.mdsx": (b"\1\2\3", "Motic MDSX"),
    "g.VMIC": (b"PK\x03\x04", "PreciPoint VMIC"),
    "h.ets": (b"SIS\0", "Olympus ETS"),
}


@pytest.mark.parametrize("name", FILES)
def test_they_are_refused_by_name(tmp_path: Path, name: str) -> None:
    head, maker = FILES[name]
    path = tmp_path / name
    path.write_bytes(head.ljust(500, b"\7"))
    with pytest.raises(NotASlide, match=f"{maker}: known, not supported yet"):
        api.inspect(path)
    assert path.read_bytes() == head.ljust(500, b"\7")


def test_a_vsi_is_no_plain_tiff_even_if_its_first_page_is_tiled(tmp_path: Path) -> None:
    path = tmp_path / "s.vsi"
    build_generic(path, "tifffile", size=(128, 96), factors=(1,), tile=64)
    with pytest.raises(NotASlide, match="Olympus VSI: known"):
        api.inspect(path)


def test_a_real_vsi(shared: Path) -> None:
    slide = shared / "vsi" / "vsi-ets-test-jpg2k.vsi"
    if not slide.is_file():
        pytest.skip("no real VSI in the shared folder")
    with pytest.raises(NotASlide, match="Olympus VSI: known, not supported yet"):
        api.inspect(slide)


def test_what_is_only_called_so_is_called_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.kfb"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(NotASlide, match="PNG image"):
        api.inspect(path)
