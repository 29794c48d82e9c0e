"""The command line: ``blankslide inspect | anonymize | batch | verify | recover | samples | formats | demo``.

Commands only translate: words into API calls, outcomes into lines and exit codes. Rich is
imported when a terminal is there to show a table; in a pipe the same rows are plain text.
Exit codes and JSON are a contract; `blankslide.errors` and `blankslide.model` hold them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

try:
    import click

    from blankslide.cli import output
    from blankslide.cli.stopping import STOPPED, stop
    from blankslide.version import __version__
except KeyboardInterrupt:  # a person was faster than the imports
    raise SystemExit(130) from None

if TYPE_CHECKING:
    from blankslide.pipeline import Mode, Options

# what a run may do beside removing: options of `blankslide.asking.options`
_EDITS = ("label", "keep_label", "mask_macro", "seal", "pictures")
_PROFILE_HELP = "research (default), strict, or a TOML file of your own."


def _shared(*names: str) -> Callable[[Any], Any]:
    """Add the options that several commands share, in one wording."""
    table = {
        "name": click.option(
            "--name",
            metavar="PATTERN",
            help="New names, such as STUDY-{n:04}, {stem}, {pseudonym}; STUDY-7 for one slide.",
        ),
        "names": click.option(
            "--names", metavar="TABLE", help="New names by a table with columns old and new: CSV, .xlsx, .ods."
        ),
        "names_columns": click.option("--names-columns", metavar="OLD,NEW", help="Other headings of these columns."),
        "profile": click.option("--profile", default="research", metavar="NAME|FILE.toml", help=_PROFILE_HELP),
        "json": click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines."),
        "values": click.option("--show-values", is_flag=True, help="Show identifying values in clear on this screen."),
        "key": click.option(
            "--key",
            type=click.Path(dir_okay=False),
            metavar="FILE",
            help="Your site's key; made by the first real edit.",
        ),
        "known_key": click.option(
            "--key",
            type=click.Path(dir_okay=False),
            metavar="FILE",
            help="The site's key that the slides were made under.",
        ),
        "asked_ledger": click.option(
            "--ledger", metavar="URL|none", help="Where runs are recorded: asked, never written to."
        ),
        "thorough": click.option("--thorough", is_flag=True, help="Look into every tile for text; reads the slide."),
        "pictures": click.option(
            "--pictures", is_flag=True, help="Look for text, barcodes and ink in pictures, too; takes seconds a slide."
        ),
        "with_names": click.option(
            "--with-names", is_flag=True, help="Show all names in that file; it is then for your own site only."
        ),
        "link_table": click.option(
            "--link-table", metavar="FILE.links|none", help="Where old names are kept, sealed; your own by default."
        ),
        "seal": click.option(
            "--seal",
            metavar="DIR",
            help="Keep label and macro as they were in this folder, sealed with your site's key.",
        ),
        "requester": click.option("--requester", metavar="NAME", help="Who asked for the slides, for the ledger."),
        "ledger": click.option(
            "--ledger", metavar="URL|none", help="FILE.jsonl, sqlite:///FILE, postgresql://..., none; yours by default."
        ),
        "label": click.option(
            "--label",
            metavar="TEXT",
            help="Draw a new label with a QR code in the old one's place: '{pseudonym}|STUDY-7'.",
        ),
        "keep_label": click.option(
            "--keep-label",
            metavar="X,Y,W,H",
            help="Keep this part of the label, in its pixels, and blank the rest; the slide is then not clean.",
        ),
        "mask_macro": click.option(
            "--mask-macro",
            metavar="auto|X,Y,W,H",
            help="Make only this part of the macro blank, in its pixels; auto: the label end, if pixels confirm it.",
        ),
    }

    def add(command: Any) -> Any:
        for name in reversed(names):
            command = table[name](command)
        return command

    return add


_HELP = """Take the patient out of whole-slide images, in place, and see that it is done.

\b
Start here:
  blankslide demo                          watch it work on invented patients
  blankslide inspect SLIDE                 what is in it (changes nothing)
  blankslide anonymize --dry-run SLIDE     what would happen (changes nothing)
  blankslide anonymize --in-place SLIDE    do it; there is no way back
  blankslide verify SLIDE                  prove it

\b
Exit codes:
  0  done and verified, or nothing to do      3  not a slide, or damaged; untouched
  1  something identifying is left or kept    4  permission, disk, lock; untouched
  2  wrong usage                              5  interrupted: run recover
                                            130  stopped by you, and nothing waits
"""


# Commands that live in a file of their own, loaded when one of them is typed: their start costs the others nothing.
_ELSEWHERE: dict[str, str] = {
    "audit": "blankslide.cli.commands_audit",
    "benchmark": "blankslide.cli.commands_benchmark",
    "seal": "blankslide.cli.commands_seal",
    "spotcheck": "blankslide.cli.commands_spotcheck",
    "certificate": "blankslide.cli.commands_certificate",
    "completion": "blankslide.cli.commands_completion",
    "ledger": "blankslide.cli.commands_ledger",
    "names": "blankslide.cli.commands_names",
    "notebook-check": "blankslide.cli.commands_notebook_check",
    "profile": "blankslide.cli.commands_profile",
    "watch": "blankslide.cli.commands_watch",
}


class _Group(click.Group):
    """All commands: printing cannot fail in them, and a person may stop them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands of this file and of the others."""
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command here, or load its file."""
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        from importlib import import_module

        command: click.Command = getattr(import_module(_ELSEWHERE[cmd_name]), cmd_name.replace("-", "_"))
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read a command line, and keep it for the line that says what to do next."""
        ctx.meta["blankslide.typed"] = tuple(args)
        if "" in args or any(word.endswith("=") for word in args):
            from blankslide.cli.guarding import refuse_empty

            refuse_empty(args)
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command with streams that know every letter and never raise."""
        from blankslide.cli.letters import never_fail

        never_fail()
        if "_BLANKSLIDE_COMPLETE" in os.environ:  # a shell asks what a word may become
            from blankslide.cli.commands_completion import listen

            listen()
        with output.guarded():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a signal while no slide is written ends it here, and so does what nobody expected."""
        with stop.listening():
            try:
                return super().invoke(ctx)
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except Exception as error:
                from blankslide.cli.guarding import tell

                sys.exit(tell(error))
            except KeyboardInterrupt:
                looks = (
                    ctx.invoked_subcommand in ("inspect", "verify", "anonymize", "batch", "recover") and not stop.begun
                )
                print("stopped: nothing was changed" if looks else "stopped", file=sys.stderr)
                sys.exit(STOPPED)


@click.group(cls=_Group, help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="blankslide")
def main() -> None:
    """Dispatch to a command."""


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--csv", "table", metavar="FILE.csv", help="Write an inventory, one row a slide: no values, no telling names."
)
@click.option("--readable", is_flag=True, help="List every string that can be read in the slide, with its place.")
@_shared("with_names", "profile", "thorough", "pictures", "values", "json")
def inspect(
    paths: tuple[str, ...],
    table: str | None,
    readable: bool,
    with_names: bool,
    profile: str,
    thorough: bool,
    pictures: bool,
    show_values: bool,
    as_json: bool,
) -> None:
    """Say what is in slides. Changes nothing, reads no tissue."""
    from blankslide.cli import inspect as cli_inspect
    from blankslide.errors import BlankslideError

    if with_names and table is None:
        raise click.UsageError("--with-names is about the file of --csv")
    options = options_of(profile, looks=True, pictures=pictures)
    options.thorough = thorough
    try:
        request = cli_inspect.Request(paths, table, show_values, as_json, with_names, readable, profile)
        sys.exit(cli_inspect.inspect(request, options))
    except BlankslideError as error:
        _fail(error.exit_code, error.sentence())


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--in-place", is_flag=True, help="Overwrite the slide itself. There is no way back.")
@click.option("--out", metavar="DIR", help="Write copies to this folder; the slides themselves are only read.")
@_shared("name", "names", "names_columns")
@click.option("--keep", multiple=True, metavar="macro", help="Keep a picture; the slide is then not clean.")
@click.option("--dry-run", is_flag=True, help="Plan only; change nothing.")
@click.option(
    "--report", metavar="FILE", help="Write a report, .html, .json, .csv or .xlsx: no values, no telling names."
)
@_shared(*_EDITS, "with_names", "profile", "thorough", "key", "ledger", "requester", "link_table", "json")
def anonymize(
    paths: tuple[str, ...],
    in_place: bool,
    out: str | None,
    name: str | None,
    names: str | None,
    names_columns: str | None,
    keep: tuple[str, ...],
    dry_run: bool,
    report: str | None,
    with_names: bool,
    profile: str,
    thorough: bool,
    key: str | None,
    ledger: str | None,
    requester: str | None,
    link_table: str | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Take out what identifies the patient, from the slides themselves or into copies."""
    from blankslide.cli import anonymize as cli_anonymize
    from blankslide.errors import BlankslideError
    from blankslide.pipeline.run_choices import are_several

    mode = _mode(in_place, out, dry_run)
    if with_names and report is None:
        raise click.UsageError("--with-names is about the file of --report")
    _check_naming(name, names, names_columns)
    about = {"requester": requester} if requester else None
    options = options_of(
        profile,
        keep=keep,
        key=key,
        ledger=ledger,
        link_table=link_table,
        about=about,
        dry_run=dry_run,
        **more,
    )
    options.thorough = thorough

    try:
        if names is not None or ("{" in (name or "") and are_several(paths, mode.out)):
            from blankslide.cli import batch as cli_batch  # a name that depends on the others is given in a queue

            style: cli_batch.Style = "json" if as_json else "lines"
            asked = cli_batch.Asked(
                paths, mode, name, names, names_columns, style=style, report=report, with_names=with_names
            )
            sys.exit(cli_batch.batch(asked, options))
        sys.exit(
            cli_anonymize.anonymize(cli_anonymize.Request(paths, mode, name, report, as_json, with_names), options)
        )
    except BlankslideError as error:
        _fail(error.exit_code, error.sentence())


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--in-place", is_flag=True, help="Overwrite the slides themselves. There is no way back.")
@click.option("--out", metavar="DIR", help="Write copies to this folder, with their sub-folders.")
@_shared("name", "names", "names_columns")
@click.option("--blind", is_flag=True, help="Number the slides in an order that tells nothing.")
@click.option("--keep", multiple=True, metavar="macro", help="Keep a picture; the slide is then not clean.")
@click.option("--dry-run", is_flag=True, help="Plan only; change nothing.")
@click.option("--all", "every", is_flag=True, help="Begin only if every slide can be done.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes; up to 4 by default.")
@click.option("--shard", metavar="I/N", help="Only this part of the slides: 1/3, 2/3 and 3/3 are all of them.")
@click.option("--scheduler", metavar="tcp://...", help="Let the workers of this dask cluster do it.")
@click.option("--json-lines", is_flag=True, help="Print one JSON object a slide, as it is done.")
@click.option(
    "--report", metavar="FILE", help="Write a report, .html, .json, .csv or .xlsx: no values, no telling names."
)
@_shared(*_EDITS, "with_names", "profile", "thorough", "key", "ledger", "requester", "link_table", "json")
def batch(
    paths: tuple[str, ...],
    in_place: bool,
    out: str | None,
    keep: tuple[str, ...],
    dry_run: bool,
    jobs: int | None,
    json_lines: bool,
    profile: str,
    thorough: bool,
    key: str | None,
    ledger: str | None,
    requester: str | None,
    link_table: str | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Do many slides: plan all of them, then do them, several at a time. Begin it again to go on."""
    from blankslide.batch import usual_jobs
    from blankslide.cli import batch as cli_batch
    from blankslide.errors import BlankslideError

    if more["with_names"] and more["report"] is None:
        raise click.UsageError("--with-names is about the file of --report")
    if as_json and json_lines:
        raise click.UsageError("give either --json or --json-lines, not both")
    _check_naming(more["name"], more["names"], more["names_columns"])
    mode = _mode(in_place, out, dry_run)
    about = {"requester": requester} if requester else None
    options = options_of(
        profile,
        keep=keep,
        key=key,
        ledger=ledger,
        link_table=link_table,
        about=about,
        dry_run=dry_run,
        **{name: more.pop(name) for name in _EDITS},
    )
    options.thorough = thorough
    style: cli_batch.Style = "json" if as_json else "json-lines" if json_lines else "lines"
    try:
        asked = cli_batch.Asked(paths, mode, jobs=jobs or usual_jobs(), style=style, **more)
        sys.exit(cli_batch.batch(asked, options))
    except BlankslideError as error:
        _fail(error.exit_code, error.sentence())


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_shared("profile", "thorough", "pictures", "known_key", "asked_ledger", "json")
def verify(
    paths: tuple[str, ...],
    profile: str,
    thorough: bool,
    pictures: bool,
    key: str | None,
    ledger: str | None,
    as_json: bool,
) -> None:
    """Judge slides as they are, with independent readers. Changes nothing."""
    from blankslide.asking import require_ledger
    from blankslide.cli import judge
    from blankslide.errors import BlankslideError

    options = options_of(profile, key=key, ledger=ledger, looks=True, asked_only=True, pictures=pictures)
    try:
        require_ledger(ledger, options.ledger)
    except BlankslideError as error:
        _fail(error.exit_code, error.sentence())
    options.thorough = thorough
    sys.exit(judge.verify(paths, options, as_json))


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_shared("known_key", "ledger", "json")
def recover(paths: tuple[str, ...], key: str | None, ledger: str | None, as_json: bool) -> None:
    """Finish what an interrupted run began. Safe to repeat."""
    from blankslide.cli import judge

    options = options_of("research", key=key, ledger=ledger, looks=True)
    sys.exit(judge.recover(paths, options, as_json))


@main.command()
@click.argument("directory", metavar="DIR")
def samples(directory: str) -> None:
    """Write sample slides with invented patients, and planted.json, the answer key."""
    from blankslide.cli.demo import run_samples

    sys.exit(run_samples(directory))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def formats(as_json: bool) -> None:
    """List the formats: what is removed, what stays, which readers judge."""
    from blankslide.cli import show

    show.formats(as_json)


@main.command()
@click.option("--dir", "directory", metavar="DIR", help="Keep the slides in this folder.")
def demo(directory: str | None) -> None:
    """Build slides with invented patients and anonymize them before your eyes."""
    from blankslide.cli.demo import run_demo

    sys.exit(run_demo(directory))


def _mode(in_place: bool, out: str | None, dry_run: bool) -> Mode:
    from blankslide.errors import UsageError
    from blankslide.pipeline import Spelling, mode_of

    try:
        return mode_of(in_place, out, dry_run, Spelling("--in-place", "--out DIR", "--dry-run"))
    except UsageError as error:
        raise click.UsageError(error.message) from None


def _check_naming(name: str | None, names: str | None, columns: str | None) -> None:
    if name is not None and names is not None:
        raise click.UsageError("give either --name or --names, not both")
    if columns is not None and names is None:
        raise click.UsageError("--names-columns is about the table of --names")


def options_of(profile: str, **more: Any) -> Options:
    """Return the options of a run; what is wrong with them ends it."""
    from blankslide.api import options
    from blankslide.errors import BlankslideError

    more.setdefault("ledger", "none")
    try:
        return options(profile, **more)
    except BlankslideError as error:
        _fail(error.exit_code, error.sentence())


def _fail(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)
