"""A Mikroscan SL5 slide with an invented patient: ``mikroscan.tif``.

As the scanner writes it: descriptions in Aperio's way behind ``Mikroscan Image Structure``,
thumbnail, label and macro uncompressed, told apart by the second line of their description.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.answer_key import slug
from blankslide.samples.kit.spots import Spot, fill
from blankslide.samples.kit.tiff_values import long

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted
    from blankslide.samples.kit.patients import Patient

_MAKER = "Mikroscan Image Structure\n"
_TEXT = (
    "{{size}} [0, 0 {{size}}] (256x256) JPEG / RGB Q = 30|AppMag = 20|SL5 SERIAL # = {{serial}}|Date = {{date}}|"
    "Time = {{time}}|MPP = 0.5|StripeWidth = 1024|Barcode = {{barcode}}|User = {{user}}|Clinic = {{clinic}}|"
    "Asked By = {{asked}}|Shelf = {{shelf}}"
)


def build_mikroscan(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
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
    plan = tiff_pages.recipe(42, patient, overrides)
    pages, roles = tiff_pages.usual_order(plan)
    texts = {0: tiff_pages.described(plan, _MAKER + _TEXT, _spots(plan))}
    for number, (page, role) in enumerate(zip(pages, roles, strict=True)):
        width, height = (page.tags[tag].items[0] for tag in (256, 257))
        if role in ("label", "macro"):
            page.tags = {**page.tags, 254: long(0)}
            texts[number] = fill(f"{_MAKER}{role} {width}x{height}", {})
        elif role == "thumbnail":
            head = f"{_MAKER}{plan.size[0]}x{plan.size[1]} -> {width}x{height} - |Barcode = {{{{barcode}}}}"
            texts[number] = fill(head, _spots(plan))
    kept = {"openslide.mpp-x": "0.5", "openslide.level-count": str(len(plan.factors))}
    return tiff_pages.write(path, "mikroscan", plan, pages, roles, texts, kept)


def _spots(plan: tiff_pages.Recipe) -> dict[str, Spot | str]:
    who = plan.patient

    def spot(key: str, value: str) -> Spot:
        return Spot(f"mikroscan.description.{slug(key)}", value)

    return {
        "size": f"{plan.size[0]}x{plan.size[1]}",
        "serial": spot("serial", who.scanner),
        "date": spot("Date", f"{who.scanned:%m/%d/%y}"),
        "time": spot("Time", f"{who.scanned:%H:%M:%S}"),
        "barcode": spot("Barcode", who.accession),
        "user": spot("User", who.login),
        "clinic": spot("Clinic", who.institution),
        "asked": spot("Asked By", who.physician),
        "shelf": spot("Shelf", who.mrn),
    }


BUILDERS: dict[str, Callable[[Path], Planted]] = {"mikroscan.tif": build_mikroscan}
