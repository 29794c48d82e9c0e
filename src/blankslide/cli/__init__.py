"""The command line: `commands` holds the verbs, each in a thin function; the work is in the other modules."""

import gc

# Nothing that is made while modules are imported goes again: looking for it takes a fifteenth of a start.
_thresholds = gc.get_threshold()
gc.set_threshold(100_000, *_thresholds[1:])

from blankslide.cli.commands import main  # noqa: E402 - the line above is for this one

gc.set_threshold(*_thresholds)

__all__ = ["main"]
