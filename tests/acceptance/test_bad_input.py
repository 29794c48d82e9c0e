"""Issue 4, Must show 3: whatever is wrong with a slide or around it, the answer is a documented one.

Damage is tried thousands of times in memory, where inspecting and planning cost a millisecond,
and a part of it again as whole runs on a disk, in place and into copies. An answer is either
success or an error of the tree, never our own mistake, and a refused slide is byte for byte as
before, with nothing beside it.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from blankslide import pipeline
from blankslide.errors import BlankslideError, InternalError, SlideChanged, SlideError
from blankslide.formatkit.protocol import Probe
from blankslide.formats import detect
from blankslide.model import Stage
from blankslide.pipeline import Options
from blankslide.planner import make_plan
from blankslide.policy.profiles import RESEARCH
from blankslide.source import MemorySource
from blankslide.spans import ByteClass
from blankslide.storage.lock import hold
from blankslide.storage.slide_files import open_slide
from blankslide.testing.built import build_aperio
from blankslide.testing.judge import Before, judge, tiles_of
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from blankslide.model import Inspection
    from blankslide.samples.kit.tiff_layout import Layout, PageSpot

TINY = {"size": (512, 384), "factors": (1, 4), "macro_size": (400, 140)}
WHOLE_RUNS = 24


class Built(NamedTuple):
    """A slide, what is in it, and where the writer put everything."""

    data: bytes
    inspection: Inspection
    layout: Layout
    before: Before


@pytest.fixture(scope="module", params=["classic", "big", "gt450"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    path = tmp_path_factory.mktemp("built") / "slide.svs"
    key = build_aperio(path, request.param, **TINY)
    assert key.layout is not None
    return Built(path.read_bytes(), pipeline.inspect(path), key.layout, Before.of(path, key))


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Built:
    path = tmp_path_factory.mktemp("big") / "slide.svs"
    key = build_aperio(path, "big", **TINY)
    assert key.layout is not None
    return Built(path.read_bytes(), pipeline.inspect(path), key.layout, Before.of(path, key))


# -- damage ------------------------------------------------------------------------------


class Memory:
    """A slide of one file in memory; a `SlideFiles`."""

    name = "slide.svs"

    def __init__(self, data: bytes) -> None:
        self.main = MemorySource(data)

    def names(self) -> list[str]:
        return []

    def open(self, name: str) -> MemorySource:
        raise AssertionError("an Aperio slide is one file")


def answer(data: bytes) -> str:
    """Inspect and plan; return ``planned`` or the class of the refusal."""
    try:
        probe = Probe(Memory(data))
        make_plan(detect(probe).inspect(probe), RESEARCH, [MemorySource(data)])
    except SlideError as error:
        return type(error).__name__
    return "planned"


def places(built: Built) -> list[int]:
    """Structure boundaries, every 64 bytes of structure and metadata, the ends of some tiles; each +-1."""
    marks: set[int] = set()
    for start, end, cls, _ in built.inspection.maps[0].claims():
        if cls in (ByteClass.STRUCTURE, ByteClass.METADATA):
            marks |= {start, end, *range(start, end, 64)}
        elif cls == ByteClass.ASSOCIATED:
            marks |= {start, end}
    for start, end in list(built.inspection.maps[0].tissue())[:24]:
        marks |= {start, end}
    return sorted({m + d for m in marks for d in (-1, 0, 1) if 0 <= m + d < len(built.data)})


def damaged(built: Built) -> Iterator[bytes]:
    data = built.data
    for number, at in enumerate(places(built)):
        yield data[:at]
        fresh = (data[at] ^ 1, data[at] ^ 0xFF, 0xFF if data[at] != 0xFF else 0)[number % 3]
        yield data[:at] + bytes((fresh,)) + data[at + 1 :]


def test_damage_at_every_boundary_is_refused_or_planned(built: Built) -> None:
    answers = [answer(data) for data in damaged(built)]
    assert len(answers) > 1000
    assert answers.count("DamagedSlide") > 200
    assert answers.count("planned") > 200
    assert set(answers) <= {"planned", "DamagedSlide", "ContradictorySlide", "NotASlide", "NotEditable"}


def check_answer(path: Path, data: bytes, run: Callable[[], object]) -> str:
    """Run on a slide; hold the disk against the answer."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    refusal: BlankslideError | None = None
    try:
        run()
    except BlankslideError as error:
        refusal = error
    assert not isinstance(refusal, InternalError)
    assert len(path.read_bytes()) == len(data)
    assert os.listdir(path.parent) == [path.name]
    if refusal is None:
        return "success"
    assert refusal.changed == "no"
    assert path.read_bytes() == data, refusal.message
    return type(refusal).__name__


@pytest.mark.slow
def test_whole_runs_on_damaged_slides_change_all_or_nothing(built: Built, tmp_path: Path) -> None:
    path, out, options = tmp_path / "s" / "slide.svs", tmp_path / "out", Options(key=bytes(32))
    cases = list(damaged(built))
    answers = []
    for number, data in enumerate(random.Random(7).sample(cases, WHOLE_RUNS)):
        copies = number % 2
        shutil.rmtree(out, ignore_errors=True)
        if copies:
            found = check_answer(path, data, lambda: pipeline.anonymize_copy(path, out, options))
            assert path.read_bytes() == data
            assert not out.exists() or os.listdir(out) in ([], ["slide.svs"])
        else:
            found = check_answer(path, data, lambda: pipeline.anonymize_in_place(path, options))
        answers.append(found)
    assert "success" in answers
    assert len(set(answers)) > 1


# -- lies in the structure ---------------------------------------------------------------


def put(data: bytes, at: int, form: str, *values: int) -> bytes:
    return data[:at] + struct.pack("<" + form, *values) + data[at + struct.calcsize("<" + form) :]


def page(built: Built, tiled: bool, last: bool = True) -> PageSpot:
    kind = 324 if tiled else 273
    found = [p for p in built.layout.pages if kind in p.entries]
    return found[-1 if last else 0]


def loop(built: Built) -> bytes:
    return put(built.data, built.layout.pages[-1].next_at, "Q", built.layout.pages[0].at)


def self_loop(built: Built) -> bytes:
    return put(built.data, built.layout.pages[2].next_at, "Q", built.layout.pages[2].at)


def endless(tag: int, count: int) -> Callable[[Built], bytes]:
    """Give an entry of level 0 a count that no file can hold."""
    return lambda built: put(built.data, built.layout.pages[0].entries[tag].at + 4, "Q", count)


def entries(built: Built) -> bytes:
    return put(built.data, built.layout.pages[1].at, "Q", 1 << 63)


def first_offset(spot: PageSpot, tag: int) -> int:
    return spot.entries[tag].value_at


def label_on_tile(built: Built) -> bytes:
    """Let the label's first strip be a tile of level 0: blanking it would blank tissue."""
    label, level = page(built, tiled=False), built.layout.pages[0]
    form = "I" if label.entries[273].type == 4 else "Q"
    return put(built.data, first_offset(label, 273), form, level.strips[0][0])


def halves(built: Built) -> bytes:
    """Let two tiles overlap by half."""
    level = built.layout.pages[0]
    spot = level.entries[324]
    form, width = ("I", 4) if spot.type == 4 else ("Q", 8)
    at, length = level.strips[0]
    return put(built.data, spot.value_at + width, form, at + length // 2)


def tile_on_directory(built: Built) -> bytes:
    level = built.layout.pages[0]
    form = "I" if level.entries[324].type == 4 else "Q"
    return put(built.data, first_offset(level, 324), form, built.layout.pages[1].at)


def tile_outside(built: Built) -> bytes:
    level = built.layout.pages[0]
    form = "I" if level.entries[324].type == 4 else "Q"
    return put(built.data, first_offset(level, 324), form, len(built.data) - 3)


def text_on_tile(built: Built) -> bytes:
    """Let the date of level 0 stand inside a tile: removing it would remove tissue."""
    spot = built.layout.pages[0].entries[306]
    return put(built.data, spot.at + 12, "Q", built.layout.pages[0].strips[0][0] + 40)


LIES = {
    "a chain of pages that never ends": loop,
    "a page that follows itself": self_loop,
    "2^63 bytes of description": endless(270, 1 << 63),
    "2^64-1 bytes of description": endless(270, (1 << 64) - 1),
    "2^63 tiles": endless(324, 1 << 63),
    "2^40 tile sizes": endless(325, 1 << 40),
    "2^63 entries in a directory": entries,
    "a label strip that is a tile": label_on_tile,
    "tiles that overlap by half": halves,
    "a tile that is a directory": tile_on_directory,
    "a tile outside the file": tile_outside,
    "a date inside a tile": text_on_tile,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_slide_that_lies_is_refused_and_untouched(big: Built, tmp_path: Path, lie: str) -> None:
    data = LIES[lie](big)
    assert data != big.data
    path = tmp_path / "s" / "slide.svs"
    for run in (
        lambda: pipeline.anonymize_in_place(path),
        lambda: pipeline.anonymize_copy(path, tmp_path / "out"),
        lambda: pipeline.inspect(path),
    ):
        assert check_answer(path, data, run) in ("DamagedSlide", "ContradictorySlide")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("lie", ["2^63 tiles", "a chain of pages that never ends", "a label strip that is a tile"])
def test_lies_on_the_command_line_end_with_3(big: Built, tmp_path: Path, lie: str) -> None:
    path = tmp_path / "slide.svs"
    path.write_bytes(LIES[lie](big))
    for mode in (["--in-place"], ["--out", tmp_path / "out"]):
        ended = run_cli("anonymize", *mode, path)
        assert (ended.code, ended.out) == (3, "")
        assert "nothing was changed" in ended.err
    assert path.read_bytes() == LIES[lie](big)
    assert os.listdir(tmp_path) == ["slide.svs"]


# -- what is no slide --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a slide I know: PNG image"),
        (b"II", "not a slide I know"),
        (b"II*\0", "not a TIFF file"),
        (b"II+\0\x08\0\0\0" + b"\xff" * 8, "lies outside the file"),
        (bytes(10_000), "not a slide I know"),
    ],
)
def test_what_is_no_slide_is_refused_with_its_reason(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "slide.svs"
    path.write_bytes(data)
    for mode in (["--in-place"], ["--out", tmp_path / "out"]):
        ended = run_cli("anonymize", *mode, path)
        assert (ended.code, ended.out) == (3, ""), ended.text
        assert words in ended.err
    assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["slide.svs"]


# -- surroundings ------------------------------------------------------------------------


@pytest.fixture
def slide(big: Built, tmp_path: Path) -> Path:
    path = tmp_path / "slides" / "slide.svs"
    path.parent.mkdir()
    path.write_bytes(big.data)
    return path


def check_refused(path: Path, big: Built, code: int, words: str, *arguments: str | Path) -> None:
    names = sorted(os.listdir(path.parent))
    ended = run_cli("anonymize", *(arguments or ("--in-place",)), path)
    assert (ended.code, ended.out) == (code, ""), ended.text
    assert words in ended.err
    assert path.read_bytes() == big.data
    assert sorted(os.listdir(path.parent)) == names


def as_root(*command: str | Path) -> Callable[..., None]:
    """Run a command that needs root; skip where it is not permitted."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} needs root")
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"{command[0]} is not permitted here")
    return lambda *undo: subprocess.run(undo, check=True, capture_output=True)


def test_a_read_only_file(slide: Path, big: Built) -> None:
    slide.chmod(0o444)
    check_refused(slide, big, 4, "read-only")


def test_a_read_only_folder(slide: Path, big: Built) -> None:
    slide.parent.chmod(0o555)
    check_refused(slide, big, 4, "read-only")
    slide.parent.chmod(0o755)


def test_an_immutable_file(slide: Path, big: Built) -> None:
    undo = as_root("chattr", "+i", slide)
    try:
        check_refused(slide, big, 4, "nothing was changed")
    finally:
        undo("chattr", "-i", slide)


def test_a_read_only_mount_and_a_copy_of_it(slide: Path, big: Built, tmp_path: Path) -> None:
    point = tmp_path / "point"
    point.mkdir()
    undo = as_root("mount", "--bind", "-o", "ro", slide.parent, point)
    try:
        check_refused(point / "slide.svs", big, 4, "nothing was changed")
        assert run_cli("anonymize", "--out", tmp_path / "out", point / "slide.svs").code == 0
        check_refused(slide, big, 4, "nothing was changed", "--out", point / "out")
    finally:
        undo("umount", point)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk(big: Built, tmp_path: Path) -> None:
    point = tmp_path / "point"
    point.mkdir()
    undo = as_root("mount", "-t", "tmpfs", "-o", "size=2m", "none", point)
    try:
        slide = point / "slide.svs"
        slide.write_bytes(big.data)
        fill(point / "filler")
        check_refused(slide, big, 4, "disk", "--in-place")
        check_refused(slide, big, 4, "fit", "--out", point / "out")
    finally:
        undo("umount", point)


def test_a_full_disk_of_the_ledger(slide: Path, big: Built, tmp_path: Path) -> None:
    point = tmp_path / "point"
    point.mkdir()
    undo = as_root("mount", "-t", "tmpfs", "-o", "size=200k", "none", point)
    try:
        fill(point / "filler")
        check_refused(slide, big, 4, "the ledger's disk is full", "--in-place", "--ledger", point / "l.jsonl")
        (point / "filler").unlink()
        ended = run_cli("anonymize", "--in-place", "--ledger", point / "l.jsonl", slide)
        assert ended.code == 0, ended.err
    finally:
        undo("umount", point)


def test_a_hard_link(slide: Path, big: Built, tmp_path: Path) -> None:
    os.link(slide, tmp_path / "second.svs")
    check_refused(slide, big, 4, "hard links")
    assert run_cli("anonymize", "--out", tmp_path / "out", slide).code == 0


def test_a_symbolic_link_leads_to_the_real_slide(slide: Path, big: Built, tmp_path: Path) -> None:
    link = tmp_path / "link.svs"
    link.symlink_to(slide)
    assert run_cli("anonymize", "--out", tmp_path / "out", link).code == 0
    assert os.listdir(tmp_path / "out") == ["link.svs"]
    assert slide.read_bytes() == big.data
    assert run_cli("anonymize", "--in-place", link).code == 0
    assert link.is_symlink()
    assert judge(big.before, slide) == []


def test_links_in_circles_missing_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "circle.svs").symlink_to("circle.svs")
    for path in (tmp_path / "circle.svs", tmp_path / "missing.svs", "\0"):
        if path != "\0":
            assert run_cli("anonymize", "--in-place", path).code in (2, 4)
    assert run_cli("anonymize", "--in-place", tmp_path / "circle.svs" / "x").code in (2, 4)
    os.mkfifo(tmp_path / "fifo.svs")
    assert run_cli("anonymize", "--in-place", tmp_path / "fifo.svs").code == 3


def test_locked_by_another_run(slide: Path, big: Built, tmp_path: Path) -> None:
    with open_slide(slide) as held, hold(held):
        check_refused(slide, big, 4, "another run")
        check_refused(slide, big, 4, "another run", "--out", tmp_path / "out")


@pytest.mark.parametrize("how", ["written", "grown", "replaced"])
@pytest.mark.parametrize("copies", [False, True])
def test_a_file_that_changes_under_us(slide: Path, big: Built, tmp_path: Path, how: str, copies: bool) -> None:
    def change(stage: Stage, part: float) -> None:
        if stage is not Stage.OBSERVE or slide.with_name("done").exists():
            return
        slide.with_name("done").touch()
        if how == "replaced":
            (tmp_path / "new").write_bytes(big.data)
            os.replace(tmp_path / "new", slide)
        else:
            with slide.open("r+b") as file:
                file.seek(0, os.SEEK_END if how == "grown" else os.SEEK_SET)
                file.write(big.data[:4])

    options = Options(progress=change)
    copy = partial(pipeline.anonymize_copy, slide, tmp_path / "out", options)
    with pytest.raises(SlideChanged):
        copy() if copies else pipeline.anonymize_in_place(slide, options)
    assert slide.read_bytes()[: len(big.data)] == big.data
    assert sorted(os.listdir(slide.parent)) == ["done", "slide.svs"]
    assert not (tmp_path / "out").exists()


# -- names -------------------------------------------------------------------------------

NAMES = {
    "shell": b"""$(touch x) `y` "\xc3\xa9 \xe5\x90\x8d.svs""",
    "newline": b"a\nb\r.svs",
    "not UTF-8": b"\xff\xfe slide.svs",
    "255 bytes": b"n" * 251 + b".svs",
    "right to left": "\u202egnp.\u05d0\u05d1.svs".encode(),
    "option": b"--help.svs",
    "no suffix": b"slide",
    "dots": b"...svs",
}


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_in_both_modes(big: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    folder, odd = tmp_path / "slides", NAMES[name]
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = os.fsencode(folder) + b"/" + odd
    try:
        Path(os.fsdecode(path)).write_bytes(big.data)
    except OSError:
        pytest.skip("this file system does not take the name")
    copied = run_cli("anonymize", "--out", tmp_path / "out", path)
    edited = run_cli("anonymize", "--in-place", path)
    for ended in (copied, edited):
        assert (ended.code, ended.err) == (0, ""), ended.text
        assert ended.out.count("\n") == 1
        assert not any(c in ended.out for c in "\r\u202e")
        assert ended.out.encode("utf-8", "strict")
    assert os.listdir(os.fsencode(folder)) == [odd]
    assert os.listdir(os.fsencode(tmp_path / "out")) == [odd]
    for made in (path, os.fsencode(tmp_path / "out") + b"/" + odd):
        assert judge(big.before, Path(os.fsdecode(made))) == []


def test_tiles_of_a_damaged_slide_stay_when_it_is_edited(big: Built, tmp_path: Path) -> None:
    """A description cut off inside is still planned; the tissue is then as it was."""
    spot = big.layout.pages[0].entries[270]
    data = put(big.data, spot.value_at + spot.length // 2, "B", 0xFF)
    path = tmp_path / "s" / "slide.svs"
    assert check_answer(path, data, lambda: pipeline.anonymize_in_place(path)) == "success"
    after = path.read_bytes()
    assert all(after[at : at + size] == data[at : at + size] for at, size in tiles_of(data))
