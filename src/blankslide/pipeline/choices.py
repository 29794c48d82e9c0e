"""A name that a person wants kept or removed must exist: a mistyped one would lose what it should have saved.

Two questions are asked before anything is touched. *Can any format report such a finding?* This needs no slide:
there is a fixed list of picture roles, and every id begins with a word that a format declares. *Does this slide
have such a finding?* Scanners may write any key, so there is no list of ids. If a person asks to keep a name or
pattern in this run, the slide does not have it, and anything would be removed from the slide, the slide is refused.

A profile file is written for slides of all kinds, so most of its names are missing in any one slide. Of those, only
a name that looks like a mistyped one of something that would be removed is refused; a pattern never is.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import ProfileError, UsageError
from blankslide.formatkit.protocol import ROLES, SHARED
from blankslide.model import Action, PhiClass
from blankslide.policy.known_ids import known_ids

if TYPE_CHECKING:
    from blankslide.model import Inspection
    from blankslide.policy.profiles import Profile

_WILD = frozenset("*?[")
_NEAR, _VERY_NEAR = 0.6, 0.9
_LOOK = "blankslide inspect shows the names"
_LIST = "docs/profiles.md lists them"
_SLIDE = "if a slide of yours has it, name that slide behind the profile"


# -- without a slide ---------------------------------------------------------------------


def require_known(profile: Profile) -> None:
    """Refuse a profile that names what no format can give.

    Raises
    ------
    UsageError
        Naming the nearest that exists.
    """
    for name, _ in profile.ids:
        first, _, rest = name.partition(".")
        if first == "picture":
            _require_role(profile, name, rest)
        elif not _is_pattern(first) and first not in SHARED and first not in _vendors():
            near = _nearest(first, [*_vendors(), *SHARED, "picture"], _NEAR)
            hint = f"did you mean {near}.{rest}?" if near else _LOOK
            raise _refusal(profile, name, f"no format has a finding called {name!r}", hint)


def mistakes(profile: Profile, seen: Iterable[str] = ()) -> list[UsageError]:
    """Return what is wrong with the names in a profile's file, one error for each; nothing is refused yet.

    A run takes any key of a vendor, for scanners write what they like. Whoever has a profile checked wants to know
    more: so a name has to be in the list of known ids, in one of the slides that were looked at, or a pattern.

    Parameters
    ----------
    seen
        Ids that slides have.
    """
    listed = [known.id for known in known_ids()]
    found = [*listed, *(name.lower() for name in seen)]
    patterns = [name for name in listed if _is_pattern(name)]
    out: list[UsageError] = []
    for name, action in profile.ids:
        try:
            require_known(profile._replace(ids=((name, action),)))
        except UsageError as error:
            out.append(error)
            continue
        if not (name in found or any_like(found, name) or any(fnmatchcase(name, like) for like in patterns)):
            out.append(_unlisted(profile, name, found))
    return out


def _unlisted(profile: Profile, name: str, found: Iterable[str]) -> UsageError:
    vendor = name.partition(".")[0]
    if _is_pattern(name):
        return _refusal(profile, name, f"no finding that is known is called like {name!r}", _LIST)
    own = [i for i in found if i.partition(".")[0] == vendor and not _is_pattern(i)]
    store, _, word = name.rpartition(".")
    words = {i.rpartition(".")[2]: i for i in own if i.rpartition(".")[0] == store}
    near = words.get(_nearest(word, words, _NEAR) or "") or _last(name, own) or _nearest(name, own, _VERY_NEAR)
    hint = f"did you mean {near}?" if near else _LIST
    return _refusal(profile, name, f"no finding that is known is called {name!r}", f"{hint} · {_SLIDE}")


def _require_role(profile: Profile, name: str, role: str) -> None:
    roles = ROLES if any_like(ROLES, role) else _all_roles()  # formats from outside are asked only if need be
    if any_like(roles, role):
        return
    near = _nearest(role, roles, _NEAR)
    hint = f"did you mean {near}?" if near else f"pictures are {', '.join(roles)}; names of fields have dots"
    raise _refusal(profile, name, f"there is no picture called {role!r}", hint)


def _all_roles() -> tuple[str, ...]:
    from blankslide.formats import all_formats

    return (*ROLES, *(role for known in all_formats() for role in known.roles))


def any_like(names: Iterable[str], glob: str) -> bool:
    """Whether a pattern fits any of the names."""
    return any(fnmatchcase(name, glob) for name in names)


def _is_pattern(name: str) -> bool:
    return not _WILD.isdisjoint(name)


def _vendors() -> list[str]:
    """First words of the ids of all formats' findings."""
    from blankslide.formats import all_formats

    return sorted({known.first_word for known in all_formats()})


def _refusal(profile: Profile, name: str, problem: str, hint: str) -> UsageError:
    where = profile.origin.get(name)
    return ProfileError(f"{where}: {problem}", hint) if where else UsageError(problem, hint)


def _nearest(word: str, among: Iterable[str], cutoff: float) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(among), 1, cutoff)), None)


# -- with the slide ----------------------------------------------------------------------


def require_found(profile: Profile, inspection: Inspection) -> None:
    """Refuse to edit a slide if a name that it does not have may mean something that it has.

    Raises
    ------
    UsageError
        Naming the nearest that the slide has; nothing was written.
    """
    require_all(profile, actions_of(profile, inspection), "the slide does not have")


class Done(NamedTuple):
    """What the profile does to a finding, and whether its name may be said: an unknown key may be a person's."""

    action: Action
    public: bool


def actions_of(profile: Profile, inspection: Inspection) -> dict[str, Done]:
    """Say of each finding, by its id in lower case, what the profile does to it."""
    return {
        finding.id.lower(): Done(profile.action(finding), finding.cls is not PhiClass.UNKNOWN)
        for finding in inspection.findings
    }


def named_fields(profile: Profile) -> list[tuple[str, Action]]:
    """Names that have to be found; that a slide has no macro is nothing wrong."""
    held = [(i, a) for i, a in profile.ids if not i.startswith("picture.")]
    return [(i, a) for i, a in held if is_wanted(profile, i, a) or not _is_pattern(i)]


def is_wanted(profile: Profile, name: str, action: Action) -> bool:
    """Whether a person wants just this kept, just now: if it went, it would be lost for good."""
    return action is Action.KEEP and name in profile.asked


def unmatched(profile: Profile, ids: Iterable[str]) -> list[str]:
    """Return names of a profile's file that no slide had although their vendor was there; for a remark."""
    seen = {i.lower() for i in ids}
    vendors = {i.partition(".")[0] for i in seen}
    named = [i for i, _ in named_fields(profile) if i in profile.origin and i not in seen]
    return [i for i in named if i.partition(".")[0] in vendors]


def require_all(profile: Profile, found: Mapping[str, Done], who: str) -> None:
    """Refuse a name that nothing has, if it may mean one of those that are treated otherwise."""
    for name, action in named_fields(profile):
        if name in profile.proven or any_like(found, name):
            continue
        vendor = name.partition(".")[0]
        own = {i: done for i, done in found.items() if fnmatchcase(i.partition(".")[0], vendor)}
        other = {i: done.public for i, done in own.items() if done.action is not action}
        public = [i for i, said in other.items() if said]
        problem = f"{who} a finding called {name!r}"
        if is_wanted(profile, name, action):
            if other:  # so even what resembles nothing is a reason to stop
                near = _last(name, public) or _nearest(name, public, _NEAR)
                raise _refusal(profile, name, problem, f"did you mean {near}?" if near else _LOOK)
        elif near := _misprint(name, other, {i.rpartition(".")[0] for i in own}):
            hint = f"did you mean {near}?" if other[near] else _LOOK
            raise _refusal(profile, name, problem, f"{hint} · if not, write {name}*")


def _misprint(name: str, other: Iterable[str], stores: Container[str]) -> str | None:
    """Return what a name is most likely a misprint of: its letters, or its last word behind another store."""
    near = _nearest(name, [i for i in other if _letters(i) != _letters(name)], _VERY_NEAR)
    return near or (None if name.rpartition(".")[0] in stores else _last(name, other))


def _letters(name: str) -> str:
    """Numbered fields differ on purpose: ``barcode1d`` and ``barcode2d``."""
    return "".join(c for c in name if not c.isdigit())


def _last(name: str, among: Iterable[str]) -> str | None:
    """Return the one with the same last word: ``aperio.user`` is ``aperio.description.user``."""
    word = name.rpartition(".")[2]
    return next((i for i in among if i.rpartition(".")[2] == word), None)
