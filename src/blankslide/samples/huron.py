"""A Huron TissueScope slide with an invented patient: ``huron.tif``.

As the scanner writes it: level 0 with the description, thumbnail, further levels, label and
macro at the end, the pictures uncompressed. The description is a line for each field, the bar
code in base64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.answer_key import slug
from blankslide.samples.kit.spots import Spot
from blankslide.samples.kit.tiff_values import ascii

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted
    from blankslide.samples.kit.patients import Patient

_LINES = (
    "Image Dimensions = {{size}}", "Resolution = 0.5 um", "Objective = 20", "Barcode = {{barcode}}",
    "DeviceID = {{device}}", "Scan Started = {{started}}", "Operator = {{operator}}", "Ward Note = {{note}}",
    "Cupboard = {{cupboard}}", "called for {{free}}",
)  # fmt: skip


def build_huron(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
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
    plan = tiff_pages.recipe(41, patient, overrides)
    pages, roles = tiff_pages.usual_order(plan)
    text = tiff_pages.described(plan, "\n".join(_LINES), _spots(plan))
    for page in pages:
        page.tags = {271: ascii("Huron"), 272: ascii("TissueScope LE"), **page.tags}
    kept = {"huron.Resolution": "0.5 um", "huron.Objective": "20", "openslide.mpp-x": "0.5"}
    return tiff_pages.write(path, "huron", plan, pages, roles, {0: text}, kept)


def _spots(plan: tiff_pages.Recipe) -> dict[str, Spot | str]:
    who = plan.patient

    def spot(key: str, value: str, base64: bool = False) -> Spot:
        return Spot(f"huron.description.{slug(key)}", value, base64)

    return {
        "size": f"{plan.size[0]} x {plan.size[1]}",
        "barcode": spot("Barcode", who.accession, base64=True),
        "device": spot("DeviceID", who.scanner),
        "started": spot("Scan Started", f"{who.scanned:%Y-%m-%d %H:%M:%S}"),
        "operator": spot("Operator", who.login),
        "note": spot("Ward Note", f"ask {who.physician}"),
        "cupboard": spot("Cupboard", f"shelf {who.mrn}"),
        "free": spot("unnamed", who.name),
    }


BUILDERS: dict[str, Callable[[Path], Planted]] = {"huron.tif": build_huron}
