"""Code 39, the bar code of pathology labels (ISO/IEC 16388).

Each character is nine elements, bar and space in turn, three of them wide; characters are
separated by a narrow space, and ``*`` starts and ends the symbol. The four punctuation
characters with three wide spaces are left out: no case number has them.
"""

from __future__ import annotations

_ROWS = ("1234567890", "ABCDEFGHIJ", "KLMNOPQRST", "UVWXYZ-. *")
_BARS = ("10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010", "00110")
_WIDE_SPACE = (1, 2, 3, 0)
_WIDE = 2


def elements(char: str) -> str:
    """Return the nine elements of a character, ``1`` for a wide one.

    Raises
    ------
    ValueError
        If Code 39 has no such character.
    """
    for row, chars in enumerate(_ROWS):
        if char in chars:
            five = _BARS[chars.index(char)]
            spaces = ["1" if i == _WIDE_SPACE[row] else "0" for i in range(4)]
            return "".join(a + b for a, b in zip(five, [*spaces, ""], strict=True))
    raise ValueError("Code 39 has no such character")


def bars(text: str) -> list[bool]:
    """Return the modules of a symbol, True where it is dark, without quiet zones.

    Raises
    ------
    ValueError
        If a character cannot be written.
    """
    out: list[bool] = []
    for char in f"*{text.upper()}*":
        for i, wide in enumerate(elements(char)):
            out += [i % 2 == 0] * (_WIDE if wide == "1" else 1)
        out.append(False)
    return out[:-1]
