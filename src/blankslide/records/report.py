"""One page that says what was done to slides, for people who were not there.

For each slide: what was found (ids, counts, places – never a value), what was done about it,
who judged, what the file and the storage device may still hold, and which levels of the
guideline by Bisson et al. (Digital Health 2023) are reached: I file name, II pictures
unlinked, III pictures destroyed, IV metadata. Level V is never claimed: the tiles of level 0
stay linkable to the original, and every report says so.

A name that is not known to be plain is withheld (`naming.public_name`), unless the site asks for
names for its own use; the keys of unknown fields always are. HTML and JSON say the same, CSV one row a slide; the
HTML page holds no script and loads nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import EnvironmentProblem, NoPermission, UsageError
from blankslide.model import Action, PhiClass
from blankslide.model.plan import public_sentence
from blankslide.policy.file_names import name_verdict, public_name
from blankslide.presentation import wording as words
from blankslide.records.workbook import SUFFIX, require

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome

LINKABLE = (
    "Level V (the tissue can no longer be linked) is not claimed and cannot be: the tiles of level 0 stay linkable "
    "to the original and to any other image of the same section."
)
_LEVELS = {
    "I": "the file name does not identify",
    "II": "label and macro are not referenced",
    "III": "label and macro are destroyed",
    "IV": "all identifying metadata is gone",
}
_SUFFIXES = (".html", ".htm", ".json", ".csv", ".xlsx")


class Section(NamedTuple):
    """One slide of the report: its name, and its outcome or the sentence of its refusal."""

    name: str
    outcome: Outcome | None
    error: str = ""


def section(outcome: Outcome) -> Section:
    """Return the section for an outcome of a run over many slides, which knows its path."""
    name = "" if outcome.path is None else outcome.path.name
    return Section(name, None if outcome.error else outcome, outcome.error)


def check(path: Path, names: object = None) -> None:
    """Refuse a report that cannot be written, before anything is done.

    Parameters
    ----------
    names
        The table that says how slides are called; if it is a file, the report may not take its place.

    Raises
    ------
    UsageError
        If the suffix is none of ``.html``, ``.json``, ``.csv`` and ``.xlsx``: no slide is overwritten by mistake.
        And if it is the table of names, which may be all that leads back to the old ones.
    EnvironmentProblem
        If the folder is missing or refuses.
    """
    if path.suffix.lower() not in _SUFFIXES:
        problem = f"the report's name must end in .html, .json, .csv or .xlsx, and {path.name!r} does not"
        raise UsageError(problem, "name another file with --report")
    if path.suffix.lower() == SUFFIX:
        require()
    if isinstance(names, str | os.PathLike) and path.exists() and os.path.exists(names) and path.samefile(names):
        raise UsageError(f"the report would take the place of the table of names {path.name!r}", "name another file")
    folder = path.absolute().parent
    if path.is_dir():
        raise EnvironmentProblem(
            f"the report cannot be written: {path.name!r} is a folder", "name a file with --report"
        )
    if not folder.is_dir():
        problem = f"the report {path.name!r} cannot be written: its folder does not exist"
        raise EnvironmentProblem(problem, "make it, or name another with --report")
    if not os.access(folder, os.W_OK):
        raise NoPermission(f"the report {path.name!r} cannot be written there")


def write(path: Path, sections: Sequence[Section], with_names: bool = False, others: Sequence[str] = ()) -> None:
    """Write the report; a reader sees the old file or the whole new one.

    Parameters
    ----------
    path
        The file, .html, .json, .csv or .xlsx.
    sections
        In the order of the run.
    with_names
        Show all names as they are: such a report stays in the house.
    others
        Names of files that are no slides and were left alone.

    Raises
    ------
    UsageError, EnvironmentProblem
        If it cannot be written.
    """
    check(path)
    data = content(sections, with_names, others)
    text: str | bytes
    if path.suffix.lower() == ".json":
        import json

        text = json.dumps(data, ensure_ascii=True, indent=1) + "\n"
    elif path.suffix.lower() == ".csv":
        from blankslide.records.report_csv import table

        text = table(data)
    elif path.suffix.lower() == SUFFIX:
        from blankslide.records.report_csv import book

        text = book(data)
    else:
        from blankslide.records.report_html import page

        text = page(data)
    write_text(path, text)


def write_text(path: Path, text: str | bytes) -> None:
    """Write a file whole: a reader sees the old one or the new one.

    Raises
    ------
    EnvironmentProblem
        If it cannot be written.
    """
    draft = path.with_name(f".{os.urandom(6).hex()}.tmp")
    try:
        if isinstance(text, bytes):
            draft.write_bytes(text)
        else:
            draft.write_text(text, "utf-8")
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise EnvironmentProblem(f"the report cannot be written: {error.strerror}") from None


# -- what a report says ------------------------------------------------------------------


def content(sections: Sequence[Section], with_names: bool = False, others: Sequence[str] = ()) -> dict[str, Any]:
    """Return the whole report as plain data."""
    from datetime import UTC, datetime

    from blankslide.version import __version__

    return {
        "tool": f"Blankslide {__version__}",
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "level_v": LINKABLE,
        "names": "shown, so this is not to be passed on" if with_names else "shown where they are plain",
        "slides": [_slide(number, section, with_names) for number, section in enumerate(sections, 1)],
        "others": [_stranger(number, name, with_names) for number, name in enumerate(others, 1)],
    }


def _stranger(number: int, name: str, with_names: bool) -> str:
    return public_name(words.shown(name), name_verdict(name), f"file {number} (name withheld)", with_names)


def _slide(number: int, section: Section, with_names: bool) -> dict[str, Any]:
    outcome = section.outcome
    if outcome is None:
        verdict = name_verdict(section.name)
        name = public_name(words.shown(section.name), verdict, number, with_names)
        return {"slide": name, "result": "refused", "error": section.error}
    return {
        "slide": public_name(words.shown(outcome.target or section.name), outcome.name, number, with_names),
        "result": _result(outcome),
        "mode": "copy" if outcome.copied else "in place",
        "format": outcome.title,
        "profile": outcome.profile,
        "findings": _findings(outcome),
        "left": [public_sentence(sentence, outcome.decisions) for sentence in outcome.residue],
        "coincidences": [public_sentence(sentence, outcome.decisions) for sentence in outcome.coincidences],
        "readers": list(outcome.readers),
        "pictures": _pictures(outcome),
        "tissue": _tissue(outcome),
        "medium": outcome.medium,
        "medium_in_words": words.medium_words(outcome.medium, copied=outcome.copied),
        "name": outcome.name,
        "sidecars": len(outcome.sidecars),
        "levels": levels(outcome),
        "bytes_written": outcome.bytes_written,
        "transaction": outcome.transaction or None,
        "ledger_entry": outcome.ledger_sequence,
    }


def _result(outcome: Outcome) -> str:
    if outcome.content == "residue" and outcome.copied and not outcome.target:
        return "not clean, no copy was kept"
    words_of = {"residue": "not clean", "untouched": "nothing was changed", "pending": "interrupted"}
    return words_of.get(outcome.content, outcome.content)


def _findings(outcome: Outcome) -> list[dict[str, Any]]:
    """One row for each finding; unknown fields of one store share a row, without their keys."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for d in outcome.decisions:
        unknown = d.cls is PhiClass.UNKNOWN
        action = words.action_word(d)
        row = rows.setdefault(
            (d.public_id, action),
            {
                "id": d.public_id,
                "what": "unknown fields" if unknown else d.title,
                "class": words.class_word(d.cls),
                "action": action,
                "fields": 0,
                "places": 0,
                "where": [],
                "identifying": False,
            },
        )
        row["fields"] += 1
        row["places"] += d.place_count
        row["identifying"] |= d.identifying or d.action is not Action.KEEP
        if d.where not in row["where"]:
            row["where"].append(d.where)
    return list(rows.values())


def _pictures(outcome: Outcome) -> str:
    """Say whether anybody has looked for writing in what stays; where it is, findings say."""
    if outcome.found is None:
        return "those that stay were not looked at for text"
    count = len(outcome.found)
    return f"looked at for text, barcodes and ink: {count or 'no'} place{'s' if count != 1 else ''} in those that stay"


def _tissue(outcome: Outcome) -> dict[str, str] | None:
    before, after = outcome.tissue
    return {"before": before, "after": after, "algorithm": "BLAKE2b-256 of all coded tissue"} if before else None


def levels(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """Say which levels of the guideline are reached, and which are not claimed.

    Returns
    -------
    dict
        I to V -> ``reached`` and ``meaning``. Nothing is reached that was not judged.
    """
    kept = [r for r in outcome.residue if r.startswith("kept: ")]
    judged = outcome.content == "clean" or (outcome.content == "residue" and len(kept) == len(outcome.residue))
    pictures = judged and not any(d.cls is PhiClass.IMAGE and d.identifying for d in outcome.decisions)
    reached = {"I": outcome.name == "plain", "II": pictures, "III": pictures, "IV": outcome.content == "clean"}
    if outcome.content == "residue":
        reached["IV"] = judged and not any(d.cls is not PhiClass.IMAGE and d.identifying for d in outcome.decisions)
    out: dict[str, dict[str, Any]] = {key: {"reached": reached[key], "meaning": _LEVELS[key]} for key in _LEVELS}
    out["V"] = {"reached": False, "meaning": LINKABLE}
    return out
