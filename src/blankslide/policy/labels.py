"""What is written on a new label: text with fields, such as ``{pseudonym}|STUDY-7|HE``.

A bar begins a new line. ``{pseudonym}`` is what the ledger calls the slide, and follows from its name and the site's
key; ``{name}`` is the slide's new name, without the suffix. The QR code holds the first line.

The text is the word of the person who asks, and it stays in the slide for good. So whatever looks like the number of
a case, a record or a day is refused, and so is a value that is removed from the slide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Formatter
from typing import NamedTuple

from blankslide.errors import UsageError
from blankslide.policy.file_names import name_verdict

__all__ = ["LabelPattern", "NewLabel", "is_printable", "is_pseudonym", "is_telling"]

_FIELDS = ("pseudonym", "name")
_PSEUDONYM = r"slide-[0-9a-f]{24}"
_LEAST = 3
_MOST_LINES, _MOST_LETTERS = 4, 96
_LETTERS = frozenset(" -_.:+#/()&0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_ALLOWED = "letters, digits, spaces and - _ . : + # & / ( ) in up to four lines of together 96 characters"


class NewLabel(NamedTuple):
    """A label for one slide.

    Attributes
    ----------
    text
        Its lines.
    form
        A pattern: a label of ours that it fits is what was asked for. One pseudonym is as good as another, because
        that of a slide follows from the name that it had when it got its label.
    unnamed
        Whether it holds the slide's present name, which is not known to be plain: then it may stand, but not be drawn.
    """

    text: str
    form: str
    unnamed: bool = False

    def stands(self, text: str) -> bool:
        """Whether a label that stands in the slide is what was asked for."""
        return text == self.text or re.fullmatch(self.form, text) is not None

    def require_named(self) -> None:
        """Refuse to draw a name that may identify.

        Raises
        ------
        UsageError
            If it is one.
        """
        if self.unnamed:
            raise UsageError("{name} on a label needs a new name, for the present one may identify", "give --name too")

    def require_harmless(self, removed: Iterable[str]) -> None:
        """Refuse a text that may identify.

        Parameters
        ----------
        removed
            Values that are removed from the slide.

        Raises
        ------
        UsageError
            If one of them is in the text, or it looks like the number of a case, a record or a day.
        """
        text = re.sub(_PSEUDONYM, "", self.text)
        low = text.casefold()
        if any(len(value.strip()) >= _LEAST and value.strip().casefold() in low for value in removed):
            raise UsageError("the text of the new label holds a value that is removed from the slide", "choose another")
        if is_telling(self.text):
            raise UsageError(
                "the text of the new label looks like the number of a case or a record, or like a date",
                "write {pseudonym}, or a number of the study that cannot be taken for one",
            )


class LabelPattern:
    """A pattern for labels.

    Parameters
    ----------
    text
        As a person types it.

    Raises
    ------
    UsageError
        If it has a field that nobody knows, or cannot be printed.
    """

    def __init__(self, text: str) -> None:
        try:
            pieces = list(Formatter().parse(text))
        except ValueError:
            raise UsageError("the label has a brace without its other half") from None
        for _, field, spec, conversion in pieces:
            if field is not None and (field not in _FIELDS or spec or conversion):
                known = " and ".join(f"{{{name}}}" for name in _FIELDS)
                raise UsageError(f"no such field on a label: {{{field}}}", f"fields are {known}")
        self._pieces = [(plain.replace("|", "\n"), field) for plain, field, _, _ in pieces]
        self.fields = frozenset(field for _, field in self._pieces if field)
        _require_printable(self._filled({"pseudonym": "slide-" + "0" * 24, "name": "x"}))

    def label(self, pseudonym: str, name: str, is_plain: bool) -> NewLabel:
        """Return the label of one slide.

        Parameters
        ----------
        pseudonym, name
            What the fields stand for.
        is_plain
            Whether the name was chosen, or says nothing.

        Raises
        ------
        UsageError
            If it cannot be printed.
        """
        text = self._filled({"pseudonym": pseudonym, "name": name})
        _require_printable(text)
        form = "".join(
            re.escape(plain) + (_PSEUDONYM if field == "pseudonym" else re.escape(name) if field else "")
            for plain, field in self._pieces
        )
        return NewLabel(text, form, "name" in self.fields and not is_plain)

    def _filled(self, values: dict[str, str]) -> str:
        return "".join(plain + (values[field] if field else "") for plain, field in self._pieces)


def is_telling(text: str) -> bool:
    """Whether a line of a label looks like the number of a case or a record, or like a date."""
    lines = re.sub(_PSEUDONYM, "", text).replace("/", " ").split("\n")
    return any(name_verdict(f"{line}.x") == "identifying" for line in lines)


def is_pseudonym(name: str) -> bool:
    """Whether a slide is called by its pseudonym already."""
    return re.fullmatch(_PSEUDONYM, name) is not None


def is_printable(text: str) -> bool:
    """Whether a text can stand on a label: one to four lines of the letters that there are, together not too long."""
    lines = text.split("\n")
    plain = all(line.strip() == line != "" and _LETTERS.issuperset(line) for line in lines)
    return plain and len(lines) <= _MOST_LINES and len(text) <= _MOST_LETTERS


def _require_printable(text: str) -> None:
    if not is_printable(text):
        raise UsageError("the new label cannot be printed", f"it can have {_ALLOWED}, and no empty line")
