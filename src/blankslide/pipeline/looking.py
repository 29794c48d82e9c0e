"""Looking without touching: inspect a slide, plan its changes, and refuse one that waits to be recovered.

Nothing is written or made here. Where the site's key does not exist yet, a stand-in takes its place in the plan.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from blankslide.errors import SlidePending
from blankslide.pipeline.labelling import with_label
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import inspected, opened
from blankslide.pipeline.options import Options
from blankslide.planner import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection, Plan
    from blankslide.storage.slide_files import SlideFilesOnDisk


def inspect(path: str | Path, *, key: bytes | None = None, thorough: bool = False) -> Inspection:
    """Say what is in a slide; reads structure only, never coded tissue unless it is to be ``thorough``.

    Parameters
    ----------
    path
        The slide, or the folder that is one.
    key
        The site's key, to recognise replaced ids as ours.
    thorough
        Look into every tile for text.

    Raises
    ------
    SlideError, EnvironmentProblem, SlidePending
        As the error tree says; the slide is never touched.
    """
    path = main_file(path)
    refuse_pending(path)
    with opened(path) as slide:
        return inspected(slide, key, thorough)


def plan(path: str | Path, options: Options | None = None, name: str | None = None) -> tuple[Inspection, Plan]:
    """Inspect a slide and plan what the profile demands; nothing is written.

    Parameters
    ----------
    name
        What the slide or its copy will be called: a new label may bear it.
    """
    options = options or Options()
    path = main_file(path)
    refuse_pending(path)
    with opened(path) as slide:
        inspection = inspected(slide, options.key, options.thorough)
        options = masked_for(slide, inspection, with_label(options, slide.name, name))
        planned = planned_for(slide, inspection, options)
    if options.pictures:
        from blankslide.pipeline.seen import ask_about_all, told

        planned = told(planned, ask_about_all(path))
    return inspection, planned


def masked_for(slide: SlideFilesOnDisk, inspection: Inspection, options: Options) -> Options:
    """Return the options with the mask of the slide's macro, if one is asked for.

    A macro that was masked before, and of which not all is proven that stays, becomes a finding again.

    Raises
    ------
    UsageError, NotEditable
        If the mask does not fit the macro, or pixels do not confirm it.
    """
    if options.mask is None and not any(drawn.mask for drawn in inspection.drawn):
        return options
    from blankslide.pipeline.masking import with_mask

    return with_mask(options, slide, inspection)


def planned_for(slide: SlideFilesOnDisk, inspection: Inspection, options: Options, *, grows: bool = False) -> Plan:
    """Plan what is to be written; a name to be kept that the slide does not have is refused here.

    Parameters
    ----------
    grows
        Structures may become longer: in a copy only.

    Raises
    ------
    UsageError
        If so.
    """
    profile = options.resolved()
    if profile.ids:
        from blankslide.pipeline.choices import require_found

        require_found(profile, inspection)
    views = slide.views()
    key, label, mask = options.planning_key, options.new_label, options.new_mask
    return make_plan(inspection, profile, views, key, grows=grows, label=label, mask=mask)


def refuse_pending(path: str | Path) -> None:
    """Raise `SlidePending` if a journal waits for the slide's main file, or for what it is a copy of."""
    from blankslide.storage.journal_names import find_resolved

    real = os.path.realpath(path)
    if find_resolved(real) is not None:
        raise SlidePending("an earlier run was interrupted", "run: blankslide recover")
    refuse_orphan(path, os.path.dirname(real))


def refuse_orphan(path: str | Path, folder: str | None = None) -> None:
    """Raise `SlidePending` if a journal beside the slide has lost its file, and this may be a copy of that.

    An interrupted run may then have left the slide half-written, and nothing here can finish it.

    Parameters
    ----------
    folder
        The resolved folder that the slide stands in, if it is known.
    """
    from blankslide.storage.pending import could_be_of, orphans

    try:
        lost = orphans(folder if folder is not None else os.path.dirname(os.path.realpath(path)))
    except OSError:  # a folder may allow opening without listing
        return
    if not lost:
        return
    with opened(path) as slide:
        for journal in lost:
            if could_be_of(journal, slide.files[0]):
                raise SlidePending(
                    f"the journal {journal.name} beside it waits for a file that is not here any more,"
                    " and this looks like a copy of that file, perhaps half-written",
                    "bring back the file itself and run: blankslide recover; or take the original again, untouched,"
                    " and remove the journal",
                )
