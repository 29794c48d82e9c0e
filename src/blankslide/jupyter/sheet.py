"""A card in pages: the one widget that there is, and the messages between it and its parts.

Its only state is ``still``, a summary without values, pictures and names, that a saved notebook shows when no kernel
is there. All else goes to a page as a message when that page asks, and later as changes. No server, no port, nothing
from elsewhere: whatever brings cells to the browser brings this.

Promise: nothing that a part says, but for ``still``, is ever the state of a widget.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from blankslide.jupyter.parts import Part, Says

_FOLDER = "static"


@cache
def _text(*names: str) -> str:
    here = files("blankslide.jupyter") / _FOLDER
    return "\n".join((here / name).read_text("utf-8") for name in names)


class _Widget(anywidget.AnyWidget):
    """What notebooks know of a card."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    still = traitlets.Unicode("").tag(sync=True)
    own = traitlets.Unicode("").tag(sync=True)

    def __init__(self) -> None:
        super().__init__(_esm=_text("viewer.js", "page.js"), _css=_text("page.css"))
        self.own = self.model_id or ""


class Sheet:
    """Parts on a page.

    Parameters
    ----------
    root
        The part that holds all others.
    """

    def __init__(self, root: Part) -> None:
        self.root = root
        self.widget: Any = _Widget()
        self.widget.on_msg(self._hear)
        self._has_pages = self._is_closed = False
        self._news: dict[int, Says] = {}
        self._filled: dict[int, Part] = {}
        self._waits = False
        for part in root.all():
            part.tell = self._told

    @property
    def still(self) -> str:
        """The summary that a saved notebook shows: HTML without values, pictures and names."""
        return str(self.widget.still)

    @still.setter
    def still(self, html: str) -> None:
        if not self._is_closed:
            self.widget.still = html

    # -- from the parts to the pages -------------------------------------------------------

    def _told(self, part: Part, says: Says) -> None:
        if not self._has_pages or self._is_closed:
            return
        if says:
            self._news.setdefault(part.id, {}).update(says)
        else:
            self._filled[part.id] = part
        if self._waits:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            self._waits = True
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what is new to all pages."""
        self._waits = False
        news, filled = self._news, self._filled
        self._news, self._filled = {}, {}
        if self._is_closed or not (news or filled):
            return
        blobs: list[bytes] = []
        fill = {str(i): [_tree(child, blobs) for child in part.children] for i, part in filled.items()}
        put = {str(i): _bare(says, blobs) for i, says in news.items()}
        self.send({"fill": fill, "put": put}, blobs)

    def send(self, said: Says, blobs: list[bytes] | None = None) -> None:
        """Send a message to all pages."""
        if not self._is_closed:
            self.widget.send(said, blobs or [])

    # -- from a page to the parts ----------------------------------------------------------

    def _hear(self, _: object, said: object, __: object = None) -> None:
        if not isinstance(said, dict) or self._is_closed:
            return
        page = said.get("hello")
        if isinstance(page, str):
            self.flush()
            self._has_pages = True
            blobs: list[bytes] = []
            self.send({"tree": _tree(self.root, blobs), "to": page}, blobs)
            return
        for part in tuple(self.root.all()):
            if part.id == said.get("part"):
                part.hear(said)
                return

    # -- the end ---------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the summary in all pages, and nothing else."""
        if self._is_closed:
            return
        self.send({"gone": True})
        self._is_closed = True
        with suppress(Exception):  # programs that run notebooks keep what this cell's own messages say
            self.widget.send_state()
        self._news.clear()
        self._filled.clear()

    def words(self) -> str:
        """Return what a person can read in the card now: hidden parts and closed folds do not count."""
        return "\n".join(_words(self.root))


def _words(part: Part) -> list[str]:
    if not part.shown:
        return []
    inside = [] if part.kind == "fold" and not getattr(part, "value", True) else part.children
    return [part.words(), *(line for child in inside for line in _words(child))]


def _tree(part: Part, blobs: list[bytes]) -> Says:
    says = _bare(part.plain(), blobs)
    return {"id": part.id, "kind": part.kind, "says": says, "children": [_tree(c, blobs) for c in part.children]}


def _bare(value: Any, blobs: list[bytes]) -> Any:
    """Return what can be sent as JSON: bytes travel beside it."""
    if isinstance(value, bytes):
        blobs.append(value)
        return {"blob": len(blobs) - 1}
    if isinstance(value, dict):
        return {name: _bare(one, blobs) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_bare(one, blobs) for one in value]
    return value
