"""What happened to one slide: three answers that are never merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from blankslide.model.classes import Action
from blankslide.model.shown import html_of, plain_text

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model.found import Found
    from blankslide.model.plan import Decision

Content = Literal["clean", "untouched", "pending", "residue"]
Medium = Literal["overwritten", "relocated", "shared", "unknown"]
NameVerdict = Literal["plain", "identifying", "unknown"]


@dataclass(slots=True)
class Outcome:
    """What happened to one slide. Three answers that are never merged.

    Attributes
    ----------
    content
        State of the bytes in the file.
    medium
        Whether the old bytes can still be on the storage device.
    name
        Whether the file name itself can identify.
    readers
        Independent readers that agreed before and after.
    residue
        Ids or sentences of what is left, without values.
    coincidences
        Ids whose removed value also occurs inside a kept field's own legal value.
    seconds
        Time for each stage, by the name of the `Stage`.
    target
        Name of the finished copy, or the new name of a slide that was renamed; else empty.
    copied
        Whether the result is a copy; the slide itself still holds everything.
    tissue
        BLAKE2b-256 of all coded tissue before and after, where all of it was read.
    sidecars
        Names of files that belong to the slide and were left as they are.
    path
        The slide, as it was named; told by the Python API and by runs over many slides.
    found
        What was seen in the pictures that stay; None if nobody looked.
    error, error_code
        Of a slide that was refused: the sentence that says why, and its exit code. Only runs over many slides
        tell it so; all else raises.
    """

    content: Content
    medium: Medium = "unknown"
    name: NameVerdict = "unknown"
    format: str = ""
    title: str = ""
    profile: str = ""
    decisions: tuple[Decision, ...] = ()
    readers: tuple[str, ...] = ()
    residue: tuple[str, ...] = ()
    coincidences: tuple[str, ...] = ()
    bytes_written: int = 0
    writes: int = 0
    transaction: str = ""
    ledger_sequence: int | None = None
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    strict_name: bool = False
    target: str = field(default="", repr=False)
    copied: bool = False
    tissue: tuple[str, str] = ("", "")
    sidecars: tuple[str, ...] = field(default=(), repr=False)
    path: Path | None = field(default=None, repr=False)
    error: str = ""
    error_code: int = 0
    found: tuple[Found, ...] | None = field(default=None, repr=False)

    @property
    def exit_code(self) -> int:
        """Exit code of the command-line contract."""
        if self.error_code:
            return self.error_code
        if self.content == "pending":
            return 5
        if self.content == "residue":
            return 1
        return 1 if self.strict_name and (self.name == "identifying" or self.sidecars) else 0

    def __bool__(self) -> bool:
        """Whether the slide is clean, and nothing speaks against it: only then is a run over."""
        return self.content == "clean" and self.exit_code == 0

    @property
    def reason(self) -> str:
        """Why it is not clean, or not enough for its profile: a refusal's sentence, or what is left; else empty."""
        if self.error or self.content == "residue":
            return self.error or "; ".join(self.residue)
        if self.content != "clean" or not self.exit_code:
            return ""
        found = ["the file name itself may identify"] if self.name == "identifying" else []
        found += [f"{len(self.sidecars)} left beside it"] if self.sidecars else []
        return f"clean, but {self.profile or 'the profile'} does not accept this: {'; '.join(found)}"

    @property
    def removed(self) -> tuple[str, ...]:
        """Ids of the findings that went, or would go, sorted; names of unknown fields are withheld."""
        return tuple(sorted({d.public_id for d in self.decisions if d.action is not Action.KEEP}))

    def as_json(self) -> dict[str, Any]:
        """Return the command line's object for this slide, ready for JSON; `as_dict` is the same."""
        return {
            "path": None if self.path is None else plain_text(self.path),
            "format": self.format or None,
            "content": self.content,
            "medium": self.medium,
            "name": self.name,
            "findings": [
                {"id": d.id, "class": d.cls.value, "action": d.action.value, "count": d.place_count}
                for d in self.decisions
            ],
            "target": plain_text(self.target) or None,
            "sidecars": [plain_text(name) for name in self.sidecars],
            "error": self.reason or None,
        }

    as_dict = as_json

    def to_json(self, indent: int | None = None) -> str:
        """Return the same object as a text."""
        import json

        return json.dumps(self.as_json(), ensure_ascii=True, indent=indent)

    def __repr__(self) -> str:
        # Titles of unknown fields can be names, so decisions are counted, not listed.
        judges = ", ".join(self.readers) or "nobody"
        return f"<Outcome {self.content}, judged by {judges}: {len(self.decisions)} findings, {self.writes} writes>"

    def _repr_html_(self) -> str | None:
        """Show the read-only card in a notebook."""
        return html_of(self)
