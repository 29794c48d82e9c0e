"""Bytes become texts with a place: whole values leaf by leaf, and whatever can be read in anything else."""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from blankslide.verification.census.account import Account, Text
from blankslide.verification.census.icc import header, is_profile, parts, without_rows
from blankslide.verification.census.leaves import leaves
from blankslide.verification.census.markup import is_markup
from blankslide.verification.census.pictures import value_picture
from blankslide.verification.census.runs import runs
from blankslide.verification.census.unwrap import Wrapped, unwrapped
from blankslide.verification.census.wavelet_walk import are_numbers

if TYPE_CHECKING:
    from blankslide.verification.census.data import Span

SHORTEST = 5


def speak(account: Account, file: int, path: str, data: bytes, base: int, where: str) -> None:
    """Add all that can be read in a value or in loose bytes.

    What is wrapped (base64, hexadecimal digits, compression) is read unwrapped; the wrapping itself is no text.

    Parameters
    ----------
    path, where
        Its place: for the vocabulary, and for people.
    data, base
        The bytes, and their offset in the file.
    """
    emptied = _emptied(data)
    data, base = _stripped(data[emptied:], base + emptied)
    if not data:
        return
    plain, found = bytearray(data), unwrapped(data, base)
    markup = _markup(data) if any(wrapped.how == "html" for wrapped in found) else []
    for wrapped in found:
        if wrapped.how == "html" and _is_read_anyway(data, wrapped.start - base, wrapped.end - base, markup):
            continue
        if wrapped.how == "base64":
            wrapped = _whole(wrapped, data, base)
        if _inside(account, file, path, wrapped, where):
            low, high = wrapped.start - base, wrapped.end - base
            if len(wrapped.data) >= WRAPPED:  # a word may be base64 of a few bytes by chance
                plain[low:high] = _spaces(data, low, high)
    _plainly(account, file, path, bytes(plain), base, where)


@cache
def _foreign() -> re.Pattern[bytes]:
    """An entity that is none of XML's own."""
    return re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")


def _markup(data: bytes) -> list[Span]:
    """Return what will be read as markup: the whole, or what of it can be read."""
    text, encoding = decoded(data)
    if encoding:
        return [(0, len(data))] if is_markup(text) else []
    return [(run.start, run.end) for run in runs(data, 0, SHORTEST) if is_markup(run.text)]


def _is_read_anyway(data: bytes, start: int, end: int, markup: list[Span]) -> bool:
    """Whether entities stand in markup, whose leaves are read without them, and are all XML's own."""
    i = bisect_right(markup, (start, len(data))) - 1
    inside = i >= 0 and end <= markup[i][1]
    return inside and _foreign().search(data, start, end) is None


def _spaces(data: bytes, low: int, high: int) -> bytes:
    """Return spaces for a stretch of text, in UTF-16 where its letters are."""
    one = b" \0" if data[low + 1 : low + 2] == b"\0" else b"\0 " if data[low : low + 1] == b"\0" else b" "
    return (one * (high - low))[: high - low]


def speak_profile(account: Account, file: int, path: str, data: bytes, base: int, where: str) -> None:
    """Add the texts of a colour profile, what stands in its gaps and behind it, and words among its numbers."""
    account.texts.extend(header(file, path, data, base, where))
    data = without_rows(data)
    for name, start, end in parts(data):
        speak(account, file, f"{path}/icc/{name}", data[start:end], base + start, where)


def speak_picture(account: Account, file: int, data: bytes, span: Span, where: str) -> bool:
    """Add a value that is a picture, and what can be read in it beside the picture; return whether it is one.

    Parameters
    ----------
    data, span
        The value, unwrapped, and the bytes of the file that it or its wrapping stands in.
    """
    rest = value_picture(account, file, data, *span, where)
    for low, high in rest or ():
        _beside(account, file, data, (low, high), span[0], where)
    return rest is not None


WRAPPED = 8
"""Bytes that a wrapping holds at least, so that it is surely no text itself."""
_PROFILE = re.compile(rb"\xff\xe2(..)ICC_PROFILE\0\x01\x01", re.DOTALL)


def _beside(account: Account, file: int, data: bytes, span: Span, base: int, where: str) -> None:
    """Add what can be read beside a picture: a colour profile that is whole in its segment tag by tag.

    A segment may end behind the span, with zeros.
    """
    at, high = _emptied(data, span[0]), span[1]
    for found in _PROFILE.finditer(data, at, high):
        start, end = found.end(), found.start() + 2 + int.from_bytes(found[1], "big")
        if at <= found.start() and not any(data[high:end]) and is_profile(data[start:end]):
            _plainly(account, file, "beside", data[at : found.start()], base + at, where)
            speak_profile(account, file, "beside", data[start:end], base + start, where)
            at = end
    if at < high:
        _plainly(account, file, "beside", data[at:high], base + at, where)


_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]*+={0,2}")


def _whole(wrapped: Wrapped, data: bytes, base: int) -> Wrapped:
    """Follow a text of base64 to its end: a blank picture is a long row of one letter, which looks like none."""
    found = _BASE64.match(data, wrapped.end - base)
    if found is None or found.end() <= wrapped.end - base:
        return wrapped
    text = data[wrapped.start - base : found.end()].translate(None, b"\r\n")
    try:
        whole = binascii.a2b_base64(text.rstrip(b"=") + b"==")
    except binascii.Error:
        return wrapped
    if whole[:12] != wrapped.data[:12]:
        return wrapped
    return wrapped._replace(end=base + found.end(), data=whole)


def _plainly(account: Account, file: int, path: str, data: bytes, base: int, where: str) -> None:
    if _is_comment(data):
        data, base = data[4:], base + 4
    text, encoding = decoded(data)
    if encoding:
        account.texts.extend(_leaves(file, path, text, encoding, base, where))
        return
    for run in runs(data, base, SHORTEST):
        account.texts.extend(_leaves(file, path, run.text, run.encoding, run.start, where))


def _inside(account: Account, file: int, path: str, wrapped: Wrapped, where: str) -> bool:
    """Add what is wrapped; return whether anything was: digits and letters may merely look like a wrapping."""
    if speak_picture(account, file, wrapped.data, (wrapped.start, wrapped.end), f"{where}, in {wrapped.how}"):
        return True
    if is_profile(wrapped.data):
        _speak_inner_profile(account, file, path, wrapped, where)
        return True
    text, encoding = decoded(wrapped.data)
    packed = wrapped.how not in ("hex", "base64")
    if not packed and (not encoding or (not text.isascii() and encoding != "utf-16-le")):
        return False
    place = f"{path}/({wrapped.how})"
    texts = [text] if encoding else [run.text for run in runs(wrapped.data, 0, SHORTEST)]
    leaves_of = (leaf for each in texts for leaf in _leaves(file, place, each, "", 0, where))
    found = [leaf._replace(start=wrapped.start, end=wrapped.end) for leaf in leaves_of]
    account.texts.extend(found)
    return bool(found)


def _speak_inner_profile(account: Account, file: int, path: str, wrapped: Wrapped, where: str) -> None:
    """Add the texts of a colour profile that is wrapped: each stands wherever the wrapping does."""
    inner = Account()
    speak_profile(inner, file, f"{path}/({wrapped.how})", wrapped.data, 0, where)
    account.texts.extend(text._replace(start=wrapped.start, end=wrapped.end) for text in inner.texts)


BYTES, DIGITS = "(bytes)", "(hex)"
_ROW = re.compile(r"[A-Za-z0-9+/\r\n]{40,}+={0,2}")
_HEX = re.compile(r"(?>(?:[0-9A-Fa-f]{2}){20,})")


def _or_bytes(value: str) -> str:
    """Return a value; or `BYTES`, or `DIGITS`, for a table in base64 or hexadecimal digits that spells nothing."""
    if _ROW.fullmatch(value) is None:
        return value
    if _HEX.fullmatch(value) is not None:
        return DIGITS if is_table(value) else value
    try:
        inner = binascii.a2b_base64("".join(value.split()).rstrip("=") + "==")
    except binascii.Error:
        return value
    return BYTES if are_numbers(inner) or not runs(inner, 0, SHORTEST) else value


def is_table(digits: str) -> bool:
    """Whether a row of hexadecimal digits spells nothing, and has letters among them as any table has."""
    told = digits.strip("0")
    return sum(map(str.isalpha, told)) * 16 >= len(told) and not runs(bytes.fromhex(digits), 0, SHORTEST)


def _stripped(data: bytes, base: int) -> tuple[bytes, int]:
    """Leave out zeros at both ends."""
    left = data.lstrip(b"\0")
    base += len(data) - len(left)
    return left.rstrip(b"\0"), base


def decoded(data: bytes) -> tuple[str, str]:
    """Return a whole value as text, and its encoding; two empty strings if it is no text.

    An odd length of UTF-16 keeps its last byte: zeros at the end were stripped.
    """
    order = _wide_order(data)
    if order:
        whole = data + b"\0" if len(data) % 2 else data
        text = whole.decode(order, "replace")
        return (text, order) if _reads(text) else ("", "")
    for encoding in ("utf-8", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        plain = (encoding == "utf-8" or _is_mostly_ascii(data)) and _reads(text) and _TORN.search(data) is None
        return (text, encoding) if plain else ("", "")
    return "", ""


_TORN = re.compile(rb"\0[^\0]\0[^\0]\0[^\0]\0")
"""Letters each between two zeros: UTF-16 behind other text, which would be torn into letters that say nothing."""


def _is_mostly_ascii(data: bytes) -> bool:
    """Whether bytes are a text with some Latin-1 letters in it: nearly any bytes can be read as Latin-1."""
    return len(data.translate(None, _ASCII)) * 8 <= len(data)


_ASCII = bytes((0, 9, 10, 13, *range(32, 127)))


_BYTEWISE = re.compile(rb"[ -~]{6}")
_EMPTY = re.compile(rb"\xff\xfe\0.\0*", re.DOTALL)


def _is_comment(data: bytes) -> bool:
    """Whether what begins like UTF-16 is a comment of a JPEG: its length, and letters of one byte each, or nothing."""
    if data[:2] != b"\xff\xfe":
        return False
    end = 2 + int.from_bytes(data[2:4], "big")
    is_long_so = 4 < end == len(data) or (4 < end < len(data) and data[end] == 0xFF)
    return is_long_so or _BYTEWISE.search(data, 2) is not None or _EMPTY.fullmatch(data) is not None


def _emptied(data: bytes, at: int = 0) -> int:
    """Return where an emptied comment of a JPEG ends that begins here: its length may look like a letter of UTF-16."""
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") if data[at : at + 2] == b"\xff\xfe" else at
    return end if at + 4 <= end <= len(data) and not any(data[at + 4 : end]) else at


def _wide_order(data: bytes) -> str:
    """Return which UTF-16 bytes seem to be: by their mark, or because nearly every second one is zero."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and not _is_comment(data):
        return "utf-16-le" if data[:2] == b"\xff\xfe" else "utf-16-be"
    if len(data) < 4:
        return ""
    for first, order in ((1, "utf-16-le"), (0, "utf-16-be")):
        half, other = data[first::2], data[1 - first :: 2]
        if half.count(0) * 10 >= len(half) * 9 and other.count(0) * 10 <= len(other):
            return order
    return ""


_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160), 0xFFFD))
_CONTROL_BYTES = bytes(code for code in _CONTROL if code < 128)


def _reads(text: str) -> bool:
    """Whether nearly nothing of a text is a control character: NULs may part several strings."""
    if text.isascii():  # as bytes it is far faster
        kept = len(text.encode("ascii").translate(None, _CONTROL_BYTES))
    else:
        kept = len(text.translate(_CONTROL))
    return kept > 0 and kept * 100 >= (len(text) - text.count("\0")) * 97


_STEP = 256


def _places(text: str, encoding: str) -> Callable[[int], int]:
    """Return what says how many bytes stand before a character of a text."""
    if encoding.startswith("utf-16"):
        return lambda at: 2 * at
    if encoding in ("", "latin-1", "ascii") or text.isascii():
        return lambda at: at
    steps = range(0, len(text), _STEP)
    counted = accumulate((len(text[at : at + _STEP].encode(encoding, "surrogatepass")) for at in steps), initial=0)
    before = list(counted)

    def place_of(at: int) -> int:
        step = at // _STEP
        return before[step] + len(text[step * _STEP : at].encode(encoding, "surrogatepass"))

    return place_of


def _leaves(file: int, path: str, text: str, encoding: str, base: int, where: str) -> Iterator[Text]:
    at, place_of = 0, _places(text, encoding)
    for part in text.split("\0"):
        for leaf in leaves(part) if part else ():  # zeros between values are many
            place = f"{path}/{leaf.path}" if leaf.path else path
            start, end = base + place_of(at + leaf.start), base + place_of(at + leaf.end)
            yield Text(file, place, _or_bytes(leaf.value), start, end, where)
        at += len(part) + 1
