"""What the person chooses: profile, filter, what is shown, dry run. Made with magicgui.

A profile may also be a TOML file; its path is used for this slide and stored nowhere. Dry
run is on until it is switched off here; the way of working is said beside it.
"""

from __future__ import annotations

from typing import Any

from magicgui import widgets

from blankslide._napari.settings import PROFILES

OWN = "own file …"


def profile_row(chosen: str) -> Any:
    """Return profile and filter, side by side."""
    names = [*PROFILES, OWN]
    profile = widgets.ComboBox(
        name="profile",
        label="Profile",
        choices=names,
        value=chosen if chosen in names else PROFILES[0],
        tooltip="research keeps what science needs; strict also removes what identifies only with much context",
    )
    words = widgets.LineEdit(name="filter", label="", tooltip="show only rows that hold this text")
    words.native.setPlaceholderText("filter")
    words.native.setClearButtonEnabled(True)
    return _row(profile, words)


def view_row() -> Any:
    """Return the two switches above the table."""
    values = widgets.CheckBox(
        name="values", text="show values", value=False, tooltip="what is hidden may name the patient"
    )
    kept = widgets.CheckBox(name="kept", text="show kept", value=False)
    return _row(values, kept)


def mode_row(dry_run: bool) -> Any:
    """Return dry run and the way of working."""
    dry = widgets.CheckBox(name="dry_run", text="dry run", value=dry_run, tooltip="plan and show, write nothing")
    mode = widgets.Label(name="mode", label="", value="in place: the file itself")
    return _row(dry, mode)


def _row(*parts: Any) -> Any:
    row = widgets.Container(widgets=list(parts), layout="horizontal", labels=False)
    row.margins = (0, 0, 0, 0)
    return row
