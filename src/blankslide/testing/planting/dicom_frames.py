"""Plants in and around the pixels of DICOM sets: frames, fragments, tables of offsets, labels, and files beside.

Fragments are read and written here as items of four and four bytes; pydicom is asked for headers only.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from blankslide.testing.planting.dicom import Instance, put
from blankslide.testing.planting.sets import Found, Members, blob, secret, sets, telling

if TYPE_CHECKING:
    from random import Random

    from blankslide.testing.planting.pictures import Picture

_PIXELS = 0x7FE00010
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0" + bytes(4)
_SYNTAX = {"jpeg": "1.2.840.10008.1.2.4.50", "jpeg 2000": "1.2.840.10008.1.2.4.90", "raw": "1.2.840.10008.1.2.1"}


def _even(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)


def fragments(value: bytes) -> list[bytes]:
    """Return the items of encapsulated pixels, the table of offsets first."""
    out, at = [], 0
    while at + 8 <= len(value) and value[at : at + 4] == _ITEM:
        size = int.from_bytes(value[at + 4 : at + 8], "little")
        out.append(value[at + 8 : at + 8 + size])
        at += 8 + size
    return out


def encapsulated(items: list[bytes]) -> bytes:
    """Write items as the value of encapsulated pixels; pydicom writes the delimiter."""
    return b"".join(_ITEM + len(item).to_bytes(4, "little") + item for item in map(_even, items))


def _is_encapsulated(data: Any) -> bool:
    return bool(data.file_meta.TransferSyntaxUID.is_encapsulated)


def _set_pixels(data: Any, items: list[bytes]) -> None:
    data[_PIXELS].value = encapsulated(items)
    data[_PIXELS].is_undefined_length = True


@sets("dicom", times=3)
def plant_frame(members: Members, rng: Random) -> Found | None:
    """Beside the pixels of a frame: a comment, a segment, behind its end; or a fragment that no frame needs."""
    one, hidden = Instance(members, rng), secret(rng)
    if not _is_encapsulated(one.data):
        return None
    items = fragments(one.data.PixelData)
    number, raw = rng.randrange(1, len(items)), hidden.raw
    how = rng.choice(
        ("comment", "segment", "behind the end", "behind the end", "fragment", "first fragment", "offsets")
    )
    old = items[number]
    if how in ("comment", "segment", "behind the end"):
        items[number] = _coded(old, how, raw)
        items[0] = b""
    elif how == "fragment":
        items.append(raw)
    elif how == "first fragment":
        items[0:1] = [b"", raw]
    else:
        items[0] = items[0] + raw
    _set_pixels(one.data, items)
    one.done()
    last = "last" if number == len(items) - 1 else "first" if number == 1 else f"frame {number}"
    return Found(f"frame: {how}", f"{hidden.encoding}, {one.part} {last}", how == "comment", hidden.needles)


def _coded(old: bytes, how: str, raw: bytes) -> bytes:
    if how == "behind the end":
        return old + raw
    size = (len(raw) + 2).to_bytes(2, "big")
    if old[:2] == b"\xff\xd8":
        return old[:2] + (b"\xff\xfe" if how == "comment" else b"\xff\xec") + size + raw + old[2:]
    at = 4 + int.from_bytes(old[4:6], "big")  # JPEG 2000: behind SIZ
    kind = 1 if how == "comment" else 0
    return old[:at] + b"\xff\x64" + (len(raw) + 4).to_bytes(2, "big") + kind.to_bytes(2, "big") + raw + old[at:]


@sets("dicom")
def plant_native(members: Members, rng: Random) -> Found | None:
    """Native pixels that are longer than their frames, or beside tables that native pixels do not need."""
    one, hidden = Instance(members, rng), secret(rng)
    if _is_encapsulated(one.data):
        return None
    how = rng.choice(("behind the frames", "offsets", "one more frame"))
    if how == "offsets":
        put(one.data, 0x7FE00001, "OV", hidden.raw + bytes(-len(hidden.raw) % 8))
    else:
        more = hidden.raw if how == "behind the frames" else hidden.raw.ljust(len(one.data.PixelData), b"\xff")
        one.data[_PIXELS].value = _even(one.data.PixelData + more)
    one.done()
    return Found(f"native pixels: {how}", f"{hidden.encoding}, {one.part}", False, hidden.needles)


@sets("dicom")
def plant_offsets(members: Members, rng: Random) -> Found | None:
    """An extended table of offsets, with more behind it than there are frames."""
    one, hidden = Instance(members, rng), secret(rng)
    if not _is_encapsulated(one.data):
        return None
    items = fragments(one.data.PixelData)
    items[0] = b""
    places, at = [], 0
    for item in map(_even, items[1:]):
        places.append(at)
        at += 8 + len(item)
    sizes = [len(item) for item in items[1:]]
    how = rng.choice(("places", "lengths"))
    raw = hidden.raw + bytes(-len(hidden.raw) % 8)
    put(one.data, 0x7FE00001, "OV", struct.pack(f"<{len(places)}Q", *places) + raw * (how == "places"))
    put(one.data, 0x7FE00002, "OV", struct.pack(f"<{len(sizes)}Q", *sizes) + raw * (how == "lengths"))
    _set_pixels(one.data, items)
    one.done()
    return Found(f"extended offsets: {how}", f"{hidden.encoding}, {one.part}", False, hidden.needles)


@sets("dicom", times=2)
def plant_behind(members: Members, rng: Random) -> Found | None:
    """Behind the pixels: padding, signatures, private elements, unknown ones; behind the end of the file."""
    one, hidden = Instance(members, rng), secret(rng)
    tags = {"padding": (0xFFFCFFFC, "OB"), "an unknown element": (0xEFF20010, "LO"), "private": (0x7FE11010, "OB")}
    tags |= {"more pixels": (0x7FE00008, "OF"), "signature": (0, "")}
    how = rng.choice((*tags, "behind the end", "behind the end, as an element", "padding"))
    if how == "behind the end":
        members.files[one.name] += hidden.raw
    elif how == "behind the end, as an element":
        value = _even(hidden.raw)
        members.files[one.name] += struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, len(value)) + value
    elif how == "signature":
        from pydicom.dataset import Dataset

        item = Dataset()
        put(item, 0x04000120, "OB", hidden.raw)
        put(item, 0x04000115, "OB", hidden.raw)
        one.data.add_new(0xFFFAFFFA, "SQ", [item])
        one.done()
    else:
        put(one.data, *tags[how], hidden.raw)
        one.done()
    return Found(f"behind the pixels: {how}", f"{hidden.encoding}, {one.part}", how == "padding", hidden.needles)


@sets("dicom", times=3)
def plant_label(members: Members, rng: Random) -> Found | None:
    """Another label: as a label, under another type, as one more instance, in several frames."""
    from blankslide.testing.planting.pictures import drawn

    one, shown = Instance(members, rng), drawn(rng, rng.choice(sorted(_SYNTAX)))
    name = next((n for n in members.files if n.endswith("_label.dcm")), None)
    if name is None:
        return None
    one.name = name
    one.read()
    data = one.data
    how = rng.choice(
        (
            "label",
            "label",
            "thumbnail",
            "overview",
            "localizer",
            "volume",
            "without a type",
            "one more",
            "another series",
        )
    )
    _picture(data, shown)
    words = {"label": "LABEL", "one more": "LABEL", "another series": "LABEL"}
    if how == "without a type":
        del data.ImageType
    else:
        flavour = words.get(how, how.upper())
        data.ImageType = ["DERIVED", "PRIMARY", flavour, "NONE"]
    if how in ("one more", "another series"):
        uid = f"1.2.276.0.7230010.3.{rng.randrange(10**9)}.{rng.randrange(10**9)}"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = uid
        if how == "another series":
            data.SeriesInstanceUID = uid + ".1"
        one.name = name.replace("_label", "_label2")
    one.done()
    return Found(f"label: {how}", f"picture {shown.codec}", how == "label", telling(shown))


def _picture(data: Any, shown: Picture) -> None:
    """Let an instance show a coded picture."""
    data.file_meta.TransferSyntaxUID = _SYNTAX[shown.codec]
    data.Columns, data.Rows, data.NumberOfFrames, data.SamplesPerPixel = shown.width, shown.height, "1", 3
    data.TotalPixelMatrixColumns, data.TotalPixelMatrixRows = shown.width, shown.height
    data.PhotometricInterpretation = {"raw": "RGB", "jpeg": "YBR_FULL_422", "jpeg 2000": "YBR_RCT"}[shown.codec]
    data.LossyImageCompression = "01" if shown.codec == "jpeg" else "00"
    if shown.codec == "raw":
        data[_PIXELS].value = _even(shown.stream)
        data[_PIXELS].is_undefined_length = False
    else:
        _set_pixels(data, [b"", shown.stream])
    data[_PIXELS].VR = "OB"


@sets("dicom", times=2)
def plant_beside(members: Members, rng: Random) -> Found | None:
    """Files in the set's folder: notes, pictures, an index of the medium, a report; called like the set or not."""
    stream, kind, needles = blob(rng)
    hidden = secret(rng, plain=True)
    stem = members.own
    report, notes = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.91.1"
    names = {
        f"{stem}.txt": hidden.raw, f"{stem}.xml": b"<a>" + hidden.raw + b"</a>", f"{stem}_macro.png": stream,
        "DICOMDIR": _medium(members, hidden.raw), "report.dcm": _report(members, hidden.raw, report),
        "annotations.dcm": _report(members, hidden.raw, notes),
        f"{stem}.json": b'{"patient": "' + hidden.raw + b'"}',
        f"{stem}.dcm.bak": members.files[members.main] + hidden.raw,
    }  # fmt: skip
    name = rng.choice(sorted(names))
    members.files[name] = names[name]
    pictured = names[name] is stream
    usual = name in ("DICOMDIR",)
    shown = name.replace(stem, "SLIDE")
    return Found(
        f"beside: {shown}", kind if pictured else hidden.encoding, usual, needles if pictured else hidden.needles, name
    )


def _file(data: Any, sop_class: str) -> bytes:
    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import dcmwrite

    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = sop_class
    data.file_meta.MediaStorageSOPInstanceUID = "1.2.276.0.7230010.3.77.1"
    data.file_meta.TransferSyntaxUID = _SYNTAX["raw"]
    out = io.BytesIO()
    dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


def _report(members: Members, raw: bytes, sop_class: str) -> bytes:
    import pydicom
    from pydicom.dataset import Dataset

    slide = pydicom.dcmread(io.BytesIO(members.files[members.main]), stop_before_pixels=True)
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = sop_class, "1.2.276.0.7230010.3.77.1"
    data.StudyInstanceUID, data.SeriesInstanceUID = slide.StudyInstanceUID, "1.2.276.0.7230010.3.77"
    data.Modality = "SR" if sop_class.endswith("88.33") else "ANN"
    put(data, 0x00100010, "PN", raw)
    put(data, 0x0040A160, "UT", raw)
    return _file(data, sop_class)


def _medium(members: Members, raw: bytes) -> bytes:
    import pydicom
    from pydicom.dataset import Dataset

    slide = pydicom.dcmread(io.BytesIO(members.files[members.main]), stop_before_pixels=True)
    records = []
    for kind in ("PATIENT", "STUDY", "SERIES", "IMAGE"):
        item = Dataset()
        item.OffsetOfTheNextDirectoryRecord = item.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        item.RecordInUseFlag, item.DirectoryRecordType = 0xFFFF, kind
        if kind == "PATIENT":
            put(item, 0x00100010, "PN", raw)
            put(item, 0x00100020, "LO", raw)
        if kind == "STUDY":
            item.StudyInstanceUID = slide.StudyInstanceUID
        if kind == "SERIES":
            item.SeriesInstanceUID = slide.SeriesInstanceUID
        if kind == "IMAGE":
            put(item, 0x00041500, "CS", members.main.encode())
            item.ReferencedSOPClassUIDInFile, item.ReferencedSOPInstanceUIDInFile = (
                slide.SOPClassUID,
                slide.SOPInstanceUID,
            )
        records.append(item)
    data = Dataset()
    data.FileSetID = "SLIDES"
    data.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    data.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    data.FileSetConsistencyFlag = 0
    data.DirectoryRecordSequence = records
    return _file(data, "1.2.840.10008.1.3.10")
