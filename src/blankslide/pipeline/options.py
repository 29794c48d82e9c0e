"""How a slide is to be treated, and the clock with its safe points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from blankslide.errors import Cancelled
from blankslide.policy.profiles import Profile, ids_of, load

if TYPE_CHECKING:
    from blankslide.records.ledger import Ledger

Progress = Callable[[str, float], None]


def _quiet(stage: str, part: float) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class Options:
    """How a slide is to be treated.

    Attributes
    ----------
    profile
        Built-in name, TOML file, or a `Profile`.
    keep
        Roles of pictures to keep (``macro``, in any case) or ids of findings; a plain text is one name.
    remove
        The same, to be removed although the profile keeps them.
    key
        The site's key, or None for zeros in place of links.
    ledger
        Where to record, or None.
    progress, cancelled
        Called with (stage, fraction done); asked at safe points before the commit point.
    thorough
        Look into every tile for text, not only the first of each level.
    """

    profile: str | Profile = "research"
    keep: str | Sequence[str] = ()
    remove: str | Sequence[str] = ()
    key: bytes | None = field(default=None, repr=False)
    ledger: Ledger | None = None
    progress: Progress = _quiet
    cancelled: Callable[[], bool] = bool
    thorough: bool = False

    def resolved(self) -> Profile:
        """Return the profile with the person's exceptions on top.

        Raises
        ------
        UsageError
            If there is no such profile, or a name is nobody's.
        """
        profile = self.profile if isinstance(self.profile, Profile) else load(self.profile)
        if not (self.keep or self.remove or profile.ids):
            return profile
        from blankslide.pipeline.choices import require_known

        profile = profile.keeping(*ids_of(self.keep)).removing(*ids_of(self.remove))
        require_known(profile)
        return profile


class Clock:
    """Seconds spent in each stage, and the safe points between them."""

    def __init__(self, options: Options) -> None:
        self.seconds: dict[str, float] = {}
        self._options = options
        self._last = perf_counter()

    def lap(self, stage: str, part: float) -> None:
        """End a stage and report progress."""
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
        self._options.progress(stage, part)

    def safe_point(self) -> None:
        """Stop here if the person asked for it."""
        if self._options.cancelled():
            raise Cancelled("cancelled before anything was written")
