"""tifffile logs what it reads, and what it reads may name a patient.

`quiet` drops those records for the thread that works on a slide here; whoever else uses
tifffile in this process keeps their log. It stands so low that viewers and judges use the same one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_silent = threading.local()


def _is_heard(record: logging.LogRecord) -> bool:
    return not getattr(_silent, "on", False)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence tifffile in this thread while the block lasts; blocks may stand inside each other."""
    logging.getLogger("tifffile").addFilter(_is_heard)
    before = getattr(_silent, "on", False)
    _silent.on = True
    try:
        yield
    finally:
        _silent.on = before
