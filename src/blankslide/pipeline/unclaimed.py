"""A slide that no format can inspect, read by the census alone: how much can be read in it that nothing explains.

For audits only. A slide that another tool has damaged is refused, and may hold everything still; this says so much.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import BlankslideError
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import inspected, opened

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline.options import Options
    from blankslide.source import ByteSource
    from blankslide.storage.slide_files import SlideFilesOnDisk
    from blankslide.verification.census.account import Account

_WORDS = "generic_tiff"
_MOST = 1 << 28
"""Bytes of a slide that are worth it: without a layout that anybody knows, all of them are read."""


class Unclaimed(NamedTuple):
    """What nothing explains: texts, which whoever asks for them shows to nobody, and how many pictures."""

    texts: tuple[str, ...] = ()
    pictures: int = 0

    def __repr__(self) -> str:
        return f"<Unclaimed: {len(self.texts)} texts, {self.pictures} pictures>"


def unclaimed_in(path: Path, options: Options) -> Unclaimed:
    """Find what stands in a slide's files and is no word of its format, and pictures that are neither tissue nor blank.

    Parameters
    ----------
    path
        Its main file or its folder. Files of the folder that has its name, as MIRAX slides have one, and those that
        the format came to before it gave up, are read as well.

    Returns
    -------
    Unclaimed
        Nothing as well if the slide cannot be opened or is larger than 256 MiB.
    """
    from blankslide.formats import vocabulary_of
    from blankslide.policy.pseudonyms import is_dummy, is_ours, is_token
    from blankslide.verification.census.grammar import Kept, Rules, explained, vocabulary

    key = options.planning_key
    try:
        with opened(main_file(path)) as slide:
            words = _format_of(slide, key)
            files = _files_of(slide)
            if sum(file.size for _, file in files) > _MOST:
                return Unclaimed()
            account = _account(files)
            rules = Rules(
                vocabulary(vocabulary_of(words)),
                Kept([]),
                lambda value: is_dummy(value) or is_token(value) or is_ours(value, key),
                options.resolved().unknown_numbers,
                frozenset(name for name, _ in files),
                sizes=tuple(file.size for _, file in files),
            ).knowing(account.texts)
            texts = tuple(text.value for text in account.texts if not explained(text, rules))
            return Unclaimed(texts, _strangers(account))
    except (BlankslideError, OSError):
        return Unclaimed()


def _strangers(account: Account) -> int:
    """Count the pictures that pixels prove to be no tissue; where nobody shows the slide, a sole picture may be it."""
    speaking = [picture for picture in account.pictures if picture.proven not in ("blank", "tile")]
    unclear = [picture for picture in speaking if picture.proven == "unclear"]
    return sum(picture.proven in ("other", "map") for picture in speaking) + (len(unclear) if speaking[1:] else 0)


def _format_of(slide: SlideFilesOnDisk, key: bytes | None) -> str:
    """Let the slide's format come as far as it can, which opens files; return the name of its words, if it has one."""
    from blankslide.formatkit.protocol import Probe
    from blankslide.formats import detect

    words = _WORDS
    with suppress(BlankslideError):
        words = detect(Probe(slide)).name
        inspected(slide, key)
    return words


def _files_of(slide: SlideFilesOnDisk) -> list[tuple[str, ByteSource]]:
    stem = os.path.splitext(slide.path)[0]
    if stem != slide.path and os.path.isdir(stem) and not os.path.islink(stem):
        slide.use_member_folder(os.path.basename(stem))
        for name in slide.names():
            with suppress(BlankslideError):
                slide.open(name)
    return [(os.path.basename(file.path), file) for file in slide.files]


def _account(files: list[tuple[str, ByteSource]]) -> Account:
    """Take stock of each file; where its layout is broken, all of it is loose bytes."""
    from blankslide.verification.census.data import Change, Overlay
    from blankslide.verification.census.stock import take_stock

    whole = take_stock([])
    for name, file in files:
        account = take_stock([(name, file)])
        if account.troubles:
            broken = min(4, file.size)
            account = take_stock([(name, Overlay(file, [Change(0, broken, bytes(broken), 0)]))])
            account.pictures = [picture for picture in account.pictures if picture.proven != "unclear"]  # tiles, mostly
        whole.add(account)
    return whole
