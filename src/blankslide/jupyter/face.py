"""What batch, spot-check and audit have in common: one sheet, one worker, and a summary for saved notebooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from blankslide.jupyter.parts import Box, Head, Part, Text
from blankslide.jupyter.sheet import Sheet
from blankslide.jupyter.showing import OnAPage, Shown
from blankslide.jupyter.worker import Worker
from blankslide.presentation import html_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.presentation.html_card import Tone

_WAIT = 1.0
_NOTE = "names, values and pictures are shown while the kernel runs, and never saved"
Rows = tuple["Sequence[str]", "Sequence[Sequence[str]]"]


class Face(OnAPage):
    """A card; whoever is one draws into its parts and starts jobs.

    Parameters
    ----------
    style
        Class of the element in the page.
    name
        For who cannot see the card.
    children
        The parts below the headline.
    """

    def __init__(self, style: str, name: str, *children: Part) -> None:
        self._head, self._said = Head(level=2), Text(live=True)
        self._sheet = Sheet(Box(self._head, *children, self._said, name=name))
        self._sheet.widget.add_class(style)
        self._shown = Shown(self._sheet)
        self._worker = Worker(self._settled, self._failed)
        self._finished = self._sealed = False

    # -- for the person at the keyboard ------------------------------------------------------

    async def idle(self) -> None:
        """Wait until the card has nothing left to do."""
        await self._worker.idle()

    def finish(self) -> None:
        """Take everything but the result out of the page; running work is asked to stop."""
        self._finished = True
        self._stop()
        if not self._worker.busy:
            self._seal()

    def close(self) -> None:
        """Finish, and take the card off the page."""
        self.finish()
        if self._sealed:
            self._sheet.widget.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._head.state or 'ready'}>"

    # -- for whoever is a card ---------------------------------------------------------------

    def _look_first(self) -> None:
        if self._sealed:
            return
        if self._worker.rests(_WAIT):
            self._draw_still()
        elif not self._sheet.still:
            self._sheet.still = html_card.rows_card("looking …", "", "quiet", [_NOTE], (), ())

    def _start(self, job: Callable[[], None], words: str) -> bool:
        """Begin a job, unless one runs; what was said of the last one is not true any more."""
        if self._finished or self._worker.busy:
            return False
        self._say(())
        self._lead(words, "… working")
        self._allow(True)
        self._worker.start(job)
        return True

    def _lead(self, text: str, state: str = "", tone: Tone = "quiet") -> None:
        self._head.say(text=text, state=state, tone=tone)

    def _say(self, lines: Sequence[str]) -> None:
        self._said.lines = list(lines)

    def _settled(self) -> None:
        if self._finished:
            self._seal()
            return
        self._allow(False)
        self._draw()
        self._draw_still()

    def _failed(self, mistake: str) -> None:
        if not self._sealed:
            self._lead("this did not work", "! mistake", "hot")
            self._say([f"our own mistake ({mistake}); nothing is said of the slides"])

    def _draw_still(self) -> None:
        text, said, (columns, rows) = self._summary()
        head = self._head
        self._sheet.still = html_card.rows_card(text, head.state, head.tone, [*said, _NOTE], columns, rows)

    def _seal(self) -> None:
        if self._sealed:
            return
        self._draw_still()
        self._sealed = True
        self._empty()
        self._sheet.root.children = (self._head,)
        self._sheet.close()
        self._worker.stop()
        self._shown.over(repr(self))

    def _summary(self) -> tuple[str, Sequence[str], Rows]:
        """Return what a saved notebook may show: a sentence, more of them, and a table; no name and no value."""
        raise NotImplementedError

    def _draw(self) -> None:
        """Draw what the last job has found."""
        raise NotImplementedError

    def _allow(self, busy: bool) -> None:
        """Say what can be pressed."""
        raise NotImplementedError

    def _stop(self) -> None:
        """Ask running work to end."""

    def _empty(self) -> None:
        """Forget what was found."""
