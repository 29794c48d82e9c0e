"""A Motic EasyScan slide with an invented patient: ``motic-easyscan.tif``.

Pages and descriptions are ordered as Aperio's; the header begins with the maker and no version
of the kind that the Aperio format knows (those are in `samples.aperio`). Thumbnail, label and
macro are LZW strips.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.answer_key import slug
from blankslide.samples.kit.spots import Spot, fill

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted
    from blankslide.samples.kit.patients import Patient

_MAKER = "Motic EasyScan 1.2.0\n"
_TEXT = (
    "{{size}} [0,0 {{size}}] [256x256] JPEG/RGB Q = 75|AppMag = 20|MPP = 0.5|BackgroundColor = 16514557|"
    "Barcode = {{barcode}}|Date = {{date}}|Time = {{time}}|Scanner = {{scanner}}|Ward = {{ward}}|"
    "Sent For = {{sent}}|Box = {{box}}"
)


def build_motic(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    patient
        Whose slide it is.
    overrides
        Any other field of `slidepages.Recipe`.
    """
    plan = tiff_pages.recipe(43, patient, {"codec": "lzw", **overrides})
    pages, roles = tiff_pages.usual_order(plan)
    texts = {0: tiff_pages.described(plan, _MAKER + _TEXT, _spots(plan))}
    for number, (page, role) in enumerate(zip(pages, roles, strict=True)):
        if role in ("label", "macro"):
            width, height = (page.tags[tag].items[0] for tag in (256, 257))
            texts[number] = fill(f"{_MAKER}{role} {width}x{height}", {})
    return tiff_pages.write(path, "motic", plan, pages, roles, texts, {"openslide.mpp-x": "0.5"})


def _spots(plan: tiff_pages.Recipe) -> dict[str, Spot | str]:
    who = plan.patient

    def spot(key: str, value: str) -> Spot:
        return Spot(f"motic.description.{slug(key)}", value)

    return {
        "size": f"{plan.size[0]}x{plan.size[1]}",
        "barcode": spot("Barcode", who.accession),
        "date": spot("Date", f"{who.scanned:%Y-%m-%d}"),
        "time": spot("Time", f"{who.scanned:%H:%M:%S}"),
        "scanner": spot("Scanner", who.scanner),
        "ward": spot("Ward", who.institution),
        "sent": spot("Sent For", who.physician),
        "box": spot("Box", f"left of {who.mrn}"),
    }


BUILDERS: dict[str, Callable[[Path], Planted]] = {"motic-easyscan.tif": build_motic}
