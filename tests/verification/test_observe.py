"""The judges see what is there, notice what changed, and tell no value."""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from blankslide.testing.own.plain_svs import page, poke, unlink, write_svs
from blankslide.testing.own.tiffplant import KINDS, Plant
from blankslide.verification import observe as readers_module
from blankslide.verification.compare import NOBODY, compare
from blankslide.verification.intact import judge_once
from blankslide.verification.observe import available, observe
from blankslide.verification.views import FAILS, LevelView, PictureView, ReaderView, places

CMU = "aperio/CMU-1-Small-Region.svs"
NOTHING: frozenset[str] = frozenset()
Copy = Callable[[str], Path]


def judge(before: tuple[ReaderView, ...], path: Path, gone: frozenset[str] = NOTHING) -> list[str]:
    return compare(before, observe(path), gone=gone).problems


def by_name(path: Path) -> dict[str, ReaderView]:
    return {view.reader: view for view in observe(path)}


# -- seeing ----------------------------------------------------------------------------


def test_both_judges_are_installed_here() -> None:
    ordinary = {reader.name for reader in readers_module.READERS if not reader.further}
    assert all(version for name, version in available().items() if name in ordinary)
    assert set(available()) >= {"OpenSlide", "tifffile", "pyisyntax"}


def test_what_the_judges_see_of_a_pyramid(tmp_path: Path) -> None:
    views = by_name(write_svs(tmp_path / "a.svs"))
    assert {name for name, view in views.items() if view.opened} == {"OpenSlide", "tifffile"}
    for view in (views["OpenSlide"], views["tifffile"]):
        assert [level.size for level in view.levels] == [(512, 384), (128, 96)]
        assert (view.mpp, view.objective) == ((0.5, 0.5), 20.0)
        assert all(picture.decodes and not picture.blank for picture in view.pictures)
        assert all(FAILS not in level.samples for level in view.levels)
    assert {p.name for p in views["OpenSlide"].pictures} == {"thumbnail", "label", "macro"}
    assert {p.name for p in views["tifffile"].pictures} == {"", "label", "macro"}


def test_the_real_slide_agrees_with_itself(shared: Path) -> None:
    before, after = observe(shared / CMU), observe(shared / CMU)
    assert compare(before, after, gone=NOTHING) == (["OpenSlide", "tifffile"], [])


def test_a_thumbnail_of_the_tissues_shape_is_no_level(shared: Path) -> None:
    view = by_name(shared / "qptiff/small_vectra.qptiff")["tifffile"]
    assert len(view.levels) == 3
    assert [picture.name for picture in view.pictures] == ["thumbnail", "macro", "label"]


def test_a_view_shows_no_value_of_the_slide(tmp_path: Path) -> None:
    assert "Roe" not in repr(observe(write_svs(tmp_path / "a.svs")))


def test_tifffile_is_silent_here_and_heard_elsewhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_svs(tmp_path / "a.svs")
    offset = page(path, 0)[0]
    observe(path)
    logging.getLogger("tifffile").warning("heard")
    assert [r.message for r in caplog.records] == ["heard"]
    caplog.clear()
    with tifffile.TiffFile(path) as tiff:
        where = tiff.pages[4].offset
    poke(path, where + 2 + 4, b"\xff\xff\xff\x7f")
    assert offset
    observe(path)
    assert not caplog.records


@pytest.mark.parametrize("data", [b"", b"II*\0", b"II*\0\x08\0\0\0\xff\xff", b"no slide at all", b"MM\0+" * 40])
def test_what_is_no_slide_is_opened_by_nobody(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.svs"
    path.write_bytes(data)
    views = observe(path)
    assert not any(view.opened for view in views)
    assert compare(views, views, gone=NOTHING) == ([], [NOBODY])


def test_a_reason_is_a_class_of_failure_and_never_a_message(tmp_path: Path) -> None:
    path = tmp_path / "Jane_Roe.svs"
    path.write_bytes(b"II*\0" + bytes(20))
    assert "Roe" not in repr(observe(path))
    assert all(view.reason for view in observe(path))
    assert all(view.reason for view in observe(tmp_path / "absent.svs"))


def test_a_reader_that_is_not_installed_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> str:
        raise ImportError

    first, second, *_ = readers_module.READERS
    monkeypatch.setattr(readers_module, "READERS", (first._replace(version=absent), second))
    views = by_name(write_svs(tmp_path / "a.svs"))
    assert views["OpenSlide"].reason == "not installed"
    assert views["tifffile"].opened


def test_a_huge_flat_level_with_missing_tiles_is_cheap(tmp_path: Path) -> None:
    path = tmp_path / "flat.tif"
    tifffile.imwrite(path, np.zeros((16, 16, 3), np.uint8), photometric="rgb", rowsperstrip=16, metadata=None)
    with tifffile.TiffFile(path) as tiff:
        tags = tiff.pages[0].tags
        where = {code: tags[code].offset + 8 for code in (256, 257, 278, 279)}
    for code in (256, 257, 278):
        poke(path, where[code] - 6, struct.pack("<HII", 4, 1, 90_000))
    poke(path, where[279] - 6, struct.pack("<HII", 4, 1, 0xFFFFFFF0))
    view = by_name(path)["tifffile"]
    assert view.levels == (LevelView((90_000, 90_000), (FAILS,)),)
    assert not view.has_seen_tissue


def test_places_are_inside_and_depend_on_dimensions_only() -> None:
    for width, height in [(1, 1), (31, 500), (200_000, 90_000)]:
        chosen = places(width, height, 32, 5)
        assert chosen == places(width, height, 32, 5)
        assert all(x >= 0 and x + w <= width and y >= 0 and y + h <= height for x, y, w, h in chosen)
    assert len(set(places(2000, 2000, 32, 5))) == 5


# -- noticing --------------------------------------------------------------------------


def test_a_changed_tile_is_noticed(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs")
    before = observe(path)
    start, length = page(path, 0)
    poke(path, start, bytes(length))
    problems = judge(before, path)
    assert any("OpenSlide sees other pixels in level 0" in p for p in problems)
    assert any("tifffile sees other pixels in level 0" in p for p in problems)


def test_a_changed_tile_of_the_real_slide_is_noticed(slide_copy: Copy) -> None:
    path = slide_copy(CMU)
    before = observe(path)
    with tifffile.TiffFile(path) as tiff:
        tissue = tiff.pages[0]
        middle = len(tissue.dataoffsets) // 2
        start, length = tissue.dataoffsets[middle], tissue.databytecounts[middle]
    poke(path, start + length // 2, b"\0" * 64)
    assert "tifffile sees other pixels in level 0" in judge(before, path)


def test_a_region_that_failed_before_may_fail_after(slide_copy: Copy) -> None:
    path = slide_copy(CMU)
    with tifffile.TiffFile(path) as tiff:
        tissue = tiff.pages[0]
        middle = len(tissue.dataoffsets) // 2
        poke(path, tissue.dataoffsets[middle], bytes(tissue.databytecounts[middle]))
    views = [view for view in observe(path) if view.opened]
    assert FAILS in {s for v in views for s in v.levels[0].samples}
    assert all(picture.decodes for v in views for picture in v.pictures), "one failure must not spoil the handle"
    assert compare(views, observe(path), gone=NOTHING).problems == []


@pytest.mark.parametrize(("mpp", "app_mag", "word"), [("0.6", "20", "pixel size"), ("0.5", "40", "objective")])
def test_changed_science_is_noticed(tmp_path: Path, mpp: str, app_mag: str, word: str) -> None:
    before = observe(write_svs(tmp_path / "a.svs"))
    problems = judge(before, write_svs(tmp_path / "b.svs", mpp=mpp, app_mag=app_mag))
    assert [p for p in problems if word in p] == problems
    assert len(problems) == 2


def test_a_tile_that_no_level_needs_is_none_of_its_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pixels = np.random.default_rng(3).integers(0, 255, (96, 128, 3), np.uint8)
    tifffile.imwrite(path, pixels, tile=(64, 64), photometric="rgb", metadata=None)
    whole = path.read_bytes()
    for count in range(1, 4):
        plant = Plant(whole)
        for _ in range(count):
            KINDS["surplus tile"](plant, 0, bytes(64 * 64 * 3))
        path.write_bytes(bytes(plant))
        before = observe(path)
        path.write_bytes(whole)
        assert judge(before, path) == []


def test_a_lost_level_is_noticed(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs")
    before = observe(path)
    unlink(path, 2)
    problems = judge(before, path, frozenset({"label", "macro"}))
    assert {"OpenSlide sees other levels", "tifffile sees other levels"} <= set(problems)


def test_a_slide_that_no_longer_opens_is_noticed(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs")
    before = observe(path)
    poke(path, 0, bytes(8))
    assert judge(before, path) == ["OpenSlide no longer opens the slide", "tifffile no longer opens the slide"]


def test_unlinked_pictures_are_gone(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs")
    before = observe(path)
    unlink(path, 4)
    unlink(path, 3)
    assert judge(before, path, frozenset({"label", "macro"})) == []
    assert len(judge(before, path, frozenset({"label"}))) == 2, "the macro was to stay"


def test_a_blank_picture_is_gone(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs")
    before = observe(path)
    start, length = page(path, 3)
    poke(path, start, b"\xff" * length)
    assert judge(before, path, frozenset({"label"})) == []
    assert judge(before, path), "a picture that was to stay was blanked"


def test_a_picture_that_was_to_go_and_stayed_is_noticed(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs")
    before = observe(path)
    assert judge(before, path, frozenset({"label"})) == [
        "OpenSlide still sees the label",
        "tifffile still sees the label",
    ]


def test_a_picture_blanked_in_part_is_noticed(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs")
    before = observe(path)
    start, length = page(path, 3)
    poke(path, start, b"\xff" * (length - 3))
    problems = judge(before, path, frozenset({"label"}))
    assert problems == ["OpenSlide sees the label changed", "tifffile sees the label changed"]


def test_a_damaged_picture_is_noticed_and_spoils_nothing_else(slide_copy: Copy) -> None:
    path = slide_copy(CMU)
    before = observe(path)
    poke(path, page(path, 2)[0], b"\x01\x02\x03" * 40)
    problems = judge(before, path, frozenset({"label"}))
    assert problems
    assert all("label" in p for p in problems)


def test_a_thumbnail_that_vanished_unasked_is_noticed(tmp_path: Path) -> None:
    path = write_svs(tmp_path / "a.svs")
    before = observe(path)
    unlink(path, 1)
    assert "tifffile misses a picture that was to stay" in judge(before, path)


# -- comparing -------------------------------------------------------------------------

LABEL = PictureView("label", (10, 20), "d1", False)
NAMELESS = PictureView("", (30, 10), "d2", False)
SEEN = ReaderView(
    "R", vendor="v", levels=(LevelView((9, 9), ("s",)),), mpp=(0.5, 0.5), objective=20.0, pictures=(LABEL, NAMELESS)
)


def test_each_difference_of_a_view_is_a_problem() -> None:
    changed = [
        replace(SEEN, vendor="w"),
        replace(SEEN, mpp=(1.0, 1.0)),
        replace(SEEN, objective=5.0),
        replace(SEEN, colour="fails"),
        replace(SEEN, levels=()),
        replace(SEEN, levels=(LevelView((9, 9), ("t",)),)),
        replace(SEEN, pictures=(LABEL,)),
        replace(SEEN, pictures=(*SEEN.pictures, PictureView("map", (1, 1), "d9", False))),
        replace(SEEN, pictures=(LABEL, NAMELESS._replace(digest=""))),
        replace(SEEN, reason="Gone"),
    ]
    for after in changed:
        agreed, problems = compare([SEEN], [after], gone=NOTHING)
        assert (agreed, len(problems)) == ([], 1) or after.pictures != SEEN.pictures
        assert problems
    assert compare([SEEN], [], gone=NOTHING).problems == ["R no longer opens the slide"]
    assert compare([SEEN], [SEEN], gone=NOTHING) == (["R"], [])


def test_a_reader_that_could_not_read_a_text_may_see_more_afterwards() -> None:
    blind = replace(SEEN, vendor="", mpp=None, objective=None)
    assert compare([blind], [SEEN], gone=NOTHING) == (["R"], [])
    assert compare([SEEN], [blind], gone=NOTHING).problems


def test_one_excuse_covers_one_shape_of_nameless_pictures() -> None:
    pyramid = (NAMELESS, NAMELESS._replace(size=(15, 5), digest="d3"))
    other = PictureView("", (8, 8), "d4", False)
    before = replace(SEEN, pictures=(*pyramid, other))
    assert not compare([before], [replace(SEEN, pictures=(other,))], gone=frozenset({"macro"})).problems
    assert compare([before], [replace(SEEN, pictures=())], gone=frozenset({"macro"})).problems


def test_a_judge_that_decoded_no_tissue_is_no_judge() -> None:
    blind = replace(SEEN, levels=(LevelView((9, 9), (FAILS,)),))
    assert compare([blind], [blind], gone=NOTHING) == ([], [NOBODY])


def test_a_name_from_the_slide_is_not_repeated() -> None:
    odd = replace(SEEN, pictures=(PictureView("Jane Roe", (1, 1), "d", False),))
    assert "Jane" not in str(compare([odd], [replace(SEEN, pictures=())], gone=NOTHING))


def test_a_judge_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_svs(tmp_path / "a.svs")

    def absent() -> str:
        raise ImportError

    monkeypatch.setattr(readers_module, "READERS", tuple(r._replace(version=absent) for r in readers_module.READERS))
    found = compare(observe(path), observe(path), gone=NOTHING)
    assert found.problems == [f"{NOBODY}; OpenSlide or tifffile would: pip install 'blankslide[readers]'"]
    assert judge_once(observe(path)).problems == found.problems


def test_libraries_are_imported_in_turn_before_any_judge_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # two threads that import for the first time can lock each other out: the interpreter then raises
    path = write_svs(tmp_path / "a.svs")
    caller, threads, order = threading.current_thread(), [], []

    def version() -> str:
        threads.append(threading.current_thread())
        return "1"

    def look(_: Path) -> ReaderView:
        order.append("look")
        return ReaderView("x", "1")

    monkeypatch.setattr(readers_module, "import_module", lambda name: order.append(name))
    judge_of = [readers_module.Reader(n, version, lambda _: True, look, (f"needed by {n}",)) for n in "ab"]
    monkeypatch.setattr(readers_module, "READERS", tuple(judge_of))
    observe(path)
    assert set(threads) == {caller}
    assert order == ["needed by a", "needed by b", "look", "look"]


def test_a_level_that_another_reader_saw_before_may_be_seen_anew() -> None:
    low = LevelView((4, 4), ("u",))
    other = replace(SEEN, reader="Q", levels=(*SEEN.levels, low))
    more = replace(SEEN, levels=(*SEEN.levels, low))
    assert compare([SEEN, other], [more, other], gone=NOTHING).problems == []
    assert compare([SEEN], [more], gone=NOTHING).problems == ["R sees other levels"]
    lost = replace(SEEN, levels=(low,))
    assert "R sees other levels" in compare([SEEN, other], [lost, other], gone=NOTHING).problems
