"""A spot-check: who looked at which slides, what they said, and what follows for all slides.

The sample is drawn again from its seed whenever the check is gone on with, so the record holds no name: positions in
the sample, verdicts, who gave them and when, and a digest that tells the set of slides from another one. A second
reviewer who opens the record does not see what the first one said, until both have looked at everything. A slide has
failed if anybody failed it. Once verdicts of others were shown, or the result was signed, a verdict stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import UsageError
from blankslide.review import record as _record
from blankslide.review.bound import at_most, sample_size
from blankslide.review.draw import digest, drawn, new_seed
from blankslide.review.record import Verdict, verdicts_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.review.record import Word

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
    reviewers
        How many have to look at the whole sample before the result can be signed: 1, or 2 for four eyes.
    """

    share: float = 0.05
    confidence: float = 0.95
    size: int | None = None
    seed: int | None = None
    reviewers: int = 1


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
    of, slides
        How many slides there are, and a digest that tells this set of them from another one.
    sample
        The names that are looked at, in their order.
    wanted
        How many have to look at everything.

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
        self.of, self.slides = len(set(names)), digest(names)
        kept = _record.read(record) if record is not None else None
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
        if terms.reviewers not in (1, 2):
            raise UsageError("a spot-check is made by one reviewer or by two")
        if terms.reviewers > 1 and self.record is None:
            raise UsageError("four eyes need a record that both reviewers use", "name one")
        self.size, self.confidence, self.share = size, terms.confidence, terms.share
        self.wanted, self._signed = terms.reviewers, set[str]()
        self.seed = new_seed() if terms.seed is None else terms.seed
        self._said: dict[str, dict[int, Verdict]] = {self.reviewer: {}}

    def _go_on(self, kept: Mapping[str, Any], terms: Terms | None) -> None:
        if kept["slides"] != self.slides:
            raise UsageError(
                "the record is of another set of slides: some were added, renamed or removed",
                "begin a new record, or bring the folder back to what it was",
            )
        self.size, self.confidence, self.share = kept["size"], kept["confidence"], kept["share"]
        self.seed = kept["seed"]
        self.wanted, self._signed = kept.get("wanted", 1), set(kept.get("signed", ()))
        if terms is not None and (terms.seed not in (None, self.seed) or terms.size not in (None, self.size)):
            raise UsageError("the record was begun with another seed or size", "leave them out to go on with it")
        if terms is not None and terms.reviewers > self.wanted:
            raise UsageError("the record was begun for one reviewer", "begin a new record for four eyes")
        self._said = verdicts_of(kept["reviewers"])
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

    @property
    def stands(self) -> bool:
        """Whether this reviewer's verdicts can no longer be changed: others' were shown, or the result was signed."""
        return self.reviewer in self._signed or (self.is_complete and len(self.done()) > 1)

    def done(self) -> dict[str, dict[int, Verdict]]:
        """Return what those have said who have looked at everything; nothing before this reviewer has."""
        if not self.is_complete:
            return {}
        return {name: said for name, said in self._said.items() if len(said) == self.size}

    def is_outdated(self, position: int, seen: str) -> bool:
        """Whether this reviewer's verdict was given on other bytes than those of the page that is shown now."""
        said = self.own.get(position)
        return said is not None and bool(said.seen and seen) and said.seen != seen

    def give(self, position: int, word: Word, note: str = "", seen: str = "") -> None:
        """Take a verdict, or another one in its place, and keep it in the record.

        Parameters
        ----------
        seen
            By what the slide that was looked at is known again, from its page.

        Raises
        ------
        UsageError
            If there is no such position, the note is too long, or verdicts stand.
        """
        self._take_over()
        if self.stands:
            raise UsageError("your verdicts stand: the result was signed, or you have seen another reviewer's")
        if not 0 <= position < self.size:
            raise UsageError(f"there is no slide {position + 1} in a sample of {self.size}")
        if len(note) > LONGEST_NOTE:
            raise UsageError(f"a note has at most {LONGEST_NOTE} characters")
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._said[self.reviewer][position] = Verdict(word, note.strip(), now, seen)
        self._save()

    # -- what follows ----------------------------------------------------------------------

    def headline(self) -> str:
        """Say how many slides there are, how many are looked at, and what no failure would mean."""
        bound = f"no failure -> at most {self.share * 100:g} % bad, {self.confidence * 100:g} % sure"
        return f"{self.of} slides · sample of {self.size} (seed {self.seed}): {bound}"

    def result(self) -> Result:
        """Return what follows from what was said so far; of others only if both have looked at everything."""
        done = self.done()
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

    @property
    def can_be_signed(self) -> bool:
        """Whether the whole sample was looked at, by as many as have to."""
        return self.is_complete and len(self.done()) >= self.wanted

    def require_complete(self) -> None:
        """Refuse to sign what was not looked at whole, by as many as have to.

        Raises
        ------
        UsageError
            If so.
        """
        self._take_over()
        if not self.is_complete:
            raise UsageError(f"{self.size - len(self.own)} of the sample were not looked at yet")
        if not self.can_be_signed:
            raise UsageError("four eyes: a second reviewer has to look at the whole sample first")

    def mark_signed(self) -> None:
        """Keep in the record that the result was signed: the verdicts that went into it stand."""
        self._signed |= set(self.result().reviewers)
        self._save()

    # -- the record ------------------------------------------------------------------------

    def _take_over(self) -> None:
        """Take over what others have said meanwhile: another reviewer may be at work on the same record."""
        kept = _record.read(self.record) if self.record is not None else None
        if kept is not None:
            self._signed |= set(kept.get("signed", ()))
            others = verdicts_of(kept["reviewers"])
            self._said |= {name: said for name, said in others.items() if name != self.reviewer}

    def _save(self) -> None:
        if self.record is not None:
            self._take_over()
            _record.write(self.record, self._plain())

    def _plain(self) -> dict[str, Any]:
        return {
            "record": _record.KIND,
            "of": self.of,
            "size": self.size,
            "seed": self.seed,
            "share": self.share,
            "confidence": self.confidence,
            "slides": self.slides,
            "wanted": self.wanted,
            "signed": sorted(self._signed),
            "reviewers": {
                name: {str(p): [v.word, v.note, v.time, v.seen] for p, v in sorted(said.items())}
                for name, said in self._said.items()
            },
        }
