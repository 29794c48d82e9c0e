"""The command ``notebook-check``: says whether a notebook may be passed on."""

from __future__ import annotations

import sys

import click


@click.command("notebook-check")
@click.argument("files", nargs=-1, required=True, metavar="FILE.ipynb...")
@click.option("--slide", "slides", multiple=True, metavar="SLIDE", help="Look for this slide's values and name, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def notebook_check(files: tuple[str, ...], slides: tuple[str, ...], as_json: bool) -> None:
    """Say whether saved notebooks hold pictures, values or names. Changes nothing.

    Pictures and states of widgets are found by where they stand. Values are known only to a slide that still has
    them: name it with --slide. The exit code is 1 if anything is left in any notebook.
    """
    from blankslide.cli import notebook_check as cli_notebook_check

    sys.exit(cli_notebook_check.check(files, slides, as_json))
