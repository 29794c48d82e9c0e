"""What is wanted of a run beside the profile: in place or a copy, a new name, a new label, a report.

The fields make a `Wish`; what is wrong with one is said by the session, in its words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from blankslide.jupyter.parts import Box, Choice, Field, Fold, Text
from blankslide.wishes import COPY, IN_PLACE, Wish, offered, typed_path

if TYPE_CHECKING:
    from pathlib import Path

_PARTS = {
    "mask_macro": ("Part of the macro that goes", "X,Y,WIDTH,HEIGHT or auto"),
    "keep_label": ("Part of the label that stays", "X,Y,WIDTH,HEIGHT"),
}


class WishForm:
    """The fields.

    Parameters
    ----------
    on_wish
        Called with the wish whenever it is another one.
    """

    def __init__(self, on_wish: Callable[[Wish], None]) -> None:
        self._on_wish = on_wish
        self._silent = False

        def tell(_: str) -> None:
            if not self._silent:
                self.folder.shown = self.mode.value == COPY
                on_wish(self.wish)

        self.mode = Choice([("in place", IN_PLACE), ("into a copy", COPY)], None, tell, label="Work")
        self.folder = Field("", tell, label="Folder of the copy", placeholder="CLEAN", shown=False)
        self.name = Field("", tell, label="New name", placeholder="{pseudonym}")
        self.label = Field("", tell, label="New label", placeholder="{pseudonym}|STUDY-7")
        self.parts = {
            name: Field("", tell, label=label, placeholder=like)
            for name, (label, like) in _PARTS.items()
            if name in offered()
        }
        self.report = Field("", label="Report", placeholder="report.html")
        self.trouble = Text(live=True, tone="strong")
        fields = (self.mode, self.folder, self.name, self.label, *self.parts.values(), self.report)
        self._fields = fields
        self.part = Fold(
            Box(*fields, style="line", name="how it is done"),
            self.trouble,
            label="How: in place, or a copy; name, label, report",
        )

    @property
    def wish(self) -> Wish:
        """What the fields say."""
        return Wish(
            mode=self.mode.value,
            folder=typed_path(self.folder.value),
            name=self.name.value.strip(),
            label=self.label.value.strip(),
            **{name: field.value.strip() for name, field in self.parts.items()},
        )

    @property
    def report_file(self) -> Path | None:
        """Where a report of the run is to go, if anywhere."""
        return typed_path(self.report.value)

    def allow(self, *, busy: bool, usable: bool) -> None:
        """Say whether the fields can be changed, and whether they are of use."""
        self.part.shown = usable or busy
        for field in self._fields:
            field.disabled = busy

    def empty(self) -> None:
        """Take out what was typed."""
        self._silent = True
        for field in (self.folder, self.name, self.label, *self.parts.values(), self.report):
            field.value = ""
        self.trouble.lines = ()
