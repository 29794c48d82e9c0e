"""How a slide is to be treated.

Options are made before anything is known of a slide, by faces that may only look. So making them makes
nothing else: the site's key is read if it is there, and made right before the first slide is edited.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from blankslide.home import KEY_BYTES, load_key
from blankslide.model import Stage
from blankslide.policy.profiles import Profile, ids_of, load

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.found.asking import Answer
    from blankslide.model import Inspection, Plan
    from blankslide.policy.labels import NewLabel
    from blankslide.policy.masks import NewMask
    from blankslide.records.ledger import Ledger
    from blankslide.records.link_table import LinkTable
    from blankslide.records.sealed import SealedFolder

_STAND_IN = os.urandom(KEY_BYTES)

Progress = Callable[[Stage, float], None]


def _quiet(stage: Stage, part: float) -> None:
    """Progress that nobody watches."""


Asks = Literal["nothing", "access", "everything"]


class Mode(NamedTuple):
    """What a person wants to be done with a slide.

    Attributes
    ----------
    out
        Folder for a copy, or None to edit the slide where it stands.
    dry_run
        Only plan it; nothing is changed or made.
    asks
        What a dry run asks beside the plan: whether the files can be written at all (``access``), or
        everything that a run asks before its first write (``everything``).
    above
        Folders below ``out`` that the copy stands in: they are part of its name.
    resumes
        A copy that is there already, and is just the one that would be made, is judged and not refused.
    only_clean
        A copy that is not clean is thrown away, whatever the profile.
    place
        Folder that the slide came from, for a slide that must never be done twice; else None.
    """

    out: str | Path | None
    dry_run: bool
    asks: Asks = "nothing"
    above: tuple[str, ...] = ()
    resumes: bool = False
    only_clean: bool = False
    place: str | None = None


class Foreseen(NamedTuple):
    """What a dry run knows beside its outcome.

    Attributes
    ----------
    size
        Bytes of all files of the slide.
    writes
        Bytes that would be written; 0 if there is nothing to do.
    names
        Names that would come into the folder of the slide or of the copy, the main one last.
    """

    size: int
    writes: int
    names: tuple[str, ...]


def _unasked(foreseen: Foreseen) -> None:
    """Nobody wants to know what a run would need."""


def _untold(inspection: Inspection, plan: Plan) -> None:
    """Nobody wants to know what the proof has found."""


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
        The site's key. None without `key_file`: links become zeros.
    key_file
        Where the key is, or will be made; see `find_key` and `make_key`.
    ledger
        Where to record, or None.
    about
        What the ledger is to say of the slide: ``requester``, and the identifiers that are kept, ``specimen``,
        ``block``, ``slide`` and ``stain``.
    links
        Where the names of slides are kept that get another one, or None.
    seal
        Where label and macro are kept as they were, sealed with the site's key, or None.
    place
        The slide's path below what a person named, for the link table; empty for its name alone.
    progress, cancelled
        Called with (stage that ended, fraction done); asked at safe points before the commit point.
    thorough
        Look into every tile for text, not only the first of each level.
    pictures
        Look for text, barcodes and ink in the pictures that stay, in another process (`pipeline.seen`).
    seen_there
        What that process has seen in the slide under way; None if nobody looked.
    label
        Pattern of a new label in the old one's place (`blankslide.policy.labels`), or None.
    new_label
        The label of the slide under way; made of the pattern.
    mask
        Which part of the macro is made blank, so that the rest can stay: ``auto`` or ``X,Y,W,H``; or None.
    new_mask
        The same for the slide under way.
    seen_after
        Called with what was found in the slide after it was written, and what would still be to do, so that
        a face need not look again; must not raise.
    foreseen
        Called by a dry run with what the run would need; must not raise.
    """

    __slots__ = (
        "about", "cancelled", "foreseen", "keep", "key", "key_file", "label", "ledger", "links", "mask", "new_label",
        "new_mask", "pictures", "place", "profile", "progress", "remove", "seal", "seen_after", "seen_there",
        "thorough",
    )  # fmt: skip

    def __init__(
        self,
        profile: str | Path | Profile = "research",
        keep: str | Sequence[str] = (),
        remove: str | Sequence[str] = (),
        key: bytes | None = None,
        key_file: Path | None = None,
        ledger: Ledger | None = None,
        about: Mapping[str, str] | None = None,
        links: LinkTable | None = None,
        seal: SealedFolder | None = None,
        place: str = "",
        progress: Progress = _quiet,
        cancelled: Callable[[], bool] = bool,
        thorough: bool = False,
        pictures: bool = False,
        seen_there: Answer | None = None,
        label: str | None = None,
        new_label: NewLabel | None = None,
        mask: str | None = None,
        new_mask: NewMask | None = None,
        seen_after: Callable[[Inspection, Plan], None] = _untold,
        foreseen: Callable[[Foreseen], None] = _unasked,
    ) -> None:
        self.profile = profile
        self.keep = keep
        self.remove = remove
        self.key = key
        self.key_file = key_file
        self.ledger = ledger
        self.about: Mapping[str, str] = {} if about is None else about
        self.links = links
        self.seal = seal
        self.place = place
        self.progress = progress
        self.cancelled = cancelled
        self.thorough = thorough
        self.pictures = pictures
        self.seen_there = seen_there
        self.label = label
        self.new_label = new_label
        self.mask = mask
        self.new_mask = new_mask
        self.seen_after = seen_after
        self.foreseen = foreseen

    def resolved(self) -> Profile:
        """Return the profile with the person's exceptions on top.

        Raises
        ------
        UsageError
            If there is no such profile, or a name is nobody's.
        """
        profile = self.profile if isinstance(self.profile, Profile) else load(os.fspath(self.profile))
        if not (self.keep or self.remove or profile.ids):
            return profile
        from blankslide.pipeline.choices import require_known

        profile = profile.keeping(*ids_of(self.keep)).removing(*ids_of(self.remove))
        require_known(profile)
        return profile

    # -- the site's key --------------------------------------------------------------------

    def find_key(self) -> None:
        """Read the site's key if its file is there by now; make nothing.

        Raises
        ------
        NoPermission, EnvironmentProblem
            If the file is there and is not a key that only its owner can read.
        """
        if self.key_file is not None and os.path.exists(self.key_file):
            self.make_key()

    def make_key(self) -> None:
        """Make sure that there is a key before a slide is edited: read it, or make it on first use.

        Raises
        ------
        NoPermission, EnvironmentProblem
            If it can be neither read nor made.
        """
        if self.key is None and self.key_file is not None:
            self.key = load_key(self.key_file)

    @property
    def planning_key(self) -> bytes | None:
        """The key to plan with. A stand-in takes the place of one that is still to be made.

        So a look plans the same changes as the run that follows, although with other new ids.
        """
        return _STAND_IN if self.key is None and self.key_file is not None else self.key
