"""Parts of a slide's present name, or of a barcode in it, that stay in its new name.

The profile's patterns say which parts these are. The case's number goes: a part that repeats it, or could be one, is
refused. Names that are withheld here are never repeated: no refusal says what stood in a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.batch.barcodes import barcodes
from blankslide.errors import UsageError
from blankslide.policy.file_names import name_verdict
from blankslide.policy.identifiers import GOES, KEPT, UNSAFE, Parts, tells

if TYPE_CHECKING:
    from blankslide.batch.queue import Task
    from blankslide.policy.identifiers import Identifiers

CASE = "case_pseudonym"
"""The field that tells which slides are of one case, by a pseudonym."""
NO_MATCH = "neither its name nor a barcode in it fits a pattern of the profile"
SEVERAL = "its barcodes fit patterns of the profile in different ways"
REPEATS = "its new name would repeat something of the case number or of what else goes"


def fields_of(patterns: Iterable[Identifiers]) -> frozenset[str]:
    """Return the fields that a name may have with these patterns."""
    return frozenset(field for each in patterns for field in (*each.fields, CASE))


def require_field(field: str, known: Iterable[str], patterns: Sequence[Identifiers]) -> None:
    """Refuse a field that no name can have.

    Raises
    ------
    UsageError
        With what is meant most likely.
    """
    have = fields_of(patterns)
    if field in have or field in known:
        return
    if field in GOES:
        raise UsageError(f"{{{field}}} is what goes", f"{{{CASE}}} tells which slides are of one case")
    if field in (*KEPT, CASE):
        problem = (
            "no pattern of the profile finds this part" if patterns else "the profile has no pattern that finds it"
        )
        raise UsageError(f"{{{field}}} is a part of a slide's name, and {problem}", "write one under [identifiers]")
    from difflib import get_close_matches

    fields = [*known, *sorted(have)]
    near = get_close_matches(field, fields, 1)
    listed = f"fields are {', '.join(f'{{{each}}}' for each in fields)}"
    raise UsageError(f"no such field in a name: {{{field}}}", f"did you mean {{{near[0]}}}?" if near else listed)


class KeptParts:
    """Finds the parts of slides' names.

    Parameters
    ----------
    patterns
        Those of the profile; the first one that fits counts.
    wanted
        Fields that the new name has. If its present name without the suffix is among them, that must not tell what
        goes, either.
    """

    def __init__(self, patterns: Sequence[Identifiers], wanted: frozenset[str]) -> None:
        self._patterns = patterns
        self._wanted = wanted & fields_of(patterns)
        self._repeats_stem = "stem" in wanted

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def of(self, task: Task, stem: str, key: bytes | None) -> Mapping[str, str] | str | None:
        """Return the parts of a slide's name by field; a text says why there are none, None that the slide waits.

        Parameters
        ----------
        stem
            Its present name without the suffix.
        key
            For the pseudonym of its case.
        """
        found = self._by(stem)
        if found is None:
            codes = barcodes(task.path)
            if codes is None:
                return None
            ways = {(*each.kept.items(), *each.gone): (own, each) for own, each in filter(None, map(self._by, codes))}
            if len(ways) > 1:
                return SEVERAL
            found = next(iter(ways.values()), None)
        if found is None:
            return NO_MATCH
        if self._repeats_stem and tells(stem, found[1].gone):
            return REPEATS
        return self._checked(*found, key)

    def made(self, stem: str, values: Sequence[tuple[str, str]]) -> bool:
        """Whether a name, and the parts in it, could be one of ours: none that has still to be taken apart.

        In doubt it is not: who takes an old name for a new one leaves the number of a case where it is.
        """
        if self._by(stem) is not None or name_verdict(f"{stem}.x") == "identifying":
            return False
        owners = {field: [each for each in self._patterns if field in each.fields] for field, _ in values}
        return all(field == CASE or any(each.is_safe(value) for each in owners[field]) for field, value in values)

    def _by(self, name: str) -> tuple[Identifiers, Parts] | None:
        found = ((each, each.parts(name)) for each in self._patterns)
        return next(((own, parts) for own, parts in found if parts is not None), None)

    def _checked(self, own: Identifiers, parts: Parts, key: bytes | None) -> Mapping[str, str] | str:
        values = dict(parts.kept)
        if CASE in self._wanted and parts.case:
            values[CASE] = _case_name(parts.case, key)
        for field in sorted(self._wanted):
            if field not in values:
                return f"its name has no part {{{'case' if field == CASE else field}}}"
        for field in sorted(self._wanted - {CASE}):
            if not own.is_safe(values[field]):
                return UNSAFE
            if tells(values[field], parts.gone):
                return REPEATS
        return values


def _case_name(case: str, key: bytes | None) -> str:
    from blankslide.policy.pseudonyms import case_name

    if key is None:
        raise UsageError("a pseudonym needs the site's key", "name one with --key")
    return case_name(case, key)
