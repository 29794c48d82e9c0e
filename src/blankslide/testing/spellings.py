"""Where a removed value still stands, in the encodings of the contract; for tests.

Written apart from the search of `blankslide.verify`, so that a form which one of the two
forgets, or spells wrongly, is missed by one only.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator

SHORTEST = 5
WORTH, BITS = 1 << 16, 22
_ODD = 2654435761
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
    may = _possible(data)
    return [name for name, forms in spellings(value).items() if any(may(form) and form in data for form in forms)]


_known: dict[tuple[int, int], Callable[[bytes], bool]] = {}


def _possible(data: bytes) -> Callable[[bytes], bool]:
    """Return what says whether a form can stand in the data at all; nearly all cannot, and need no search.

    Dozens of values are spelled in dozens of ways, and searched in the same megabytes: every four bytes in a row are
    noted once. A form that may be there is searched plainly. The last data are known by their hash, and not held.
    """
    if len(data) < WORTH:
        return lambda _: True
    key = len(data), hash(data)
    if key not in _known:
        if len(_known) > 1:
            del _known[next(iter(_known))]
        _known[key] = _noted(data)
    return _known[key]


def _noted(data: bytes) -> Callable[[bytes], bool]:
    import numpy as np

    there = np.zeros(1 << BITS, np.bool_)
    for shift in range(4):
        fours = np.frombuffer(data, "<u4", (len(data) - shift) // 4, shift)
        there[(fours * np.uint32(_ODD)) >> np.uint32(32 - BITS)] = True
    noted = there.tobytes()

    def may_be(form: bytes) -> bool:
        fours = (form[:4], form[len(form) // 2 - 2 :][:4], form[-4:]) if len(form) >= 4 else ()
        return all(noted[(int.from_bytes(four, "little") * _ODD & 0xFFFFFFFF) >> (32 - BITS)] for four in fours)

    return may_be
