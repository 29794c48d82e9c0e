"""Sound slides that are about to be broken, and what is worth knowing of each before.

That is: where its structures are, which numbers stand for places, which bytes are coded tissue, and what its patient is
called. All of it comes from the intact sample, whose inspection the conformance suite has judged by foreign readers; so
it holds for what a broken one must not touch, whatever is then read from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from blankslide.spans import ByteClass
from blankslide.testing.own.fuzzing.looked import Look, look
from blankslide.testing.own.fuzzing.memory_slide import MemorySlide
from blankslide.testing.own.fuzzing.tiff_places import TiffPlaces

if TYPE_CHECKING:
    from pathlib import Path

_FINE = 1 << 14  # so many bytes of one structure are places; of a longer one only so many at both ends
_SECRET = 5


class Number(NamedTuple):
    """Where a number of the structure stands: file, offset, length in bytes."""

    name: str
    at: int
    size: int


class Seed:
    """One sample slide in memory.

    Parameters
    ----------
    name
        Name of its main file.
    files
        All its files.
    secrets
        Values that no message may quote.
    """

    def __init__(self, name: str, files: Mapping[str, bytes], secrets: tuple[str, ...] = ()) -> None:
        self.name = name
        self.files = files
        self.secrets = secrets
        self._slide = MemorySlide(name, files, traced=True)

    @cached_property
    def seen(self) -> Look:
        """What the intact slide is."""
        return look(self._slide)

    @cached_property
    def members(self) -> list[str]:
        """Names of the files that make the slide, the main one first."""
        _ = self.seen
        return self._slide.opened

    @cached_property
    def tissue(self) -> dict[str, list[tuple[int, int]]]:
        """Coded tissue of each file, tile by tile, sorted."""
        return {n: m.tissue_parts() for n, m in zip(self.members, self.seen.inspection.maps, strict=False)}

    @cached_property
    def edges(self) -> list[tuple[str, int]]:
        """Where structures, values, pictures, and the first and last tissue begin and end."""
        out = set()
        for name, bytemap in zip(self.members, self.seen.inspection.maps, strict=False):
            fine = [(s, e) for s, e, cls, _ in bytemap.claims() if cls != ByteClass.TISSUE]
            rough = bytemap.tissue_parts()
            for start, end in (*fine, *rough[:8], *rough[-8:]):
                out |= {(name, start), (name, end)}
        out |= {(p[0], p[1]) for p in self.reads}
        return sorted((name, at) for name, at in out if at < len(self.files[name]))

    @cached_property
    def reads(self) -> list[tuple[str, int, int]]:
        """What was read of the intact slide."""
        _ = self.seen
        return sorted(self._slide.reads())

    @cached_property
    def places(self) -> list[tuple[str, int]]:
        """Each byte that says something: of structures and values, and the heads of pictures and tissue."""
        out: set[tuple[str, int]] = set()
        for name, bytemap in zip(self.members, self.seen.inspection.maps, strict=False):
            for start, end, cls, _ in bytemap.claims():
                most = _FINE if cls <= ByteClass.METADATA else 64
                if end - start <= 2 * most:
                    out.update((name, at) for at in range(start, end))
                else:
                    out.update((name, at) for at in (*range(start, start + most), *range(end - most, end)))
            for start, end in bytemap.tissue_parts()[:8]:
                out.update((name, at) for at in range(start, min(start + 64, end)))
            for start, end in bytemap.gaps()[:64]:
                out.update((name, at) for at in range(start, min(start + 16, end)))
        return sorted(out)

    @cached_property
    def numbers(self) -> list[Number]:
        """Numbers of the structure: a TIFF's entries, and what was read as one short piece."""
        short = [Number(n, at, size) for n, at, size in self.reads if size in (2, 4, 8)]
        data = self.files[self.name]
        if data[:2] in (b"II", b"MM") and data[2:4] in (b"*\0", b"\0*", b"+\0", b"\0+"):
            short += _tiff_numbers(self.name, TiffPlaces(data))
        return short or [Number(n, at, 4) for n, at in self.edges]

    @cached_property
    def values(self) -> list[int]:
        """Numbers worth writing somewhere: limits, lengths, and where something stands."""
        out = {0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 16, 18, 255, 256, 4096, 65535, 65536, (1 << 31) - 1, 1 << 31}
        out |= {(1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1}
        out |= {len(data) for data in self.files.values()}
        return [*sorted(out), *(at for _, at in self.edges)]


def _tiff_numbers(name: str, places: TiffPlaces) -> Iterator[Number]:
    wide = places.wide
    for page in (*places.pages, *places.children):
        yield Number(name, page.at, 8 if wide == 8 else 2)
        yield Number(name, page.next, wide)
        yield Number(name, page.pointer, wide)
        for field in page.fields.values():
            yield from (Number(name, field.at, 2), Number(name, field.at + 2, 2), Number(name, field.at + 4, wide))
            yield Number(name, field.at + 4 + wide, wide)


def write_seeds(folder: Path) -> None:
    """Build every sample, each in a folder of its own, with what is planted in it.

    Parameters
    ----------
    folder
        Made if missing; what stands there already is left.
    """
    from blankslide.samples import builders

    for name, build in builders().items():
        target = folder / name
        if (target / "secrets.json").is_file():
            continue
        (target / "slide").mkdir(parents=True, exist_ok=True)
        key = build(target / "slide" / name)
        slide = Seed(name, files_in(target / "slide"))
        known = {"format": slide.seen.inspection.format, "secrets": sorted({r.value for r in key.removed})}
        (target / "secrets.json").write_text(json.dumps(known), encoding="utf-8")


def files_in(folder: Path) -> dict[str, bytes]:
    """Files of a slide by their names alone: no slide has two of one name."""
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def read_seeds(folder: Path, *formats: str) -> list[Seed]:
    """Return the seeds of some formats, or all."""
    out = []
    for target in sorted(folder.iterdir()):
        known = json.loads((target / "secrets.json").read_text("utf-8"))
        if not formats or known["format"] in formats:
            secrets = tuple(s for s in known["secrets"] if len(s) >= _SECRET)
            out.append(Seed(target.name, files_in(target / "slide"), secrets))
    return out
