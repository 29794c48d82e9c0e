"""The stages that a run on one slide goes through.

Faces show their names, and offer Cancel for as long as it can still be obeyed. Every progress callback
gets a `Stage`, and says with it which stage has just ended.
"""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """A stage of a run; its value is the word that people read."""

    START = "start"
    """Nothing has ended yet."""
    OPEN = "open"
    INSPECT = "inspect"
    PLAN = "plan"
    OBSERVE = "read with other readers"
    COPY = "copy"
    DIGEST = "digest"
    JOURNAL = "journal"
    """The commit point has passed: the journal has its final name."""
    WRITE = "write"
    VERIFY = "verify"
    RECORD = "record"

    @property
    def before_commit(self) -> bool:
        """Whether a run can still be cancelled when this is the stage that ended last.

        A copy is committed when it gets its name, so writing and digesting it come before that.
        """
        return self in _BEFORE_COMMIT


_BEFORE_COMMIT = frozenset(
    (Stage.START, Stage.OPEN, Stage.INSPECT, Stage.PLAN, Stage.OBSERVE, Stage.COPY, Stage.DIGEST)
)
