"""Channels, depths, times and scenes of a CZI, through the maker's library, with all their bits.

The library decodes any area of any plane at any zoom, so a slide that has no smaller levels gets some all the same.
Names and colours of channels are the file's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blankslide.viewing.planes import Channel, LazyStack, Scene

if TYPE_CHECKING:
    import threading

    import numpy as np

    from blankslide.model import Inspection
    from blankslide.viewing.planes import Colour

    Pixels = np.ndarray[Any, np.dtype[Any]]
    Box = tuple[int, int, int, int]

#: Types of pixels: how many samples, and of which type.
_TYPES = {
    "Gray8": (1, "uint8"), "Gray16": (1, "uint16"), "Gray32Float": (1, "float32"),
    "Bgr24": (3, "uint8"), "Bgr48": (3, "uint16"), "Bgr96Float": (3, "float32"), "Bgra32": (3, "uint8"),
}  # fmt: skip
_MOST_CHANNELS, _MOST_SCENES = 64, 256
_STEP, _SMALL = 4, 1024


class CziPlanes:
    """What an open CZI has besides rows and columns.

    Parameters
    ----------
    slide
        Open in the library.
    lock
        Held while it is asked.
    background
        What stands where nothing was scanned.
    """

    def __init__(self, slide: Any, lock: threading.Lock, background: tuple[float, float, float]) -> None:
        self._slide: Any = slide
        self._lock, self._background = lock, background
        box = slide.total_bounding_box
        self._sizes = {axis: box[axis][1] - box[axis][0] for axis in "TZC" if axis in box}
        self._from = {axis: box[axis][0] for axis in "TZC" if axis in box}
        rectangles = slide.scenes_bounding_rectangle
        self._scenes: dict[int, Box] = {n: (r.x, r.y, r.w, r.h) for n, r in sorted(rectangles.items())}
        whole = slide.total_bounding_rectangle
        self._whole: Box = (whole.x, whole.y, whole.w, whole.h)

    @property
    def has_more(self) -> bool:
        """Whether there is more than one plane in colours of eight bits, or more than one scene."""
        kind = str(self._slide.get_channel_pixel_type(self._from.get("C", 0)))
        return len(self._scenes) > 1 or max(self._sizes.values(), default=1) > 1 or _TYPES.get(kind) != (3, "uint8")

    def channels(self, found: Inspection, scene: int | None) -> tuple[Channel, ...]:
        """Return the channels of the slide or of one scene; none if it is one plane in colours of eight bits."""
        count = min(self._sizes.get("C", 1), _MOST_CHANNELS)
        kinds = [str(self._slide.get_channel_pixel_type(self._from.get("C", 0) + n)) for n in range(count)]
        fronts = [axis for axis in "TZ" if self._sizes.get(axis, 1) > 1]
        if any(kind not in _TYPES for kind in kinds) or (kinds == ["Bgr24"] and not fronts):
            return ()
        named = self._named(count)
        return tuple(
            Channel(*named[n], self._levels(found, scene, n, kind), "".join(fronts) + _axes(kind), _range(kind))
            for n, kind in enumerate(kinds)
        )

    def scenes(self, found: Inspection) -> tuple[Scene, ...]:
        """Return the scenes where they lie; none if there is only one."""
        if not 1 < len(self._scenes) <= _MOST_SCENES:
            return ()
        made = []
        for number, (x, y, _, _) in self._scenes.items():
            channels = self.channels(found, number)
            kind = str(self._slide.get_channel_pixel_type(self._from.get("C", 0)))
            levels = () if channels or kind not in _TYPES else self._levels(found, number, 0, kind)
            at = (x - self._whole[0], y - self._whole[1])
            made.append(Scene(f"scene {number + 1}", levels, channels, at))
        return tuple(made)

    def _levels(self, found: Inspection, scene: int | None, channel: int, kind: str) -> tuple[LazyStack, ...]:
        box = self._whole if scene is None else self._scenes[scene]
        samples, dtype = _TYPES[kind]
        front = tuple(self._sizes[axis] for axis in "TZ" if self._sizes.get(axis, 1) > 1)
        levels = []
        for by in _factors(found, box):
            shape = (*front, max(1, box[3] // by), max(1, box[2] // by), *((3,) if samples > 1 else ()))
            levels.append(LazyStack(shape, dtype, samples > 1, self._reader(scene, channel, box, by)))
        return tuple(levels)

    def _reader(self, scene: int | None, channel: int, box: Box, by: int) -> Any:
        axes = [axis for axis in "TZ" if self._sizes.get(axis, 1) > 1]

        def read(place: tuple[int, ...], rows: slice, columns: slice) -> Pixels:
            at = dict(zip(axes, place, strict=True)) | {"C": channel}
            plane = {axis: self._from.get(axis, 0) + at.get(axis, 0) for axis in "TZC"}
            corner = box[0] + columns.start * by, box[1] + rows.start * by
            size = columns.stop - columns.start, rows.stop - rows.start
            return self._read((*corner, size[0] * by, size[1] * by), size, plane, scene, by)

        return read

    def _read(self, roi: Box, size: tuple[int, int], plane: dict[str, int], scene: int | None, by: int) -> Pixels:
        import numpy as np

        with self._lock:
            if self._slide is None:
                raise ValueError("the slide is closed")
            area: Pixels = self._slide.read(
                roi=roi, plane=plane, scene=scene, zoom=1 / by, background_pixel=self._background
            )
        area = area[: size[1], : size[0]]
        missing = size[1] - area.shape[0], size[0] - area.shape[1]  # rounding may leave out a row
        if any(missing):
            area = np.pad(area, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="edge")
        return area[:, :, 0] if area.shape[2] == 1 else area[:, :, 2::-1]

    def _named(self, count: int) -> list[tuple[str, Colour | None]]:
        try:
            found = _channels_of(self._slide.metadata)
        except Exception:  # whatever stands in the file: then the channels have numbers
            found = []
        return found if len(found) == count else [("", None)] * count

    def close(self) -> None:
        """Let go of the slide."""
        self._slide = None


def _axes(kind: str) -> str:
    return "YXS" if _TYPES[kind][0] > 1 else "YX"


def _range(kind: str) -> tuple[float, float] | None:
    return (0.0, 1.0) if kind == "Bgr96Float" else None


def _factors(found: Inspection, box: tuple[int, int, int, int]) -> list[int]:
    """Return by how much each level is smaller: those that are stored, and more until one is small."""
    top = found.levels[0].width
    stored = sorted({max(1, round(top / level.width)) for level in found.levels})
    factors = [by for by in stored if min(box[2], box[3]) // by > 0] or [1]
    while max(box[2], box[3]) // factors[-1] > _SMALL and min(box[2], box[3]) // factors[-1] >= 2 * _STEP:
        factors.append(factors[-1] * _STEP)
    return factors


def _channels_of(metadata: Any) -> list[tuple[str, Colour | None]]:
    """Return name and colour of each channel, as the image says and, where it does not, as it is displayed."""
    tree = metadata["ImageDocument"]["Metadata"]
    of_image = _listed(tree["Information"]["Image"].get("Dimensions", {}).get("Channels", {}).get("Channel"))
    shown = _listed((tree.get("DisplaySetting") or {}).get("Channels", {}).get("Channel"))
    by_id = {one.get("@Id"): one for one in shown}
    named = []
    for number, one in enumerate(of_image):
        display = by_id.get(one.get("@Id")) or (shown[number] if len(shown) == len(of_image) else {})
        name = one.get("@Name") or display.get("@Name") or one.get("Fluor") or ""
        named.append((str(name), _colour(display.get("Color")) or _colour(one.get("Color"))))
    return named


def _colour(said: Any) -> Colour | None:
    """Return a colour of the form #AARRGGBB or #RRGGBB; white and black say nothing."""
    try:
        red, green, blue = bytes.fromhex(str(said or "").removeprefix("#"))[-3:]
    except ValueError:
        return None
    return (red / 255, green / 255, blue / 255) if {red, green, blue} not in ({255}, {0}) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
