"""The line behind a dry run, and behind `verify`: the command that comes next, with what was typed."""

from __future__ import annotations

import click

from blankslide.cli.show import next_line

TYPED = "blankslide.typed"
COPY = "there is no way back; --out DIR makes a copy instead"


def after_dry_run(identifies: bool, in_place: bool) -> str:
    """Return the line; nothing if there is nothing to do, or if it is not known what was typed."""
    typed = _typed()
    if not identifies or "--dry-run" not in typed:
        return ""
    at = typed.index("--dry-run")
    typed[at : at + 1] = ["--in-place"] if in_place and "--in-place" not in typed else []
    return next_line(typed, "the same without --dry-run", COPY if in_place else "")


def after_verify(slides: int) -> str:
    """Return the line behind slides with something that would be removed: the options of both commands are the same."""
    verb, typed = "batch" if slides > 1 else "anonymize", _typed()
    if typed[:1] != ["verify"]:
        return ""
    return next_line([verb, "--in-place", *typed[1:]], f"blankslide {verb} --in-place, with these paths", COPY)


def _typed() -> list[str]:
    context = click.get_current_context(silent=True)
    return list(context.find_root().meta.get(TYPED, ())) if context is not None else []
