"""Philips iSyntax slides with invented patients: ``philips-isyntax.isyntax`` and its successor.

Written from the description that libisyntax gives of the format: the XML header with label and
macro in base64, its end mark, the seek table (version 5.0 only) and real wavelet blocks, so that
readers show tissue. The tissue is drawn at half the smallest level's size; the blocks of finer
levels hold a sprinkle of details.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit import isyntax_writer as code
from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Range, Removed, tiles_digest
from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.philips.isyntax_recipe import Recipe
from blankslide.samples.philips.isyntax_text import compose, size_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.isyntax_writer import Block
    from blankslide.samples.kit.spots import Text

END = b"\r\n\x04"


def build_philips_isyntax(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.
    """
    plan = replace(Recipe(patient or invent(overrides.get("seed", 12))), **overrides)
    groups = list(code.chunks(plan.levels, *plan.grid)) if plan.blocks else []
    coded = [[_coded(block, plan) for block in group] for group in groups]
    text = _header(plan, groups, coded)
    body = _body(plan, groups, coded, len(text.data) + len(END))
    path.write_bytes(text.data + END + body)
    return _key(path.name, plan, text, coded)


# -- tissue ------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _planes(width: int, height: int, seed: int) -> Any:
    """Tissue as luma and two chroma differences, shape (3, height, width)."""
    import numpy as np

    from blankslide.samples.kit.drawing import tissue

    red, green, blue = np.moveaxis(np.asarray(tissue(width, height, seed)).astype(np.int16), 2, 0)
    orange = red - blue
    rest = blue + (orange >> 1)
    leaf = green - rest
    return np.stack([rest + (leaf >> 1), orange, leaf])


def _coded(block: Block, plan: Recipe) -> bytes:
    return _block(block, plan.grid, plan.seed)


@lru_cache(maxsize=512)
def _block(block: Block, grid: tuple[int, int], seed: int) -> bytes:
    import numpy as np

    side = code.SIDE
    if block.is_low:
        whole = _planes(grid[0] * side, grid[1] * side, seed)[block.colour]
        return code.encode([whole[block.y * side : (block.y + 1) * side, block.x * side : (block.x + 1) * side]])
    if block.colour:
        return code.EMPTY
    rng = np.random.default_rng((seed, block.x, block.y, block.scale))
    planes = np.zeros((3, side, side), np.int16)
    spots = rng.integers(0, side, (2, 60))
    planes[:, spots[0], spots[1]] = rng.integers(-12, 13, (3, 60))
    return code.encode(list(planes))


# -- file --------------------------------------------------------------------------------


def _places(plan: Recipe, coded: Sequence[Sequence[bytes]], start: int) -> list[list[tuple[int, int]]]:
    """Place and length of each block, each behind its head; ``start`` is the byte behind the header."""
    at = start + (0 if plan.clusters else len(_seek_table(plan, [], [])))
    out = []
    for group in coded:
        places = []
        for block in group:
            places.append((at + 8, len(block)))
            at += 8 + len(block)
        out.append(places)
    return out


def _seek_table(plan: Recipe, groups: Sequence[Sequence[Block]], places: Sequence[Sequence[tuple[int, int]]]) -> bytes:
    """Write the seek table, which has room for every block that could be there."""
    columns, rows = plan.grid
    total = sum(len(group) for group in code.chunks(plan.levels, columns, rows)) if plan.blocks else 0
    entries = [(0, 0)] * total
    for group, spots in zip(groups, places, strict=True):
        for block, spot in zip(group, spots, strict=True):
            entries[code.seek_index(block, plan.levels, columns, rows)] = spot
    return code.seek_table(entries)


def _body(plan: Recipe, groups: Sequence[Sequence[Block]], coded: Sequence[Sequence[bytes]], start: int) -> bytes:
    table = b"" if plan.clusters else _seek_table(plan, groups, _places(plan, coded, start))
    return table + b"".join(code.framed(block) for group in coded for block in group)


def _header(plan: Recipe, groups: Sequence[Sequence[Block]], coded: Sequence[Sequence[bytes]]) -> Text:
    """Compose the header; places in a table of clusters depend on its length, not the other way round."""
    pictures = {role: _base64(plan, number, role) for number, role in enumerate(plan.objects) if role != "level"}
    first = groups[0] if groups else []
    if not plan.clusters:
        return compose(plan, pictures, code.block_table([b for group in groups for b in group], plan.origin), first)
    text = compose(plan, pictures, _clusters(plan, groups, _places(plan, coded, 0)), first)
    places = _places(plan, coded, len(text.data) + len(END))
    return compose(plan, pictures, _clusters(plan, groups, places), first)


def _clusters(plan: Recipe, groups: Sequence[Sequence[Block]], places: Sequence[Sequence[tuple[int, int]]]) -> bytes:
    clusters = []
    for group, spots in zip(groups, places, strict=True):
        size = spots[-1][0] + spots[-1][1] - spots[0][0]
        clusters.append(((*group[0].corner(plan.origin), 0), size, spots))
    return code.cluster_table(clusters)


def _base64(plan: Recipe, number: int, role: str) -> str:
    from blankslide.samples.kit import drawing
    from blankslide.samples.kit.codecs import jpeg

    draw, size = (drawing.label, plan.label_size) if role.startswith("label") else (drawing.macro, plan.macro_size)
    text = b64encode(jpeg(draw(plan.patient, size, plan.seed + 100 + number), 60)).decode()
    step = plan.wrap or len(text)
    return "\n".join(text[i : i + step] for i in range(0, len(text), step)) + " " * (plan.bulk if number == 0 else 0)


# -- answer key --------------------------------------------------------------------------


def _key(name: str, plan: Recipe, text: Text, coded: Sequence[Sequence[bytes]]) -> Planted:
    from blankslide.samples.kit.drawing import label_lines

    found: dict[tuple[str, str, str], list[Range]] = {}
    pictures: list[Picture] = []
    words = (*label_lines(plan.patient), plan.patient.accession)
    for spot in text.plantings:
        place = (spot.start, spot.length)
        role = spot.id.removeprefix("picture.")
        if role != spot.id:
            size = plan.label_size if role == "label" else plan.macro_size
            pictures.append(Picture(role, len(pictures), *size, (place,), words))
        key = (spot.id, "", "picture") if role != spot.id else (spot.id, spot.value, spot.encoding)
        if role != spot.id or spot.value.strip(" 0"):
            found.setdefault(key, []).append(place)
    width, height = size_of(plan)
    kept = {"isyntax.version": plan.version, "openslide.mpp-x": f"{plan.mpp[0]:g}"}
    for i in range(plan.levels):
        kept |= {f"openslide.level[{i}].width": str(width >> i), f"openslide.level[{i}].height": str(height >> i)}
    removed = tuple(Removed(*key, tuple(places)) for key, places in found.items())
    digest = tiles_digest(block for group in coded for block in group)
    return Planted(name, "philips_isyntax", removed, tuple(Kept(*k) for k in kept.items()), tuple(pictures), (digest,))


BUILDERS: dict[str, Callable[[Path], Planted]] = {
    "philips-isyntax.isyntax": build_philips_isyntax,
    "philips-isyntax-2.isyntax": partial(build_philips_isyntax, version="100.5", data_first=True, seed=13),
}
