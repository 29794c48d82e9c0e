"""What a certificate says of one slide, as plain data: what was done, what is there now, and what follows for whom.

Two sources are kept apart. ``done`` is the ledger's entry about the slide as it is now, found by a keyed digest;
without one it is empty, and the certificate says so. All else is the judgement of the moment when the certificate was
made. No value is in either, and a name only if it is plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.model.plan import public_sentence
from blankslide.policy.file_names import name_verdict, public_name
from blankslide.presentation import certificate_words as words
from blankslide.presentation import wording
from blankslide.records.report import levels

if TYPE_CHECKING:
    from blankslide.model import Outcome

_CODE = re.compile(r"slide-[0-9a-f]{24}")
_MOST = 10
_KEPT = ("transaction", "slide", "tool", "mode", "profile", "content", "medium", "name", "residue", "bytes")


@dataclass(slots=True)
class Judged:
    """One slide to be certified: its name, and its judgement with digests, or the sentence of its refusal.

    Attributes
    ----------
    name
        Of the main file; only shown where it is plain.
    pseudonym
        What a ledger calls a slide of this name; empty without a key.
    keyed
        Keyed digest of its bytes, as the ledger has it; empty without a key.
    sha256, size
        Plain digest of the same bytes, if it is clean; the bytes of all files.
    files
        Size and SHA-256 of each whole file, with its name.
    versions
        Of the readers that judged, by name.
    """

    name: str
    outcome: Outcome | None
    pseudonym: str = ""
    keyed: str = ""
    sha256: str = ""
    size: int = 0
    files: Sequence[tuple[str, int, str]] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


class Found(NamedTuple):
    """Lines of a ledger: about a slide as it is now, and under its name when it was otherwise; oldest first."""

    now: Sequence[Mapping[str, Any]] = ()
    earlier: Sequence[Mapping[str, Any]] = ()


class Book:
    """Gathers from a ledger what is about some slides; only that is held in memory.

    Parameters
    ----------
    slides
        Those that are asked for.
    """

    def __init__(self, slides: Sequence[Judged]) -> None:
        self._now: dict[str, list[Mapping[str, Any]]] = {s.keyed: [] for s in slides if s.keyed}
        self._called: dict[str, list[Mapping[str, Any]]] = {s.pseudonym: [] for s in slides if s.pseudonym}

    def add(self, record: Mapping[str, Any]) -> None:
        """Take in a line of the ledger, if it is about one of the slides."""
        entry = record["entry"]
        for known, word in ((self._now, "after"), (self._called, "slide")):
            told = entry.get(word)
            if isinstance(told, str) and told in known:
                known[told].append(record)

    def of(self, judged: Judged) -> Found:
        """Return what is about one of the slides."""
        now = self._now.get(judged.keyed, [])
        called = self._called.get(judged.pseudonym, [])
        return Found(now, [record for record in called if record["entry"].get("after") != judged.keyed])


def of_slide(number: int, judged: Judged, found: Found) -> dict[str, Any]:
    """Return one slide's part of the certificate.

    Parameters
    ----------
    found
        The ledger's lines about the slide.
    """
    outcome = judged.outcome
    if outcome is None:
        name = public_name(wording.shown(judged.name), name_verdict(judged.name), number)
        return {"number": number, "name": name, "content": "untouched", "error": judged.error}
    record = _own(found.now, judged.pseudonym)
    done = None if record is None else _done(record)
    return {
        "number": number,
        "name": public_name(wording.shown(judged.name), outcome.name, number),
        "format": outcome.format,
        "title": outcome.title,
        "content": outcome.content,
        "medium": _medium(done),
        "name_verdict": outcome.name,
        "profile": outcome.profile,
        "judges": judges(outcome.readers, judged.versions),
        "left": [public_sentence(sentence, outcome.decisions) for sentence in outcome.residue],
        "kept": _counted(_rows(outcome)),
        "beside": len(outcome.sidecars),
        "levels": {key: bool(level["reached"]) for key, level in levels(outcome).items()},
        "pseudonymised": outcome.content == "clean" and outcome.name == "plain",
        "hipaa": _items(judged.name, outcome, done),
        "done": done,
        "same_name": record is not None and record["entry"].get("slide") == judged.pseudonym,
        "same": [other["seq"] for other in found.now if other is not record],
        **_earlier(found.earlier, record),
        "keyed": judged.keyed,
        "sha256": judged.sha256,
        "bytes": judged.size,
        "files": _files(judged, outcome),
    }


def _earlier(records: Sequence[Mapping[str, Any]], own: Mapping[str, Any] | None) -> dict[str, list[int]]:
    """Return the last entries under the slide's name before its own, with a digest of it or without."""
    before = [record for record in records if own is None or record["seq"] < own["seq"]]
    known = [record["seq"] for record in before if record["entry"].get("after")]
    unsure = [record["seq"] for record in before if not record["entry"].get("after")]
    return {"earlier": known[-_MOST:], "unsure": unsure[-_MOST:]}


def _own(records: Sequence[Mapping[str, Any]], pseudonym: str) -> Mapping[str, Any] | None:
    """Return the last entry under the slide's own name, else the last one: copies of a slide have the same content."""
    own = [record for record in records if pseudonym and record["entry"].get("slide") == pseudonym]
    return next(reversed(own or [*records]), None)


def judges(readers: Sequence[str], versions: Mapping[str, str]) -> list[str]:
    """Return the names of readers with their versions, where these are known."""
    return [f"{name} {versions.get(name, '')}".rstrip() for name in readers]


def counted_by_content(parts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count the slides of a certificate by what they are now."""
    counts = dict.fromkeys(("clean", "residue", "pending", "untouched"), 0)
    for part in parts:
        counts[part["content"]] += 1
    return counts


def _done(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry of the ledger says; a key that an older version did not write is empty."""
    entry = record["entry"]
    return {name: entry.get(name, "") for name in _KEPT} | {
        "sequence": record["seq"],
        "hash": record["hash"],
        "time": record["time"],
        "judges": judges(entry.get("readers", ()), entry.get("versions", {})),
        "findings": _counted(entry.get("findings", ())),
    }


def _counted(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add up rows of one id and action: several unknown fields share their public id."""
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        made = out.setdefault(
            (row["id"], row["action"]),
            {"id": row["id"], "class": row["class"], "action": row["action"], "fields": 0, "count": 0},
        )
        made["fields"] += 1
        made["count"] += row["count"]
    return list(out.values())


def _rows(outcome: Outcome) -> list[dict[str, Any]]:
    """Return what the slide holds now that was found: all of it stays, or is left."""
    return [
        {"id": d.public_id, "class": d.cls.value, "action": d.action.value, "count": d.place_count}
        for d in outcome.decisions
    ]


def _medium(done: Mapping[str, Any] | None) -> dict[str, str]:
    if done is None:
        return {"verdict": "unknown", "in_words": "not known, as it was not seen how the slide was written"}
    verdict = str(done["medium"])
    return {"verdict": verdict, "in_words": wording.medium_words(verdict, copied=done["mode"] == "copy")}


def _files(judged: Judged, outcome: Outcome) -> list[dict[str, Any]]:
    """Return each whole file; its name only where the verdict on all names of the slide is plain."""
    shown = outcome.name == "plain"
    return [
        {"name": wording.shown(name) if shown else f"file {number}", "bytes": size, "sha256": digest}
        for number, (name, size, digest) in enumerate(judged.files, 1)
    ]


def _items(name: str, outcome: Outcome, done: Mapping[str, Any] | None) -> dict[str, dict[str, str]]:
    """Answer the items of HIPAA's Safe Harbor that a slide is about: yes only if nothing is known against it."""
    against = ""
    if outcome.content != "clean":
        against = words.LEFT_IN
    elif outcome.name != "plain":
        against = words.NAME_MAY
    out = {}
    for item in words.ITEMS:
        why = against or (_codes(name, done) if item == "18" else "")
        out[item] = {"gone": "no" if why else "yes", "because": why or words.GONE[item]}
    return out


def _codes(name: str, done: Mapping[str, Any] | None) -> str:
    """Say whether ids that link were replaced by codes, or may have been."""
    if _CODE.match(name):
        return words.CODE_NAME
    if done is None:
        return words.CODES_UNKNOWN
    replaced = [row for row in done["findings"] if row["action"] == "U" or (row["class"], row["action"]) == ("K", "D")]
    return words.CODES.format(words.count_of(sum(row["fields"] for row in replaced), "field")) if replaced else ""
