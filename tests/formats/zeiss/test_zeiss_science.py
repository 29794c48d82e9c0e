"""What microscopes write about exposure, filters and tiles stays, and a slide with it ends clean."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from blankslide import pipeline
from blankslide.samples.kit.czi_writer import TilePart, write_czi

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = bytes(range(192)) * 64


def written(path: Path, channel: str = "", instrument: str = "", tile: str = "") -> Path:
    """Write a slide of one tile that says this."""
    xml = (
        "<ImageDocument><Metadata><Information><Image><SizeX>64</SizeX><SizeY>64</SizeY><SizeC>1</SizeC><PixelType>"
        f'Bgr24</PixelType><Dimensions><Channels><Channel Id="Channel:0" Name="DAPI">{channel}</Channel></Channels>'
        f"</Dimensions></Image><Instrument>{instrument}</Instrument></Information></Metadata></ImageDocument>"
    )
    text = f"<METADATA><Tags>{tile}</Tags></METADATA>".encode()
    part = TilePart((0, 0, 64, 64), (64, 64), data=PIXELS, text=text)
    path.write_bytes(write_czi(UUID(int=5), [part], xml.encode()).data)
    return path


def cleaned(path: Path) -> bytes:
    """Clean a slide, and return it."""
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    return path.read_bytes()


@pytest.mark.parametrize("nanoseconds", ["238000", "12000000", "149990200", "1500000000"])
def test_exposures_of_any_length_stay(tmp_path: Path, nanoseconds: str) -> None:
    said = f"<ExposureTime>{nanoseconds}</ExposureTime>"
    assert cleaned(written(tmp_path / "s.czi", channel=said, tile=said)).count(said.encode()) == 2


@pytest.mark.parametrize("number", ["19500312", "20200131", "47110815471", "KOVACS"])
def test_a_day_is_no_exposure(tmp_path: Path, number: str) -> None:
    said = f"<ExposureTime>{number}</ExposureTime>"
    path = written(tmp_path / "s.czi", channel=said)
    assert pipeline.anonymize_in_place(path).content == "residue" or said.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    "said",
    [
        '<FilterSets><FilterSet Id="FilterSet:1" Name="49 DAPI"/></FilterSets>',
        '<Filters><Filter Id="Filter:1" Name="BP 450/40"/></Filters>',
        '<Dichroics><Dichroic Id="Dichroic:1" Name="FT 395"/></Dichroics>',
    ],
)
def test_filters_stay(tmp_path: Path, said: str) -> None:
    assert said.encode() in cleaned(written(tmp_path / "s.czi", instrument=said))


@pytest.mark.parametrize("name", ["Quillfeather", "Anna Green", "49 Quillfeather", "FT 4711"])
def test_other_names_of_filters_go(tmp_path: Path, name: str) -> None:
    said = f'<FilterSets><FilterSet Id="FilterSet:1" Name="{name}"/></FilterSets>'
    assert name.encode() not in cleaned(written(tmp_path / "s.czi", instrument=said))


@pytest.mark.parametrize(
    "said",
    ["ValidBitsPerPixel>14", "Rotation>0.5", "DetectorGain>1.5", "PixelType>Gray16", "FocusPosition>1234.5678"],
)
def test_what_a_tile_says_of_its_camera_stays(tmp_path: Path, said: str) -> None:
    text = f"<{said}</{said.partition('>')[0]}>"
    assert text.encode() in cleaned(written(tmp_path / "s.czi", tile=text))
