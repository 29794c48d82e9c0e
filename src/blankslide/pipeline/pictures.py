"""Looking at a slide's pictures for its own sake: boxes for a person's eyes, and proposals for names.

Nothing is decided, named or changed by any of it, and nothing that was read is shown: a box says where, a proposal
which row of a table, or which part of a name that a pattern of the site keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model.found import Found
    from blankslide.model.sensitive import Sensitive
    from blankslide.policy.profiles import Profile


def look_at_pictures(path: str | Path) -> tuple[Found, ...]:
    """Find text, barcodes and ink in the pictures of a slide and at the edges of its lowest level.

    Nothing is changed, and nothing that was read is returned: boxes only. It takes some seconds, and the extra ``ocr``.

        >>> for box in blankslide.look_at_pictures("slide.svs"):  # doctest: +SKIP
        ...     print(box.picture, box.kind, box.x, box.y, box.w, box.h)
        label text 26 35 240 22

    Parameters
    ----------
    path
        The slide; of one of several files its main file, or its folder.

    Returns
    -------
    tuple of Found
        Picture by picture, from top to bottom.

    Raises
    ------
    BlankslideError
        If it is no slide, or the extra is not installed or not as it should be.
    """
    from blankslide.found.asking import ask, require_installed
    from blankslide.pipeline.looking import refuse_pending
    from blankslide.pipeline.main_file import main_file

    require_installed()
    main = main_file(path)
    refuse_pending(main)
    return ask(main).found


class Proposal(NamedTuple):
    """What a label seems to say about its slide; somebody has to look at it before it counts.

    Attributes
    ----------
    rows
        Numbers of the names, of those that were asked for, that stand on it.
    parts
        What patterns of the profile found: ``block``, ``stain`` and whatever else may be kept.
    case
        Whether a case number was read; its text is withheld.
    """

    rows: tuple[int, ...]
    parts: tuple[Mapping[str, Sensitive[str]], ...]
    case: bool


def propose(path: str | Path, profile: Profile, names: Sequence[str] = ()) -> Proposal:
    """Read a slide's label and macro, and propose what they say; nothing is decided, named or changed by that.

    Parameters
    ----------
    path
        The slide.
    profile
        Whose patterns say which parts of a label are block, stain and so on.
    names
        Names of slides, such as the old ones of a table: which of them stands on the label?

    Raises
    ------
    BlankslideError
        As `look_at_pictures`.
    """
    from blankslide.found.asking import ask
    from blankslide.model.sensitive import Sensitive
    from blankslide.pipeline.looking import refuse_pending
    from blankslide.pipeline.main_file import main_file
    from blankslide.policy.identifiers import KEPT

    main = main_file(path)
    refuse_pending(main)
    patterns = [own.text for own in profile.identifiers]
    answer = ask(main, ("label", "macro", "unknown"), names=names, patterns=patterns)
    kept = [{key: Sensitive(text) for key, text in parts.items() if key in KEPT} for parts in answer.parts]
    return Proposal(answer.rows, tuple(filter(None, kept)), any("case" in parts for parts in answer.parts))
