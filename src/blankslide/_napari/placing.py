"""What napari is given for an open slide: data, keywords and type of each layer, and where it stands.

The tissue comes first, because napari frames the first layer: one layer in colours, or one for each channel, added
up like light. Scenes stand where they lie on the glass, further images of a file to the right of the first. Then come
the pictures beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide._napari.marks import CHANNEL, KEY, SCENE, Mark
from blankslide.viewing.layout import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from blankslide._napari.marks import ShownSlide
    from blankslide.viewing import Pyramid
    from blankslide.viewing.planes import Channel, Scene

    LayerData = tuple[Any, dict[str, Any], str]
    Pair = tuple[float, float]

_USUAL_MPP = 0.5
"""Assumed where a slide does not tell its resolution, to place the pictures beside it."""
_GAP = 0.05
"""Between a slide's images, as a part of the first one's width."""


class Tissue(NamedTuple):
    """What one layer shows of the tissue: its role, its arrays, its channel if it is one, and the image it is of."""

    role: str
    data: Any
    channel: Channel | None
    number: int
    image: Scene


def tissue_of(pyramid: Pyramid) -> Iterator[Tissue]:
    """Yield what there is to see of the tissue, a layer each."""
    for at, image in enumerate(pyramid.images):
        scene = f"{SCENE}{at + 1}" if at else ""
        if not image.channels:
            yield Tissue(scene or "slide", several(image.levels), None, 0, image)
        for number, channel in enumerate(image.channels):
            role = f"{scene} {CHANNEL}{number}".strip()
            yield Tissue(role, several(channel.levels), channel, number, image)


def several(levels: Iterable[Any]) -> Any:
    """Return what napari wants as data: a list for several levels, one array for one."""
    listed = list(levels)
    return listed if len(listed) > 1 else listed[0]


def layer_data(
    slide: ShownSlide, top: float, looks: Mapping[str, dict[str, Any]] | None = None
) -> tuple[list[LayerData], list[LayerData]]:
    """Return the layers of the tissue, and those of the pictures beside it.

    Parameters
    ----------
    top
        How far down the slide's row begins.
    looks
        What `looks_of` returned, if it was asked already.
    """
    looks = looks_of(slide.pyramid) if looks is None else looks
    pyramid = slide.pyramid
    unit = "pixel" if pyramid.mpp is None else "um"
    to_world = 1 / _USUAL_MPP if pyramid.mpp is None else 1.0
    tissue, right = [], 0.0
    for one in tissue_of(pyramid):
        scale, corner, edge = _placed(pyramid, one.image)
        right = max(right, edge)
        made = _layer(slide, one.role, one.data, scale, (corner[0] + top, corner[1]), unit)
        _named(slide, made[1], one)
        made[1].update(looks.get(one.role, {}))
        tissue.append(made)
    area = pyramid.extent[0] / to_world, pyramid.extent[1] / to_world
    sizes = {role: (p.shape[1], p.shape[0]) for role, p in pyramid.beside.items()}
    beside = []
    for role, (scale, corner) in place(sizes, area, right / to_world).items():
        at = (corner[0] * to_world + top, corner[1] * to_world)
        beside.append(_layer(slide, role, pyramid.pictures[role], (scale[0] * to_world, scale[1] * to_world), at, unit))
    return tissue, beside


def looks_of(pyramid: Pyramid) -> dict[str, dict[str, Any]]:
    """Return colour, contrast limits and blending of each channel, by role; reads the smallest levels."""
    from blankslide._napari.channels import looks

    of_image = {id(image): looks(image.channels) for image in pyramid.images}
    channels = (one for one in tissue_of(pyramid) if one.channel is not None)
    return {one.role: of_image[id(one.image)][one.number] for one in channels}


def _placed(pyramid: Pyramid, image: Scene) -> tuple[Pair, Pair, float]:
    """Return an image's scale (y, x), its corner (y, x), and its right edge, in units of the world."""
    usual = pyramid.mpp or (1.0, 1.0)
    x, y = image.mpp or usual if pyramid.mpp else usual
    width = image.shape[1]
    if image.at is not None:
        left, down = image.at[0] * usual[0], image.at[1] * usual[1]
    else:
        others = pyramid.images[: pyramid.images.index(image)]
        left, down = max(_placed(pyramid, other)[2] for other in others), 0.0
        left += pyramid.extent[0] * _GAP
    return (y, x), (down, left), left + width * x


def _layer(slide: ShownSlide, role: str, data: Any, scale: Pair, corner: Pair, unit: str) -> LayerData:
    first = data[0] if isinstance(data, list) else data
    more = first.ndim - 3 if first.rgb else first.ndim - 2
    keywords = {
        "name": named(slide.stem, role),
        "scale": (1.0,) * more + scale,
        "translate": (0.0,) * more + corner,
        "units": ("pixel",) * more + (unit, unit),
        "rgb": first.rgb,
        "multiscale": isinstance(data, list),
        "metadata": {KEY: Mark(slide, role)},
    }
    return data, keywords, "image"


def _named(slide: ShownSlide, keywords: dict[str, Any], one: Tissue) -> None:
    """Give a layer of tissue the names of its image and channel."""
    words = [one.image.name if slide.stem else ""]
    if one.image.name and not slide.stem:
        words = [one.role.partition(f" {CHANNEL}")[0]]
    if one.channel is not None:
        words.append((one.channel.name if slide.stem else "") or f"channel {one.number + 1}")
    if any(words):
        keywords["name"] = named(slide.stem, *words)


def named(*words: str) -> str:
    """Join what there is of a layer's name."""
    return " · ".join(filter(None, words))
