"""Names that a person wants kept are looked for in all slides of a run before the first slide is edited.

One slide of a run may have the name while another has not. So a name is refused only if no slide has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.pipeline.choices import Done, actions_of, any_like, is_wanted, named_fields, require_all
from blankslide.pipeline.main_file import main_file

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline.options import Options
    from blankslide.policy.profiles import Profile


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
    require_all(replace(profile, ids=tuple(i for i in profile.ids if i[0] in wanted)), seen, "no slide here has")
    return replace(profile, proven=profile.proven | {name for name in wanted if any_like(seen, name)})
