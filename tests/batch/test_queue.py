"""The queue: each slide once, numbered, and shards that together are the whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import blankslide
from blankslide.batch.queue import Aside, Shard, Task, shuffled, tasks
from blankslide.errors import UsageError


def places(*roots: Path) -> list[str]:
    return [task.place for task in tasks(roots, None, Aside())]


def test_each_slide_once_by_its_path_below_what_was_named(few: Path) -> None:
    assert places(few) == ["a.ndpi", "b.ndpi", "set/small.vms", "set/deep/a.ndpi"]
    assert places(few, few / "a.ndpi", few / "set") == places(few)
    assert [path.name for path in blankslide.slides(few)] == ["a.ndpi", "b.ndpi", "small.vms", "a.ndpi"]


def test_what_is_no_slide_is_told(few: Path, tmp_path: Path) -> None:
    (few / "notes.txt").write_text("no slide")
    (tmp_path / "empty").mkdir()
    others: list[Path] = []
    empty: list[Path] = []
    found = list(tasks([few, tmp_path / "empty"], None, Aside(others.append, empty=empty.append)))
    assert (len(found), others, empty) == (4, [few / "notes.txt"], [tmp_path / "empty"])


def test_the_folder_for_copies_is_left_out(few: Path) -> None:
    shutil.copytree(few, few / "out")
    assert len(list(tasks([few], str(few / "out"), Aside()))) == 4


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_together_are_the_whole_wherever_it_is_mounted(count: int) -> None:
    queue = [Task(i, Path(f"/somewhere/{i % 9}/slide {i}.svs"), (str(i % 9),)) for i in range(200)]
    moved = [task._replace(path=Path("/elsewhere") / task.place, number=task.number + 5) for task in queue]
    shards = [Shard(i, count) for i in range(1, count + 1)]
    parts = [[task.place for task in queue if shard.holds(task)] for shard in shards]
    assert sorted(place for part in parts for place in part) == sorted(task.place for task in queue)
    assert parts == [[task.place for task in moved if shard.holds(task)] for shard in shards]
    assert min(map(len, parts)) > 200 / count / 2


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/3/4", "-1/3", "", "1/0"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no shard") as caught:
        Shard.parse(text)
    assert "1/3" in caught.value.hint
    assert Shard.parse(" 2/3 ") == Shard(2, 3)


def test_a_slide_of_many_files_is_one(put: Callable[..., Path], tmp_path: Path) -> None:
    put("mirax.mrxs", tmp_path / "x")
    assert places(tmp_path / "x") == ["mirax.mrxs"]
    assert places(tmp_path / "x" / "mirax") == ["mirax.mrxs"]


# -- a blind order ---------------------------------------------------------------------------


KEY = bytes(32)


def order(tasks: Iterable[Task], key: bytes) -> dict[str, int]:
    return {task.place: task.number for task in shuffled(tasks, key)}


def test_a_blind_order_is_the_same_again_and_another_one_under_another_key() -> None:
    slides = [Task(i, Path("/archive/a") / f"{i:03}.svs", ("a",)) for i in range(1, 101)]
    numbers = order(slides, KEY)
    assert sorted(numbers.values()) == list(range(1, 101))
    assert numbers == order(reversed(slides), KEY), "wherever a walk begins"
    moved = [task._replace(path=Path("/mnt") / task.path.name) for task in slides]
    assert numbers == order(moved, KEY), "wherever it is mounted"
    other = order(slides, bytes(range(32)))
    for each in (numbers, other):
        assert sum(number == int(place[2:5]) for place, number in each.items()) < 10
    assert sum(numbers[place] == other[place] for place in numbers) < 10


def test_without_one_slide_no_two_others_change_places() -> None:
    slides = [Task(i, Path("/archive") / f"{i}.svs") for i in range(1, 31)]
    all_of_them, fewer = (sorted(each, key=each.__getitem__) for each in (order(slides, KEY), order(slides[1:], KEY)))
    assert fewer == [place for place in all_of_them if place != "1.svs"]


def test_a_blind_order_needs_a_key() -> None:
    with pytest.raises(UsageError, match="key"):
        list(shuffled([Task(1, Path("a"))], None))
