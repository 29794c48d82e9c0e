"""The rows above the table: the profile with its editor, the filter, and what is shown. Made with magicgui.

A profile may also be a TOML file; its path is used for this slide and stored nowhere.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from magicgui import widgets
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget


class ProfileRow(NamedTuple):
    """The form's field for the profile, the button of the editor, and the widget that holds both."""

    profile: Any
    edit: QPushButton
    filter: Any
    native: QWidget


def profile_row(form: Any) -> ProfileRow:
    """Return profile, editor and filter, side by side."""
    native = QWidget()
    line = QHBoxLayout(native)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(4)
    word = QLabel("P&rofile")
    word.setBuddy(form.profile.native)
    edit = QPushButton("edit …")
    edit.setObjectName("edit profile")
    edit.setToolTip("change what happens to classes and single findings, and save it as a file")
    words = widgets.LineEdit(name="filter", label="", tooltip="show only rows that hold this text")
    words.native.setPlaceholderText("filter")
    words.native.setAccessibleName("filter of the findings")
    words.native.setClearButtonEnabled(True)
    words.native.setMinimumWidth(60)
    form.profile.native.setMinimumWidth(80)
    for part, stretch in ((word, 0), (form.profile.native, 2), (edit, 0), (words.native, 1)):
        line.addWidget(part, stretch)
    return ProfileRow(form.profile, edit, words, native)


def view_row() -> Any:
    """Return the two switches above the table."""
    values = widgets.CheckBox(
        name="values", text="show values", value=False, tooltip="what is hidden may name the patient"
    )
    kept = widgets.CheckBox(name="kept", text="show kept", value=False, tooltip="list what stays, too")
    look = widgets.PushButton(
        name="look",
        text="find text",
        tooltip="look for text, barcodes and ink in the pictures, and put boxes around them",
    )
    row = widgets.Container(widgets=[values, kept, look], layout="horizontal", labels=False)
    row.margins = (0, 0, 0, 0)
    return row
