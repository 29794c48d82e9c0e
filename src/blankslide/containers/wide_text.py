"""Text whose units are one or two bytes, looked at as if they were one.

Some programs write the same kind of text now in UTF-8, now in UTF-16, with or without a byte
order mark. The parsers here work on bytes; so a text is *narrowed*, one byte for each unit,
parsed, and the parser's spans are led back to where they stand in the file.

Promise: total, linear; what is no Latin-1 character becomes 0xFF, and values are decoded from
the original bytes, never from the narrowed ones.
"""

from __future__ import annotations

_UTF8_BOM = b"\xef\xbb\xbf"
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Units:
    """A text and how it is coded.

    Parameters
    ----------
    data
        All its bytes.

    Attributes
    ----------
    narrow
        One byte for each unit, the byte order mark left out.
    codec
        ``utf-8`` (Latin-1 where that is not valid), ``utf-16-le`` or ``utf-16-be``.
    """

    __slots__ = ("_base", "_data", "_unit", "codec", "narrow")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.codec = _codec(data)
        self._unit = 1 if self.codec == "utf-8" else 2
        self._base = 3 if data.startswith(_UTF8_BOM) else 2 if data[:2] in _MARKS else 0
        body = data[self._base :]
        if self._unit == 1:
            self.narrow = body
            return
        body = body[: len(body) // 2 * 2]
        low, high = (body[::2], body[1::2]) if self.codec == "utf-16-le" else (body[1::2], body[::2])
        self.narrow = bytes([0xFF if h else n for n, h in zip(low, high, strict=True)])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the bytes that units ``[start, end)`` stand in."""
        return self._base + start * self._unit, self._base + end * self._unit

    def text(self, start: int, end: int) -> str:
        """Decode units ``[start, end)``."""
        low, high = self.span(start, end)
        raw = self._data[low:high]
        if self._unit == 2:
            return raw.decode(self.codec, "surrogatepass")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    def filled(self, start: int, end: int, char: str = " ") -> bytes:
        """Return as many bytes of one character as ``[start, end)`` takes."""
        return char.encode(self.codec) * (end - start)


def _codec(data: bytes) -> str:
    if data[:2] in _MARKS:
        return _MARKS[data[:2]]
    if len(data) >= 4 and data[0] and data[2] and not data[1] and not data[3]:
        return "utf-16-le"
    if len(data) >= 4 and data[1] and data[3] and not data[0] and not data[2]:
        return "utf-16-be"
    return "utf-8"
