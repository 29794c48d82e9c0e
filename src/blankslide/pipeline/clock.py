"""The clock of one run: seconds for each stage, progress, and the safe points between stages."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING

from blankslide.errors import Cancelled

if TYPE_CHECKING:
    from blankslide.model import Stage
    from blankslide.pipeline.options import Options


class Clock:
    """Measures a run and tells its progress.

    Parameters
    ----------
    options
        Whom to tell, and whom to ask at safe points.
    parts
        Which fraction of this kind of run is done when a stage ends.

    Attributes
    ----------
    seconds
        Time spent in each stage so far, by the stage's name.
    """

    def __init__(self, options: Options, parts: Mapping[Stage, float]) -> None:
        self._options = options
        self.seconds: dict[str, float] = {}
        self._parts = parts
        self._last = perf_counter()

    def lap(self, stage: Stage, *, last: bool = False) -> None:
        """End a stage and tell progress.

        Parameters
        ----------
        last
            Nothing is left to do, although longer runs would go on from here.
        """
        now = perf_counter()
        self.seconds[stage.value] = self.seconds.get(stage.value, 0.0) + now - self._last
        self._last = now
        self._options.progress(stage, 1.0 if last else self._parts[stage])

    def safe_point(self) -> None:
        """Stop here if the person asked for it.

        Raises
        ------
        Cancelled
            If so; nothing was written.
        """
        if self._options.cancelled():
            raise Cancelled("cancelled before anything was written")
