"""Pictures found by content are held against the slide as an independent reader shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.samples.kit.codecs import jpeg
from blankslide.samples.kit.drawing import label, tissue
from blankslide.samples.kit.patients import invent
from blankslide.verification.census.account import Account, Picture
from blankslide.verification.census.memory import Memory
from blankslide.verification.census.pictures import picture_in
from blankslide.verification.census.reference import settle_streams, slide_look

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL.Image import Image

FIELD = tissue(512, 384, 3)


def found(*pictures: Image) -> Account:
    account = Account()
    for at, picture in enumerate(pictures):
        seen = picture_in(jpeg(picture, 85), 0, 1000 * at, "loose")
        assert seen is not None
        account.pictures.append(seen.picture)
    return account


def proven(account: Account) -> list[str]:
    return [p.proven for p in account.pictures]


def test_a_thumbnail_and_a_label_are_told_apart() -> None:
    account = found(FIELD.reduce(2), label(invent(1), (256, 192), 1))
    reference = found(FIELD).pictures[0].look
    settle_streams(account, lambda: reference)
    assert proven(account) == ["thumbnail", "other"]


def test_without_a_reader_nobody_can_say() -> None:
    account = found(FIELD.reduce(2))
    settle_streams(account, lambda: None)
    assert proven(account) == ["unclear"]
    assert "nobody" in account.pictures[0].reason


def test_many_pictures_of_one_shape_are_tiles_and_the_slide_is_not_asked_for() -> None:
    account = found(*[tissue(64, 64, seed) for seed in range(9)])

    def never() -> None:
        raise AssertionError("the slide was opened")

    settle_streams(account, never)
    assert set(proven(account)) == {"tile"}
    settle_streams(Account(pictures=[Picture(0, "page 0", 8, 8, "level", 0, 0)]), never)


def test_the_slide_is_seen_through_its_reader(sample: Callable[[str], Path], tmp_path: Path) -> None:
    look = slide_look(sample("aperio-classic.svs"))
    assert look is not None
    assert look.whole is not None
    assert not look.flat
    (tmp_path / "a.svs").write_bytes(b"no slide")
    assert slide_look(tmp_path / "a.svs") is None


def test_strips_are_not_searched_for_the_slide_and_nothing_is_held_against_it_twice() -> None:
    strips = [FIELD.reduce(2).crop((0, y, 256, y + 8 + y % 5)) for y in range(0, 180, 9)]
    account, reference, memory = found(*strips, FIELD.reduce(2)), found(FIELD).pictures[0].look, Memory()
    settle_streams(account, lambda: reference, memory)
    assert proven(account) == ["other"] * len(strips) + ["thumbnail"]
    assert len(memory.likenesses) == 1
    known = next(iter(memory.likenesses))
    memory.likenesses[known] = memory.likenesses[known]._replace(verdict="other")
    again = found(FIELD.reduce(2))
    settle_streams(again, lambda: reference, memory)
    assert proven(again) == ["other"], "the answer of this run was not taken"
