"""A forked run differs from a fresh interpreter in nothing that a test looks at; in doubt none is forked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from blankslide.testing import process
from blankslide.testing.forking import Forks
from blankslide.testing.own.killing import needs_strace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked where there is fork")

TOLD = (
    "import os, signal, sys, threading; print(sys.argv[1:], os.getcwd(), dict(os.environ), sys.stdin.read(), "
    "sys.flags, sys.stdout.encoding, [s for s in signal.Signals if signal.getsignal(s) != signal.SIG_DFL], "
    "signal.pthread_sigmask(0, []), sys.excepthook, threading.active_count(), sorted(os.listdir('/proc/self/fd')), "
    "os.umask(0), __name__, __builtins__); sys.stderr.write('err'); sys.exit(int(sys.argv[1]))"
)
ENDS = (
    "import atexit, os, sys, time; what = sys.argv[1]; atexit.register(print, 'the end'); "
    "what == 'dies' and os.kill(os.getpid(), 9); what == 'raises' and 1 / 0; "
    "what == 'sleeps' and time.sleep(60); what == 'writes' and sys.stdout.write('x' * 10**6)"
)

HELD = (
    "import atexit, gc, sys, threading; gc.set_threshold(10**6); "
    "exec('class Held:\\n def __del__(self): print(self.name, flush=True)'); "
    "mine, cycle, own = Held(), Held(), type(sys)('own'); mine.name, cycle.name = 'held by a module', 'a cycle'; "
    "cycle.me = cycle; sys.modules['own'] = own; own.held = mine; own.print = print; del mine, cycle; "
    "atexit.register(print, 'before'); threading.Thread(target=print, args=('a thread',)).start(); "
    "sys.argv[1] and sys.exit(eval(sys.argv[1]))"
)
MAKES = "import os, sys; os.mkdir(sys.argv[1] + '/a'); os.mkdir(sys.argv[1] + '/b'); print('both')"


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Forks]]:
    made: dict[str, Forks] = {}
    yield made
    for server in made.values():
        server.close()


def both(servers: dict[str, Forks], lines: str, environment: dict[str, str], *arguments: str) -> list[object]:
    """Run the same in a fork and afresh."""
    if lines not in servers:
        servers[lines] = Forks(lines, environment)
    assert servers[lines].may_fork(environment)
    forked = servers[lines].run([a.encode() for a in arguments], environment, 60)
    fresh = subprocess.run([sys.executable, "-c", lines, *arguments], env=environment, capture_output=True, timeout=60)
    return [_unshown(*run) for run in (forked, (fresh.returncode, fresh.stdout, fresh.stderr))]


def _unshown(code: int, out: bytes, err: bytes) -> tuple[int, bytes, bytes]:
    """Leave out the line in which an error was raised: Python 3.13 shows it, and a server's has more in front of it."""
    return code, out, re.sub(rb'(  File "<string>", .*\n)(?:    .*\n)+', rb"\1", err)


@pytest.mark.parametrize("code", ["0", "3"])
def test_it_is_told_the_same(
    servers: dict[str, Forks], environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    old = os.umask(0o020 + int(code))  # another one than the server was started with
    try:
        more = {**environment, "ONLY_HERE": code, "HOME": str(tmp_path)}
        forked, fresh = both(servers, TOLD, more, code, "a b", "é")
    finally:
        os.umask(old)
    assert forked == fresh


@pytest.mark.parametrize("what", ["dies", "raises", "writes"])
def test_it_ends_the_same(servers: dict[str, Forks], environment: dict[str, str], what: str) -> None:
    forked, fresh = both(servers, ENDS, environment, what)
    assert forked == fresh


@pytest.mark.parametrize("code", ["", "0", "3", "256 + 7", "True", "None", "'a sentence'", "1 / 0"])
def test_what_dies_with_the_interpreter_speaks_and_each_code_is_the_same(
    servers: dict[str, Forks], environment: dict[str, str], code: str
) -> None:
    """The rest of the interpreter's end, giving memory back, is left out: nobody can see it.

    The collector comes at the end only: when it would come before, depends on how much is imported.
    """
    forked, fresh = both(servers, HELD, environment, code)
    assert forked == fresh
    assert isinstance(forked, tuple)
    assert set(forked[1].splitlines()) == {b"a thread", b"before", b"held by a module", b"a cycle"}


def test_output_that_cannot_be_written_has_the_interpreters_own_code(
    servers: dict[str, Forks], environment: dict[str, str]
) -> None:
    environment.pop("PYTHONUNBUFFERED", None)
    lines = "import os; print('lost'); os.close(1); os.open('/dev/full', os.O_WRONLY)"
    forked, fresh = both(servers, lines, environment)
    assert forked == fresh
    assert isinstance(forked, tuple)
    assert forked[0] == 120


def test_runs_end_in_any_order(servers: dict[str, Forks], environment: dict[str, str]) -> None:
    lines = "import sys, time; time.sleep(float(sys.argv[1])); sys.exit(int(sys.argv[2]))"
    server = servers.setdefault(lines, Forks(lines, environment))
    with ThreadPoolExecutor(4) as several:
        asked = [several.submit(server.run, [str(t / 10).encode(), b"%d" % t], environment, 60) for t in (4, 1, 3, 2)]
        assert [one.result()[0] for one in asked] == [4, 1, 3, 2]


def test_a_run_that_takes_too_long_is_killed(servers: dict[str, Forks], environment: dict[str, str]) -> None:
    server = servers.setdefault(ENDS, Forks(ENDS, environment))
    with pytest.raises(subprocess.TimeoutExpired):
        server.run([b"sleeps"], environment, 0.5)
    assert server.run([b"writes"], environment, 60)[0] == 0


def test_a_run_leaves_nothing_to_the_next(servers: dict[str, Forks], environment: dict[str, str]) -> None:
    lines = "import sys; print(getattr(sys, 'left', 'nothing')); sys.left = 'something'"
    server = servers.setdefault(lines, Forks(lines, environment))
    assert [server.run([], environment, 60)[1] for _ in range(2)] == [b"nothing\n"] * 2


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONIOENCODING", "LC_ALL", "LANG", "LD_PRELOAD", "TZ"])
def test_what_is_read_at_the_start_makes_a_fresh_interpreter(environment: dict[str, str], name: str) -> None:
    process.run_cli("--version")
    server = process._forks["COVERAGE_PROCESS_CONFIG" in environment]
    assert server.may_fork(environment)
    assert not server.may_fork({**environment, name: "other"})
    assert server.may_fork({**environment, "HOME": "other"})


@pytest.mark.parametrize("turn", ["first", "second"])
def test_what_a_library_does_to_the_environment_does_not_outlive_a_test(turn: str) -> None:
    """Whoever imports wsidicom imports cv2, which changes LD_LIBRARY_PATH: no later run would be forked."""
    process.run_cli("--version")
    server = process._forks["COVERAGE_PROCESS_CONFIG" in os.environ]
    assert server.may_fork({**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"})
    os.environ["LD_LIBRARY_PATH"] = "/of/a/library"


def test_a_run_under_another_program_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Forks, "run", lambda *_: pytest.fail("forked"))
    assert process.run_cli("--version", before=("env",)).code == 0
    assert process.run_cli("--version", env={"PYTHONUTF8": "0"}).code == 0


_MEASURES = 'import os, sys; print(*(name for name in os.environ if name.startswith("COVERAGE_PROCESS")))'


@pytest.mark.parametrize(
    "before", [(), ("env",), ("strace", "-f", "-qq", "-o", os.devnull)], ids=["alone", "under", "traced"]
)
def test_only_what_runs_alone_is_measured(monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...]) -> None:
    """What counts a run's calls, or limits what it writes, would meet the file of `make coverage`."""
    if before[:1] == ("strace",):
        needs_strace()
    monkeypatch.setattr(process, "_forks", {})
    monkeypatch.setattr(process, "LINES", _MEASURES)
    monkeypatch.setattr(process, "START", (sys.executable, "-c", _MEASURES))
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)
    said = process.run_cli(before=before, env={"COVERAGE_PROCESS_START": os.devnull}).out
    assert said == ("\n" if before else "COVERAGE_PROCESS_START\n")


@pytest.mark.parametrize("options", [[], ["-e", "inject=mkdir:signal=SIGKILL:when=2"]], ids=["traced", "killed"])
def test_a_traced_run_is_seen_from_its_first_line(
    servers: dict[str, Forks], environment: dict[str, str], tmp_path: Path, options: list[str]
) -> None:
    needs_strace()
    seen, environment = [], process.unmeasured(environment)
    for name in ("forked", "fresh"):
        folder, log = tmp_path / name, tmp_path / f"{name}.log"
        folder.mkdir()
        strace = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=mkdir", *options]
        if name == "forked":
            server = servers.setdefault(MAKES, Forks(MAKES, environment))
            code, out, err = server.run([os.fsencode(folder)], environment, 60, strace)
        else:
            command = [*strace, sys.executable, "-c", MAKES, str(folder)]
            done = subprocess.run(command, env=environment, capture_output=True, timeout=60)
            code, out, err = done.returncode, done.stdout, done.stderr
        calls = [line.partition(" ")[2].strip().replace(name, "") for line in log.read_text().splitlines()]
        seen.append((code, out, err, sorted(made.name for made in folder.iterdir()), calls))
    assert seen[0] == seen[1]
    assert seen[0][0] == (-signal.SIGKILL if options else 0)


def test_a_run_that_cannot_be_traced_does_nothing(
    servers: dict[str, Forks], environment: dict[str, str], tmp_path: Path
) -> None:
    needs_strace()
    environment = process.unmeasured(environment)
    server = servers.setdefault(MAKES, Forks(MAKES, environment))
    code, _, err = server.run([os.fsencode(tmp_path)], environment, 60, ["strace", "--no-such-option"])
    assert code == 1
    assert b"no-such-option" in err
    assert list(tmp_path.iterdir()) == []


def test_a_child_is_killed_as_any_process_is(servers: dict[str, Forks], environment: dict[str, str]) -> None:
    assert both(servers, ENDS, environment, "dies")[0][0] == -signal.SIGKILL  # type: ignore[index]
