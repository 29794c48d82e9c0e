"""A spot-check: who looked at which slides, what they said, and what follows for all slides.

The sample is drawn again from its seed whenever the check is gone on with, so the record holds no name: positions in
the sample, verdicts, who gave them and when, and a digest that tells the set of slides from another one. A second
reviewer who opens the record does not see what the first one said, until both have looked at everything. A slide has
failed if anybody failed it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.review.bound import at_most, sample_size
from blankslide.review.draw import digest, drawn, new_seed

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.records.ledger import Ledger

Word = Literal["pass", "fail"]
KIND = "blankslide spot-check 1"
LONGEST_NOTE = 500


class Terms(NamedTuple):
    """What is asked of a sample.

    Attributes
    ----------
    share
        At most this share of the slides may be bad, between 0 and 1.
    confidence
        How sure that shall be, between 0 and 1.
    size
        Slides to look at; by default the fewest that are enough if none fails.
    seed
        To draw the same again; a new one by default.
    """

    share: float = 0.05
    confidence: float = 0.95
    size: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer said of a slide."""

    word: Word
    note: str = field(default="", repr=False)
    time: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What the check says.

    Attributes
    ----------
    of, size, seed, confidence
        All slides, those of the sample, and how it was drawn.
    looked, failed
        How many slides somebody has looked at, and how many of these somebody failed.
    bad
        At most so many of all slides are bad.
    reviewers
        Who has looked at the whole sample.
    differ
        Positions at which these do not say the same.
    """

    of: int
    size: int
    seed: int
    confidence: float
    looked: int
    failed: tuple[int, ...]
    bad: int
    reviewers: tuple[str, ...]
    differ: tuple[int, ...]

    @property
    def share(self) -> float:
        """At most this share of all slides is bad."""
        return self.bad / self.of

    def sentence(self) -> str:
        """Say what follows for all slides."""
        found = f"{len(self.failed)} of {self.looked} failed" if self.failed else f"no failure in {self.looked}"
        return (
            f"{found} of {self.of} slides (seed {self.seed}): at most {self.bad} are bad"
            f" ({self.share * 100:.3g} %), {self.confidence * 100:g} % sure"
        )


class SpotCheck:
    """One reviewer's spot-check of a set of slides.

    Parameters
    ----------
    names
        All slides, by their paths below the folder that is checked.
    reviewer
        Who looks.
    record
        File that the verdicts are kept in; what it holds already is gone on with.
    terms
        What is asked; of a record that is there, only what it was begun with.

    Attributes
    ----------
    sample
        The names that are looked at, in their order.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the record is another one's, or cannot be read or written.
    """

    def __init__(
        self, names: Sequence[str], reviewer: str, record: Path | None = None, terms: Terms | None = None
    ) -> None:
        if not reviewer.strip():
            raise UsageError("a spot-check needs the name of who looks", "give it with --reviewer NAME")
        if not names:
            raise UsageError("there is no slide to draw from")
        self.reviewer, self.record = reviewer.strip(), record
        self.of, self._digest = len(set(names)), digest(names)
        kept = _read(record) if record is not None else None
        if kept is None:
            self._begin(terms or Terms())
        else:
            self._go_on(kept, terms)
        self.sample = drawn(names, self.size, self.seed)
        self._save()

    def _begin(self, terms: Terms) -> None:
        size = terms.size if terms.size is not None else sample_size(self.of, terms.share, terms.confidence)
        if not 0 < size <= self.of:
            raise UsageError(f"a sample of {size} cannot be drawn from {self.of} slides")
        self.size, self.confidence, self.share = size, terms.confidence, terms.share
        self.seed = new_seed() if terms.seed is None else terms.seed
        self._said: dict[str, dict[int, Verdict]] = {self.reviewer: {}}

    def _go_on(self, kept: Mapping[str, Any], terms: Terms | None) -> None:
        if kept["slides"] != self._digest:
            raise UsageError(
                "the record is of another set of slides: some were added, renamed or removed",
                "begin a new record, or bring the folder back to what it was",
            )
        self.size, self.confidence, self.share = kept["size"], kept["confidence"], kept["share"]
        self.seed = kept["seed"]
        if terms is not None and (terms.seed not in (None, self.seed) or terms.size not in (None, self.size)):
            raise UsageError("the record was begun with another seed or size", "leave them out to go on with it")
        self._said = _verdicts(kept["reviewers"])
        self._said.setdefault(self.reviewer, {})

    # -- looking ---------------------------------------------------------------------------

    @property
    def own(self) -> Mapping[int, Verdict]:
        """What this reviewer said, by position."""
        return self._said[self.reviewer]

    @property
    def is_complete(self) -> bool:
        """Whether this reviewer has looked at the whole sample."""
        return len(self.own) == self.size

    def next_open(self, after: int = -1) -> int | None:
        """Return the first position that this reviewer has not judged: behind a position, else from the beginning."""
        order = [*range(after + 1, self.size), *range(min(after + 1, self.size))]
        return next((position for position in order if position not in self.own), None)

    def give(self, position: int, word: Word, note: str = "") -> None:
        """Take a verdict, or another one in its place, and keep it in the record.

        Raises
        ------
        UsageError
            If there is no such position, or the note is too long.
        """
        if not 0 <= position < self.size:
            raise UsageError(f"there is no slide {position + 1} in a sample of {self.size}")
        if len(note) > LONGEST_NOTE:
            raise UsageError(f"a note has at most {LONGEST_NOTE} characters")
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._said[self.reviewer][position] = Verdict(word, note.strip(), now)
        self._save()

    # -- what follows ----------------------------------------------------------------------

    def result(self) -> Result:
        """Return what follows from what was said so far; of others only if both have looked at everything."""
        done = {name: said for name, said in self._said.items() if len(said) == self.size}
        counted = done if self.is_complete else {self.reviewer: dict(self.own)}
        looked = set().union(*counted.values()) if counted else set()
        failed = sorted({p for said in counted.values() for p, verdict in said.items() if verdict.word == "fail"})
        differ = sorted(p for p in looked if len({said[p].word for said in counted.values() if p in said}) > 1)
        return Result(
            self.of,
            self.size,
            self.seed,
            self.confidence,
            len(looked),
            tuple(failed),
            at_most(self.of, len(looked), len(failed), self.confidence),
            tuple(sorted(done)) if self.is_complete else (),
            tuple(differ),
        )

    def verdicts(self, position: int) -> Mapping[str, Verdict]:
        """Return what all reviewers said of a slide, once this one has looked at everything; before, only the own."""
        if not self.is_complete:
            return {self.reviewer: self.own[position]} if position in self.own else {}
        return {name: said[position] for name, said in self._said.items() if len(said) == self.size}

    def sign(self, ledger: Ledger, names: Mapping[int, str] | None = None) -> int:
        """Write the result into the ledger.

        Parameters
        ----------
        names
            How the ledger knows the slides that failed, by position.

        Returns
        -------
        int
            The number of the entry.

        Raises
        ------
        UsageError
            If the sample was not looked at whole.
        EnvironmentProblem
            If the ledger cannot be written.
        """
        from blankslide.version import __version__

        if not self.is_complete:
            raise UsageError(f"{self.size - len(self.own)} of the sample were not looked at yet")
        result = self.result()
        return ledger.append(
            {
                "kind": "spot-check",
                "transaction": f"spot-check-{os.urandom(12).hex()}",
                "tool": __version__,
                "reviewer": self.reviewer,
                "reviewers": list(result.reviewers),
                "of": result.of,
                "size": result.size,
                "seed": result.seed,
                "slides": self._digest,
                "confidence": result.confidence,
                "failed": [(names or {}).get(position, "") for position in result.failed],
                "failures": len(result.failed),
                "bad_at_most": result.bad,
                "differ": len(result.differ),
            }
        )

    # -- the record ------------------------------------------------------------------------

    def _save(self) -> None:
        if self.record is None:
            return
        kept = _read(self.record)
        if kept is not None:  # another reviewer may be at work on the same record
            for name, said in _verdicts(kept["reviewers"]).items():
                if name != self.reviewer:
                    self._said[name] = said
        _write(self.record, self._plain())

    def _plain(self) -> dict[str, Any]:
        return {
            "record": KIND,
            "of": self.of,
            "size": self.size,
            "seed": self.seed,
            "share": self.share,
            "confidence": self.confidence,
            "slides": self._digest,
            "reviewers": {
                name: {str(p): [v.word, v.note, v.time] for p, v in sorted(said.items())}
                for name, said in self._said.items()
            },
        }


def _verdicts(kept: Mapping[str, Mapping[str, Sequence[Any]]]) -> dict[str, dict[int, Verdict]]:
    return {name: {int(p): Verdict(*each) for p, each in said.items()} for name, said in kept.items()}


_TYPES = {"of": int, "size": int, "seed": int, "share": float, "confidence": float, "slides": str, "reviewers": dict}


def _read(path: Path) -> dict[str, Any] | None:
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
        said = _verdicts(kept["reviewers"])
    except (TypeError, ValueError, AttributeError):
        return False
    return all(v.word in ("pass", "fail") and 0 <= p < kept["size"] for each in said.values() for p, v in each.items())


def _write(path: Path, kept: Mapping[str, Any]) -> None:
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
