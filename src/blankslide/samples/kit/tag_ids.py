"""Text tags of a TIFF of which nothing may stay, and their finding ids."""

from __future__ import annotations

TAG_IDS = {
    269: "tiff.document-name",
    285: "tiff.page-name",
    306: "tiff.date-time",
    315: "tiff.artist",
    316: "tiff.host-computer",
    337: "tiff.target-printer",
    33432: "tiff.copyright",
    55003: "aperio.tag.scanscope-id",
    55004: "aperio.tag.scan-date",
}
"""Text tags of which nothing may stay, and their finding ids."""
