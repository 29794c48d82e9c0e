"""The ledger's entry for an outcome: what was done to which kinds of findings, and who judged it; never a value.

Some of what a run says cannot be found out a second time: the removed values are gone, and so is the view that
readers had of the slide before. So the entry of a run that ended NOT clean keeps its sentences, with ``state``,
a keyed digest that recognises the slide. `remembered` looks the slide up, so that a later look says the same.
A run that ended clean on such a slide, where only bytes of tissue were in the way, says so in the same manner.
Every entry keeps another such digest, ``after``: by it, a certificate finds what was done to the slide in hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem
from blankslide.pipeline.digests import NOT_KNOWN, Known, known

if TYPE_CHECKING:
    from blankslide.model import Outcome
    from blankslide.pipeline.job import Job
    from blankslide.pipeline.options import Options
    from blankslide.records.ledger import Ledger


def record(
    outcome: Outcome, name: str, options: Options, known: Known = NOT_KNOWN, more: Mapping[str, object] | None = None
) -> None:
    """Append the outcome to the ledger, once for each transaction, without any value.

    Parameters
    ----------
    name
        The slide's old name; only its pseudonym is recorded.
    known
        By what the finished slide is known again; empty if it cannot be told.
    more
        What people find the slide by, from `ledger_facts`.
    """
    ledger = options.ledger
    if ledger is None or ledger.contains(outcome.transaction):
        return
    entry = {**_entry(outcome, name, options), **_known_by(outcome, ledger, known), **(more or {})}
    outcome.ledger_sequence = ledger.append(entry)


def _known_by(outcome: Outcome, ledger: Ledger, known: Known) -> Mapping[str, object]:
    """Return what the slide is known by, and what is to be said of it then; or to be taken back, if it is clean now."""
    if not known.state:
        return {}
    told = _told(outcome)
    takes_back = outcome.content == "clean" and (ledger.last_with_state(known.state) or {}).get("told")
    return {"after": known.after} | ({"state": known.state, "told": told} if told or takes_back else {})


def _entry(outcome: Outcome, name: str, options: Options) -> dict[str, object]:
    from blankslide.policy.pseudonyms import slide_name
    from blankslide.verification.observe import versions
    from blankslide.version import __version__

    return {
        "transaction": outcome.transaction,
        "slide": slide_name(name, options.key) if options.key else "",
        "tool": __version__,
        "mode": "copy" if outcome.copied else "in place",
        "format": outcome.format,
        "profile": outcome.profile,
        "content": outcome.content,
        "medium": outcome.medium,
        "name": outcome.name,
        "readers": list(outcome.readers),
        "versions": versions(outcome.readers),
        "findings": [
            {"id": d.public_id, "class": d.cls.value, "action": d.action.value, "count": d.place_count}
            for d in outcome.decisions
        ],
        "residue": len(outcome.residue),
        "bytes": outcome.bytes_written,
    }


def _told(outcome: Outcome) -> list[str]:
    """Return the sentences of what is left, unknown keys taken out of them.

    That no reader is there to judge is not among them: the next look may find one.
    """
    from blankslide.verification.compare import NOBODY

    unknown = sorted((d for d in outcome.decisions if d.id != d.public_id), key=lambda d: -len(d.id))
    told = []
    for sentence in outcome.residue:
        for d in unknown:
            sentence = sentence.replace(d.id, d.public_id)
        if not sentence.startswith(NOBODY):
            told.append(sentence)
    return list(dict.fromkeys(told))


def remembered(job: Job) -> Sequence[str]:
    """Return what a run has told that ended NOT clean on this very slide; nothing if none did.

    Raises
    ------
    EnvironmentProblem
        If a ledger that was asked for by name cannot be read; the user's own may be missing.
    """
    ledger = job.options.ledger
    if ledger is None:
        return ()
    try:
        if not ledger.has_states():
            return ()
        entry = ledger.last_with_state(known(job.slide, job.inspection, job.options).state)
    except EnvironmentProblem:
        if ledger.is_default:
            return ()
        raise
    told = entry.get("told") if entry else None
    return [str(sentence) for sentence in told] if isinstance(told, list) else ()
