"""Rectangles on pictures: a part that a person draws, and boxes around what was found to be legible.

They are layers of their own, laid over the picture at its scale, so that a pixel of theirs is one of the picture's.
They belong to the review and go with it: before a run, and when another slide comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from blankslide.model.found import Found

KEY = "blankslide outline"
_PART, _EDGE = "#ff5a36", 3
COLOURS = {"text": "#ffd400", "barcode": "#00c8ff", "unread barcode": "#ff8c00", "ink": "#ff4fd8"}
Box = tuple[int, int, int, int]


def outlined(layer: Any) -> Path | None:
    """Return the slide that a layer of rectangles is about; None for any other layer."""
    found = layer.metadata.get(KEY)
    return found if isinstance(found, Path) else None


def remove(viewer: ViewerModel) -> None:
    """Take all rectangles away."""
    for layer in [layer for layer in viewer.layers if outlined(layer) is not None]:
        viewer.layers.remove(layer)


def _shapes(viewer: ViewerModel, picture: Image, name: str, slide: Path, **more: Any) -> Any:
    width = _EDGE * max(1, max(picture.data.shape[:2]) // 500)
    return viewer.add_shapes(
        name=name,
        ndim=2,
        scale=picture.scale[-2:],
        translate=picture.translate[-2:],
        units=picture.units[-2:],
        face_color="transparent",
        edge_width=width,
        metadata={KEY: slide},
        **more,
    )


class Part:
    """A rectangle that a person draws on a picture.

    Parameters
    ----------
    picture
        The layer of the picture.
    slide
        The slide's path.
    told
        Called with ``X,Y,W,H`` when it was drawn or moved.
    """

    def __init__(self, viewer: ViewerModel, picture: Image, slide: Path, told: Callable[[str], None]) -> None:
        self.height, self.width = picture.data.shape[:2]
        self._viewer, self._told, self._quiet = viewer, told, False
        self.layer = _shapes(viewer, picture, "draw a rectangle", slide, edge_color=_PART)
        self.layer.mode = "add_rectangle"
        self.layer.events.data.connect(self._drawn)
        viewer.reset_view(layers=[picture])

    def show(self, text: str) -> None:
        """Put the rectangle where the text says; one that says nothing takes it away."""
        box = box_of(text)
        if self._quiet or (box is not None and self.text == text):
            return
        self._quiet = True
        self.layer.data = [] if box is None else [_corners(box)]
        self._quiet = False

    @property
    def text(self) -> str:
        """The rectangle as ``X,Y,W,H`` in whole pixels of the picture, rounded outward; empty if there is none."""
        if not len(self.layer.data):
            return ""
        rows, columns = self.layer.data[-1][:, 0], self.layer.data[-1][:, 1]
        left, top = max(0, int(columns.min())), max(0, int(rows.min()))
        right, bottom = min(self.width, -int(-columns.max() // 1)), min(self.height, -int(-rows.max() // 1))
        return f"{left},{top},{right - left},{bottom - top}" if right > left and bottom > top else ""

    def _drawn(self, event: Any) -> None:
        if self._quiet or str(getattr(event, "action", "")).lower().endswith("ing"):
            return
        self._quiet = True
        if len(self.layer.data) > 1:  # one part only: the last one counts
            self.layer.data = self.layer.data[-1:]
        if self.text:
            self._told(self.text)
        self._quiet = False

    def remove(self) -> None:
        """Take it off the picture."""
        self.layer.events.data.disconnect(self._drawn)
        if self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)


def show_found(viewer: ViewerModel, pictures: dict[str, Image], slide: Path, found: Iterable[Found]) -> None:
    """Show boxes around what was found, a layer for each picture; the kind stands beside each, and in its colour."""
    by_picture: dict[str, list[Found]] = {}
    for one in found:
        by_picture.setdefault(one.picture, []).append(one)
    for role, boxes in by_picture.items():
        picture = pictures.get(role)
        if picture is None:
            continue
        tall, wide = picture.data.shape[:2]
        across, down = wide / boxes[0].size[0], tall / boxes[0].size[1]
        corners = [_corners((b.x * across, b.y * down, b.w * across, b.h * down)) for b in boxes]
        layer = _shapes(
            viewer,
            picture,
            f"legible · {role}",
            slide,
            data=corners,
            shape_type="rectangle",
            edge_color=[COLOURS.get(b.kind, "#ffffff") for b in boxes],
            features={"kind": ["" if b.kind == "text" else b.kind for b in boxes]},  # else they cover each other
            text={"string": "{kind}", "anchor": "upper_left", "size": 8, "color": "#b0006a"},
        )
        layer.editable = False


def box_of(text: str) -> Box | None:
    """Return left, top, width and height; None if the text names none."""
    parts = text.replace(" ", "").split(",")
    if len(parts) != 4 or not all(part.isdecimal() and len(part) < 8 for part in parts):
        return None
    left, top, width, height = map(int, parts)
    return left, top, width, height


def _corners(box: tuple[float, float, float, float]) -> Any:
    import numpy as np

    left, top, width, height = box
    return np.array([(top, left), (top, left + width), (top + height, left + width), (top + height, left)], float)
