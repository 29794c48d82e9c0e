"""A profile as its file: what is saved is loaded again as the same, and what no file can say is refused."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import ProfileError
from blankslide.model import Action, PhiClass
from blankslide.policy.identifiers import Identifiers
from blankslide.policy.profile_file import save, toml_of
from blankslide.policy.profiles import RESEARCH, STRICT, Profile, load

if TYPE_CHECKING:
    from pathlib import Path

PROFILES = [
    RESEARCH._replace(name="our research"),
    STRICT._replace(name="our strict"),
    RESEARCH._replace(name="site 1", classes={**RESEARCH.classes, PhiClass.DEVICE: Action.KEEP}, names=True),
    STRICT._replace(
        name="x", weak=Action.KEEP, unknown_numbers=True, classes={**STRICT.classes, PhiClass.LINK: Action.ZERO}
    ),
    RESEARCH._replace(
        name="ids", ids=(("aperio.*", Action.KEEP), ('a."b\\', Action.REMOVE), ("aperio.*", Action.ZERO))
    ),
    RESEARCH._replace(name="part", label_part=(3, 4, 103, 54), pictures=True),
    RESEARCH._replace(name="names", identifiers=(Identifiers.of("lab", r"(?P<case>\d+)-(?P<block>[A-Z]\d)"),)),
]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_profile_is_the_same_after_its_file(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "site.toml"
    save(profile, path)
    again = load(str(path))
    first = dict(reversed(profile.ids))
    assert again._replace(origin={}) == profile._replace(
        ids=tuple((n, first[n]) for n in dict.fromkeys(first_names(profile)))
    )
    assert [p.name for p in tmp_path.iterdir()] == ["site.toml"]


def test_a_profile_goes_to_other_processes_whole() -> None:
    for profile in (RESEARCH, STRICT, *PROFILES):
        assert pickle.loads(pickle.dumps(profile)) == profile  # noqa: S301  # our own


def first_names(profile: Profile) -> list[str]:
    return [name for name, _ in profile.ids]


def test_what_cannot_be_saved_is_refused_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    save(PROFILES[0], path)
    text = path.read_text()
    for wrong in (RESEARCH._replace(name="a/b"), RESEARCH._replace(name="")):
        with pytest.raises(ProfileError, match=r"^site\.toml, line 1: name must be"):
            save(wrong, path)
    with pytest.raises(ProfileError, match="must end in"):
        save(PROFILES[0], tmp_path / "site.txt")
    with pytest.raises(ProfileError, match="cannot be written"):
        save(PROFILES[0], tmp_path / "no" / "site.toml")
    with pytest.raises(ProfileError, match="no file can say"):
        toml_of(RESEARCH._replace(weak=Action.UID))
    assert path.read_text() == text
    assert [p.name for p in tmp_path.iterdir()] == ["site.toml"]
