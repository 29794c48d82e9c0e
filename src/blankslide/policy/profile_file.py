"""A profile as the text of its file: what `profiles.load` reads gives the same profile again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from blankslide.errors import ProfileError
from blankslide.model import Action, PhiClass
from blankslide.policy.profiles import PROFILES, Profile, load

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = {
    PhiClass.DIRECT: "direct",
    PhiClass.QUASI: "quasi",
    PhiClass.DEVICE: "device",
    PhiClass.LINK: "link",
    PhiClass.PATH: "path",
    PhiClass.IMAGE: "image",
    PhiClass.UNKNOWN: "unknown",
}
"""Classes that a file can speak of, with their names in it."""
ACTIONS = {Action.KEEP: "keep", Action.REMOVE: "remove", Action.ZERO: "zero", Action.DUMMY: "replace"}
"""Actions that a file can name, with their words in it."""


def toml_of(profile: Profile) -> str:
    """Return the text of a file that holds a profile.

    Raises
    ------
    ProfileError
        If it does something that no file can say.
    """
    return "\n".join(_lines(profile)) + "\n"


def _lines(profile: Profile) -> Iterator[str]:
    base = PROFILES["strict" if profile.weak is Action.REMOVE and not profile.unknown_numbers else "research"]
    yield f"name = {_quoted(profile.name)}"
    yield f'base = "{base.name}"'
    if profile.weak is not base.weak:
        yield f'weak = "{_word(profile.weak)}"'
    for key in ("names", "pictures", "unknown_numbers"):
        if getattr(profile, key) != getattr(base, key):
            yield f"{key} = {str(getattr(profile, key)).lower()}"
    if profile.label_part is not None:
        left, top, right, bottom = profile.label_part
        yield f'keep_label = "{left},{top},{right - left},{bottom - top}"'
    classes = {cls: action for cls, action in profile.classes.items() if base.classes[cls] is not action}
    if classes:
        yield "\n[classes]"
        yield from (f'{CLASSES[cls]} = "{_word(action)}"' for cls, action in classes.items() if cls in CLASSES)
    own = profile.ids[: len(profile.ids) - len(base.ids)] if base.ids else profile.ids
    if own:
        yield "\n[findings]"
        first = dict(reversed(own))  # the first word on an id is the one that counts
        seen = {name: first[name] for name, _ in own}
        yield from (f'{_quoted(name)} = "{_word(action)}"' for name, action in seen.items())
    if profile.identifiers:
        yield "\n[identifiers]"
        yield from (f"{_quoted(each.name)} = {_quoted(each.text)}" for each in profile.identifiers)


def _word(action: Action) -> str:
    if action not in ACTIONS:
        raise ProfileError("the profile does something that no file can say", "choose keep, remove, zero or replace")
    return ACTIONS[action]


def _quoted(text: str) -> str:
    """Return a TOML string: its escapes are those of JSON, but for the one character that JSON leaves as it is."""
    import json

    return json.dumps(text).replace("\x7f", "\\u007f")


def save(profile: Profile, path: Path) -> None:
    """Write a profile's file whole, after reading it back has given the same profile.

    Raises
    ------
    ProfileError
        If the name has another suffix, or the file cannot be written or read back.
    """
    if path.suffix.lower() != ".toml":
        raise ProfileError(f"the profile's file must end in .toml, and {path.name!r} does not", "name another")
    text, draft = toml_of(profile), path.with_name(f".{path.stem}.draft.toml")
    try:
        draft.write_text(text, encoding="utf-8")
        load(str(draft))
        draft.replace(path)
    except ProfileError as error:
        raise ProfileError(error.message.replace(draft.name, path.name), error.hint) from None
    except OSError as error:
        raise ProfileError(f"the profile {path.name} cannot be written: {error.strerror}", "name another") from None
    finally:
        draft.unlink(missing_ok=True)
