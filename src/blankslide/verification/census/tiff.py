"""The census of one TIFF: directories, then roles, then proof of tissue, then all that is left.

Only a page that is proven a level, a thumbnail, a channel or blank may claim bytes, and only as many
segments as its grid needs, each a whole stream of its codec. Everything else is loose and is read.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, cast

from blankslide.verification.census import tags
from blankslide.verification.census.account import Account, Picture, Text
from blankslide.verification.census.data import Span, Stream, joined, without
from blankslide.verification.census.icc import is_profile
from blankslide.verification.census.ifds import Broken, Directory, Entry, Walk
from blankslide.verification.census.long_jpeg import ends
from blankslide.verification.census.loose import speak_loose
from blankslide.verification.census.memory import Memory
from blankslide.verification.census.restarts import intervals
from blankslide.verification.census.roles import MASK, Candidate, prove
from blankslide.verification.census.streams import beside, beside_tables
from blankslide.verification.census.texts import speak, speak_picture, speak_profile
from blankslide.verification.census.tiff_pages import Page, Together, page_of
from blankslide.verification.census.tiny import is_last_step, is_quiet, is_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from blankslide.source import ByteSource
    from blankslide.verification.census.pixels import Look

_SPELLED = re.compile(rb"[A-Za-z](?>(?:[ ,.'^_-]?[A-Za-z]){5,})|\d[\d./ -]{6,}+")
_SHORT = re.compile(rb"[0-9A-Za-z]{3,4}\0?")
CLAIMING = frozenset(("level", "thumbnail", "channel", "map", "blank"))
EVERY = 4 << 20
"""Coded bytes of a page up to which each of its segments is walked."""
FEW = 24
WHOLE = 0.9
"""Share of a thumbnail that must have been looked at before it is kept."""
_WHOLE = 64 << 20
_HEAD = 1 << 17
_MOST_SAID = 1024
"""Different texts beside the pixels of segments that are read, of one page."""
_JPEG = frozenset((6, 7))


class Tiff:
    """One TIFF under the census.

    Parameters
    ----------
    account
        What is found is added here.
    file
        Number of the file.
    source
        Its bytes.
    thorough
        Walk each segment, whatever their number.
    memory
        What its pages looked like before in this run, and by which bytes.
    """

    def __init__(
        self, account: Account, file: int, source: ByteSource, thorough: bool = False, memory: Memory | None = None
    ) -> None:
        self.account, self.file, self.source, self.thorough = account, file, source, thorough
        self.memory = memory or Memory()
        self.walk = Walk(source)
        self.known: list[Span] = [self.walk.head]
        self.loose: list[Span] = []
        self.pages = [page for d in self.walk.directories if (page := page_of(self.walk, d)) is not None]

    def take_stock(self) -> None:
        """Add all texts and pictures of the file to the account."""
        for directory in self.walk.directories:
            self._entries(directory)
        if self.pages:
            self._pictures()
        self.known = joined(self.known)
        rest = without([(0, self.source.size)], self.known)
        speak_loose(
            self.account, self.file, self.source, joined((*rest, *self.loose)), "loose", "bytes that nothing needs"
        )

    # -- values ------------------------------------------------------------------------

    def _entries(self, directory: Directory) -> None:
        self.known.append(directory.span)
        for words in directory.words:
            self.known.append(words)
        for entry in directory.entries:
            self.known.append((entry.start, entry.end))
            self._slack(directory, entry)
            if tags.is_index(self.walk, directory, entry):
                continue
            if not tags.is_structure(self.walk, directory, entry):
                self._spoken(directory, entry)

    def _slack(self, directory: Directory, entry: Entry) -> None:
        """Read the bytes of an entry that its value does not use; short text elsewhere may be here as well."""
        end = entry.at + (20 if self.walk.big else 12)
        start = entry.end if entry.inline else end - 4
        rest = self.source.read(start, end - start)
        if entry.inline and entry.code not in tags.INDEX:
            rest += entry.more.to_bytes(4, "little") if entry.more else b""
        if any(rest) if entry.inline else entry.end - entry.start <= 4 and _SHORT.fullmatch(rest):
            place = f"{entry.code}/slack"
            self.account.texts.append(Text(self.file, place, rest.decode("latin-1"), start, end, directory.where))

    def _spoken(self, directory: Directory, entry: Entry) -> None:
        """Add what a value says: text leaf by leaf, numbers as numbers and as the words they may spell."""
        place, where = str(entry.code), directory.where
        if entry.end - entry.start > _WHOLE:
            self.account.troubles.append(f"{where}, tag {place}: a value is too large to be read")
        data = self.walk.bytes_of(entry) if entry.end - entry.start <= _WHOLE else b""
        if entry.code == tags.TABLES and directory.first(tags.TABLES) is entry:
            rest = beside_tables(data, self._heads(directory))
            for start, end in [(0, len(data))] if rest is None else rest:
                speak(self.account, self.file, f"{place}/beside", data[start:end], entry.start + start, where)
        elif is_profile(data):
            speak_profile(self.account, self.file, place, data, entry.start, where)
        elif entry.kind in (1, 2, 6, 7, 129):
            self._bytes(place, data, entry, where)
        else:
            self._numbers(place, data, entry, where)

    def _heads(self, directory: Directory) -> Iterator[bytes]:
        """Yield how some of a directory's segments begin, if they are JPEG."""
        page = next((page for page in self.pages if page.directory is directory), None)
        if page is None or page.coding.compression not in _JPEG:
            return
        full = [i for i in range(len(page.offsets)) if page.lengths[i]]
        for number in (full[i] for i in (_spread(len(full)) if len(full) > FEW else range(len(full)))):
            start = int(page.offsets[number])
            length = min(int(page.lengths[number]), _HEAD)
            if 0 <= start <= self.source.size - length:
                yield self.source.read(start, length)

    def _bytes(self, place: str, data: bytes, entry: Entry, where: str) -> None:
        if speak_picture(self.account, self.file, data, (entry.start, entry.end), f"{where}, tag {entry.code}"):
            return
        before = len(self.account.texts)
        speak(self.account, self.file, place, data, entry.start, where)
        if len(self.account.texts) == before and data.strip(b" \0") and len(data) <= 64:
            shown = data.hex(" ")
            self.account.texts.append(Text(self.file, f"{place}/bytes", shown, entry.start, entry.end, where))

    def _numbers(self, place: str, data: bytes, entry: Entry, where: str) -> None:
        numbers = self.walk.parsed(entry, data) if entry.number <= 4096 else ()
        shown = " ".join(f"{n:.10g}" for n in numbers) if entry.number <= 4096 else f"{entry.number} numbers"
        self.account.texts.append(Text(self.file, place, shown, entry.start, entry.end, where))
        for found in _SPELLED.finditer(data) if entry.kind not in (4, 13, 16, 18) or entry.number < 3 else ():
            low, high = entry.start + found.start(), entry.start + found.end()
            self.account.texts.append(Text(self.file, f"{place}/spelled", found[0].decode(), low, high, where))

    # -- pictures ----------------------------------------------------------------------

    @cached_property
    def _library(self) -> Any:
        """The file as tifffile knows it; opened when the first page has to be decoded."""
        from tifffile import TiffFile

        stream = cast("IO[bytes]", Stream(self.source))
        # it would know an NDPI by the name of its file, and reads offsets beyond 4 GB in nothing else
        return TiffFile(stream, is_ndpi=True) if self.walk.ndpi else TiffFile(stream)

    def looks(self) -> list[Look | None]:
        """Look at each page."""
        return [self._look(page) for page in self.pages]

    def _look(self, page: Page, few: int = 8) -> Look | None:
        """Look at a page, unless it was looked at before and all that it is made of is the same now."""
        from blankslide.verification.census.decode import tiff_look

        def look(source: ByteSource) -> Look | None:
            for entry in page.directory.entries:
                if entry.code in tags.INDEX:  # asked for again, like the segments
                    source.read(entry.start, entry.end - entry.start)
            library = self._library  # what cannot be opened at all is no matter of one page
            try:
                return tiff_look(_told(library, page), source.read, few=few)
            except Exception:  # a library's failure on a page is an answer: nobody can say what it shows
                return None

        step = ("look", self.file, page.directory.at, few, *self._facts(page))
        return self.memory.ask(step, self.source, look)

    def _facts(self, page: Page) -> tuple[Any, ...]:
        """Return all by which a library decodes a page's segments, but the index: each of its tags, without texts.

        One text has a part in it: Philips' depth is corrected where the description ends as Philips' does.
        """
        directory = page.directory
        plain = [e for e in directory.entries if e.code not in tags.SAID and e.code not in tags.INDEX]
        told = tuple((e.code, e.kind, e.number, e.more, self.walk.bytes_of(e)) for e in plain)
        said = directory.first(270)
        philips = said is not None and b"</DataObject>" in self.source.read(
            max(said.start, said.end - 32), min(32, said.end - said.start)
        )
        return self.walk.order, self.walk.big, self.walk.ndpi, philips, told

    def candidates(self, looks: Sequence[Look | None]) -> list[Candidate]:
        """Return the pages for the question of which role each has; one in intervals that can be found is in tiles."""
        cut = [intervals(self.walk, page.directory) for page in self.pages]
        return [
            Candidate(page.width, page.height, look, page.tiled or count > 1, max(len(page.offsets), count), "")
            for page, look, count in zip(self.pages, looks, cut, strict=True)
        ]

    def _pictures(self) -> None:
        looks = self.looks()
        candidates = self.candidates(looks)
        roles = prove(candidates, self.memory.pairs)
        levels = [page for page, role in zip(self.pages, roles, strict=True) if role.proven == "level"]
        is_alone = sum(look is None or not look.flat for look in looks) == 1
        for page, look, role in zip(self.pages, looks, roles, strict=True):
            proven, reason = role.proven, role.reason
            if proven == "thumbnail" and role.looked < WHOLE:
                proven, reason = self._again(page, candidates)
            if role.reason == MASK and not self._is_mask(page):
                proven, reason = "unclear", "a mask with something in it"
            if look is not None and look.flat:
                proven, reason = self._blank(page)
            if proven != "blank" and is_small(page):
                proven, reason = self._small(page, levels, (proven, reason))
            # the only picture is told of if there is another anywhere: its own segments are none
            claims = proven in CLAIMING or (proven == "unclear" and is_alone)
            spoken = self._segments(page) if claims else True
            at, where = page.directory.at, page.directory.where
            self.account.pictures.append(Picture(self.file, where, page.width, page.height, proven, at, at, reason))
            if spoken and claims:
                self._segments(page, every=True)
            self._surplus(page)

    def _small(self, page: Page, levels: Sequence[Page], known: tuple[str, str]) -> tuple[str, str]:
        """Say what a page of few pixels is: a step of the pyramid, if nothing is drawn beside it in its tile."""
        data = self.coded(page, 0)
        try:
            pixels = None if data is None else _decoded(_told(self._library, page), 0, data)[0]
        except Exception:  # nobody can say what it shows
            return known
        if pixels is not None and not is_quiet(page, pixels):
            return "other", "something is drawn beside it in its tile"
        step = pixels is not None and known[0] not in CLAIMING - {"map"} and is_last_step(page, levels)
        return ("level", "a step of the pyramid, too small to show anything") if step else known

    def _again(self, page: Page, candidates: list[Candidate]) -> tuple[str, str]:
        """Look at all of a thumbnail: what hides in a part that was not looked at is kept with it."""
        from blankslide.verification.census.decode import ALL

        number = self.pages.index(page)
        look = self._look(page, ALL)
        others = [c._replace(look=look) if i == number else c for i, c in enumerate(candidates)]
        role = prove(others, self.memory.pairs)[number]
        return role.proven, role.reason

    def _is_mask(self, page: Page) -> bool:
        """Whether all pixels of a page are those of a mask: in a smaller picture a line of print is one grey block."""
        from blankslide.verification.census.masks import LARGEST, NEAR, is_plain

        if page.width * page.height > LARGEST:
            return False
        try:
            values = _told(self._library, page).asarray()
        except Exception:  # what a library cannot read is no mask
            return False
        return values.ndim == 2 and is_plain(values.astype(int), NEAR)

    def _blank(self, page: Page) -> tuple[str, str]:
        """Whether each segment of a page is of one colour; equal segments are decoded once."""
        told = _told(self._library, page)
        seen: set[bytes] = set()
        for number in range(min(page.needed, len(page.offsets))):
            data = self.coded(page, number)
            if data is None or data in seen:
                continue
            seen.add(data)
            if not _is_flat(told, number, data):
                return "other", "a segment of a blank picture is not blank"
        return "blank", "one colour"

    def coded(self, page: Page, number: int, source: Together | None = None) -> bytes | None:
        """Return a segment's bytes, unless it is empty, larger than anybody reads at once, or not in the file."""
        start, length = int(page.offsets[number]), int(page.lengths[number])
        if not length or length > _WHOLE or start < 0 or start + length > self.source.size:
            return None
        return (source or self.source).read(start, length)

    def _segments(self, page: Page, every: bool = False) -> bool:
        """Prove segments of a page, and return whether one of them holds more than pixels.

        Those that are proven, or taken for proven because those around them are, explain their bytes.
        """
        count = min(page.needed, len(page.offsets))
        small = int(page.lengths[:count].sum()) <= EVERY
        chosen = range(count) if every or self.thorough or small else _spread(count)
        said: set[bytes] = set()
        together = Together(self.source, page.offsets[:count], page.lengths[:count]) if small else None
        for number in chosen:
            for low, high in self._beside(page, number, together):
                where = f"{page.directory.where}, segment {number}"
                text = self.source.read(low, high - low)
                if text not in said:  # what is explained in one tile is so in all
                    said.add(text)
                    speak(self.account, self.file, "coded", text, low, where)
            if len(said) > _MOST_SAID:
                self.account.troubles.append(f"{page.directory.where}: more segments hold text than can be read")
                break
        if not every:
            self._claim(page, count)
        return bool(said) and not small

    def _beside(self, page: Page, number: int, together: Together | None) -> list[Span]:
        """Return what a segment holds beside its pixels; of one that is too large to be read, what its ends hold."""
        start, length = int(page.offsets[number]), int(page.lengths[number])
        data = self.coded(page, number, together)
        if data is None:
            large = length > _WHOLE and 0 <= start <= self.source.size - length
            return ends(self.source, start, length) if large and page.coding.compression in _JPEG else []
        rest = beside(data, page.coding_of(number))
        return [(start + low, start + high) for low, high in ([(0, len(data))] if rest is None else rest)]

    def _claim(self, page: Page, count: int) -> None:
        import numpy as np

        starts, lengths = page.offsets[:count], page.lengths[:count]
        kept = lengths > 0
        starts, ends = starts[kept], (starts + lengths)[kept]
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
        if len(starts):
            breaks = np.flatnonzero(starts[1:] != ends[:-1])
            low = np.concatenate((starts[:1], starts[breaks + 1]))
            high = np.concatenate((ends[breaks], ends[-1:]))
            self.known.extend(zip(low.tolist(), high.tolist(), strict=True))

    def _surplus(self, page: Page) -> None:
        """Read what a page points at beyond its grid; where that is another picture's tissue, it says nothing new."""
        for number in range(page.needed, min(len(page.offsets), page.needed + 4096)):
            start, length = int(page.offsets[number]), int(page.lengths[number])
            if length and start >= 0 and start + length <= self.source.size:
                self.loose.append((start, start + length))


def _told(library: Any, page: Page) -> Any:
    """Return a page as tifffile knows it."""
    from tifffile import TiffPage

    library.filehandle.seek(page.directory.at)
    return TiffPage(library, index=0)


def _decoded(told: Any, number: int, data: bytes) -> Any:
    """Return the pixels of a segment: slices, rows, columns and samples."""
    return told.decode(data, number, jpegtables=told.jpegtables, jpegheader=told.jpegheader)[0]


def _is_flat(told: Any, number: int, data: bytes) -> bool:
    """Whether a segment shows one colour, up to what a codec may round."""
    from blankslide.verification.census.glance import extremes

    try:
        low, high = extremes(_decoded(told, number, data))
        return bool((high.astype(int) - low.astype(int) <= 2).all())
    except Exception:  # nobody can say what it shows
        return False


def _spread(count: int) -> list[int]:
    """Choose first, last and a spread between."""
    return sorted({round(i * (count - 1) / (FEW - 1)) for i in range(FEW)})


__all__ = ["Broken", "Tiff"]
