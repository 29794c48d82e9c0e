"""What is true of an archive after a run, by means that share nothing with it: raw bytes, foreign readers, counting."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blankslide.testing.judge import has_piece
from blankslide.testing.own.batches.archive import digest, files_below
from blankslide.testing.spellings import SHORTEST, places_of

if TYPE_CHECKING:
    from blankslide.testing.own.batches.archive import Archive, Kind, Placed

_PICTURE = "picture"
_JOINT = bytes(64)
_OF_A_FRAME, _TABLES = 2048, 1024
_SIDES, _LARGEST = ("width", "height"), 4096


class Audit:
    """Holds an archive, its copies and its ledger against what was built.

    Parameters
    ----------
    archive
        As it was built.
    out
        Where copies went; None if slides were edited in place.

    Attributes
    ----------
    wrong
        Sentences, each about a slide.
    results
        How many different contents the slides' files had, which were all looked at.
    """

    def __init__(self, archive: Archive, out: Path | None) -> None:
        self.wrong: list[str] = []
        self._archive = archive
        self._out = out
        self._judged: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    @property
    def results(self) -> int:
        """See the class."""
        return len(self._judged)

    # -- files -----------------------------------------------------------------------------

    def files(self) -> None:
        """Look at all files: none missing, none twice, nothing left of what was planted, originals as they were."""
        done = self._archive.root if self._out is None else self._out
        found = {str(Path(path).relative_to(done)) for path in files_below(done)}
        expected = {name for slide in self._archive.slides for name in slide.files}
        expected |= {str(path.relative_to(self._archive.root)) for path in self._extra()}
        if self._out is None:
            found -= self._archive.aside
        self._say("missing", expected - found)
        self._say("one too many", found - expected)
        for slide in self._archive.slides:
            if expected >= slide.files.keys() <= found:
                self.wrong += [f"{slide.path.name!r}: {what}" for what in self._judge(slide, done)]
        if self._out is not None:
            self._originals()

    def _extra(self) -> Iterator[Path]:
        """Yield what was not refused although it may not be changed in place."""
        if self._out is not None:
            yield from (path for path, ruined in self._archive.ruined.items() if ruined.copies)

    def _say(self, what: str, names: set[str]) -> None:
        self.wrong += [f"{name!r}: {what}" for name in sorted(names)]

    def _originals(self) -> None:
        for slide in self._archive.slides:
            for name, own in slide.files.items():
                if digest(self._archive.root / name) != slide.kind.files[own]:
                    self.wrong.append(f"{name!r}: the original has changed")

    def _judge(self, slide: Placed, folder: Path) -> list[str]:
        """Judge a result, each different one once."""
        files = {own: folder / name for name, own in slide.files.items()}
        key = (slide.kind.suffix, tuple(digest(files[own]) for own in sorted(files)))
        if key not in self._judged:
            self._judged[key] = list(judged(slide.kind, files))
        return self._judged[key]

    # -- what was told ---------------------------------------------------------------------

    def told(self, lines: list[str]) -> dict[str, Any]:
        """Hold what the last run has told in JSON against the archive; return its summary."""
        *rows, whole = map(json.loads, lines)
        summary: dict[str, Any] = whole["summary"]
        paths = Counter(row["path"] for row in rows)
        self._say("told more than once", {path for path, count in paths.items() if count > 1})
        clean = {row["path"] for row in rows if row["content"] == "clean"}
        expected = {shown(slide.path) for slide in self._archive.slides} | {shown(path) for path in self._extra()}
        self._say("not told as clean", expected - clean)
        refused = {row["path"] for row in rows if row["error"] and row["content"] == "untouched"}
        ruined = {shown(path) for path in self._archive.ruined} - expected
        self._say("broken, and not told as refused", ruined - refused)
        self._say("refused, and not broken", refused - ruined)
        counted = summary["clean"] + summary["nothing to do"] + sum(summary["refused"].values())
        if counted != summary["slides"] or counted != len(expected) + len(ruined):
            self.wrong.append(f"the summary counts {counted} of {len(expected) + len(ruined)} slides")
        if len(whole["others"]) != self._archive.others:
            self.wrong.append(f"{len(whole['others'])} other files, and not {self._archive.others}")
        return summary

    def ledger(self, *paths: Path) -> int:
        """Look for each slide in the ledger, or in one of several, once; return how many entries there are."""
        entries = [json.loads(line)["entry"] for path in paths for line in path.read_bytes().splitlines()]
        slides = Counter(entry["slide"] for entry in entries)
        self._say("in the ledger more than once", {slide for slide, count in slides.items() if count > 1})
        expected = len(self._archive.slides) + sum(1 for _ in self._extra())
        if len(slides) != expected:
            self.wrong.append(f"{len(slides)} slides in the ledger, and not {expected}")
        if any(entry["content"] != "clean" for entry in entries):
            self.wrong.append("the ledger tells of slides that are not clean")
        return len(entries)


def rows(lines: list[str]) -> list[dict[str, Any]]:
    """Return what a run has told of its slides in JSON, without the summary."""
    return [row for row in map(json.loads, lines) if "path" in row]


def shown(path: Path) -> str:
    """Return a path as JSON has it."""
    from blankslide.model.shown import plain_text

    return plain_text(path)


def judged(kind: Kind, files: dict[str, Path]) -> Iterator[str]:
    """Hold the files of a result against the slide that was built."""
    now = _JOINT.join(path.read_bytes() for path in files.values())
    was = {own: (kind.folder / own).read_bytes() for own in files}
    texts: dict[str, str] = {}
    for removed in kind.planted.removed:
        home = _file_of(kind, removed.file)
        if removed.encoding == _PICTURE:
            least = _OF_A_FRAME if kind.suffix == ".dcm" else 0  # its key names the beginnings of frames
            old = b"".join(_scan(was[home][at : at + max(length, least)]) for at, length in removed.places)
            if has_piece(old, now):
                yield f"a piece of {removed.id} is left"
        elif len(removed.value) >= SHORTEST:
            texts.setdefault(removed.value, removed.id)
    yield from (f"{name} is left as {way}" for value, name in texts.items() for way in places_of(value, now))
    before, after = pixels(kind.main), pixels(_main(kind, files))
    if before != after:
        yield "a reader sees other tissue"


def _file_of(kind: Kind, name: str) -> str:
    return next((own for own in kind.files if name and own.endswith(name)), kind.planted.file)


def _main(kind: Kind, files: dict[str, Path]) -> Path:
    return files[kind.planted.file]


def _scan(data: bytes) -> bytes:
    """Leave out the tables of a JPEG stream, which say nothing of a picture, up to the header of its scan."""
    header = re.search(rb"\xff\xda\0[\x06-\x0e]", data[:_TABLES])
    return data[header.start() if header else 0 :]


def pixels(path: Path) -> list[str]:
    """Return a digest of each level's pixels as OpenSlide, or libCZI, sees them."""
    from hashlib import blake2b

    if path.suffix == ".czi":
        from pylibCZIrw.czi import open_czi

        with open_czi(str(path)) as czi:
            return [blake2b(czi.read().tobytes(), digest_size=16).hexdigest()]
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        return [blake2b(_level(slide, i).tobytes(), digest_size=16).hexdigest() for i in range(slide.level_count)]


def _level(slide: Any, number: int) -> Any:
    """Return a level as far as there is anything: areas of a slide may lie far apart, on nothing."""
    known = slide.properties
    at = [int(known.get(f"openslide.bounds-{side}", 0)) for side in ("x", "y")]
    whole = [int(known.get(f"openslide.bounds-{s}", d)) for s, d in zip(_SIDES, slide.dimensions, strict=True)]
    size = [min(int(side / slide.level_downsamples[number]) + 1, _LARGEST) for side in whole]
    return slide.read_region(tuple(at), number, tuple(size))
