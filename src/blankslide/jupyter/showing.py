"""How a card gets into a cell, and what a saved notebook keeps of it.

A cell's output has two forms side by side: the live card, and the summary as HTML for whoever opens the notebook
later, without a kernel, or on a web page. When the card is finished, the summary takes the place of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from blankslide.jupyter.sheet import Sheet

Bundle = dict[str, Any]
_VIEW = "application/vnd.jupyter.widget-view+json"


class Shown:
    """The places where a card is shown.

    Parameters
    ----------
    sheet
        The card.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._places: list[str] = []
        self._is_over = False

    def bundle(self, text: str) -> Bundle:
        """Return the output of a cell.

        Parameters
        ----------
        text
            The plain form, which says no more than the state.
        """
        still: Bundle = {"text/html": self._sheet.still, "text/plain": text}
        view = {"version_major": 2, "version_minor": 0, "model_id": self._sheet.widget.model_id}
        return still if self._is_over else {_VIEW: view} | still

    def show(self, text: str) -> None:
        """Show the card in the cell that runs."""
        from IPython.core.interactiveshell import InteractiveShell
        from IPython.display import display

        if not InteractiveShell.initialized():
            print(text)
            return
        place = uuid4().hex
        self._places.append(place)
        display(self.bundle(text), raw=True, display_id=place)  # type: ignore[no-untyped-call]

    def over(self, text: str) -> None:
        """Put the summary in the card's place, wherever that is shown."""
        self._is_over = True
        if not self._places:
            return
        from IPython.display import update_display

        for place in self._places:
            update_display(self.bundle(text), raw=True, display_id=place)  # type: ignore[no-untyped-call]


class OnAPage:
    """Whatever is shown by the cell that returns it; who is one has `_shown`, and looks before it is shown."""

    _shown: Shown

    def _look_first(self) -> None:
        """Catch up with what a worker has done, so that the first look is no empty one."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        """Return the card, and the summary of it; the text beside it says no more than the state."""
        self._look_first()
        return self._shown.bundle(repr(self))

    def _ipython_display_(self) -> None:
        """Show the card."""
        self._look_first()
        self._shown.show(repr(self))
