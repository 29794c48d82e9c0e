"""Hamamatsu NDPIS: a set of NDPI files, one for each fluorescence channel.

Layout: a small text file with ``NoImages`` and ``Image0``, ``Image1``, ... names the members,
which stand beside it. Each member is a complete NDPI with its own macro, label and texts, so
anonymizing one of them does not clean the set; here all are edited together, under one journal.

Findings of the members are those of a single NDPI (`ndpi_file`), joined by id; their places
name the image. Lines of the index with other keys than these two go whole.

What stays: the members' names. They often repeat the slide's name, but files are not renamed
while they are edited in place; a note says so.

Source: Bio-Formats' reading of such files; the project's format map, section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from blankslide.containers import ini
from blankslide.containers.tiff.ndpi import Ndpi, is_ndpi
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit.findings import UNKNOWN, FindingCollector
from blankslide.formatkit.protocol import Format
from blankslide.formats.hamamatsu.ndpi_file import inspect_file
from blankslide.model import Cut, Edit, Fill, Finding, Inspection, Place, SlideFile, TextBlock, Write
from blankslide.model.patterns import pattern
from blankslide.source import Window
from blankslide.spans import ByteClass, ByteMap

if TYPE_CHECKING:
    from blankslide.containers.ini import Ini
    from blankslide.formatkit.protocol import Probe
    from blankslide.source import SlideFiles


_MOST = 64 << 10
_MOST_IMAGES = 256
_COUNT = pattern(r"\d{1,3}")
_IMAGE = pattern(r"image(\d{1,3})")
_GROUP = pattern(r"NanoZoomer Digital Pathology Image Set", re.I)
_NOTE = "the names of the slide's images stand in its index and were not changed"


class HamamatsuNdpis(Format):
    """The format object; see the module's docstring."""

    name = "hamamatsu_ndpis"
    title = "Hamamatsu NDPIS"
    suffixes = (".ndpis",)
    marks = (b"NoImages", b"noimages", b"NOIMAGES", b"Noimages")
    removes = "of each image what goes of a single NDPI; unknown keys and comments of the index"
    keeps = "names and order of the images; of each image what stays of a single NDPI"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a small text file that counts and names images."""
        head = probe.head.removeprefix(ini.BOM).lstrip()
        if probe.main.size > _MOST or probe.is_tiff or not head[:1] or b"\0" in head:
            return "not an index of images"
        keys = {p.key.lower() for p in ini.parse(probe.main.read(0, probe.main.size)).pairs}
        if not {"noimages", "image0"} <= keys:
            return "not an index of images: NoImages or Image0 is missing"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """Inspect the index and every image."""
        index = ini.parse(probe.main.read(0, probe.main.size))
        names = _names(index)
        parts = [_image(probe.files, name, i) for i, name in enumerate(names, 1)]
        found, kept = _index_findings(index, names, probe.main.size)
        main = ByteMap(probe.main.size)
        main.claim(0, main.size, ByteClass.METADATA, "index")
        main.settle()
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, main.size), *(p.files[0] for p in parts)),
            levels=parts[0].levels,
            associated=tuple(a for p in parts for a in p.associated),
            findings=_joined([*found, *(f for p in parts for f in p.findings)]),
            maps=(main, *(p.maps[0] for p in parts)),
            mpp=parts[0].mpp,
            objective=parts[0].objective,
            kept=(*kept, *(k for p in parts for k in p.kept)),
            chains=tuple(c for p in parts for c in p.chains),
            complete=all(p.complete for p in parts),
            notes=(_NOTE,),
        )


FORMAT: Format = HamamatsuNdpis()


# -- the index ---------------------------------------------------------------------------


def _names(index: Ini) -> list[str]:
    """Names of the images, in order.

    Raises
    ------
    ContradictorySlide, DamagedSlide
        If their number is not the announced one, or two are the same.
    """
    counts = {p.value for p in index.pairs if p.key.lower() == "noimages"}
    images = [(int(m[1]), p.value) for p in index.pairs if (m := _IMAGE.fullmatch(p.key.lower())) and p.value]
    if len(counts) != 1 or not all(_COUNT.fullmatch(c) for c in counts):
        raise DamagedSlide("the index does not say how many images it names")
    (count,) = map(int, counts)
    if [n for n, _ in sorted(images)] != list(range(count)) or not 0 < count <= _MOST_IMAGES:
        raise DamagedSlide("the index does not name as many images as it announces")
    if len({name for _, name in images}) != count:
        raise ContradictorySlide("the index names one image twice")
    return [name for _, name in sorted(images)]


def _index_findings(index: Ini, names: Sequence[str], size: int) -> tuple[tuple[Finding, ...], list[Place]]:
    found, kept, block = FindingCollector(), [], TextBlock(0, 0, size, b" ", False)
    for pair in index.pairs:
        low = pair.key.lower()
        if low == "noimages" or (_IMAGE.fullmatch(low) and pair.value in (*names, "")):
            kept.append(Place(0, "index", pair.start, pair.value_end))
        else:
            text = f"{pair.key}={pair.value}"
            cut, place = (Cut(block, pair.start, pair.end),), Place(0, "index", pair.start, pair.end)
            found.add("hamamatsu.index.text", "Free text", UNKNOWN, place, cut, text)
    kept += (Place(0, "index", s.start, s.end) for s in index.sections if _GROUP.fullmatch(s.name))
    groups = (ini.Stray(*s) for s in index.sections if not _GROUP.fullmatch(s.name))
    for text, start, end in (*index.strays, *groups):
        cut, place = (Cut(block, start, end),), Place(0, "index", start, end)
        found.add("hamamatsu.index.text", "Free text", UNKNOWN, place, cut, text)
    return found.finish(), kept


# -- the images --------------------------------------------------------------------------


def _image(files: SlideFiles, name: str, number: int) -> Inspection:
    """Inspect one image as file ``number`` of the set."""
    source = Window(files.open(name))
    if not is_ndpi(source):
        raise DamagedSlide(f"image {number} of the set is not an NDPI file")
    part = inspect_file(Ndpi(source), "", "", name, f"image {number} ")
    part.findings = tuple(_moved(f, number) for f in part.findings)
    part.kept = tuple(p._replace(file=number) for p in part.kept)
    part.associated = tuple(a._replace(file=number) for a in part.associated)
    part.chains = tuple(c._replace(file=number) for c in part.chains)
    return part


def _moved(finding: Finding, file: int) -> Finding:
    """Move a finding to another file; `Drop` edits need no change, because page names differ between files."""
    finding.places = tuple(p._replace(file=file) for p in finding.places)
    finding.rooms = ()  # no label is drawn through an index: each slide of it can be given its own
    finding.edits = tuple(_moved_edit(edit, file) for edit in finding.edits)
    return finding


def _moved_edit(edit: Edit, file: int) -> Edit:
    if isinstance(edit, Cut):
        return edit._replace(block=edit.block._replace(file=file))
    return edit._replace(file=file) if isinstance(edit, Fill | Write) else edit


def _joined(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Join findings of one id: a field of several images is one field."""
    out: dict[str, list[Finding]] = {}
    for finding in findings:
        out.setdefault(finding.id, []).append(finding)
    return tuple(_one(group) for group in out.values())


def _one(group: Sequence[Finding]) -> Finding:
    first = group[0]
    if len(group) == 1:
        return first
    values = [v for f in group for v in (f.value, *f.values) if v is not None]
    return Finding(
        first.id,
        first.title,
        first.cls,
        tuple(p for f in group for p in f.places),
        tuple(e for f in group for e in f.edits),
        values[0] if values else None,
        all(f.weak for f in group),
        tuple(values[1:]),
        first.encoding,
    )
