"""Letters that a stream cannot encode become ASCII look-alikes: no run may end for a bullet.

A terminal, a pipe or a log may know ASCII only, or a code page. Once the first slide is done,
an exception about a letter would hide what was done to it. So both streams get an error
handler: signs that we use have a look-alike, all other letters are escaped.
"""

from __future__ import annotations

import codecs
import sys
from io import TextIOWrapper

HANDLER = "blankslide.lookalikes"
_ALIKE = {
    "·": "-",
    "–": "-",
    "—": "-",
    "●": "*",
    "○": "o",
    "•": "*",
    "✓": "v",
    "✗": "x",
    "×": "x",
    "µ": "u",
    "μ": "u",
    "…": "...",
    "→": "->",
    "≥": ">=",
    "≤": "<=",
    "\N{NO-BREAK SPACE}": " ",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
}


def lookalike(error: UnicodeError) -> tuple[str, int]:
    """Handle an error of encoding, as `codecs.register_error` wants it: replacement, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_ALIKE.get(c) or c.encode("ascii", "backslashreplace").decode("ascii") for c in letters), error.end


def never_fail() -> None:
    """Let both streams print whatever they are given, for as long as this process lives."""
    codecs.register_error(HANDLER, lookalike)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=HANDLER)
