"""What a layer of ours carries in its metadata: the slide that it shows, and which part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Layer

    from blankslide.viewing import Pyramid

KEY = "blankslide"
CHANNEL, SCENE = "channel ", "scene "
"""Roles of layers of channels and of further images begin so; a number follows."""


class ShownSlide(Protocol):
    """What is asked of the slide behind a layer; `layers.OpenedSlide` is one."""

    path: Path
    stem: str
    pyramid: Pyramid
    in_srgb: bool
    waiting: list[tuple[Any, dict[str, Any], str]]
    rough: set[str]
    arriving: bool
    bottom: float

    @property
    def is_let_go(self) -> bool:
        """Whether the file was closed because no layer was left."""
        ...

    def let_go(self) -> None:
        """Close the file, because the last layer is gone."""
        ...

    def reopen(self) -> None:
        """Open the file again, because a layer came back."""
        ...

    def data_of(self, role: str, old: Any) -> Any:
        """Return what a layer of a role shows."""
        ...


class Mark(NamedTuple):
    """What a layer of ours carries in its metadata."""

    slide: ShownSlide
    role: str


def mark_of(layer: Layer) -> Mark | None:
    """Return the mark of a layer, or None if it is not ours."""
    mark = layer.metadata.get(KEY)
    return mark if isinstance(mark, Mark) else None


def is_tissue(role: str) -> bool:
    """Whether a layer shows the slide itself: in colours, one channel of it, or a further image."""
    return role == "slide" or role.startswith((CHANNEL, SCENE))
