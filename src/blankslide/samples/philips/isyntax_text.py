"""The DPUfsImport XML of iSyntax samples: what a UFS scanner says of a scan, with invented values.

Readers know attributes by group and element and count dimensions by their order, so numbers
and order are those of real files. Values are spots (see `spots`), and so are the pictures.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.samples.kit.isyntax_writer import SIDE, padding
from blankslide.samples.kit.spots import Spot, Text, fill

if TYPE_CHECKING:
    from blankslide.samples.kit.isyntax_writer import Block
    from blankslide.samples.kit.patients import Patient
    from blankslide.samples.philips.isyntax_recipe import Recipe

FIELDS: dict[str, tuple[str, int, int, str]] = {
    "time": ("DICOM_ACQUISITION_DATETIME", 0x0008, 0x002A, "IString"),
    "serial": ("DICOM_DEVICE_SERIAL_NUMBER", 0x0018, 0x1000, "IString"),
    "calibrated": ("DICOM_DATE_OF_LAST_CALIBRATION", 0x0018, 0x1200, "IStringArray"),
    "calibrated_time": ("DICOM_TIME_OF_LAST_CALIBRATION", 0x0018, 0x1201, "IStringArray"),
    "rack": ("PIIM_DP_SCANNER_RACK_NUMBER", 0x101D, 0x1007, "IUInt16"),
    "slot": ("PIIM_DP_SCANNER_SLOT_NUMBER", 0x101D, 0x1008, "IUInt16"),
    "operator": ("PIIM_DP_SCANNER_OPERATOR_ID", 0x101D, 0x1009, "IString"),
    "barcode": ("PIM_DP_UFS_BARCODE", 0x301D, 0x1002, "IString"),
}
"""Spot -> name, group, element and kind of the attribute that holds it."""
UNKNOWN = {"hospital": "DP_HOSPITAL_CODE", "doctor": "DP_REFERRER", "ward": "PIM_DP_WARD"}
"""Attributes that no scanner writes."""
_TYPES = {"label": "LABELIMAGE", "macro": "MACROIMAGE", "level": "WSI"}
_DIMENSIONS = (
    ("x", "spatial", "MicroMeter"),
    ("y", "spatial", "MicroMeter"),
    ("component", "colour component", ""),
    ("scale", "scale", ""),
    ("waveletcoef", "waveletcoef", ""),
)
_DISCRETE = {
    2: "&quot;Y&quot; &quot;Co&quot; &quot;Cg&quot;",
    4: "&quot;LL&quot; &quot;LH&quot; &quot;HL&quot; &quot;HH&quot;",
}


def finding_of(name: str) -> str:
    """Id of the finding that reports an attribute."""
    return "isyntax.header." + name.lower().replace("_", "-")


def spots_of(patient: Patient, changes: Mapping[str, str]) -> dict[str, Spot]:
    """Return what is planted, with some values changed."""
    values = {
        "time": f"{patient.scanned:%Y%m%d%H%M%S}.000000",
        "serial": patient.scanner,
        "calibrated": f"{patient.scanned:%Y%m%d}",
        "calibrated_time": f"{patient.scanned:%H%M%S}",
        "rack": "7",
        "slot": "3",
        "operator": patient.login,
        "barcode": f"{patient.accession}|{patient.block}",
        "hospital": patient.institution,
        "doctor": patient.physician,
        "ward": f"bed {patient.mrn}",
        "note": f"sent to {patient.physician}",
        **changes,
    }
    ids = {spot: finding_of(field[0]) for spot, field in FIELDS.items()}
    ids |= {spot: finding_of(name) + ".text" for spot, name in UNKNOWN.items()} | {"note": "isyntax.header.comment"}
    return {name: Spot(ids[name], values[name], name == "barcode") for name in ids}


def one(name: str, group: int, element: int, kind: str, text: str) -> str:
    """Write one attribute."""
    return (
        f'<Attribute Name="{name}" Group="0x{group:04X}" Element="0x{element:04X}" PMSVR="{kind}">{text}</Attribute>\n'
    )


def _array(name: str, element: int, kind: str, bodies: Iterable[str], group: int = 0x301D) -> str:
    # readers lose their place where no white space stands in front of an array
    objects = "".join(f'<DataObject ObjectType="{kind}">\n{body}</DataObject>\n' for body in bodies)
    return one(name, group, element, "IDataObjectArray", f"\n<Array>\n{objects}</Array>\n")


def compose(plan: Recipe, coded: Mapping[str, str], table: bytes, blocks: Sequence[Block]) -> Text:
    """Compose the document.

    Parameters
    ----------
    coded
        Role (``label``, ``macro-2``) -> base64 of its picture.
    table
        Of blocks or clusters.
    blocks
        Of one cluster, for version 100.5.
    """
    wanted = [role for role in plan.objects if role == "level" or role in coded]
    images = _array("PIM_DP_SCANNED_IMAGES", 0x1003, "DPScannedImage", (_image(plan, r, table, blocks) for r in wanted))
    fields = "".join(one(*field, _spot(spot, field[3])) for spot, field in FIELDS.items())
    strange = "".join(one(name, 0x301D, 0x1F00 + i, "IString", _spot(s)) for i, (s, name) in enumerate(UNKNOWN.items()))
    template = (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<DataObject ObjectType="DPUfsImport">\n'
        + one("DICOM_MANUFACTURER", 0x0008, 0x0070, "IString", "PHILIPS")
        + one("DICOM_MANUFACTURERS_MODEL_NAME", 0x0008, 0x1090, "IString", "UFS Scanner")
        + one("DICOM_SOFTWARE_VERSIONS", 0x0018, 0x1020, "IStringArray", "&quot;1.8.6824&quot; &quot;4.0.3&quot;")
        + one("PIM_DP_UFS_INTERFACE_VERSION", 0x301D, 0x1001, "IString", plan.version)
        + (images + fields if plan.pictures_first else fields + images)
        + one("PIIM_DP_SCANNER_CALIBRATION_STATUS", 0x101D, 0x100A, "IString", "OK")
        + one("PIM_DP_SCANNER_RACK_PRIORITY", 0x301D, 0x1010, "IUInt16", "0")
        + f"{strange}<!-- {{{{note}}}} -->\n</DataObject>"
    )
    pictures = {f"data-{role}": Spot(f"picture.{role.partition('-')[0]}", data) for role, data in coded.items()}
    return fill(template, {**spots_of(plan.patient, plan.values), **pictures})


def _spot(name: str, kind: str = "IString") -> str:
    return f"&quot;{{{{{name}}}}}&quot;" if kind == "IStringArray" else f"{{{{{name}}}}}"


def _image(plan: Recipe, role: str, table: bytes, blocks: Sequence[Block]) -> str:
    kind = one("PIM_DP_IMAGE_TYPE", 0x301D, 0x1004, "IString", _TYPES[role.partition("-")[0]])
    if role == "level":
        return kind + _tissue(plan, table, blocks)
    data = one("PIM_DP_IMAGE_DATA", 0x301D, 0x1005, "IString", f"{{{{data-{role}}}}}")
    return data + kind if plan.data_first else kind + data


# -- tissue ------------------------------------------------------------------------------


def _tissue(plan: Recipe, table: bytes, blocks: Sequence[Block]) -> str:
    spacing = " ".join(f"&quot;{side / 1000:.9f}&quot;" for side in reversed(plan.mpp))
    about = "PHILIPS UFS V1.8.6824 | Quality=2 | DWT=1 | Compressor=16"
    name, element = (
        ("UFS_IMAGE_CLUSTER_HEADER_TABLE", 0x201F) if plan.clusters else ("UFS_IMAGE_BLOCK_HEADER_TABLE", 0x2014)
    )
    return (
        one("DICOM_DERIVATION_DESCRIPTION", 0x0008, 0x2111, "IString", about)
        + one("DICOM_SAMPLES_PER_PIXEL", 0x0028, 0x0002, "IUInt16", "3")
        + one("DICOM_BITS_ALLOCATED", 0x0028, 0x0100, "IUInt16", "8")
        + one("DICOM_PIXEL_SPACING", 0x0028, 0x0030, "IDoubleArray", spacing)
        + (one("DICOM_ICCPROFILE", 0x0028, 0x2000, "IString", b64encode(plan.profile).decode()) if plan.profile else "")
        + one("DICOM_LOSSY_IMAGE_COMPRESSION_METHOD", 0x0028, 0x2114, "IStringArray", "&quot;PHILIPS_DP_1_0&quot;")
        + one("DP_SHARPNESS_GAIN_RGB24", 0x301D, 0x1015, "IDouble", "3")
        + one("DP_WAVELET_QUANTIZER", 0x301D, 0x101B, "IUInt16", "1")
        + one("UFS_IMAGE_PIXEL_TRANSFORMATION_METHOD", 0x301D, 0x2013, "IString", "0")
        + _general(plan, len(blocks))
        + _templates()
        + (_clusters(blocks) if plan.clusters else "")
        + one(name, 0x301D, element, "IString", b64encode(table).decode())
    )


def _general(plan: Recipe, count: int) -> str:
    sides = [plan.origin + (n * SIDE << plan.levels) - 1 for n in plan.grid]
    ranges = [(plan.origin, sides[0]), (plan.origin, sides[1]), (0, 2), (0, plan.levels - 1), (0, 3)]
    total = count * plan.grid[0] * plan.grid[1]
    body = (
        one("UFS_IMAGE_NUMBER_OF_BLOCKS", 0x301D, 0x2001, "IUInt32", str(total))
        + one("UFS_IMAGE_DIMENSIONS_OVER_BLOCK", 0x301D, 0x2002, "IUInt16Array", "0 1 2 3 4")
        + _array("UFS_IMAGE_DIMENSIONS", 0x2003, "UFSImageDimension", (_dimension(plan, i) for i in range(5)))
        + _ranges(ranges)
    )
    return _array("UFS_IMAGE_GENERAL_HEADERS", 0x2000, "UFSImageGeneralHeader", [body])


def _dimension(plan: Recipe, index: int) -> str:
    name, kind, unit = _DIMENSIONS[index]
    parts = one("UFS_IMAGE_DIMENSION_NAME", 0x301D, 0x2004, "IString", name)
    parts += one("UFS_IMAGE_DIMENSION_TYPE", 0x301D, 0x2005, "IString", kind)
    parts += one("UFS_IMAGE_DIMENSION_UNIT", 0x301D, 0x2006, "IString", unit)
    if index < 2:
        parts += one("UFS_IMAGE_DIMENSION_SCALE_FACTOR", 0x301D, 0x2007, "IDouble", f"{plan.mpp[index]:g}")
    if index in _DISCRETE:
        values = _DISCRETE[index]
        parts += one("UFS_IMAGE_DIMENSION_DISCRETE_VALUES_STRING", 0x301D, 0x2008, "IStringArray", values)
    return parts


def _ranges(ranges: Sequence[tuple[int, int]]) -> str:
    bodies = (one("UFS_IMAGE_DIMENSION_RANGE", 0x301D, 0x200B, "IUInt32Array", f"{a} 1 {b}") for a, b in ranges)
    return _array("UFS_IMAGE_DIMENSION_RANGES", 0x200A, "UFSImageDimensionRange", bodies)


def _templates() -> str:
    """Blocks of high (1 to 3) and low (0) coefficients."""
    sides = (0, SIDE - 1)
    method = one("UFS_IMAGE_BLOCK_COMPRESSION_METHOD", 0x301D, 0x200F, "IUInt16", "16")
    bodies = (_ranges([sides, sides, (0, 0), (0, 0), kind]) + method for kind in ((1, 3), (0, 0)))
    return _array("UFS_IMAGE_BLOCK_HEADER_TEMPLATES", 0x2009, "UFSImageBlockHeaderTemplate", bodies)


def _clusters(blocks: Sequence[Block]) -> str:
    """Where the blocks of a cluster stand, counted from the cluster's corner; 3 stands for low coefficients."""
    corner = blocks[0].corner(0)
    bodies = []
    for block in blocks:
        x, y = block.corner(0)
        place = f"{x - corner[0]} {y - corner[1]} {block.colour} {block.scale} {3 if block.is_low else 0}"
        bodies.append(
            one("UFS_IMAGE_BLOCK_COORDINATE", 0x301D, 0x200E, "IUInt32Array", place)
            + one("UFS_IMAGE_BLOCK_HEADER_TEMPLATE_ID", 0x301D, 0x2012, "IUInt32", str(int(block.is_low)))
        )
    body = (
        _ranges([(0, 0)] * 5)
        + one("UFS_IMAGE_DIMENSIONS_IN_CLUSTER", 0x301D, 0x2021, "IUInt16Array", "0 1 2 3 4")
        + _array("UFS_IMAGE_BLOCK_HEADERS", 0x200D, "UFSImageBlockHeader", bodies)
    )
    return _array("UFS_IMAGE_CLUSTER_HEADER_TEMPLATES", 0x2016, "UFSImageClusterHeaderTemplate", [body])


def size_of(plan: Recipe) -> tuple[int, int]:
    """Width and height of level 0: what is left of the grid without the wavelet's padding."""
    width, height = ((n * SIDE << plan.levels) - 2 * padding(plan.levels) for n in plan.grid)
    return width, height
