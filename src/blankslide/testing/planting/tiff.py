"""Planters for all formats that are one TIFF file; importing this module registers them, see `core.planters`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.testing.planting import (
    tiff_fields,
    tiff_gaps,
    tiff_markup,
    tiff_pictures,
    tiff_profiles,
    tiff_streams,
    tiff_tags,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "samples",
    "tiff_fields",
    "tiff_gaps",
    "tiff_markup",
    "tiff_pictures",
    "tiff_profiles",
    "tiff_streams",
    "tiff_tags",
]
FLAVOURS = ("jp2k-ycc", "jp2k-rgb", "kfbio", "motic", "grundium", "fluorescence", "z-levels")
"""Aperio slides beside those of ``blankslide samples``."""
LARGE = ("aperio-big.svs", "aperio-classic.svs", "aperio-gt450.svs")
"""Samples that are drawn smaller here: what they hold does not depend on it."""


def samples(folder: Path) -> tuple[Path, ...]:
    """Write samples of all formats that are one TIFF into a folder; return them."""
    from blankslide.samples import builders
    from blankslide.samples.aperio.slide import build_aperio

    found = []
    for name, build in sorted(builders().items()):
        if name.endswith((".dcm", ".mrxs", ".czi", ".isyntax", ".svslide", ".vms", ".vmu", ".ndpis")) or name in LARGE:
            continue
        build(folder / name)
        found.append(folder / name)
    for flavour in ("classic", "big", "gt450", *FLAVOURS):
        path = folder / f"aperio-{flavour}.svs"
        build_aperio(path, flavour, size=(1024, 768))
        found.append(path)
    return tuple(path for path in found if path.read_bytes()[:2] == b"II")
