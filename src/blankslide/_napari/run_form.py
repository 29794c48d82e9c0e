"""The one function that the dock, the menu and a script call, and the form that magicgui makes of it.

    from blankslide._napari.run_form import anonymize
    anonymize("slide.svs", mode="copy", folder="CLEAN", name="STUDY-7", dry_run=False)

What a run takes stands in its signature and nowhere else: the fields of the dock are those of the form, and the
button hands their values to the function. A dry run unless the caller says otherwise.
"""

# No `from __future__ import annotations`: magicgui looks at the types themselves.
from pathlib import Path
from typing import Any

from magicgui import magicgui

from blankslide import api
from blankslide._napari.settings import PROFILES
from blankslide.model import Outcome
from blankslide.policy.profiles import Profile
from blankslide.session import Session
from blankslide.wishes import IN_PLACE, MODES, Wish, typed_path

OWN = "own file …"
_NO_FOLDER = Path()


def anonymize(
    slide: Path,
    profile: Any = PROFILES[0],
    label: str = "",
    mask_macro: str = "",
    keep_label: str = "",
    name: str = "",
    dry_run: bool = True,
    mode: str = IN_PLACE,
    folder: Path = _NO_FOLDER,
    session: Any = None,
) -> Outcome | None:
    """Anonymize a slide, or say what would be done. Blocks: a face runs it in its own worker.

    Parameters
    ----------
    slide
        The slide; of one of several files its main file, or its folder.
    profile
        ``research``, ``strict``, a TOML file, or a `Profile`.
    label
        Text of a new label, such as ``{pseudonym}|HE``; empty for a blank one.
    mask_macro
        Part of the macro that goes, ``auto`` or ``X,Y,W,H``; empty for all of it.
    keep_label
        Part of the label that stays, as ``X,Y,W,H``; empty for none.
    name
        Pattern of a new name, such as ``STUDY-7`` or ``{pseudonym}``; empty to leave it.
    dry_run
        Only plan it.
    mode, folder
        ``in place``, or ``copy`` with the folder of the copy.
    session
        A session that has looked at the slide already, and whose listeners are told; it holds the errors, too.

    Raises
    ------
    BlankslideError
        If it cannot be done, unless a session was given.
    """
    wish = wish_of(label=label, mask_macro=mask_macro, keep_label=keep_label, name=name, mode=mode, folder=folder)
    held: Session = Session(slide, api.options(profile)) if session is None else session
    if session is None:
        held.load()
    if held.wish != wish:
        held.ask(wish)
    if held.wrong is None and (session is not None or held.error is None):
        held.dry_run = dry_run
        held.apply()
    problem = held.wrong or held.error
    if session is None and problem is not None:
        raise problem
    return held.outcome


def wish_of(*, folder: Any = None, **said: str) -> Wish:
    """Return what the fields of the form ask for."""
    there = typed_path(str(folder or "")) or _NO_FOLDER
    return Wish(**{key: value.strip() for key, value in said.items()}, folder=None if there == _NO_FOLDER else there)


def form(profile: str | Profile, dry_run: bool) -> Any:
    """Return the form of `anonymize`: a field for each parameter that a person chooses."""
    made = magicgui(
        anonymize,
        call_button=False,
        labels=False,
        slide={"bind": _NO_FOLDER},
        session={"bind": None},
        profile={
            "widget_type": "ComboBox",
            "choices": [*PROFILES, OWN],
            "tooltip": "research keeps what science needs; strict also removes what identifies only with much context",
        },
        label={"tooltip": "text of a new label; | begins a new line; {pseudonym} and {name} are filled in"},
        mask_macro={"tooltip": "part of the macro that goes, and the rest stays: auto, or X,Y,W,H in its pixels"},
        keep_label={"tooltip": "part of the label that stays readable, as X,Y,W,H in its pixels"},
        name={"tooltip": "new name without the suffix: STUDY-7, {pseudonym}, {stem}"},
        dry_run={"text": "dry run", "tooltip": "plan and show, write nothing"},
        mode={
            "widget_type": "RadioButtons",
            "choices": list(MODES),
            "orientation": "horizontal",
            "tooltip": "in place overwrites the file itself; copy leaves it as it is and makes a clean one elsewhere",
        },
        folder={"mode": "d", "tooltip": "folder of the clean copy"},
    )
    made.folder.line_edit.native.clear()  # an empty path would be shown as the folder "."
    made.folder.line_edit.native.setPlaceholderText("where the copy goes")
    made.folder.choose_btn.text = "choose …"
    choose(made, profile)
    made.dry_run.value = dry_run
    return made


def choose(made: Any, profile: str | Profile) -> None:
    """Show a profile in the form; one that is no name of ours is added to the list by its own name, not by its path."""
    if isinstance(profile, str) and profile in PROFILES:
        made.profile.value = profile
        return
    name = profile.name if isinstance(profile, Profile) else Path(profile).stem
    made.profile.choices = [*((each, each) for each in PROFILES), (name, profile), (OWN, OWN)]
    made.profile.value = profile


def values_of(made: Any) -> dict[str, Any]:
    """Return what stands in the form, as arguments of `anonymize`."""
    return {key: value for key, value in made.asdict().items() if key not in ("slide", "session")}
