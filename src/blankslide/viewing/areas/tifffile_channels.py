"""The channels of a TIFF, as tifffile's series lays them out, with the names and colours that the slide gives them.

A series is used only if it is the tissue by the inspection: its levels have the sizes that were found, and its first
page is the first level's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blankslide.quiet import quiet
from blankslide.viewing.planes import Channel, Colour, LazyPlanes, shown_axes

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
        extra = {axis: n for axis, n in zip(axes, shape, strict=True) if axis not in "YX" and n > 1}
        known = set(extra) <= set("TZCS")
        if extra and known and "S" not in extra and extra.get("C", 1) <= _MOST:
            return series
    return None


def _first_page(series: Any) -> int | None:
    index = series.pages[0].index
    return index if isinstance(index, int) else None


def _channels(tiff: Any, series: Any) -> Sequence[Channel]:
    import zarr

    axes = series.axes
    levels = [level for level in series.levels if level.axes == axes]
    stores = [zarr.open(series.aszarr(level=number), mode="r") for number in range(len(levels))]
    count = series.shape[axes.index("C")] if "C" in axes else 1
    names = _named(tiff, series, count)
    return [
        Channel(name, colour, tuple(LazyPlanes(store, axes, number) for store in stores), shown_axes(axes))
        for number, (name, colour) in enumerate(names)
    ]


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
    from tifffile import xml2dict

    images = _listed(xml2dict(tiff.ome_metadata)["OME"]["Image"])
    same = [s for s in tiff.series if s.kind == "ome"]
    pixels = images[same.index(series)]["Pixels"]
    channels = _listed(pixels.get("Channel", []))
    if len(channels) != count:
        return []
    return [(str(channel.get("Name", "")), _packed(channel.get("Color"))) for channel in channels]


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
