"""A protocol that is broken on purpose, in one place each: whoever checks it must notice.

Calls are left out, or done in another order, or something else is said than what is so. As long as nothing fails all of
them work, so only failures can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.testing.own.disk.killed import kills
from blankslide.testing.own.disk.power import Size, power_failures, recorded
from blankslide.testing.own.disk.scenes import chosen
from blankslide.testing.own.disk.struck import errors
from blankslide.testing.own.forgetful import put, wrapped

if TYPE_CHECKING:
    from click import Command

    from blankslide.testing.own.disk.layer import Call
    from blankslide.testing.own.disk.power import Recorded
    from blankslide.testing.own.disk.table import Row

__all__ = ["BREAKS", "Break", "noticed"]

_SIZE = Size(8, 1, 2)


class Break(NamedTuple):
    """One thing that is wrong with the protocol.

    Attributes
    ----------
    name
        What is wrong, in words.
    scene
        Title of the scene in which it shows.
    fails
        What has to fail: ``power``, ``kill`` or ``error``.
    skipped
        Says of each call whether it is left out.
    changed
        Changes the code for the length of a ``with`` block.
    """

    name: str
    scene: str
    fails: str = "power"
    skipped: Callable[[], Callable[[Call], bool]] = lambda: lambda call: False
    changed: Callable[[], AbstractContextManager[object]] = nullcontext


def noticed(one: Break, command: Command) -> str:
    """Return the first thing that is said against a broken command line; nothing if nobody notices."""
    (scene,) = chosen(one.scene)
    with ExitStack() as stack:
        stack.enter_context(one.changed())
        run = stack.enter_context(recorded(scene, command, one.skipped()))
        for row in _rows(one.fails, run):
            for wrong in (*row.violations, *row.untrue):
                return wrong
    return ""


def _rows(fails: str, run: Recorded) -> Iterator[Row]:
    if fails == "power":
        return power_failures(run, _SIZE)
    return kills(run, 3) if fails == "kill" else errors(run, 6)


def _nth(name: str, where: str, *numbers: int) -> Callable[[], Callable[[Call], bool]]:
    """Leave out calls of a name on files of a name: all of them, or those with these numbers."""

    def make() -> Callable[[Call], bool]:
        seen: list[Call] = []

        def skipped(call: Call) -> bool:
            if call.name != name or not fnmatchcase(call.where, where):
                return False
            seen.append(call)
            return not numbers or len(seen) in numbers

        return skipped

    return make


def _writing_first() -> AbstractContextManager[object]:
    """Write to the slide before its journal is there."""

    def early(commit: Callable[..., None]) -> Callable[..., None]:
        def wrong(transaction: Any, *more: Any) -> None:
            transaction.write(unsafe_without_journal=True)
            transaction._state = "begun"
            for file in transaction._files:
                file.opened_as = file.current()
            commit(transaction, *more)

        return wrong

    return wrapped("storage.transaction:Transaction.commit", early)


@contextmanager
def _recorded_last() -> Iterator[None]:
    """Take the journal away before the ledger knows."""

    def early(record: Callable[..., None]) -> Callable[..., None]:
        def wrong(*given: Any) -> None:
            waiting.append(lambda: record(*given))

        return wrong

    def late(finish: Callable[..., None]) -> Callable[..., None]:
        def wrong(transaction: Any) -> None:
            finish(transaction)
            for work in waiting:
                work()
            waiting.clear()

        return wrong

    waiting: list[Callable[[], None]] = []
    with (
        wrapped("pipeline.in_place:record", early),
        wrapped("storage.transaction:Transaction.finish", late),
    ):
        yield


def _says_untouched() -> AbstractContextManager[object]:
    """Let a run that is interrupted say what one says that has not begun."""
    from blankslide.errors import _STATES

    return put("errors:_STATES", {**_STATES, "maybe": _STATES["no"]})


def _ends_with_four() -> AbstractContextManager[object]:
    return put("errors:SlidePending.exit_code", 4)


_NDPI, _VMS = "ndpi, in place", "vms, in place"

BREAKS = (
    Break("the journal is not synced", _NDPI, skipped=_nth("fsync", "*.tmp", 1)),
    Break("its name is not synced at the commit point", _NDPI, skipped=_nth("fsync", "slides", 1)),
    Break("the slide is not synced", _NDPI, skipped=_nth("fsync", "s.ndpi")),
    Break("one member of a set is not synced", _VMS, skipped=_nth("fsync", "s.vms")),
    Break("the journal is wiped before its name is gone", _NDPI, skipped=_nth("fsync", "slides", 2)),
    Break("the ledger is not synced", _NDPI, skipped=_nth("fsync", "ledger.jsonl")),
    Break("the key is not synced", _NDPI, skipped=_nth("fsync", ".site.key.*")),
    Break("names in the user's folders are not synced", _NDPI, skipped=_nth("fsync", "blankslide")),
    Break("a copy is not synced before it is named", "aperio, copy", skipped=_nth("fsync", "*.copy.svs")),
    Break("the slide is written before its journal", _NDPI, changed=_writing_first),
    Break("the slide is written before its journal", _NDPI, "kill", changed=_writing_first),
    Break("the journal is taken away before the ledger knows", _NDPI, "kill", changed=_recorded_last),
    Break("an interrupted run says that nothing was changed", _NDPI, "error", changed=_says_untouched),
    Break("an interrupted run ends with exit code 4", _NDPI, "error", changed=_ends_with_four),
)
