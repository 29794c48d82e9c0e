"""Further readers are asked where others are too few, in a process of their own; and nobody may read a barcode."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from blankslide import pipeline
from blankslide.samples import builders
from blankslide.samples.ventana.slide import build_ventana
from blankslide.verification import observe as readers_module
from blankslide.verification.compare import compare
from blankslide.verification.intact import judge_once
from blankslide.verification.judges import apart, fastslide, slideio
from blankslide.verification.observe import NOT_ASKED, Reader, observe
from blankslide.verification.views import FAILS, Edit, LevelView, ReaderView

pytestmark = pytest.mark.usefixtures("fresh_readers")

VECTRA = "qptiff/small_vectra.qptiff"
NOTHING: frozenset[str] = frozenset()
Copy = Callable[[str], Path]


def installed(judge: object) -> bool:
    try:
        judge.version()  # type: ignore[attr-defined]
    except ImportError:
        return False
    return True


with_fastslide = pytest.mark.skipif(not installed(fastslide), reason="fastslide is not installed")
with_slideio = pytest.mark.skipif(not installed(slideio), reason="slideio is not installed")


def reader(name: str, asked: list[str], *samples: str, further: bool = True) -> Reader:
    def look(_: Path) -> ReaderView:
        asked.append(name)
        return ReaderView(name, "1", levels=(LevelView((9, 9), samples),))

    return Reader(name, lambda: "1", lambda _: True, look, further=further)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[str], tuple[ReaderView, ...]]]:
    """Return a function that says whom `observe` asks, of two ordinary readers and two further ones."""
    path = tmp_path / "a.svs"
    path.write_bytes(b"II*\0")

    def ask(*samples: str, edit: Edit = Edit()) -> tuple[list[str], tuple[ReaderView, ...]]:  # noqa: B008 - a tuple
        names: list[str] = []
        judges = [reader(n, names, s, further=n in "cd") for n, s in zip("abcd", samples, strict=True)]
        monkeypatch.setattr(readers_module, "READERS", tuple(judges))
        views = observe(path, edit)
        return sorted(names), views

    return ask


# -- who is asked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "who"),
    [
        (("s", "s", "s", "s"), "ab"),
        (("s", FAILS, "s", "s"), "abc"),
        ((FAILS, FAILS, "s", "s"), "abcd"),
        (("s", FAILS, FAILS, "s"), "abcd"),
    ],
)
def test_a_further_reader_is_asked_while_fewer_than_two_see_tissue(
    asked: Callable[..., tuple[list[str], tuple[ReaderView, ...]]], samples: tuple[str, ...], who: str
) -> None:
    names, views = asked(*samples)
    assert "".join(names) == who
    assert [view.reader for view in views] == list("abcd")
    assert [view.reason == NOT_ASKED for view in views] == [name not in who for name in "abcd"]


def test_one_that_does_not_decode_what_it_is_shown_has_no_say(
    asked: Callable[..., tuple[list[str], tuple[ReaderView, ...]]],
) -> None:
    _, views = asked("s", FAILS, FAILS, "s")
    assert [view.opened for view in views] == [True, True, False, True]
    assert judge_once(views).agreed == ["a", "d"]


def test_those_who_looked_before_look_again_and_no_others(
    asked: Callable[..., tuple[list[str], tuple[ReaderView, ...]]],
) -> None:
    assert asked("s", "s", "s", "s", edit=Edit(readers=frozenset("abc")))[0] == list("abc")
    assert asked("s", FAILS, "s", "s", edit=Edit(readers=frozenset("ab")))[0] == list("ab")


def test_one_that_is_not_installed_is_no_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> str:
        raise ImportError

    (tmp_path / "a.svs").write_bytes(b"II*\0")
    only = reader("c", [], "s")._replace(version=absent)
    monkeypatch.setattr(readers_module, "READERS", (reader("a", [], FAILS, further=False), only))
    assert [v.reason for v in observe(tmp_path / "a.svs")] == ["", NOT_ASKED]


@pytest.mark.parametrize(
    ("name", "head", "who"),
    [
        ("a.svs", b"II*\0", (True, True)),
        ("a.SCN", b"II+\0", (False, True)),
        ("a.ndpi", b"II*\0", (True, False)),
        ("a.czi", b"ZISRAWFILE", (True, False)),
        ("a.czi", b"II*\0", (False, False)),
        ("a.qptiff", b"II*\0", (False, True)),
        ("a.ome.tif", b"II*\0", (False, False)),
        ("a.qptiff", b"GIF8", (False, False)),
        ("a.vms", b"[Vir", (False, False)),
    ],
)
def test_kinds_are_told_by_name_and_first_bytes(tmp_path: Path, name: str, head: bytes, who: tuple[bool, bool]) -> None:
    path = tmp_path / name
    path.write_bytes(head + bytes(8))
    assert (fastslide.can_read(path), slideio.can_read(path)) == who
    assert not fastslide.can_read(tmp_path / f"absent-{name}")
    assert not slideio.can_read(tmp_path / f"absent-{name}")


# -- what runs apart ---------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="ends itself by a signal")
@pytest.mark.parametrize("how", ["os.abort()", "os._exit(0)", "print('x')", "raise SystemExit(3)", "time.sleep(9)"])
def test_a_library_that_ends_its_process_or_hangs_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(apart, "_CODE", f"import os, time; {how}")
    with pytest.raises((OSError, ValueError, subprocess.TimeoutExpired)):
        apart.ask("none", tmp_path / "Jane_Roe.svs", 0.5)


def test_what_a_library_prints_is_not_taken_for_what_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import json, os, sys; a = json.loads(sys.stdin.readline()); sys.path[:] = a['path']\n"
        "from blankslide.verification.judges.apart import alone\n"
        "with alone() as tell: os.write(1, b'noise'); tell({'seen': 1}); print('more')"
    )
    monkeypatch.setattr(apart, "_CODE", code)
    assert apart.ask("none", tmp_path / "a.svs", 60) == ({"seen": 1}, b"")


# -- real readers, real slides -------------------------------------------------------------


@with_fastslide
@pytest.mark.parametrize("profile", ["research", "strict"])
def test_fastslide_judges_joints_that_openslide_declines(tmp_path: Path, profile: str) -> None:
    path = tmp_path / "s.bif"
    build_ventana(path, "dp", joints="LEFT")
    before = observe(path)
    assert "fastslide still sees the macro" in compare(before, before, gone=frozenset({"macro"})).problems
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(profile=profile))
    assert (outcome.content, outcome.readers) == ("clean", ("tifffile", "fastslide"))


@with_slideio
@pytest.mark.parametrize("profile", ["research", "strict"])
def test_slideio_judges_a_slide_that_only_tifffile_reads(slide_copy: Copy, profile: str) -> None:
    path = slide_copy(VECTRA)
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(profile=profile))
    assert (outcome.content, outcome.readers) == ("clean", ("tifffile", "slideio"))


@with_slideio
def test_slideio_notices_a_label_that_stayed(slide_copy: Copy) -> None:
    before = observe(slide_copy(VECTRA))
    view = next(v for v in before if v.reader == "slideio")
    assert {p.name: p.blank for p in view.pictures} == {"label": False, "macro": False, "thumbnail": False}
    assert "slideio still sees the label" in compare(before, before, gone=frozenset({"label", "macro"})).problems


@with_slideio
def test_slideio_judges_a_copy_too(slide_copy: Copy, tmp_path: Path) -> None:
    outcome = pipeline.anonymize_copy(slide_copy(VECTRA), tmp_path / "out")
    assert (outcome.content, outcome.readers) == ("clean", ("tifffile", "slideio"))


@pytest.mark.slow
@with_fastslide
@with_slideio
@pytest.mark.parametrize(
    "name", ["aperio-gt450.svs", "leica-versa.scn", "qptiff-fluorescence.qptiff", "ventana-dp200.bif", "zeiss-raw.czi"]
)
def test_they_find_nothing_wrong_where_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(readers_module, "ENOUGH", 9)
    builders()[name](tmp_path / name)
    outcome = pipeline.anonymize_in_place(tmp_path / name)
    assert outcome.content == "clean"
    assert set(outcome.readers) & {"fastslide", "slideio"}


@pytest.mark.slow
@with_fastslide
def test_a_page_that_moves_up_is_not_taken_for_a_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers_module, "ENOUGH", 9)
    builders()["ventana-dp200.bif"](tmp_path / "s.bif")
    outcome = pipeline.anonymize_in_place(tmp_path / "s.bif", pipeline.Options(profile="strict"))
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert "fastslide" in outcome.readers


# -- barcodes ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["argos.avs", "leica-scn400.scn", "leica-versa.scn", "zeiss-raw.czi"])
def test_a_barcode_that_openslide_still_reads_is_a_problem(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    builders()[name](path)
    said = "OpenSlide still reads a barcode"
    views = observe(path)
    assert said in judge_once(views).problems
    assert said in compare(views, views, gone=NOTHING).problems
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.content == "clean"
    assert not [view for view in observe(path) if view.barcode]


def test_a_barcode_counts_for_those_who_opened_it_after() -> None:
    view = ReaderView("R", levels=(LevelView((9, 9), ("s",)),))
    speaks = replace(view, barcode=True)
    assert compare([speaks], [view], gone=NOTHING) == (["R"], [])
    assert compare([view], [speaks], gone=NOTHING).problems == ["R still reads a barcode"]
    assert judge_once([replace(speaks, reason="Gone")]).problems == judge_once([]).problems
