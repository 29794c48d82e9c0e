"""The folder that is a slide: where one DICOM series has a folder of its own, its name follows that of the slide.

The folder stands outside of what a journal can reach, which lies in it. So it gets its name last, in one step, when the
slide is finished and its journal is gone. A run that died before that step is begun again: the files have their names
then, the folder has not, and gets it. What stands in the way is asked before the first write.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem, NoPermission, SlideLinked
from blankslide.model import FOLDER_STAYS
from blankslide.pipeline.main_file import is_series_folder
from blankslide.pipeline.result_names import has_own_folder, worst_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome


def new_home(named: Path, name: str, format: str) -> str:
    """Return what the folder is to be called; empty if nobody named it, or it is called so, or is no slide's own.

    Parameters
    ----------
    named
        What a person named, or a run found.
    name
        The slide's new name, with its suffix.
    """
    if not has_own_folder(format) or not named.is_dir() or named.name in ("", ".."):
        return ""
    home = os.path.splitext(name)[0]
    return home if home != named.name and is_series_folder(named) else ""


def require_free(named: Path, home: str) -> None:
    """Refuse a name that the folder cannot get; nothing is written.

    Raises
    ------
    SlideLinked, NoPermission, EnvironmentProblem
        If it is a link, if the folder above is read-only, or if the name is taken.
    """
    if named.is_symlink():
        raise SlideLinked("the slide was named by a symbolic link, which would lead nowhere", "name the folder itself")
    if os.path.lexists(named.with_name(home)):
        raise EnvironmentProblem("another file already has the new name", "choose another --name")
    if not os.access(named.absolute().parent, os.W_OK):
        raise NoPermission("the folder above that of the slide is read-only, so it cannot get its new name")


def name_folder(named: Path, home: str, outcome: Outcome) -> None:
    """Give the folder its name; a slide whose folder keeps its old one is finished all the same, and says so."""
    from blankslide.policy.file_names import name_verdict
    from blankslide.storage.renames import rename_folder

    try:
        rename_folder(str(named.absolute().parent), named.name, home)
        outcome.target = home
    except EnvironmentProblem:
        outcome.notes += (FOLDER_STAYS,)
        outcome.name = worst_of({outcome.name, name_verdict(named.name)})
