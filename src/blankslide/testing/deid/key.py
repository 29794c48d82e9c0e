"""The answer key: for each slide, what has to be done with what was planted. Its form is ``key.schema.json`` here.

Actions are called as in the MIDI-B challenge: ``text_removed``, ``text_retained``, ``pixels_hidden`` and
``pixels_retained``.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

KEY_NAME = "key.json"
REMOVED, RETAINED, HIDDEN, TISSUE = "text_removed", "text_retained", "pixels_hidden", "pixels_retained"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was planted, or that has to stay.

    Attributes
    ----------
    action
        What has to be done with it: one of the four above.
    kind
        What it is: ``person``, ``case``, ``date``, ``place``, ``device``, ``picture``, ``science``, ``tissue`` ...
    where
        ``ordinary`` (where the vendor writes it), ``rare`` (where some scanner or converter may) or ``hostile``
        (where nobody looks).
    what
        A name for it, without the value.
    needles
        Bytes of which none may be left, or all must be: texts in the code that they are stored in, parts of coded
        pictures.
    text
        The value, where it is one text: it is then looked for in other spellings, too.
    role
        The picture, for ``pixels_hidden``: ``label``, ``macro`` ...
    """

    action: str
    kind: str
    where: str
    what: str
    needles: tuple[bytes, ...] = ()
    text: str = ""
    role: str = ""

    def __repr__(self) -> str:
        return f"<Item {self.action} {self.what}>"


@dataclass(frozen=True, slots=True)
class Case:
    """One slide of the benchmark: its main file, below the folder of the key, its format, and what has to be done."""

    file: str
    format: str
    items: tuple[Item, ...]


def write(folder: Path, seed: int, cases: list[Case]) -> Path:
    """Write the key into the folder of the slides."""
    told = [{"file": c.file, "format": c.format, "items": [_plain(item) for item in c.items]} for c in cases]
    path = folder / KEY_NAME
    path.write_text(json.dumps({"version": 1, "seed": seed, "slides": told}, indent=1) + "\n", encoding="utf-8")
    return path


def read(folder: Path) -> list[Case]:
    """Read the key of a folder back."""
    told = json.loads((folder / KEY_NAME).read_text(encoding="utf-8"))
    return [Case(c["file"], c["format"], tuple(map(_item, c["items"]))) for c in told["slides"]]


def _plain(item: Item) -> dict[str, Any]:
    plain = {
        name: value for name, value in asdict(item).items() if value or name in ("action", "kind", "where", "what")
    }
    if item.needles:
        plain["needles"] = [base64.b64encode(needle).decode() for needle in item.needles]
    return plain


def _item(told: dict[str, Any]) -> Item:
    needles = tuple(base64.b64decode(needle) for needle in told.get("needles", ()))
    return Item(**told | {"needles": needles})
