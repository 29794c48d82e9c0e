"""``blankslide ledger``: what was done to which slide, for people; whether it is whole; and its mirrors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from blankslide.errors import BlankslideError, NoPermission

_LEDGER = click.option(
    "--ledger", metavar="URL", help="FILE.jsonl, with a mirror's URL or without; your own ledger by default."
)
_SINCE = click.option("--since", metavar="DAY", help="Not before this day or moment, in UTC: 2026-01-31.")
_KEY = click.option("--key", type=click.Path(dir_okay=False), metavar="FILE", help="The site's key.")


@click.group()
def ledger() -> None:
    """Show the ledger, export it, check it, and see to its mirror."""


def _told(work: Callable[[], int]) -> None:
    """Do it; say what goes wrong in one sentence, and end with the contract's code."""
    try:
        sys.exit(work())
    except OSError:
        _fail(NoPermission("the ledger cannot be read"))
    except BlankslideError as error:
        _fail(error)


def _fail(error: BlankslideError) -> None:
    print(" \u00b7 ".join(filter(None, (error.message, error.hint or error.next_step))), file=sys.stderr)
    sys.exit(error.exit_code)


@ledger.command("list")
@_LEDGER
@_SINCE
@click.option("--name", metavar="TEXT", help="Only slides called so now, or so before (by the site's key).")
@click.option("--requester", metavar="TEXT", help="Only slides of this requester.")
@click.option("--not-clean", is_flag=True, help="Only slides that ended NOT clean.")
@click.option("--last", type=click.IntRange(0), metavar="N", help="Only the last N; 50 on a terminal, 0 for all.")
@_KEY
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(ledger: str | None, last: int | None, as_json: bool, **asked: Any) -> None:
    """Print the entries, the newest last."""
    from blankslide.cli import ledger as cli_ledger

    _told(lambda: cli_ledger.show(ledger, cli_ledger.Filters(**asked), last, as_json))


@ledger.command()
@click.argument("file", metavar="FILE.csv|.xlsx|.json")
@_LEDGER
@_SINCE
@click.option("--with-names", is_flag=True, help="Add old names from the link table; for your own site only.")
@_KEY
@click.option("--link-table", metavar="FILE.links", help="Where old names are kept, sealed; your own by default.")
def export(
    file: str, ledger: str | None, since: str | None, with_names: bool, key: str | None, link_table: str | None
) -> None:
    """Write a table for a spreadsheet: one row an entry, never a removed value."""
    from blankslide.cli import ledger as cli_ledger

    if (key or link_table) and not with_names:
        raise click.UsageError("--key and --link-table are about --with-names")
    names = cli_ledger.Names(key, link_table) if with_names else None
    _told(lambda: cli_ledger.export(ledger, file, since, names))


@ledger.command()
@_LEDGER
@click.option("--head", metavar="N:HASH", help="An entry that was noted down: it must still be there.")
@click.option("--others", is_flag=True, help="Check other machines' entries in the mirror, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(ledger: str | None, head: str | None, others: bool, as_json: bool) -> None:
    """Say whether the chain is whole and its mirror the same; print the head, to be noted elsewhere."""
    from blankslide.cli import ledger as cli_ledger

    _told(lambda: cli_ledger.check(ledger, head, others, as_json))


@ledger.command()
@click.argument("target", required=False, metavar="[URL|FILE]")
@_LEDGER
@click.option("--rebuild", is_flag=True, help="Make all rows of this ledger anew.")
def mirror(target: str | None, ledger: str | None, rebuild: bool) -> None:
    """Bring a mirror up to date: a database by URL, or a file .db, .csv, .xlsx or .json."""
    from blankslide.cli import ledger as cli_ledger

    _told(lambda: cli_ledger.mirror(target, ledger, rebuild))
