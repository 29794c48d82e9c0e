"""``blankslide.toml`` of sub-folders: what counts where, and what is said of one that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blankslide.batch.queue import Task
from blankslide.errors import BlankslideError, ProfileError, UsageError
from blankslide.pipeline import Options
from blankslide.watch.policies import Policies, require_lasting
from blankslide.watch.settings import Naming, Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for part in ("STUDY-A/case", "STUDY-B"):
        (tmp_path / "in" / part).mkdir(parents=True)
    return tmp_path / "in"


def policies(site: Path, **more: Any) -> Policies:
    root = site.parent
    return Policies(Settings(site, Options(), root / "out", root / "bad", root / "done", root / "health.json", **more))


def test_without_a_file_the_sites_own_wish_counts_and_the_top_folder_is_the_requester(site: Path) -> None:
    policy = policies(site, originals="move").of(("STUDY-A", "case"))
    assert (policy.requester, policy.orders.profile.name, policy.originals) == ("STUDY-A", "research", "move")
    assert policy.orders.lasting
    assert policies(site).of(()).requester == ""


def test_a_folder_has_its_own_policy_and_those_below_it_share_it(site: Path) -> None:
    (site / "blankslide.toml").write_text('originals = "move"')
    (site / "STUDY-A" / "blankslide.toml").write_text('profile = "strict"\nrequester = "Study A"')
    (site / "STUDY-A" / "case" / "blankslide.toml").write_text('originals = "remove"')
    known = policies(site)
    case, other = known.of(("STUDY-A", "case")), known.of(("STUDY-B",))
    assert (case.requester, case.orders.profile.name, case.originals) == ("Study A", "strict", "remove")
    assert (other.requester, other.orders.profile.name, other.originals) == ("STUDY-B", "research", "move")
    assert case.key != other.key
    assert case.key == known.of(("STUDY-A",)).key


def test_a_profile_beside_it_is_read_again_when_it_changes(site: Path) -> None:
    own = site / "STUDY-A" / "own.toml"
    own.write_text('name = "one"')
    (site / "STUDY-A" / "blankslide.toml").write_text('profile = "own.toml"')
    known = policies(site)
    first = known.of(("STUDY-A",))
    own.write_text('name = "another"')
    second = known.of(("STUDY-A",))
    assert (first.orders.profile.name, second.orders.profile.name) == ("one", "another")
    assert first.key != second.key


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profile = ", "no valid TOML"),
        ('colour = "red"', "'colour' is not a key"),
        ("requester = 7", "requester must be a text"),
        ('originals = "burn"', "keep, move or remove"),
        ('profile = "nobody"', "no profile 'nobody'"),
        ('profile = "gone.toml"', "gone.toml cannot be read"),
        ('name = "A-{n}"', "cannot number"),
        ('name = "{stem}"\nnames = "a.csv"', "both a pattern and a table"),
    ],
)
def test_a_file_that_is_wrong_is_said_to_be(site: Path, text: str, said: str) -> None:
    (site / "STUDY-A" / "blankslide.toml").write_text(text)
    known = policies(site)
    with pytest.raises(BlankslideError, match=said):
        known.of(("STUDY-A",))
    assert known.of(("STUDY-B",)).requester == "STUDY-B"
    (site / "STUDY-A" / "blankslide.toml").write_text('requester = "mended"')
    assert known.of(("STUDY-A",)).requester == "mended"


def test_a_file_that_an_editor_of_windows_has_saved_counts(site: Path) -> None:
    (site / "STUDY-A" / "blankslide.toml").write_bytes(b'\xef\xbb\xbfrequester = "Biobank"\r\nprofile = "own.toml"\r\n')
    (site / "STUDY-A" / "own.toml").write_bytes(b'\xef\xbb\xbfbase = "strict"\r\n')
    assert policies(site).of(("STUDY-A",)).requester == "Biobank"


def test_a_file_that_is_no_text_is_said_to_be(site: Path) -> None:
    (site / "STUDY-A" / "blankslide.toml").write_bytes(b"requester = '\xff'")
    with pytest.raises(ProfileError, match="UTF-8"):
        policies(site).of(("STUDY-A",))


def test_names_by_a_table_that_grows(site: Path) -> None:
    table = site / "STUDY-A" / "list.csv"
    table.write_text("old;new\na;A-1\n")
    (site / "STUDY-A" / "blankslide.toml").write_text('names = "list.csv"')
    known = policies(site)
    policy = known.of(("STUDY-A",))
    first, second = (Task(1, site / "STUDY-A" / name, ("STUDY-A",)) for name in ("a.svs", "b.svs"))
    assert known.name_of(policy, first).name == "A-1"
    assert "no row" in known.name_of(policy, second).refusal
    table.write_text("old;new\na;A-1\nb;A-2\n")
    assert known.name_of(policy, second).name == "A-2"
    assert known.name_of(policy, first).name == "A-1"


def test_a_pattern_below_wins_over_a_table_above(site: Path) -> None:
    (site / "blankslide.toml").write_text('names = "list.csv"')
    (site / "STUDY-A" / "blankslide.toml").write_text('name = "A-{stem}"')
    known = policies(site, naming=Naming("all-{stem}"))
    task = Task(1, site / "STUDY-A" / "a.svs", ("STUDY-A",))
    assert known.name_of(known.of(("STUDY-A",)), task).name == "A-a"
    assert known.of(("STUDY-B",)).naming.table == site / "list.csv"


def test_numbers_make_no_sense_where_nobody_knows_the_last_slide() -> None:
    require_lasting("A-{stem}-{pseudonym}", Options())
    with pytest.raises(UsageError, match="cannot number"):
        require_lasting("A-{n:04}", Options())
