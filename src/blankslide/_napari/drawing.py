"""What is drawn on pictures for a review: parts that a person chooses, and boxes around what is legible.

A field of the form and its rectangle say the same thing: whoever changes one sees the other change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankslide._napari import layers as _napari_layers
from blankslide._napari import outlines
from blankslide._napari.wish_fields import DRAWN

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel

    from blankslide._napari.review import Review
    from blankslide._napari.wish_fields import WishFields


class Drawing:
    """Rectangles of one dock.

    Parameters
    ----------
    fields
        The form's fields; their buttons begin and end the drawing.
    """

    def __init__(self, viewer: ViewerModel, review: Review, fields: WishFields) -> None:
        self.viewer, self.review, self.fields = viewer, review, fields
        self.parts: dict[str, outlines.Part] = {}
        fields.drawing.connect(self._turn)
        for field in DRAWN:
            fields.form[field].changed.connect(lambda text, field=field: self._typed(field, str(text)))
        viewer.layers.events.removed.connect(self._removed)

    def _turn(self, field: str, on: bool) -> None:
        part = self.parts.pop(field, None)
        if part is not None:
            part.remove()
        picture, path = self._picture(DRAWN[field]), self.review.session.path
        if not on or path is None:
            return
        if picture is None:
            self.fields.draw_buttons[field].setChecked(False)
            return
        native = self.fields.form[field].native
        told: Callable[[str], None] = native.setText
        self.parts[field] = outlines.Part(self.viewer, picture, path, told)
        self.parts[field].show(native.text())

    def _typed(self, field: str, text: str) -> None:
        if field in self.parts:
            self.parts[field].show(text)

    def _removed(self, event: Any) -> None:
        """Let the button go up when the person has deleted the rectangle's layer."""
        for field, part in tuple(self.parts.items()):
            if part.layer is event.value:
                del self.parts[field]
                self.fields.draw_buttons[field].setChecked(False)

    def show_found(self) -> None:
        """Show boxes around what was found to be legible."""
        path = self.review.session.path
        outlines.remove(self.viewer)
        if path is None:
            return
        roles = {one.picture for one in self.review.found}
        pictures = {role: layer for role in roles if (layer := self._picture(role)) is not None}
        outlines.show_found(self.viewer, pictures, path, self.review.found)

    def clear(self) -> None:
        """Take everything away that was drawn."""
        for button in self.fields.draw_buttons.values():
            button.setChecked(False)
        outlines.remove(self.viewer)

    def _picture(self, role: str) -> Any:
        path: Path | None = self.review.session.path
        wanted = "slide" if role.startswith("level ") else role
        for layer in _napari_layers.layers_of(self.viewer, path) if path is not None else ():
            mark = _napari_layers.mark_of(layer)
            if mark is not None and mark.role == wanted:
                return layer
        return None
