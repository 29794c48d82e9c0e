"""`make coverage` sees what happens in processes that tests start and fork, and ends with 1 where it is too little."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

coverage = pytest.importorskip("coverage", reason="coverage is not installed")
ROOT = Path(__file__).resolve().parents[1]
TESTED = """
import os
from blankslide.testing.process import run_cli
assert run_cli("profile", "show", "strict").code == 0   # forked from a warm process
child = os.fork()
if not child:
    import blankslide.spans
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what was measured of a program with two kinds of children."""
    folder = tmp_path_factory.mktemp("coverage")
    (folder / "tested.py").write_text(TESTED)
    command = [
        sys.executable,
        "-m",
        "coverage",
        "run",
        f"--rcfile={ROOT / 'pyproject.toml'}",
        str(folder / "tested.py"),
    ]
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    env = {**os.environ, "COVERAGE_FILE": str(folder / "data"), "PYTHONPATH": paths}
    env.pop("COVERAGE_PROCESS_CONFIG", None)  # of a run that measures this very test
    run = subprocess.Popen(command, cwd=folder, env=env, start_new_session=True)
    assert run.wait(timeout=120) == 0
    deadline = time.monotonic() + 60
    while _is_there(run.pid) and time.monotonic() < deadline:
        time.sleep(0.05)  # the warm process writes down what it saw when it hears that nobody needs it any more
    assert len(list(folder.glob("data.*"))) >= 3
    whole = coverage.Coverage(data_file=str(folder / "data"), config_file=str(ROOT / "pyproject.toml"))
    whole.combine([str(folder)])
    whole.save()
    return folder / "data"


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def script(measured: Path) -> dict[str, Any]:
    names = runpy.run_path(str(ROOT / "scripts" / "coverage"))
    names["reached"].__globals__["DATA"] = measured
    return names


def test_children_that_are_forked_and_leave_without_ceremony_are_seen(measured: Path) -> None:
    data = coverage.CoverageData(str(measured))
    data.read()
    seen = {Path(name).relative_to(ROOT / "src" / "blankslide").as_posix() for name in data.measured_files()}
    assert {"spans.py", "cli/commands.py"} <= seen
    assert all((ROOT / "src" / "blankslide" / name).is_file() for name in seen), "our own source, and nothing else"
    lines = data.lines(str(ROOT / "src" / "blankslide" / "cli" / "commands_profile.py"))
    assert len(lines or ()) > 20


def test_too_little_ends_with_1_and_enough_with_0(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["coverage", "--again"])
    planner = next(room for room in script["ROOMS"] if room.name == "planner")
    for least, code, said in ((95, 1, "FAILED  planner"), (0, 0, "ok      planner"), (None, 0, "ok      planner")):
        monkeypatch.setitem(script["main"].__globals__, "ROOMS", (planner._replace(least=least),))
        assert script["main"]() == code
        assert said in capsys.readouterr().out


def test_each_room_is_there_and_all_that_is_asked_for_is_held_to_it(script: dict[str, Any]) -> None:
    least = {room.name: room.least for room in script["ROOMS"]}
    groups = ("storage", "planner", "pipeline", "verification", "containers", "formatkit")
    assert {name: least[name] for name in groups} == dict.fromkeys(groups, 95)
    assert least["formats"] == 90
    for room in script["ROOMS"]:
        for pattern in room.where:
            assert list((ROOT / "src" / "blankslide").glob(pattern)), pattern
