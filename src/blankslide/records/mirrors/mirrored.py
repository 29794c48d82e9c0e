"""The ledger that has a mirror: it is written to like any other, and its mirror follows when it can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blankslide.records.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.records.mirrors.keeper import Keeper
    from blankslide.records.mirrors.url import Target


class Mirrored(Ledger):
    """A ledger file with a mirror in a database.

    Parameters
    ----------
    path, is_default
        As in `Ledger`.
    target
        Where the mirror lies.
    """

    def __init__(self, path: Path, target: Target, is_default: bool = False) -> None:
        super().__init__(path, is_default)
        self.target = target

    def __getstate__(self) -> dict[str, Any]:
        """Leave the password at home: a worker on another machine has its own, in PGPASSFILE."""
        return self.__dict__ | {"target": self.target.without_password()}

    def ready(self) -> None:
        """As `Ledger.ready`, and refuse a mirror in a file that is something else: it may be a slide.

        Raises
        ------
        NoPermission, EnvironmentProblem
            As `Ledger.ready`. That a mirror cannot be reached is no reason.
        """
        self.target.require_ours()
        super().ready()

    def append(self, entry: Mapping[str, object]) -> int:
        """As `Ledger.append`; the mirror is only woken."""
        number = super().append(entry)
        self.wake()
        return number

    def chain(self) -> Ledger:
        """Return the ledger without its mirror."""
        return Ledger(self._path, self.is_default)

    def wake(self) -> None:
        """Let the mirror catch up in its own time."""
        self._keeper().wake()

    def settle(self) -> str:
        """Give the mirror a moment; return what keeps it from catching up, or nothing."""
        return self._keeper().settle()

    def _keeper(self) -> Keeper:
        from blankslide.records.mirrors.keeper import keeper_of

        return keeper_of(self.chain(), self.target)
