"""One slide on its way through one run: what the steps of a run share.

A run in place and a copy begin alike: the slide is open, is inspected, and the changes are planned. So
both are a `Job`, and each step takes the job instead of a list of its parts. Judging a slide as it is, and
finishing an interrupted run, use the same job for what they find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from blankslide.model import Stage
from blankslide.model.changed import changed
from blankslide.pipeline.labelling import refuse_telling, with_label
from blankslide.pipeline.looking import masked_for, planned_for
from blankslide.pipeline.opening import inspected
from blankslide.pipeline.outcomes import removed_values, starting_outcome

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection, Outcome, Plan
    from blankslide.pipeline.clock import Clock
    from blankslide.pipeline.options import Options
    from blankslide.policy.profiles import Profile
    from blankslide.storage.slide_files import SlideFilesOnDisk
    from blankslide.verification.census.memory import Memory
    from blankslide.verification.views import ReaderView


@dataclass(slots=True)
class Job:
    """One slide under way.

    Attributes
    ----------
    path
        The main file, as it was named.
    slide
        Its open files.
    inspection, planned, outcome
        What was found, what is to be changed, and what became of it so far; there once `found` was called.
    before
        What independent readers saw before anything was written.
    memory
        What the census found out before anything was written, and from which bytes.
    dead
        What tells the main file of a copy that a run has not come to name.
    grows
        Structures may become longer: in a copy only.
    transaction
        Its id, where it is not to be a random one.
    only_clean
        A copy that is not clean is thrown away.
    folder, names
        Where a copy goes, and what its files are called below that folder, the main one first.
    named
        What the slide was called by whoever wants a copy: it may be a folder.
    home
        In place: the new name of the folder that is the slide, if it gets one.
    linked
        Old and new name for the link table, with folders; empty if the name stays.
    originals
        Pictures that are to be sealed before they go, PNG files by role.
    """

    path: Path
    slide: SlideFilesOnDisk
    options: Options
    clock: Clock
    inspection: Inspection = field(init=False)
    planned: Plan = field(init=False)
    outcome: Outcome = field(init=False)
    before: Sequence[ReaderView] = ()
    memory: Memory | None = None
    dead: tuple[int, ...] = ()
    folder: str = ""
    grows: bool = False
    transaction: str = ""
    only_clean: bool = False
    names: list[str] = field(default_factory=list)
    named: str = ""
    home: str = ""
    linked: tuple[str, str] = ("", "")
    originals: dict[str, bytes] = field(default_factory=dict, repr=False)

    def found(self, inspection: Inspection, planned: Plan, key: bytes | None) -> None:
        """Take in what is in the slide and what is to be changed; the outcome begins with that.

        Parameters
        ----------
        key
            For names: which ids in them are ours.
        """
        self.inspection, self.planned = inspection, planned
        self.outcome = starting_outcome(inspection, planned, self.options.resolved(), self.slide, key)
        self.outcome.seconds = self.clock.seconds

    def prepare(self, *, dry_run: bool, grows: bool = False, name: str | None = None) -> None:
        """Inspect the slide and plan its changes: the beginning of every edit.

        Parameters
        ----------
        dry_run
            Nothing will be written, so no key is made either.
        grows
            Structures may become longer: in a copy only.
        name
            What the slide or its copy will be called, if the person said so.

        Raises
        ------
        SlideError, UsageError, EnvironmentProblem, Cancelled
            If the slide cannot be edited as asked; nothing was written.
        """
        self.grows = grows
        self.clock.lap(Stage.OPEN)
        inspection = inspected(self.slide, self.options.key, self.options.thorough)
        self.clock.lap(Stage.INSPECT)
        if not dry_run:
            self.options.make_key()
        self.options = with_label(self.options, self.slide.name, name)
        self.options = masked_for(self.slide, inspection, self.options)
        planned = planned_for(self.slide, inspection, self.options, grows=grows)
        self.clock.lap(Stage.PLAN)
        self.clock.safe_point()
        refuse_telling(self.options, removed_values(inspection, planned.decisions))
        self.found(inspection, planned, self.options.planning_key)
        self.look_at_pictures()

    def look_at_pictures(self) -> None:
        """Let another process look at the pictures that stay, if that is asked for, and tell of them in the plan.

        Raises
        ------
        SlideError, EnvironmentProblem
            If they cannot be looked at; nothing was written.
        """
        if not self.options.pictures:
            return
        from blankslide.pipeline.seen import ask_about_kept

        self.options = changed(self.options, seen_there=ask_about_kept(self.path, self.inspection, self.planned))
        self._tell_of_pictures()

    def _tell_of_pictures(self) -> None:
        seen = self.options.seen_there
        if seen is None:
            return
        from blankslide.pipeline.seen import told

        self.planned = told(self.planned, seen)
        self.outcome.decisions = self.planned.decisions
        self.outcome.residue = tuple(dict.fromkeys((*self.outcome.residue, *self.planned.left)))
        self.outcome.found = seen.found

    def look_closer(self) -> None:
        """Inspect all tiles of the slide, not only the first of each level, and plan by what is found.

        What the outcome says so far stays, its names above all: they were chosen before.

        Raises
        ------
        SlideError
            If the slide cannot be edited then; nothing was written.
        """
        self.options = changed(self.options, thorough=True)
        self.inspection = inspected(self.slide, self.options.key, thorough=True)
        self.options = masked_for(self.slide, self.inspection, self.options)
        self.planned = planned_for(self.slide, self.inspection, self.options, grows=self.grows)
        outcome = self.outcome
        outcome.decisions, outcome.residue = self.planned.decisions, self.planned.left
        outcome.notes = self.inspection.notes + self.planned.notes
        self._tell_of_pictures()

    def plan_again(self, profile: Profile) -> None:
        """Plan by a stricter profile than was asked for; what the outcome says so far stays."""
        from blankslide.planner import make_plan

        key = self.options.planning_key
        label, mask = self.options.new_label, self.options.new_mask
        self.planned = make_plan(self.inspection, profile, self.slide.views(), key, label=label, mask=mask)
        self.outcome.decisions = self.planned.decisions
        self._tell_of_pictures()

    def foretell(self, names: Sequence[str], writes: int) -> None:
        """Say what a run would need, once it is planned: the names that would be new, and bytes to be written."""
        from blankslide.pipeline.options import Foreseen

        size = sum(file.size for file in self.slide.files)
        self.options.foreseen(Foreseen(size, writes, tuple(names)))

    @property
    def is_set(self) -> bool:
        """Whether the copy has several files."""
        return len(self.names) > 1
