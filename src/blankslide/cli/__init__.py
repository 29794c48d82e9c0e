"""The command line: `commands` holds the verbs, each in a thin function; the work is in the other modules."""

from blankslide.cli.commands import main

__all__ = ["main"]
