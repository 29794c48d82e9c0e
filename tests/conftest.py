"""What every test may use: real slides, fresh copies of them, and a home of its own.

No test touches the person's home: the ledger, the site key and napari's settings all
follow the environment, so `home` points the environment at the test's temporary folder.
Tests that start processes inherit it. The real slides are not part of the repository;
where they are absent, tests that need them skip and say so.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
ELDERS: list[Any] = []
SHELL = {name: os.environ.get(name) for name in ("LD_LIBRARY_PATH",)}
"""Variables as the shell gave them, of those that libraries change for the whole process when they are imported."""

# jsonschema imports this for formats of addresses, which no schema here has; it compiles 38 grammars, two seconds in
# each process of tests. Without it jsonschema does the rest.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

# Two shared cores make single examples slow now and then; that is no failure.
settings.register_profile("blankslide", deadline=None)
settings.load_profile("blankslide")


def pytest_configure() -> None:
    """Hear Ctrl-C even where a shell started the tests in the background: what they start would ignore it as well."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Let collections pass over what is there before the first test, half a million objects, and be fewer."""
    gc.collect()
    ELDERS.extend(thing for thing in gc.get_objects() if thing is not ELDERS)
    gc.freeze()
    gc.set_threshold(5000)


@pytest.fixture(scope="session")
def elders() -> list[Any]:
    """Return what the collector no longer lists: whoever searches memory must look through it, too."""
    return ELDERS


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield paths for homes. pytest would look through all earlier folders to find the next free number."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


def as_in_the_shell(patch: pytest.MonkeyPatch) -> None:
    """Undo what imported libraries did to the environment: runs that start with it could not be forked (`forking`).

    cv2, which wsidicom imports where it is installed, writes LD_LIBRARY_PATH: a fresh interpreter costs four times as
    much as a fork, in each test after the first that looks at DICOM.
    """
    for name, value in SHELL.items():
        if value is not None:
            patch.setenv(name, value)
        else:
            patch.delenv(name, raising=False)


def _live_in(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Make a folder, and let the environment call it the person's home."""
    as_in_the_shell(patch)
    folder.mkdir()
    for variable in ("HOME", "USERPROFILE"):
        patch.setenv(variable, str(folder))
    for variable, part in {
        "XDG_STATE_HOME": ".local/state",
        "XDG_CONFIG_HOME": ".config",
        "XDG_CACHE_HOME": ".cache",
        "LOCALAPPDATA": "AppData/Local",
        "APPDATA": "AppData/Roaming",
    }.items():
        patch.setenv(variable, str(folder / part))
    patch.setenv("NAPARI_CONFIG", str(folder / "napari.yaml"))


@pytest.fixture(scope="session", autouse=True)
def home_of_all(homes: Iterator[Path]) -> Iterator[None]:
    """Give fixtures that live longer than one test a home, too: they would read the person's own ledger and key."""
    with pytest.MonkeyPatch.context() as patch:
        _live_in(next(homes), patch)
        yield


@pytest.fixture(autouse=True)
def home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home folder that this test alone uses."""
    folder = next(homes)
    _live_in(folder, monkeypatch)
    return folder


@pytest.fixture(scope="session", autouse=True)
def readers_forked() -> Iterator[None]:
    """Let readers that look in a process of their own be forked: half of what they cost is importing numpy again.

    `fresh_readers` undoes it for tests of those processes.
    """
    from blankslide.testing.apart import forked
    from blankslide.verification.judges import apart

    with pytest.MonkeyPatch.context() as patch:
        if hasattr(os, "fork"):
            patch.setattr(apart, "_ended", forked())
        yield


@pytest.fixture
def fresh_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let readers that look in a process of their own begin as they do outside of tests."""
    from blankslide.testing.apart import FRESH
    from blankslide.verification.judges import apart

    monkeypatch.setattr(apart, "_ended", FRESH)


@pytest.fixture
def inspections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by the name of the format with every inspection of a slide, whoever asks for it.

    Before a run the slide is inspected in memory, too, as the plan would leave it: ``aperio as planned``.
    """
    from blankslide.formats import all_formats
    from blankslide.pipeline.balancing import AsPlanned

    seen: list[str] = []
    for kind in {type(known) for known in all_formats()}:

        def counted(self: Any, probe: Any, inspect: Any = kind.inspect) -> Any:
            seen.append(self.name + " as planned" * isinstance(probe.files, AsPlanned))
            return inspect(self, probe)

        monkeypatch.setattr(kind, "inspect", counted)
    return seen


@pytest.fixture(scope="session")
def loopback() -> None:
    """Skip where a server on this machine cannot be reached, as in an empty network namespace.

    A notebook kernel would otherwise be waited for until its timeout.
    """
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()[:2], timeout=5).close()
    except OSError as error:
        pytest.skip(f"no loopback here, so no server can be reached: {error.strerror}")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real public slides; read only."""
    folder = Path(os.environ.get("BLANKSLIDE_SHARED", ROOT.parent / "shared" / "slides"))
    if not folder.is_dir():
        pytest.skip("no real slides here: set BLANKSLIDE_SHARED to a folder that holds them")
    return folder


@pytest.fixture
def slide_copy(shared: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies one real slide, named by its path below `shared`."""

    def copy(name: str) -> Path:
        source = shared / name
        if not source.is_file():
            pytest.skip(f"the real slide {name} is not in the shared folder")
        target = tmp_path / source.name
        shutil.copyfile(source, target)
        return target

    return copy


@pytest.fixture(scope="session")
def run_here() -> Callable[..., Any]:
    """Return a function like `run_cli` that starts no process, for runs of which the process is not what is tested."""
    from blankslide.cli import main
    from blankslide.testing.process import Ended

    def run(*arguments: Any) -> Any:
        streams = [TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2)]
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]), pytest.raises(SystemExit) as ended:
            main([os.fsdecode(argument) for argument in arguments], prog_name="blankslide")
        out, err = (stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in streams)  # type: ignore[attr-defined]
        code = ended.value.code or 0
        assert isinstance(code, int)
        return Ended(code, out, err)

    return run


@pytest.fixture
def read_tiles(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of the tiles of TIFFs that are read for looking, as they are read."""
    from blankslide.viewing.areas.tifffile_tiles import TiledPage

    numbers: list[int] = []
    read = TiledPage._coded
    monkeypatch.setattr(TiledPage, "_coded", lambda page, number: (numbers.append(number), read(page, number))[1])
    return numbers


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table of hostile kinds and formats, if tests of hostile slides ran; workers send what they recorded."""
    from blankslide.testing.own.hostile_table import lines

    outcomes: dict[tuple[int, str], list[bool]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "call" else ():
                if name == "hostile":
                    outcomes.setdefault((value[0], value[1]), []).append(value[2])
    if outcomes:
        terminalreporter.section("hostile slides")
        for line in lines(outcomes):
            terminalreporter.write_line(line)
