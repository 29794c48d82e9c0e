"""The command ``audit``: what is left in slides that some tool, ours or another's, has been over."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--report", metavar="FILE", help="Write what is left, .html, .json, .csv or .xlsx: no values, no telling names."
)
@click.option("--with-names", is_flag=True, help="Show all names in that file; it is then for your own site only.")
@click.option(
    "--profile", default="research", metavar="NAME|FILE.toml", help="What counts: research (default), strict, a file."
)
@click.option("--key", type=click.Path(dir_okay=False), metavar="FILE", help="The site's key that ids were made under.")
@click.option("--thorough", is_flag=True, help="Look into every tile for text; reads the slide.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def audit(
    paths: tuple[str, ...],
    report: str | None,
    with_names: bool,
    profile: str,
    key: str | None,
    thorough: bool,
    as_json: bool,
) -> None:
    """Say what is still in slides that were anonymized, by whatever tool. Changes nothing.

    Each slide has its line, and at the end stands the sum. The exit code is 1 if anything is left in any slide, in
    its name or beside it.
    """
    from blankslide.cli import audit as cli_audit
    from blankslide.cli.commands import options_of
    from blankslide.errors import BlankslideError

    if with_names and report is None:
        raise click.UsageError("--with-names is about the file of --report")
    options = options_of(profile, key=key, ledger="none", looks=True, asked_only=True)
    options.thorough = thorough
    try:
        sys.exit(cli_audit.audit(cli_audit.Request(paths, report, with_names, as_json), options))
    except BlankslideError as error:
        print(error.sentence(), file=sys.stderr)
        sys.exit(error.exit_code)
