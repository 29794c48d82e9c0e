"""One run over many slides: planned whole, done once, gone on with, and nothing begun that should not be."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.batch import (
    Batch,
    Done,
    Event,
    NameTable,
    Orders,
    Pattern,
    Planned,
    Queued,
    Request,
    Running,
    Shard,
    Staged,
    crew,
)
from blankslide.batch.queue import Task
from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.pipeline import Options
from blankslide.records.ledger import Ledger
from blankslide.testing.process import run_cli

Put = Callable[..., Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


class Ran:
    """A run that has ended: its events and its summary. In this process unless told, so that it is quick."""

    def __init__(self, *paths: Path, watch: Callable[[Event], None] = lambda event: None, **wanted: Any) -> None:
        self.events: list[Event] = []
        key = paths[0].parent / "site.key"
        options = Options(wanted.pop("profile", "research"), key_file=key, ledger=Ledger(key.with_name("l.jsonl")))
        orders = Orders.of(options, wanted.pop("out", None), "everything" if wanted.get("every") else "access")
        stopped = wanted.pop("stopped", bool)

        def seen(event: Event) -> None:
            self.events.append(event)
            watch(event)

        with Batch(Request(paths, orders, **{"jobs": 0, **wanted}), seen, stopped) as engine:
            self.overview = engine.plan()
            self.summary = engine.run()
        self.engine = engine

    @property
    def outcomes(self) -> dict[str, Any]:
        return {event.path.name: event.outcome for event in self.events if isinstance(event, Done)}

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.events)


def test_every_slide_is_done_once_and_has_nothing_to_do_then(few: Path) -> None:
    (few / "notes.txt").write_text("no slide")
    ran = Ran(few)
    assert (ran.summary.clean, ran.summary.slides, ran.summary.exit_code) == (4, 4, 0)
    assert [ran.count(kind) for kind in (Queued, Planned, Running, Done)] == [4, 4, 4, 4]
    assert ran.count(Staged) > 8
    assert ran.engine.others == [few / "notes.txt"]
    assert {title: line.slides for title, line in ran.overview.formats.items()} == {
        "Hamamatsu NDPI": 3,
        "Hamamatsu VMS": 1,
    }
    assert ran.overview.writes > 0
    before = contents(few)
    again = Ran(few)
    assert (again.summary.nothing_to_do, again.summary.slides) == (4, 4)
    assert again.overview.writes == 0
    assert contents(few) == before


def test_events_of_a_slide_come_in_their_order(few: Path) -> None:
    ran = Ran(few, jobs=2)
    for number in range(1, 5):
        kinds = [type(event) for event in ran.events if event.number == number]
        assert (kinds[:3], kinds[-1]) == ([Queued, Planned, Running], Done)
        assert set(kinds[3:-1]) == {Staged}
    assert "archive" not in repr(ran.events)


def test_copies_keep_their_folders_and_are_not_made_twice(few: Path, tmp_path: Path) -> None:
    out, before = tmp_path / "out", contents(few)
    assert Ran(few, out=out).summary.clean == 4
    made = contents(out)
    assert {"a.ndpi", "b.ndpi", "set/small.vms", "set/deep/a.ndpi"} <= set(made)
    assert (out / "set" / "deep" / "a.ndpi").read_bytes() == (out / "a.ndpi").read_bytes()
    os.unlink(out / "b.ndpi")
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    again = Ran(few, out=out)
    assert (again.summary.nothing_to_do, again.summary.clean) == (3, 1)
    assert contents(out) == made
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    assert contents(few) == before


@pytest.mark.parametrize("kind", ["another slide's", "a planned byte", "a kept byte", "tissue", "shorter", "no slide"])
def test_a_file_that_is_not_just_this_copy_is_never_taken_for_it(few: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    Ran(few, out=out)
    target = out / "a.ndpi"
    source, made = (few / "a.ndpi").read_bytes(), bytearray(target.read_bytes())
    planned = next(i for i in range(len(made)) if made[i] != source[i])
    tissue = blankslide.inspect(few / "a.ndpi").maps[0].tissue()[0][0]
    where = {"a planned byte": planned, "a kept byte": 9, "tissue": tissue + 40}.get(kind)
    if where is not None:
        assert kind == "a planned byte" or made[where] == source[where]
        made[where] ^= 1
    target.write_bytes({"another slide's": source, "shorter": made[:-1], "no slide": b"notes"}.get(kind, made))
    before = contents(out)
    ran = Ran(few, out=out)
    assert ran.outcomes["small.vms"].content == "clean"
    assert (sum(ran.summary.refused.values()), ran.summary.exit_code) == (1, 4)
    assert contents(out) == before


def test_a_bad_slide_stops_no_other(few: Path) -> None:
    (few / "bad.svs").write_bytes(b"no scanner wrote this")
    (few / "cut.ndpi").write_bytes((few / "a.ndpi").read_bytes()[:600])
    ran = Ran(few)
    assert (ran.summary.clean, sum(ran.summary.refused.values()), ran.summary.exit_code) == (4, 2, 3)
    assert ran.overview.goes_on_with == 4
    assert ran.outcomes["bad.svs"].error.startswith("not a slide I know")
    assert not any(ran.outcomes[name] for name in ("bad.svs", "cut.ndpi"))


def test_all_or_none(few: Path) -> None:
    (few / "set" / "bad.svs").write_bytes(b"no scanner wrote this")
    before = contents(few)
    ran = Ran(few, every=True)
    assert (ran.summary.not_begun, ran.summary.exit_code) == (4, 3)
    assert contents(few) == before
    os.unlink(few / "set" / "bad.svs")
    assert Ran(few, every=True).summary.clean == 4


def test_a_dry_run_changes_and_makes_nothing(few: Path, tmp_path: Path) -> None:
    before = contents(tmp_path)
    ran = Ran(few, dry_run=True)
    assert (ran.summary.planned, ran.count(Done), ran.count(Running)) == (4, 4, 0)
    assert all(outcome.decisions for outcome in ran.outcomes.values())
    assert Ran(few, dry_run=True, out=tmp_path / "out").summary.planned == 4
    assert contents(tmp_path) == before


# -- names -------------------------------------------------------------------------------


def test_a_slide_that_goes_after_it_was_planned_is_no_spelling_mistake(few: Path) -> None:
    gone = few / "a.ndpi"

    def away(event: Event) -> None:
        if isinstance(event, Running) and event.path == few / "b.ndpi":  # as another run that renames them would
            gone.rename(few / "STUDY-1.ndpi")

    plain = Ran(few / "b.ndpi", gone, watch=away)
    (lost,) = [e.outcome for e in plain.events if isinstance(e, Done) and e.path == gone]
    assert lost.error_code == 4
    assert "not there any more" in lost.error
    assert "begin it again" in lost.error
    assert plain.summary.exit_code == 4


def test_names_by_a_pattern_in_place_and_gone_on_with(few: Path) -> None:
    shutil.move(few / "set", few.parent / "set")
    ran = Ran(few, naming=Pattern("S-{n:03}"))
    assert (ran.summary.clean, sorted(contents(few))) == (2, ["S-001.ndpi", "S-002.ndpi"])
    shutil.copyfile(few.parent / "set" / "deep" / "a.ndpi", few / "A.ndpi")
    again = Ran(few, naming=Pattern("S-{n:03}"))
    assert (again.summary.clean, again.summary.nothing_to_do) == (1, 2)
    assert sorted(contents(few)) == ["S-001.ndpi", "S-002.ndpi", "S-003.ndpi"]


@pytest.mark.parametrize("out", [None, "out"])
def test_two_slides_of_one_name_are_told_before_anything_is_written(few: Path, tmp_path: Path, out: str | None) -> None:
    before = contents(few)
    with pytest.raises(UsageError, match=r"slides 1 and 2 would both be called one\.ndpi") as caught:
        Ran(few, naming=Pattern("one"), out=None if out is None else tmp_path / out)
    assert "{n:04}" in caught.value.hint
    assert contents(few) == before
    assert not (tmp_path / "out").exists()


def test_capitals_and_accents_are_no_difference(few: Path, tmp_path: Path, put: Put) -> None:
    folder = tmp_path / "more"
    put("small.ndpi", folder, "\N{LATIN SMALL LETTER U WITH DIAERESIS}.ndpi")
    put("small.ndpi", folder, "u\N{COMBINING DIAERESIS}.ndpi")
    ran = Ran(folder, out=tmp_path / "out")
    assert (ran.summary.clean, [*ran.summary.refused]) == (1, ["another slide of this run gets the same name"])


def test_two_folders_with_one_name_collide(few: Path, tmp_path: Path, put: Put) -> None:
    put("small.ndpi", tmp_path / "more", "a.ndpi")
    ran = Ran(few, tmp_path / "more", out=tmp_path / "out")
    assert (ran.summary.clean, sum(ran.summary.refused.values()), ran.summary.exit_code) == (4, 1, 2)


def test_numbers_and_shards_do_not_agree_in_place(few: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shards cannot agree"):
        Ran(few, naming=Pattern("S{n}"), shard=Shard(1, 2))
    names: Counter[str] = Counter()
    for index in (1, 2):
        Ran(few, naming=Pattern("S{n}"), shard=Shard(index, 2), out=tmp_path / str(index))
        names.update(p.name for p in (tmp_path / str(index)).rglob("S*.*") if p.suffix in (".ndpi", ".vms"))
    assert set(names.values()) == {1}


def test_shards_do_everything_once(few: Path) -> None:
    done = [Ran(few, shard=Shard(index, 3)).summary for index in (1, 2, 3)]
    assert sum(summary.clean for summary in done) == sum(summary.slides for summary in done) == 4
    assert Ran(few).summary.nothing_to_do == 4


def test_a_row_that_fits_slides_of_two_shards_is_told_by_each(tmp_path: Path, put: Put) -> None:
    root, shards = tmp_path / "in", [Shard(1, 2), Shard(2, 2)]
    for shard in shards:  # one in each
        home = next(f"box {i}" for i in range(99) if shard.holds(Task(1, Path(f"box {i}/s.ndpi"), (f"box {i}",))))
        put("small.ndpi", root / home, "s.ndpi")
    before = contents(root)
    for shard in shards:
        with pytest.raises(UsageError, match="row 2 of the table fits two slides"):
            Ran(root, naming=NameTable([(2, "s", "S1")]), shard=shard)
    assert contents(root) == before


def test_strict_gives_folders_that_may_identify_a_pseudonym(tmp_path: Path, put: Put) -> None:
    put("small.ndpi", tmp_path / "in" / "Tessa Quillfeather", "slide1.ndpi")
    put("small.ndpi", tmp_path / "in" / "scan 2", "slide1.ndpi")
    ran = Ran(tmp_path / "in", out=tmp_path / "out", profile="strict")
    assert (ran.summary.clean, ran.summary.exit_code) == (2, 0)
    one, two = sorted(os.listdir(tmp_path / "out"))
    assert (one, two[:6]) == ("scan 2", "slide-")
    assert Ran(tmp_path / "in", out=tmp_path / "out", profile="strict").summary.nothing_to_do == 2


def test_a_name_that_identifies_is_another_one_in_copies_and_told_in_place(tmp_path: Path, put: Put) -> None:
    put("small.ndpi", tmp_path / "in" / "S19-12345", "S19-12345-A.ndpi")
    put("small.ndpi", tmp_path / "in" / "ward", "slide1.ndpi")
    ran = Ran(tmp_path / "in", out=tmp_path / "out")
    assert (ran.summary.clean, ran.summary.names) == (2, 0)
    assert not [p for p in (tmp_path / "out").rglob("*") if "S19" in p.name]
    assert (tmp_path / "out" / "ward" / "slide1.ndpi").exists(), "what is not known to identify keeps its name"
    assert Ran(tmp_path / "in", out=tmp_path / "out").summary.nothing_to_do == 2
    ran = Ran(tmp_path / "in")
    assert (ran.summary.clean, ran.summary.names) == (2, 1)


def test_a_folder_that_holds_a_removed_value_identifies(tmp_path: Path, put: Put) -> None:
    path = put("small.ndpi", tmp_path / "in", "slide1.ndpi")
    finding = next(f for f in blankslide.inspect(path).findings if f.value and len(f.value.reveal()) > 5)
    assert finding.value is not None
    put("small.ndpi", tmp_path / "in" / finding.value.reveal().replace("/", "-"), "slide2.ndpi")
    if "/" not in finding.value.reveal():
        ran = Ran(tmp_path / "in", out=tmp_path / "out")
        assert {name: outcome.name for name, outcome in ran.outcomes.items()}["slide2.ndpi"] == "identifying"


# -- interruptions -----------------------------------------------------------------------


def test_a_slide_that_is_locked_is_tried_again_at_the_end(few: Path) -> None:
    held = os.open(few / "a.ndpi", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)

    def release(event: Event) -> None:
        if isinstance(event, Done):
            fcntl.flock(held, fcntl.LOCK_UN)

    ran = Ran(few, watch=release)
    os.close(held)
    assert (ran.overview.goes_on_with, ran.summary.clean) == (3, 4)
    done = [event.number for event in ran.events if isinstance(event, Done)]
    assert done == [2, 3, 4, 1]


def test_a_stop_begins_no_other(few: Path) -> None:
    stop: list[Event] = []
    ran = Ran(few, watch=lambda event: stop.append(event) if isinstance(event, Done) else None, stopped=lambda: stop)
    assert (ran.summary.clean, ran.summary.not_begun, ran.summary.exit_code) == (1, 3, 130)
    assert ran.count(Running) == 1
    assert all("not begun" in outcome.error for outcome in ran.outcomes.values() if not outcome)
    assert Ran(few).summary.nothing_to_do == 1


def test_a_stop_begins_no_other_in_any_process(put: Put, tmp_path: Path) -> None:
    for i in range(8):
        put("small.ndpi", tmp_path / "in", f"{i}.ndpi")
    stop: list[Event] = []
    watch = lambda event: stop.append(event) if isinstance(event, Done) else None  # noqa: E731
    ran = Ran(tmp_path / "in", jobs=2, watch=watch, stopped=lambda: stop)
    assert ran.count(Running) <= 4, "two are in hand, and each process may have taken one more meanwhile"
    assert (ran.summary.clean + ran.summary.not_begun, ran.summary.exit_code) == (8, 130)


def test_a_stop_while_planning_changes_nothing(few: Path) -> None:
    before, stop = contents(few), []
    ran = Ran(few, watch=lambda event: stop.append(event), stopped=lambda: stop, jobs=1)
    assert (ran.summary.clean, ran.summary.stopped, ran.summary.exit_code) == (0, True, 130)
    assert contents(few) == before


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells the children of a process")
def test_a_process_that_dies_costs_no_slide(few: Path, put: Put) -> None:
    for i in range(4):
        put("small.ndpi", few, f"c{i}.ndpi")
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, Staged) and len(killed) < 3:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            children += [c for t in Path("/proc/self/task").iterdir() for c in (t / "children").read_text().split()]
            for child in {*map(int, children)} - {*killed}:
                if b"blankslide.batch.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(child, 9)
                    killed.append(child)
                    return

    ran = Ran(few, jobs=2, watch=kill)
    assert killed
    assert (ran.summary.clean + ran.summary.nothing_to_do, ran.summary.slides) == (8, 8)
    assert not list(few.rglob(".blankslide*"))
    assert Ran(few).summary.nothing_to_do == 8


def test_processes_that_cannot_be_started_end_the_run_and_no_slide_is_blamed(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(8):
        put("small.ndpi", tmp_path / "in", f"{i}.ndpi")
    before = contents(tmp_path / "in")
    monkeypatch.setattr(crew, "_CODE", "raise SystemExit(3)")
    with pytest.raises(EnvironmentProblem, match="as soon as they are started"):
        Ran(tmp_path / "in", jobs=2)
    assert contents(tmp_path / "in") == before


def test_a_set_whose_copy_was_killed_between_its_moves_is_recognised_when_it_is_planned_anew(
    tmp_path: Path, put: Put
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    path, out = put("mirax.mrxs", tmp_path / "in"), tmp_path / "out"
    strace = ("strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=renameat2:signal=SIGKILL:when=2")
    run_cli("anonymize", "--out", out, "--key", tmp_path / "site.key", path, before=strace)
    assert (out / "mirax").is_dir(), "the data were moved"
    assert not (out / "mirax.mrxs").exists(), "and the main file was not"
    ran = Ran(tmp_path / "in", out=out)
    assert (ran.overview.refused.total(), ran.summary.clean) == (0, 1)
    assert sorted(os.listdir(out)) == ["mirax", "mirax.mrxs"]


def test_somebody_else_s_folder_is_in_the_way_all_the_same(tmp_path: Path, put: Put) -> None:
    put("mirax.mrxs", tmp_path / "in")
    (tmp_path / "out" / "mirax").mkdir(parents=True)
    ran = Ran(tmp_path / "in", out=tmp_path / "out")
    assert (ran.overview.refused.total(), ran.summary.exit_code) == (1, 4)
    assert os.listdir(tmp_path / "out") == ["mirax"]


def test_blind_numbers_are_the_same_when_a_run_goes_on_in_place_in_copies_and_in_shards(
    few: Path, tmp_path: Path
) -> None:
    wanted: dict[str, Any] = {"naming": Pattern("S{n}"), "blind": True}
    Ran(few, out=tmp_path / "whole", **wanted)
    for index in (1, 2):
        Ran(few, out=tmp_path / "shards", shard=Shard(index, 2), **wanted)
    names = sorted(str(p.relative_to(tmp_path / "whole")) for p in (tmp_path / "whole").rglob("S*"))
    assert names == sorted(str(p.relative_to(tmp_path / "shards")) for p in (tmp_path / "shards").rglob("S*"))
    assert Ran(few, out=tmp_path / "whole", **wanted).summary.nothing_to_do == 3, "the set cannot be renamed"
    (few / "set" / "small.vms").rename(tmp_path / "away.vms")
    first = Ran(few, stopped=lambda: len(list(few.rglob("S*"))) > 0, **wanted)
    assert first.summary.clean >= 1
    Ran(few, **wanted)
    assert sorted(p.name for p in few.rglob("S*.ndpi")) == ["S1.ndpi", "S2.ndpi", "S3.ndpi"]


def test_a_blind_order_is_of_numbers(few: Path, tmp_path: Path) -> None:
    for naming in (None, Pattern("{stem}x")):
        with pytest.raises(UsageError, match="the names have none"):
            Ran(few, out=tmp_path / "out", naming=naming, blind=True)
