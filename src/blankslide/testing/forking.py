"""Start the command line without waiting for its imports: a warm process forks for each run.

The server is a fresh interpreter that has imported what most runs import, and has run nothing. For
each run it forks; the child takes the caller's streams, folder, mask and environment, leaves `serve` and
goes on with the very lines that a fresh interpreter would execute. So a run is a process of its own, with its own end:
exit code, signal, what is printed while the interpreter goes down. What a fresh interpreter would
read before its first line, `PYTHONUTF8` or `LANG`, must be the same as it was for the server; `may_fork` says so.

The server ends when the process that started it closes its end of the socket, however that dies.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import cached_property
from importlib import import_module
from pkgutil import walk_packages
from typing import IO, Any

from blankslide.model.patterns import pattern

__all__ = ["Forks", "serve"]

WARM = (
    *("numpy", "numpy.ma", "openslide", "tifffile", "imagecodecs", "imagecodecs._imcd", "imagecodecs._jpeg8", "hmac"),
    *("PIL.Image", "PIL.JpegImagePlugin", "PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.PngImagePlugin"),
    *("PIL.PpmImagePlugin", "PIL.TiffImagePlugin", "pydicom", "pydicom.pixels.utils", "pydicom.pixels.decoders"),
    *("mrxsslide", "pylibCZIrw.czi", "sqlite3", "xml.etree.ElementTree", "xml.parsers.expat", "configparser"),
    *("concurrent.futures.thread", "unicodedata", "encodings.ascii", "encodings.utf_16_le", "encodings.utf_16_be"),
)
"""What a run on some kind of slide imports sooner or later; what is not installed is left out."""

OURS = (
    *("api", "blanks", "cli", "containers", "formatkit", "formats", "pipeline", "policy", "presentation", "records"),
    *("storage", "verification"),
)
"""Our own packages of which runs import nearly all."""

EARLY = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "MALLOC", "OPENBLAS", "OMP")
"""Beginnings of variables that are read while an interpreter or a library starts."""


class Forks:
    """The server, seen from the process that wants runs.

    Parameters
    ----------
    lines
        What each run executes, as for ``python -c``.
    environment
        The server's variables.
    ready
        What the server imports, if that is not what the command line may need.
    """

    def __init__(self, lines: str, environment: Mapping[str, str], ready: tuple[str, ...] = ()) -> None:
        self._early = _early(environment)
        self._here, there = socket.socketpair()
        begin = f"from blankslide.testing.forking import serve; serve({there.fileno()}, {ready}); "
        with there:
            self._server = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", begin + lines],
                env=environment,
                stdout=subprocess.PIPE,  # as runs have them: Python prepares its streams for what it finds
                stderr=subprocess.PIPE,
                pass_fds=[there.fileno()],
            )
        atexit.register(self.close)

    def close(self) -> None:
        """Let the server end."""
        self._here.close()
        self._server.communicate()

    def may_fork(self, environment: Mapping[str, str]) -> bool:
        """Whether a fresh interpreter would begin as the server did."""
        return self._early == _early(environment) and self._server.poll() is None

    def run(
        self,
        arguments: Sequence[bytes],
        environment: Mapping[str, str],
        timeout: float,
        strace: Sequence[str] = (),
        stdin: int = 0,
    ) -> tuple[int, bytes, bytes]:
        """Run once and return exit code, output and errors, as `subprocess.run` would.

        With ``strace``, the command and its options, the run is traced from its first line to its end. It reads from
        the descriptor ``stdin``.

        Raises
        ------
        subprocess.TimeoutExpired
            If it takes longer than ``timeout`` seconds; the run has been killed.
        """
        with ExitStack() as stack:
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            pipes = [os.pipe(), os.pipe()]
            reading = [stack.enter_context(open(pipe[0], "rb", buffering=0)) for pipe in pipes]
            folder = os.open(".", os.O_RDONLY)
            given = [stdin, pipes[0][1], pipes[1][1], folder, theirs.fileno()]
            try:
                socket.send_fds(self._here, [b"!"], given)
            finally:
                theirs.close()
                for own in given[1:4]:
                    os.close(own)
            os.umask(mask := os.umask(0o77))
            ours.sendall(pickle.dumps((list(arguments), dict(environment), mask, list(strace))))
            ours.shutdown(socket.SHUT_WR)
            out, err, said = _gathered(reading, ours, timeout)
        return int(said.split()[1]), out, err


def _gathered(streams: Sequence[IO[bytes]], status: socket.socket, timeout: float) -> tuple[bytes, bytes, bytes]:
    """Read everything until all sides have closed."""
    heard: dict[object, bytes] = dict.fromkeys((*streams, status), b"")
    end = time.monotonic() + timeout
    with selectors.DefaultSelector() as waiting:
        for stream in heard:
            waiting.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type]
        while waiting.get_map():
            ready = waiting.select(max(0, end - time.monotonic()))
            if not ready:
                os.kill(int(heard[status].split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired("a forked run", timeout)
            for key, _ in ready:
                if piece := os.read(key.fd, 1 << 16):
                    heard[key.fileobj] += piece
                else:
                    waiting.unregister(key.fileobj)
    out, err, said = heard.values()
    return out, err, said


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(EARLY)}


# -- in the server -----------------------------------------------------------------------


def serve(number: int, ready: tuple[str, ...] = ()) -> None:
    """Fork for each request; return in the child that is to be the run, and never in the server.

    Parameters
    ----------
    number
        The descriptor of the socket on which requests come.
    ready
        What to import before, if that is not what the command line may need.
    """
    if ready:
        _import(ready)
    else:
        _get_ready()
    _keep_for_good(gc.get_objects())
    gc.freeze()  # a collection in a child would copy every page that it shares with the server
    with closing(socket.socket(fileno=number)) as requests:
        while True:
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            _, given, _, _ = socket.recv_fds(requests, 1, 5)
            if not given:
                os._exit(0)
            if os.fork() == 0:
                break
            for descriptor in given:
                os.close(descriptor)
    _watch_over_the_run(given)


def _import(names: Sequence[str]) -> None:
    for name in names:
        with suppress(ImportError):
            import_module(name)


def _get_ready() -> None:
    """Import what runs import, and compile what they compile: half of what a run costs, and the same in each."""
    _import(WARM)
    for name in OURS:
        package = import_module(f"blankslide.{name}")
        for found in walk_packages(getattr(package, "__path__", ()), f"blankslide.{name}."):
            with suppress(ImportError):  # what reads foreign formats may be missing
                import_module(found.name)
    late = type(pattern(""))
    for value in [v for name, m in sys.modules.items() if name.startswith("blankslide.") for v in vars(m).values()]:
        if hasattr(value, "cache_info") and _gives_a_pattern(value):
            value()
        parts = vars(type(value)) if type(value).__module__.startswith("blankslide.") else {}
        kept = [getattr(value, name) for name, part in parts.items() if isinstance(part, cached_property)]
        for lazy in (value, *kept):
            if isinstance(lazy, late):
                lazy.search  # noqa: B018 the first use compiles


def _keep_for_good(objects: list[Any]) -> None:
    """Let what is here now outlive the interpreter: taking it down costs each run as much as a short command."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(objects))


def _gives_a_pattern(function: Any) -> bool:
    """Whether a function whose results are kept has nothing to ask, and compiles a pattern."""
    said = function.__annotations__
    return list(said) == ["return"] and "Pattern" in str(said["return"])


def _watch_over_the_run(given: list[int]) -> None:
    """Fork once more: one process waits and says how it ended, the other one returns and is the run."""
    *streams, folder, answers = given
    with open(answers, "r+b", buffering=0) as status:
        asked = b"".join(iter(lambda: status.read(1 << 16), b""))
        arguments, environment, mask, strace = pickle.loads(asked)  # noqa: S301 our own test wrote it
        hold = os.pipe() if strace else ()
        run = os.fork()
        if run:
            status.write(b"%d " % run)
            tracer = _traced(run, strace, streams, *hold) if strace else None
            for descriptor in (*streams, folder, 0, 1, 2):
                with suppress(OSError):
                    os.close(descriptor)
            ended = os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])
            refused = tracer.wait() if tracer else 0  # what it has seen is written when it has ended
            status.write(b"%d" % (refused if refused > 0 else ended))
            os._exit(0)
    if hold:
        _wait_for_the_tracer(*hold)
    for target, descriptor in enumerate(streams):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.fchdir(folder)
    os.close(folder)
    os.umask(mask)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = [os.fsdecode(argument) for argument in arguments]


def _traced(run: int, strace: Sequence[str], streams: Sequence[int], there: int, here: int) -> subprocess.Popen[bytes]:
    """Attach strace to a run that waits at a pipe, and let it go on; without a tracer it does not."""
    os.close(there)
    out, err = streams[1:]
    tracer = subprocess.Popen([*strace, "-p", str(run)], stdin=subprocess.DEVNULL, stdout=out, stderr=err)  # noqa: S603
    while tracer.poll() is None:
        with open(f"/proc/{run}/status", encoding="ascii", errors="replace") as status:
            if "TracerPid:\t0\n" not in status.read():
                os.write(here, b"!")
                break
        time.sleep(0.001)
    os.close(here)
    return tracer


def _wait_for_the_tracer(there: int, here: int) -> None:
    """Let anybody trace this process, and wait; a run that nobody traces is none."""
    os.close(here)
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, for Linux with Yama
    if not os.read(there, 1):
        os._exit(1)
    os.close(there)
