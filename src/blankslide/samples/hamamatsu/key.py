"""The answer key of an NDPI sample, from what was planted and where it was put.

Nothing is read back from the file: places come from the layout, values from the pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Range, Removed, slug, tiles_digest
from blankslide.samples.kit.tiff_layout import Blob, Layout, Page

if TYPE_CHECKING:
    from blankslide.samples.kit.patients import Patient
    from blankslide.samples.kit.tiff_values import Value

TAG_IDS = {
    306: "tiff.date-time",
    65427: "hamamatsu.tag.reference",
    65428: "hamamatsu.tag.auth-code",
    65442: "hamamatsu.tag.serial-number",
    **dict.fromkeys(range(65468, 65476), "hamamatsu.tag.barcode"),
    65476: "hamamatsu.tag.regulation",
    65477: "hamamatsu.tag.scan-profile",
    65480: "hamamatsu.tag.barcode-type",
}
"""Tags of which nothing may stay, and their finding ids."""

SCIENCE = frozenset(
    "Product system.version Objective.Lens.Magnificant stage.center roi.slide.macro target.white.intensity".split()
)
"""Keys of the property map that must survive."""

EITHER = frozenset({"AHEX[0]", "MHLN[0].24bit"})
"""Keys that a policy may treat either way."""

_PROPERTIES = 65449
Found = dict[tuple[str, str], list[Range]]


def answer_key(name: str, patient: Patient, layout: Layout, pages: Sequence[Page], roles: Sequence[str]) -> Planted:
    """Write down what a slide holds.

    Parameters
    ----------
    name
        File name of the slide.
    patient
        Who is printed on the label.
    layout
        Where its parts stand.
    pages, roles
        What was written, in chain order.
    """
    found: Found = {}
    for page, spot in zip(pages, layout.pages, strict=True):
        for tag, value in page.tags.items():
            entry = spot.entries[tag]
            if tag in TAG_IDS and isinstance(value.items, bytes):
                text = value.items.rstrip(b"\0")
                found.setdefault((TAG_IDS[tag], text.decode("latin-1")), []).append((entry.value_at, len(text)))
            elif tag == _PROPERTIES:
                _from_properties(found, value, entry.value_at)
    removed = [Removed(*key, "latin-1", tuple(sorted(set(places)))) for key, places in found.items() if key[1]]
    pictures = _pictures(patient, layout, pages, roles)
    removed += [Removed("picture.macro", "", "picture", p.strips) for p in pictures if p.role == "macro"]
    digests = tuple(
        tiles_digest(map(_data, p.strips)) for p, r in zip(pages, roles, strict=True) if r.startswith("level")
    )
    return Planted(name, "hamamatsu", tuple(removed), _kept(pages, roles), pictures, digests, layout)


def _data(blob: bytes | Blob) -> bytes:
    return blob.data if isinstance(blob, Blob) else blob


def _from_properties(found: Found, value: Value, base: int) -> None:
    at = base
    for line in _lines(value):
        key, _, text = line.partition("=")
        if text.strip() and key not in SCIENCE | EITHER:
            start = at + len(key) + 1
            found.setdefault((f"hamamatsu.properties.{slug(key)}", text), []).append((start, len(text)))
        at += len(line) + 2


def _lines(value: Value) -> list[str]:
    return value.items.rstrip(b"\0").decode("latin-1").split("\r\n") if isinstance(value.items, bytes) else []


def _kept(pages: Sequence[Page], roles: Sequence[str]) -> tuple[Kept, ...]:
    """Return science values by the property name under which OpenSlide shows them."""
    properties = pages[0].tags.get(_PROPERTIES)
    pairs = (line.partition("=") for line in (_lines(properties) if properties else ()))
    out = {f"hamamatsu.{key}": text for key, _, text in pairs if key in SCIENCE}
    levels = [p for p, r in zip(pages, roles, strict=True) if r.startswith("level")]
    across, down = pages[0].tags[282].items
    out |= {"openslide.objective-power": "40", "openslide.mpp-x": repr(1e4 / (across / down))}
    for i, page in enumerate(levels):
        for side, tag in (("width", 256), ("height", 257)):
            out[f"openslide.level[{i}].{side}"] = str(page.tags[tag].items[0])
    return tuple(Kept(key, value) for key, value in out.items())


def _pictures(patient: Patient, layout: Layout, pages: Sequence[Page], roles: Sequence[str]) -> tuple[Picture, ...]:
    from blankslide.samples.kit.drawing import label_lines

    words = (*label_lines(patient), patient.accession)
    out = []
    for i, role in enumerate(roles):
        if role in ("macro", "map"):
            width, height = int(pages[i].tags[256].items[0]), int(pages[i].tags[257].items[0])
            shown = words if role == "macro" else ()
            out.append(Picture(role, i, width, height, tuple(layout.pages[i].strips), shown))
    return tuple(out)
