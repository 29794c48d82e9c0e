"""A Trestle slide with an invented patient: ``trestle.tif`` and, beside it, ``trestle.Full``.

As the scanner writes it: a TIFF of tiles only, each page with the software's name and a list
of pairs between semicolons; the macro with the label is a JPEG file of the slide's name. The
text on its levels is the public one of CMU-1; the fields that identify are invented.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.answer_key import Picture, Planted, Removed, slug
from blankslide.samples.kit.spots import Spot
from blankslide.samples.kit.tiff_values import ascii, rational, short

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.patients import Patient

_TEXT = (
    "Background Color=E6E6E6;White Balance=C0AAA1;Objective Power=20;JPEG Quality=75;Case Name={{case}};"
    "Tray Note={{note}};Reader={{reader}};{{free}};OverlapsXY= 0 0 0 0 0 0"
)
_SOFTWARE = "MedScan v3.4.2.1 - Release"


def build_trestle(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide with its side file and return its answer key.

    Parameters
    ----------
    path
        The TIFF; the macro is written beside it.
    patient
        Whose slide it is.
    overrides
        Any other field of `slidepages.Recipe`; without ``macro_size`` there is no side file.
    """
    plan = tiff_pages.recipe(46, patient, {"label_size": None, "thumbnail": 0, **overrides})
    pages = [*tiff_pages.tiled(plan), *plan.extra]
    roles = ["level"] * len(plan.factors) + ["unknown"] * len(plan.extra)
    text = tiff_pages.described(plan, _TEXT, _spots(plan))
    for page in pages:  # the resolution tags hold micrometres here
        page.tags = {
            **page.tags,
            305: ascii(_SOFTWARE),
            282: rational(plan.mpp),
            283: rational(plan.mpp),
            296: short(1),
        }
    texts = dict.fromkeys(range(len(pages)), text)
    kept = {
        "trestle.Background Color": "E6E6E6", "trestle.White Balance": "C0AAA1", "trestle.JPEG Quality": "75",
        "openslide.mpp-x": "0.5", "openslide.objective-power": "20", "tiff.Software": _SOFTWARE,
    }  # fmt: skip
    key = tiff_pages.write(path, "trestle", plan, pages, roles, texts, kept)
    return _with_macro(path, plan, key) if plan.macro_size else key


def _with_macro(path: Path, plan: tiff_pages.Recipe, key: Planted) -> Planted:
    from blankslide.samples.kit import drawing

    assert plan.macro_size is not None  # noqa: S101 - asked for by its caller only where there is one
    out = io.BytesIO()
    words = f"photographed for {plan.patient.name}"
    picture = drawing.macro(plan.patient, plan.macro_size, plan.seed + 200)
    picture.save(out, "JPEG", quality=80, comment=words.encode())
    data, name = out.getvalue(), f"{path.stem}.Full"
    path.with_name(name).write_bytes(data)
    shown = (*drawing.label_lines(plan.patient), plan.patient.accession)
    whole = ((0, len(data)),)
    gone = (
        Removed("picture.macro", "", "picture", whole, name),
        Removed("picture.macro", words, "latin-1", ((data.index(words.encode()), len(words)),), name),
    )
    macro = Picture("macro", 0, *plan.macro_size, whole, shown, name)
    return replace(key, removed=(*key.removed, *gone), pictures=(*key.pictures, macro))


def _spots(plan: tiff_pages.Recipe) -> dict[str, Spot | str]:
    who = plan.patient

    def spot(key: str, value: str) -> Spot:
        return Spot(f"trestle.description.{slug(key)}", value)

    return {
        "case": spot("Case Name", f"{who.case} {who.name}"),
        "note": spot("Tray Note", f"ward of {who.physician}"),
        "reader": spot("Reader", who.login),
        "free": spot("unnamed", f"seen at {who.institution}"),
    }


BUILDERS: dict[str, Callable[[Path], Planted]] = {"trestle.tif": build_trestle}
