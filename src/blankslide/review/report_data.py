"""What the report of a spot-check says, as plain data, and the digest by which the ledger knows it.

No value is in it, and a name only where it is plain, else a number of the sample. A note is what the reviewer typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blankslide.policy.file_names import name_verdict, public_name
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from blankslide.review.check import SpotCheck

HOW = (
    "Each slide has a number, the SHA-256 of the seed, a space, and its path below the folder; the smallest numbers are"
    " the sample. The bound is exact for a finite number of slides (hypergeometric distribution)."
)


def content(check: SpotCheck, entry: int | None = None, with_names: bool = False) -> dict[str, Any]:
    """Return the report as plain data.

    Parameters
    ----------
    entry
        Number of the entry in the ledger, if it was signed.
    """
    from blankslide.version import __version__

    result = check.result()
    return {
        "spot_check": 1,
        "tool": f"Blankslide {__version__}",
        "result": result.sentence(),
        "of": result.of,
        "size": result.size,
        "seed": result.seed,
        "confidence": result.confidence,
        "looked": result.looked,
        "failed": len(result.failed),
        "bad_at_most": result.bad,
        "reviewers": list(result.reviewers) or [check.reviewer],
        "complete": check.is_complete,
        "differ": len(result.differ),
        "ledger_entry": entry,
        "slides": [
            {
                "number": position + 1,
                "slide": _name(name, position, with_names),
                "verdicts": {
                    who: {"verdict": said.word, "note": said.note, "time": said.time}
                    for who, said in check.verdicts(position).items()
                },
            }
            for position, name in enumerate(check.sample)
        ],
    }


def _name(name: str, position: int, with_names: bool) -> str:
    last = name.rpartition("/")[2]
    return public_name(words.shown(name if with_names else last), name_verdict(last), position + 1, with_names)


def canonical(data: Mapping[str, Any]) -> bytes:
    """Return the one way to write the data, without the entry's number, which is known only once the entry is there."""
    plain = {name: value for name, value in data.items() if name != "ledger_entry"}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def digest(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical form."""
    from hashlib import sha256

    return sha256(canonical(data)).hexdigest()


def digests(check: SpotCheck) -> list[str]:
    """Return the digests of the report's data, with names withheld and with all names."""
    return [digest(content(check, None, with_names)) for with_names in (False, True)]


def text_of(data: Mapping[str, Any]) -> bytes:
    """Return all data in one form, as the files hold it."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode() + b"\n"


def facts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands above the table of slides."""
    return {
        "Reviewers": ", ".join(data["reviewers"]),
        "Sample": f"{data['size']} of {data['of']} slides, seed {data['seed']}",
        "Looked at": f"{data['looked']}" if data["complete"] else f"{data['looked']}: NOT complete",
        "Not of one mind": str(data["differ"]),
        "Ledger": f"entry {data['ledger_entry']}" if data["ledger_entry"] else "not signed",
        "Data": f"SHA-256 {digest(data)}",
    }


def has_failed(slide: Mapping[str, Any]) -> bool:
    """Whether anybody failed a slide."""
    return any(said["verdict"] == "fail" for said in slide["verdicts"].values())
