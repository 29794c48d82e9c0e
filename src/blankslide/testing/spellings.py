"""Where a removed value still stands, in the encodings of the contract; for tests.

Written apart from the search of `blankslide.verify`, so that a form which one of the two
forgets, or spells wrongly, is missed by one only.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

SHORTEST = 5
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-")


def spellings(value: str) -> dict[str, list[bytes]]:
    """Spell a value in the encodings of the contract."""
    narrow = value.encode("latin-1", "replace")
    texts = {narrow, value.encode("utf-8")}
    return {
        "text": [narrow, narrow.upper(), narrow.lower()],
        "UTF-8": [value.encode("utf-8")],
        "UTF-16-LE": [value.encode("utf-16-le")],
        "UTF-16-BE": [value.encode("utf-16-be")],
        "percent": [form for text in texts for form in _percents(text)],
        "base64": [form for text in (*texts, value.encode("utf-16-le")) for form in _base64s(text)],
    }


def _percents(text: bytes) -> Iterator[bytes]:
    for style in ("%%%02X", "%%%02x"):
        yield "".join(style % byte for byte in text).encode()
        yield "".join(chr(byte) if byte in _UNRESERVED else style % byte for byte in text).encode()


def _base64s(text: bytes) -> Iterator[bytes]:
    """Encode behind 0, 1 and 2 strange bytes; characters that also depend on a neighbour are left out."""
    for lead in range(3):
        coded = base64.b64encode(b"\0" * lead + text + b"\0" * (-(lead + len(text)) % 3))
        yield coded[-(-lead * 8 // 6) : (lead + len(text)) * 8 // 6]


def places_of(value: str, data: bytes) -> list[str]:
    """Return the names of the encodings in which a value stands in the data.

    A value of fewer than five characters would be found by chance; it counts only as a
    whole ``= value`` of a field.
    """
    if len(value) < SHORTEST:
        field = re.compile(rb"= ?" + re.escape(value.encode("latin-1")) + rb" ?(?=[|\0])")
        return ["a field's value"] if field.search(data) else []
    return [name for name, forms in spellings(value).items() if any(form in data for form in forms)]
