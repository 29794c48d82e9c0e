"""Plant in bytes that nothing points at: at the file's end, between structures, in the rests of edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.testing.planting.core import Plant, planter
from blankslide.testing.planting.invented import anything
from blankslide.testing.planting.pictures import drawn
from blankslide.testing.planting.tiff_kit import any_way, done, owned
from blankslide.testing.planting.tiff_patch import ASCII, Tiff, entry
from blankslide.testing.planting.tiff_pictures import entries

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


@planter("tiff")
def plant_end(sample: Path, target: Path, random: Random) -> Plant | None:
    """A text at the file's end."""
    tiff, value = Tiff.read(sample), anything(random)
    way, data = any_way(random, value)
    tiff.data += random.choice((b"", b"\0" * 16, b"\r\n")) + data
    return done(tiff, sample, target, "file's end: text", way, value.needles(), ordinary=owned(sample))


@planter("tiff")
def plant_end_picture(sample: Path, target: Path, random: Random) -> Plant | None:
    """A picture at the file's end."""
    tiff, picture = Tiff.read(sample), drawn(random)
    tiff.append(picture.stream)
    return done(tiff, sample, target, "file's end: picture", picture.codec, picture.needles, ordinary=owned(sample))


@planter("tiff")
def plant_gap(sample: Path, target: Path, random: Random) -> Plant | None:
    """A text between two structures."""
    tiff, value = Tiff.read(sample), anything(random)
    way, data = any_way(random, value)
    tiff.append(data + bytes(random.randrange(9)))
    page = random.randrange(len(tiff))
    tiff.rewrite(page, tiff.entries(page))
    return done(tiff, sample, target, "gap: text", way, value.needles(), ordinary=owned(sample))


@planter("tiff")
def plant_rest(sample: Path, target: Path, random: Random) -> Plant | None:
    """What an editor leaves that writes a tag anew: the old directory and the old value."""
    tiff, value = Tiff.read(sample), anything(random)
    page, tag = random.randrange(len(tiff)), random.choice((269, 315, 316, 33432))
    tiff.put(page, entry(tag, ASCII, value.written("utf-8") + b"\0\0\0\0"))
    tiff.put(page, entry(tag, ASCII, b"\0"), clean=False)
    return done(tiff, sample, target, "gap: rest of an edit", value.kind, value.needles(), ordinary=owned(sample))


@planter("tiff")
def plant_unlinked(sample: Path, target: Path, random: Random) -> Plant | None:
    """A page that a tool has taken out of the chain, with its pixels."""
    tiff, picture = Tiff.read(sample), drawn(random)
    tiff.directory(entries(tiff, picture))
    return done(tiff, sample, target, "gap: unlinked page", picture.codec, picture.needles, ordinary=owned(sample))


@planter("tiff")
def plant_free(sample: Path, target: Path, random: Random) -> Plant | None:
    """A text in zeros that are free: where a directory stood before."""
    tiff, value = Tiff.read(sample), anything(random)
    page, (way, data) = random.randrange(len(tiff)), any_way(random, value)
    old = tiff.at(page)
    room = tiff.head + tiff.step * tiff.number(old, tiff.head) + tiff.wide
    tiff.rewrite(page, tiff.entries(page))
    if len(data) > room:
        return None
    at = old + random.randrange(room - len(data) + 1)
    tiff.data[at : at + len(data)] = data
    return done(tiff, sample, target, "gap: free zeros", way, value.needles(), ordinary=owned(sample))
