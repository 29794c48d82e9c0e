"""The census of a CZI: its own directories say where tiles are, what is attached, and which ids stand in binary.

The plan's account says which spans are tissue; only what stands in a tile of the file's own directory can be. What is
attached can be a CZI itself, whose raw pixels have no beginning by which they could be found: they are looked at here.
Binary ids are spelled, so that one which nobody replaced is told like any other text. All else is read by content.

Source: the public description of the ZISRAW file format.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import error as Broken
from struct import unpack, unpack_from
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from blankslide.verification.census import generic
from blankslide.verification.census.account import Account, Picture, Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span

MAGIC = b"ZISRAWFILE"
_HEAD, _TEXT_AT, _ENTRY = 32, 256, 128
_TILES_AT, _ATTACHED_AT = 128, 256  # of entries, behind a directory's head
_ATTACHED = b"ZISRAWATTACH"
_GUID = 16
_FILE_GUIDS = (48, 64)
_LARGEST, _LARGEST_LIST = 64 << 20, 1 << 28
_EACH = 4096
_PIXELS = {0: ("u1", 1), 1: ("<u2", 1), 3: ("u1", 3), 4: ("<u2", 3), 9: ("u1", 4)}
_RAW, _ZSTD, _ZSTD_WITH_HEAD = 0, 5, 6
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Tile(NamedTuple):
    """What a directory says of a tile: where its segment begins, and how its pixels are stored."""

    at: int
    pixels: int
    compression: int
    width: int
    height: int


class Container:
    """The directories of one CZI, the slide's own or one inside.

    Parameters
    ----------
    source
        The file.
    start
        Where the CZI begins in it.

    Raises
    ------
    struct.error, DamagedSlide
        If a directory leads out of the file.
    """

    def __init__(self, source: ByteSource, start: int = 0) -> None:
        self.source, self.start = source, start
        self.directory, self.metadata, _, self.attached = unpack("<qqiq", source.read(start + 84, 28))

    def _entries(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield the directory of tiles, and where each entry stands in it, with its number of axes."""
        body = self.start + self.directory + _HEAD
        if not self.directory:
            return
        allocated, used = unpack("<qq", self.source.read(body - 16, 16))
        # whoever says nothing uses all
        data = self.source.read(body, min(used or allocated, _LARGEST_LIST, self.source.size - body))
        at = _TILES_AT
        for _ in range(unpack_from("<i", data)[0]):
            (axes,) = unpack_from("<i", data, at + 28)
            yield data, at, min(max(axes, 0), 40)
            at += 32 + 20 * max(axes, 0)

    def places(self) -> set[int]:
        """Return where the segments of all tiles begin."""
        return {self.start + int(unpack_from("<q", data, at + 6)[0]) for data, at, _ in self._entries()}

    def tiles(self) -> Iterator[Tile]:
        """Yield all tiles of the directory."""
        for data, at, axes in self._entries():
            pixels, where, _, compression = unpack_from("<2xiqii", data, at)
            size = {b"X": 0, b"Y": 0}
            for name, _, whole, _, stored in (unpack_from("<4siifi", data, at + 32 + 20 * i) for i in range(axes)):
                size[name[:1]] = stored or whole
            yield Tile(self.start + where, pixels, compression, size[b"X"], size[b"Y"])

    def attachments(self) -> Iterator[tuple[int, int]]:
        """Yield where the entry of each attachment stands in the directory, and where its segment begins."""
        body = self.start + self.attached + _HEAD
        if not self.attached:
            return
        (count,) = unpack("<i", self.source.read(body, 4))
        for at in range(body + _ATTACHED_AT, body + _ATTACHED_AT + _ENTRY * min(count, _EACH), _ENTRY):
            yield at, self.start + unpack("<q", self.source.read(at + 12, 8))[0]

    def guids(self) -> Iterator[int]:
        """Yield where ids stand: the file's, and those of each attachment in both of its entries."""
        yield from (self.start + at for at in _FILE_GUIDS)
        for entry, at in self.attachments():
            yield entry + 24
            if self.source.read(at, len(_ATTACHED)) == _ATTACHED:
                yield at + _HEAD + 16 + 24


def take_stock(
    account: Account, file: int, source: ByteSource, claims: Sequence[Span], where: str, thorough: bool = False
) -> None:
    """Add all texts and pictures of a CZI to the account.

    Parameters
    ----------
    claims
        Spans that the plan calls tissue, each one coded piece, in any order.
    where
        What the file is called for people and in places: its suffix.
    """
    try:
        claims = _in_tiles(source, claims)
        _ids(account, file, Container(source), where)
        for start in _inside(Container(source)):
            _ids(account, file, Container(source, start), where)
            _attached_pictures(account, file, Container(source, start), where)
    except (Broken, ValueError) as problem:
        account.troubles.append(f"{where}: its directories cannot be read a second time ({type(problem).__name__})")
    generic.take_stock(account, file, _without_ids(account, file, source), claims, where, thorough)


def _without_ids(account: Account, file: int, source: ByteSource) -> ByteSource:
    """Return the file with zeros for the ids that were spelled: what letters their bytes make is chance."""
    from blankslide.verification.census.data import Change, Overlay

    spelled = {text.start for text in account.texts if text.file == file and text.path.endswith("/guid")}
    return Overlay(source, [Change(start, start + _GUID, None) for start in spelled]) if spelled else source


def _in_tiles(source: ByteSource, claims: Sequence[Span]) -> list[Span]:
    """Return those claims that stand in a tile of the file's own directory."""
    import numpy as np

    if not claims:
        return []
    own = Container(source)
    tiles = np.array(sorted(own.places()), np.int64)
    others = [at for _, at in own.attachments()] + [own.directory, own.metadata, own.attached, source.size]
    starts = np.array(sorted({*tiles.tolist(), *others}), np.int64)
    spans = np.array(claims, np.int64).reshape(-1, 2)
    at = np.searchsorted(starts, spans[:, 0], side="right")
    before = starts[np.maximum(at - 1, 0)]
    behind = starts[np.minimum(at, len(starts) - 1)]
    good = (at > 0) & np.isin(before, tiles) & (spans[:, 1] <= behind)
    for i in _some(len(spans)):
        good[i] = good[i] and int(spans[i, 1]) <= _end(source, int(before[i]))
    return [(int(low), int(high)) for low, high in spans[good]]


def _some(count: int) -> Sequence[int]:
    return range(count) if count <= _EACH else range(0, count, count // _EACH)


def _end(source: ByteSource, at: int) -> int:
    """Return where a segment ends."""
    return at + _HEAD + int(unpack("<q", source.read(at + 16, 8))[0])


def _ids(account: Account, file: int, container: Container, where: str) -> None:
    for at in container.guids():
        raw = container.source.read(at, _GUID)
        if any(raw):
            account.texts.append(Text(file, f"{where}/guid", str(UUID(bytes_le=raw)), at, at + _GUID, where))


# -- what is attached --------------------------------------------------------------------


def _inside(own: Container) -> Iterator[int]:
    """Yield where a CZI begins that is attached to another."""
    for _, at in own.attachments():
        start = at + _HEAD + _TEXT_AT
        if start + _HEAD < own.source.size and own.source.read(start, len(MAGIC)) == MAGIC:
            yield start


def _attached_pictures(account: Account, file: int, inner: Container, where: str) -> None:
    """Add pictures that cannot be found by content, because nothing but a directory says that they are any."""
    from blankslide.verification.census.reference import look_of

    for tile in inner.tiles():
        if tile.compression not in (_RAW, _ZSTD, _ZSTD_WITH_HEAD):
            continue
        low, high = _data(inner.source, tile)
        grey, flat = _grey(inner.source.read(low, high - low), tile) if high - low <= _LARGEST else (None, False)
        look = None if grey is None else look_of(grey)._replace(flat=flat)
        proven = "unclear" if look is None else "blank" if flat else "stream"
        told = f"{where}, attached"
        account.pictures.append(Picture(file, told, tile.width, tile.height, proven, low, high, "attached", look))


def _data(source: ByteSource, tile: Tile) -> Span:
    """Return where the pixels of a tile stand."""
    body = tile.at + _HEAD
    words, _, size = unpack("<iiq", source.read(body, 16))
    (axes,) = unpack("<i", source.read(body + 16 + 28, 4))
    low = body + max(_TEXT_AT, 16 + 32 + 20 * axes) + words
    return low, low + max(0, size)


def _grey(data: bytes, tile: Tile) -> tuple[NDArray[np.uint8] | None, bool]:
    """Return the greys of a tile, and whether it is of one colour; None if nobody can say."""
    import numpy as np

    kind, samples = _PIXELS.get(tile.pixels, ("", 0))
    if not kind:
        return None, False
    plain = data if tile.compression == _RAW else _inflated(data)
    need = tile.width * tile.height * samples * np.dtype(kind).itemsize
    if not need or len(plain) < need:
        return None, False
    pixels = np.frombuffer(plain[:need], kind).reshape(tile.height, tile.width, samples)
    flat = bool((pixels.max((0, 1)).astype(int) - pixels.min((0, 1)).astype(int) <= 2).all())
    grey = pixels.astype(np.float32).mean(2)
    top = float(grey.max())
    return (grey * (255.0 / top) if top > 255 else grey).astype(np.uint8), flat


def _inflated(data: bytes) -> bytes:
    """Return what a Zstd stream holds, wherever it begins; with its high bytes behind its low ones, put together."""
    import imagecodecs
    import numpy as np

    at = data.find(_ZSTD_MAGIC, 0, 16)
    try:
        plain = bytes(imagecodecs.zstd_decode(data[at:], out=None)) if at >= 0 else b""
    except Exception:  # whatever the codec raises: nobody can say what it shows
        return b""
    if at == 3 and data[2] & 1:
        return np.frombuffer(plain, np.uint8)[: len(plain) // 2 * 2].reshape(2, -1).T.tobytes()
    return plain


__all__ = ["MAGIC", "take_stock"]
