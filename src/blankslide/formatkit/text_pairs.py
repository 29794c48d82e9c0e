"""Descriptions made of ``key = value`` pairs, as many scanners write them: pages in, findings out.

A format describes its way of writing in a `text_style.Style`, makes one reader for each slide, and
lets it read every page. `tiff_free_pages` puts what the reader found into the inspection::

    reader = Pairs(STYLE)
    for page in probe.tiff.pages:
        reader.read(page)
    size = reader.size("mpp")

What goes is cut by its position, with its separator, and the rest moves up; no value is searched
for. Of a header, only sizes, codecs, versions and the format's own words stay. Where text follows
the legal part of a value, only that text goes.

Promise: each character of a description is a kept pair or header word, white space or a separator,
or part of a finding. A second reading of what is left reports nothing.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit import text_pieces
from blankslide.formatkit.findings import FindingCollector
from blankslide.formatkit.vocabulary import SHORT_NUMBER
from blankslide.model import Cut, Fill, PhiClass, Place, TextBlock
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    import re

    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.text_pieces import Pieces
    from blankslide.formatkit.text_style import Style

__all__ = ["Pairs", "prefixed"]

_NUMBER = pattern(SHORT_NUMBER)


class Pairs:
    """Reads the descriptions of one slide.

    Attributes
    ----------
    found, kept
        What inspection needs: findings, and places of legal science.
    values
        Science key in lower case -> its first legal value that is not zero.
    """

    def __init__(self, style: Style) -> None:
        self.style = style
        self.found = FindingCollector()
        self.kept: list[Place] = []
        self.values: dict[str, str] = {}
        self._spans: set[int] = set()
        self._tails: dict[str, Pieces] = {}

    def read(self, page: Ifd, tag: int = T.IMAGE_DESCRIPTION) -> None:
        """Read one page's first description; strings shared between pages are read once.

        Raises
        ------
        DamagedSlide
            If it has more fields than any scanner writes.
        """
        self.found.bound(page.tiff.size)
        entry = page.tags.get(tag)
        if entry is None or entry.start in self._spans:
            return
        self._spans.add(entry.start)
        body, _, rest = page.raw(entry).partition(b"\0")
        block = TextBlock(0, entry.start, entry.end)
        if rest.strip(b"\0"):
            start = entry.start + len(body) + 1
            place = Place(0, page.name, start, entry.end)
            cut = (Cut(block, start, entry.end),)  # not a fill, which would overlap the cuts of the same text
            self.found.add(
                self.style.id("remainder"), "Text behind the description", PhiClass.UNKNOWN, place, cut, None
            )
        self._text(body.decode("latin-1"), page.name, block)

    def number(self, key: str) -> float | None:
        """Return the number at the beginning of a science key's legal value; None if there is none above 0."""
        match = _NUMBER.match(self.values.get(key, ""))
        value = float(match[0].replace(",", ".")) if match else 0.0
        return value if value > 0 and isfinite(value) else None

    def size(self, key: str) -> tuple[float, float] | None:
        """Return a science key's number as the size of a pixel (x, y), the same for both directions."""
        value = self.number(key)
        return None if value is None else (value, value)

    def _text(self, text: str, where: str, block: TextBlock) -> None:
        start, base = 0, block.start
        if self.style.maker:
            first = self.style.separators.search(text)
            start = first.start() if first else len(text)
            words = self.style.header_words.match(text, 0, start)
            if words and words[1] and words.end() == start:  # most headers have nothing to cut
                self.kept.append(Place(0, where, base, base + start))
            else:
                self._place(text_pieces.read_header(self.style, text[:start]), where, block)
        tail = text[start:]
        if not tail:
            return
        known = self._tails.get(tail)
        if known is None:  # every level repeats the pairs letter for letter
            known = self._tails[tail] = text_pieces.read_pairs(self.style, tail)
            for key, value in known.values.items():
                self.values.setdefault(key, value)
        self._place(known, where, block, start)

    def _place(self, pieces: Pieces, where: str, block: TextBlock, at: int = 0) -> None:
        """Record what was read of the text that begins ``at`` bytes behind the start of ``block``."""
        base, add = block.start + at, self.found.add
        new = tuple.__new__  # the named tuple's own constructor would take half the time
        for low, high in pieces.kept:
            self.kept.append(new(Place, (0, where, base + low, base + high)))
        for id_, title, cls, start, end, cut_start, cut_end, value in pieces.gone:
            place = new(Place, (0, where, base + start, base + end))
            add(id_, title, cls, place, (new(Cut, (block, base + cut_start, base + cut_end)),), value)


def prefixed(
    found: FindingCollector, kept: list[Place], page: Ifd, tag: int, legal: re.Pattern[str], id: str, title: str
) -> None:
    """Keep the beginning of a text by which readers know the maker; report what follows it.

    Parameters
    ----------
    legal
        Pattern of the beginning that stays; the longest match counts.
    id, title
        Of the finding, which is of class DEVICE.
    """
    for entry in page.entries:
        if entry.tag != tag:
            continue
        text = page.raw(entry).decode("latin-1")
        match = legal.match(text)
        end = match.end() if match else 0
        kept.append(Place(0, page.name, entry.start, entry.start + end))
        rest = text[end:]
        if rest.strip("\0 "):
            place = Place(0, page.name, entry.start + end, entry.end)
            edit = (Fill(0, place.start, place.end),)
            found.add(id, title, PhiClass.DEVICE, place, edit, rest.strip("\0 "))
