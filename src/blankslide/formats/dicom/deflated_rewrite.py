"""Turns a deflated DICOM file into a plain one, in a copy.

Strategy: one write replaces everything behind the preamble. It has the header, which `HeaderRewrite`
composes in any length with the transfer syntax Explicit VR Little Endian, and then the native
frames that a deflated data set always has. The frames of a picture that goes are white.

Promise: editing in place is refused, with the hint to make a copy. What stood behind the pixels, or
behind the deflated stream, is not written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import NotEditable
from blankslide.formats.dicom.header_rewrite import START, HeaderRewrite
from blankslide.model import Write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.containers.dicom.pixels import Pixels
    from blankslide.model import Action
    from blankslide.source import ByteSource

TRAILER = "dicom.trailer"


class DeflatedRewrite(HeaderRewrite):
    """The `Rewrite` of one deflated file.

    Parameters
    ----------
    plain
        The rewrite of the inflated file's header.
    source, pixels
        The inflated file, and its pixel element.
    size
        Length of the deflated file.
    used
        End of its frames; the rest of the pixel element becomes zeros.
    white
        The byte that fills the frames of a picture that goes.
    """

    def __init__(
        self, plain: HeaderRewrite, source: ByteSource, pixels: Pixels, size: int, used: int, white: int
    ) -> None:
        super().__init__(plain.file, plain.header, plain.reading, plain.behind, plain.picture, plain.weak, plain.rank)
        self._source, self._pixels, self._size = source, pixels, size
        self._used, self._white = used, white

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Refuse, because nothing inside a deflated stream can be overwritten in place."""
        self._gone(parts)
        raise NotEditable("a deflated data set cannot be edited in place", "make a clean copy with --out DIR")

    def grown(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Return the whole file behind its preamble, inflated."""
        gone = self._gone(parts)
        start, body, used = self.header.end, self._pixels.body, self._used
        if self.picture in gone:
            frames = self._source.read(start, body - start) + bytes((self._white,)) * (used - body)
        else:
            frames = self._source.read(start, used - start)
        frames += bytes(self._pixels.end - used)
        data = self.compose(gone, key, None) + frames
        return [Write(self.file, START, data, self._size - START, self.rank)]
