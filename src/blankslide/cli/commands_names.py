"""``blankslide names``: what is in the link table, for whoever has the key; and names that labels propose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from blankslide.cli.commands_propose import propose
from blankslide.errors import BlankslideError, UsageError
from blankslide.model.shown import plain_text
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from blankslide.records.link_table import Contents, Link

_COLUMNS = ("old", "new", "slide", "transaction", "time")
_DAMAGED = 4


@click.group()
def names() -> None:
    """Say which slide got which name, from the link table, with the site's key; or what labels propose."""


names.add_command(propose)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.argument("table", required=False, metavar="[FILE.links]", type=click.Path(dir_okay=False)),
        click.option("--key", type=click.Path(dir_okay=False), metavar="FILE", help="The site's key that it has."),
        click.option("--csv", "as_csv", is_flag=True, help="Print a table with a heading."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    ):
        command = option(command)
    return command


@names.command()
@_common
def show(table: str | None, key: str | None, as_csv: bool, as_json: bool) -> None:
    """Print all names, oldest first: this is for your own eyes."""
    found = _opened(table, key)
    sys.exit(_tell(found, found.links, as_csv, as_json))


@names.command()
@click.argument("name")
@_common
def find(name: str, table: str | None, key: str | None, as_csv: bool, as_json: bool) -> None:
    """Print what belongs to one name: old or new, with or without folders and suffix, or the ledger's pseudonym."""
    found = _opened(table, key)
    links = [link for link in found.links if _is_meant(link, name)]
    if not links:
        _fail(UsageError("the link table does not have this name", "blankslide names show lists all of them"))
    sys.exit(_tell(found, links, as_csv, as_json))


def _opened(table: str | None, key: str | None) -> Contents:
    from blankslide.home import key_path, load_key
    from blankslide.records.link_table import examine

    try:
        path = Path(key) if key is not None else key_path()
        if not path.exists():
            raise UsageError("there is no such key file", "name the one that the slides were made under with --key")
        return examine(None if table is None else Path(table), load_key(path))
    except BlankslideError as error:
        _fail(error)


def _fail(error: BlankslideError) -> NoReturn:
    parts = [error.message, error.hint or error.next_step]
    print(" \u00b7 ".join(filter(None, parts)), file=sys.stderr)
    sys.exit(error.exit_code)


def _is_meant(link: Link, name: str) -> bool:
    asked = _plain(name)
    if asked in (link.slide, link.transaction):
        return True
    for path in (link.old, link.new):
        plain = _plain(path)
        last = plain.rpartition("/")[2]
        if asked in (plain, last, _stem(plain), _stem(last)):
            return True
    return False


def _plain(name: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", name.strip()).casefold()


def _stem(name: str) -> str:
    from blankslide.batch.names import stem_of

    path = Path(name)
    return str(path.with_name(stem_of(path))) if path.name else name


def _tell(found: Contents, links: Sequence[Link], as_csv: bool, as_json: bool) -> int:
    """Print links; return the exit code."""
    rows = [{name: plain_text(getattr(link, name)) for name in _COLUMNS} for link in links]
    if as_json:
        import json

        print(json.dumps({"links": rows, "problems": found.problems}, ensure_ascii=True, indent=1))
    elif as_csv:
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([words.guarded(cell) for cell in row.values()] for row in rows)
    else:
        for link in links:
            old, new = words.shown(link.old, whole=True), words.shown(link.new, whole=True)
            print(f"{old} \u2192 {new} \u00b7 {link.time}")
    for problem in found.problems:
        print(f"the link table is damaged: {problem}", file=sys.stderr)
    return _DAMAGED if found.problems else 0
