"""One archive for several: workers of a cluster, of which one dies, and shards that know nothing of each other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from blankslide.testing.own.batches.archive import build, kinds
from blankslide.testing.own.batches.audit import Audit, rows
from blankslide.testing.own.batches.cluster import cluster
from blankslide.testing.own.batches.killed import Story, accounts
from blankslide.testing.own.batches.runs import Run

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from blankslide.testing.own.batches.archive import Kind

SHARDS = 3


def on_a_cluster(
    folder: Path, count: int, ruined: int, chance: Random, built: list[Kind] | None = None, in_place: bool = True
) -> Story:
    """Let two dask workers do an archive, and kill one of them.

    Parameters
    ----------
    chance
        Says when.
    built
        One slide of each kind, if there are any yet.
    """
    archive = build(folder / "archive", built or kinds(folder / "kinds"), count, ruined)
    out = None if in_place else folder / "out"
    ledger = folder / "ledger.jsonl"
    story = Story(f"{count} slides by two dask workers")
    when = chance.randint(count // 8, count // 2)
    with cluster(folder) as workers:
        wanted = ["--in-place"] if out is None else ["--out", str(out)]
        wanted += ["--ledger", str(ledger), "--key", str(folder / "site.key"), "--scheduler", workers.address]
        run = Run(["batch", "--json-lines", *wanted, str(archive.root)])
        if not run.comes_to(len(archive.ruined) + when):
            story.wrong.append(f"the run ended with exit code {run.ends()} before a worker was killed")
        workers.kill_worker()
        code = run.ends()
        story.facts["workers, and left at the end"] = f"2, {workers.alive}"
    story.facts["a worker killed"] = f"after {when} slides"
    audit = Audit(archive, out)
    accounts(story, archive, audit, run, code, linked=in_place)
    audit.files()
    story.facts["in the ledger"] = audit.ledger(ledger)
    story.facts["different results, all looked at"] = audit.results
    story.wrong += audit.wrong
    return story


def by_shards(folder: Path, count: int, ruined: int, built: list[Kind] | None = None) -> Story:
    """Let three runs at once do a shard each, as three machines would, each with a ledger of its own."""
    archive = build(folder / "archive", built or kinds(folder / "kinds"), count, ruined)
    out = folder / "out"
    story = Story(f"{count} slides in {SHARDS} shards")
    wanted = ["batch", "--json-lines", "--jobs", "1", "--key", str(folder / "site.key"), "--out", str(out)]
    ledgers = [folder / f"ledger {number}.jsonl" for number in range(1, SHARDS + 1)]
    runs = [
        Run([*wanted, "--ledger", str(ledger), "--shard", f"{number}/{SHARDS}", str(archive.root)])
        for number, ledger in enumerate(ledgers, 1)
    ]
    codes = [run.ends() for run in runs]
    told = [rows(run.out) for run in runs]
    story.facts["slides of each shard"] = ", ".join(str(len(each)) for each in told)
    story.facts["exit codes"] = ", ".join(map(str, codes))
    paths = Counter(row["path"] for each in told for row in each)
    if len(paths) != len(archive.slides) + len(archive.ruined):
        story.wrong.append(f"the shards have told of {len(paths)} slides")
    if twice := [path for path, number in paths.items() if number > 1]:
        story.wrong.append(f"{len(twice)} slides are in two shards")
    if not all(told):
        story.wrong.append("a shard is empty")
    audit = Audit(archive, out)
    audit.files()
    story.facts["in the ledger"] = audit.ledger(*ledgers)
    story.facts["different results, all looked at"] = audit.results
    story.wrong += audit.wrong
    return story
