"""Regular expressions that are compiled when they are first used.

Compiling costs more than importing a module, and a command that looks at one slide imports
every format but uses one. `pattern` looks like `re.compile` and behaves like its result.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    from re import Pattern


class _Lazy:
    """Stands for a compiled pattern; the first use of a method fetches and keeps it."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # `re` keeps compiled patterns, so asking again for another method costs a look-up
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def pattern(text: AnyStr, flags: int = 0) -> Pattern[AnyStr]:
    """Return a pattern that is compiled on first use; a bad one fails only then.

    Parameters
    ----------
    text, flags
        As for `re.compile`.
    """
    return cast("Pattern[AnyStr]", _Lazy(text, int(flags)))
