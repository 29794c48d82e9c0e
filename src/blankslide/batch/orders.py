"""How the slides of one run are to be treated, as plain data that can be sent to another process.

The site's key is not among it: every worker reads the key's file itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from blankslide.pipeline import Options

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline.options import Asks
    from blankslide.policy.profiles import Profile
    from blankslide.records.ledger import Ledger
    from blankslide.records.link_table import LinkTable
    from blankslide.records.sealed import SealedFolder

Verb = Literal["plan", "run"]


@dataclass(frozen=True, slots=True)
class Orders:
    """How slides are to be treated.

    Attributes
    ----------
    profile
        With everything that the person asked for on top.
    out
        Folder for copies, an absolute path; None to edit the slides where they stand.
    key_file, ledger, links, thorough, label, mask, seal, pictures
        As in `Options`.
    about
        As in `Options`, the same for all slides.
    asks
        What planning asks beside the plan, as in `Mode`.
    rehearsed
        A plan is followed by the run: looking at pictures, which takes seconds, is left to that.
    lasting
        The slides come again and again: none is done twice, and a copy that is not clean is thrown away.
    """

    profile: Profile
    out: str | None = None
    key_file: Path | None = None
    ledger: Ledger | None = None
    links: LinkTable | None = None
    thorough: bool = False
    asks: Asks = "access"
    about: Mapping[str, str] = field(default_factory=dict)
    lasting: bool = False
    label: str | None = None
    seal: SealedFolder | None = None
    mask: str | None = None
    pictures: bool = False
    rehearsed: bool = False

    @classmethod
    def of(cls, options: Options, out: str | Path | None = None, asks: Asks = "access") -> Orders:
        """Make orders of options.

        Raises
        ------
        UsageError
            If the profile is wrong.
        """
        import os

        from blankslide.errors import InternalError

        if options.key is not None and options.key_file is None:
            raise InternalError("a run over many slides needs the key's file, not only the key")
        folder = None if out is None else os.path.abspath(out)
        return cls(
            options.resolved(),
            folder,
            options.key_file,
            options.ledger,
            options.links,
            options.thorough,
            asks,
            options.about,
            label=options.label,
            seal=options.seal,
            mask=options.mask,
            pictures=options.pictures,
        )

    def here(self) -> Orders:
        """Return the orders for another process of this machine: we see to the ledger's mirror ourselves."""
        return self if self.ledger is None else replace(self, ledger=self.ledger.chain())

    def options(self) -> Options:
        """Return the options for one process; the key is read if its file is there.

        Raises
        ------
        EnvironmentProblem
            If the key's file cannot be used.
        """
        made = Options(
            self.profile,
            key_file=self.key_file,
            ledger=self.ledger,
            links=self.links,
            about=self.about,
            thorough=self.thorough,
            label=self.label,
            seal=self.seal,
            mask=self.mask,
            pictures=self.pictures,
        )
        made.find_key()
        return made
