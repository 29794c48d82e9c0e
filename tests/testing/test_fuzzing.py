"""The fuzzer in small: every container and format by chance, and what it must notice."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

import blankslide.containers
from blankslide.errors import DamagedSlide, InternalError, NoSpace
from blankslide.formats import all_formats
from blankslide.model import Inspection, Patch, Plan, SlideFile
from blankslide.spans import ByteClass, ByteMap
from blankslide.testing.own.fuzzing import container_calls, invariant, runs, targets
from blankslide.testing.own.fuzzing.child import chances
from blankslide.testing.own.fuzzing.invariant import faults, held
from blankslide.testing.own.fuzzing.looked import Look
from blankslide.testing.own.fuzzing.memory_slide import MemorySlide
from blankslide.testing.own.fuzzing.records import LONGEST, RAW, any_input, changes_of
from blankslide.testing.own.fuzzing.seeds import Seed, read_seeds, write_seeds
from blankslide.testing.own.fuzzing.tally import Tally, TallyFile

CONTAINER, FORMAT = 60, 40
#: What no bytes lead into from outside: its functions are given what other modules have read.
WITHOUT = {"dicom.series", "tiff.surplus"}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    write_seeds(folder / "seeds")
    return folder / "seeds"


@pytest.fixture(scope="module")
def made(seeds: Path) -> dict[str, targets.Target]:
    """All targets; the calls of containers are recorded once."""
    calls = targets.calls_of(seeds)
    out: dict[str, targets.Target] = {f"container:{name}": targets.ContainerTarget(c) for name, c in calls.items()}
    return out | {f"format:{f.name}": targets.FormatTarget(read_seeds(seeds, f.name)) for f in all_formats()}


def test_every_container_and_every_format_is_a_target_and_has_samples(made: dict[str, targets.Target]) -> None:
    home = Path(blankslide.containers.__file__ or "").parent
    files = (path.relative_to(home).with_suffix("") for path in home.rglob("*.py") if path.name != "__init__.py")
    wanted = {f"container:{'.'.join(path.parts)}" for path in files} - {f"container:{name}" for name in WITHOUT}
    assert set(targets.names()) == wanted | {f"format:{f.name}" for f in all_formats()} == set(made)
    assert [name for name, target in made.items() if not target.samples] == []


def test_any_bytes_give_an_inspection_or_a_documented_error(made: dict[str, targets.Target]) -> None:
    wrong, told = [], {"inspected": 0, "refused": 0, "suspect": 0}
    for name, target in made.items():
        count = FORMAT if name.startswith("format") else CONTAINER
        for data in [*chances(target, 1, target.samples + 4)][-4:] + list(inputs(target, count)):
            verdict = target.tried(data)
            if verdict.word == "wrong":
                wrong.append(f"{name}: {verdict.what}\n{target.told(data)[:500]}")
            else:
                told[verdict.word] += 1
    assert not wrong, "\n".join(wrong)
    assert told["inspected"] > 500 < told["refused"]


def inputs(target: targets.Target, count: int) -> list[bytes]:
    chance = Random(20)
    return [any_input(chance, target.samples) for _ in range(count)]


# -- what the invariant notices ----------------------------------------------------------


def test_it_notices_what_is_no_documented_error() -> None:
    def fails(error: BaseException) -> invariant.Verdict:
        def act() -> str:
            raise error

        return held(act, ("Doe, Jane",), ("KeyError",))

    assert fails(DamagedSlide("a tile is cut off"))[:2] == ("refused", "DamagedSlide")
    assert fails(KeyError("documented")).word == "refused"
    for error in (
        ValueError("x"),
        InternalError("x"),
        NoSpace("x"),
        DamagedSlide("of Doe, Jane"),
        DamagedSlide("a\nb"),
    ):
        assert fails(error).word == "wrong"
    assert fails(MemoryError()).what.startswith("more than 256 MiB")
    assert held(lambda: "").word == "inspected"


def test_it_notices_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(seconds: float) -> str:
        end = time.process_time() + seconds
        while time.process_time() < end:
            sum(range(1000))
        return ""

    monkeypatch.setattr(invariant, "SECONDS", 0.01)
    assert held(lambda: work(0.02)).what == "more than two seconds"
    monkeypatch.setattr(invariant, "_STOP", 0.05)
    assert held(lambda: work(3600)).what.startswith("it does not end")


def test_it_notices_a_plan_that_touches_tissue_and_a_map_that_is_not_exact() -> None:
    def look(patch: Patch, *gap: tuple[int, int]) -> Look:
        bytemap = ByteMap(100)
        bytemap.claim(0, 10, ByteClass.STRUCTURE, "header")
        bytemap.claim(10, 50, ByteClass.TISSUE, "page 0")
        bytemap.settle()
        bytemap._gaps = list(gap)
        inspection = Inspection("x", "X", (SlideFile("x", 100),), (), (), (), (bytemap,))
        return Look(inspection, Plan("research", (), (patch,)))

    beside, inside = Patch(0, 50, 5, None), Patch(0, 49, 2, None)
    assert faults(look(beside, (50, 100)), ["x"], {}) == ""
    assert faults(look(inside, (50, 100)), ["x"], {}) == "a plan that touches tissue"
    assert faults(look(Patch(0, 0, 100, None), (50, 100)), ["x"], {}) == "a plan that touches tissue"
    assert faults(look(beside, (50, 100)), ["x"], {"x": [(52, 60)]}) == invariant.SUSPECT
    assert "hole" in faults(look(beside, (51, 100)), ["x"], {})
    assert "two own" in faults(look(beside, (40, 100)), ["x"], {})
    assert "ends elsewhere" in faults(look(beside, (50, 99)), ["x"], {})


# -- inputs ------------------------------------------------------------------------------


def test_an_input_means_a_few_changes_of_places_that_matter(seeds: Path) -> None:
    (seed,) = read_seeds(seeds, "sakura")
    kinds = set()
    for data in inputs_of(200):
        changes = changes_of(data, seed)
        assert len(changes) <= 8
        kinds |= {(c.gone == len(c.data), c.gone > 1 << 30, not c.data) for c in changes}
    assert len(kinds) >= 4
    (raw,) = changes_of(bytes((RAW,)) + b"II*\0", seed)
    assert raw.data == b"II*\0"
    assert changes_of(b"\0", seed) == []


def inputs_of(count: int) -> list[bytes]:
    chance = Random(3)
    return [b"\0" + chance.randbytes(chance.randrange(LONGEST)) for _ in range(count)]


def test_seeds_know_structure_tissue_and_secrets(seeds: Path) -> None:
    (seed,) = read_seeds(seeds, "mirax")
    assert {"mirax.mrxs", "Slidedat.ini", "Index.dat", "Data0000.dat"} <= set(seed.members)
    assert seed.tissue["Data0000.dat"]
    assert not seed.tissue["Index.dat"]
    assert all(at < len(seed.files[name]) for name, at in seed.places)
    assert len(seed.secrets) > 5
    assert seed.values
    assert seed.numbers


def test_a_slide_in_memory_is_as_strict_with_names_as_one_on_a_disk() -> None:
    slide = MemorySlide("a", {"a": b"1", "b": b"2"})
    assert slide.open("b").read(0, 1) == b"2"
    assert slide.names() == ["b"]
    assert slide.glance("b", 9) == b"2"
    assert slide.glance("b", 9, above=True) == slide.glance("c", 9) == b""
    for name in ("../b", "c", "", "b."):
        with pytest.raises(DamagedSlide):
            slide.open(name)


def test_a_recorded_call_is_made_again_with_other_bytes(seeds: Path) -> None:
    data = Seed("x", {"x": b"\xff\xd8\xff\xfe\0\6text\xff\xd9"}).files["x"]

    def act() -> None:
        from blankslide.containers.streams import jpeg

        jpeg.beside(data)

    calls = [c for c in container_calls.recorded(act)["streams.jpeg"] if c.function.__name__ == "beside"]
    assert [call.data for call in calls] == [data]
    assert calls[0].again(b"") == []


# -- runs --------------------------------------------------------------------------------


def test_a_run_goes_on_where_it_was_stopped_and_prints_its_rows(
    tmp_path: Path, seeds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "seeds").symlink_to(seeds)
    words = ["--seed", "5", "--corpus", str(tmp_path), "--engine", "chance", "container:ini"]
    assert [line.wrong for line in runs.fuzz(["30", *words])] == [0]
    assert [line.wrong for line in runs.fuzz(["50", *words])] == [0]
    rows = (tmp_path / "rows.tsv").read_text("utf-8").splitlines()
    assert [row.split("\t")[1] for row in rows] == ["30", "50"]
    assert "container:ini\t50\t" in capsys.readouterr().out


def test_a_process_that_dies_is_a_fault_and_its_input_is_kept(
    tmp_path: Path, seeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seeds").symlink_to(seeds)

    def dying(*_: object) -> str:
        return "the process dies, exit code -9"

    monkeypatch.setattr(runs, "_process", dying)
    (row,) = runs.rows_of(["container:ini"], tmp_path, 9, 1, "chance")
    assert row.wrong == ("the process dies, exit code -9",)
    assert (tmp_path / "wrong" / "container-ini" / "died-0.bin").is_file()


def test_a_tally_is_seen_by_another_process(tmp_path: Path) -> None:
    mine = TallyFile(tmp_path / "tally")
    mine.begins(b"input")
    mine.put(Tally(done=7, length=5))
    assert TallyFile(tmp_path / "tally").in_hand() == b"input"
    assert TallyFile(tmp_path / "tally").now.done == 7


def test_atheris_drives_a_target(tmp_path: Path, seeds: Path) -> None:
    pytest.importorskip("atheris", reason="there is no wheel of atheris for this system")
    (tmp_path / "seeds").symlink_to(seeds)
    words = ["container:ini", str(tmp_path), "300", "1", "atheris"]
    child = [sys.executable, "-m", "blankslide.testing.own.fuzzing.child", *words]
    ended = subprocess.run(child, capture_output=True, cwd=tmp_path, check=False)
    assert ended.returncode == 0, ended.stderr[-800:]
    assert TallyFile(tmp_path / "tally" / "container-ini").now.done >= 300
    assert b"cov:" in ended.stderr


_COMPARES = """
def at_most(left, right):
    return left <= right
def is_text(left):
    return left == "text"
"""
_KEEPS = """
import sys, weakref
import atheris
from blankslide.testing.own.fuzzing.comparing import keeping_no_results
with atheris.instrument_imports(include=["compares"], enable_loader_override=False):
    import compares
class Answer:
    pass
class Asked:
    def __le__(self, other):
        return Answer()
def trial(data):
    assert compares.at_most(2, 2) and not compares.at_most(3, 2) and compares.is_text("text")
    kept = weakref.ref(compares.at_most(Asked(), 1))
    print("kept" if kept() else "let-go", flush=True)
atheris.Setup([sys.argv[0], "-runs=3"], keeping_no_results(trial))
atheris.Fuzz()
"""


def test_no_result_of_a_comparison_is_kept(tmp_path: Path) -> None:
    """An array that stands in its place filled the process."""
    pytest.importorskip("atheris", reason="there is no wheel of atheris for this system")
    (tmp_path / "compares.py").write_text(_COMPARES)
    ended = subprocess.run([sys.executable, "-c", _KEEPS], capture_output=True, cwd=tmp_path, check=True)
    assert set(ended.stdout.split()) == {b"let-go"}


_WAITS = """
import gc, weakref
from blankslide.testing.own.fuzzing.child import _look_through_garbage_often
loaded = [[] for _ in range(1_000_000)]
LOOK()
class Input:
    pass
alive, most = weakref.WeakSet(), 0
for _ in range(80):
    one = Input()
    one.own, one.parts = one, [[] for _ in range(9000)]
    alive.add(one)
    most = max(most, len(alive))
print(most)
"""


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python 3.14 looks for cycles in other steps")
def test_cycles_of_inputs_do_not_wait_for_what_is_loaded() -> None:
    """They filled the process; all that is imported counts as old, and a quarter of it may wait."""
    script = _WAITS.replace("LOOK", "_look_through_garbage_often")
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(ended.stdout) < 20
