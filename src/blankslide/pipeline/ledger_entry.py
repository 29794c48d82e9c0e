"""The ledger's entry for an outcome: what was done to which kinds of findings, and who judged it; never a value.

Some of what a run says cannot be found out a second time: the removed values are gone, and so is the view that
readers had of the slide before. So the entry of a run that ended NOT clean keeps its sentences, with `state_of`,
a keyed digest that recognises the slide. `remembered` looks the slide up, so that a later look says the same.
A run that ended clean on such a slide, where only bytes of tissue were in the way, says so in the same manner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem

if TYPE_CHECKING:
    from blankslide.model import Inspection, Outcome
    from blankslide.pipeline.job import Job
    from blankslide.pipeline.options import Options
    from blankslide.storage.slide_files import SlideFilesOnDisk

_CHUNK = 1 << 18


def record(
    outcome: Outcome, name: str, options: Options, state: str = "", more: Mapping[str, object] | None = None
) -> None:
    """Append the outcome to the ledger, once for each transaction, without any value.

    Parameters
    ----------
    name
        The slide's old name; only its pseudonym is recorded.
    state
        Of a slide that is not clean or may have been known as such, by `state_of`; empty if it cannot be told.
    more
        What people find the slide by, from `ledger_facts`.
    """
    ledger = options.ledger
    if ledger is None or ledger.contains(outcome.transaction):
        return
    if outcome.content == "clean" and state and not (ledger.last_with_state(state) or {}).get("told"):
        state = ""  # there is nothing to take back
    outcome.ledger_sequence = ledger.append({**_entry(outcome, name, options, state), **(more or {})})


def has_states(options: Options) -> bool:
    """Whether the ledger knows any slide that ended NOT clean."""
    with suppress(EnvironmentProblem):  # who needs it, says so
        return options.ledger is not None and options.ledger.has_states()
    return False


def _entry(outcome: Outcome, name: str, options: Options, state: str) -> Mapping[str, object]:
    from blankslide.policy.pseudonyms import slide_name
    from blankslide.version import __version__

    told = _told(outcome)
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
        "findings": [
            {"id": d.public_id, "class": d.cls.value, "action": d.action.value, "count": d.place_count}
            for d in outcome.decisions
        ],
        "residue": len(outcome.residue),
        "bytes": outcome.bytes_written,
    } | ({"state": state, "told": told} if state and (told or outcome.content == "clean") else {})


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


def state_of(slide: SlideFilesOnDisk, inspection: Inspection, options: Options) -> str:
    """Return a keyed digest of all bytes that are not tissue: the same only while nothing has changed.

    Names and places do not count, so it holds for a copy as well. Empty if no ledger would hold it.
    """
    if options.ledger is None:
        return ""
    import hmac

    from blankslide.spans import subtract

    digest = hmac.new(options.key or b"no key", digestmod="sha256")
    for file, bytemap in zip(slide.files, inspection.maps, strict=False):
        digest.update(b"file" + file.size.to_bytes(8, "big"))
        for start, end in subtract([(0, file.size)], bytemap.tissue()):
            for at in range(start, end, _CHUNK):
                stop = min(at + _CHUNK, end)
                if next(file.data_ranges(at, stop), None) is None:
                    continue
                data = file.read(at, stop - at)
                if data.count(0) != len(data):  # a hole and zeros are the same
                    digest.update(at.to_bytes(8, "big") + data)
    return digest.hexdigest()


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
        entry = ledger.last_with_state(state_of(job.slide, job.inspection, job.options))
    except EnvironmentProblem:
        if ledger.is_default:
            return ()
        raise
    told = entry.get("told") if entry else None
    return [str(sentence) for sentence in told] if isinstance(told, list) else ()
