"""Plant in XML: in values of fields that formats know, and in everything else that XML can hold."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from blankslide.testing.planting.core import Plant, format_of, planter
from blankslide.testing.planting.invented import NARROW, Value, anything, day, epoch, filetime, ole, person, plain
from blankslide.testing.planting.pictures import drawn
from blankslide.testing.planting.tiff_kit import Text, done, escaped, retold, texts
from blankslide.testing.planting.tiff_patch import Tiff

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

ATTRIBUTES = (
    rb"UserName LastName Institution SerialNumber SlideAnnotation Barcode1D Barcode2D HospitalCode UnitNumber BaseName"
    rb" JP2FileName login ward SiteRecord"
).split()
ELEMENTS = (
    rb"barcode Barcode SlideID ComputerName OperatorName SampleDescription Operator Scanner Ward AcquisitionDate"
    rb" AcquisitionTime creationDate Description LabRecord hospitalNote caller WardNote Remark"
).split()
NAMED = (
    rb"PIIM_DP_SCANNER_OPERATOR_ID DP_HOSPITAL_CODE DP_REFERRER DICOM_DEVICE_SERIAL_NUMBER DICOM_ACQUISITION_DATETIME"
    rb" PIM_DP_UFS_BARCODE"
).split()
WORDS = ("Bemerkung", "WardRemark", "Anforderer", "extraInfo", "LisField", "note2", "Zusatz")


def markup(tiff: Tiff, random: Random) -> Text | None:
    """Choose an XML text."""
    found = [text for text in texts(tiff) if text.markup and _ends(text.text)]
    return random.choice(found) if found else None


def _ends(text: bytes) -> list[int]:
    """Where another child of an element that has children can stand."""
    return [m.start(1) for m in re.finditer(rb">\s*(</[\w:.]+>)", text)]


def _heads(text: bytes) -> list[int]:
    """Where another attribute of an element can stand."""
    return [m.end(1) for m in re.finditer(rb"(<[A-Za-z][\w:.]*)[\s>/]", text)]


def _inserted(text: bytes, places: list[int], new: bytes, random: Random) -> bytes:
    at = random.choice(places)
    return text[:at] + new + text[at:]


def _written(random: Random, value: Value, coded: float = 0.25) -> tuple[str, bytes]:
    """Write a value as XML holds it; now and then coded."""
    if random.random() < coded:
        way = random.choice(NARROW[3:])
        return way, value.written(way)
    return "utf-8", escaped(value.text).encode()


def _child(sample: Path, random: Random, name: str, value: bytes) -> bytes:
    """Write an element as the format has them."""
    form = {
        "philips": '<Attribute Name="{0}" Group="0x301D" Element="0x1001" PMSVR="IString">{1}</Attribute>',
        "generic": '<property><name>{0}</name><value type="VipsRefString">{1}</value></property>',
        "ome": '<XMLAnnotation ID="Annotation:77" Namespace="openmicroscopy.org/OriginalMetadata"><Value>'
        "<OriginalMetadata><Key>{0}</Key><Value>{1}</Value></OriginalMetadata></Value></XMLAnnotation>",
    }.get(format_of(sample), "<{0}>{1}</{0}>")
    return form.format(name, "\0").encode().replace(b"\0", value)


def _place(sample: Path, text: bytes) -> list[int]:
    """Where such an element stands in the format."""
    end = {"generic": b"</properties>", "ome": b"</StructuredAnnotations>"}.get(format_of(sample))
    if format_of(sample) == "philips":
        return [m.end() for m in re.finditer(rb"<DataObject [^>]*>", text)]
    return [text.index(end)] if end and end in text else _ends(text)


@planter("tiff")
def plant_known_xml(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in an attribute or element that the format knows."""
    tiff, value = Tiff.read(sample), anything(random)
    text = markup(tiff, random)
    if text is None:
        return None
    values = [rb"\b(?:%s)=[\"']([^\"']*)" % b"|".join(ATTRIBUTES), rb"<(?:%s)>([^<]+)<" % b"|".join(ELEMENTS)]
    values += [rb'Name="(?:%s)"[^>]*>([^<]+)<' % b"|".join(NAMED), rb'VipsRefString">([^<]+)<']
    spans = [m.span(1) for form in values for m in re.finditer(form, text.text)]
    if not spans:
        return None
    encoding, data = _written(random, value)
    start, end = random.choice(spans)
    retold(tiff, text, text.text[:start] + data + text.text[end:])
    return done(tiff, sample, target, "XML: known field", f"{value.kind}, {encoding}", value.needles(), ordinary=True)


@planter("tiff")
def plant_element(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in an element that nobody knows, written as the format writes elements."""
    tiff, value = Tiff.read(sample), anything(random)
    text = markup(tiff, random)
    if text is None or not _place(sample, text.text):
        return None
    encoding, data = _written(random, value)
    new = _child(sample, random, random.choice(WORDS), data)
    retold(tiff, text, _inserted(text.text, _place(sample, text.text), new, random))
    return done(tiff, sample, target, "XML: element", f"{value.kind}, {encoding}", value.needles(), ordinary=True)


@planter("tiff")
def plant_attribute(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in an attribute that nobody knows; OME's and vips' schemas have no such thing."""
    tiff, value = Tiff.read(sample), anything(random)
    text = markup(tiff, random)
    if text is None:
        return None
    encoding, data = _written(random, value)
    new = b' %s="%s"' % (random.choice(WORDS).encode(), data)
    retold(tiff, text, _inserted(text.text, _heads(text.text), new, random))
    usual = format_of(sample) not in ("ome", "generic", "philips")
    return done(tiff, sample, target, "XML: attribute", f"{value.kind}, {encoding}", value.needles(), ordinary=usual)


@planter("tiff")
def plant_counted(sample: Path, target: Path, random: Random) -> Plant | None:
    """A moment as a count, in an element that nobody knows."""
    tiff, when = Tiff.read(sample), day(random)
    text = markup(tiff, random)
    if text is None or not _place(sample, text.text):
        return None
    counts = {"FILETIME": str(filetime(when)), "OLE": f"{ole(when):.4f}", "epoch": str(epoch(when))}
    kind = random.choice(sorted(counts))
    name = random.choice(("ScanTicks", "Started", "calibrated", "Stamp"))
    new = _child(sample, random, name, counts[kind].encode())
    retold(tiff, text, _inserted(text.text, _place(sample, text.text), new, random))
    return done(tiff, sample, target, "XML: counted moment", kind, (counts[kind].encode(),), ordinary=True)


@planter("tiff")
def plant_comment(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in a comment, anywhere."""
    return _inside(sample, target, random, "XML: comment", b"<!-- for %s -->", ordinary=True)


@planter("tiff")
def plant_instruction(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in a processing instruction."""
    return _inside(sample, target, random, "XML: instruction", b"<?lis %s?>", ordinary=False)


@planter("tiff")
def plant_cdata(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in an unparsed section of an element."""
    return _inside(sample, target, random, "XML: CDATA", b"<Zusatz><![CDATA[%s]]></Zusatz>", ordinary=False)


@planter("tiff")
def plant_mixed(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value between two elements."""
    return _inside(sample, target, random, "XML: between elements", b"%s", ordinary=False)


@planter("tiff")
def plant_behind_root(sample: Path, target: Path, random: Random) -> Plant | None:
    """A comment behind the last element."""
    tiff, value = Tiff.read(sample), anything(random)
    text = markup(tiff, random)
    if text is None:
        return None
    retold(tiff, text, text.text + b"\n<!-- " + escaped(value.text).encode().replace(b"--", b"- ") + b" -->")
    return done(tiff, sample, target, "XML: behind the root", value.kind, value.needles(), ordinary=False)


def _inside(sample: Path, target: Path, random: Random, where: str, form: bytes, *, ordinary: bool) -> Plant | None:
    tiff, value = Tiff.read(sample), anything(random)
    text = markup(tiff, random)
    if text is None:
        return None
    encoding, data = _written(random, value, 0.1)
    retold(tiff, text, _inserted(text.text, _ends(text.text), form % data.replace(b"--", b"- "), random))
    return done(tiff, sample, target, where, f"{value.kind}, {encoding}", value.needles(), ordinary=ordinary)


@planter("tiff")
def plant_name(sample: Path, target: Path, random: Random) -> Plant | None:
    """A person's name as the name of an element, of an attribute, of a prefix or of a namespace."""
    tiff, value = Tiff.read(sample), plain(random)
    text = markup(tiff, random)
    while value.kind != "name":
        value = plain(random)
    if text is None:
        return None
    name = value.parts[-1].encode()
    forms = {
        "element": b"<%s>1</%s>" % (name, name),
        "attribute": b'<Zusatz %s="1"/>' % name,
        "prefix": b'<Zusatz xmlns:%s="urn:x" %s:a="1"/>' % (name, name),
        "namespace": b'<Zusatz xmlns:q="urn:%s"/>' % name,
    }
    kind = random.choice(sorted(forms))
    retold(tiff, text, _inserted(text.text, _ends(text.text), forms[kind], random))
    needles = Value("name", value.parts[-1], value.parts[-1:]).needles()
    return done(tiff, sample, target, "XML: names", kind, needles, ordinary=False)


@planter("tiff")
def plant_split_xml(sample: Path, target: Path, random: Random) -> Plant | None:
    """A name in two elements."""
    tiff, value = Tiff.read(sample), person(random)
    text = markup(tiff, random)
    if text is None or len(value.parts) < 2 or not _place(sample, text.text):
        return None
    keys = random.choice((("Given", "Family"), ("P1", "P2"), ("vorname", "nachname")))
    new = b"".join(_child(sample, random, k, p.encode()) for k, p in zip(keys, value.parts, strict=True))
    retold(tiff, text, _inserted(text.text, _place(sample, text.text), new.replace(b":77", b":78", 1), random))
    return done(tiff, sample, target, "XML: name in two", "utf-8", value.needles(), ordinary=True)


@planter("tiff")
def plant_blob(sample: Path, target: Path, random: Random) -> Plant | None:
    """A picture in base64 in an element."""
    tiff, picture = Tiff.read(sample), drawn(random, random.choice(("jpeg", "png")))
    text = markup(tiff, random)
    if text is None or not _place(sample, text.text):
        return None
    data = base64.b64encode(picture.stream)
    new = _child(sample, random, random.choice(("Label", "Preview", "Photo")), data)
    retold(tiff, text, _inserted(text.text, _place(sample, text.text), new, random))
    middle = len(data) // 2
    return done(
        tiff, sample, target, "XML: picture in base64", picture.codec, (data[middle : middle + 40],), ordinary=True
    )


@planter("tiff")
def plant_any_xml(sample: Path, target: Path, random: Random) -> Plant | None:
    """A value in place of any other: numbers, ids, names of channels, and what readers need."""
    tiff, value = Tiff.read(sample), anything(random)
    text = markup(tiff, random)
    if text is None:
        return None
    forms = (rb"[\w:]=[\"']([^\"'<>]*)[\"']", rb"[\w\"]>([^<>]*\S[^<>]*)</")
    spans = [m.span(1) for form in forms for m in re.finditer(form, text.text)]
    start, end = random.choice(spans)
    encoding, data = _written(random, value)
    kept = text.text[start:end] + b" " if random.random() < 0.3 else b""
    retold(tiff, text, text.text[:start] + kept + data + text.text[end:])
    return done(tiff, sample, target, "XML: any value", f"{value.kind}, {encoding}", value.needles(), ordinary=False)
