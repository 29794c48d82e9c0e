"""What can be wrong with a run over several slides, and is refused before the first slide is edited.

Names that a person wants kept are looked for in all slides: one slide of a run may have the name while another has
not, so a name is refused only if no slide has it. And copies go into no folder that their slides are looked for in:
whatever stands in the target is taken for a copy, so nothing would be done, and nothing be said.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, UsageError
from blankslide.pipeline.choices import Done, actions_of, any_like, is_wanted, named_fields, require_all
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.walking import slides_in

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline.options import Options
    from blankslide.policy.profiles import Profile


def hold(paths: Sequence[str | Path], out: str | Path | None, options: Options) -> None:
    """Refuse a field to be kept that no slide of the run has; one slide alone is asked when it is opened.

    A target that holds the slides' own folder is refused as well, and a link table or sealed originals that would
    stand among the slides or the copies.

    Parameters
    ----------
    paths
        As a person names them: slides, sets and folders.
    out
        A folder below them that does not count: the one that copies go to.
    options
        Its profile is taken to have been asked then.

    Raises
    ------
    UsageError
        If so; nothing was touched.
    """
    if "" in paths:
        raise UsageError("an empty name names no slide and no folder", "`.` is the folder that you are in")
    _refuse_own_folder(paths, out)
    profile = options.resolved()
    if options.links is not None:
        options.links.keep_apart(paths, out)
    if options.seal is not None:
        options.seal.keep_apart(paths, out)
    if profile.asked and are_several(paths, out):
        options.profile = proven(profile, slides_in(paths, _untold, out), options)
        options.keep = options.remove = ()


def _refuse_own_folder(paths: Sequence[str | Path], out: str | Path | None) -> None:
    if out is None:
        return
    target = os.path.join(os.path.realpath(out), "")
    for path in paths:
        if os.path.isdir(path) and os.path.join(os.path.realpath(path), "").startswith(target):
            name = os.path.basename(os.path.realpath(path))
            raise UsageError(
                f"the copies of {name!r} would go where their slides are", "name another folder with --out"
            )


def are_several(paths: Sequence[str | Path], out: str | Path | None) -> bool:
    """Whether the run is about more than one slide."""
    return len(list(islice(slides_in(paths, _untold, out), 2))) > 1


def _untold(path: Path) -> None:
    """Files that are no slides are told about later, when the run goes through them."""


def proven(profile: Profile, paths: Iterable[Path], options: Options) -> Profile:
    """Hold the names that a person asked for against all slides of a run, before the first of them is edited.

    Parameters
    ----------
    paths
        All slides; those that cannot be looked at will say so when it is their turn.

    Returns
    -------
    Profile
        The same, which no longer asks one slide for what another has.

    Raises
    ------
    UsageError
        If a name is found in none of them, and may mean something that they have.
    """
    from blankslide.pipeline.opening import inspected, opened

    wanted = {name for name, action in named_fields(profile) if is_wanted(profile, name, action)}
    seen: dict[str, Done] = {}
    for path in paths if wanted else ():
        try:
            with opened(main_file(path)) as slide:
                seen |= actions_of(profile, inspected(slide, options.key, options.thorough))
        except (BlankslideError, OSError):
            continue
    require_all(profile._replace(ids=tuple(i for i in profile.ids if i[0] in wanted)), seen, "no slide here has")
    return profile._replace(proven=profile.proven | {name for name in wanted if any_like(seen, name)})
