"""What the process that looks at pictures may not do: reach a network, start programs, write files, take all memory.

The barriers go up before any foreign code is loaded, and cannot be taken down from Python. Those of the operating
system are put up where it has them; the hook, which sees what Python code asks for, is everywhere.
"""

from __future__ import annotations

import sys
from contextlib import suppress

MEMORY = 4 << 30
CPU_SECONDS = 600
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "urllib.")
_HARMLESS = ("socket.gethostname",)
_LOCAL = (1,) if sys.platform != "win32" else (2,)  # AF_UNIX; Windows makes pairs of AF_INET on its own loopback


def shut() -> None:
    """Put up all barriers."""
    leave_network()
    limit()
    sys.addaudithook(refuse)


def refuse(event: str, args: tuple[object, ...]) -> None:
    """Refuse what Python code asks for: ways to others, and programs. What libraries in C ask for, the system refuses.

    A pair of sockets that are connected with each other and nobody else is no way out; event loops need one.

    Raises
    ------
    PermissionError
        Which libraries take for a machine without network.
    """
    if not event.startswith(_FORBIDDEN) or event in _HARMLESS:
        return
    if event == "socket.__new__" and len(args) > 1 and args[1] in _LOCAL:
        return
    if sys.platform == "win32" and event in ("socket.bind", "socket.connect") and _is_loopback(args[-1]):
        return
    raise PermissionError("this process has no network and starts no program")


def _is_loopback(address: object) -> bool:
    return isinstance(address, tuple) and address[:1] == ("127.0.0.1",)


def limit() -> None:
    """Limit memory, time and files: it writes none, and leaves no core dump that would hold what it has read."""
    try:
        import resource
    except ImportError:  # Windows has none of these; the time is limited from outside
        return
    for name, most in (("RLIMIT_DATA", MEMORY), ("RLIMIT_CPU", CPU_SECONDS), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)):
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # a stricter limit is there already
            resource.setrlimit(kind, (bound, bound))


def leave_network() -> bool:
    """Go into a network of one's own that has no connection, where Linux lets us; tell whether it did.

    A user who may not do that alone may do it together with a user namespace, in which files are as they were.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (OSError, AttributeError):
        return False
    return any(unshare(flags) == 0 for flags in (_NEW_NETWORK, _NEW_NETWORK | _NEW_USER))
