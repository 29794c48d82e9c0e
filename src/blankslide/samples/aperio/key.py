"""The answer key of an Aperio sample, from what was planned and where it was put.

Nothing is read back from the file: places come from the layout, values from the recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.samples.aperio.text import EITHER, SCIENCE, Description
from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Range, Removed, slug, tiles_digest
from blankslide.samples.kit.tag_ids import TAG_IDS
from blankslide.samples.kit.tiff_layout import Blob, Layout, Page
from blankslide.samples.kit.tiff_values import ASCII, Value

if TYPE_CHECKING:
    from blankslide.samples.aperio.recipe import Recipe

_TAG_KEPT = {55000: "aperio.tag.scan-area", 55001: "aperio.tag.magnification", 55002: "aperio.tag.mpp"}

Found = dict[tuple[str, str, str], list[Range]]


def answer_key(
    name: str, plan: Recipe, layout: Layout, pages: Sequence[Page], texts: Sequence[Description | None]
) -> Planted:
    """Write down what a slide holds.

    Parameters
    ----------
    name
        File name of the slide.
    plan
        Its recipe.
    layout
        Where its parts stand.
    pages, texts
        What was written, page by page, in chain order.
    """
    pictures = _pictures(plan, layout, pages)
    removed = _fields(plan, layout, pages, texts) + [
        Removed(f"picture.{p.role}", "", "picture", p.strips) for p in pictures if p.role != "thumbnail"
    ]
    digests = tuple(tiles_digest(map(_data, page.strips)) for page in pages if page.tiled)
    kept = tuple(Kept(key, value) for key, value in _kept(plan, pages, texts).items())
    return Planted(name, "aperio", tuple(removed), kept, pictures, digests, layout)


def _data(blob: bytes | Blob) -> bytes:
    return blob.data if isinstance(blob, Blob) else blob


def _fields(plan: Recipe, layout: Layout, pages: Sequence[Page], texts: Sequence[Description | None]) -> list[Removed]:
    found: Found = {}
    for i, (page, text) in enumerate(zip(pages, texts, strict=True)):
        entries = layout.pages[i].entries
        if text is not None and 270 in page.tags:
            _from_text(found, text, entries[270].value_at, plan.encoding)
        for tag, finding in TAG_IDS.items():
            value = page.tags.get(tag)
            if value is not None and value.type == ASCII:
                data = _text(value)
                key = (finding, data.decode("latin-1"), "latin-1")
                found.setdefault(key, []).append((entries[tag].value_at, len(data)))
    return [Removed(*key, tuple(sorted(set(places)))) for key, places in found.items()]


def _text(value: Value) -> bytes:
    return value.items.rstrip(b"\0") if isinstance(value.items, bytes) else b""


def _from_text(found: Found, text: Description, base: int, encoding: str) -> None:
    for key, value, start in text.spots:
        if value and key not in SCIENCE | EITHER:
            where = (base + start, len(value.encode(encoding)))
            found.setdefault((f"aperio.description.{slug(key)}", value, encoding), []).append(where)


def _kept(plan: Recipe, pages: Sequence[Page], texts: Sequence[Description | None]) -> dict[str, str]:
    """Return science values by the property name under which OpenSlide shows them, where it does."""
    first = next(i for i, page in enumerate(pages) if page.tiled)
    page, text = pages[first], texts[first]
    spots = text.spots if text else ()
    out = {f"aperio.{key}": value for key, value, _ in spots if key in SCIENCE}
    levels = [p for p in pages if p.tiled]
    if plan.header.startswith("Aperio"):  # to OpenSlide the others are TIFFs of one level
        out["openslide.level-count"] = str(len(levels))
    for i, level in enumerate(levels):
        out[f"openslide.level[{i}].width"] = _numbers(level.tags[256])
        out[f"openslide.level[{i}].height"] = _numbers(level.tags[257])
    if 34675 in page.tags:
        out["openslide.icc-size"] = str(page.tags[34675].length)
    return out | {key: _numbers(page.tags[tag]) for tag, key in _TAG_KEPT.items() if tag in page.tags}


def _numbers(value: Value) -> str:
    return " ".join(str(item) for item in value.items)


def _pictures(plan: Recipe, layout: Layout, pages: Sequence[Page]) -> tuple[Picture, ...]:
    from blankslide.samples.kit.drawing import label_lines

    words = (*label_lines(plan.patient), plan.patient.accession)
    out = []
    for i, role in enumerate(plan.roles()):
        if pages[i].tiled:
            continue
        shown = words if role == "label" or (role == "macro" and plan.macro_shows_label) else ()
        width, height = int(_numbers(pages[i].tags[256])), int(_numbers(pages[i].tags[257]))
        out.append(Picture(role, i, width, height, tuple(layout.pages[i].strips), shown))
    return tuple(out)
