"""The watched folder on a command line: lines of a log on standard output, and its health on request."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.cli.settling import settle
from blankslide.cli.stopping import stop
from blankslide.watch import Health, Service, health_path, read_health

if TYPE_CHECKING:
    from blankslide.watch import Settings
    from blankslide.watch.health import Item

_FEW = 20
_UNHEALTHY = 4


def watch(settings: Settings, once: bool) -> int:
    """Watch until a signal, and finish the slides in hand; return the exit code.

    Raises
    ------
    BlankslideError
        If it cannot begin.
    """
    with stop.held():
        ended = Service(settings, _say, stop.is_asked).run(once)
        settle(settings.options.ledger)
    if not once:
        return 0
    return 1 if ended["bad"] or ended["left"] else 4 if ended["wait"] else 0


def _say(line: str) -> None:
    print(line)
    sys.stdout.flush()  # whoever reads the log wants to see it now


def status(source: Path, file: str | None, as_json: bool) -> int:
    """Say how a service is doing; return 0 if it is well, else 4.

    Raises
    ------
    BlankslideError
        If there is no health file, or it is something else.
    """
    health = read_health(Path(file) if file is not None else health_path(source))
    problem = health.unhealthy()
    if as_json:
        print(json.dumps({**asdict(health), "healthy": not problem, "problem": problem}, indent=1))
    else:
        for line in _lines(health, problem):
            print(line)
    return _UNHEALTHY if problem else 0


def _lines(health: Health, problem: str) -> list[str]:
    counts = health.counts
    out = [problem or f"{health.state} since {health.since} \u00b7 last look {health.last_sweep}"]
    out.append(" \u00b7 ".join(f"{number} {word}" for word, number in counts.items() if number) or "nothing came yet")
    for title, items in (("running", health.running), ("waiting", health.waiting), ("in quarantine", health.failed)):
        out += _listed(title, items)
    if health.passed_over:
        kinds = ", ".join(f"{kind} ({number})" for kind, number in sorted(health.passed_over.items()))
        out.append(f"passed over: {kinds}")
    return out + health.troubles


def _listed(title: str, items: list[Item]) -> list[str]:
    lines = [f"{title}: {item.slide} \u00b7 {item.why} \u00b7 since {item.since}" for item in items[:_FEW]]
    return lines + ([f"{title}: {len(items) - _FEW} more"] if len(items) > _FEW else [])
