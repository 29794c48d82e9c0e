"""What was found legible in pictures, in words: where, what kind, how often; never what it says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.model.found import Found

_KINDS = {
    "text": ("line of text", "lines of text"),
    "barcode": ("barcode", "barcodes"),
    "unread barcode": ("barcode that could not be read", "barcodes that could not be read"),
    "ink": ("piece of ink", "pieces of ink"),
}


def found_lines(found: Iterable[Found]) -> list[str]:
    """Return a line for each picture: *label: 4 lines of text, 1 barcode*."""
    counts: dict[str, dict[str, int]] = {}
    for one in found:
        kinds = counts.setdefault(one.picture, {})
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    return [
        f"{picture}: " + ", ".join(f"{count} {_KINDS[kind][count != 1]}" for kind, count in kinds.items())
        for picture, kinds in counts.items()
    ]


def found_sentence(found: Iterable[Found]) -> str:
    """Say what is legible in all pictures of a slide."""
    lines = found_lines(found)
    return "Legible in pictures: " + "; ".join(lines) if lines else "Nothing legible was found in its pictures."
