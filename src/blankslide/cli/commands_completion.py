"""``blankslide completion SHELL``: the script that lets bash, zsh or fish complete commands, options and files.

The script asks ``blankslide`` itself at each press of Tab, by a variable of the environment that click knows. Click
completes commands, options and choices. What stands behind them is completed here: names of profiles and pictures where
they belong, nothing where only a person knows, folders and files everywhere else.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "_BLANKSLIDE_COMPLETE"
_FREE = ("jobs", "name", "names_columns", "scheduler", "shard")
_FOLDERS = ("directory", "out")
_SHELLS: dict[str, type[ShellComplete]] = {}


class _Ours(ShellComplete):
    """Adds what click does not know of our parameters."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return what a word may become; ``incomplete`` is what is typed of it."""
        found = super().get_completions(args, incomplete)
        if found or incomplete.startswith("-"):
            return found
        known = _known(_parameter(self.cli, args), incomplete)
        return [CompletionItem(word) for word in known] if known is not None else _places(self.cli, args, incomplete)


def _parameter(cli: click.Command, args: Sequence[str]) -> str:
    """Return the name of the option that waits for its value, or nothing."""
    command: click.Command = cli
    with cli.make_context("blankslide", [], resilient_parsing=True) as context:
        for word in args:
            inner = command.get_command(context, word) if isinstance(command, click.Group) else None
            command = inner or command
    options = {name: p for p in command.params if isinstance(p, click.Option) for name in p.opts}
    last = options.get(args[-1]) if args else None
    return "" if last is None or last.is_flag or last.name is None else last.name


def _known(parameter: str, incomplete: str) -> list[str] | None:
    """Return the words that a parameter can have, none if only a person knows them; None if it is a file."""
    if parameter in _FREE:
        return []
    if parameter == "keep":
        from blankslide.formatkit.protocol import ROLES

        return [role for role in ROLES if role.startswith(incomplete)]
    if parameter == "profile":
        from blankslide.policy.profiles import PROFILES

        return [name for name in PROFILES if name.startswith(incomplete)] or None
    return None


def _places(cli: click.Command, args: Sequence[str], incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a folder, or a file."""
    if not args or (len(args) == 1 and args[0] in ("profile", "completion")):
        return []  # a command is asked for, and none begins so
    kind = "dir" if _parameter(cli, args) in _FOLDERS or args == ["samples"] else "file"
    return [CompletionItem(incomplete, type=kind)]


def listen() -> None:
    """Let click use these classes; called only while a shell asks."""
    for shell in (BashComplete, ZshComplete, FishComplete):
        add_completion_class(_SHELLS.setdefault(shell.name, type(shell.__name__, (_Ours, shell), {})))


_HELP = """Print the script that completes commands, options and files in your shell.

\b
bash  blankslide completion bash > ~/.local/share/bash-completion/completions/blankslide
zsh   blankslide completion zsh > "${fpath[1]}/_blankslide"
fish  blankslide completion fish > ~/.config/fish/completions/blankslide.fish
"""


@click.command(help=_HELP, short_help="Print the script that completes commands in bash, zsh or fish.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script for a shell."""
    listen()
    made = _SHELLS[shell](click.Command("blankslide"), {}, "blankslide", VARIABLE)
    print(made.source_template % made.source_vars())
    if sys.stdout.isatty():
        print("# this is a script: write it to the file that `blankslide completion --help` names", file=sys.stderr)


__all__ = ["completion", "listen"]
