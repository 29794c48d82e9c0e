"""A TIFF as 3DHISTECH's viewer exports it, with an invented patient: ``3dhistech-export.tif``.

One pyramid and no picture beside it. The description is in Aperio's way, but begins with the
size: nothing in it names a maker but the keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.answer_key import slug
from blankslide.samples.kit.spots import Spot

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted
    from blankslide.samples.kit.patients import Patient

_TEXT = (
    "{{size}} (256x256) JPEG/RGB Q=80|Date = {{date}}|Time = {{time}}|MPP = 0.5|3dh_PixelSizeX = 0.5|"
    "3dh_PixelSizeY = 0.5|3dh_Filter = Default|3dh_Profile = {{profile}}|3dh_Station = {{station}}|"
    "Slide Note = {{note}}|Ordered By = {{ordered}}"
)


def build_threedhistech(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
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
    alone = {"label_size": None, "macro_size": None, "thumbnail": 0}
    plan = tiff_pages.recipe(44, patient, {**alone, **overrides})
    pages, roles = tiff_pages.usual_order(plan)
    text = tiff_pages.described(plan, _TEXT, _spots(plan))
    return tiff_pages.write(path, "threedhistech_tiff", plan, pages, roles, {0: text}, {"openslide.mpp-x": "0.5"})


def _spots(plan: tiff_pages.Recipe) -> dict[str, Spot | str]:
    who = plan.patient

    def spot(key: str, value: str) -> Spot:
        return Spot(f"3dhistech.description.{slug(key)}", value)

    return {
        "size": f"{plan.size[0]}x{plan.size[1]}",
        "date": spot("Date", f"{who.scanned:%d/%m/%Y}"),
        "time": spot("Time", f"{who.scanned:%H:%M:%S}"),
        "profile": spot("3dh_Profile", f"{who.login} {who.institution}"),
        "station": spot("3dh_Station", who.host),
        "note": spot("Slide Note", f"{who.case} {who.name}"),
        "ordered": spot("Ordered By", who.physician),
    }


BUILDERS: dict[str, Callable[[Path], Planted]] = {"3dhistech-export.tif": build_threedhistech}
