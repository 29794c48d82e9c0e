"""Judges that know what is written leave out what no comparison uses, and miss nothing by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from blankslide.testing.own.plain_svs import HEAD, OPTIONS, page, poke, unlink, write_svs
from blankslide.verification import observe as readers_module
from blankslide.verification.compare import compare
from blankslide.verification.judges import tifffile as judge
from blankslide.verification.observe import observe
from blankslide.verification.views import NO_EDIT, UNSEEN, Edit, LevelView, PictureView, ReaderView, one_colour

CMU = "aperio/CMU-1-Small-Region.svs"
BOTH = frozenset({"label", "macro"})
BEFORE = Edit(BOTH, touched=())
AFTER = Edit(touched=())
Copy = Callable[[str], Path]


def flip(path: Path, offset: int, bits: int) -> None:
    poke(path, offset, bytes([path.read_bytes()[offset] ^ bits]))


def digests(path: Path, edit: Edit) -> dict[tuple[str, str], str]:
    return {(v.reader, p.name): p.digest for v in observe(path, edit) for p in v.pictures}


def problems(before: tuple[ReaderView, ...], path: Path, gone: frozenset[str] = BOTH) -> list[str]:
    return compare(before, observe(path, AFTER), gone=gone).problems


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return a list of the segments that tifffile decodes from here on: offset of the page, number."""
    found: list[tuple[int, int]] = []
    segment = judge._segment

    def noting(tiff: tifffile.TiffFile, page: tifffile.TiffPage, index: int) -> object:
        found.append((page.offset, index))
        return segment(tiff, page, index)

    monkeypatch.setattr(judge, "_segment", noting)
    return found


# -- pictures that go --------------------------------------------------------------------


def test_pixels_of_pictures_that_go_are_not_looked_at_before(tmp_path: Path) -> None:
    seen = digests(write_svs(tmp_path / "a.svs", levels=1), BEFORE)
    assert {k for k, d in seen.items() if d == UNSEEN} == {(r, n) for r in ("OpenSlide", "tifffile") for n in BOTH}
    assert len(seen) == 6


def test_a_picture_of_the_same_size_may_be_the_same_and_is_looked_at(tmp_path: Path) -> None:
    path, pixels = tmp_path / "a.svs", np.random.default_rng(1).integers(0, 255, (60, 50, 3), dtype=np.uint8)
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(np.zeros((384, 512, 3), np.uint8), tile=(64, 64), description=f"{HEAD}512x384|MPP = 1", **OPTIONS)
        tiff.write(pixels, rowsperstrip=60, description=f"{HEAD}thumbnail", **OPTIONS)
        tiff.write(pixels, rowsperstrip=60, subfiletype=1, description=f"{HEAD}label 50x60", **OPTIONS)
    before = observe(path, Edit(frozenset({"label"}), touched=()))
    assert UNSEEN not in {p.digest for v in before for p in v.pictures}
    unlink(path, 2)
    assert "OpenSlide still sees the thumbnail" in problems(before, path, frozenset({"label"}))


def test_what_should_have_gone_is_seen_all_the_same(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs", levels=1)
    before = observe(path, BEFORE)
    still = {f"{reader} still sees the {name}" for reader in ("OpenSlide", "tifffile") for name in BOTH}
    assert set(problems(before, path)) == still
    unlink(path, 3)
    start, length = page(path, 2)
    poke(path, start, b"\xff" * (length - 3))
    assert set(problems(before, path)) == {s for s in still if "label" in s}, "blanked in part"
    poke(path, start, b"\xff" * length)
    assert problems(before, path) == []
    unlink(path, 2)
    assert problems(before, path) == []


def test_a_damaged_picture_that_stayed_is_told(slide_copy: Copy) -> None:
    path = slide_copy(CMU)
    before = observe(path, Edit(frozenset({"label"}), touched=()))
    poke(path, page(path, 2)[0], b"\x01\x02\x03" * 40)
    found = problems(before, path, frozenset({"label"}))
    assert found
    assert all("label" in p for p in found)


def test_an_unseen_picture_is_never_the_same_as_another() -> None:
    unseen = ReaderView(
        "R", levels=(LevelView((9, 9), ("s",)),), pictures=(PictureView("label", (5, 5), UNSEEN, False),)
    )
    assert compare([unseen], [unseen], gone=frozenset({"label"})).problems == ["R still sees the label"]


# -- what nothing is written to ------------------------------------------------------------


def test_few_places_of_what_is_not_written_to_are_decoded(shared: Path, decoded: list[tuple[int, int]]) -> None:
    observe(shared / CMU, BEFORE)
    assert len(decoded) <= 2 + 5


@pytest.mark.parametrize("what", ["strip", "tables"])
def test_a_picture_that_is_written_to_is_decoded_whole(shared: Path, decoded: list[tuple[int, int]], what: str) -> None:
    with tifffile.TiffFile(shared / CMU) as tiff:
        thumbnail = tiff.pages[1]
        start = thumbnail.dataoffsets[7] if what == "strip" else thumbnail.tags[347].valueoffset
        where, count = thumbnail.offset, len(thumbnail.dataoffsets)
    observe(shared / CMU, Edit(BOTH, [(start + 3, start + 4)]))
    assert len([index for offset, index in decoded if offset == where]) == count


@pytest.mark.parametrize(("number", "segment"), [(1, 3), (1, 47), (0, 117), (0, 13)])
def test_a_byte_that_changed_unasked_is_seen_where_nobody_decoded(slide_copy: Copy, number: int, segment: int) -> None:
    path = slide_copy(CMU)
    before = observe(path, BEFORE)
    with tifffile.TiffFile(path) as tiff:
        start = tiff.pages[number].dataoffsets[segment] + tiff.pages[number].databytecounts[segment] // 2
    flip(path, start, 0x55)
    what = "tifffile misses a picture that was to stay" if number else "tifffile sees other pixels in level 0"
    assert what in problems(before, path, frozenset())


def test_a_changed_table_is_seen_by_what_is_decoded(slide_copy: Copy) -> None:
    path = slide_copy(CMU)
    before = observe(path, BEFORE)
    with tifffile.TiffFile(path) as tiff:
        tables = [tiff.pages[n].tags[347].valueoffset for n in (0, 1)]
    for at in set(tables):
        flip(path, at + 10, 1)
    found = problems(before, path)
    assert "tifffile sees other pixels in level 0" in found


def test_a_picture_of_one_colour_here_and_there_is_looked_at_everywhere(tmp_path: Path) -> None:
    path, pixels = tmp_path / "a.svs", np.full((60, 50, 3), 255, np.uint8)
    pixels[6:9] = 0
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(np.zeros((128, 128, 3), np.uint8), tile=(64, 64), **OPTIONS)
        tiff.write(pixels, rowsperstrip=3, **OPTIONS)
    seen = next(v for v in observe(path, AFTER) if v.reader == "tifffile")
    assert [p.blank for p in seen.pictures] == [False]


def test_ranges_are_spared_by_what_lies_beside_them() -> None:
    edit = Edit(touched=[(10, 20), (30, 40)])
    assert edit.spares([(0, 10), (20, 30), (40, 41)])
    assert not any(edit.spares([span]) for span in [(0, 11), (19, 20), (5, 50), (35, 36), (20, 31), (39, 60)])
    assert not NO_EDIT.spares([(0, 1)])
    assert AFTER.spares([(0, 1)])


def test_one_colour_is_told_from_two() -> None:
    assert one_colour(b"abc" * 12, 4, 3)
    for at in (0, 5, 12, 35):
        pixels = bytearray(b"abc" * 12)
        pixels[at] = 0
        assert not one_colour(bytes(pixels), 4, 3)
    assert not one_colour(b"", 0, 3)


# -- threads -------------------------------------------------------------------------------


@pytest.mark.parametrize(("judges", "threads"), [(1, 1), (2, 2)])
def test_one_judge_alone_costs_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judges: int, threads: int
) -> None:
    path, used = write_svs(tmp_path / "a.svs", levels=1), set[threading.Thread]()

    def look(_: Path) -> ReaderView:
        used.add(threading.current_thread())
        return ReaderView("x", "1")

    named = [(str(n), n < judges) for n in range(5)]
    readers = [readers_module.Reader(n, lambda: "1", lambda _, yes=yes: yes, look) for n, yes in named]
    monkeypatch.setattr(readers_module, "READERS", tuple(readers))
    views = observe(path)
    assert [bool(v.reason) for v in views] == [False] * judges + [True] * (5 - judges)
    assert threading.current_thread() in used
    assert len(used) == threads
