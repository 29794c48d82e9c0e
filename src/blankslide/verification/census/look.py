"""What tells a run that somebody wrote from noise and from tables.

A run of twelve characters, or one beside a zero byte or an end of the bytes, needs no look; a
shorter one must hold a *core*: a word of one case, two words, a number with its separators, an id.
Characters that only rise or only fall are a table, and one pixel that is repeated is a picture.
"""

from __future__ import annotations

import re
from functools import cache
from operator import ge

LONG = 12  # characters that are text whatever they look like: 5 false runs in a megabyte of noise
RAMP = 16  # characters that only rise or fall are a table: the standard Huffman table has 43 of them
DIFFERENT = 12  # so many of them must differ
CONSTANT = 64  # a pixel repeated so often is a picture


@cache
def _two() -> re.Pattern[str]:
    return re.compile(r"[^\W_][\W_]*+[^\W_]")


@cache
def _core() -> re.Pattern[str]:
    return re.compile(
        r"(?=[A-Z0-9][A-Z0-9 ,.^_/:+'-]{4})[A-Z0-9](?>(?:[ ,.^_/:+'-]{0,2}[A-Z0-9]){3,})"  # JANE ROE, 1957-03-12, S17-1
        r"|(?=[a-z0-9][a-z0-9 ,._/:@+-]{4})[a-z0-9](?>(?:[ ,._/:@+-]{0,2}[a-z0-9]){3,})"  # jane.roe@, roe12
        r"|(?=[A-Za-z ,.^_'-]{5})[A-Z][a-z]++(?>(?:[ ,.^_'-]{1,2}[A-Z][a-z]*+)+)"  # Jo Li, Roe, J
        r"|(?=[A-Za-z ,.^_'-]{5})[A-Z][ ,.^_'-]{1,2}[A-Z][a-z]++"  # J. Roe
        r"|[A-Z][a-z]{4,}+|[A-Z][a-z]{1,2}[A-Z][a-z]{2,}+"  # Smith, McRoe
        r"|[A-Z][a-z]{2,}+[ _.#:-]{0,2}[0-9]{2,}+|[A-Z][a-z]{3,}+[ _.#:-]{0,2}[0-9]"  # Roe-12, Case 7
    )


def readable(text: str, bounded: bool = False) -> bool:
    """Whether a run of printable characters looks like something that was written, and not like noise or a table.

    Parameters
    ----------
    text
        The run.
    bounded
        Whether nothing but zeros stands before or behind it.
    """
    if not _two().search(text) or is_table(text):
        return False
    return bounded or len(text) >= LONG or has_core(text)


def has_core(text: str, least: int = 0) -> bool:
    """Whether a run holds a word, two words, a number with its separators or an id."""
    return any(len(m[0]) >= least for m in _core().finditer(_folded(text)))


def _folded(text: str) -> str:
    """Letters of all scripts as A or a, by their case."""
    return text if text.isascii() else text.translate(_FOLDS)


class _Folds(dict[int, str]):
    """Filled as characters come up."""

    def __missing__(self, code: int) -> str:
        c = chr(code)
        self[code] = c if c.isascii() else "A" if c.isupper() else "a" if c.isalpha() else c
        return self[code]


_FOLDS = _Folds()


def is_table(text: str, ramp: int = RAMP) -> bool:
    """Whether many different characters only rise or only fall, or one pixel is repeated.

    Padding before a number (`------12345`) rises as well; that is why they must be many.
    """
    size, head = len(text), text[:ramp]
    if text.count(text[:1]) == size:
        return size >= CONSTANT or not text.isdigit()
    if size < ramp:
        return False
    if size >= CONSTANT and any(text[period:] == text[:-period] for period in (2, 3)):
        return True
    for before, behind in ((text, text[1:]), (text[1:], text)):
        if all(map(ge, behind[: len(head) - 1], before)) and all(map(ge, behind, before)):
            return len(set(text)) >= min(ramp, DIFFERENT)
    return False
