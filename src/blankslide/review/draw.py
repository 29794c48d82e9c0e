"""Which slides are looked at: drawn by a seed that is shown, so that anybody can draw them again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import sha256


def new_seed() -> int:
    """Return a seed that a person can write down."""
    return secrets.randbelow(1_000_000)


def drawn(names: Sequence[str], size: int, seed: int) -> list[str]:
    """Return a sample in the order in which it is looked at.

    Each name is given a number by the seed, SHA-256 of ``SEED NAME``, and the smallest numbers win. So the sample
    does not depend on the order of the names or on the version of Python, and can be drawn by hand.

    Parameters
    ----------
    names
        Of all slides, each once, with ``/`` between folders.
    size
        How many.
    """
    return sorted(set(names), key=lambda name: _number(name, seed))[:size]


def _number(name: str, seed: int) -> bytes:
    return sha256(f"{seed} {name}".encode("utf-8", "surrogateescape")).digest()


def digest(names: Sequence[str]) -> str:
    """Return what tells this set of slides from another one, without their names."""
    joined = "\n".join(sorted(set(names)))
    return sha256(joined.encode("utf-8", "surrogateescape")).hexdigest()
