"""How a watched folder is doing: one small JSON file, replaced in one step, that holds no name which may identify.

Whoever looks after the service reads it, by ``blankslide watch --status`` or by any monitor: what waits and why, what
runs, what lies in the quarantine, since when. A service that hangs or has died is known by the file's age.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.home import make_folder

if TYPE_CHECKING:
    from pathlib import Path

MOST = 200
_SLACK = 60.0


@dataclass(slots=True)
class Item:
    """A slide that something is said about: what it is called here, why, and since when (UTC)."""

    slide: str
    why: str
    since: str


@dataclass(slots=True)
class Health:
    """How a watched folder is doing.

    Attributes
    ----------
    state
        ``watching``, ``working``, ``share away``, ``stopping`` or ``stopped``.
    why
        Of a share that is away.
    since, started, updated, last_sweep
        Times in UTC; ``at`` is that of ``updated`` in seconds.
    every
        Seconds between two sweeps, as they really are.
    counts
        Since the service was started: ``done``, ``done before``, ``quarantined``, ``left``; and now: ``waiting``,
        ``running``, ``in quarantine``, ``other files``.
    waiting, running, failed
        Slides that are held up, with the reason; in hand; in the quarantine. The oldest `MOST` of each.
    passed_over
        How many files and folders of each kind are not looked at.
    troubles
        What holds up a whole folder.
    """

    state: str = "watching"
    why: str = ""
    since: str = ""
    started: str = ""
    updated: str = ""
    at: float = 0.0
    last_sweep: str = ""
    every: float = 0.0
    pid: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    waiting: list[Item] = field(default_factory=list)
    running: list[Item] = field(default_factory=list)
    failed: list[Item] = field(default_factory=list)
    passed_over: dict[str, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    version: int = 1

    def unhealthy(self, now: float | None = None) -> str:
        """Say why the service needs a person; empty if it does not. Slides in the quarantine are no reason."""
        age = (time.time() if now is None else now) - self.at
        if self.state == "stopped":
            return f"stopped since {self.since}"
        if age > _SLACK + 6 * self.every:
            return f"no sign of life since {self.updated}: it hangs, or was killed"
        return f"the share is away since {self.since}: {self.why}" if self.state == "share away" else ""

    def write(self, path: Path) -> None:
        """Replace the file.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        make_folder(path.parent)
        draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            draft.write_text(json.dumps(asdict(self), indent=1), "utf-8")
            os.replace(draft, path)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def read_health(path: Path) -> Health:
    """Read a health file.

    Raises
    ------
    EnvironmentProblem
        If there is none, or it cannot be read.
    UsageError
        If it is something else.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise EnvironmentProblem("nobody watches this folder, or never has", "start: blankslide watch") from None
    except OSError as error:
        raise EnvironmentProblem(f"the health file cannot be read: {error.strerror}") from None
    except ValueError:
        raise UsageError("the file named with --health is no health file") from None
    if not isinstance(data, Mapping) or data.get("version") != 1:
        raise UsageError("the file named with --health is no health file of this version")
    known: dict[str, Any] = {name: data[name] for name in Health.__slots__ if name in data}
    for name in ("waiting", "running", "failed"):
        known[name] = _items(known.get(name, ()))
    return Health(**known)


def _items(rows: Sequence[Mapping[str, str]]) -> list[Item]:
    return [Item(str(row.get("slide")), str(row.get("why")), str(row.get("since"))) for row in rows]
