"""The barcodes that stand in a slide's fields: another way to know it than by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, SlidePending

if TYPE_CHECKING:
    from pathlib import Path


def barcodes(path: Path) -> list[str] | None:
    """Return a slide's barcodes; none if it cannot be looked at, and None if it waits to be recovered."""
    from blankslide.pipeline import inspect

    try:
        findings = inspect(path).findings
    except SlidePending:
        return None
    except (BlankslideError, OSError):
        return []
    fields = [f for f in findings if "barcode" in f.id.lower() and f.value is not None]
    return [value.reveal() for f in fields for value in (f.value, *f.values) if value is not None]
