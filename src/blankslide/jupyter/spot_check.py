"""`SpotCheck`: a random sample of slides, one page each, a verdict each, and what may be said of all of them.

Sample, pages, verdicts and signature are those of `blankslide.review`; keys are the same as in the other faces.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide import api, pipeline
from blankslide.errors import BlankslideError
from blankslide.jupyter.closeup import CloseUp
from blankslide.jupyter.face import Face, Rows
from blankslide.jupyter.lists import PictureList, Table
from blankslide.jupyter.parts import Box, Button, Field, Fold, Head, Keys, Text
from blankslide.jupyter.strings import MOST, row
from blankslide.jupyter.thumbnails import png_of
from blankslide.presentation import wording
from blankslide.review import report
from blankslide.review.check import SpotCheck as Check
from blankslide.review.check import Terms
from blankslide.review.page import Page, page_of
from blankslide.review.population import of_ledger, slides_below
from blankslide.review.signing import sign_slides
from blankslide.wishes import typed_path

if TYPE_CHECKING:
    from blankslide.jupyter.parts import Says
    from blankslide.model import Inspection
    from blankslide.review.record import Word

_COLUMNS = (("!", "1.8em"), ("text", ""), ("where", "22%"), ("why", "18%"))
_KEYS = ("p", "P", "f", "F", "n", "N", "ArrowLeft", "ArrowRight")
_HELP = "keys: P pass · F fail · N note · ← → go back and on"


class SpotCheck(Face):
    """Look at a random sample of slides in a notebook; show it as the last line of a cell.

    Parameters
    ----------
    source
        A folder, slides, or a ledger (``FILE.jsonl`` or the URL of a mirror): then the sample is drawn from those
        slides of ``folder`` that the ledger knows as clean, byte for byte.
    reviewer
        Who looks.
    folder
        Where the slides of a ledger lie.
    record
        File that the verdicts are kept in, to go on later or for a second reviewer.
    at_most, confidence
        In percent: no failure in the sample shall mean that at most so many are bad, and how sure.
    size, seed
        To draw as many as that, or the same sample again.
    four_eyes
        Two reviewers have to look, neither seeing what the other said.
    ledger
        Where the result is signed; None for the user's own, or for the ledger that is the source.
    profile, key
        With which the slides are judged.

    Raises
    ------
    UsageError, EnvironmentProblem
        If there is no slide, or profile, key, ledger or record cannot be used.
    """

    def __init__(
        self,
        source: str | Path | Iterable[str | Path],
        reviewer: str,
        *,
        folder: str | Path | None = None,
        record: str | Path | None = None,
        at_most: float = 5.0,
        confidence: float = 95.0,
        size: int | None = None,
        seed: int | None = None,
        four_eyes: bool = False,
        ledger: str | Path | None = None,
        profile: str | Path = "research",
        key: str | Path | None = None,
    ) -> None:
        paths = [source] if isinstance(source, str | os.PathLike) else [*source]
        is_ledger = len(paths) == 1 and _is_ledger(paths[0])
        book = os.fspath(paths[0]) if is_ledger and ledger is None else ledger
        self._ledger = api.options(ledger=book, looks=True).ledger
        self._options = api.options(profile, key=key, ledger="none", looks=True, asked_only=True)
        self._options.find_key()
        self._aside = ""
        if is_ledger:
            found = of_ledger([folder if folder is not None else "."], self._ledger, self._options)
            self._slides, self._aside = found.slides, found.sentence()
        else:
            self._slides = slides_below(paths)
        terms = Terms(at_most / 100, confidence / 100, size, seed, 2 if four_eyes else 1)
        self.check = Check(list(self._slides), reviewer, Path(record) if record is not None else None, terms)
        self._position = self.check.next_open() or 0
        self._page: Page | None = None
        self._found: tuple[Path, Inspection] | None = None
        self._entry: int | None = None
        self._trouble = ""
        self._closeup = CloseUp(self._slide)
        super().__init__("blankslide-spotcheck", "spot-check", *self._parts())
        self._closeup.send = self._sheet.send
        self._turn(self._position)

    def _parts(self) -> tuple[Box | Keys, ...]:
        self._where = Head(level=3)
        self._own = Text(live=True)
        self._pictures = PictureList(self._closeup.enlarge, name="pictures of the slide")
        self._corners = PictureList(name="corners of the tissue at full resolution")
        self._strings = Table(columns=_COLUMNS, name="every string left")
        self._count = Text()
        self._fold = Fold(self._count, self._strings, label="Every string left")
        self._fold.value = True
        self.note = Field("", label="Note", placeholder="what you saw", width="320px")
        self.good = Button(lambda: self.give("pass"), label="Pass")
        self.bad = Button(lambda: self.give("fail"), label="Fail")
        self.back = Button(lambda: self._turn(self._position - 1), label="←", tip="the slide before")
        self.on = Button(lambda: self._turn(self._position + 1), label="→", tip="the next slide")
        self.tissue = Button(self._closeup.enlarge, label="Look at the tissue")
        self.report = Field("", label="Report", placeholder="spot-check.html")
        self.sign = Button(self._sign, label="Sign", tip="write the result into the ledger")
        self.end = Button(self.finish, label="Finish")
        self._result = Text(live=True, tone="strong")
        page = Keys(
            self._where,
            self._own,
            self._pictures,
            self._closeup.part,
            self._corners,
            self._fold,
            Box(self.good, self.bad, self.note, self.back, self.on, self.tissue, style="line", name="your verdict"),
            Text(lines=[_HELP]),
            does=self._key,
            keys=_KEYS,
            name=f"one slide of the sample; {_HELP}",
        )
        return page, Box(self._result, Box(self.report, self.sign, self.end, style="line", name="the end"))

    # -- pages -------------------------------------------------------------------------------

    def _turn(self, position: int) -> None:
        """Show another slide of the sample."""
        if self._finished or self._worker.busy:
            return
        self._position = position % self.check.size
        self._page = self._found = None
        self._closeup.shut()
        self.note.value = ""
        self._start(self._read, self.check.headline())

    def _read(self) -> None:
        path = self._slides[self.check.sample[self._position]]
        self._page = page_of(path, self._options)
        try:
            self._found = pipeline.main_file(path), pipeline.inspect(path)
        except BlankslideError:
            self._found = None

    def _slide(self) -> tuple[Path, Inspection] | None:
        return None if self._worker.busy or self._finished else self._found

    def _draw(self) -> None:
        page, check = self._page, self.check
        judged = f"{len(check.own)} of {check.size} judged"
        self._lead(check.headline(), *(("✓ all judged", "good") if check.is_complete else (f"… {judged}", "quiet")))
        self._draw_page(page)
        result = check.result()
        self._result.lines = [result.sentence(), *filter(None, [self._aside])] if result.looked else [self._aside]
        self._say(list(filter(None, [self._trouble])))

    def _draw_page(self, page: Page | None) -> None:
        said = self.check.own.get(self._position)
        number = f"[{self._position + 1}/{self.check.size}]"
        if page is None:
            self._where.say(text=number, state="", tone="quiet")
            self._pictures.items = self._corners.items = self._strings.rows = ()
            return
        state = ("✓ clean", "good") if page.clean else ("✗ NOT clean", "hot")
        leads, _, left = page.headline.partition(" – ")
        whole = page.clean or not left
        self._where.say(text=f"{number} {page.headline if whole else leads}", state=state[0], tone=state[1])
        lines = [*([] if whole else [left]), *filter(None, [page.trouble])]
        if said is not None:
            changed = " · the slide was changed since" if self.check.is_outdated(self._position, page.seen) else ""
            lines.append(f"you said: {said.word}{f' · {said.note}' if said.note else ''}{changed}")
        self._own.lines = lines
        self._pictures.items = [_item(name, pixels, "enlarge: ") for name, pixels in page.pictures]
        self._corners.items = [_item(f"corner {name}", pixels, whole=True) for name, pixels in page.corners]
        self._strings.rows = [row(number, line) for number, line in enumerate(page.strings[:MOST])]
        self._fold.label = f"Every string left ({len(page.strings)})"
        why = [line.why for line in page.strings]
        said_of_them = [wording.strings_phrase(why), wording.more_strings_phrase(why[MOST:])]
        self._count.lines = list(filter(None, said_of_them)) if page.strings else ["no string can be read in it"]

    def _allow(self, busy: bool) -> None:
        stands = self.check.stands
        for part in (self.good, self.bad, self.note):
            part.disabled = busy or stands
        self.back.disabled = self.on.disabled = busy
        self.tissue.disabled = busy or self._found is None
        self.sign.disabled = busy or not self.check.can_be_signed or self._entry is not None or self._ledger is None
        self.report.disabled = busy

    # -- what the person does ----------------------------------------------------------------

    def _key(self, key: str) -> None:
        does: dict[str, Callable[[], None]] = {
            "p": lambda: self.give("pass"),
            "f": lambda: self.give("fail"),
            "n": self.note.ask_focus,
            "arrowleft": lambda: self._turn(self._position - 1),
            "arrowright": lambda: self._turn(self._position + 1),
        }
        if not self._worker.busy:
            does[key.lower()]()

    @property
    def page(self) -> Page | None:
        """What is shown of the slide; None while it is read."""
        return self._page

    def give(self, word: Word, note: str = "") -> None:
        """Give a verdict on the slide that is shown, ``pass`` or ``fail``, and go on to the next one."""
        page = self._page
        if page is None or self._worker.busy or self._finished:
            return
        self._trouble = ""
        try:
            self.check.give(self._position, word, note or self.note.value, page.seen)
        except BlankslideError as error:
            self._trouble = error.sentence()
            self._draw()
            return
        following = self.check.next_open(self._position)
        if following is None:
            self._allow(False)
            self._draw()
            self._draw_still()
        else:
            self._turn(following)

    def _sign(self) -> None:
        target = typed_path(self.report.value)
        self._start(lambda: self._signed(target), "signing …")

    def _signed(self, target: Path | None) -> None:
        ledger = self._ledger
        if ledger is None:
            return
        try:
            if target is not None:
                report.check_target(target)
            self._entry = sign_slides(self.check, self._slides, ledger, self._options)
            self._trouble = f"signed by {wording.shown(self.check.reviewer, whole=True)} · ledger entry {self._entry}"
            if target is not None:
                report.write(target, report.content(self.check, self._entry))
                self._trouble += f" · report: {wording.shown(target)}"
        except BlankslideError as error:
            self._trouble = error.sentence()

    # -- what stays --------------------------------------------------------------------------

    def _summary(self) -> tuple[str, Sequence[str], Rows]:
        check = self.check
        rows = [(str(p + 1), check.own[p].word if p in check.own else "not looked at") for p in range(check.size)]
        said = [check.result().sentence()] if check.own else []
        signed = [f"signed · ledger entry {self._entry}"] if self._entry is not None else []
        return check.headline(), [*said, *signed], (("slide of the sample", "verdict"), rows[:MOST])

    def _empty(self) -> None:
        self._closeup.end()
        self._page = self._found = None
        self._draw_page(None)
        self._where.text, self._own.lines, self._count.lines = "", (), ()
        self.note.value = self.report.value = ""


def _is_ledger(path: str | Path) -> bool:
    return "://" in os.fspath(path) or os.fspath(path).endswith(".jsonl")


def _item(name: str, pixels: object, opens: str = "", whole: bool = False) -> Says:
    return {
        "whole": whole,  # a pixel of the slide for a pixel of the page: what is shown smaller cannot be read
        "key": name,
        "caption": name,
        "alt": f"{name} of the slide",
        "image": png_of(pixels),
        "why": "",
        "opens": f"{opens}{name}" if opens else "",
    }
