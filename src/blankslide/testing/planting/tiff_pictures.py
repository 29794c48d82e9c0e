"""Plant pictures: as pages, as children of pages, and where pages only point."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from blankslide.testing.planting.core import Plant, planter
from blankslide.testing.planting.pictures import CODECS, Picture, drawn
from blankslide.testing.planting.tiff_kit import done, levels, pictures
from blankslide.testing.planting.tiff_patch import ASCII, SHORT, Entry, Tiff, entry, longs

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

PAGED = ("raw", "jpeg", "lzw", "deflate", "packbits", "jpeg 2000", "png", "webp")
SCANNED = ("raw", "jpeg", "lzw")
"""Codings in which scanners write labels."""


def entries(tiff: Tiff, picture: Picture, *, tiled: bool = False) -> list[Entry]:
    """Return the entries of a page that shows a picture; its stream is put at the file's end."""
    at = tiff.append(picture.stream)
    found = [
        longs(256, picture.width),
        longs(257, picture.height),
        entry(258, SHORT, struct.pack("<3H", 8, 8, 8)),
        entry(259, SHORT, struct.pack("<H", picture.compression)),
        entry(262, SHORT, struct.pack("<H", picture.photometric)),
        entry(277, SHORT, struct.pack("<H", 3)),
        entry(284, SHORT, b"\1\0"),
    ]
    if picture.codec == "jpeg":
        found.append(entry(530, SHORT, struct.pack("<2H", 2, 2)))
    if tiled:
        return [
            *found,
            longs(322, picture.width),
            longs(323, picture.height),
            longs(324, at),
            longs(325, len(picture.stream)),
        ]
    return [*found, longs(273, at), longs(278, picture.height), longs(279, len(picture.stream))]


@planter("tiff")
def plant_page(sample: Path, target: Path, random: Random) -> Plant | None:
    """A page more behind all others, that says something of itself or nothing."""
    tiff, picture = Tiff.read(sample), drawn(random, random.choice(PAGED))
    page = entries(tiff, picture)
    kind = random.choice((None, 0, 1, 9))
    page += [] if kind is None else [longs(254, kind)]
    said = random.choice((b"", b"label %dx%d" % (picture.width, picture.height), b"Label", b"macro", b"thumbnail"))
    page += [entry(270, ASCII, said + b"\0")] if said else []
    if tiff.ndpi:
        page.append(longs(65420, 1))
    tiff.add_page(page)
    encoding = f"{picture.codec}, type {kind}, {said.decode()}"
    return done(tiff, sample, target, "page more", encoding, picture.needles, ordinary=False, picture=True)


@planter("tiff")
def plant_other_label(sample: Path, target: Path, random: Random) -> Plant | None:
    """Another picture on the page of the label or macro, in a coding that scanners use."""
    tiff = Tiff.read(sample)
    fit = [p for p in pictures(tiff) if tiff.pieces(p) and not tiff.find(p, 330) and tiff.value(p, 277) == 3]
    fit = [p for p in fit if _is_label(tiff, p)]
    if not fit or tiff.ndpi:
        return None
    page = random.choice(fit)
    size = tiff.value(page, 256), tiff.value(page, 257)
    picture = drawn(random, random.choice(SCANNED), *size)
    for at, length in tiff.pieces(page):
        tiff.data[at : at + length] = bytes(length)
    drop = {256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 347, 530, 32997}
    tiff.rewrite(page, [*(e for e in tiff.entries(page) if e.tag not in drop), *entries(tiff, picture)])
    return done(
        tiff, sample, target, "label in another coding", picture.codec, picture.needles, ordinary=True, picture=True
    )


def _is_label(tiff: Tiff, page: int) -> bool:
    said = (tiff.text(page) or b"").lower()
    return tiff.value(page, 254) in (1, 9) or b"label" in said or b"macro" in said


@planter("tiff")
def plant_child_picture(sample: Path, target: Path, random: Random) -> Plant | None:
    """A picture in a child directory."""
    tiff, picture = Tiff.read(sample), drawn(random, random.choice(PAGED))
    page, tag = random.randrange(len(tiff)), random.choice((330, 330, 34665))
    at = tiff.directory(entries(tiff, picture, tiled=random.random() < 0.3))
    old = tiff.find(page, tag)
    numbers = [*(old.numbers if old else ()), at]
    tiff.put(page, longs(tag, *numbers))
    encoding = f"{picture.codec} below {tag}"
    return done(tiff, sample, target, "child: picture", encoding, picture.needles, ordinary=False, picture=True)


@planter("tiff")
def plant_pointed(sample: Path, target: Path, random: Random) -> Plant | None:
    """A picture behind the tags 513 and 514, on a page or in a child directory."""
    tiff, picture = Tiff.read(sample), drawn(random, "jpeg")
    page = random.randrange(len(tiff))
    tags = [longs(513, tiff.append(picture.stream)), longs(514, len(picture.stream))]
    child = random.random() < 0.4
    tiff.put(page, *([longs(34665, tiff.directory(tags))] if child else tags))
    encoding = "below EXIF" if child else "on a page"
    return done(tiff, sample, target, "pointed at: 513, 514", encoding, picture.needles, ordinary=False)


@planter("tiff")
def plant_surplus(sample: Path, target: Path, random: Random) -> Plant | None:
    """A strip or tile more than the picture needs."""
    tiff, picture = Tiff.read(sample), drawn(random)
    fit = [p for p in range(len(tiff)) if tiff.pieces(p)]
    page = random.choice(fit)
    more = (tiff.append(picture.stream), len(picture.stream))
    both = [tiff.find(page, tag) for tag in tiff.tags(page)]
    tiff.put(page, *(longs(e.tag, *e.numbers, n) for e, n in zip(both, more, strict=True) if e))
    return done(tiff, sample, target, "tile too many", picture.codec, picture.needles, ordinary=False)


@planter("tiff")
def plant_label_as_thumbnail(sample: Path, target: Path, random: Random) -> Plant | None:
    """A label in place of a picture that is no label, of its size."""
    tiff = Tiff.read(sample)
    fit = [p for p in pictures(tiff) if tiff.pieces(p) and tiff.value(p, 277) == 3 and not _is_label(tiff, p)]
    if not fit or tiff.ndpi:
        return None
    page = random.choice(fit)
    picture = drawn(random, random.choice(SCANNED), tiff.value(page, 256), tiff.value(page, 257))
    for at, length in tiff.pieces(page):
        tiff.data[at : at + length] = bytes(length)
    drop = {256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 347, 530, 32997}
    tiff.rewrite(page, [*(e for e in tiff.entries(page) if e.tag not in drop), *entries(tiff, picture)])
    return done(
        tiff, sample, target, "label as thumbnail", picture.codec, picture.needles, ordinary=False, picture=True
    )


@planter("tiff")
def plant_tiled_label(sample: Path, target: Path, random: Random) -> Plant | None:
    """A page more of one tile, as if it were a level."""
    tiff, codec = Tiff.read(sample), random.choice([c for c in CODECS if c in PAGED])
    level = random.choice(levels(tiff) or [0])
    size = (tiff.value(level, 322, 256), tiff.value(level, 323, 256))
    if tiff.ndpi or not 64 <= size[0] <= 512:
        return None
    picture = drawn(random, codec, *size)
    tiff.add_page([*entries(tiff, picture, tiled=True), longs(254, random.choice((0, 1)))])
    return done(tiff, sample, target, "label as level", codec, picture.needles, ordinary=False, picture=True)
