"""What common programs write besides pixels stays and is no residue: units, axes, colours, regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tifffile import TiffFile, TiffWriter, imwrite

from blankslide import pipeline
from blankslide.formats.ome.vocabulary import Colour
from blankslide.samples.kit.drawing import tissue

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = np.asarray(tissue(640, 480, 7).resize((256, 192)))
OME = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
PIXELS = (
    '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="256" SizeY="192" SizeC="3" SizeZ="1" SizeT="1">'
    '<Channel ID="Channel:0:0" SamplesPerPixel="3" Color="-16776961"/><TiffData IFD="0" PlaneCount="1"/></Pixels>'
)
REGION = (
    '<ROI ID="ROI:0"><Union><Polygon ID="Shape:0" Points="10.5,20 30,40 50,60" StrokeColor="16711935"/></Union></ROI>'
)
LIGHT = '<Laser ID="LightSource:0" Type="Gas" LaserMedium="HeNe" Wavelength="633"/>'
LASER = f'<Instrument ID="Instrument:0">{LIGHT}</Instrument>'


def cleaned(path: Path, text: bytes) -> bytes:
    """Describe a slide so, clean it, and return it."""
    imwrite(path, PICTURE, tile=(64, 64), photometric="rgb", metadata=None, description=text)
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    return path.read_bytes()


@pytest.mark.parametrize(
    ("pair", "kept"),
    [
        ('"axes": "YXS"', '"YXS"'),
        ('"PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "\\u00b5m"', '0.25, "PhysicalSizeXUnit": "\\u00b5m"'),
        ('"magnification": 40, "mpp": 0.25', '40, "mpp": 0.25'),
        ('"dtype": "uint8"', '"uint8"'),
        ('"openslide.mpp-x": "0.26283899999999999", "openslide.objective-power": "40"', '"0.26283899999999999", '),
        ('"mpp_x": 0.25, "mpp_y": "0.2512", "objective_power": 20', '0.25, "mpp_y": "0.2512", "objective_power": 20'),
        ('"truncated": true, "patient": "NIVOLA"', "true"),
    ],
)
def test_what_tifffile_says_of_its_pixels_stays(tmp_path: Path, pair: str, kept: str) -> None:
    data = cleaned(tmp_path / "x.tif", f'{{"shape": [192, 256, 3], {pair}}}'.encode())
    assert kept.encode() in data
    assert b"NIVOLA" not in data


def test_a_scale_under_the_name_that_a_converter_gives_it_is_known(tmp_path: Path) -> None:
    """A strict profile keeps no number that nobody knows."""
    path, kept = tmp_path / "slide.tif", '"mpp_x": 0.25, "mpp_y": "0.2512", "objective_power": 20, "appmag": 20'
    text = f'{{"shape": [192, 256, 3], {kept}}}'
    imwrite(path, PICTURE, tile=(64, 64), photometric="rgb", metadata=None, description=text)
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(profile="strict"))
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert kept.encode() in path.read_bytes()


def test_a_person_under_a_name_of_a_scale_goes(tmp_path: Path) -> None:
    pairs = '"shape": [192, 256, 3], "mpp_x": "NIVOLA", "openslide.mpp-x": "19510302471", "appmag": [4711]'
    data = cleaned(tmp_path / "x.tif", f"{{{pairs}}}".encode())
    assert not [word for word in (b"NIVOLA", b"19510302", b"4711") if word in data]


@pytest.mark.parametrize("unit", ["micron", "um", r"\u00B5m", "\u00b5m", "inch", "mm", "pixel"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_imagejs_unit_stays(tmp_path: Path, unit: str, encoding: str) -> None:
    line = f"unit={unit}".encode(encoding)
    data = cleaned(tmp_path / "x.tif", b"ImageJ=1.53t\nimages=1\n" + line + b"\nspacing=0.5\nowner=NIVOLA\n")
    assert line + b"\nspacing=0.5\n" in data
    assert b"NIVOLA" not in data


def test_what_vips_says_of_its_pixels_stays(tmp_path: Path) -> None:
    kept = {
        "format": ("VipsBandFormat", "uchar"), "coding": ("VipsCoding", "none"),
        "resolution-unit": ("VipsRefString", "cm"),
        "interpretation": ("VipsInterpretation", "srgb"), "vips-loader": ("VipsRefString", "tiffload"),
        "openslide.vendor": ("VipsRefString", "aperio"), "openslide.mpp-x": ("VipsRefString", "0.25"),
    }  # fmt: skip
    each = [f'<name>{n}</name><value type="{t}">{v}</value>' for n, (t, v) in kept.items()]
    gone = '<property><name>aperio.User</name><value type="VipsRefString">NIVOLA</value></property>'
    told = "".join(f"<property>{e}</property>" for e in each) + gone
    where = "http://www.vips.ecs.soton.ac.uk//dzsave"
    text = f'<?xml version="1.0"?><image xmlns="{where}" version="8.12.1"><properties>{told}</properties></image>'
    data = cleaned(tmp_path / "x.tif", text.encode())
    assert all(e.encode() in data for e in each)
    assert b"NIVOLA" not in data


def test_many_planes_of_tifffile_end_clean(tmp_path: Path) -> None:
    """It leaves copies of shared values beside every directory; nobody points at them."""
    path = tmp_path / "x.tif"
    imwrite(path, np.stack([PICTURE[:, :, i % 3] for i in range(5)]), tile=(64, 64), photometric="minisblack")
    before = path.read_bytes()
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert len(path.read_bytes()) == len(before)


def test_other_bytes_beside_a_plane_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    imwrite(path, np.stack([PICTURE[:, :, i] for i in range(3)]), tile=(64, 64), photometric="minisblack")
    assert not [f for f in pipeline.inspect(path).findings if f.id == "slide.unowned"]
    data = bytearray(path.read_bytes())
    with TiffFile(path) as tiff:
        low, high = tiff.pages[2].tags["TileOffsets"].valueoffset - 16, tiff.pages[2].tags["TileOffsets"].valueoffset
    assert data[low:high] == bytes((1, 0, 0, 0)) * 4, "the copy of the resolution"
    data[low + 3] = 7
    path.write_bytes(data)
    assert [f.id for f in pipeline.inspect(path).findings if f.id == "slide.unowned"] == ["slide.unowned"]


def test_colours_regions_and_lasers_of_ome_stay(tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="UTF-8"?>{OME}{LASER}<Image ID="Image:0">{PIXELS}</Image>{REGION}</OME>'
    data = cleaned(tmp_path / "x.ome.tif", text.encode())
    assert all(part.encode() in data for part in (LASER, 'Color="-16776961"', REGION))


@pytest.mark.parametrize("text", ["-1", "65535", "-16776961", "16711935", "16777215", "-2147483648", "4278190335"])
def test_four_bytes_are_a_colour(text: str) -> None:
    assert Colour().fullmatch(text)


@pytest.mark.parametrize(
    "text",
    ["19510302", "02031951", "47110815", "4294967551", "-4278190081", "KOVACS", "1951-03-02", "0016711935", "20200703"],
)
def test_a_day_and_a_number_of_somebody_are_none(text: str) -> None:
    assert not Colour().fullmatch(text)


@pytest.mark.parametrize("schema", ["", " {}/scn.xsd", " scn.xsd"])
def test_leicas_schema_is_nobodys_day(tmp_path: Path, schema: str) -> None:
    where = "http://www.leica-microsystems.com/scn/2010/10/01"
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><scn xmlns="{where}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{where}{schema.format(where)}"><collection sizeX="2000" sizeY="1000"><image><pixels'
        ' sizeX="256" sizeY="192"><dimension sizeX="256" sizeY="192" r="0" ifd="0"/></pixels>'
        '<view sizeX="500" sizeY="400" offsetX="100" offsetY="100"/></image></collection></scn>'
    )
    assert where.encode() in cleaned(tmp_path / "x.scn", text.encode())


def test_the_filters_of_a_vectra_stay(tmp_path: Path) -> None:
    bands = "<Bands><Bands-i><Cuton>350</Cuton><Cutoff>400</Cutoff><Active>true</Active></Bands-i></Bands>"
    text = (
        '<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription><DescriptionVersion>2'
        "</DescriptionVersion><ImageType>FullResolution</ImageType><ExcitationFilter><Name>DAPI</Name>"
        f"{bands}<Owner>NIVOLA</Owner></ExcitationFilter></PerkinElmer-QPI-ImageDescription>"
    )
    path = tmp_path / "x.qptiff"
    imwrite(
        path, PICTURE, tile=(64, 64), photometric="rgb", metadata=None, description=text, software="PerkinElmer-QPI"
    )
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert bands.encode() in path.read_bytes()
    assert b"NIVOLA" not in path.read_bytes()


def test_a_thumbnail_that_says_its_size_only_is_no_residue(tmp_path: Path) -> None:
    path, maker = tmp_path / "x.svs", "Aperio Image Library v12.0.16 \r\n"
    head = f"{maker}256x192 [0,0 256x192] (64x64) RAW Q=70|AppMag = 20|MPP = 0.4990"
    with TiffWriter(path) as tiff:
        tiff.write(PICTURE, tile=(64, 64), photometric="rgb", metadata=None, description=head)
        small = np.asarray(tissue(640, 480, 7).resize((64, 48)))
        tiff.write(small, photometric="rgb", metadata=None, description=f"{maker}256x192 -> 64x48 - ")
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
