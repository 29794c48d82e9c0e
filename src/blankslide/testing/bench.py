"""What the conformance suite works with: a built slide, an edited one, and a run that is killed.

Nothing here decides whether a format is good; the sentences are in `conformance`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blankslide.testing.faults import Crash, FaultyVolume
from blankslide.testing.memory import MemorySlide
from blankslide.testing.simulated import SimSlide, SimVolume

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Patch
    from blankslide.samples.kit.answer_key import Planted


@dataclass(frozen=True)
class Original:
    """A built slide: the files of its folder, which one was named, and its key."""

    files: Mapping[str, bytes]
    name: str
    planted: Planted

    def place(self, folder: Path, name: str = "") -> Path:
        """Write the slide into a folder, under another name if wanted."""
        folder.mkdir(parents=True, exist_ok=True)
        for known, data in self.files.items():
            target = folder / (name if name and known == self.name else known)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return folder / (name or self.name)

    def slide(self, images: Mapping[str, bytes] | None = None) -> MemorySlide:
        """Return the slide in memory, with other bytes if wanted."""
        return MemorySlide(images or self.files, self.name)

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that must be gone."""
        return tuple(dict.fromkeys(r.value for r in self.planted.removed if r.value))


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def leaks(values: Iterable[str], text: str) -> list[str]:
    """Return the values of five characters or more that stand in a text."""
    return [v for v in values if len(v) >= 5 and v in text]


def not_blank(path: Path, planted: Planted, roles: frozenset[str]) -> Iterator[str]:
    """Say which blanked pictures are gone, or show something; pages are known by where they stand."""
    from tifffile import TiffFile

    wanted = {p.strips[0][0]: p.role for p in planted.pictures if p.role in roles}
    if not wanted:
        return
    with TiffFile(path) as tiff:
        for page in tiff.pages:
            role = wanted.pop(page.dataoffsets[0] if page.dataoffsets else -1, "")
            if role:
                yield from (f"the blanked {role} {what}" for what in _shown(page))
    yield from (f"the {role} is not listed any more" for role in wanted.values())


def _shown(page: Any) -> Iterator[str]:
    try:
        pixels = page.asarray(maxworkers=1)
    except Exception as problem:  # whatever a codec raises is the complaint
        yield f"does not decode: {type(problem).__name__}"
        return
    if (pixels != pixels.reshape(-1, pixels.shape[-1])[0]).any():
        yield "shows something"


def is_pending(sim: SimVolume) -> bool:
    """Whether a journal waits on a simulated disk."""
    return any(name.startswith(".blankslide-") and not name.endswith(".tmp") for name in sim.content())


def _slide(sim: SimVolume, names: Iterable[str]) -> SimSlide:
    return SimSlide(sim, [sim.inode(SimSlide.folder, name) or 0 for name in names])


def edit(sim: SimVolume, names: list[str], patches: Iterable[Patch], volume: FaultyVolume) -> bool:
    """Edit as the pipeline does; return whether it came to its end."""
    from blankslide.storage.transaction import Transaction

    try:
        transaction = Transaction.begin(
            _slide(sim, names), tuple(patches), profile="research", format="x", volume=volume
        )
        transaction.commit()
        transaction.write()
        transaction.finish()
    except Crash:
        return False
    return True


def recover(sim: SimVolume, names: list[str], pending: bool) -> None:
    """Do what any later run does first."""
    from blankslide.storage.journal import journal_name
    from blankslide.storage.transaction import discard_leftover, resume

    main = names[0]
    if pending:
        path = f"{SimSlide.folder}/{journal_name(sim.inode(SimSlide.folder, main) or 0)}"
        transaction = resume(_slide(sim, names), path, sim)
        transaction.write()
        transaction.finish()
    discard_leftover(f"{SimSlide.folder}/{main}", sim)
