"""What a site asks of its watched folder, checked before anything begins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.home import user_folder

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline import Options

Originals = Literal["keep", "move", "remove"]
ORIGINALS: tuple[Originals, ...] = ("keep", "move", "remove")
POLICY_FILE = "blankslide.toml"
QUIET, SWEEP, PATIENCE = 30.0, 10.0, 10.0


@dataclass(frozen=True, slots=True)
class Naming:
    """How results are named: a pattern, or a table with its two columns."""

    pattern: str | None = None
    table: Path | None = None
    columns: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a site asks of a watched folder.

    Attributes
    ----------
    source
        The folder, with links resolved.
    options
        How slides are treated, unless their sub-folder says otherwise.
    out
        Where copies go; None to edit the slides where they stand.
    quarantine
        Where slides go that cannot be done; None to leave them, which only makes sense in place.
    done
        Where originals go that are moved.
    originals
        What becomes of a slide that was copied, unless its sub-folder says otherwise.
    quiet, sweep, patience
        Seconds that nothing may have happened to a slide; between two sweeps; and after its last change until a slide
        that is not whole counts as damaged.
    jobs
        How many slides are worked on at a time.
    naming
        How results are named, unless the sub-folder says otherwise.
    health
        The health file.
    """

    source: Path
    options: Options
    out: Path | None
    quarantine: Path | None
    done: Path
    health: Path
    originals: Originals = "keep"
    quiet: float = QUIET
    sweep: float = SWEEP
    patience: float = PATIENCE * QUIET
    jobs: int = 1
    naming: Naming = Naming()

    @property
    def left_out(self) -> tuple[Path, ...]:
        """Folders below the watched one that are not looked at."""
        return tuple(folder for folder in (self.out, self.quarantine, self.done) if folder is not None)

    def check(self) -> None:
        """Refuse what makes no sense or cannot work; nothing is made.

        Raises
        ------
        UsageError
            If so.
        EnvironmentProblem
            If a folder cannot be looked at now.
        """
        from blankslide.storage.moving import same_volume

        try:
            is_there = self.source.is_dir()
        except OSError as error:
            raise EnvironmentProblem(f"the folder to be watched cannot be read: {error.strerror}") from None
        if not is_there:
            raise UsageError("the folder to be watched is not there", "make it, or mount the share first")
        for folder in self.left_out:
            if self.source == folder or self.source.is_relative_to(folder):
                raise UsageError("a watched folder cannot lie in the folder that its slides go to")
        if self.out is not None and self.out in (self.quarantine, self.done):
            raise UsageError("clean copies need a folder of their own", "name another --out or --quarantine")
        if self.out is not None and self.quarantine is not None and self.quarantine.is_relative_to(self.out):
            raise UsageError("what is not clean may not stand among the clean copies", "name another --quarantine")
        if self.quarantine is not None and not same_volume(str(self.source), str(self.quarantine)):
            raise UsageError(
                "the quarantine is on another volume than the watched folder, so slides cannot be moved there",
                "name a folder on the same volume with --quarantine",
            )
        if self.originals == "move" and not same_volume(str(self.source), str(self.done)):
            raise UsageError(
                "originals cannot be moved to another volume", "name a folder on the same volume with --done"
            )


def health_path(source: Path) -> Path:
    """Return where the health file of a watched folder is, if nobody says it.

    Raises
    ------
    EnvironmentProblem
        If this user has no home and nothing else is set.
    """
    digest = sha256(os.fsencode(os.path.realpath(source))).hexdigest()[:16]
    return user_folder("state") / "watch" / f"{digest}.json"
