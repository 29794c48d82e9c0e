"""A file that no format can inspect, read by the census alone: how much can be read in it that nothing explains.

For audits only. A slide that another tool has damaged is refused, and may hold everything still; this says so much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.pipeline.opening import opened

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline.options import Options

_WORDS = "generic_tiff"
_MOST = 1 << 28
"""Bytes of a file that are worth it: without a layout that anybody knows, all of them are read."""


def unexplained_in(path: Path, options: Options) -> int:
    """Count the texts in a file that no format's vocabulary is needed to be astonished at.

    Returns
    -------
    int
        0 as well if the file cannot be opened or is larger than 256 MiB.
    """
    from blankslide.formats import vocabulary_of
    from blankslide.policy.pseudonyms import is_dummy, is_ours, is_token
    from blankslide.verification.census.data import Change, Overlay
    from blankslide.verification.census.grammar import Kept, Rules, explained, vocabulary
    from blankslide.verification.census.stock import take_stock

    key = options.planning_key
    try:
        with opened(path) as slide:
            main = slide.files[0]
            if main.size > _MOST:
                return 0
            account = take_stock([(path.name, main)])
            if account.troubles:  # its layout is broken: then all of it is loose bytes
                loose = Overlay(main, [Change(0, min(4, main.size), bytes(min(4, main.size)), 0)])
                account = take_stock([(path.name, loose)])
            rules = Rules(
                vocabulary(vocabulary_of(_WORDS)),
                Kept([]),
                lambda value: is_dummy(value) or is_token(value) or is_ours(value, key),
                options.resolved().unknown_numbers,
                frozenset([path.name]),
                sizes=(main.size,),
            ).knowing(account.texts)
            return sum(not explained(text, rules) for text in account.texts)
    except (BlankslideError, OSError):
        return 0
