"""Text inside the coded streams of one page, for formats that report it page by page.

`tiff_byte_map.unowned` reports what stands beside the pictures of all pages; who calls that needs nothing of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.formatkit import tiff_asides

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.findings import FindingCollector


def jpeg_findings(found: FindingCollector, page: Ifd, tissue: bool) -> None:
    """Report what `tiff_byte_map.claim_file` found in a page's streams and tables, be they tissue or not."""
    names = {ifd.name for ifd in page.family()}
    tiff_asides.report(found, page.tiff, [aside for aside in page.tiff.asides if aside.where in names])
