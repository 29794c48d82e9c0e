"""Bytes of a file in pages that copies share, so that a thousand states of a slide cost little more than one."""

from __future__ import annotations

__all__ = ["PAGE", "Pages"]

PAGE = 4096
_ZERO = bytes(PAGE)


class Pages:
    """A file's bytes, in pages that are replaced and never changed.

    A copy costs a list of references; comparing two that share their pages costs as little.

    Parameters
    ----------
    data
        What is in it at first.
    """

    __slots__ = ("_hash", "_pages", "_size")

    def __init__(self, data: bytes = b"") -> None:
        self._size = len(data)
        self._hash = 0
        self._pages = [data[at : at + PAGE] for at in range(0, self._size, PAGE)]

    def copy(self) -> Pages:
        """Return an independent copy."""
        other = Pages()
        other._size, other._pages = self._size, self._pages.copy()
        return other

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b"".join(self._pages)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pages) and self._size == other._size and self._pages == other._pages

    def __hash__(self) -> int:
        self._hash = self._hash or hash((self._size, *self._pages))
        return self._hash

    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes at ``offset``."""
        first, low = divmod(offset, PAGE)
        if low + length <= PAGE:
            return self._pages[first][low : low + length] if first < len(self._pages) else b""
        found = b"".join(self._pages[first : (offset + length - 1) // PAGE + 1])
        return found[low : low + length]

    def bits(self, number: int) -> int:
        """Return a page as a number, its first byte the lowest."""
        return int.from_bytes(self._pages[number], "little")

    def lay(self, offset: int, data: bytes) -> None:
        """Write over what is there; what lies between the end and ``offset`` becomes zeros."""
        end = offset + len(data)
        self._hash = 0
        self._reach(end)
        at = offset
        while at < end:
            number, low = divmod(at, PAGE)
            old = self._pages[number]
            high = min(low + end - at, PAGE)
            piece = data[at - offset : at - offset + high - low]
            self._pages[number] = piece if len(piece) == len(old) else old[:low] + piece + old[high:]
            at += high - low

    def _reach(self, end: int) -> None:
        """Make the file so long at least."""
        if end <= self._size:
            return
        if self._pages:
            self._pages[-1] = self._pages[-1].ljust(PAGE, b"\0")
        self._pages += [_ZERO] * (-(-end // PAGE) - len(self._pages))
        self._pages[-1] = self._pages[-1][: end - (len(self._pages) - 1) * PAGE]
        self._size = end

    def differing(self, other: Pages) -> list[int]:
        """Return the numbers of the pages, of those that both have, that are not the same."""
        pairs = zip(self._pages, other._pages, strict=False)
        return [number for number, (own, its) in enumerate(pairs) if own is not its and own != its]
