"""The spot-check on a terminal: a page a slide, one key a verdict. In a pipe, one line a verdict.

Pictures are drawn with half blocks where the terminal has the colours; elsewhere the page says how to see them.
Nothing that is shown is written anywhere.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.cli import blocks
from blankslide.errors import UsageError
from blankslide.presentation import wording as words
from blankslide.review import report
from blankslide.review.check import Result, SpotCheck, Terms
from blankslide.review.page import Page, page_of
from blankslide.review.population import of_ledger, slides_below
from blankslide.review.signing import sign_slides

if TYPE_CHECKING:
    from blankslide.pipeline import Options
    from blankslide.records.ledger import Ledger

_KEYS = "P pass · F fail · N pass or fail with a note · ← → go back or on · Q stop here"
_LEFT, _RIGHT = ("\x1b[D", "\x1bOD", "<"), ("\x1b[C", "\x1bOC", ">")
_MOST = 60
_NO_PICTURES = "pictures: this terminal does not show them; look at them in napari, or set COLORTERM=truecolor"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for; percentages between 0 and 100."""

    paths: tuple[str, ...]
    reviewer: str | None
    record: str | None
    at_most: float
    confidence: float
    size: int | None
    seed: int | None
    draw: bool
    report: str | None
    with_names: bool
    profile: str
    key: str | None
    ledger: str | None
    four_eyes: bool = False
    from_ledger: bool = False
    check: str | None = None

    @property
    def terms(self) -> Terms:
        """What is asked of the sample."""
        return Terms(self.at_most / 100, self.confidence / 100, self.size, self.seed, 2 if self.four_eyes else 1)


def spotcheck(asked: Asked) -> int:
    """Draw, look, and sign; return the exit code.

    Raises
    ------
    BlankslideError
        If the check cannot be begun, gone on with or signed.
    """
    from blankslide.api import options

    if asked.check:
        return _check_report(asked)
    _check(asked)
    ledger = options(ledger=asked.ledger, looks=True).ledger
    chosen = options(asked.profile, key=asked.key, ledger="none", looks=True, asked_only=True)
    slides = _population(asked, ledger, chosen)
    reviewer = asked.reviewer or ("somebody" if asked.draw else "")
    check = SpotCheck(list(slides), reviewer, Path(asked.record) if asked.record else None, asked.terms)
    print(check.headline())
    if asked.draw:
        for position, name in enumerate(check.sample, 1):
            print(f"{position:>5}  {words.shown(name, whole=True)}")
        return 0
    _look(check, slides, chosen)
    entry = _sign(check, slides, ledger, chosen)
    result = check.result()
    _tell(check, result, entry)
    if asked.report:
        report.write(Path(asked.report), report.content(check, entry, asked.with_names))
    return 0 if check.can_be_signed and not result.failed else 1


def _check_report(asked: Asked) -> int:
    """Say whether a report is still what was signed; 0 only if all of it is known to hold."""
    from blankslide.api import options
    from blankslide.review import report_check

    if asked.paths:
        raise UsageError("--check is about a report alone", "leave the slides out")
    ledger = options(ledger=asked.ledger, looks=True, asked_only=True).ledger
    answers = report_check.check(Path(asked.check or ""), ledger)
    for answer in answers:
        print(f"{'?' if answer.holds is None else '✓' if answer.holds else '✗'} {answer.sentence}")
    return 0 if all(answer.holds for answer in answers) else 1


def _check(asked: Asked) -> None:
    if asked.with_names and asked.report is None:
        raise UsageError("--with-names is about the file of --report")
    if not asked.paths:
        raise UsageError("there is nothing to look at", "name a folder or slides")
    if asked.report:
        report.check_target(Path(asked.report))
    if asked.draw and asked.record:
        raise UsageError("--draw only says which slides would be looked at: leave --record out, or --draw")


def _population(asked: Asked, ledger: Ledger | None, chosen: Options) -> dict[str, Path]:
    """Return the slides that the sample is drawn from, by their paths below what was named."""
    if not asked.from_ledger:
        return slides_below(asked.paths)
    found = of_ledger(asked.paths, ledger, chosen)
    if found.sentence():
        print(found.sentence())
    return found.slides


# -- looking ---------------------------------------------------------------------------------


def _look(check: SpotCheck, slides: dict[str, Path], chosen: Options) -> None:
    """Show one slide after the other, until all are judged or the reviewer stops."""
    position = check.next_open()
    while position is not None:
        page = page_of(slides[check.sample[position]], chosen)
        _show(check, position, page)
        following = _answered(check, position, page.seen)
        if following is None:
            print("stopped; " + (f"go on with --record {check.record.name}" if check.record else "nothing was kept"))
            return
        position = following if following >= 0 else check.next_open(position)


def _show(check: SpotCheck, position: int, page: Page) -> None:
    print(f"\n[{position + 1}/{check.size}] {page.headline}")
    said = check.own.get(position)
    if said is not None:
        changed = " · the slide was changed since" if check.is_outdated(position, page.seen) else ""
        print(f"you said: {said.word}{f' · {said.note}' if said.note else ''}{changed}")
    if page.trouble:
        print(page.trouble)
    _show_pictures(page)
    print(words.strings_phrase([line.why for line in page.strings]) if page.strings else "no string can be read in it")
    for line in page.strings[:_MOST]:
        mark, reason = words.string_mark(line.why) or " ", words.string_reason(line.why, line.field)
        print(f"  {mark} {words.shown(line.text, whole=True)}  ({line.where}; {reason})")
    if len(page.strings) > _MOST:
        print(f"  ... {words.more_strings_phrase([line.why for line in page.strings[_MOST:]])}")


def _show_pictures(page: Page) -> None:
    shown = [*page.pictures, *((f"corner {where}", pixels) for where, pixels in page.corners)]
    if not blocks.can_show():
        print(f"{_NO_PICTURES} ({', '.join(name for name, _ in shown) or 'there are none'})")
        return
    for name, pixels in shown:
        print(name)
        print("\n".join(blocks.lines_of(pixels, 72, 24 if not name.startswith("corner") else 12)))


def _answered(check: SpotCheck, position: int, seen: str) -> int | None:
    """Take one answer: return the position to go to, -1 for the next open one, None to stop."""
    while True:
        key = _key()
        if key in ("", "q", "\x03", "\x04"):
            return None
        if key in _LEFT or key in _RIGHT:
            return (position + (1 if key in _RIGHT else -1)) % check.size
        word, _, note = key.partition(" ")
        if word == "n":
            word, _, note = _line("pass or fail, and your note: ").strip().partition(" ")
        if word.lower() in ("p", "pass"):
            check.give(position, "pass", note, seen)
            return -1
        if word.lower() in ("f", "fail"):
            check.give(position, "fail", note, seen)
            return -1
        print(_KEYS)


def _key() -> str:
    """Return one key, or a line of a pipe; empty at its end."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    import click

    print(f"{_KEYS} > ", end="", flush=True)
    key = click.getchar()
    print()
    return key.lower() if len(key) == 1 else key


def _line(question: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    return input(question)


# -- the end ---------------------------------------------------------------------------------


def _sign(check: SpotCheck, slides: dict[str, Path], ledger: Ledger | None, chosen: Options) -> int | None:
    if not check.is_complete or ledger is None:
        return None
    if not check.can_be_signed:
        print("not signed yet: a second reviewer has to look at the whole sample, with the same --record")
        return None
    return sign_slides(check, slides, ledger, chosen)


def _tell(check: SpotCheck, result: Result, entry: int | None) -> None:
    print(f"\n{result.sentence()}")
    if not check.is_complete:
        print(f"NOT complete: {check.size - len(check.own)} of the sample were not looked at")
    for position in result.failed:
        print(f"FAILED: {words.shown(check.sample[position], whole=True)}")
    if result.differ:
        print(f"the reviewers are not of one mind about {len(result.differ)}")
    if entry is not None:
        print(f"signed by {check.reviewer} · ledger entry {entry}")
