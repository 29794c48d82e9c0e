"""Values that two tags of a TIFF share: what is kept stays, what goes twice goes once, else the slide is refused."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide
from blankslide.pipeline import Options
from blankslide.testing.built import (
    build_aperio,
    build_generic,
    build_huron,
    build_philips,
    build_qptiff,
    build_trestle,
)
from blankslide.testing.own.tiffpatch import ASCII, LONG, UNDEFINED, Patcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DESCRIPTION, DOCUMENT, SOFTWARE, PAGE_NAME, ARTIST, RESOLUTION, PROFILE = 270, 269, 305, 285, 315, 282, 34675
WHO = b"Mildred Okafor 1950-02-17\0"
KEY = bytes(32)


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(400, 300))
    return path


def share(path: Path, page: int, giver: tuple[int, int], tag: int, skip: int = 0, less: int = 0) -> None:
    """Let a page's new tag point at the value of ``giver`` (page and tag), or at a part of it."""
    patch = Patcher(path.read_bytes())
    _, kind, count, field = next(e for e in patch.entries(patch.page(giver[0])) if e[0] == giver[1])
    kind, at = ASCII if kind in (ASCII, UNDEFINED) else kind, int.from_bytes(field, "little") + skip
    kept = [e for e in patch.entries(patch.page(page)) if e[0] != tag]
    patch.replace_page(page, [*kept, (tag, kind, count - skip - less, struct.pack("<L", at))])
    path.write_bytes(bytes(patch))


def put(path: Path, page: int, tag: int, value: bytes = WHO, kind: int = ASCII) -> None:
    patch = Patcher(path.read_bytes())
    patch.put(page, tag, kind, value)
    path.write_bytes(bytes(patch))


def clean(path: Path) -> bytes:
    outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert pipeline.plan(path, Options(key=KEY))[1].patches == ()
    return path.read_bytes()


def refused(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ContradictorySlide, match="share"):
        pipeline.anonymize_in_place(path, Options(key=KEY))
    assert path.read_bytes() == before


@pytest.mark.parametrize("tag", [PAGE_NAME, ARTIST, 50000, 700])
def test_what_two_tags_lose_goes_once(slide: Path, tag: int) -> None:
    put(slide, 0, DOCUMENT)
    share(slide, 0, (0, DOCUMENT), tag)
    assert WHO not in clean(slide)


def test_three_tags_of_two_pages_lose_it_once(slide: Path) -> None:
    put(slide, 0, DOCUMENT)
    share(slide, 0, (0, DOCUMENT), PAGE_NAME)
    share(slide, 2, (0, DOCUMENT), ARTIST)
    assert WHO not in clean(slide)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (build_generic, "slide.tif"),
        (build_qptiff, "slide.qptiff"),
        (build_huron, "slide.tif"),
        (build_trestle, "slide.tif"),
        (build_philips, "slide.tiff"),
    ],
)
def test_other_formats_share_the_mechanism(tmp_path: Path, build: Callable[[Path], object], name: str) -> None:
    path = tmp_path / name
    build(path)
    patch = Patcher(path.read_bytes())
    assert patch.data[:4] == b"II*\0"
    put(path, 0, DOCUMENT)
    share(path, 0, (0, DOCUMENT), PAGE_NAME)
    outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
    assert WHO not in path.read_bytes()
    assert not any("name" in left for left in outcome.residue)
    share(path, 0, (0, DESCRIPTION), ARTIST)
    refused(path)


@pytest.mark.parametrize("tag", [DOCUMENT, 50000])
@pytest.mark.parametrize("page", [0, 2])
def test_a_description_is_not_taken_with_a_name(slide: Path, tag: int, page: int) -> None:
    share(slide, page, (0, DESCRIPTION), tag)
    refused(slide)


def test_what_the_profile_keeps_is_not_taken_with_a_name(slide: Path) -> None:
    put(slide, 0, SOFTWARE, b"Aperio Image Library v11.2.1\0")
    share(slide, 0, (0, SOFTWARE), DOCUMENT)
    refused(slide)


@pytest.mark.parametrize(("skip", "less"), [(0, 4), (4, 0), (3, 5)])
def test_a_part_of_a_value_is_refused(slide: Path, skip: int, less: int) -> None:
    put(slide, 0, DOCUMENT)
    share(slide, 0, (0, DOCUMENT), PAGE_NAME, skip, less)
    refused(slide)


def test_harmless_sharing_stays(slide: Path) -> None:
    put(slide, 0, RESOLUTION, struct.pack("<LL", 20040, 1), 5)
    share(slide, 0, (0, RESOLUTION), 283)
    put(slide, 0, SOFTWARE, b"Aperio Image Library v11.2.1\0")
    share(slide, 0, (0, SOFTWARE), 271)
    assert b"Image Library v11.2.1" in clean(slide)


def test_a_child_may_share_its_pages_software(slide: Path) -> None:
    put(slide, 0, SOFTWARE, b"Aperio Image Library v11.2.1\0")
    patch = Patcher(slide.read_bytes())
    entry = next(e for e in patch.entries(patch.page(0)) if e[0] == SOFTWARE)
    patch.put(0, 34665, LONG, struct.pack("<L", patch.directory([entry])))
    slide.write_bytes(bytes(patch))
    assert b"Image Library v11.2.1" in clean(slide)


def test_what_only_pages_that_go_share_goes(slide: Path) -> None:
    last = len(Patcher(slide.read_bytes()).pointers()) - 2  # the macro
    share(slide, last, (last, DESCRIPTION), DOCUMENT)
    clean(slide)
