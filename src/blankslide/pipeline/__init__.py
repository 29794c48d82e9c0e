"""The stages in their order; the only place where formats meet storage.

`stages` opens, inspects and plans; `in_place` edits and recovers; `copying` makes copies;
`names` knows what the result is called; `judge` verifies; `record` writes the ledger. "Clean" is
said only after independent readers agreed, the removed values were searched for in every byte
that is not tissue, and a second inspection found nothing.
"""

from blankslide.pipeline.copying import anonymize_copy
from blankslide.pipeline.in_place import anonymize_in_place, recover
from blankslide.pipeline.judge import verify
from blankslide.pipeline.names import sidecars
from blankslide.pipeline.stages import Options, Progress, inspect, known_format, plan, refuse_pending

__all__ = [
    "Options",
    "Progress",
    "anonymize_copy",
    "anonymize_in_place",
    "inspect",
    "known_format",
    "plan",
    "recover",
    "refuse_pending",
    "sidecars",
    "verify",
]
