"""Which finding gets which action: profiles as data.

A profile maps classes of findings, and single ids, to DICOM PS3.15 action codes. Two are
built in: ``research`` (default) removes what identifies person, place, device or moment,
replaces links and keeps science; ``strict`` also removes what identifies only with much
context. A site writes its own in TOML on top of one of them.

Unknown fields are removed (allow-list, not block-list); under ``research`` an unknown
value survives only if it is a boolean or a small number, and if its key is made of words
that tell of a measure (`policy.measures`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import ProfileError, UsageError
from blankslide.model import Action, Decision, Finding, PhiClass
from blankslide.model.patterns import pattern
from blankslide.policy.measures import harmless, is_measure

if TYPE_CHECKING:
    from blankslide.policy.identifiers import Identifiers
    from blankslide.policy.label_part import Box

_WORDS = {
    "keep": Action.KEEP,
    "remove": Action.REMOVE,
    "zero": Action.ZERO,
    "replace": Action.DUMMY,
    "K": Action.KEEP,
    "X": Action.REMOVE,
    "Z": Action.ZERO,
    "D": Action.DUMMY,
}
_CLASS_NAMES = {
    "direct": PhiClass.DIRECT,
    "quasi": PhiClass.QUASI,
    "device": PhiClass.DEVICE,
    "link": PhiClass.LINK,
    "path": PhiClass.PATH,
    "image": PhiClass.IMAGE,
    "unknown": PhiClass.UNKNOWN,
} | {c.value: c for c in PhiClass if c is not PhiClass.SCIENCE}


#: A plain dict, because orders go to other processes, and a read-only view of one cannot.
_NOWHERE: Mapping[str, str] = {}


class Profile(NamedTuple):
    """A named set of rules.

    Attributes
    ----------
    classes
        Action for each class of strong findings.
    weak
        Action for findings that identify only with much context.
    unknown_numbers
        Whether harmless-looking unknown values survive.
    ids
        Patterns over finding ids that win over the classes, first match first.
    names
        Whether an identifying file name counts as a failure.
    pictures
        Whether pictures that stay are looked at for text.
    identifiers
        Patterns that say which parts of a slide's name may stay in a new one.
    asked
        Those of ``ids`` that a person named for this run: the slide must have them.
    proven
        Those of ``ids`` that another slide of this run has.
    origin
        File and line of those of ``ids`` that a file holds.
    label_part
        Of a label that goes, the part that stays: left, top, right and bottom in pixels; or None.
    """

    name: str
    classes: Mapping[PhiClass, Action]
    weak: Action = Action.KEEP
    unknown_numbers: bool = True
    ids: tuple[tuple[str, Action], ...] = ()
    names: bool = False
    pictures: bool = False
    identifiers: tuple[Identifiers, ...] = ()
    asked: frozenset[str] = frozenset()
    proven: frozenset[str] = frozenset()
    origin: Mapping[str, str] = _NOWHERE
    label_part: Box | None = None

    def action(self, finding: Finding) -> Action:
        """Return the action for one finding."""
        for glob, action in self.ids:
            if fnmatchcase(finding.id.lower(), glob):
                return action
        if finding.weak:
            return self.weak
        if finding.cls is PhiClass.UNKNOWN and self.unknown_numbers and _all_harmless(finding):
            return Action.KEEP
        return self.classes[finding.cls]

    def action_for(self, id: str, cls: PhiClass, weak: bool) -> Action:
        """Return the action for a finding of which only this is known, as long as its value is no harmless number."""
        return self.action(Finding(id, "", cls, (), (), None, weak))

    def decide(self, finding: Finding) -> Decision:
        """Decide one finding and say whether keeping it would leave something identifying."""
        action = self.action(finding)
        identifying = (
            action is Action.KEEP
            and not finding.weak
            and not (finding.cls is PhiClass.UNKNOWN and _all_harmless(finding))
        )
        number = len(finding.places)
        where = finding.places[0].where if number == 1 else _where(tuple([p.where for p in finding.places]))
        row = finding.id, finding.title, finding.cls, action, number, where, identifying
        return tuple.__new__(Decision, row)  # around the named tuple's own constructor: slides have many findings

    def asks_to_remove(self, finding: Finding) -> bool:
        """Whether a person asked in this run for just this to go, even if it is a label of ours."""
        found = next(((glob, action) for glob, action in self.ids if fnmatchcase(finding.id.lower(), glob)), None)
        return found is not None and found[0] in self.asked and found[1] is not Action.KEEP

    def keeping(self, *ids: str) -> Profile:
        """Return a copy that keeps the findings matching ``ids``."""
        return self._with(ids, Action.KEEP)

    def removing(self, *ids: str) -> Profile:
        """Return a copy that removes the findings matching ``ids``."""
        return self._with(ids, Action.REMOVE)

    def _with(self, ids: tuple[str, ...], action: Action) -> Profile:
        if not ids:
            return self
        plain = ids_of(ids)
        return self._replace(ids=(*((i, action) for i in plain), *self.ids), asked=self.asked.union(plain))


def ids_of(asked: str | Iterable[str]) -> tuple[str, ...]:
    """Return what a person named as ids of findings: one name or several; a role of pictures needs no more words."""
    names = [asked] if isinstance(asked, str) else asked
    plain = [name.strip().lower() for name in names]
    return tuple(name if "." in name or name == "*" else f"picture.{name}" for name in plain)


@lru_cache(maxsize=256)
def _where(places: tuple[str, ...]) -> str:
    """Words for several places; most fields of a slide stand in the same ones."""
    names = list(dict.fromkeys(places))
    if len(names) == 1:
        return names[0]
    text = ", ".join(names)
    for word in ("page", "file"):
        if all(name.startswith(word + " ") and "," not in name for name in names):
            return f"{word}s {text[5:].replace(f', {word} ', ', ')}"
    return text


def _all_harmless(finding: Finding) -> bool:
    if finding.value is None or not is_measure(finding.title):
        return False
    return all(harmless(v.reveal()) for v in (finding.value, *finding.values))


_RESEARCH = {
    PhiClass.DIRECT: Action.REMOVE,
    PhiClass.QUASI: Action.REMOVE,
    PhiClass.DEVICE: Action.REMOVE,
    PhiClass.PATH: Action.REMOVE,
    PhiClass.IMAGE: Action.REMOVE,
    PhiClass.LINK: Action.DUMMY,
    PhiClass.SCIENCE: Action.KEEP,
    PhiClass.UNKNOWN: Action.REMOVE,
}
RESEARCH = Profile("research", _RESEARCH)
STRICT = Profile("strict", _RESEARCH, weak=Action.REMOVE, unknown_numbers=False, names=True)
PROFILES = {p.name: p for p in (RESEARCH, STRICT)}


def load(name: str) -> Profile:
    """Load a built-in profile by name, or a user's from a ``.toml`` file.

    Parameters
    ----------
    name
        ``research``, ``strict`` or the path of a TOML file::

            name = "our site"
            base = "research"
            names = true
            [classes]
            quasi = "keep"
            [findings]
            "aperio.description.parmset" = "keep"

    Raises
    ------
    ProfileError
        If there is no such profile, or the file is wrong; the message names the line.
    """
    if name in PROFILES:
        return PROFILES[name]
    reader, data = _opened(name)
    return reader.profile(data)


def mistakes_in(name: str) -> list[ProfileError]:
    """Return all that is wrong with a profile's file, each mistake once, in the order of its lines.

    `load` raises the first one. So what it complains of is left out and the rest is read again, until nothing is wrong.

    Raises
    ------
    ProfileError
        If the file cannot be read at all, or is no TOML.
    """
    if name in PROFILES:
        return []
    reader, data = _opened(name)
    found: dict[str, ProfileError] = {}
    while True:
        try:
            reader.profile(data)
        except ProfileError as error:
            found[error.message] = error
            if not _without(data, *reader.complained):
                break
        else:
            break
    return sorted(found.values(), key=lambda error: error.line)


def placed(name: str) -> Profile:
    """Return what can be understood of a file with mistakes, so that all else in it can be looked at, too."""
    if name in PROFILES:
        return PROFILES[name]
    reader, data = _opened(name)
    while True:
        try:
            return reader.profile(data)
        except ProfileError:
            if not _without(data, *reader.complained):
                return RESEARCH


def _without(data: dict[str, object], table: str, key: str) -> bool:
    """Take an entry out of a table, or out of the whole; tell whether there was one."""
    inner = data.get(table) if table else data
    if not isinstance(inner, dict) or key not in inner:
        return False
    del inner[key]
    return True


def meant(word: str, among: Iterable[str]) -> str:
    """Return a question that names what a mistyped word most likely is; empty if it resembles nothing."""
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), list(among), 1, _NEAR)
    return f"did you mean {near[0]}?" if near else ""


_NEAR = 0.6


def _opened(name: str) -> tuple[_Reader, dict[str, object]]:
    if not name.endswith(".toml"):
        hint = meant(name, PROFILES) or "use research, strict or a .toml file"
        raise ProfileError(f"there is no profile {name!r}", hint)
    import tomllib

    path = Path(name)
    try:
        text = path.read_text("utf-8-sig")  # Windows' editors begin a file with a mark
        data = tomllib.loads(text)
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise ProfileError(f"the profile {path.name} is not UTF-8 text", "save it as UTF-8") from None
        if isinstance(error, tomllib.TOMLDecodeError):
            problem = f"the profile {path.name} is no valid TOML: {error}"
            raise ProfileError(problem, "docs/profiles.md has one to begin with") from None
        reason = getattr(error, "strerror", None) or "no file can have this name"
        raise ProfileError(f"the profile {path.name} cannot be read: {reason}", "name a .toml file") from None
    findings = data.get("findings")
    if isinstance(findings, dict):
        data["findings"] = dict(_flat(findings))
    return _Reader(path.name, text), data


def actions_of_files() -> dict[str, Action]:
    """Return the words for actions that a profile's file may use, letters last."""
    return dict(_WORDS)


def _flat(table: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield ids and what stands for them; without quotes TOML takes an id's dots for tables."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield before + key, value


class _Reader:
    """Turn parsed TOML into a profile; complaints name the line.

    Attributes
    ----------
    complained
        Table and key that the last complaint was about.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.complained = ("", "")

    def fail(self, key: str, problem: str, hint: str = "", table: str = "") -> ProfileError:
        self.complained = table, key
        return ProfileError(f"{self.where(key, table)}: {problem}", hint)

    def where(self, key: str, table: str = "") -> str:
        """Say in which line a key stands; one of another table, or a remark, may have the same letters."""
        word = pattern(rf"(?<![\w.-]){re.escape(key)}(?![\w.-])")
        written = pattern(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        inside, any_line = "", 0
        for number, text in enumerate(self.lines, 1):
            head = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", text)
            inside = head[1] if head else inside
            if inside == table and written.match(text):
                return f"{self.file}, line {number}"
            any_line = any_line or (number if word.search(text) else 0)
        return f"{self.file}, line {any_line or 1}"

    def profile(self, data: dict[str, object]) -> Profile:
        for key in data:
            if key not in _KEYS:
                raise self.fail(
                    key, f"{key!r} is not a key of a profile", meant(key, _KEYS) or f"use {', '.join(_KEYS)}"
                )
        base = data.get("base", "research")
        if not isinstance(base, str) or base not in PROFILES:
            raise self.fail("base", "base must be research or strict", meant(str(base), PROFILES))
        start = PROFILES[base]
        name = data.get("name", Path(self.file).stem)
        if not isinstance(name, str) or not re.fullmatch(r"[\w .+-]{1,40}", name):
            raise self.fail("name", "name must be 1 to 40 letters, digits, spaces, dots or dashes")
        table = self.table(data, "findings")
        ids = tuple((ids_of(key)[0], self.act(key, value, "findings")) for key, value in table.items())
        return start._replace(
            name=name,
            classes={**start.classes, **self.classes(data)},
            ids=ids + start.ids,
            origin={ids_of(key)[0]: self.where(key, "findings") for key in table},
            weak=self.act("weak", data["weak"]) if "weak" in data else start.weak,
            names=self.flag(data, "names", start.names),
            pictures=self.flag(data, "pictures", start.pictures),
            unknown_numbers=self.flag(data, "unknown_numbers", start.unknown_numbers),
            identifiers=tuple(self.identifiers(data)),
            label_part=self.label_part(data),
        )

    def label_part(self, data: dict[str, object]) -> Box | None:
        value = data.get("keep_label")
        if value is None:
            return None
        from blankslide.policy.label_part import parse

        try:
            return parse(value if isinstance(value, str) else "")
        except UsageError as error:
            raise self.fail("keep_label", error.message, error.hint) from None

    def identifiers(self, data: dict[str, object]) -> Iterator[Identifiers]:
        for key, value in self.table(data, "identifiers").items():
            from blankslide.policy.identifiers import Identifiers

            if not isinstance(value, str):
                raise self.fail(
                    key, f"the pattern {key!r} must be a text", "write it in 'single quotes'", "identifiers"
                )
            try:
                yield Identifiers.of(key, value)
            except UsageError as error:
                raise self.fail(key, error.message, error.hint, "identifiers") from None

    def classes(self, data: dict[str, object]) -> dict[PhiClass, Action]:
        found: dict[PhiClass, Action] = {}
        words = list(_CLASS_NAMES)[:7]
        for key, value in self.table(data, "classes").items():
            if key not in _CLASS_NAMES:
                hint = meant(key, words) or f"use {', '.join(words)}"
                raise self.fail(key, f"{key!r} is not a class", hint, "classes")
            if _CLASS_NAMES[key] in found:
                raise self.fail(key, f"the class of {key!r} is named twice", "leave one of them out", "classes")
            found[_CLASS_NAMES[key]] = self.act(key, value, "classes")
        return found

    def table(self, data: dict[str, object], key: str) -> dict[str, object]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(key, f"{key} must be a table", f"write [{key}] above its lines")
        return value

    def flag(self, data: dict[str, object], key: str, default: bool) -> bool:
        value = data.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, f"{key} must be true or false", "write it without quotes")
        return value

    def act(self, key: str, value: object, table: str = "") -> Action:
        action = _WORDS.get(value) if isinstance(value, str) else None
        if action is None:
            hint = _MEANT.get(value) or meant(value, list(_WORDS)[:4]) if isinstance(value, str) else ""
            raise self.fail(key, f"the action of {key!r} must be keep, remove, zero or replace", hint, table)
        return action


_KEYS = (
    "name",
    "base",
    "names",
    "pictures",
    "weak",
    "unknown_numbers",
    "classes",
    "findings",
    "identifiers",
    "keep_label",
)
#: Words that other tools use for an action.
_MEANT = dict.fromkeys(
    ("delete", "drop", "clear", "unlink", "blank", "discard"), "did you mean remove?"
) | dict.fromkeys(("dummy", "pseudonymize", "hash", "map", "new id"), "did you mean replace?")
