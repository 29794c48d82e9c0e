"""What other tools leave of an Aperio slide: each function edits a sample as one of them does.

Made after the descriptions of what these tools do to the bytes, not with the tools: labels
wiped but linked, macros that nobody can decode, values of X and dummy dates, zeroed colour
profiles, strips at 0 of length 0, directories and texts that are only no longer pointed to.
None of them leaves a slide without a patient in it. Places come from the answer key's layout.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted
    from blankslide.samples.kit.tiff_layout import Layout, PageSpot

Leave = Callable[["Path", "Planted"], None]

_LISTED = ("filename", "user", "scanscope-id", "barcode")
_DATES = {"date": b"01/01/00", "time": b"00:00:00"}


class _Bench:
    """The bytes of one sample and where its parts stand."""

    def __init__(self, path: Path, planted: Planted) -> None:
        if planted.layout is None:
            raise ValueError("this answer key does not know where things stand")
        self.path, self.planted = path, planted
        self.layout: Layout = planted.layout
        self.data = bytearray(path.read_bytes())
        self.order = self.layout.byteorder
        self.wide = "Q" if self.layout.big else "L"

    def put(self, at: int, data: bytes) -> None:
        self.data[at : at + len(data)] = data

    def pointer(self, at: int, target: int) -> None:
        self.put(at, struct.pack(self.order + self.wide, target))

    def pages(self, *roles: str) -> list[int]:
        return [p.page for p in self.planted.pictures if p.role in roles]

    def strips(self, page: int, fill: Callable[[int], bytes]) -> None:
        for at, size in self.layout.pages[page].strips:
            self.put(at, fill(size))

    def unlink(self, page: int) -> None:
        """Lead the predecessor to the successor; everything of the page stays where it is."""
        pages = self.layout.pages
        self.pointer(pages[page - 1].next_at, pages[page + 1].at if page + 1 < len(pages) else 0)

    def overwrite(self, value: Callable[[str, int], bytes | None]) -> None:
        """Overwrite planted values: called with the last part of the id and the length."""
        for removed in self.planted.removed:
            for at, size in removed.places if removed.encoding != "picture" else ():
                new = value(removed.id.rpartition(".")[2], size)
                if new is not None:
                    self.put(at, new.ljust(size, b" ")[:size])

    def save(self) -> None:
        self.path.write_bytes(self.data)


def _zeros(size: int) -> bytes:
    return bytes(size)


def wsi_anon(path: Path, planted: Planted) -> None:
    """Leave what wsi-anon 0.4.28 leaves: the label off the chain, the macro linked but no JPEG any more.

    Listed values become X or a dummy date; ImageID and every key that it does not know stay.
    """
    bench = _Bench(path, planted)
    for page in bench.pages("label"):
        bench.strips(page, lambda size: b"0" * size)
        bench.unlink(page)
    for page in bench.pages("macro"):
        bench.strips(page, lambda size: b"\xff\xd8\xff\xe0".ljust(size, b"0")[:size])
    bench.overwrite(lambda field, size: _DATES.get(field, b"X" * size if field in _LISTED else None))
    bench.save()


def pathsafe(path: Path, planted: Planted) -> None:
    """Leave what PathSafe leaves: pictures of zeros still linked, X values, dates of 1900, a zeroed profile."""
    bench = _Bench(path, planted)
    for page in bench.pages("label", "macro"):
        bench.strips(page, _zeros)
    for spot in bench.layout.pages:
        icc = spot.entries.get(34675)
        if icc is not None:
            bench.put(icc.value_at, bytes(icc.length))
        date = spot.entries.get(306)
        if date is not None:
            bench.put(date.value_at, b"1900:01:01 00:00:00")
    bench.overwrite(lambda field, size: b"X" * size if field in _LISTED else _DATES.get(field))
    bench.save()


def sparse_strips(path: Path, planted: Planted) -> None:
    """Leave pictures whose strips are said to stand at 0 with length 0, while the coded data stays."""
    bench = _Bench(path, planted)
    for page in bench.pages("label", "macro"):
        for tag in (273, 279):
            spot = bench.layout.pages[page].entries[tag]
            bench.put(spot.value_at, bytes(spot.length))
    bench.save()


def anonymize_slide(path: Path, planted: Planted) -> None:
    """Leave what anonymize-slide leaves: the label zeroed and off the chain, all else as it was."""
    bench = _Bench(path, planted)
    for page in bench.pages("label"):
        bench.strips(page, _zeros)
        bench.unlink(page)
    bench.save()


def svs_deidentifier(path: Path, planted: Planted) -> None:
    """Leave what svs-deidentifier and its kin leave: a chain cut before label and macro, cut descriptions.

    The descriptions announce fewer characters than they had; the rest stands behind them.
    """
    bench = _Bench(path, planted)
    last = min(bench.pages("label", "macro"))
    for page in bench.pages("label", "macro"):
        bench.strips(page, _zeros)
    bench.pointer(bench.layout.pages[last - 1].next_at, 0)
    for spot in bench.layout.pages[:last]:
        _cut_description(bench, spot)
    bench.save()


def _cut_description(bench: _Bench, spot: PageSpot) -> None:
    entry = spot.entries.get(270)
    if entry is None:
        return
    text = bytes(bench.data[entry.value_at : entry.value_at + entry.length])
    keep = text.find(b"|ScanScope ID")
    if keep > 0:
        bench.put(entry.at + 4, struct.pack(bench.order + bench.wide, keep))


def rewritten_directory(path: Path, planted: Planted) -> None:
    """Leave what libtiff's directory rewriting leaves: a new first directory, the old one orphaned.

    The new description is short; the old one is pointed to by the old directory only.
    """
    bench = _Bench(path, planted)
    first, following = bench.layout.pages[0], bench.layout.pages[1]
    text = b"Aperio Image Library v12.0.15\r\n10x10 (256x256) JPEG|AppMag = 20|MPP = 0.4990\0"
    bench.data += b"\0" * (-len(bench.data) % 8) + text + b"\0" * (-len(text) % 8)
    text_at = len(bench.data) - len(text) - (-len(text) % 8)
    directory = len(bench.data)
    bench.data += bench.data[first.at : first.next_at]
    bench.data += struct.pack(bench.order + bench.wide, following.at)
    entry = directory + first.entries[270].at - first.at
    bench.put(entry + 4, struct.pack(bench.order + bench.wide, len(text)))
    bench.pointer(entry + (12 if bench.layout.big else 8), text_at)
    bench.pointer(bench.layout.first_at, directory)
    bench.save()


LEFTOVERS: dict[str, Leave] = {
    "wsi-anon": wsi_anon,
    "pathsafe": pathsafe,
    "sparse-strips": sparse_strips,
    "anonymize-slide": anonymize_slide,
    "svs-deidentifier": svs_deidentifier,
    "rewritten-directory": rewritten_directory,
}
