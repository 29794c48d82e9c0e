"""Is a saved notebook free of what cards showed? It is looked for by where it could stand, and by value.

Pictures stand in outputs, in attachments and in states of widgets. Values stand anywhere; which they are is known only
to whoever still has the slide, so they are handed in. Names of slides are judged as file names are everywhere else.
What is found is told by its place and kind, never by its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import EnvironmentProblem, NoPermission, SlideError
from blankslide.policy.file_names import name_verdict

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 512 << 20
_STATES = "application/vnd.jupyter.widget-state+json"
_OURS = frozenset(
    "_anywidget_id _css _dom_classes _esm _model_module _model_module_version _model_name _view_count _view_module"
    " _view_module_version _view_name layout own still tabbable tooltip".split()
)
_CODED = re.compile(r"data:image/|iVBORw0KGgo|/9j/[A-Za-z0-9+/]|R0lGOD|UklGR|SUkqA|TU0AK")
_NAME = re.compile(
    r"[\w.-][\w .()-]{0,120}\.(?:svs|ndpis?|mrxs|tiff?|dcm|i?syntax|scn|bif|vms|vmu|czi|qptiff|svslide|afi|mds|zvi)\b",
    re.I,
)
_SHORTEST = 4


class Left(NamedTuple):
    """Something that a notebook still holds.

    Attributes
    ----------
    where
        ``cell 3``, or ``states of widgets``.
    kind
        ``picture``, ``state``, ``value`` or ``name``.
    what
        In words, without the text itself.
    """

    where: str
    kind: str
    what: str


def read(path: Path) -> Mapping[str, Any]:
    """Return a notebook.

    Raises
    ------
    SlideError
        If it is none.
    EnvironmentProblem
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except PermissionError:
        raise NoPermission("the notebook cannot be read") from None
    except OSError as problem:
        raise EnvironmentProblem(f"the notebook cannot be read: {problem.strerror}") from None
    try:
        found = json.loads(data) if len(data) <= _LARGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise SlideError("this is no notebook of the fourth format", "name a file that ends in .ipynb")
    return found


def left_in(notebook: Mapping[str, Any], values: Iterable[str] = ()) -> list[Left]:
    """Return what a notebook holds that it must not, in its order.

    Parameters
    ----------
    values
        What identifies the patients of the slides; those of fewer than four characters are not looked for.
    """
    wanted = sorted({value for value in values if len(value.strip()) >= _SHORTEST})
    found: list[Left] = []
    for where, part in _parts(notebook):
        texts = [*_texts(part)]
        found += _pictures(where, part, texts)
        count = sum(any(value in text for text in texts) for value in wanted)
        if count:
            found.append(Left(where, "value", f"{_count(count, 'value')} of the slides"))
        names = {m[0].strip() for text in texts for m in _NAME.finditer(text) if len(text) < 1 << 20}
        bad = sum(name_verdict(name) == "identifying" for name in names)
        if bad:
            found.append(Left(where, "name", f"{_count(bad, 'file name')} that may identify"))
    return [*found, *_states(notebook)]


def _parts(notebook: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for number, cell in enumerate(notebook["cells"], 1):
        yield f"cell {number}", cell
    yield "states of widgets", notebook.get("metadata", {})


def _texts(part: Any) -> Iterator[str]:
    """Yield all texts of a part, keys too; sources that are kept as lists of lines are whole."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for key, one in part.items():
            yield str(key)
            yield from _texts(one)
    elif isinstance(part, Sequence):
        if part and all(isinstance(line, str) for line in part):
            yield "".join(part)
        else:
            for one in part:
                yield from _texts(one)


def _pictures(where: str, part: Any, texts: Sequence[str]) -> list[Left]:
    kinds = sum(text.startswith("image/") for text in texts if len(text) < 40)
    coded = sum(bool(_CODED.search(text)) for text in texts)
    attached = isinstance(part, Mapping) and bool(part.get("attachments"))
    return [Left(where, "picture", _count(max(kinds, coded), "picture"))] if kinds or coded or attached else []


def _states(notebook: Mapping[str, Any]) -> list[Left]:
    """Return states of widgets that hold more than a summary: whoever made them, they keep what was shown."""
    metadata = notebook.get("metadata")
    kept = metadata.get("widgets", {}) if isinstance(metadata, Mapping) else {}
    states = kept.get(_STATES, {}).get("state", {}) if isinstance(kept, Mapping) else {}
    bad = sum(_tells(model) for model in states.values()) if isinstance(states, Mapping) else 0
    return [Left("states of widgets", "state", f"{_count(bad, 'widget')} with what was shown in it")] if bad else []


def _tells(model: Any) -> bool:
    state = model.get("state", {}) if isinstance(model, Mapping) else model
    if not isinstance(state, Mapping):
        return True
    if "still" in state:
        return bool(set(state) - _OURS or model.get("buffers"))
    shown = [state.get(name) for name in ("value", "description", "placeholder", "options", "_options_labels")]
    return bool(model.get("buffers") or any(isinstance(one, str | list) and one for one in shown))


def _count(number: int, word: str) -> str:
    return f"{max(1, number)} {word}{'s' if number > 1 else ''}"
