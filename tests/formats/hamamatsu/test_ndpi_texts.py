"""Texts of NDPI as other scanners and versions write them: inside their entries, in sections, of channels."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.samples.kit.tiff_values import Value, ascii
from blankslide.testing.built import build_hamamatsu

if TYPE_CHECKING:
    from pathlib import Path


def text_of(path: Path) -> str:
    """Return the property map of the first page."""
    from tifffile import TiffFile

    return str(TiffFile(io.BytesIO(path.read_bytes()), is_ndpi=True).pages[0].tags[65449].value)


@pytest.mark.parametrize("profile", ["research", "strict"])
def test_what_tells_a_channels_colour_stays(tmp_path: Path, profile: str) -> None:
    path = tmp_path / "slide.ndpi"
    kept = [
        ";NDP Shading Data", ";Name=TxRed", ";CubeName=TxRed", ";CubeIndex=1", ";ExcitationName=Blank",
        ";ExcitationIndex=6",
        ";EmissionName=", ";EmissionWaveLength=650", ";ExcitationNameSubstitution=--- none ---",
        ";ShadingAveR_2048=50114",
        ";ShadingAveB_4096=0", ";TransmittanceR=100%", ";TransmittanceG=-",
    ]  # fmt: skip
    gone = [
        ";Date=2019/10/17", ";SerialNumber=000003", ";EmissionNameSubstitution=Nonesuch", ";CubeIndex=4711",
        ";TransmittanceB=Quillfeather", ";ShadingAveR_1951=50114",
    ]  # fmt: skip
    build_hamamatsu(path, tags={"all": {65449: ascii("\r".join([*kept, *gone]).encode())}})
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(profile=profile))
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert text_of(path).rstrip("\r\0").split("\r") == kept


def test_a_section_in_brackets_goes_and_its_lines_stay(tmp_path: Path) -> None:
    """Its name would be a part of the names of its keys."""
    path = tmp_path / "s.ndpi"
    text = b"[NDP]\r\nsystem.version=1.0\r\nUser=jfictus\r\n[Miller]\r\nProduct=C13210\r\n"
    build_hamamatsu(path, tags={"all": {65449: ascii(text)}})
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert text_of(path).rstrip("\r\n\0").split() == ["system.version=1.0", "Product=C13210"]


@pytest.mark.parametrize("profile", ["research", "strict"])
@pytest.mark.parametrize("text", [b"\0", b"A\0", b"AB\0", b"7\0", b"ABC\0"])
def test_short_texts_in_their_entries_end_clean(tmp_path: Path, text: bytes, profile: str) -> None:
    """As some scanners write them (OpenSlide 774); as an offset such a text may lead to other text, or into tissue."""
    path = tmp_path / "slide.ndpi"
    inline = {
        65459: Value(2, b"\0", outline=True),
        65427: Value(2, text, outline=True),
        65442: Value(2, text, outline=True),
    }
    build_hamamatsu(path, tags={"all": inline})
    before = path.read_bytes()
    entry = struct.pack("<HHI", 65427, 2, len(text)) + text.ljust(4, b"\0")
    assert entry in before
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(profile=profile))
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert (struct.pack("<HHI", 65427, 2, len(text)) + bytes(4)) in path.read_bytes()
    assert pipeline.anonymize_in_place(path, pipeline.Options(profile=profile)).writes == 0
