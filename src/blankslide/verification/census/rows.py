"""Headers of descriptions: rows of a format's own words, in whatever order and number.

A header is put together of sizes, codecs, versions and a maker's words, and each program puts it together in another
way. So a vocabulary lists the words, at a place that ends in ``<word>``::

    270/<word>	{Aperio|Image|Library}
    270/<word>	(# x #)
    270/<word>	Q=#

A row is nothing but such words with white space, commas and semicolons between. Numbers are ``#`` in them as in every
template; that a number alone is no word is what keeps a case number from being one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["WORD", "is_row", "row_and_rest"]

WORD = "<word>"
"""Last part of a place that lists words; no key and no name of XML can be called so."""
_LONGEST = 4096
_BETWEEN = " ;,"
_TIGHT = re.compile(r" ?([=/,]) ?")
_TIMES = re.compile(r"(?<=#) ?x ?(?=#)")


def is_row(value: str, words: Iterable[str], template: Callable[[str], str]) -> bool:
    """Whether a value is put together of nothing but words, however they are to be parted.

    Parameters
    ----------
    value
        One text, decoded; of one that is longer than headers are the answer is no.
    words
        Templates of the words.
    template
        What makes a template of a value.
    """
    if len(value) > _LONGEST:
        return False
    told, known = _tight(template(value)), _by_letter(frozenset(words))
    reached, whole = [_behind(told, 0)], False
    seen = set(reached)
    while reached and not whole:
        at = reached.pop()
        for word in known.get(told[at : at + 1], ()):
            end = at + len(word)
            if told.startswith(word, at) and told[end : end + 1] in _BETWEEN:
                following = _behind(told, end)
                whole = whole or following == len(told)
                if following not in seen:
                    seen.add(following)
                    reached.append(following)
    return whole


def row_and_rest(value: str) -> tuple[str, str] | None:
    """Part a value from the header that follows it behind a semicolon: of a slide that was saved again."""
    head, semicolon, rest = value.partition(";")
    return (head.rstrip(), rest) if semicolon and head.strip() and rest.strip() else None


def _tight(told: str) -> str:
    """Return a template without the spaces that some programs write and others do not."""
    return _TIGHT.sub(r"\1", _TIMES.sub(" x ", told))


def _behind(told: str, at: int) -> int:
    """Return where the next word begins."""
    while at < len(told) and told[at] in _BETWEEN:
        at += 1
    return at


@lru_cache(maxsize=16)
def _by_letter(words: frozenset[str]) -> dict[str, list[str]]:
    """Return words by the sign that they begin with."""
    out: dict[str, list[str]] = {}
    for word in map(_tight, words):
        out.setdefault(word[:1], []).append(word)
    return out
