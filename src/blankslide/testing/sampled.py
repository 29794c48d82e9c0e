"""Sweeps, short and whole: `make test` tries a sample of a hundred similar cases, `make trust` tries all.

A sweep goes through one kind of thing at many sizes, seeds or places. Its first and its last case are always tried,
and some between them that the sweep's own name chooses: the same ones in every run, so that a red test stays red.
Nothing else is sampled: a case that is a kind of its own has a test, or a parameter, that always runs.

``BLANKSLIDE_WHOLE=1 pytest`` tries all, and so does `scripts/trust suite`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["is_whole", "sampled"]

T = TypeVar("T")


def is_whole() -> bool:
    """Whether all cases of each sweep are to be tried."""
    return os.environ.get("BLANKSLIDE_WHOLE", "") not in ("", "0")


def sampled(cases: Sequence[T], few: int, name: str) -> list[T]:
    """Return all cases, or a few of them where not all are asked for.

    Parameters
    ----------
    cases
        All of one sweep, in an order that means something: the first and the last are always among the few.
    few
        How many at least.
    name
        Of the sweep; it chooses.

    Returns
    -------
    list
        In the order of ``cases``.
    """
    if is_whole() or len(cases) <= few:
        return list(cases)
    middle = random.Random(name).sample(range(1, len(cases) - 1), max(0, few - 2))
    return [cases[i] for i in sorted({0, len(cases) - 1, *middle})]
