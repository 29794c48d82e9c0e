"""``blankslide names propose``: what labels seem to say, for whoever names slides and looks at each proposal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blankslide.errors import BlankslideError
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from blankslide.batch.name_table import NameTable
    from blankslide.pipeline.pictures import Proposal


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--names", "table", metavar="TABLE", help="Which row stands on the label? A table as for batch --names.")
@click.option("--names-columns", metavar="OLD,NEW", help="Other headings of these columns.")
@click.option("--profile", default="research", metavar="FILE.toml", help="Its [identifiers] say what a block is.")
def propose(paths: tuple[str, ...], table: str | None, names_columns: str | None, profile: str) -> None:
    """Read labels and say which row of a table, which block and stain they seem to name. Names nothing.

    This is for your own eyes. Look at every label before you use what is said here.
    """
    from blankslide.cli.commands import options_of
    from blankslide.cli.slides import Row, Runner
    from blankslide.pipeline.pictures import propose as proposed

    if names_columns is not None and table is None:
        raise click.UsageError("--names-columns is about the table of --names")
    options = options_of(profile, looks=True, pictures=True)
    known = _known(table, names_columns)

    def work(path: Path) -> Row:
        found = proposed(path, options.resolved(), [old for _, old in known])
        numbers = [known[i][0] for i in found.rows]
        print(f"{words.shown(path)} · {_phrase(found, numbers, table is not None)}")
        return Row(path)

    sys.exit(Runner(False).run(paths, work))


def _known(table: str | None, columns: str | None) -> list[tuple[int, str]]:
    if table is None:
        return []
    from blankslide.batch.name_table import read_table

    try:
        known: NameTable = read_table(Path(table), columns)
    except BlankslideError as error:
        print(error.sentence(), file=sys.stderr)
        sys.exit(error.exit_code)
    return known.old_names()


def _phrase(found: Proposal, numbers: list[int], asked: bool) -> str:
    said = []
    if numbers:
        said.append(f"row{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))} of the table")
    elif asked:
        said.append("no row of the table")
    for parts in found.parts:
        said += [f"{name} {words.shown(text.reveal(), whole=True)}" for name, text in parts.items()]
    if found.case:
        said.append("a case number, which is withheld")
    return "the label seems to say: " + (", ".join(said) or "nothing that a pattern fits")
