"""Readers that look in processes of their own, without waiting for each to import what all of them import.

What `verification.judges.apart` starts as a fresh interpreter is forked here from a warm one (`forking`), and does the
very same lines. It is a process of its own with its own end, so a reader that dies still kills nobody else.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from blankslide.testing.forking import Forks
from blankslide.verification.judges import apart

__all__ = ["FRESH", "forked"]

FRESH = apart._ended
"""What begins a fresh interpreter, as outside of tests."""
_MOST = 1 << 14
"""As many bytes wait in a pipe, wherever there are pipes."""
_READY = ("json", "numpy", "isyntax", "blankslide.verification.judges.pyisyntax_child")


def forked() -> Callable[[bytes, float], tuple[int, bytes]]:
    """Return what stands in for `apart._ended`; it begins a fresh interpreter if another code is to run."""
    code, servers = apart._CODE, list[Forks]()

    def ended(question: bytes, timeout: float) -> tuple[int, bytes]:
        environment = dict(os.environ)
        servers.extend([] if servers else [Forks(code, environment, _READY)])
        if code != apart._CODE or len(question) > _MOST or not servers[0].may_fork(environment):
            return FRESH(question, timeout)
        theirs, ours = os.pipe()
        try:
            with os.fdopen(ours, "wb") as pipe:
                pipe.write(question)
            return servers[0].run([], environment, timeout, stdin=theirs)[:2]
        finally:
            os.close(theirs)

    return ended
