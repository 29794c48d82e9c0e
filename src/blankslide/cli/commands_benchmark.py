"""``blankslide benchmark``: how well tools take the patient out of slides with invented patients."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blankslide.errors import BlankslideError, UsageError

if TYPE_CHECKING:
    from blankslide.testing.deid.score import Result


@click.command()
@click.option("--seed", "seeds", type=int, multiple=True, metavar="N", help="Makes the slides; may be given again.")
@click.option("--slides", type=click.IntRange(1), metavar="N", help="For each seed; two of each kind by default.")
@click.option("--only", "words", multiple=True, metavar="WORD", help="Only kinds of slides whose names hold the word.")
@click.option(
    "--tool", "tools", multiple=True, metavar="NAME=COMMAND", help="Another tool: 'NAME VERSION=tool {in} -o {out}'."
)
@click.option("--keep", "folder", metavar="DIR", help="Leave slides and answer keys in this folder.")
@click.option("--report", metavar="FILE.md", help="Write the page there and not on this screen.")
def benchmark(
    seeds: tuple[int, ...],
    slides: int | None,
    words: tuple[str, ...],
    tools: tuple[str, ...],
    folder: str | None,
    report: str | None,
) -> None:
    """Build slides with invented patients, let tools clean copies of them, and score what is left and what is lost."""
    try:
        code, page = _run(seeds or (1,), slides or 0, words, tools, folder)
    except BlankslideError as error:
        print(error.sentence(), file=sys.stderr)
        sys.exit(error.exit_code)
    if report is None:
        print(page)
    else:
        Path(report).write_text(page, encoding="utf-8")
    sys.exit(code)


def _run(
    seeds: tuple[int, ...], slides: int, words: tuple[str, ...], named: tuple[str, ...], folder: str | None
) -> tuple[int, str]:
    from blankslide.testing.deid import dataset, page, tools

    chosen = [tools.ours(), *map(tools.parse, named)]
    if len({tool.name for tool in chosen}) < len(chosen):
        raise UsageError("two tools have one name", "give each its own")
    results: dict[str, list[Result]] = {tool.name: [] for tool in chosen}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in seeds:
            home = Path(folder or scratch) / f"seed-{seed}"
            if home.exists():
                raise UsageError("there is a folder of this seed already", "name another one with --keep")
            cases = dataset.build(home, seed, slides, words)
            if not cases:
                raise UsageError("no kind of slide has such a name", "leave --only out to see all of them")
            for tool in chosen:
                for number, result in enumerate(tools.run(tool, home, cases), 1):
                    results[tool.name].append(result)
                    _tell(f"seed {seed} · {tool.name} · {number} of {len(cases)}")
    _tell("")
    wrong = any(map(_is_wrong, results[tools.OURS])) or any(map(page.unheard, chain(*results.values())))
    return int(wrong), page.markdown(chosen, results, seeds, datetime.now(UTC).date().isoformat())


def _is_wrong(result: Result) -> bool:
    """Whether something was left or lost in a slide that we called clean, or our own audit does not agree."""
    left = any(each.right is False for each in result.judged) or not (result.audit is None or result.audit.is_clean)
    return result.ending == "done" and left


def _tell(words: str) -> None:
    """Say how far it is, where somebody looks."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)
