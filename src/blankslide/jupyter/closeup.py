"""A closer look at the tissue or a picture: moved, enlarged, turned. Squares go to the page as messages.

The slide is opened when somebody looks, in a thread of its own, and closed before anything is written, and whenever
the card reads the slide anew. A page that asks for a square of another state of the file gets none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from blankslide.errors import BlankslideError
from blankslide.jupyter.parts import Heard, Part, Said, Says
from blankslide.viewing.tiles import SIDE, Tiles

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.jupyter.marks import Marks
    from blankslide.model import Inspection

Slide = Callable[[], "tuple[Path, Inspection] | None"]
Send = Callable[[Says, list[bytes]], None]
_QUALITY = 88
_TISSUE = "tissue"


class Viewer(Part):
    """What a page needs to know of the things to look at, and what it asks for.

    Parameters
    ----------
    does
        Called with what a person or the page did.
    """

    kind = "viewer"
    open = Said(False)
    sources: Said[list[Says]] = Said([])
    source = Said(0)
    channel = Said(0)
    epoch = Said(0)
    note = Said("")

    def __init__(self, does: Callable[[Heard], None]) -> None:
        super().__init__(shown=False)
        self._does = does

    def hear(self, said: Heard) -> None:
        """As `Part.hear`."""
        if self.open:
            self._does(said)

    def words(self) -> str:
        """As `Part.words`."""
        return "\n".join([self.note, *(str(source["label"]) for source in self.sources)])


class CloseUp:
    """The view, and the slide while it is open for it.

    Parameters
    ----------
    slide
        Returns the slide's main file and what is in it, if it may be looked at now.
    """

    def __init__(self, slide: Slide) -> None:
        self._slide = slide
        self._tiles: Tiles | None = None
        self._lock = Lock()
        self._epoch = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="blankslide-closeup")
        self.part = Viewer(self._hear)
        self.send: Send = lambda said, blobs: None
        self._marks: Marks = {}

    # -- opening and closing ---------------------------------------------------------------

    def enlarge(self, name: str = _TISSUE) -> None:
        """Open the view on the tissue, or on a picture by its role."""
        slide = self._slide()
        if slide is None:
            return
        self.part.say(shown=True, open=True, note="opening …")
        epoch = self._epoch
        self._do(lambda: self._opened(slide, epoch), lambda tiles: self._show(tiles, name, epoch))

    def _opened(self, slide: tuple[Path, Inspection], epoch: int) -> Tiles | str:
        with self._lock:
            if epoch != self._epoch:
                return ""
            if self._tiles is None:
                try:
                    self._tiles = Tiles(*slide)
                except BlankslideError as error:
                    return f"nothing of it can be shown: {error.message}"
            return self._tiles

    def _show(self, tiles: Tiles | str, name: str, epoch: int) -> None:
        if epoch != self._epoch:
            return
        if isinstance(tiles, str):
            self.part.say(note=tiles)
            return
        names = [view.name for view in tiles.views]
        sources = [_source(view, self._marks) for view in tiles.views]
        self.part.say(
            sources=sources,
            source=names.index(name) if name in names else 0,
            channel=0,
            epoch=self._epoch,
            note=tiles.trouble or ("" if sources else "nothing in it can be shown"),
        )
        if tiles.is_rough:
            self._refine(tiles)

    def _refine(self, tiles: Tiles) -> None:
        """Compute small resolutions beside the squares that are asked for meanwhile, then let pages ask again."""
        self.part.note = "smaller resolutions are being computed …"
        call = _way_back()

        def refined() -> None:
            if tiles.refine():
                call(lambda: self._renew(tiles))

        Thread(target=refined, name="blankslide-refine", daemon=True).start()

    def _renew(self, tiles: Tiles) -> None:
        if tiles is self._tiles:
            self._epoch += 1
            self.part.say(note=tiles.trouble, epoch=self._epoch)

    def outline(self, marks: Marks) -> None:
        """Outline something in what can be looked at."""
        self._marks = marks
        if self.part.sources:
            self.part.sources = [source | _outlined(source["label"], marks) for source in self.part.sources]

    def shut(self) -> None:
        """Close the view and the slide, whatever is still asked for."""
        self._epoch += 1
        with self._lock:
            tiles, self._tiles = self._tiles, None
        if tiles is not None:
            tiles.close()
        self.part.say(shown=False, open=False, sources=[], source=0, channel=0, epoch=self._epoch, note="")

    def end(self) -> None:
        """Shut, and take no more work."""
        self.shut()
        self._pool.shutdown(wait=False)

    # -- what a page asks for --------------------------------------------------------------

    def _hear(self, said: Heard) -> None:
        does, value = said.get("do"), said.get("value")
        sources = self.part.sources
        if does == "close":
            self.shut()
        elif does == "source" and isinstance(value, int) and 0 <= value < len(sources):
            self.part.say(source=value, channel=0)
        elif does == "channel" and isinstance(value, int) and 0 <= value < len(sources[self.part.source]["channels"]):
            self.part.channel = value
        elif does == "tile":
            self._ask(said)

    def _ask(self, said: Heard) -> None:
        wanted = [said.get(name) for name in ("level", "x", "y", "epoch")]
        key = said.get("key")
        if not isinstance(key, str) or len(key) > 80 or not all(isinstance(number, int) for number in wanted):
            return
        level, x, y, epoch = (int(str(number)) for number in wanted)
        view, channel = self.part.source, self.part.channel
        if self._slide() is None:  # the file is another one, or work is going on
            return
        answer = {"part": self.part.id, "tile": {"key": key, "epoch": epoch}}
        self._do(
            lambda: self._square(epoch, (view, level, x, y, channel)),
            lambda coded: self.send(answer, [coded] if coded else []),
        )

    def _square(self, epoch: int, place: tuple[int, int, int, int, int]) -> bytes:
        tiles = self._tiles
        if epoch != self._epoch or tiles is None:
            return b""
        pixels = tiles.square(*place)
        return b"" if pixels is None else _coded(pixels)

    def _do(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do something in the thread, and go on with its result on the loop; at once where none runs."""
        call = _way_back()

        def done() -> None:
            result = work()
            call(lambda: then(result))

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            done()
        else:
            self._pool.submit(done)


def _way_back() -> Callable[[Callable[[], None]], None]:
    """Return what calls something on the loop that runs now; at once where none runs."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda call: call()

    def back(call: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(call)

    return back


def _outlined(name: str, marks: Marks) -> Says:
    return {"marks": [mark._asdict() for mark in marks.get(name, ())]}


def _source(view: Any, marks: Marks) -> Says:
    width, height = view.sizes[0]
    return _outlined(view.name, marks) | {
        "label": view.name,
        "width": width,
        "height": height,
        "levels": [{"width": w, "height": h} for w, h in view.sizes],
        "tile": SIDE,
        "mpp": view.mpp,
        "channels": list(view.channels),
    }


def _coded(pixels: Any) -> bytes:
    from PIL import Image

    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
