"""What planters of slides of several files and big headers have in common.

A planter here is given all files of a slide by name, as bytes, and changes them; the decorator `sets` makes of it a
planter of the family ``sets`` for samples of one format, and copies the rest of the slide.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.planting.core import Plant, planter

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from blankslide.testing.planting.invented import Value
    from blankslide.testing.planting.pictures import Picture

FAMILY = "sets"
CHARACTERS = ("utf-32-le", "utf-7", "koi8-r", "shift-jis", "iso-2022-jp", "gb18030", "cp1253", "iso8859-8", "cp850")
"""Further ways to write letters; whoever cannot be written so is written in UTF-8."""


@dataclass
class Members:
    """All files of a slide under alteration: its main file, and contents by names relative to its folder."""

    main: str
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def own(self) -> str:
        """The slide's own folder."""
        return self.main.rpartition(".")[0]


class Found(NamedTuple):
    """What was planted: kind of place, how and where exactly it is written, if that is usual, and the needles.

    ``beside`` is the name of a file that the slide does not need: it may stay if the product names it.
    """

    where: str
    encoding: str
    ordinary: bool
    needles: tuple[bytes, ...]
    beside: str = ""


class Secret(NamedTuple):
    """Something about somebody as bytes: how they are written, and by what they are known again."""

    raw: bytes
    encoding: str
    needles: tuple[bytes, ...]


def secret(random: Random, plain: bool = False, line: bool = False) -> Secret:
    """Invent something and write it in some way: a usual one if ``plain``, without ends of lines if ``line``."""
    from blankslide.testing.planting.invented import ENCODINGS, anything

    value = anything(random)
    while True:
        how = random.choice(("utf-8", "utf-8", "latin-1") if plain else (*ENCODINGS, *CHARACTERS, "zlib"))
        raw = _raw(value, how)
        if not (line and set(raw) & set(b"\0\n\r")):
            return Secret(raw, f"{value.kind} {how}", (raw, *value.needles()))


def _raw(value: Value, how: str) -> bytes:
    if how == "zlib":
        return zlib.compress(f"{value.text}, {value.text}".encode())
    if how not in CHARACTERS:
        return value.written(how)
    try:
        return value.text.encode(how)
    except UnicodeEncodeError:
        return value.text.encode()


def blob(random: Random) -> tuple[bytes, str, tuple[bytes, ...]]:
    """Draw a label and code it as a file of its own: bytes, what they are, and by what they are known again."""
    from blankslide.testing.planting.pictures import drawn

    one = drawn(random, random.choice(("jpeg", "jpeg", "png", "jpeg 2000", "webp", "raw", "deflate")))
    return one.stream, f"picture {one.codec}", telling(one)


def telling(one: Picture) -> tuple[bytes, ...]:
    """Return the needles of a picture that do not stand in what every JPEG has: its tables."""
    start = one.stream.find(b"\xff\xda") if one.codec == "jpeg" else 0
    return tuple(needle for needle in one.needles if needle not in one.stream[: start + 24])


Changing = Callable[[Members, "Random"], Found | None]


def sets(format: str, beginning: str = "", times: int = 1) -> Callable[[Changing], Changing]:
    """Register a function that changes a slide's files, for samples whose names begin so; how often it has its turn."""

    def register(function: Changing) -> Changing:
        @functools.wraps(function)
        def plant(sample: Path, target: Path, random: Random) -> Plant | None:
            if not sample.name.startswith(beginning or format):
                return None
            members = members_of(sample)
            before = list(members.files.values())
            found = function(members, random)
            if found is None:
                return None
            needles = tuple(n for n in dict.fromkeys(found.needles) if n and not any(n in data for data in before))
            if not needles:
                return None
            for name, data in members.files.items():
                (target.parent / name).parent.mkdir(parents=True, exist_ok=True)
                (target.parent / name).write_bytes(data)
            return Plant(format, found.where, found.encoding, found.ordinary, needles, beside=found.beside)

        for turn in range(times):
            again = functools.partial(plant)
            again.__name__ = f"{function.__name__}_{turn}" if turn else function.__name__  # type: ignore[attr-defined]
            planter(FAMILY)(again)
        return function

    return register


def members_of(sample: Path) -> Members:
    """Read a sample with all that belongs to it: files named after it, and the folder of its name."""
    members = Members(sample.name)
    folder = sample.with_suffix("")
    beside = [p for p in sample.parent.glob(f"{sample.stem}*") if p.is_file() and p.suffix == sample.suffix]
    for path in [*beside, *(folder.rglob("*") if folder.is_dir() else ())]:
        if path.is_file() and (
            path.stem == sample.stem or path.stem.startswith(f"{sample.stem}_") or folder in path.parents
        ):
            members.files[path.relative_to(sample.parent).as_posix()] = path.read_bytes()
    return members
