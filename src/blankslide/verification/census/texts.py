"""Bytes become texts with a place: whole values leaf by leaf, and whatever can be read in anything else."""

from __future__ import annotations

from collections.abc import Iterator

from blankslide.verification.census.account import Account, Text
from blankslide.verification.census.leaves import leaves
from blankslide.verification.census.runs import runs
from blankslide.verification.census.unwrap import unwrapped

SHORTEST = 4


def speak(account: Account, file: int, path: str, data: bytes, base: int, where: str) -> None:
    """Add all that can be read in a value or in loose bytes.

    Parameters
    ----------
    path, where
        Its place: for the vocabulary, and for people.
    data, base
        The bytes, and their offset in the file.
    """
    data, base = _stripped(data, base)
    if not data:
        return
    text, encoding = decoded(data)
    if encoding:
        account.texts.extend(_leaves(file, path, text, encoding, base, where))
    else:
        for run in runs(data, base, SHORTEST):
            account.texts.extend(_leaves(file, path, run.text, run.encoding, run.start, where))
    _inside(account, file, path, data, base, where)


def _inside(account: Account, file: int, path: str, data: bytes, base: int, where: str) -> None:
    """Add what is wrapped in base64, hexadecimal digits or compression."""
    from blankslide.verification.census.loose import loose_picture

    for wrapped in unwrapped(data, base):
        place = f"{path}/({wrapped.how})"
        if loose_picture(account, file, wrapped.data, wrapped.start, wrapped.end, f"{where}, in {wrapped.how}"):
            continue
        text, encoding = decoded(wrapped.data)
        if encoding:
            found = _leaves(file, place, text, "", 0, where)
        else:
            found = (
                leaf for run in runs(wrapped.data, 0, SHORTEST) for leaf in _leaves(file, place, run.text, "", 0, where)
            )
        account.texts.extend(leaf._replace(start=wrapped.start, end=wrapped.end) for leaf in found)


def _stripped(data: bytes, base: int) -> tuple[bytes, int]:
    """Leave out zeros at both ends."""
    left = data.lstrip(b"\0")
    base += len(data) - len(left)
    return left.rstrip(b"\0"), base


def decoded(data: bytes) -> tuple[str, str]:
    """Return a whole value as text, and its encoding; two empty strings if it is no text.

    An odd length of UTF-16 keeps its last byte: zeros at the end were stripped.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or _is_wide(data):
        order = "utf-16-be" if data[:2] == b"\xfe\xff" or data[:1] == b"\0" else "utf-16-le"
        whole = data + b"\0" if len(data) % 2 else data
        text = whole.decode(order, "replace")
        return (text, order) if _reads(text) else ("", "")
    for encoding in ("utf-8", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return (text, encoding) if _reads(text) else ("", "")
    return "", ""


def _is_wide(data: bytes) -> bool:
    return len(data) >= 4 and (data[1::2].count(0) * 10 >= len(data) * 4 or data[::2].count(0) * 10 >= len(data) * 4)


_CONTROL = {code: None for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160), 0xFFFD)}


def _reads(text: str) -> bool:
    """Whether nearly nothing of a text is a control character: NULs may part several strings."""
    kept = len(text.replace("\0", "").translate(_CONTROL))
    return kept > 0 and kept * 100 >= (len(text) - text.count("\0")) * 97


def _leaves(file: int, path: str, text: str, encoding: str, base: int, where: str) -> Iterator[Text]:
    at, plain = 0, encoding in ("", "latin-1", "ascii") or text.isascii()
    width = 2 if encoding.startswith("utf-16") else 1
    for part in text.split("\0"):
        for leaf in leaves(part):
            place = f"{path}/{leaf.path}" if leaf.path else path
            if plain or width == 2:
                start, end = base + (at + leaf.start) * width, base + (at + leaf.end) * width
            else:
                start = base + len(text[: at + leaf.start].encode(encoding, "surrogatepass"))
                end = start + len(text[at + leaf.start : at + leaf.end].encode(encoding, "surrogatepass"))
            yield Text(file, place, leaf.value, start, end, where)
        at += len(part) + 1
