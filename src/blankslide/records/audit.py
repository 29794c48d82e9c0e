"""The audit of an archive: what is left in each slide, and in all of them together.

It says nothing of who has been over the slides, and takes nobody's word: what the formats would still remove, what
the census finds that nothing explains, a file name that identifies, and files beside a slide that may hold its
original. Ids and counts, never a value; names by the rule of `public_name`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blankslide.model import Action
from blankslide.model.plan import public_sentence
from blankslide.policy.file_names import name_verdict, public_name
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from blankslide.model import Outcome

CENSUS = "census: "
"""How a sentence of the census begins."""
LEFT = "left: "
"""How a sentence about a finding that is left begins; its id follows."""

_NAME = "file name"
_BESIDE = "files beside it"
_UNEXPLAINED = "not explained"
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Left:
    """One thing that is left: its id or sentence, class, name for people and the number of places."""

    id: str
    cls: str
    what: str
    count: int

    @property
    def is_unexplained(self) -> bool:
        """Whether the census found it and nothing explains it."""
        return self.cls == _UNEXPLAINED

    @property
    def is_field(self) -> bool:
        """Whether it is a finding of the slide's format: a picture or a field."""
        return self.cls not in (_UNEXPLAINED, _OTHER, _NAME, _BESIDE)


def left_in(outcome: Outcome) -> list[Left]:
    """Return what is left in a slide, in its name, and beside it.

    Parameters
    ----------
    outcome
        Of `blankslide.pipeline.verify`.
    """
    found = {d.id: d for d in outcome.decisions if d.action is not Action.KEEP}
    left: dict[str, Left] = {}
    for sentence in outcome.residue:
        decision = found.get(sentence.removeprefix(LEFT))
        if decision is None:
            told = public_sentence(sentence, outcome.decisions)
            cls = _UNEXPLAINED if sentence.startswith(CENSUS) else _OTHER
            left[told] = Left(told, cls, told, 1)
        else:
            before = left.get(decision.public_id)
            count = decision.place_count + (before.count if before else 0)
            title = "unknown field" if decision.public_id != decision.id else decision.title
            left[decision.public_id] = Left(decision.public_id, words.class_word(decision.cls), title, count)
    if outcome.name == "identifying":
        left[_NAME] = Left("name", _NAME, "the file name itself may identify", 1)
    if outcome.sidecars:
        left[_BESIDE] = Left("beside", _BESIDE, words.sidecar_phrase(outcome.sidecars), len(outcome.sidecars))
    return list(left.values())


@dataclass(frozen=True, slots=True)
class Audited:
    """One slide of the audit: its name, its outcome, or the sentence of its refusal."""

    name: str
    outcome: Outcome | None
    error: str = ""

    @property
    def left(self) -> list[Left]:
        """What is left in it; nothing is known of a refused one."""
        return [] if self.outcome is None else left_in(self.outcome)


def content(slides: Sequence[Audited], with_names: bool = False, others: int = 0) -> dict[str, Any]:
    """Return the whole audit as plain data.

    Returns
    -------
    dict
        ``slides`` in their order, ``sum`` over all of them, and what the numbers mean.
    """
    from datetime import UTC, datetime

    from blankslide.version import __version__

    return {
        "tool": f"Blankslide {__version__}",
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "names": "shown, so this is not to be passed on" if with_names else "shown where they are plain",
        "slides": [_slide(number, slide, with_names) for number, slide in enumerate(slides, 1)],
        "sum": totals(slides),
        "other_files": others,
    }


def _slide(number: int, slide: Audited, with_names: bool) -> dict[str, Any]:
    outcome = slide.outcome
    verdict = name_verdict(slide.name) if outcome is None else outcome.name
    told: dict[str, Any] = {"slide": public_name(words.shown(slide.name), verdict, number, with_names)}
    if outcome is None:
        return told | {"result": "refused", "format": "", "left": [], "error": slide.error}
    left = [{"id": one.id, "class": one.cls, "what": _what(one, with_names), "count": one.count} for one in slide.left]
    told |= {"result": "something left" if left else "nothing left", "format": outcome.title, "left": left}
    return told | {"readers": list(outcome.readers), "error": ""}


def _what(one: Left, with_names: bool) -> str:
    if one.cls == _BESIDE and not with_names:
        return f"{one.count} file{'s' if one.count != 1 else ''} beside it may belong to it"
    return one.what


def totals(slides: Sequence[Audited]) -> dict[str, Any]:
    """Return the sum: slides by result, by format, and for each thing left the number of slides that have it."""
    formats: dict[str, Counter[str]] = {}
    things: Counter[tuple[str, str, str]] = Counter()
    classes: Counter[str] = Counter()
    results: Counter[str] = Counter()
    for slide in slides:
        left = slide.left
        result = "refused" if slide.outcome is None else "something_left" if left else "nothing_left"
        results[result] += 1
        title = slide.outcome.title if slide.outcome is not None else "not read"
        formats.setdefault(title, Counter())[result] += 1
        things.update({_kind(one) for one in left})
        classes.update({one.cls for one in left})
    return {
        "slides": len(slides),
        **{name: results[name] for name in ("something_left", "nothing_left", "refused")},
        "formats": {name: dict(sorted(count.items())) for name, count in sorted(formats.items())},
        "classes": dict(classes.most_common()),
        "things": [
            {"id": id_, "class": cls, "what": what, "slides": n} for (id_, cls, what), n in things.most_common()
        ],
    }


def _kind(one: Left) -> tuple[str, str, str]:
    """What is counted together over slides: sentences of the census by their first words, files by being there."""
    if one.cls == _UNEXPLAINED:
        return ("census", one.cls, "something that nothing explains")
    return (one.id, one.cls, "files beside the slide" if one.cls == _BESIDE else one.what)


def table(data: Mapping[str, Any]) -> str:
    """Return the audit as CSV."""
    import csv
    from io import StringIO

    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for row in rows(data):
        writer.writerow([words.guarded(cell) for cell in row])
    return out.getvalue()


def rows(data: Mapping[str, Any]) -> list[list[object]]:
    """Return a row for each thing left, and one for each slide with nothing left; headings first."""
    made: list[list[object]] = [["slide", "format", "result", "class", "what is left", "id", "places", "why refused"]]
    for slide in data["slides"]:
        first = [slide["slide"], slide["format"], slide["result"]]
        left = [[one["class"], one["what"], one["id"], one["count"], ""] for one in slide["left"]]
        made += [[*first, *row] for row in left or [["", "", "", "", slide["error"]]]]
    return made
