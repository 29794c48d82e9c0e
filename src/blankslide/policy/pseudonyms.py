"""Replacements that keep the shape of a value, and that we recognise as ours.

The same key and value give the same replacement in every file, run and machine. No ledger is
needed to see that a value was already replaced: it holds nothing but zeros, or it is a UUID of
version 8 (RFC 9562) whose last 40 free bits are a check sum of the 82 before them, or a UID or a
short token with a check sum. Everybody can compute these sums, so a second run changes nothing,
whatever its key, and a foreign UUID that merely looks like version 8 is not trusted. A keyed sum of
16 bits inside a UUID, or of three digits inside a UID that is long enough, tells whether it was made
under this key.

The site key is a file that only its owner can read, made by the first slide that is edited. Whoever has it can test
guesses against pseudonyms; it never goes into a slide, a journal or the ledger.
"""

from __future__ import annotations

import os
from itertools import pairwise

from blankslide.errors import InternalError
from blankslide.home import KEY_BYTES
from blankslide.model.patterns import pattern

_UUID = pattern(
    r"(\{?)([0-9a-fA-F]{8})(-?)([0-9a-fA-F]{4})\3([0-9a-fA-F]{4})\3([0-9a-fA-F]{4})\3([0-9a-fA-F]{12})(\}?)"
)
_UUID_ROOT = "2.25."
_STANDARD_ROOT = "1.2.840.10008."
_STANDARD = pattern(r"1\.2\.840\.10008(?:\.\d{1,4}){1,12}")
_PARTS = (8, 12, 16, 20)
_WHOLE_UID, _SHORTEST_UID, _CHECK_DIGITS = 43, 30, 12
_BASE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TOKEN = pattern(r"X[0-9A-Z]{7,15}")
_TOKEN_CHECKS = {8: 3, 10: 4, 12: 4, 14: 5, 16: 5}
DUMMIES = frozenset(("19000101", "19000101000000", "000000", "000Y", "NONE", "2.25.0"))
"""What we write where a value must be there: a date, a time, an age, a word and a UID that nobody has."""
_FIRST_DAY = pattern(r"1970-01-01(?:[T ]00:00(?::00(?:\.0{1,9})?)?Z?)?")
_BODY, _INNER = 82, 16
_ROOMY, _INNER_DIGITS = 16, 3
_PASSING = os.urandom(KEY_BYTES)
_OPEN = b"Blankslide: made without a key.\0"


def is_dummy(value: str) -> bool:
    """Whether a value is what we write where one must be there: a word of `DUMMIES`, or the first day of 1970."""
    return value in DUMMIES or _FIRST_DAY.fullmatch(value) is not None


# -- replacing -------------------------------------------------------------------------


def replace(value: str, key: bytes | None) -> str:
    """Replace a value by one of the same length and kind; a value that is ours stays.

    Parameters
    ----------
    value
        A UUID or GUID (braces, dashes and case are kept) becomes a keyed UUID. Of anything
        else, ASCII punctuation and spaces stay and each other character becomes a zero.
    key
        The site key; without it the map holds for this process only.

    Returns
    -------
    str
        As many characters as before; fewer bytes where non-ASCII characters went.
    """
    if is_ours(value, key):
        return value
    old = _uuid_digits(value)
    if old is None or value.isdecimal():
        return "".join(c if _is_kept(c) else "0" for c in value)
    secret = _checked(key) if key else _PASSING
    return _in_shape_of(value, f"{_keyed_uuid(secret, b'uuid' + old.encode()):032x}")


def is_ours(value: str, key: bytes | None) -> bool:
    """Whether nothing in the value is left to replace.

    Parameters
    ----------
    value
        As it stands in the slide.
    key
        The site key. With it those are recognised too that earlier versions made under it.
    """
    if all(c == "0" or _is_kept(c) for c in value):
        return True
    if value.startswith(_UUID_ROOT) and _is_mapped(value, key):
        return True
    digits = _uuid_digits(value)
    return digits is not None and any(_is_keyed_uuid(mark, int(digits, 16)) for mark in _marks(key))


def is_foreign(value: str, key: bytes | None) -> bool:
    """Whether a value is a replacement that was certainly made under another key, or under none.

    Parameters
    ----------
    value
        As it stands in the slide.
    key
        The site key; without it nothing can be told.
    """
    number = _uuid_number(value)
    if key is None or number is None or not _is_mapped_or_uuid(value):
        return False
    if not _is_keyed_uuid(_OPEN, number):
        digits = value[len(_UUID_ROOT) : -_CHECK_DIGITS]
        whole, inner = divmod(int(digits), 10**_INNER_DIGITS)
        return len(digits) >= _ROOMY and _inner_digits(_checked(key), whole) != inner
    body = _body(number)
    return _inner_sum(_checked(key), body >> _INNER) != body & (1 << _INNER) - 1


def is_standard(uid: str) -> bool:
    """Whether a UID is one of the DICOM standard's own: its root, and numbers as short as they are there."""
    return uid.startswith(_STANDARD_ROOT) and _STANDARD.fullmatch(uid) is not None


def dicom_uid(key: bytes, old: str) -> str:
    """Map a DICOM UID to ``2.25.`` and a keyed UUID: 38 to 44 characters.

    UIDs of the standard itself, and UIDs that are ours, stay. ``old`` comes without padding.
    """
    if is_standard(old) or is_ours(old, key):
        return old
    return f"{_UUID_ROOT}{_keyed_uuid(_checked(key), b'uid' + old.encode())}"


def mapped_uid(old: str, key: bytes | None) -> str:
    """Map a DICOM UID to one that is hardly ever longer: its length follows from the old one's alone.

    From 43 characters on it is that of `dicom_uid`. Shorter ones become ``2.25.`` and decimals of
    the old length, but at least 30 characters, so that two of them never become the same.

    Parameters
    ----------
    old
        Without padding.
    key
        The site key. Without it the map holds for this process only.
    """
    if is_standard(old) or is_ours(old, key):
        return old
    secret = _checked(key) if key else _PASSING
    if len(old) >= _WHOLE_UID:
        return f"{_UUID_ROOT}{_keyed_uuid(secret, b'uid' + old.encode())}"
    digits = max(_SHORTEST_UID, len(old)) - len(_UUID_ROOT) - _CHECK_DIGITS
    inner = _INNER_DIGITS if digits >= _ROOMY else 0
    low = 10 ** (digits - 1 - inner)
    body = low + int.from_bytes(_mac(secret, b"uid" + old.encode())) % (9 * low)
    if inner:
        body = body * 10**inner + _inner_digits(secret, body)
    return f"{_UUID_ROOT}{body}{_decimal_check(_OPEN, body):0{_CHECK_DIGITS}d}"


def token(old: str, key: bytes | None, least: int = 12) -> str:
    """Map an identifier that tells things apart to one that tells the same things apart and nothing else.

    It is an X and letters and digits, 8 to 16 of them, the last of which are a check sum that everybody
    can compute: so any later run sees that it is ours, whatever its key, and lets it stay.

    Parameters
    ----------
    old
        Without padding. Its length decides about the new one's, so one value becomes one token everywhere.
    key
        The site key; without it the map holds for this process only.
    least
        How long the token is at least: 8 if there are few and room is dear.
    """
    if is_token(old):
        return old
    length = max(least, min(16, len(old) + len(old) % 2))
    checks = _TOKEN_CHECKS[length]
    body = _letters(int.from_bytes(_mac(_checked(key) if key else _PASSING, b"id" + old.encode())), length - 1 - checks)
    return f"X{body}{_letters(_token_check(body), checks)}"


def is_token(value: str) -> bool:
    """Whether an identifier is one of `token`."""
    checks = _TOKEN_CHECKS.get(len(value))
    if checks is None or not _TOKEN.fullmatch(value):
        return False
    return _letters(_token_check(value[1:-checks]), checks) == value[-checks:]


def _token_check(body: str) -> int:
    return int.from_bytes(_mac(_OPEN, b"id" + body.encode()))


def _letters(number: int, count: int) -> str:
    """Write the last digits of a number to the base 36."""
    out = ""
    for _ in range(count):
        number, digit = divmod(number, 36)
        out = _BASE[digit] + out
    return out


def slide_name(name: str, key: bytes) -> str:
    """Return the pseudonym under which the ledger knows a slide.

    File systems spell accents differently; the pseudonym is the same for both spellings.
    """
    return "slide-" + _mac(_checked(key), b"slide\0" + _spelled_one_way(name)).hex()[:24]


def case_name(case: str, key: bytes) -> str:
    """Return the pseudonym of a case: the same for all its slides, whatever capitals its number is written in."""
    return "case-" + _mac(_checked(key), b"case\0" + _spelled_one_way(case.strip().casefold())).hex()[:24]


def _spelled_one_way(name: str) -> bytes:
    import unicodedata

    return unicodedata.normalize("NFC", name).encode("utf-8", "surrogatepass")


def _is_kept(char: str) -> bool:
    return char.isascii() and not char.isalnum()


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise InternalError("a site key has 32 bytes")
    return key


# -- keyed UUIDs -----------------------------------------------------------------------


def _uuid_digits(value: str) -> str | None:
    """Return the 32 hexadecimal digits of a UUID in lower case, or None if it is none."""
    found = _UUID.fullmatch(value)
    if not found or len(found[1]) != len(found[8]):
        return None
    return "".join(found.group(2, 4, 5, 6, 7)).lower()


def _in_shape_of(value: str, digits: str) -> str:
    cuts = (0, *_PARTS, 32)
    dash = "-" if "-" in value else ""
    text = dash.join(digits[a:b] for a, b in pairwise(cuts))
    text = text.upper() if value != value.lower() and value == value.upper() else text
    return "{" + text + "}" if value.startswith("{") else text


def _mac(key: bytes, what: bytes) -> bytes:
    import hmac  # not at the top: it costs more than a whole inspection

    return hmac.digest(key, what, "sha256")


def _decimal_check(mark: bytes, body: int) -> int:
    number = int.from_bytes(_mac(mark, b"uid" + str(body).encode()))
    return number % int("1" + "0" * _CHECK_DIGITS)


def _is_mapped(value: str, key: bytes | None) -> bool:
    """Whether a DICOM UID is one of `mapped_uid`, under this key or none."""
    digits = value[len(_UUID_ROOT) :]
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 39:
        return False
    marks = _marks(key)
    if any(_is_keyed_uuid(mark, int(digits)) for mark in marks):
        return True
    body, check = digits[:-_CHECK_DIGITS], digits[-_CHECK_DIGITS:]
    if len(value) < _SHORTEST_UID or body.startswith("0"):
        return False
    return any(_decimal_check(mark, int(body)) == int(check) for mark in marks)


def _check_sum(key: bytes, body: int) -> int:
    return int.from_bytes(_mac(key, b"chk" + body.to_bytes(11, "big"))) >> 216


def _marks(key: bytes | None) -> tuple[bytes, ...]:
    """Return what check sums may have been made with: everybody's, and the key as in earlier versions."""
    return (_OPEN,) if key is None else (_OPEN, _checked(key))


def _inner_sum(key: bytes, body: int) -> int:
    return int.from_bytes(_mac(key, b"own" + body.to_bytes(9, "big"))) >> (256 - _INNER)


def _inner_digits(key: bytes, body: int) -> int:
    return int.from_bytes(_mac(key, b"own" + str(body).encode())) % int("1" + "0" * _INNER_DIGITS)


def _is_mapped_or_uuid(value: str) -> bool:
    """Whether everybody can see that a value is a replacement."""
    return is_ours(value, None) and any(c not in "0.-{}" for c in value)


def _keyed_uuid(key: bytes, what: bytes) -> int:
    """Build version 8, variant 2 around 66 keyed bits, their sum under the key, and everybody's sum of both."""
    body = int.from_bytes(_mac(key, what)) >> (256 - _BODY + _INNER)
    body = body << _INNER | _inner_sum(key, body)
    bits = body << 40 | _check_sum(_OPEN, body)
    return (bits >> 74) << 80 | 8 << 76 | (bits >> 62 & 0xFFF) << 64 | 2 << 62 | bits & (1 << 62) - 1


def _is_keyed_uuid(mark: bytes, number: int) -> bool:
    if number >> 128 or number >> 76 & 0xF != 8 or number >> 62 & 3 != 2:
        return False
    bits = (number >> 80) << 74 | (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1
    return _check_sum(mark, bits >> 40) == bits & (1 << 40) - 1


def _body(number: int) -> int:
    """Return the 82 bits of a UUID of ours that its check sum is of."""
    return ((number >> 80) << 74 | (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1) >> 40


def _uuid_number(value: str) -> int | None:
    """Return the number of a UUID, or of a UID that is one; None if it is neither."""
    digits = value[len(_UUID_ROOT) :] if value.startswith(_UUID_ROOT) else ""
    if digits.isascii() and digits.isdecimal() and len(digits) <= 39:
        return int(digits)
    found = _uuid_digits(value)
    return None if found is None else int(found, 16)
