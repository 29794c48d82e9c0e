"""``blankslide profile check | show``: whether a profile's file is right, and what each class and id gets under it.

``check`` names every mistake of a file at once, each in a sentence with its line. Ids of findings are held against the
list of known ones, and against those of slides that are named behind the file. ``show`` says it in words or as JSON.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from blankslide.errors import UsageError
    from blankslide.policy.profiles import Profile


@click.group()
def profile() -> None:
    """Check a profile's file, or show what a profile does."""


@profile.command()
@click.argument("file", metavar="NAME|FILE.toml")
@click.argument("slides", nargs=-1, metavar="[SLIDE...]")
def check(file: str, slides: tuple[str, ...]) -> None:
    """Say that a profile is right, or name each mistake with its line. Ids that the SLIDEs have count as known."""
    from blankslide.errors import ProfileError
    from blankslide.pipeline.choices import mistakes
    from blankslide.policy.profiles import mistakes_in, placed

    seen = [name for path in slides for name in _ids_of(path)]
    known: Profile | None = None
    wrong: list[UsageError] = []
    try:
        wrong += mistakes_in(file)
        known = placed(file)
    except ProfileError as error:
        wrong = [error]
    if known is not None:
        wrong = sorted([*wrong, *mistakes(known, seen)], key=lambda error: error.line)
    for mistake in wrong:
        print(" · ".join(filter(None, (mistake.message, mistake.hint))), file=sys.stderr)
    if wrong or known is None:
        sys.exit(2)
    own = len(known.ids)
    print(f"{known.name} is right: {own} finding{'s' if own != 1 else ''} named, all others by their class")


def _ids_of(path: str) -> list[str]:
    from blankslide import pipeline
    from blankslide.errors import BlankslideError
    from blankslide.presentation import wording as words

    try:
        return [finding.id for finding in pipeline.inspect(path).findings]
    except BlankslideError as error:
        print(words.error_line(path, error), file=sys.stderr)
        sys.exit(error.exit_code)


@profile.command()
@click.argument("name", default="research", metavar="[NAME|FILE.toml]")
@click.option("--ids", is_flag=True, help="Also each id that is known, and what it gets.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def show(name: str, ids: bool, as_json: bool) -> None:
    """Say what each class gets under a profile, and each id that it names; research if none is named."""
    from blankslide.api import options
    from blankslide.errors import BlankslideError

    try:
        known = options(name, ledger="none", looks=True).resolved()
    except BlankslideError as error:
        print(error.sentence(), file=sys.stderr)
        sys.exit(error.exit_code)
    if as_json:
        import json

        print(json.dumps(_as_json(known, ids), indent=1))
        return
    _print(known, ids)


def _actions(known: Profile) -> dict[str, str]:
    """Return what each known id gets: id -> word of the action."""
    from blankslide.model import PhiClass
    from blankslide.policy.known_ids import known_ids
    from blankslide.presentation import wording as words

    table = {}
    for each in known_ids():
        classes = [PhiClass[name.upper()] for name in each.classes]
        got = dict.fromkeys(words.action_name(known.action_for(each.id, cls, each.weak)) for cls in classes)
        table[each.id] = " or ".join(got) or words.action_name(known.action_for(each.id, PhiClass.UNKNOWN, each.weak))
    return table


def _as_json(known: Profile, ids: bool) -> dict[str, Any]:
    from blankslide.presentation import wording as words

    told: dict[str, Any] = {
        "name": known.name,
        "classes": {words.class_word(cls): words.action_name(action) for cls, action in known.classes.items()},
        "weak": words.action_name(known.weak),
        "unknown_numbers": known.unknown_numbers,
        "names": known.names,
        "pictures": known.pictures,
        "findings": {name: words.action_name(action) for name, action in known.ids},
    }
    return told | ({"ids": _actions(known)} if ids else {})


def _print(known: Profile, ids: bool) -> None:
    from blankslide.cli.show import table
    from blankslide.presentation import wording as words

    print(f"profile {known.name}")
    rows = [
        [words.class_word(cls), words.action_name(action), words.class_meaning(cls)]
        for cls, action in known.classes.items()
    ]
    rows.append(["weak", words.action_name(known.weak), "of any class: identifies only together with much else"])
    table(["class", "action", "tells"], rows)
    numbers = "stay" if known.unknown_numbers else "go"
    print(f"small numbers under keys of measures, in unknown fields: {numbers}")
    print(f"a file name that identifies: {'exit code 1' if known.names else 'is told'}")
    if known.ids:
        table(["finding", "action"], [[name, words.action_name(action)] for name, action in known.ids])
    if ids:
        table(["id", "action"], [list(pair) for pair in _actions(known).items()])


__all__ = ["profile"]
