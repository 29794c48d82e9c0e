"""The channels of a TIFF, as tifffile's series lays them out, with the names and colours that the slide gives them.

A series is used only if it is the tissue by the inspection: its levels have the sizes that were found, and its first
page is the first level's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blankslide.quiet import quiet
from blankslide.viewing.areas.tifffile_tiles import TiledPage
from blankslide.viewing.arrays import LazyLevel
from blankslide.viewing.planes import Channel, Colour, LazyStack, Scene, shown_axes

if TYPE_CHECKING:
    from blankslide.model import Inspection

_MOST = 64
"""Channels that are shown; a mass spectrum is no slide."""


def channels_of(tiff: Any, found: Inspection) -> tuple[Channel, ...]:
    """Return the channels of the tissue; none if it is plain colour or one grey plane.

    Parameters
    ----------
    tiff
        An open ``tifffile.TiffFile``.
    """
    with quiet():
        try:
            series = _tissue(tiff, found)
            if series is None:
                return ()
            return tuple(_channels(tiff, series))
        except Exception:  # tifffile raises what it likes, and its words may hold a value
            return ()


def _tissue(tiff: Any, found: Inspection) -> Any:
    """Return the series that is the tissue, if it has more than one plane of numbers."""
    top = found.levels[0]
    for series in tiff.series:
        axes, shape = series.axes, series.shape
        if "Y" not in axes or "X" not in axes or (shape[axes.index("X")], shape[axes.index("Y")]) != top[:2]:
            continue
        if _first_page(series) != top.page:
            continue
        if _has_planes(series):
            return series
    return None


def scenes_of(tiff: Any, found: Inspection) -> tuple[Scene, ...]:
    """Return the further images of an OME-TIFF: those that inspection takes for pictures that nobody knows.

    Parameters
    ----------
    tiff
        An open ``tifffile.TiffFile``.
    """
    unknown = {image.page for image in found.associated if image.role == "unknown"}
    if not unknown or not tiff.is_ome:
        return ()
    with quiet():
        try:
            images = [s for s in tiff.series if s.kind == "ome" and _first_page(s) in unknown]
            return tuple(scene for scene in (_scene(tiff, series) for series in images[:_MOST]) if scene is not None)
        except Exception:  # tifffile raises what it likes, and its words may hold a value
            return ()


def _scene(tiff: Any, series: Any) -> Scene | None:
    pages = frozenset(page.index for page in series.pages if page is not None)
    pixels = _image(tiff, series)
    sizes = [float(pixels["Pixels"].get(f"PhysicalSize{axis}", 0)) for axis in "XY"]
    micrometres = all(pixels["Pixels"].get(f"PhysicalSize{axis}Unit", "µm") == "µm" for axis in "XY")
    mpp = (sizes[0], sizes[1]) if min(sizes) > 0 and micrometres else None
    name = str(pixels.get("Name", ""))
    if _has_planes(series):
        return Scene(name, (), tuple(_channels(tiff, series)), None, mpp, pages)
    if series.axes not in ("YX", "YXS", "SYX"):
        return None
    sources = [TiledPage(level[0]) for level in series.levels]
    levels = [LazyLevel(source.shape, source.dtype, source) for source in sources]
    return Scene(name, tuple(levels), (), None, mpp, pages)


def _has_planes(series: Any) -> bool:
    """Whether a series has more than one plane of numbers, along axes that a viewer knows."""
    extra = {axis: n for axis, n in zip(series.axes, series.shape, strict=True) if axis not in "YX" and n > 1}
    return bool(extra) and set(extra) <= set("TZC") and extra.get("C", 1) <= _MOST


def _first_page(series: Any) -> int | None:
    index = series.pages[0].index
    return index if isinstance(index, int) else None


def _channels(tiff: Any, series: Any) -> Sequence[Channel]:
    axes = series.axes
    levels = [level for level in series.levels if level.axes == axes]
    count = series.shape[axes.index("C")] if "C" in axes else 1
    names = _named(tiff, series, count)
    return [
        Channel(name, colour, tuple(_stack(level, number) for level in levels), shown_axes(axes))
        for number, (name, colour) in enumerate(names)
    ]


def _stack(series: Any, channel: int) -> LazyStack:
    """Return one channel of a series at one resolution.

    Raises
    ------
    ValueError
        If its planes are no pages.
    """
    import numpy as np

    axes, front = series.axes, series.shape[:-2]
    if axes[-2:] != "YX" or series.keyframe.shape != series.shape[-2:] or len(series) != np.prod(front):
        raise ValueError("a series whose planes are no pages")
    steps = [at for at, axis in enumerate(axes[:-2]) if axis in "TZ"]
    first = [channel if axis == "C" else 0 for axis in axes[:-2]]

    def read(place: tuple[int, ...], rows: slice, columns: slice) -> Any:
        full = list(first)
        for at, step in zip(steps, place, strict=True):
            full[at] = step
        return _plane(series, int(np.ravel_multi_index(full, front)))[rows, columns]

    return LazyStack((*(front[at] for at in steps), *series.shape[-2:]), series.dtype, False, read)


def _plane(series: Any, number: int) -> Any:
    """Return a plane of a series by rows and columns; one that the file does not have is dark."""
    import numpy as np

    with series.keyframe.parent.filehandle.lock:  # a page that was not looked at yet is read from the file
        page = series[0 if series.is_truncated else number]
    if page is None or page.keyframe is None:
        return np.broadcast_to(np.zeros((), series.dtype), series.shape[-2:])
    behind = number * series.keyframe.nbytes if series.is_truncated else 0  # the first page stands for all
    source = TiledPage(page, shift=behind)
    return LazyLevel(source.shape, source.dtype, source)


# -- names and colours -------------------------------------------------------------------


def _named(tiff: Any, series: Any, count: int) -> list[tuple[str, Colour | None]]:
    kinds = {"ome": _of_ome, "qpi": _of_qptiff}
    try:
        named = kinds.get(series.kind, _nothing)(tiff, series, count)
    except Exception:  # whatever stands in the file: then the channels have numbers
        named = []
    return [*named, *[("", None)] * count][:count]


def _nothing(tiff: Any, series: Any, count: int) -> list[tuple[str, Colour | None]]:
    return []


def _of_ome(tiff: Any, series: Any, count: int) -> list[tuple[str, Colour | None]]:
    pixels = _image(tiff, series)["Pixels"]
    channels = _listed(pixels.get("Channel", []))
    if len(channels) != count:
        return []
    return [(str(channel.get("Name", "")), _packed(channel.get("Color"))) for channel in channels]


def _image(tiff: Any, series: Any) -> Mapping[str, Any]:
    """Return what the XML says about the image that a series is."""
    from tifffile import xml2dict

    images = _listed(xml2dict(tiff.ome_metadata)["OME"]["Image"])
    same = [s for s in tiff.series if s.kind == "ome"]
    found: Mapping[str, Any] = images[same.index(series)]
    return found


def _packed(value: Any) -> Colour | None:
    """Return a colour of OME: red, green, blue and opacity in one signed number."""
    if not isinstance(value, int) or value == -1:  # white is the default of many writers, and says nothing
        return None
    number = value & 0xFFFFFFFF
    return (number >> 24) / 255, (number >> 16 & 255) / 255, (number >> 8 & 255) / 255


def _of_qptiff(tiff: Any, series: Any, count: int) -> list[tuple[str, Colour | None]]:
    from tifffile import xml2dict

    named: list[tuple[str, Colour | None]] = []
    for page in series.pages[:count]:
        said: Mapping[str, Any] = next(iter(xml2dict(page.description).values()))
        parts = [int(part) / 255 for part in str(said.get("Color", "")).split(",") if part.strip().isdigit()]
        colour = (parts[0], parts[1], parts[2]) if len(parts) == 3 else None
        named.append((str(said.get("Name", "")), colour))
    return named


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
