"""A copy of a record with other values in some of its fields.

For records that every look needs. `dataclasses` could do the same, but it loads ``inspect``, ``ast`` and a dozen more
modules, an eighth of what a look from nothing costs; and as long as they are loaded, the collector walks over them.
"""

from typing import Any, TypeVar

T = TypeVar("T")


def changed(record: T, **fields: Any) -> T:
    """Return a copy of a record whose ``__slots__`` are what its constructor takes, with some of them changed.

    Raises
    ------
    TypeError
        If it has no such field.
    """
    cls: Any = type(record)
    return cls(**{name: getattr(record, name) for name in cls.__slots__} | fields)  # type: ignore[no-any-return]
