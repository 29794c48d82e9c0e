"""The XML of CZI samples: what ZEN says of an Axioscan's slide, with invented values.

The frame of elements is that of real files; everything that an invented person, machine or
moment would leave in it is a spot (see `spots`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.samples.kit.spots import Spot, Text, fill

if TYPE_CHECKING:
    from blankslide.samples.kit.patients import Patient

IDS = {
    "user": "zeiss.xml.displayname",
    "family": "zeiss.xml.lastname",
    "mail": "zeiss.xml.email",
    "login": "zeiss.xml.username",
    "title": "zeiss.xml.title",
    "comment": "zeiss.xml.comment",
    "created": "zeiss.xml.creationdate",
    "acquired": "zeiss.xml.acquisitiondateandtime",
    "started": "zeiss.xml.starttime",
    "barcode": "zeiss.xml.barcode",
    "read": "zeiss.xml.ocr",
    "serial": "zeiss.xml.serialnumber",
    "session": "zeiss.xml.guid",
    "ward": "zeiss.xml.ward.text",
    "bed": "zeiss.xml.image.bed",
    "physician": "zeiss.xml.requestedby.text",
    "channel": "zeiss.xml.long-id",
    "profile": "zeiss.xml.profilename",
    "folder": "zeiss.xml.part.experiment",
    "host": "zeiss.xml.part.hardwaresetting",
    "note": "zeiss.xml.part.layers",
}
"""Name of a spot -> id of its finding."""

_MAIN = """<?xml version="1.0"?>
<ImageDocument>
 <Metadata>
  <Experiment Version="1.1"><AutoSave><StorageFolder>{{folder}}</StorageFolder></AutoSave></Experiment>
  <HardwareSetting><ParameterCollection Id="MTBStand"><ComputerName>{{host}}</ComputerName>\
</ParameterCollection></HardwareSetting>
  <Information>
   <User Id="0"><DisplayName>{{user}}</DisplayName><LastName>{{family}}</LastName><Email>{{mail}}</Email></User>
   <Application><Name>ZEN 3.1 (blue edition)</Name><Version>3.1.0.0000</Version></Application>
   <Document><Title>{{title}}</Title><UserName>{{login}}</UserName><Comment>{{comment}}</Comment>\
<CreationDate>{{created}}</CreationDate></Document>
   <Image Bed="{{bed}}">
    <AcquisitionDateAndTime>{{acquired}}</AcquisitionDateAndTime>
    <SizeX>WIDTH</SizeX><SizeY>HEIGHT</SizeY><SizeC>1</SizeC><SizeS>1</SizeS><SizeM>TILES</SizeM>
    <ComponentBitCount>8</ComponentBitCount><PixelType>Bgr24</PixelType>
    <Ward>{{ward}}</Ward><RequestedBy>{{physician}}</RequestedBy>
    <Session SessionId="{{session}}"/>
    <ObjectiveSettings><ObjectiveRef Id="Objective:1"/><Medium>Air</Medium></ObjectiveSettings>
    <Dimensions>
     <Channels><Channel Id="{{channel}}" Name="Bright"><PixelType>Bgr24</PixelType>\
<ExposureTime>238000</ExposureTime></Channel></Channels>
     <T><StartTime>{{started}}</StartTime></T>
     <S><Scenes><Scene Index="0" Name="ScanRegion0"><CenterPosition>-41399.9,55121.5</CenterPosition></Scene>\
</Scenes></S>
    </Dimensions>
   </Image>
   <Instrument>
    <Microscopes><Microscope Id="Microscope:1" Name="Axio Scan.Z1"><SerialNumber>{{serial}}</SerialNumber>\
</Microscope></Microscopes>
    <Objectives><Objective Id="Objective:1" Name="Plan-Apochromat 20x/0.8 M27"><LensNA>0.8</LensNA>\
<NominalMagnification>20</NominalMagnification></Objective></Objectives>
   </Instrument>
  </Information>
  <DisplaySetting><Channels><Channel Id="{{channel}}" Name="Bright"><Gamma>0.45</Gamma></Channel></Channels>\
</DisplaySetting>
  <Scaling><Items><Distance Id="X"><Value>2.2E-07</Value><DefaultUnitFormat>µm</DefaultUnitFormat></Distance>\
<Distance Id="Y"><Value>2.2E-07</Value><DefaultUnitFormat>µm</DefaultUnitFormat></Distance></Items></Scaling>
  <Layers><Layer Name="Annotations"><Text>{{note}}</Text></Layer></Layers>
  <AttachmentInfos><AttachmentInfo Id="Label:1"><Label><Barcodes><Barcode Id="Barcode:1"><Type>Code39</Type>\
<Content>{{barcode}}</Content></Barcode></Barcodes><OCRs><OCR Id="OCR:1"><Content>{{read}}</Content></OCR></OCRs>\
</Label><Profile><ProfileName>{{profile}}</ProfileName></Profile></AttachmentInfo></AttachmentInfos>
 </Metadata>
</ImageDocument>
"""

_INNER = """<?xml version="1.0" encoding="utf-8"?>
<ImageDocument><Metadata><Information><User><DisplayName>{{user}}</DisplayName></User>
<Document><UserName>{{login}}</UserName><CreationDate>{{created}}</CreationDate></Document>
<Image><SizeX>WIDTH</SizeX><SizeY>HEIGHT</SizeY><SizeC>1</SizeC><ComponentBitCount>8</ComponentBitCount>\
<PixelType>Bgr24</PixelType><AcquisitionDateAndTime>{{acquired}}</AcquisitionDateAndTime>
<Dimensions><Channels><Channel Id="Channel:0"><PixelType>Bgr24</PixelType></Channel></Channels></Dimensions></Image>
</Information><Scaling><Items><Distance Id="X"><Value>2E-05</Value></Distance><Distance Id="Y"><Value>2E-05</Value>\
</Distance></Items></Scaling></Metadata></ImageDocument>
"""

_TILE = (
    "<METADATA><Tags><AcquisitionTime>{{time}}</AcquisitionTime><StageXPosition>-41399.94</StageXPosition>"
    "<StageYPosition>55121.53</StageYPosition><Bench>{{bench}}</Bench></Tags></METADATA>"
)


def _moment(patient: Patient, second: int = 0) -> str:
    return f"{patient.scanned:%Y-%m-%dT%H:%M}:{second % 60:02}.{patient.scanned:%S}71234Z"


def spots_of(patient: Patient) -> dict[str, Spot]:
    """Return what is planted in the main document."""
    p = patient
    values = {
        "user": p.name,
        "family": p.family,
        "mail": f"{p.login}@utopia.invalid",
        "login": p.login,
        "title": f"{p.case} H&E",
        "comment": f"{p.specimen}, {p.mrn} Größe",
        "created": f"{p.scanned:%Y-%m-%d}T09:43:52.7152036+03:00",
        "acquired": _moment(p),
        "started": _moment(p, 7),
        "barcode": f"{p.accession}|{p.block}",
        "read": f"{p.family} {p.birth_date:%d.%m.%Y}",
        "serial": p.scanner,
        "session": p.token,
        "ward": f"Ward of {p.institution}",
        "bed": f"{p.mrn}-7",
        "physician": p.physician,
        "channel": str(int(p.token.replace("-", ""), 16)),
        "profile": f"{p.family}_20x.czspf",
        "folder": f"D:\\Scans\\{p.case} {p.family}",
        "host": p.host,
        "note": f"margin of {p.accession}",
    }
    return {name: Spot(IDS[name], value) for name, value in values.items()}


def main_text(patient: Patient, size: tuple[int, int], tiles: int) -> Text:
    """Compose the document of the slide."""
    template = _MAIN.replace("WIDTH", str(size[0])).replace("HEIGHT", str(size[1])).replace("TILES", str(tiles))
    return fill(template, spots_of(patient))


def inner_text(patient: Patient, size: tuple[int, int]) -> Text:
    """Compose the document of a picture that is a CZI itself."""
    template = _INNER.replace("WIDTH", str(size[0])).replace("HEIGHT", str(size[1]))
    return fill(template, spots_of(patient))


def tile_text(patient: Patient, number: int) -> Text:
    """Compose the document of one tile."""
    time = Spot("zeiss.tile.acquisitiontime", _moment(patient, 11 + number))
    return fill(_TILE, {"time": time, "bench": Spot("zeiss.tile.bench", f"bench of {patient.login}")})
