"""The XML packets of Ventana samples: what the two generations of scanners write.

Templates for `spots.fill`. iScan software mixes both kinds of quotes, DP software wraps its
lines; both put a copy of the scanner's element into the packet of level 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from blankslide.samples.kit.spots import Spot

if TYPE_CHECKING:
    from blankslide.samples.kit.patients import Patient

FINDINGS = {
    "unit": "ventana.xmp.unitnumber",
    "user": "ventana.xmp.username",
    "date": "ventana.xmp.builddate",
    "note": "ventana.xmp.slideannotation",
    "code1": "ventana.xmp.barcode1d",
    "code2": "ventana.xmp.barcode2d",
    "base": "ventana.xmp.basename",
    "rack": "ventana.xmp.rack",
    "slot": "ventana.xmp.slot",
    "file": "ventana.xmp.jp2filename",
    "output": "ventana.xmp.outputfilename",
    "server": "ventana.xmp.serverdirectory-path",
    "label": "ventana.xmp.labelimage-path",
    "folder": "ventana.xmp.dirpath",
    "hospital": "ventana.xmp.iscan.hospitalcode",
    "doctor": "ventana.xmp.slideinfo.referrer",
    "specimen": "ventana.xmp.remark.text",
    "comment": "ventana.xmp.comment",
}
"""Name of a spot -> finding id."""


def spots_of(patient: Patient, changes: Mapping[str, str]) -> dict[str, Spot]:
    """Return what is planted in a patient's packets, with some values changed."""
    values = {**_values_of(patient), **changes}
    return {name: Spot(finding, values[name]) for name, finding in FINDINGS.items()}


def _values_of(patient: Patient) -> dict[str, str]:
    case = patient.case
    return {
        "unit": patient.scanner,
        "user": patient.login,
        "date": f"{patient.scanned:%m/%d/%Y %H:%M:%S} AM",
        "note": f'{patient.name} & "{patient.sex}", born {patient.birth_date:%d.%m.%Y}',
        "code1": patient.accession,
        "code2": patient.mrn,
        "base": patient.token,
        "rack": "7",
        "slot": "3",
        "file": f"D:/CoreoImages/{case}/{case}_1.bif",
        "output": f"/raid/{case}.bif",
        "server": f"\\\\{patient.host}\\scans",
        "label": f"C:\\Thumbs\\{case}.jpg",
        "folder": f"C:/DirTemp/{patient.mrn}/AOI0",
        "hospital": patient.institution,
        "doctor": patient.physician,
        "specimen": patient.specimen,
        "comment": f"rescanned for {patient.physician}",
    }


_ISCAN = (
    '<iScan Magnification="{{power}}" ScanRes="{{res}}" UnitNumber="{{unit}}" UserName="{{user}}" '
    'BuildVersion="3.3.1.1" BuildDate="{{date}}" SlideAnnotation="{{note}}" ShowLabel="1" LabelBoundary="1000" '
    'Z-layers="1" Z-spacing="1" FocusMode="0" FocusQuality="1" ScanMode="1" HospitalCode="{{hospital}}">\n'
    '\t<AOI0 Left="97" Top="471" Right="941" Bottom="1431"/>\n</iScan>'
)
_DP = (
    '<iScan Mode="brightfield" Magnification="{{power}}" ScanRes="{{res}}"\n   UnitNumber="{{unit}}" '
    'ScannerModel="VENTANA DP 200" Z-layers="1"\n   Z-spacing="1" UserName="{{user}}" BuildVersion="1.1.0.15854"\n'
    '   BuildDate="{{date}}" SlideAnnotation="{{note}}" ShowLabel="1"\n   LabelBoundary="0" Barcode1D="{{code1}}" '
    'Barcode2D="{{code2}}" FocusMode="0" FocusQuality="1"\n   ScanMode="1" ScanWhitePoint="235" Anonymization="0" '
    'HospitalCode="{{hospital}}">\n    <AOI0 Left="297" Top="2323" Right="574" Bottom="2069"/>\n  </iScan>'
)
_DP_PACKET = (
    "<?xml version='1.0' encoding='utf-8' ?>\n<Metadata>\n  " + _DP + "\n  <ProcessingParameters>\n"
    '    <Registration Method="None" UseLinearEncoder="1" Radius="0" OverlapMinMicrons=""/>\n'
    '    <Color TwistRGB="1,0,0,0,1,0,0,0,1" Applied="0"/>\n  </ProcessingParameters>\n'
    "  <Remark>{{specimen}}</Remark>\n  <!-- {{comment}} -->\n</Metadata>"
)


def scan_packet(style: str) -> str:
    """Return the template of page 0: bare for iScan, wrapped for DP."""
    if style == "dp":
        return _DP_PACKET
    return _ISCAN.replace("\n</iScan>", "\n<Remark>{{specimen}}</Remark><!--{{comment}}-->\n</iScan>")


def encode_info(style: str, size: tuple[int, int], tile: int, joints: str) -> str:
    """Return the template of level 0.

    Parameters
    ----------
    size
        Width and height in pixels, multiples of ``tile``.
    joints
        ``RIGHT``: from the left tile to the right one; ``LEFT``: from lower to higher number.
    """
    columns, rows = size[0] // tile, size[1] // tile
    grid = f'NumRows="{rows}" NumCols="{columns}"'
    scan = _DP if style == "dp" else _ISCAN.replace('="', "='").replace('"', "'")
    return (
        "<?xml version='1.0' encoding='utf-8' ?>\n<EncodeInfo Ver='2'>\n<SlideInfo Rack=\"{{rack}}\" Slot='{{slot}}' "
        'BaseName="{{base}}" JP2FileName="{{file}}" OutputFileName="{{output}}" Referrer="{{doctor}}">\n'
        '<ServerDirectory Path="{{server}}" Copy="false"/>\n<LabelImage Path=\'{{label}}\' ShowLabel="1"/>\n'
        f'{scan}\n<AoiInfo XIMAGESIZE="{tile}" YIMAGESIZE="{tile}" {grid} Pos-X="0" Pos-Y="0" '
        'DirPath="{{folder}}"/>\n</SlideInfo>\n'
        '<SlideStitchInfo Left="-1" Top="-1" Right="-1" Bottom="-1">\n<ImageInfo AOIScanned="1" '
        f'AOIIndex="0" {grid} Width="{tile}" Height="{tile}" Pos-X="0" Pos-Y="0">\n'
        + "\n".join(_joints(columns, rows, joints))
        + '\n</ImageInfo>\n</SlideStitchInfo>\n<AoiOrigin>\n<AOI0 OriginX="0" OriginY="0"/>\n</AoiOrigin>\n'
        + "</EncodeInfo>"
    )


def _joints(columns: int, rows: int, direction: str) -> list[str]:
    """Join each tile with its right and its upper neighbour; numbers run like a snake from bottom left."""

    def number(column: int, row: int) -> int:
        return row * columns + (columns - column if row % 2 else column + 1)

    pairs = [(direction, number(c, r), number(c + 1, r)) for r in range(rows) for c in range(columns - 1)]
    if direction == "LEFT":
        pairs = [(d, *sorted(p)) for d, *p in pairs]  # type: ignore[misc]
    pairs += [("UP", number(c, r), number(c, r + 1)) for r in range(rows - 1) for c in range(columns)]
    return [
        f"<TileJointInfo FlagJoined='1' Confidence='98' Direction='{way}' Tile1='{a}' Tile2='{b}' "
        "OverlapX='0' OverlapY='0'/>"
        for way, a, b in pairs
    ]
