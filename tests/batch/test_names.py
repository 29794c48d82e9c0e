"""Names by a pattern: what can be in one, who keeps a name, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from blankslide.batch.names import Pattern, stem_of
from blankslide.batch.queue import Task
from blankslide.errors import UsageError

KEY = bytes(range(32))


def queue(*names: str) -> list[Task]:
    return [Task(i, Path("/archive") / name) for i, name in enumerate(names, 1)]


def named(pattern: str, *names: str, in_place: bool = False) -> list[str | None]:
    return [task.name for task in Pattern(pattern).named(queue(*names), KEY, in_place)]


def test_number_stem_and_pseudonym() -> None:
    assert named("STUDY-{n:04}", "a.svs", "b.ndpi") == ["STUDY-0001", "STUDY-0002"]
    assert named("{stem}_anon", "a.b.svs", "c.ome.tif") == ["a.b_anon", "c_anon"]
    one, two = named("{pseudonym}", "a.svs", "b.svs")
    assert one != two
    assert [one, two] == named("{pseudonym}", "a.svs", "b.svs")
    assert str(one).startswith("slide-")
    assert named("{{{n}}}", "a.svs") == ["{1}"]


def test_in_place_a_name_that_the_pattern_has_made_is_kept_and_its_number_is_taken() -> None:
    names = ("c.svs", "STUDY-0001.svs", "d.svs", "STUDY-0003.svs", "STUDY-x.svs")
    assert named("STUDY-{n:04}", *names, in_place=True) == ["STUDY-0002", None, "STUDY-0004", None, "STUDY-0005"]
    assert named("STUDY-{n:04}", *names)[1] == "STUDY-0002", "a copy is numbered by its place in the queue"


def test_a_run_that_was_killed_gives_the_same_names_when_it_goes_on() -> None:
    first = named("S{n}", *"abcdef", in_place=True)
    names = dict(zip("abcdef", first, strict=True))
    done = {"a", "b", "d"}
    again = sorted(names[each] or each if each in done else each for each in "abcdef")
    later = dict(zip(again, named("S{n}", *again, in_place=True), strict=True))
    assert {each: later[each] for each in "cef"} == {each: names[each] for each in "cef"}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{m}", "no such field"),
        ("{n!r}", "no such field"),
        ("{}", "no such field"),
        ("{n", "brace"),
        ("{n:4x}", "no way to write"),
        ("{stem:04}", "no way to write"),
        ("{n}-{n}", "twice"),
        ("a/{n}", "without folders"),
    ],
)
def test_what_makes_no_sense_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Pattern(pattern)


def test_a_pseudonym_needs_a_key() -> None:
    with pytest.raises(UsageError, match="key"):
        list(Pattern("{pseudonym}").named(queue("a.svs"), None, False))


@pytest.mark.parametrize(("name", "stem"), [("a.svs", "a"), ("a.ome.tiff", "a"), ("a", "a"), (".svs", ".svs")])
def test_the_stem_ends_before_the_suffix_of_a_format(name: str, stem: str) -> None:
    assert stem_of(Path(name)) == stem
