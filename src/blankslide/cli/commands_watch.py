"""``blankslide watch``: a folder into which slides are dropped, and out of which clean ones come."""

from __future__ import annotations

import sys
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blankslide.cli.commands import _fail, _shared, options_of

if TYPE_CHECKING:
    from blankslide.watch import Settings


class _Seconds(click.FloatRange):
    """A time that ends: ``nan`` and ``inf`` are numbers for Python, and nothing would ever have rested so long."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read what a person typed."""
        seconds = super().convert(value, param, ctx)
        if not isfinite(seconds):
            self.fail(f"{value} is no number of seconds.", param, ctx)
        return seconds


@click.command()
@click.argument("source", metavar="SRC", type=click.Path())
@click.option("--out", metavar="DIR", help="Write copies to this folder, with their sub-folders.")
@click.option("--in-place", is_flag=True, help="Overwrite the slides where they stand. There is no way back.")
@click.option("--quarantine", metavar="DIR", help="Where slides go that cannot be done; beside SRC by default.")
@click.option("--originals", type=click.Choice(["keep", "move", "remove"]), default="keep", help="keep by default.")
@click.option("--done", metavar="DIR", help="Where originals are moved to; beside SRC by default.")
@click.option("--quiet", type=_Seconds(min=0), default=30.0, metavar="S", help="Seconds of rest, 30 by default.")
@click.option("--sweep", type=_Seconds(min=0.05), metavar="S", help="Seconds between two looks; 10 by default.")
@click.option("--patience", type=_Seconds(min=0), metavar="S", help="For slides that are not whole; 10 x quiet.")
@click.option("--name", metavar="PATTERN", help="New names, such as A-{stem} or {pseudonym}.")
@click.option("--names", metavar="TABLE", help="New names by a table with columns old and new: CSV, .xlsx, .ods.")
@click.option("--names-columns", metavar="OLD,NEW", help="Other headings of these columns.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, metavar="N", help="Slides at a time; 1 by default.")
@click.option("--health", metavar="FILE", help="The health file; in your own state folder by default.")
@click.option("--once", is_flag=True, help="End when nothing is left to be done.")
@click.option("--status", is_flag=True, help="Say how the service is doing, from its health file.")
@_shared("profile", "thorough", "key", "ledger", "requester", "link_table", "seal", "json")
def watch(source: str, status: bool, as_json: bool, **asked: Any) -> None:
    """Watch a folder: drop slides in, take clean ones out. Stop it at any time; start it again to go on."""
    from blankslide.cli import watch as cli_watch
    from blankslide.errors import BlankslideError

    try:
        if status:
            sys.exit(cli_watch.status(Path(source), asked["health"], as_json))
        if as_json:
            raise click.UsageError("--json is about --status")
        sys.exit(cli_watch.watch(_settings(Path(source), **asked), asked["once"]))
    except BlankslideError as error:
        _fail(error.exit_code, error.sentence())


def _settings(source: Path, **asked: Any) -> Settings:
    import os

    from blankslide.watch.policies import require_lasting
    from blankslide.watch.settings import PATIENCE, SWEEP, Naming, Settings, health_path

    in_place, out = asked["in_place"], asked["out"]
    if in_place == (out is not None):
        raise click.UsageError("give either --out DIR for copies, or --in-place")
    if asked["name"] is not None and asked["names"] is not None:
        raise click.UsageError("give either --name or --names, not both")
    if asked["names_columns"] is not None and asked["names"] is None:
        raise click.UsageError("--names-columns is about the table of --names")
    if in_place and asked["originals"] != "keep":
        raise click.UsageError("--originals is about copies")
    about = {"requester": asked["requester"]} if asked["requester"] else None
    named = {name: asked[name] for name in ("key", "ledger", "link_table", "seal")}
    options = options_of(asked["profile"], about=about, **named)
    options.thorough = asked["thorough"]
    if asked["name"] is not None:
        require_lasting(asked["name"], options)
    if options.links is not None:
        options.links.keep_apart([source], out)
    if options.seal is not None:
        options.seal.keep_apart([source], out)
    real = Path(os.path.realpath(source))
    quiet: float = asked["quiet"]
    return Settings(
        real,
        options,
        _folder(out),
        _folder(asked["quarantine"]) or (None if in_place else real.parent / "quarantine"),
        _folder(asked["done"]) or real.parent / "originals",
        _folder(asked["health"]) or health_path(real),
        asked["originals"],
        quiet,
        SWEEP if asked["sweep"] is None else asked["sweep"],
        PATIENCE * quiet if asked["patience"] is None else asked["patience"],
        asked["jobs"],
        Naming(asked["name"], None if asked["names"] is None else Path(asked["names"]), asked["names_columns"]),
    )


def _folder(name: str | None) -> Path | None:
    import os

    return None if name is None else Path(os.path.realpath(name))
