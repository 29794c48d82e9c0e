"""Start the command line without waiting for its imports: a warm process forks for each run.

The server is a fresh interpreter that has imported what most runs import, and has run nothing. For
each run it forks; the child takes the caller's streams, folder, mask and environment, enters the ``with`` of
`Serving` and goes on with the very lines that a fresh interpreter would execute. So a run is a process of its own,
with its own end: exit code, signal, what is printed while the interpreter goes down. Left out is only what nobody can
see: taking down modules that were there before the run, and giving back memory page by page. What a fresh interpreter
would read before its first line, `PYTHONUTF8` or `LANG`, must be the same as it was for the server; `may_fork` says so.

The server ends when the process that started it closes its end of the socket, however that dies.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import pickle
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import cached_property
from importlib import import_module
from itertools import islice
from pkgutil import walk_packages
from typing import IO, Any

from blankslide.model.patterns import pattern

__all__ = ["Forks", "Serving"]

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

_LAST = ("sys", "builtins", "__main__")
"""Modules that are taken down after all others, in backward order."""

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
        begin = f"with __import__({__name__!r}, fromlist=['']).Serving({there.fileno()}, {ready}): "
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


class Serving:
    """Forks for each request: the body of its ``with`` is the run, in the child; the server itself never gets there.

    Parameters
    ----------
    number
        The descriptor of the socket on which requests come.
    ready
        What to import before, if that is not what the command line may need.
    """

    def __init__(self, number: int, ready: tuple[str, ...] = ()) -> None:
        self._number, self._ready = number, ready
        self._code: int | None = None

    def __enter__(self) -> None:
        atexit.register(self._leave)  # the first of them, so that it is called last
        if self._ready:
            _import(self._ready)
        else:
            _get_ready()
        _keep_for_good(gc.get_objects())
        self._warm = len(sys.modules)
        gc.freeze()  # a collection in a child would copy every page that it shares with the server
        _become_the_run(*_forked(self._number))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Note the exit code; of what is neither an end nor an exit with a number, the interpreter makes its own."""
        code = error.code if isinstance(error, SystemExit) else error
        self._code = 0 if code is None else code if isinstance(code, int) else None

    def _leave(self) -> None:
        """Let the interpreter take down what the run has imported, and pass over all that was there before it.

        To go through it would copy two thirds of the server's memory, which costs more than most runs.
        """
        try:
            sys.stdout.flush()
        except (OSError, ValueError, AttributeError):  # the interpreter will find out, and has its own code for that
            self._code = None
        kept = {name: sys.modules[name] for name in (*_LAST, *islice(sys.modules, self._warm, None))}
        sys.modules.clear()
        sys.modules.update(kept)
        if self._code is not None:
            vars(sys)["_the_end"] = _End(self._code)


#: The system's own: who measures coverage puts another one into `os`, which would write when half of Python is gone.
_AT_ONCE: Callable[[int], Any] = getattr(sys.modules.get("posix"), "_exit", os._exit)


class _End:
    """What dies last of all, and the process with it: what is left to do is giving back memory, page by page."""

    def __init__(self, code: int) -> None:
        self._code = code

    def __del__(self, leave: Callable[[int], Any] = _AT_ONCE) -> None:
        leave(self._code & 0xFF)


def _forked(number: int) -> tuple[Any, ...]:
    """Fork for each request; return in the child what it was given and asked, and never in the server."""
    told: dict[int, socket.socket] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    with closing(socket.socket(fileno=number)) as requests:
        while True:
            if woken in select.select([requests.fileno(), woken], [], [])[0]:
                os.read(woken, 1 << 10)
                _tell_of_the_ended(told)
                continue
            _, given, _, _ = socket.recv_fds(requests, 1, 5)
            if not given:
                os._exit(0)
            asked = _asked(status := socket.socket(fileno=given[-1]))
            run = os.fork()
            if run == 0:
                break
            for descriptor in given[:-1]:
                os.close(descriptor)
            if asked[-1]:
                status.close()
            else:
                told[run] = status
                status.sendall(b"%d " % run)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in (woken, wake):
        os.close(descriptor)
    for other in told.values():
        other.close()
    return given[:-1], status, *asked


def _asked(answers: socket.socket) -> Any:
    """Return what a run is asked: arguments, environment, mask, and how to trace it."""
    return pickle.loads(b"".join(iter(lambda: answers.recv(1 << 16), b"")))  # noqa: S301 our own test wrote it


def _tell_of_the_ended(told: dict[int, socket.socket]) -> None:
    """Say of each run that has ended how it did."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] in told:
                with closing(told.pop(ended[0])) as answers, suppress(OSError):  # who asked may be gone
                    answers.sendall(b"%d" % os.waitstatus_to_exitcode(ended[1]))


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


def _become_the_run(
    given: list[int],
    status: socket.socket,
    arguments: Sequence[bytes],
    environment: Mapping[str, str],
    mask: int,
    strace: Sequence[str],
) -> None:
    """Take streams, folder, mask, environment and arguments of whoever asked."""
    *streams, folder = given
    if strace:
        _be_traced(given, status, strace)
    status.close()
    for target, descriptor in enumerate(streams):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.fchdir(folder)
    os.close(folder)
    os.umask(mask)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = [os.fsdecode(argument) for argument in arguments]


def _be_traced(given: list[int], status: socket.socket, strace: Sequence[str]) -> None:
    """Fork once more: one process has the other one traced, waits, and says how it ended; the other returns."""
    hold = os.pipe()
    run = os.fork()
    if run:
        status.sendall(b"%d " % run)
        tracer = _traced(run, strace, given[:3], *hold)
        for descriptor in (*given, 0, 1, 2):
            with suppress(OSError):
                os.close(descriptor)
        ended = os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])
        refused = tracer.wait()  # what it has seen is written when it has ended
        status.sendall(b"%d" % (refused if refused > 0 else ended))
        os._exit(0)
    _wait_for_the_tracer(*hold)


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
