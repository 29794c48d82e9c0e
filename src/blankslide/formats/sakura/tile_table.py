"""The table of tiles of an svslide: hundreds of thousands of tiles, and a few named values.

The table's rows are tiles (``T;x|y;scale;colour;plane``), their check sums (the same with ``#``)
and named values: magic, version, header, total size. Check sums stay: they are digests of tissue,
which stays too (`check_sums`: but for tiles that lose their text). All other names and values are findings.

The name of each row also stands in an index, which has too many pages to be sorted anew. So an
unknown name is replaced by one character, repeated, that sorts at the same place.
"""

from __future__ import annotations

import re
from struct import pack, unpack_from
from typing import TYPE_CHECKING

from blankslide.containers.sqlite.records import Value, number, record
from blankslide.containers.streams.frames import frame_of, is_coded
from blankslide.errors import ContradictorySlide, DamagedSlide, NotEditable
from blankslide.formatkit.vocabulary import whole_slug
from blankslide.formats.sakura.check_sums import is_check
from blankslide.formats.sakura.columns import TILE_COLUMNS, Field, blank_of
from blankslide.formats.sakura.schema import read_fields
from blankslide.formats.sakura.tile_chains import Tile
from blankslide.model import Level, PhiClass, Place, Write
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from blankslide.containers.sqlite.pages import Cell, Database
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.formats.sakura.schema import Index, Schema
    from blankslide.formats.sakura.tile_chains import Runs

__all__ = ["GRID", "MAGIC", "Tiles", "has_magic"]

MAGIC, MAGIC_NAME = "SVGigaPixelImage", "++MagicBytes"
GRID = "tile"
_WORD = pattern(r"(?!.*\d{4})[A-Za-z_][A-Za-z0-9_]{0,31}", re.ASCII)
_TOTAL = "TOTAL_SIZE"
_KNOWN = frozenset((MAGIC_NAME, "++VersionBytes", "Header", _TOTAL))
_JPEG = b"\xff\xd8\xff"
_PLACES = frozenset(("pyramidlevel", "columnindex", "rowindex", "colorindex"))
_SMALL = 9999
#: The offset of a tile may be this many times the size of the picture; edge tiles lie further out.
_BEYOND = 4
_TILE = pattern(r"T;(\d{1,7})\|(\d{1,7});(\d{1,6});(\d{1,2});-?\d{1,3}(#?)", re.ASCII)
_VERSION = pattern(r"\d{1,3}(?:\.\d{1,5}){0,3}")
_NUMBERS = (*range(0, 28, 4), *range(30, 54, 4))
_LARGEST, _LARGEST_NUMBER, _LARGEST_SCALE = 1 << 24, 9999, 1 << 20
_LOOKED_AT = 64
_HEAD = 4096
#: How other pictures and packed data begin: those are no tile.
_OTHERS = (b"II*\0", b"MM\0*", b"BM", b"GIF8", b"RIFF", b"PK\3\4", b"\x1f\x8b", b"\x78")


def has_magic(db: Database, schema: Schema, name: str) -> bool:
    """Whether the table of tiles has the magic row; only the first rows are looked at."""
    for index in schema.indexes:
        if index.table == name:
            cells = zip(range(_LOOKED_AT), db.walk(index.root, index=True), strict=False)
            named = (read_fields(db, cell, TILE_COLUMNS)[:1] for _, cell in cells)
            return any(field.text == MAGIC_NAME for fields in named for field in fields)
    cells = zip(range(_LOOKED_AT), db.walk(schema.tables[name].root), strict=False)
    return any(_first_text(db, cell) == MAGIC_NAME for _, cell in cells)


def _first_text(db: Database, cell: Cell) -> str:
    head = cell.head
    values = record(head, cell.payload.size)
    return head[values[0].start : values[0].end].decode(db.encoding, "replace") if values else ""


class _Areas:
    """Parts of pages with nothing but legal names and numbers of tiles.

    If the search finds a removed value of digits there, it is a coincidence. Remembering each name
    would cost more than all else, so whole areas are remembered. A page with an unknown cell is
    left out.
    """

    def __init__(self) -> None:
        self._pages: dict[int, tuple[int, int]] = {}
        self._spoiled: set[int] = set()

    def add(self, cell: Cell) -> None:
        """Add a legal cell."""
        low, high = self._pages.get(cell.page, (cell.start, cell.end))
        self._pages[cell.page] = min(low, cell.start), max(high, cell.end)

    def spoil(self, cell: Cell) -> None:
        """Leave out the page of this cell, which may hold anything."""
        self._spoiled.add(cell.page)

    def places(self) -> list[Place]:
        """Return the areas."""
        return [Place(0, "tiles", *area) for page, area in self._pages.items() if page not in self._spoiled]


class Tiles:
    """The table of tiles, its index, and the table of the grid.

    Attributes
    ----------
    tiles
        Every tile, for `tile_chains`.
    spans
        The ranges of named values and unknown names.
    """

    def __init__(
        self, db: Database, schema: Schema, found: FindingCollector, kept: list[Place], name: str, runs: Runs
    ) -> None:
        self.db, self.found, self.runs = db, found, runs
        self._areas = _Areas()
        self.spans: list[tuple[int, int]] = []
        self.tiles: list[Tile] = []
        self._named: dict[str, Field] = {}
        self._strange: dict[int, tuple[Field, Field]] = {}
        self._header: Field | None = None
        self._scales: set[int] = set()
        self._sizes: list[tuple[Field, int, bool]] = []
        self._total = self._furthest = 0
        table = schema.tables[name]
        if [c.lower() for c in table.columns] != TILE_COLUMNS:
            raise NotEditable("the table of tiles has columns that nobody knows")
        for cell in db.walk(table.root, bulk=True):
            self._row(cell)
        fills: dict[int, bytes | None] = {}
        for index in schema.indexes:
            if index.table == name:
                fills |= self._names(index)
            elif index.table == GRID:
                self._grid(index.root, [], index=True)
        if GRID in schema.tables:
            is_copied = any(index.table == GRID for index in schema.indexes)
            self._grid(schema.tables[GRID].root, schema.tables[GRID].columns, is_copied=is_copied)
        self._report(fills)
        kept += self._areas.places()

    # -- rows ----------------------------------------------------------------------------

    def _row(self, cell: Cell) -> None:
        payload, encoding = cell.payload, self.db.encoding
        head = cell.head
        values = record(head, payload.size)
        if values is None or len(values) != 3 or values[1].end > len(head) or not _is_size(values[1], head):
            raise NotEditable("a row of the table of tiles is not like any other")
        name, size, data = values
        known = _TILE.fullmatch(head[name.start : name.end].decode(encoding, "replace"))
        self._areas.add(cell)
        self._total += payload.size - data.start
        if abs(cell.rowid) > _LARGEST:
            self._strange_row(cell)
        if known and not known[5]:
            self._tile(cell, known, data)
            self._size(cell, size, payload.size - data.start, self.runs.structure, payload.start + data.start)
            self.runs.tissue(payload.start + data.start, payload.start + payload.local)
            self.runs.structure(payload.start + payload.local, cell.end)
        elif known and is_check(data.kind, head[data.start : data.end]):
            self._size(cell, size, payload.size - data.start, self.runs.structure, cell.end)
        else:
            self._other(cell, known is not None)

    def _tile(self, cell: Cell, known: re.Match[str], data: Value) -> None:
        """Remember a tile, so that its chain is followed.

        Raises
        ------
        NotEditable
            If it is not a JPEG, because then it may not be tissue.
        """
        payload, scale = cell.payload, int(known[3])
        begin = cell.head[data.start : data.start + len(_JPEG)]
        if data.kind in ("int", "real") or not _JPEG.startswith(begin):
            raise NotEditable("a tile is not of the kind that tiles of this format are")
        self._scales.add(scale)
        self._furthest = max(self._furthest, int(known[1]), int(known[2]))
        is_whole = bool(payload.overflow) or begin == b"" or cell.head[-2:] == b"\xff\xd9"
        self.tiles.append(Tile(payload, data.start, scale, int(known[4]), is_whole))

    def _size(self, cell: Cell, size: Value, real: int, claim: Callable[[int, int], None], end: int) -> None:
        """Claim a row up to ``end``; report its size column if it is not the size of its data."""
        start = cell.payload.start
        low, high = start + size.start, start + size.end
        said = number(size, cell.head[size.start : size.end])
        if said == real or abs(said) <= _SMALL:
            claim(cell.start, end)
            return
        claim(cell.start, low)
        claim(high, end)
        self._areas.spoil(cell)
        self.spans.append((low, high))
        fits = real.bit_length() < 8 * (high - low)
        new = Write(0, low, (real if fits else 0).to_bytes(high - low, "big"))
        self.found.add_spans(
            "sakura.tiles.size", "Size of a row", PhiClass.UNKNOWN, "tiles", [(low, high)], [new], str(said)
        )

    def _strange_row(self, cell: Cell) -> None:
        title, value = "Large number of a row", str(cell.rowid)
        self.found.add_spans(
            "sakura.rows.number", title, PhiClass.UNKNOWN, "tiles", [(cell.start, cell.start)], [], value
        )

    def _other(self, cell: Cell, is_check: bool) -> None:
        """Remember a row that is not a tile."""
        name, size, data = read_fields(self.db, cell, TILE_COLUMNS)
        self.db.used.append((cell.start, cell.end))
        self.spans += [*name.spans, *data.spans]
        word = name.text
        if size.kind == "int":
            self._sizes.append((size, len(data.raw), word == _TOTAL))
        if word not in _KNOWN:
            self._areas.spoil(cell)
        if is_check:
            self._value("check", data)
        elif name.kind == "text" and word in _KNOWN:
            if word in self._named:
                raise ContradictorySlide("two rows of the table of tiles have one name")
            self._named[word] = data
        else:
            self._strange[cell.rowid] = (name, data)

    # -- index of the names --------------------------------------------------------------

    def _names(self, index: Index) -> dict[int, bytes | None]:
        """Walk the index in order; return, for each unknown name, a new one that sorts at the same place."""
        out: dict[int, bytes | None] = {}
        last, waiting = b"", None
        for name, rowid in self._entries(index):
            if waiting is not None:
                last = self._fill(*waiting, last, name.raw, out)
                waiting = None
            if rowid in self._strange:
                waiting = (rowid, name)
            else:
                last = name.raw
                if not _TILE.fullmatch(name.text) and name.text not in _KNOWN:
                    self.found.add_spans(
                        "sakura.index.value", "Value of an index", PhiClass.UNKNOWN, "index", name.spans, []
                    )
        if waiting is not None:
            self._fill(*waiting, last, b"\xff", out)
        return out

    def _entries(self, index: Index) -> Iterator[tuple[Field, int]]:
        names = Value("text", 0, 0, 13)
        for cell in self.db.walk(index.root, index=True):
            payload = cell.payload
            head = cell.head
            values = record(head, payload.size)
            if values is None or [v.kind for v in values] != ["text", "int"] or payload.overflow:
                raise NotEditable("the index of the tiles is not like any other")
            name, row = values
            span = ((payload.start + name.start, payload.start + name.end),)
            field = Field("id", names, head[name.start : name.end], span, self.db.encoding)
            if _TILE.fullmatch(field.text) or field.text in _KNOWN:
                self._areas.add(cell)
            else:
                self._areas.spoil(cell)
            yield field, int(number(row, head[row.start : row.end]))

    def _fill(self, rowid: int, copy: Field, last: bytes, following: bytes, out: dict[int, bytes | None]) -> bytes:
        """Choose the new name for one unknown name, and report the copy in the index."""
        self.spans += copy.spans
        new = copy.raw if _is_uniform(copy) else _between(copy, last, following)
        out[rowid] = new
        if not _is_uniform(copy):
            self._strange_name(copy, new)
        return new or copy.raw

    def _strange_name(self, name: Field, new: bytes | None) -> None:
        edits = name.overwritten(0, new) if new else []
        # a plain word may also be the name of a column, so it is not searched for
        value = None if _WORD.fullmatch(name.text) else name.text
        self.found.add_spans("sakura.tiles.id", "Unknown name", PhiClass.UNKNOWN, "tiles", name.spans, edits, value)

    # -- the grid ------------------------------------------------------------------------

    def _grid(self, root: int, columns: list[str], *, index: bool = False, is_copied: bool = False) -> None:
        """Read the table that says where each tile belongs: names of tiles, and numbers.

        Raises
        ------
        NotEditable
            If an index holds anything else: it would have to change too, and stay in order.
        """
        furthest = max((_SMALL, *self._extent()[1:]))
        limits = [furthest if index or c.lower() in _PLACES else _SMALL for c in columns or [""] * 99]
        for cell in self.db.walk(root, index=index):
            payload = cell.payload
            head = cell.head
            values = record(head, payload.size)
            if index and values:
                limits[len(values) - 1] = _LARGEST
            if not index and abs(cell.rowid) > _LARGEST:
                self._strange_row(cell)
            if (
                values is not None
                and not payload.overflow
                and len(values) <= len(limits)
                and all(map(self._is_place, values, [head] * len(values), limits))
            ):
                self._areas.add(cell)
                continue
            if index or is_copied:
                raise NotEditable("an index repeats a value that stands where no tile does")
            self._areas.spoil(cell)
            for field, limit in zip(read_fields(self.db, cell, columns), [*limits, *[0] * 99], strict=False):
                if not self._is_place(field.value._replace(start=0, end=len(field.raw)), field.raw, limit):
                    self.spans += field.spans
                    self._value(f"grid-{whole_slug(field.column)}", field)

    def _is_place(self, value: Value, data: bytes, limit: int) -> bool:
        raw = data[value.start : value.end]
        if value.kind == "text":
            return not raw or _TILE.fullmatch(raw.decode(self.db.encoding, "replace")) is not None
        return value.kind == "null" or (value.kind == "int" and 0 <= number(value, raw) <= limit)

    # -- named values --------------------------------------------------------------------

    def _report(self, fills: dict[int, bytes | None]) -> None:
        magic = self._named.pop(MAGIC_NAME, None)
        if magic is None or magic.text != MAGIC:
            raise ContradictorySlide("the table of tiles does not begin with the magic of its format")
        self._header = self._named.pop("Header", None)
        version = self._named.pop("++VersionBytes", None)
        if version is not None and not _VERSION.fullmatch(version.text):
            self._value("version", version)
        for word, field in self._named.items():
            self._value(whole_slug(word), field)
        for size, real, is_total in self._sizes:
            legal = self._total // 2 <= size.number <= self._total * 2 if is_total else size.number == real
            if not legal and abs(size.number) > _SMALL:
                self._value("size", size)
        for rowid, (name, data) in self._strange.items():
            if self._may_be_tile(data):
                self.found.add_spans(
                    "picture.unknown-left",
                    "Picture as large as a tile",
                    PhiClass.UNKNOWN,
                    "tiles",
                    data.spans,
                    [],
                    None,
                )
                continue
            if not _is_uniform(name):
                self._strange_name(name, fills.get(rowid, b" " * len(name.raw)))
            self._value("unknown", data)
        if self._header is not None:
            self._strange_numbers(self._header)

    def _may_be_tile(self, data: Field) -> bool:
        """Whether a value under a strange name may be tissue, and is left.

        That is a picture of a tile's size, and what looks coded without a head that tells of what: of a tile whose name
        and head are damaged nothing else is left.
        """
        frame = frame_of(data.raw[:_HEAD])
        if frame is None:
            return is_coded(data.raw) and not data.raw.startswith(_OTHERS)
        return frame[0] == "jpeg" and frame[1][1:5] in self._sizes_of_tiles()

    def _sizes_of_tiles(self) -> set[bytes]:
        """Return height and width of tiles, as JPEGs have them: what the header says, which may be wrong, and tiles."""
        side, _, _ = self._extent()
        sizes = {pack(">HH", side, side)} if 0 < side < 1 << 16 else set()
        for payload, skip, *_ in self.tiles[:_LOOKED_AT]:
            frame = frame_of(self.db.source.read(payload.start + skip, min(max(payload.local - skip, 0), _HEAD)))
            if frame is not None and frame[0] == "jpeg":
                sizes.add(frame[1][1:5])
        return sizes

    def _value(self, word: str, field: Field) -> None:
        """Report an unknown value, unless it is empty."""
        blank = blank_of(field)
        if blank != field.raw:
            edits = field.overwritten(0, blank)
            text = field.text if field.kind == "text" else None
            cls = PhiClass.IMAGE if field.raw[:3] == b"\xff\xd8\xff" else PhiClass.UNKNOWN
            id_ = "picture.unknown" if cls is PhiClass.IMAGE else f"sakura.tiles.{word}"
            self.found.add_spans(id_, word, cls, "tiles", field.spans, edits, text)

    def _extent(self) -> tuple[int, int, int]:
        """Return side of a tile, width and height in pixels, from the header; zeros if there is none."""
        header = self._header or self._named.get("Header")
        if header is None or len(header.raw) < 12:
            return 0, 0, 0
        side, width, height = unpack_from("<III", header.raw)
        return side, width, height

    def _strange_numbers(self, header: Field) -> None:
        """Report numbers of the header that are too large for their meaning."""
        raw = header.raw
        wrong = [
            (at, at + 4) for at in _NUMBERS[3:] if unpack_from("<I", raw.ljust(54, b"\0"), at)[0] > _LARGEST_NUMBER
        ]
        if raw[54:].strip(b"\0"):
            wrong.append((54, len(raw)))
        for start, end in wrong:
            end = min(end, len(raw))
            spans, edits = header.pieces(start, end), header.overwritten(start, bytes(end - start))
            self.found.add_spans("sakura.tiles.header", "Part of the header", PhiClass.UNKNOWN, "tiles", spans, edits)

    def levels(self) -> tuple[Level, ...]:
        """Return the resolutions, largest first.

        Raises
        ------
        DamagedSlide
            If there is no header, or no tile.
        """
        side, width, height = self._extent()
        if not (side and width and height and self._scales):
            raise DamagedSlide("the database has no header or no tiles")
        if max(side, width, height) > _LARGEST:
            raise DamagedSlide("the header of the tiles is broken")
        if self._furthest > _BEYOND * max(width, height) + _SMALL:
            raise ContradictorySlide("a tile lies far outside of the picture")
        if any(scale & (scale - 1) or not 0 < scale <= _LARGEST_SCALE for scale in self._scales):
            raise DamagedSlide("the tiles are of resolutions that cannot be")
        return tuple(Level(width // s, height // s, side, side, s) for s in sorted(self._scales))


def _is_size(value: Value, head: bytes) -> bool:
    return value.kind == "null" or (value.kind == "int" and 0 <= number(value, head[value.start : value.end]) < 1 << 40)


def _is_uniform(name: Field) -> bool:
    """Whether a name is one character, repeated, as our replacements are."""
    return len(set(name.text)) <= 1 if name.kind == "text" else not name.raw.strip(b"\0")


def _between(name: Field, last: bytes, following: bytes) -> bytes | None:
    """Return one character, repeated, that sorts between two names; None if there is none."""
    for code in range(0x20, 0x7F):
        sign = chr(code).encode(name.encoding)
        new = sign * (len(name.raw) // len(sign))
        if len(new) == len(name.raw) and last < new < following:
            return new
    return None
