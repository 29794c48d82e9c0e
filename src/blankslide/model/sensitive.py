"""A value that cannot be printed, logged, compared or pickled by accident.

Everything read from a slide that may identify somebody travels inside `Sensitive`.
The one way out is `reveal`, so a search for that word finds every place that looks.
"""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

T = TypeVar("T", str, bytes)


class Sensitive(Generic[T]):
    """Wrap ``value``; show only its length.

    Parameters
    ----------
    value
        Text or bytes as read from the slide.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value: T = value

    def reveal(self) -> T:
        """Return the value itself. Call it only to search, classify or show on request."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        value: object = self._value
        return f"<{len(self._value)} {'chars' if isinstance(value, str) else 'bytes'}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sensitive value is never pickled")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)
