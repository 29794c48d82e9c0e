"""DICOM slides with invented patients: ``dicom-wsi.dcm``, ``dicom-native.dcm``, ``dicom-implicit.dcm``.

As converters write them: one file for each resolution and picture, in one folder, held together
by their Series Instance UID; the file of the full resolution is the slide, the others are named
after it. Tiles are JPEG frames, or native ones. The patient stands in every file: patient and
study modules, specimen with its preparation, private blocks, label text and barcode. Series of
two sets never share a UID, so sets may stand in one folder.

pydicom writes them, so the readers of Blankslide are tested on files that they did not make.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Removed, tiles_digest
from blankslide.samples.kit.patients import Patient, invent

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"
_JPEG, _JPEG_2000 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.91"
_EXPLICIT, _IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_ROOT = "1.2.826.0.1.3680043.10.1496"
_MPP = 0.25
_PRIVATE = ((0x00091001, "LO"), (0x00091002, "UT"), (0x00091003, "SH"))


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one set.

    Attributes
    ----------
    size, tile, factors
        Pixels of the full resolution and of a tile; how much smaller each level is.
    label_size, macro_size
        Pixels of the two pictures.
    native, jpeg_2000, implicit
        Frames without codec, or in another one; data set without value representations (then native as well).
    undefined
        Whether sequences and items are written with undefined lengths.
    fragments
        Into how many fragments the label's frame is cut.
    """

    patient: Patient
    size: tuple[int, int] = (1000, 720)
    tile: int = 256
    factors: tuple[int, ...] = (1, 2, 4)
    label_size: tuple[int, int] = (387, 463)
    macro_size: tuple[int, int] = (600, 204)
    thumbnail: bool = True
    native: bool = False
    jpeg_2000: bool = False
    implicit: bool = False
    undefined: bool = False
    fragments: int = 1
    seed: int = 9


def build_dicom(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one set and return its answer key.

    Parameters
    ----------
    path
        The file of the full resolution; the others are written beside it.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.

    Raises
    ------
    TypeError
        If an override is no field of the recipe.
    """
    plan = replace(Recipe(patient or invent(9)), **overrides)
    pictures = _pictures(plan)
    files = {}
    for number, (ending, flavour, picture) in enumerate(pictures):
        name = path.name if not ending else f"{path.stem}{ending}{path.suffix}"
        files[name] = _Writer(plan, number, flavour, picture).written()
    for name, data in files.items():
        path.with_name(name).write_bytes(data)
    return _key(path, plan, files)


def _pictures(plan: Recipe) -> list[tuple[str, str, Image]]:
    """Return file name ending, flavour and pixels of each instance."""
    from blankslide.samples.kit.drawing import label, macro, tissue

    scene = tissue(*plan.size, plan.seed)
    out = []
    for level, factor in enumerate(plan.factors):
        small = scene.resize((plan.size[0] // factor, plan.size[1] // factor)) if factor > 1 else scene
        out.append((f"_{level}" if level else "", "VOLUME", small))
    out.append(("_label", "LABEL", label(plan.patient, plan.label_size, plan.seed)))
    out.append(("_overview", "OVERVIEW", macro(plan.patient, plan.macro_size, plan.seed)))
    if plan.thumbnail:
        out.append(("_thumbnail", "THUMBNAIL", scene.resize((200, 200 * plan.size[1] // plan.size[0]))))
    return out


class _Writer:
    """One instance."""

    def __init__(self, plan: Recipe, number: int, flavour: str, picture: Image) -> None:
        self.plan, self.number, self.flavour, self.picture = plan, number, flavour, picture
        self.native = plan.native or plan.implicit
        self.tile = plan.tile if flavour == "VOLUME" else 0

    def uid(self, what: str) -> str:
        """UIDs of 60 and more characters, as toolkits make them."""
        import hashlib

        number = int.from_bytes(hashlib.sha256(f"{self.plan.patient.token}/{what}".encode()).digest()[:14], "big")
        return f"{_ROOT}.{number:034d}"[:64].replace(".0", ".1")

    def written(self) -> bytes:
        """Write the file."""
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.filewriter import dcmwrite
        from pydicom.uid import UID

        data = Dataset()
        meta = data.file_meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = UID(_CLASS)
        meta.MediaStorageSOPInstanceUID = UID(self.uid(f"instance {self.number}"))
        meta.TransferSyntaxUID = UID(self._syntax())
        meta.ImplementationVersionName = "PYDICOM"
        meta.SourceApplicationEntityTitle = self.plan.patient.host[:16]
        self._patient(data)
        self._equipment(data)
        self._geometry(data)
        self._specimen(data)
        self._private(data)
        self._pixels(data)
        if self.plan.undefined:
            _undefine(data)
        out = io.BytesIO()
        dcmwrite(out, data, enforce_file_format=True)
        return out.getvalue()

    def _syntax(self) -> str:
        if self.native:
            return _IMPLICIT if self.plan.implicit else _EXPLICIT
        return _JPEG_2000 if self.plan.jpeg_2000 else _JPEG

    def _patient(self, d: Any) -> None:
        p = self.plan.patient
        d.SpecificCharacterSet = "ISO_IR 192"
        d.SOPClassUID, d.SOPInstanceUID = _CLASS, self.uid(f"instance {self.number}")
        d.StudyInstanceUID, d.SeriesInstanceUID = self.uid("study"), self.uid("series")
        d.PatientName, d.PatientID = f"{p.family}^{p.given}", p.mrn
        d.PatientBirthDate, d.PatientSex, d.PatientAge = f"{p.birth_date:%Y%m%d}", p.sex, "071Y"
        d.OtherPatientIDs, d.PatientComments = p.case, f"seen by {p.physician}"
        d.StudyDate = d.SeriesDate = d.ContentDate = f"{p.scanned:%Y%m%d}"
        d.StudyTime = d.ContentTime = f"{p.scanned:%H%M%S}"
        d.AcquisitionDateTime = f"{p.scanned:%Y%m%d%H%M%S}"
        d.AccessionNumber, d.StudyID = p.accession, p.accession
        d.ReferringPhysicianName, d.OperatorsName = p.physician, p.login
        d.InstitutionName, d.InstitutionalDepartmentName = p.institution, "Abteilung für Pathologie"
        d.StudyDescription, d.SeriesDescription = f"{p.specimen} of {p.family}", p.case
        d.ImageComments = f"rescan of {p.case}, {p.name}"

    def _equipment(self, d: Any) -> None:
        p = self.plan.patient
        d.Manufacturer, d.ManufacturerModelName = "Hamamatsu", "NanoZoomer S360"
        d.DeviceSerialNumber, d.SoftwareVersions, d.StationName = p.scanner, "1.2.3", p.host
        d.Modality, d.VolumetricProperties = "SM", "VOLUME"
        d.ImageType = ["ORIGINAL" if self.number == 0 else "DERIVED", "PRIMARY", self.flavour, "NONE"]
        d.BurnedInAnnotation = "YES" if self.flavour in ("LABEL", "OVERVIEW") else "NO"
        d.SpecimenLabelInImage = d.BurnedInAnnotation
        if self.flavour == "LABEL":
            d.LabelText, d.BarcodeValue = f"{p.name} {p.case}", p.case

    def _geometry(self, d: Any) -> None:
        width, height = self.picture.size
        frame = (self.tile, self.tile) if self.tile else (width, height)
        d.InstanceNumber, d.SeriesNumber = str(self.number + 1), "1"
        d.FrameOfReferenceUID, d.PositionReferenceIndicator = self.uid("frame of reference"), "SLIDE_CORNER"
        d.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=self.uid("dimensions"))]
        d.DimensionOrganizationType = "TILED_FULL"
        d.SamplesPerPixel, d.PlanarConfiguration = 3, 0
        d.PhotometricInterpretation = "RGB" if self.native or self.plan.jpeg_2000 else "YBR_FULL_422"
        d.NumberOfFrames = str(-(-width // frame[0]) * -(-height // frame[1]))
        d.Columns, d.Rows = frame
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 8, 8, 7, 0
        d.LossyImageCompression = "00" if self.native else "01"
        if not self.native:
            d.LossyImageCompressionRatio, d.LossyImageCompressionMethod = (
                "10",
                "ISO_15444_1" if self.plan.jpeg_2000 else "ISO_10918_1",
            )
        d.TotalPixelMatrixColumns, d.TotalPixelMatrixRows = width, height
        d.TotalPixelMatrixFocalPlanes, d.NumberOfOpticalPaths = 1, 1
        d.ImagedVolumeWidth, d.ImagedVolumeHeight, d.ImagedVolumeDepth = 0.25, 0.18, 0.005
        origin = {"XOffsetInSlideCoordinateSystem": "20", "YOffsetInSlideCoordinateSystem": "5"}
        d.TotalPixelMatrixOriginSequence = [_item(**origin)]
        d.ImageOrientationSlide = ["0", "-1", "0", "-1", "0", "0"]
        d.FocusMethod, d.ExtendedDepthOfField = "AUTO", "NO"
        spacing = f"{_MPP / 1000 * self.plan.size[0] / width:.8f}"
        measures = _item(SliceThickness="0.005", PixelSpacing=[spacing, spacing])
        kind = _item(FrameType=list(d.ImageType))
        d.SharedFunctionalGroupsSequence = [
            _item(PixelMeasuresSequence=[measures], WholeSlideMicroscopyImageFrameTypeSequence=[kind])
        ]
        d.OpticalPathSequence = [
            _item(
                OpticalPathIdentifier="1",
                IlluminationTypeCodeSequence=[_code("111744", "DCM", "Brightfield illumination")],
                IlluminationColorCodeSequence=[_code("414298005", "SCT", "Full Spectrum")],
                ICCProfile=_profile(),
                ObjectiveLensPower="40",
            )
        ]

    def _specimen(self, d: Any) -> None:
        p = self.plan.patient
        step = _item(ValueType="TEXT", ConceptNameCodeSequence=[_code("121041", "DCM", "Specimen Identifier")])
        step.TextValue = f"{p.case} cut by {p.login}"
        specimen = _item(
            SpecimenIdentifier=f"{p.case}-1",
            SpecimenUID=self.uid("specimen"),
            IssuerOfTheSpecimenIdentifierSequence=[_item(LocalNamespaceEntityID=p.institution)],
            SpecimenShortDescription=p.specimen,
            SpecimenDetailedDescription=f"{p.specimen}, {p.name}",
            SpecimenPreparationSequence=[_item(SpecimenPreparationStepContentItemSequence=[step])],
        )
        d.ContainerIdentifier, d.SpecimenDescriptionSequence = p.case, [specimen]
        d.IssuerOfTheContainerIdentifierSequence = [_item(LocalNamespaceEntityID=p.institution)]
        d.ContainerTypeCodeSequence = [_code("433466003", "SCT", "Microscope slide")]
        d.AcquisitionContextSequence = []

    def _private(self, d: Any) -> None:
        p = self.plan.patient
        block = d.private_block(0x0009, "NOWHERE SCANNERS 1", create=True)
        for (tag, vr), value in zip(_PRIVATE, (f"ordered by {p.physician}", f"bed of {p.name}", p.mrn), strict=True):
            block.add_new(tag & 0xFF, vr, value)

    def _pixels(self, d: Any) -> None:
        frames = [self._coded(f) for f in self._frames()]
        if self.native:
            data = b"".join(frames)
            d.PixelData = data + bytes(len(data) % 2)
            d["PixelData"].VR = "OW" if self.plan.implicit else "OB"
            return
        from pydicom.encaps import encapsulate

        pieces = self.plan.fragments if self.flavour == "LABEL" else 1
        d.PixelData = encapsulate(frames, fragments_per_frame=pieces)
        d["PixelData"].VR = "OB"
        d["PixelData"].is_undefined_length = True

    def _frames(self) -> list[Image]:
        if not self.tile:
            return [self.picture]
        width, height = self.picture.size
        corners = [(x, y) for y in range(0, height, self.tile) for x in range(0, width, self.tile)]
        return [self.picture.crop((x, y, x + self.tile, y + self.tile)) for x, y in corners]

    def _coded(self, frame: Image) -> bytes:
        if self.native:
            return frame.tobytes()
        if self.plan.jpeg_2000:
            from blankslide.samples.kit.codecs import jpeg_2000

            return jpeg_2000(frame, ycc=False)
        out = io.BytesIO()
        frame.save(out, "JPEG", quality=80, subsampling="4:2:2")
        return out.getvalue()


def _item(**values: Any) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _code(value: str, scheme: str, meaning: str) -> Any:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _profile() -> bytes:
    from PIL import ImageCms

    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[24:36] = bytes((7, 229, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7))  # a date that is the same in every run
    data[84:100] = bytes(16)
    return bytes(data) + bytes(len(data) % 2)


def _undefine(data: Any) -> None:
    for element in data:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _undefine(item)


# -- answer key --------------------------------------------------------------------------


def _values(plan: Recipe) -> dict[str, str]:
    """Planted texts of every file, by finding."""
    p = plan.patient
    return {
        "dicom.patient-name": f"{p.family}^{p.given}",
        "dicom.patient-id": p.mrn,
        "dicom.patient-birth-date": f"{p.birth_date:%Y%m%d}",
        "dicom.patient-comments": f"seen by {p.physician}",
        "dicom.acquisition-date-time": f"{p.scanned:%Y%m%d%H%M%S}",
        "dicom.accession-number": p.accession,
        "dicom.referring-physician-name": p.physician,
        "dicom.operators-name": p.login,
        "dicom.institution-name": p.institution,
        "dicom.institutional-department-name": "Abteilung für Pathologie",
        "dicom.study-description": f"{p.specimen} of {p.family}",
        "dicom.image-comments": f"rescan of {p.case}, {p.name}",
        "dicom.device-serial-number": p.scanner,
        "dicom.container-identifier": p.case,
        "dicom.specimen-identifier": f"{p.case}-1",
        "dicom.specimen-preparation-sequence": f"{p.case} cut by {p.login}",
        "dicom.specimen-detailed-description": f"{p.specimen}, {p.name}",
        "dicom.source-application-entity-title": p.host[:16],
        "dicom.private-00091001": f"ordered by {p.physician}",
        "dicom.private-00091002": f"bed of {p.name}",
        "dicom.private-00091003": p.mrn,
    }


def _key(path: Path, plan: Recipe, files: dict[str, bytes]) -> Planted:
    removed = []
    for id_, value in _values(plan).items():
        at = _place(id_, value.encode(), files[path.name])
        removed.append(Removed(id_, value, "utf-8", ((at, len(value.encode())),)))
    stem, suffix = path.stem, path.suffix
    label, overview = f"{stem}_label{suffix}", f"{stem}_overview{suffix}"
    text = f"{plan.patient.name} {plan.patient.case}"
    at = files[label].find(text.encode())
    removed.append(Removed("dicom.label-text", text, "utf-8", ((at, len(text.encode())),), label))
    from blankslide.samples.kit.drawing import label_lines

    words = (*label_lines(plan.patient), plan.patient.accession)
    pictures = []
    for role, name, size in (("label", label, plan.label_size), ("macro", overview, plan.macro_size)):
        span = (_frames_start(files[name]), 64)
        removed.append(Removed(f"picture.{role}", "", "picture", (span,), name))
        pictures.append(Picture(role, 0, *size, (span,), words, name))
    if plan.thumbnail:
        name = f"{stem}_thumbnail{suffix}"
        small = (200, 200 * plan.size[1] // plan.size[0])
        pictures.append(Picture("thumbnail", 0, *small, ((_frames_start(files[name]), 64),), (), name))
    kept = [Kept("openslide.objective-power", "40"), Kept("openslide.mpp-x", "0.25")]
    for i, factor in enumerate(plan.factors):
        kept.append(Kept(f"openslide.level[{i}].width", str(plan.size[0] // factor)))
        kept.append(Kept(f"openslide.level[{i}].height", str(plan.size[1] // factor)))
    levels = [path.name, *(f"{stem}_{i}{suffix}" for i in range(1, len(plan.factors)))]
    tiles = tuple(tiles_digest([files[n][_frames_start(files[n]) :]]) for n in levels)
    return Planted(path.name, "dicom", tuple(removed), tuple(kept), tuple(pictures), tiles)


def _place(id_: str, value: bytes, data: bytes) -> int:
    """Where the attribute's own copy stands: others may hold the same words."""
    tags = {
        "dicom.patient-id": b"\x10\x00\x20\x00", "dicom.accession-number": b"\x08\x00\x50\x00",
        "dicom.container-identifier": b"\x40\x00\x12\x05", "dicom.operators-name": b"\x08\x00\x70\x10",
        "dicom.private-00091003": b"\x09\x00\x03\x10", "dicom.referring-physician-name": b"\x08\x00\x90\x00",
        "dicom.specimen-identifier": b"\x40\x00\x51\x05", "dicom.institution-name": b"\x08\x00\x80\x00",
        "dicom.patient-birth-date": b"\x10\x00\x30\x00", "dicom.acquisition-date-time": b"\x08\x00\x2a\x00",
        "dicom.specimen-preparation-sequence": b"\x40\x00\x10\x06",
        "dicom.specimen-detailed-description": b"\x40\x00\x02\x06",
    }  # fmt: skip
    return data.find(value, data.find(tags[id_]) if id_ in tags else 0)


def _frames_start(data: bytes) -> int:
    """Where the pixels begin: some way behind the head of their element."""
    return data.rfind(b"\xe0\x7f\x10\x00", 0, data.find(b"\xe0\x7f\x10\x00") + 4) + 600


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    "dicom-wsi.dcm": build_dicom,
    "dicom-native.dcm": partial(build_dicom, native=True, size=(480, 360), factors=(1, 2), patient=invent(10)),
    "dicom-implicit.dcm": partial(build_dicom, implicit=True, size=(480, 360), factors=(1, 2), patient=invent(11)),
}
