"""An Argos slide with an invented patient: ``argos.avs``.

As the scanner writes it: BigTIFF, the levels of each focal plane from the lowest plane up,
with sparse tiles; then the map of the scanned area and the macro in strips; the XML in tag
65000 of the first page, without a NUL behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.answer_key import Planted, Removed
from blankslide.samples.kit.spots import Spot, Text, fill
from blankslide.samples.kit.tiff_values import ASCII, Value, long

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.patients import Patient
    from blankslide.samples.kit.tiff_writer import Page

METADATA = 65000
_XML = (
    "<Argos.Scan.Metadata>\r\n  <ObjectiveMagnification>20</ObjectiveMagnification>\r\n"
    "  <ObjectiveName>Olympus UPlanXApo 20x</ObjectiveName>\r\n  <AcquisitionDate>{{date}}</AcquisitionDate>\r\n"
    "  <AcquisitionTime>{{time}}</AcquisitionTime>\r\n  <ZRange>{{range}}</ZRange>\r\n  <MinZ>{{min}}</MinZ>\r\n"
    "  <MaxZ>{{max}}</MaxZ>\r\n  <ScanArea>\r\n    <X1>0.15</X1>\r\n    <Y1>0.15</Y1>\r\n    <Y2>2.35</Y2>\r\n"
    "    <X2>5.15</X2>\r\n  </ScanArea>\r\n  <Barcode>{{barcode}}</Barcode>\r\n  <Scanner>{{scanner}}</Scanner>\r\n"
    '  <Operator login="{{login}}">{{operator}}</Operator>\r\n  <Ward>{{ward}}</Ward>\r\n'
    "  <!-- {{comment}} -->\r\n</Argos.Scan.Metadata>"
)


def build_argos(path: Path, *, planes: int = 1, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    planes
        Number of focal planes.
    patient
        Whose slide it is.
    overrides
        Any other field of `slidepages.Recipe`; ``text`` is the XML.
    """
    plan = tiff_pages.recipe(45, patient, {"codec": "jpeg", "big": True, **overrides})
    pages: list[Page] = []
    for number in range(planes):
        pages += tiff_pages.tiled(plan, number)
    roles = ["level"] * len(pages)
    for page in pages:
        page.tags = {**page.tags, 254: long(0)}
    pages[0].strips = [b"", *pages[0].strips[1:]]
    pages, roles = [*pages, *plan.extra], roles + ["unknown"] * len(plan.extra)
    pages, roles = [*pages, tiff_pages.thumbnail(plan)], [*roles, "thumbnail"]
    if plan.macro_size:
        pages, roles = [*pages, tiff_pages.macro(plan)], [*roles, "macro"]
    for page in pages[len(plan.factors) * planes :]:
        page.tags = {**page.tags, 254: long(0)}
    text = fill(plan.text or _XML, {**_spots(plan, planes), **plan.spots})
    pages[0].tags = {**pages[0].tags, METADATA: Value(ASCII, text.data)}
    key = tiff_pages.write(path, "argos", plan, pages, roles, {}, _KEPT)
    return replace(key, removed=(*_planted(key, text), *key.removed))


_KEPT = {"openslide.mpp-x": "0.5", "openslide.objective-power": "20", "argos.ScanArea.X2": "5.15"}


def _planted(key: Planted, text: Text) -> list[Removed]:
    assert key.layout is not None  # noqa: S101 - written a moment ago
    at = key.layout.pages[0].entries[METADATA].value_at
    return [Removed(p.id, p.value, p.encoding, ((at + p.start, p.length),)) for p in text.plantings]


def _spots(plan: tiff_pages.Recipe, planes: int) -> dict[str, Spot | str]:
    who = plan.patient
    return {
        "range": "1" if planes > 1 else "0",
        "min": str(-(planes // 2)),
        "max": str(planes - 1 - planes // 2),
        "date": Spot("argos.acquisitiondate", f"{who.scanned:%m.%d.%Y}"),
        "time": Spot("argos.acquisitiontime", f"{who.scanned:%H:%M:%S}"),
        "barcode": Spot("argos.barcode", who.accession),
        "scanner": Spot("argos.scanner", who.scanner),
        "login": Spot("argos.operator.login", who.login),
        "operator": Spot("argos.operator.text", who.physician),
        "ward": Spot("argos.ward.text", who.institution),
        "comment": Spot("argos.comment", f"for {who.name}"),
    }


BUILDERS: dict[str, Callable[[Path], Planted]] = {"argos.avs": build_argos}
