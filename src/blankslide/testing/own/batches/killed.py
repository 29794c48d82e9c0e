"""One run over an archive that is killed twice, whole, and once in one of its workers, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import sleep
from typing import TYPE_CHECKING, Any, Literal

from blankslide.testing.own.batches.archive import build, kinds
from blankslide.testing.own.batches.audit import Audit
from blankslide.testing.own.batches.runs import Run

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from blankslide.testing.own.batches.archive import Archive, Kind
    from blankslide.testing.own.batches.runs import Memory

Way = Literal["out", "place"]
PATIENCE = 2.0
_FEW = 200
_GROWTH, _SLACK = 1.25, 24 << 10


@dataclass(slots=True)
class Story:
    """What happened, for a column of the table.

    Attributes
    ----------
    facts
        What is in a row -> its value.
    wrong
        What should not have been.
    """

    title: str
    facts: dict[str, object] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def killed_runs(
    folder: Path, way: Way, count: int, ruined: int, chance: Random, built: list[Kind] | None = None
) -> Story:
    """Build an archive, run over it, kill that twice, and look at everything.

    Parameters
    ----------
    way
        Copies, or the slides themselves.
    chance
        Says when it is killed.
    built
        One slide of each kind, if there are any yet.
    """
    archive = build(folder / "archive", built or kinds(folder / "kinds"), count, ruined)
    out = folder / "out" if way == "out" else None
    ledger = folder / "ledger.jsonl"
    wanted = ["batch", "--jobs", "2", "--ledger", str(ledger), "--key", str(folder / "site.key")]
    wanted += ["--in-place"] if out is None else ["--out", str(out)]
    story = Story(f"{count} slides {'into copies' if out else 'in place'}")
    story.facts |= {"slides": count, "broken": ruined, "formats": len({slide.kind.suffix for slide in archive.slides})}
    audit = Audit(archive, out)
    _first(story, archive, wanted, chance.randint(1, max(2, count // 3)))
    _second(story, archive, wanted, sorted(chance.sample(range(count // 8, count * 2 // 3), 2)))
    _last(story, archive, wanted, audit)
    audit.files()
    story.facts["in the ledger"] = audit.ledger(ledger)
    story.facts["different results, all looked at"] = audit.results
    story.wrong += audit.wrong
    return story


def _first(story: Story, archive: Archive, wanted: list[str], lines: int) -> None:
    """Begin, look at the first line and the table of the plan, and kill everything after some slides."""
    run = Run([*wanted, str(archive.root)])
    if not run.comes_to(lines):
        story.wrong.append(f"the first run ended with exit code {run.ends()} before it was killed")
    run.kill()
    first = min(run.first, _first_line([*wanted, str(archive.root)])) if run.first > PATIENCE else run.first
    story.facts["first line"] = f"{first:.2f} s"
    story.facts["killed, first"] = f"after {len(run.out)} lines, {run.seconds:.0f} s"
    if first > PATIENCE:
        story.wrong.append(f"the first line came after {first:.1f} s")
    whole = len(archive.slides) + len(archive.ruined)
    plan = next((i for i, line in enumerate(run.err) if line.startswith(f"{whole} slides, ")), None)
    table = [] if plan is None else run.err[plan + 1 :]
    if not (table and table[0].startswith(" format") and len(table) > story.facts["formats"]):  # type: ignore[operator]
        story.wrong.append("there was no plan of the whole")
    else:
        assert plan is not None
        story.facts["plan"] = run.err[plan]


def _first_line(wanted: list[str]) -> float:
    """Measure it twice again: a machine that is busy with something else makes any start slow."""
    took = []
    for _ in range(2):
        run = Run([*wanted, "--dry-run"])
        while not run.first and run.seconds < 60:
            sleep(0.01)
        run.kill()
        took.append(run.first)
    return min(took)


def _second(story: Story, archive: Archive, wanted: list[str], lines: list[int]) -> None:
    """Begin again, kill one worker after some slides, and everything after some more."""
    run = Run([*wanted, str(archive.root)])
    run.comes_to(lines[0])
    if not run.kill_worker():
        story.wrong.append("no worker could be killed")
    if not run.comes_to(lines[1]):
        story.wrong.append(f"the second run ended with exit code {run.ends()} before it was killed")
    run.kill()
    story.facts["a worker killed"] = f"after {lines[0]} lines"
    story.facts["killed, again"] = f"after {len(run.out)} lines, {run.seconds:.0f} s"


def _last(story: Story, archive: Archive, wanted: list[str], audit: Audit) -> None:
    """Begin again and let it come to its end."""
    run = Run([*wanted, "--json-lines", str(archive.root)])
    code = run.ends()
    accounts(story, archive, audit, run, code, linked="--in-place" in wanted)
    _memory(story, run.memory, len(archive.slides))


def accounts(story: Story, archive: Archive, audit: Audit, run: Run, code: int, linked: bool) -> None:
    """Hold the exit code, the lines and the summary of a run that has ended against the archive.

    Parameters
    ----------
    linked
        Whether files with two names are refused, for their surroundings.
    """
    story.facts["last run"] = f"exit code {code}, {run.seconds:.0f} s"
    is_linked = linked and any(ruined.copies for ruined in archive.ruined.values())
    if code != (4 if is_linked else 3 * bool(archive.ruined)):
        story.wrong.append(f"the last run ended with exit code {code}")
    told = audit.told(run.out)
    refused: dict[str, Any] = told["refused"]
    story.facts |= {name: told[name] for name in ("clean", "nothing to do")}
    story.facts["refused"] = f"{sum(refused.values())}, {len(refused)} reasons"


def _memory(story: Story, taken: list[Memory], slides: int) -> None:
    """Hold memory at the end against that at a quarter of the slides."""
    early = [m for m in taken if slides // 5 <= m.lines <= slides * 3 // 10]
    late = [m for m in taken if m.lines >= slides * 9 // 10]
    if not (early and late):
        return
    for name in ("parent", "workers"):
        was, now = (max(getattr(m, name) for m in part) for part in (early, late))
        story.facts[f"memory of {name}, at 25 % and at the end"] = f"{was >> 10} and {now >> 10} MB"
        if slides >= _FEW and now > was * _GROWTH + _SLACK:
            story.wrong.append(f"the memory of {name} grows from {was >> 10} to {now >> 10} MB")
