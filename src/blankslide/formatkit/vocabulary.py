"""Words that many formats share: how a key becomes an id, and what counts as a number.

A format keeps a value only if it is legal for its key. Most keys hold a number. The more digits a
pattern allows, the easier a case number passes for one; so there are several patterns, each named
after what it allows, and a format takes the shortest that fits its scanner's values. All are text,
to be used inside a larger pattern or with ``re.fullmatch``.

In a format::

    from blankslide.formatkit.vocabulary import SHORT_NUMBER, slug
    from blankslide.model.patterns import pattern

    SCIENCE = {"mpp": pattern(SHORT_NUMBER), "pixel size": pattern(rf"{SHORT_NUMBER} ?um")}
    id = f"acme.description.{slug(key)}"

Ids of findings are stable, since profiles and ledgers name them: do not change what `slug` returns.
"""

from __future__ import annotations

import re
from typing import Protocol

__all__ = [
    "INTEGER",
    "LONG_NUMBER",
    "NUMBER",
    "POINT_NUMBER",
    "PRECISE_NUMBER",
    "SHORT_NUMBER",
    "UNSIGNED_NUMBER",
    "VERSION",
    "Legal",
    "slug",
    "whole_slug",
]

_EXPONENT = r"(?:[eE][-+]?\d{1,3})?"
_LONGEST = 48

INTEGER = r"[-+]?\d{1,9}"
"""Up to nine digits."""

SHORT_NUMBER = rf"[-+]?\d{{1,6}}(?:[.,]\d{{1,12}})?{_EXPONENT}"
"""Up to six digits and twelve decimals: for descriptions of pairs, in which nothing marks a number as one."""

NUMBER = rf"[-+]?(?:\d{{1,9}}(?:[.,]\d{{0,15}})?|[.,]\d{{1,15}}){_EXPONENT}"
"""Up to nine digits and fifteen decimals, or decimals alone: for XML."""

LONG_NUMBER = rf"[-+]?(?:\d{{1,10}}(?:[.,]\d{{0,20}})?|[.,]\d{{1,20}}){_EXPONENT}"
"""Up to ten digits and twenty decimals, as MIRAX writes."""

PRECISE_NUMBER = rf"{NUMBER}|[-+]?\d{{0,9}}\.\d{{1,24}}{_EXPONENT}"
"""As `NUMBER`, or with up to 24 decimals, as Zeiss writes. It has two branches: put it into a group."""

POINT_NUMBER = r"-?\d{1,12}(?:\.\d{1,12})?"
"""Up to twelve digits, without comma and exponent, as Hamamatsu writes; ``float`` reads it."""

VERSION = (
    r"(?:(?!(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d(?![\d.])|(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.\d\d(?![\d.])"
    r"|(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d(?![\d.])|\d\d\.(?:0[1-9]|1[0-2])\.(?:0[1-9]|[12]\d|3[01])(?![\d.])"
    r"|(?:10|127|1[0-9]{2}|2[0-5]\d)\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.]))"
    r"\d{1,3}(?:\.\d{1,5}){1,4}(?![\d.]))"
)
"""Two to five numbers with points between, but neither a date (12.05.1950, 12.05.50, 05.1950) nor an address."""

UNSIGNED_NUMBER = rf"\d{{1,9}}(?:\.\d{{0,15}})?{_EXPONENT}"
"""As `NUMBER`, but without sign and comma: a size or a magnification; ``float`` reads it."""


class Legal(Protocol):
    """What tells legal values: a compiled pattern, or an object that knows words, such as `markers.MARKER`."""

    def fullmatch(self, string: str, /) -> object:
        """Return something true if the whole text is legal."""
        ...


def slug(name: str) -> str:
    """Turn a key into a part of a finding id: lower case, hyphens, 48 characters at most."""
    return whole_slug(name)[:_LONGEST]


def whole_slug(name: str) -> str:
    """Turn a key into a part of a finding id as `slug` does, but without cutting it off."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"
