"""``blankslide seal``: what slides were before, for whoever has the key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from blankslide.errors import BlankslideError, UsageError
from blankslide.model.shown import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from blankslide.records.sealed import Original

_COLUMNS = ("old", "new", "slide", "transaction", "time")


@click.group()
def seal() -> None:
    """Open what --seal has kept: label and macro as they were. Needs the site's key."""


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.argument("path", metavar="FILE.sealed|DIR", type=click.Path()),
        click.option("--key", type=click.Path(dir_okay=False), metavar="FILE", help="The site's key that it has."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    ):
        command = option(command)
    return command


@seal.command("list")
@_common
def list_(path: str, key: str | None, as_json: bool) -> None:
    """Print which slides are there, with their old names: this is for your own eyes."""
    sys.exit(_each(path, key, as_json, lambda original: []))


@seal.command("open")
@click.option("--out", required=True, metavar="DIR", help="Where the pictures go; only you can enter it.")
@click.option("--slide", metavar="NAME", help="Only of this slide: its old or new name, or the ledger's pseudonym.")
@_common
def open_(path: str, key: str | None, out: str, slide: str | None, as_json: bool) -> None:
    """Write label and macro as they were, as PNG files."""
    from blankslide.records.sealed import put_out

    def put(original: Original) -> list[Path]:
        return put_out(original, Path(out))

    sys.exit(_each(path, key, as_json, put, slide))


def _each(
    path: str, key: str | None, as_json: bool, do: Callable[[Original], list[Path]], slide: str | None = None
) -> int:
    """Open the sealed originals one by one; one that cannot be opened does not stop the others."""
    from blankslide.records.sealed import in_folder, open_original

    rows: list[dict[str, object]] = []
    code = 0
    try:
        secret, files = _key(key), in_folder(Path(path))
    except BlankslideError as error:
        _fail(error)
    for file in files:
        try:
            original = open_original(file, secret)
            if slide is None or _is_meant(original, slide):
                rows.append(_row(original, do(original)))
        except BlankslideError as error:
            code = max(code, error.exit_code)
            print(f"{plain_text(file.name)} \u00b7 {_sentence(error)}", file=sys.stderr)
    if slide is not None and not rows and not code:
        _fail(UsageError("no sealed original has this name", "blankslide seal list shows all of them"))
    _tell(rows, as_json)
    return code


def _key(named: str | None) -> bytes:
    from blankslide.home import key_path, load_key

    path = Path(named) if named is not None else key_path()
    if not path.exists():
        raise UsageError("there is no such key file", "name the one that the slides were made under with --key")
    return load_key(path)


def _is_meant(original: Original, name: str) -> bool:
    known = {original.slide}
    for each in (original.old, original.new):
        known |= {each, Path(each).name, Path(each).stem}
    return name in known


def _row(original: Original, files: list[Path]) -> dict[str, object]:
    row: dict[str, object] = {name: plain_text(getattr(original, name)) for name in _COLUMNS}
    return row | {"pictures": sorted(original.pictures), "files": [str(file) for file in files]}


def _tell(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"originals": rows}, ensure_ascii=True, indent=1))
        return
    for row in rows:
        pictures = row["pictures"]
        words = ", ".join(pictures) if isinstance(pictures, list) else ""
        print(f"{row['old']} \u2192 {row['new']} \u00b7 {row['slide']} \u00b7 {row['time']} \u00b7 {words}")
    if not rows:
        print("there is no sealed original", file=sys.stderr)


def _sentence(error: BlankslideError) -> str:
    return " \u00b7 ".join(filter(None, [error.message, error.hint or error.next_step]))


def _fail(error: BlankslideError) -> NoReturn:
    print(_sentence(error), file=sys.stderr)
    sys.exit(error.exit_code)
