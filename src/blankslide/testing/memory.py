"""A slide in memory: what a format sees of a folder, without a disk.

The conformance suite damages one slide hundreds of times and edits it patch by patch; here
that costs a copy of a few bytes. Inspection and planning run exactly as on files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.errors import DamagedSlide
from blankslide.formatkit.protocol import Probe
from blankslide.formats import detect
from blankslide.planner import make_plan
from blankslide.policy.profiles import load
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Format
    from blankslide.model import Inspection, Patch, Plan

__all__ = ["MemorySlide", "applied", "inspected", "planned"]


class MemorySlide:
    """The files of one slide; a `SlideFiles`.

    Parameters
    ----------
    files
        Name -> bytes of everything in the slide's folder, and below it (``folder/name``).
    name
        Which of them was named by the person. A folder of its stem is then where members are.
    """

    def __init__(self, files: Mapping[str, bytes], name: str) -> None:
        self.name = name
        self._sources = {n: MemorySource(data) for n, data in files.items()}
        self.opened = [self._sources[name]]
        home = name.rpartition(".")[0] + "/"
        self._home = home if any(n.startswith(home) for n in files) else ""

    @property
    def main(self) -> MemorySource:
        """The file that was named."""
        return self._sources[self.name]

    def names(self) -> list[str]:
        """Names of all other files."""
        own = (n.removeprefix(self._home) for n in self._sources if n != self.name and n.startswith(self._home))
        return sorted(own)

    def open(self, name: str) -> MemorySource:
        """Open a member, as the next file of the slide.

        Raises
        ------
        DamagedSlide
            If there is no such file.
        """
        source = self._sources.get(self._home + name) or self._sources.get(name)
        if source is None:
            raise DamagedSlide("a file of the slide is missing")
        if source not in self.opened:
            self.opened.append(source)
        return source

    def glance(self, name: str, length: int, above: bool = False) -> bytes:
        """Return the first bytes of a file without making it a member; nothing stands above."""
        source = None if above else self._sources.get(self._home + name)
        return b"" if source is None else source.read(0, min(length, source.size))

    def state(self, name: str) -> None:
        """What stands in memory has no dates: nothing read of it is kept."""


def inspected(slide: MemorySlide, formats: Iterable[Format]) -> Inspection:
    """Detect and inspect.

    Raises
    ------
    SlideError
        As the formats do.
    """
    probe = Probe(slide)
    return detect(probe, formats).inspect(probe)


def planned(inspection: Inspection, sources: Sequence[MemorySource], profile: str = "research") -> Plan:
    """Plan what a profile demands.

    Raises
    ------
    SlideError, InternalError
        As the planner does.
    """
    return make_plan(inspection, load(profile), sources)


def applied(files: Sequence[bytes], patches: Iterable[Patch]) -> list[bytes]:
    """Lay patches over the files in the plainest way there is."""
    images = [bytearray(data) for data in files]
    for p in patches:
        fresh = bytes([p.byte]) * p.length if p.data is None else p.data
        images[p.file][p.offset : p.offset + p.length] = fresh
    return [bytes(image) for image in images]
