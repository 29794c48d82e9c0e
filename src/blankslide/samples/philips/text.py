"""The DPUfsImport XML of Philips samples, as IntelliSite writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from blankslide.samples.kit.spots import Spot, Text, fill

if TYPE_CHECKING:
    from blankslide.samples.kit.patients import Patient
    from blankslide.samples.philips.tiff_recipe import Recipe

_TYPES = {"level": "WSI", "label": "LABELIMAGE", "macro": "MACROIMAGE"}
FINDINGS = {
    "time": "philips.xml.dicom-acquisition-datetime",
    "serial": "philips.xml.dicom-device-serial-number",
    "calibrated": "philips.xml.dicom-date-of-last-calibration",
    "calibrated_time": "philips.xml.dicom-time-of-last-calibration",
    "operator": "philips.xml.piim-dp-scanner-operator-id",
    "rack": "philips.xml.piim-dp-scanner-rack-number",
    "slot": "philips.xml.piim-dp-scanner-slot-number",
    "barcode": "philips.xml.pim-dp-ufs-barcode",
    "source": "philips.xml.dicom-derivation-description",
    "file": "philips.xml.pim-dp-source-file",
    "hospital": "philips.xml.dp-hospital-code.text",
    "doctor": "philips.xml.dp-referrer.text",
    "comment": "philips.xml.comment",
}
"""Name of a spot -> finding id."""


def spots_of(patient: Patient, changes: Mapping[str, str]) -> dict[str, Spot]:
    """Return what is planted, with some values changed."""
    values = {
        "time": f"{patient.scanned:%Y%m%d%H%M%S}.000000",
        "serial": patient.scanner,
        "calibrated": f"{patient.scanned:%Y%m%d}",
        "calibrated_time": f"{patient.scanned:%H%M%S}",
        "operator": patient.login,
        "rack": "7",
        "slot": "3",
        "barcode": f"{patient.accession}|{patient.block}",
        "source": f"{patient.case} - {patient.scanned:%Y-%m-%d %H.%M}.ndpi",
        "file": f"\\\\{patient.host}\\{patient.mrn}.isyntax",
        "hospital": patient.institution,
        "doctor": patient.physician,
        "comment": f"sent to {patient.physician}",
        **changes,
    }
    return {name: Spot(finding, values[name], name == "barcode") for name, finding in FINDINGS.items()}


def _one(name: str, kind: str, text: str, tag: str = "0x301D") -> str:
    return f'\t<Attribute Name="{name}" Group="{tag}" Element="0x1001" PMSVR="{kind}">{text}</Attribute>\n'


def compose(plan: Recipe, coded: Mapping[str, str]) -> Text:
    """Compose the document.

    Parameters
    ----------
    plan
        The slide's recipe.
    coded
        Role -> base64 of its picture; other pictures have no object.
    """
    wanted = [role for role in plan.objects if role == "level" or role in coded]
    images = "".join(_scanned(plan, role) for role in wanted)
    versions, serial = "&quot;1.8.6824&quot; &quot;4.0.3&quot;", "&quot;{{calibrated}}&quot;"
    template = (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<DataObject ObjectType="DPUfsImport">\n'
        + _one("DICOM_MANUFACTURER", "IString", "PHILIPS", "0x0008")
        + _one("DICOM_ACQUISITION_DATETIME", "IString", "{{time}}", "0x0008")
        + _one("DICOM_DEVICE_SERIAL_NUMBER", "IString", "{{serial}}", "0x0018")
        + _one("DICOM_SOFTWARE_VERSIONS", "IStringArray", versions, "0x0018")
        + _one("DICOM_DATE_OF_LAST_CALIBRATION", "IStringArray", serial, "0x0018")
        + _one("DICOM_TIME_OF_LAST_CALIBRATION", "IStringArray", "&quot;{{calibrated_time}}&quot;", "0x0018")
        + _one("PIIM_DP_SCANNER_OPERATOR_ID", "IString", "{{operator}}", "0x101D")
        + _one("PIIM_DP_SCANNER_RACK_NUMBER", "IUInt16", "{{rack}}", "0x101D")
        + _one("PIIM_DP_SCANNER_SLOT_NUMBER", "IUInt16", "{{slot}}", "0x101D")
        + _one("DP_HOSPITAL_CODE", "IString", "{{hospital}}")
        + _one("DP_REFERRER", "IString", "{{doctor}}")
        + "\t<!-- {{comment}} -->\n"
        + _one("PIM_DP_SCANNED_IMAGES", "IDataObjectArray", f"\n\t<Array>\n{images}\t</Array>\n\t")
        + _one("PIM_DP_UFS_BARCODE", "IString", "{{barcode}}")
        + _one("PIM_DP_UFS_INTERFACE_VERSION", "IString", "3.0")
        + "</DataObject>\n"
    )
    pictures = {f"data-{role}": Spot(f"picture.{role}", data) for role, data in coded.items()}
    return fill(template, {**spots_of(plan.patient, plan.values), **pictures})


def _scanned(plan: Recipe, role: str) -> str:
    kind = _one("PIM_DP_IMAGE_TYPE", "IString", _TYPES[role])
    body = _tissue(plan) if role == "level" else _one("PIM_DP_IMAGE_DATA", "IString", f"{{{{data-{role}}}}}")
    parts = body + kind if plan.data_first else kind + body
    return f'\t<DataObject ObjectType="DPScannedImage">\n{parts}\t</DataObject>\n'


def _tissue(plan: Recipe) -> str:
    spacings = [_spacing(plan, factor) for factor in plan.factors]
    levels = "".join(
        '\t<DataObject ObjectType="PixelDataRepresentation">\n'
        + _one("DICOM_PIXEL_SPACING", "IDoubleArray", spacing, "0x0028")
        + _one(
            "PIIM_DP_PIXEL_DATA_REPRESENTATION_POSITION", "IDoubleArray", "&quot;0&quot; &quot;0&quot; &quot;0&quot;"
        )
        + _one("PIIM_PIXEL_DATA_REPRESENTATION_COLUMNS", "IUInt32", str(plan.size[0] // plan.factors[i]))
        + _one("PIIM_PIXEL_DATA_REPRESENTATION_NUMBER", "IUInt16", str(i))
        + _one("PIIM_PIXEL_DATA_REPRESENTATION_ROWS", "IUInt32", str(plan.size[1] // plan.factors[i]))
        + "\t</DataObject>\n"
        for i, spacing in enumerate(spacings)
    )
    derivation = "tiff-useBigTIFF=1-useRgb=0-levels=10003,10002,10000,10001-processing=0-q80-"
    derivation += "sourceFilename=&quot;{{source}}&quot;"
    return (
        _one("DICOM_DERIVATION_DESCRIPTION", "IString", derivation, "0x0008")
        + _one("DICOM_LOSSY_IMAGE_COMPRESSION_METHOD", "IStringArray", "&quot;PHILIPS_TIFF_1_0&quot;", "0x0028")
        + _one("DICOM_PHOTOMETRIC_INTERPRETATION", "IString", "RGB", "0x0028")
        + _one("DICOM_PIXEL_SPACING", "IDoubleArray", spacings[0], "0x0028")
        + _one("PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE", "IDataObjectArray", f"\n\t<Array>\n{levels}\t</Array>\n\t")
        + _one("PIM_DP_SOURCE_FILE", "IString", "{{file}}")
    )


def _spacing(plan: Recipe, factor: int) -> str:
    """Row and column spacing in millimetres."""
    across, down = (round(side * factor / 1000, 9) for side in plan.mpp)
    return f"&quot;{down:.9f}&quot; &quot;{across:.9f}&quot;"
