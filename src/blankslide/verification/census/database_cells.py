"""What a cell of a database says, whoever has read it."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING

from blankslide.verification.census.account import Account, Text
from blankslide.verification.census.texts import speak, speak_picture

if TYPE_CHECKING:
    from blankslide.verification.census.data import Span

SUMS = (16, 32)
"""Lengths of a check sum: as bytes, and in hexadecimal digits."""


def as_sum(value: bytes) -> bytes:
    """Return a check sum as bytes; nothing if it is none."""
    try:
        return value if len(value) == 16 else bytes.fromhex(value.decode("ascii"))
    except ValueError:
        return b""


def sum_of(value: bytes) -> bytes:
    """Return the check sum of a value."""
    return md5(value, usedforsecurity=False).digest()


def speak_number(account: Account, file: int, path: str, value: object, span: Span, where: str) -> None:
    """Add a number where its bytes stand; yes and no, which often have none, say nothing."""
    if value is not None and value not in (0, 1):
        told = f"{value:.10g}" if isinstance(value, float) else str(value)
        account.texts.append(Text(file, path, told, *span, where))


def speak_value(account: Account, file: int, place: str, value: bytes, where: str) -> None:
    """Add what a text or bytes say, which may be a picture."""
    if not speak_picture(account, file, value, (0, 0), where):
        speak(account, file, place, value, 0, where)
