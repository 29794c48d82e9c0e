"""Small slides of the six makers whose pages speak for themselves, written alike but for the maker's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.tiff_values import ascii
from blankslide.samples.kit.tiff_writer import write_tiff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from blankslide.samples.kit.tiff_writer import Page

SIZE, FACTORS = (300, 256), (1, 2)


class Maker(NamedTuple):
    """How one maker writes: header, what stands between pairs, a science key, tags of every page."""

    vendor: str
    head: str
    between: str
    science: str
    tags: Mapping[int, Any]
    knows: str = ""
    """The beginning of the header by which readers know the maker."""

    def text(self, *pairs: str) -> str:
        """Return a description of these pairs."""
        return self.between.join((self.head, *pairs) if self.head else pairs)


MAKERS = {
    maker.vendor: maker
    for maker in (
        Maker("aperio", "Aperio Image Library v11.2.1\r\n300x256 (128x128) JPEG/RGB Q=70", "|", "MPP", {}, "Aperio"),
        Maker(
            "mikroscan",
            "Mikroscan Image Structure\n300x256 (128x128) JPEG / RGB Q = 30",
            "|",
            "MPP",
            {},
            "Mikroscan Image Structure",
        ),
        Maker("motic", "Motic EasyScan\n300x256 (128x128) JPEG/RGB Q = 75", "|", "MPP", {}, "Motic"),
        Maker("threedhistech_tiff", "300x256 (128x128) JPEG/RGB Q=80|3dh_PixelSizeX = 0.25", "|", "MPP", {}, "300x256"),
        Maker("huron", "", "\n", "MPP", {271: ascii("Huron")}),
        Maker("trestle", "", ";", "MPP", {305: ascii("MedScan")}),
    )
}


def build(
    path: Path,
    maker: Maker,
    text: str,
    more: Sequence[Page] = (),
    texts: Mapping[int, str] | None = None,
) -> Path:
    """Write two levels and further pages.

    Parameters
    ----------
    text
        Description of the first page.
    texts
        Page -> its description.
    """
    pages = [*tiff_pages.tiled(tiff_pages.recipe(41, None, {"size": SIZE, "factors": FACTORS, "tile": 128})), *more]
    for number, page in enumerate(pages):
        said = {0: text, **(texts or {})}.get(number)
        page.tags = {**page.tags, **maker.tags, **({} if said is None else {270: ascii(said)})}
    write_tiff(path, pages)
    return path
