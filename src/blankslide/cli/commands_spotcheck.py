"""The command ``spotcheck``: look at a random sample of slides, and sign what was seen."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option(
    "--reviewer", metavar="NAME", help="Who looks; a second one under another name sees nothing of the first."
)
@click.option("--record", metavar="FILE.json", help="Keep the verdicts here; begin again with it to go on.")
@click.option("--four-eyes", is_flag=True, help="Two reviewers have to look at the whole sample before it is signed.")
@click.option("--from-ledger", is_flag=True, help="Draw only from slides that the ledger knows as clean.")
@click.option("--at-most", default=5.0, show_default=True, metavar="PERCENT", help="So many may be bad at most.")
@click.option("--confidence", default=95.0, show_default=True, metavar="PERCENT", help="How sure that shall be.")
@click.option(
    "--size", type=click.IntRange(1), metavar="N", help="Slides to look at, if not the fewest that are enough."
)
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Draw the same sample again.")
@click.option("--draw", is_flag=True, help="Only say which slides would be looked at.")
@click.option("--report", metavar="FILE", help="Write a report, .html, .pdf or .json: no values, no pictures.")
@click.option("--with-names", is_flag=True, help="Show all names in that file; it is then for your own site only.")
@click.option("--check", metavar="FILE", help="Only say whether such a report is still what was signed.")
@click.option("--profile", default="research", metavar="NAME|FILE.toml", help="What counts as left.")
@click.option("--key", type=click.Path(dir_okay=False), metavar="FILE", help="The site's key.")
@click.option("--ledger", metavar="URL|none", help="Where the result is signed; your own ledger by default.")
def spotcheck(paths: tuple[str, ...], **asked: object) -> None:
    """Look at a random sample: pictures, corners, and every string left; pass or fail each.

    Without a failure in the sample, at most --at-most of all slides are bad. The result goes into the ledger when the
    whole sample was looked at. The exit code is 1 if a slide failed, or if not all were looked at.
    """
    from blankslide.cli import spotcheck as cli_spotcheck
    from blankslide.errors import BlankslideError

    try:
        sys.exit(cli_spotcheck.spotcheck(cli_spotcheck.Asked(paths, **asked)))  # type: ignore[arg-type]
    except BlankslideError as error:
        print(error.sentence(), file=sys.stderr)
        sys.exit(error.exit_code)
