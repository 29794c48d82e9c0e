"""How a ledger and its mirror stand, for every face, and days as a person types them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from blankslide.records.ledger import Ledger
    from blankslide.records.mirrors.comparing import State
    from blankslide.records.mirrors.url import Target


def target_of(ledger: Ledger) -> Target | None:
    """Return where the mirror of a ledger lies; None if it has none."""
    from blankslide.records.mirrors.mirrored import Mirrored

    return ledger.target if isinstance(ledger, Mirrored) else None


def compared(ledger: Ledger, target: Target | None, others: bool = False) -> tuple[State | None, str]:
    """Hold a mirror against its ledger; return how it stands, or why nobody can tell."""
    from blankslide.records.mirrors.comparing import compare
    from blankslide.records.mirrors.database import Mirror

    if target is None:
        return None, ""
    try:
        with Mirror(ledger.chain(), target) as mirror:
            return compare(mirror, others), ""
    except EnvironmentProblem as error:
        return None, error.message


def stands(state: State | None) -> str:
    """Say how a mirror stands."""
    if state is None or state.problems:
        return "not the same as the ledger"
    if state.behind:
        return f"behind by {entries(state.behind)}: run blankslide ledger mirror"
    return "the same as the ledger"


def moment(text: str | None, what: str = "--since") -> datetime | None:
    """Return the moment that a person typed; without a zone it is UTC.

    Raises
    ------
    UsageError
        If it is none.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{what} is no day", "write it as 2026-01-31, or 2026-01-31T09:30") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def entries(count: int) -> str:
    """Say how many entries there are."""
    return f"{count} entr{'ies' if count != 1 else 'y'}"
