"""Sakura svslide (``.svslide``): an SQLite database that holds tiles, pictures and a few rows of metadata.

Layout: one row of a configuration names the table of tiles (grey JPEGs, one for each colour);
three tables describe slide, scan and the pictures of label and whole slide, each with a second,
small copy.

No SQL is run, because SQLite would write new pages and leave the old ones. Instead, values are
emptied in place, in the row and in every index that repeats them, with the same type and length.
Blank pictures are drawn over pictures. Ids are replaced in all places at once. Freed pages, free
blocks and unused ends of pages become zeros. The database stays sound; the tests let SQLite
check that (``integrity_check``).

Unknown values, names and parts of statements are findings. What cannot be edited in place is
refused with the reason: a log or journal beside the file, write-ahead mode, check sums in pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.sqlite.pages import MAGIC, Database
from blankslide.errors import NotEditable, SlideError
from blankslide.formatkit.findings import FindingCollector
from blankslide.formatkit.protocol import Format
from blankslide.formats.sakura.check_sums import put_right
from blankslide.formats.sakura.rows import CONFIG, SCAN, Rows, table_name
from blankslide.formats.sakura.schema import Schema
from blankslide.formats.sakura.tile_chains import Chains, Runs
from blankslide.formats.sakura.tile_table import GRID, Tiles, has_magic
from blankslide.model import Fill, Inspection, PhiClass, Place, SlideFile
from blankslide.spans import ByteClass, ByteMap, merge, subtract

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Probe
    from blankslide.source import SlideFiles


_BESIDE = ("-wal", "-shm", "-journal")


class Sakura(Format):
    """The format object; see the module's docstring."""

    name = "sakura"
    title = "Sakura svslide"
    suffixes = (".svslide",)
    marks = (b"SQLite format 3",)
    removes = (
        "label, macro and their small copies, texts and dates of slide and scan, unknown columns, rows and tables, "
        "freed pages and unused bytes; ids of slide, scan, pictures and tables replaced"
    )
    keeps = "resolution, magnification, positions, focus, grid and check sums of the tiles, thumbnail, coded tissue"
    readers = ("OpenSlide", "SQLite")

    def detect(self, probe: Probe) -> str | None:
        """Accept a database whose configuration names a table of tiles, which begins with a magic row."""
        if probe.head[: len(MAGIC)] != MAGIC:
            return "not an SQLite database"
        try:
            schema = Schema(Database(probe.files.main), None)
        except SlideError as problem:
            # a svslide that cannot be edited must be refused as such, not called an unknown file
            return None if _speaks_of_slides(probe) else f"a database that cannot be read: {problem.message}"
        if CONFIG not in schema.tables:
            return "the database has no configuration of a slide"
        try:
            found = has_magic(schema.db, schema, table_name(schema))
        except SlideError:
            return None  # as above: `inspect` says what is wrong
        return None if found else "the database has no image"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        refuse_journals(probe.files)
        return _Slide(probe).inspection(self.name, self.title)


FORMAT: Format = Sakura()


def refuse_journals(files: SlideFiles) -> None:
    """Refuse a database beside which its own log or journal stands.

    Raises
    ------
    NotEditable
        If there is one, since it holds rows that the database does not show, or has given up.
    """
    own = files.name.casefold()
    if any(
        n.casefold() in {own + end for end in _BESIDE} or n.casefold().startswith(own + "-mj") for n in files.names()
    ):
        raise NotEditable(
            "a log or journal of the database stands beside the slide, and holds copies of what is in it",
            "close the program that has the slide open, or open and close it once with SQLite",
        )


def _speaks_of_slides(probe: Probe) -> bool:
    head = probe.main.read(0, min(probe.main.size, 1 << 16))
    return any(CONFIG.encode(e) in head for e in ("utf-8", "utf-16-le", "utf-16-be"))


_MOST_PLACES = 1 << 24  # a few for each of half a million tiles


class _Slide:
    """One database and what is found in it."""

    def __init__(self, probe: Probe) -> None:
        self.files = probe.files
        self.found = FindingCollector(limit=_MOST_PLACES)
        self.kept: list[Place] = []
        self.db = Database(probe.files.main)
        self.db.read_upkeep()
        self.schema = Schema(self.db, self.found)
        # a second reader looks the name up, because a reader walks each page only once
        name = table_name(Schema(Database(probe.files.main), None))
        self.rows = Rows(self.db, self.schema, self.found, self.kept, {name, GRID})
        self.runs = Runs()
        self.tiles = Tiles(self.db, self.schema, self.found, self.kept, name, self.runs)
        self.chains = Chains(self.db, self.found, self.runs, self.tiles.tiles, probe.thorough)
        if self.chains.changed:
            again, root = Database(probe.files.main), self.schema.tables[name].root
            self.chains.texts += put_right(again, root, self.chains.changed, self.found)

    def inspection(self, format: str, title: str) -> Inspection:
        """Put everything together."""
        self._report_slack()
        self.found.encoding = self.db.encoding
        for start, end in self.db.odd:
            edit = [Fill(0, start, end)]
            self.found.add_spans(
                "sakura.header", "Number of the header", PhiClass.UNKNOWN, "page", [(start, end)], edit
            )
        levels = self.tiles.levels()
        mpp = self._measure("ResolutionMmPerPix")
        return Inspection(
            format=format,
            title=title,
            files=(SlideFile(self.files.name, self.db.source.size),),
            levels=levels,
            associated=tuple(self.rows.associated),
            findings=self.found.finish(),
            maps=(self._map(),),
            mpp=None if mpp is None else (mpp * 1000, mpp * 1000),
            objective=self._measure("NominalLensMagnification"),
            kept=tuple(self.kept),
            complete=True,
        )

    def _measure(self, column: str) -> float | None:
        for row in self.rows.tables.get(SCAN, {}).values():
            field = row.get(column)
            if field is not None and field.kind in ("int", "real") and 0 < field.number < 1e4:
                return float(field.number)
        return None

    def _report_slack(self) -> None:
        """Report the remains of deleted rows, shortened values and earlier saves."""
        size = self.db.page_size
        for start, end in self.db.slack:
            whole = start % size == 0
            id_, title = ("free-pages", "Freed pages") if whole else ("slack", "Unused bytes of pages")
            self.found.add_spans(
                f"sakura.{id_}", title, PhiClass.UNKNOWN, "page", [(start, end)], [Fill(0, start, end)]
            )

    def _map(self) -> ByteMap:
        bytemap = ByteMap(self.db.source.size)
        pictures = merge(self.rows.pictures)
        values = subtract(merge([*self.db.odd, *self.schema.spans, *self.rows.spans, *self.tiles.spans]), pictures)
        texts = merge(self.chains.texts)
        for spans, cls, owner in (
            (pictures, ByteClass.ASSOCIATED, "picture"),
            (values, ByteClass.METADATA, "value"),
            (texts, ByteClass.METADATA, "text in tiles"),
        ):
            for start, end in spans:
                bytemap.claim(start, end, cls, owner)
        for start, end in subtract(merge(self.db.used), merge([*pictures, *values])):
            bytemap.claim(start, end, ByteClass.STRUCTURE, "pages")
        self.runs.claim(bytemap, texts)
        bytemap.settle()
        return bytemap
