"""How a channel looks in napari: its colour, the range of its values, and that channels add up like light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.viewing.planes import Channel, Colour

#: For channels whose slide says no colour: told apart by most eyes, nuclei first.
_USUAL: tuple[Colour, ...] = (
    *((0.2, 0.4, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 1.0), (0.0, 1.0, 1.0), (1.0, 1.0, 0.0)),
    *((1.0, 0.5, 0.0), (1.0, 1.0, 1.0)),
)
_LEAST = 1 << 22
"""Values of the smallest level that are looked at for its range; of a larger one the middle."""


def looks(channels: Sequence[Channel]) -> list[dict[str, Any]]:
    """Return napari's keywords for each channel of an image: colormap, contrast limits, blending.

    Channels that are in colours add up if they are dark, like fluorescence; of bright ones the first is shown.
    """
    bright = bool(channels) and channels[0].levels[0].rgb and _is_bright(channels[0])
    if bright:
        return [{"visible": number == 0} for number in range(len(channels))]
    return [look_of_channel(channel, number) for number, channel in enumerate(channels)]


def _is_bright(channel: Channel) -> bool:
    import numpy as np

    level = channel.levels[-1]
    rows, columns = level.shape[-3], level.shape[-2]
    values = level[..., max(0, rows // 2 - 256) : rows // 2 + 256, max(0, columns // 2 - 256) : columns // 2 + 256, :]
    top = np.iinfo(level.dtype).max if level.dtype.kind in "ui" else 1
    return bool(values.size) and float(values.mean()) > top / 3


def look_of_channel(channel: Channel, number: int) -> dict[str, Any]:
    """Return napari's keywords for one channel.

    Parameters
    ----------
    number
        Which channel it is, from 0.
    """
    if channel.levels[0].rgb:
        return {"blending": "additive"}
    from napari.utils.colormaps import Colormap

    colour = channel.colour if channel.colour and any(channel.colour) else _USUAL[number % len(_USUAL)]
    low, high = channel.range or limits(channel)
    return {
        "colormap": Colormap([(0.0, 0.0, 0.0), colour], name=f"blankslide {colour}", display_name=_word(colour)),
        "contrast_limits": (low, high),
        "blending": "additive",
    }


def limits(channel: Channel) -> tuple[float, float]:
    """Return the range in which a channel has its values, by the smallest level: all but a thousandth of them."""
    import numpy as np

    level = channel.levels[-1]
    rows, columns = level.shape[-2:]
    if rows * columns > _LEAST:
        middle = (slice(rows // 2 - 512, rows // 2 + 512), slice(columns // 2 - 512, columns // 2 + 512))
    else:
        middle = (slice(None), slice(None))
    front = tuple(n // 2 for n in level.shape[:-2])
    values = level[(*front, *middle)]
    low, high = (float(v) for v in np.percentile(values, (0.1, 99.9))) if values.size else (0.0, 0.0)
    return (low, high) if high > low else (low, low + 1.0)


def _word(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
