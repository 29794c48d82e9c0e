"""The record of a spot-check: a file with positions, verdicts and notes, and no name of a slide.

Several reviewers may be at work on one record, so each write takes over what others have said meanwhile. A reader sees
the old record or the new one, also after a power cut.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from blankslide.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from pathlib import Path

Word = Literal["pass", "fail"]
KIND = "blankslide spot-check 1"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer said of a slide.

    Attributes
    ----------
    seen
        By what the slide that was looked at is known again; empty if nobody can tell.
    """

    word: Word
    note: str = field(default="", repr=False)
    time: str = ""
    seen: str = field(default="", repr=False)


def verdicts_of(kept: Mapping[str, Mapping[str, Sequence[Any]]]) -> dict[str, dict[int, Verdict]]:
    """Return what each reviewer said, by position."""
    return {name: {int(p): Verdict(*each) for p, each in said.items()} for name, said in kept.items()}


_TYPES = {"of": int, "size": int, "seed": int, "share": float, "confidence": float, "slides": str, "reviewers": dict}


def read(path: Path) -> dict[str, Any] | None:
    """Return a record; None if there is none yet."""
    try:
        kept = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnvironmentProblem(f"the record cannot be read: {error.strerror}") from None
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or kept.get("record") != KIND or not _is_whole(kept):
        raise UsageError("the file named as record holds something else", "name another one")
    return kept


def _is_whole(kept: Mapping[str, Any]) -> bool:
    if not all(isinstance(kept.get(name), kind) for name, kind in _TYPES.items()):
        return False
    try:
        said = verdicts_of(kept["reviewers"])
    except (TypeError, ValueError, AttributeError):
        return False
    wanted, signed = kept.get("wanted", 1), kept.get("signed", [])
    if wanted not in (1, 2) or not isinstance(signed, list) or not all(name in said for name in signed):
        return False
    return all(v.word in ("pass", "fail") and 0 <= p < kept["size"] for each in said.values() for p, v in each.items())


def write(path: Path, kept: Mapping[str, Any]) -> None:
    """Write a record whole: a reader sees the old one or the new one, also after a power cut."""
    draft = path.with_name(f".{os.urandom(6).hex()}.tmp")
    try:
        with draft.open("x", encoding="utf-8") as file:
            json.dump(kept, file, ensure_ascii=True, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise EnvironmentProblem(f"the record cannot be written: {error.strerror}") from None
