"""The journal's protocol, broken on purpose in one place each: whoever explores it must notice.

Calls are left out or come in another order, or the code knows less than it should. As long as nothing fails each of
them works, so only failures can tell. Some breaks are *benign*: what the call is for is not what is looked at here.
They are listed with the reason, so that nobody has to ask again why the call is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.testing.own.crash.explore import Edit, Moments, edit, explore
from blankslide.testing.own.crash.scenarios import small_set, small_slide
from blankslide.testing.own.forgetful import put, wrapped
from blankslide.testing.own.tally import Tally
from blankslide.testing.simulated import SimSlide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.model import Patch
    from blankslide.storage.blocks import Block
    from blankslide.storage.transaction import Transaction
    from blankslide.testing.own.crash.scenarios import Scenario

__all__ = ["MUTANTS", "Mutant", "noticed", "unnoticed"]

_STATES = 1500


class Mutant(NamedTuple):
    """One thing that is wrong with the protocol.

    Attributes
    ----------
    name
        What is wrong, in words.
    make
        The disk that the edit sees.
    run
        The edit.
    changed
        Changes the code for the length of a ``with`` block, for recoveries too.
    on_set
        Whether it shows on a slide of several files with new names only.
    benign
        Why nobody can notice it here, if so.
    """

    name: str
    make: type[Moments] = Moments
    run: Edit = edit
    changed: Callable[[], AbstractContextManager[object]] = nullcontext
    on_set: bool = False
    benign: str = ""


def noticed(mutant: Mutant) -> str:
    """Return the first thing that is said against a mutant; nothing if nobody notices.

    Raises
    ------
    AssertionError
        If it does not work while nothing fails: then noticing it proves nothing.
    """
    scenario = small_set() if mutant.on_set else small_slide()
    with mutant.changed():
        volume = mutant.make(scenario.start(), lambda disk, call: None)
        for _ in mutant.run(scenario, volume):
            pass
        assert volume.inner.pages() == scenario.after, f"{mutant.name}: does not even work"
        tried = explore(scenario, _STATES, run=mutant.run, make=mutant.make, hasty=True)
    return tried.violations[0] if tried.violations else ""


def unnoticed() -> list[Tally]:
    """Try all mutants; return how many nobody notices that are not benign, or notices though they are said to be."""
    wrong = 0
    for mutant in MUTANTS:
        found = noticed(mutant)
        wrong += bool(found) == bool(mutant.benign)
        if mutant.benign:
            print(f"{'NOT ' * bool(found)}benign  {mutant.name}: {found or mutant.benign}")
        elif not found:
            print(f"NOT NOTICED  {mutant.name}")
    benign = sum(bool(mutant.benign) for mutant in MUTANTS)
    print(f"protocols broken in memory: {len(MUTANTS)}, {wrong} of them wrong, {benign} benign", flush=True)
    return [Tally("protocols broken, in memory", len(MUTANTS), wrong, f"{benign} of them benign, and said to be")]


# -- calls that are left out -------------------------------------------------------------


def _without(call: str, *numbers: int) -> type[Moments]:
    """Return a disk that forgets its n-th calls of a name."""

    class Forgetful(Moments):
        def sync(self, fd: int) -> None:
            if self._is_due("sync"):
                super().sync(fd)

        def sync_dir(self, folder: str) -> None:
            if self._is_due("sync_dir"):
                super().sync_dir(folder)

        def preallocate(self, fd: int, length: int) -> None:
            if self._is_due("preallocate"):
                super().preallocate(fd, length)

        def _is_due(self, name: str) -> bool:
            skipped = name == call and self.calls.count(name) + 1 in numbers
            self.calls += [name] * skipped
            return not skipped

    return Forgetful


# -- names that come too early or stay too long ------------------------------------------


class _NoTempName(Moments):
    def create(self, folder: str, name: str) -> int:
        return super().create(folder, name.removesuffix(".tmp"))

    def rename(self, folder: str, old: str, new: str) -> None:
        if not old.endswith(".tmp"):
            super().rename(folder, old, new)


class _WipedUnderItsFinalName(Moments):
    def rename(self, folder: str, old: str, new: str) -> None:
        if not new.endswith(".tmp"):
            super().rename(folder, old, new)

    def open_edit(self, folder: str, name: str) -> int:
        return super().open_edit(folder, name.removesuffix(".tmp"))

    def unlink(self, folder: str, name: str) -> None:
        super().unlink(folder, name.removesuffix(".tmp"))


class _NamedBeforeWritten(Moments):
    _temp = ""

    def create(self, folder: str, name: str) -> int:
        self._temp = name
        return super().create(folder, name)

    def preallocate(self, fd: int, length: int) -> None:
        super().rename("", self._temp, self._temp.removesuffix(".tmp"))
        super().sync_dir("")
        super().preallocate(fd, length)

    def rename(self, folder: str, old: str, new: str) -> None:
        if not old.endswith(".tmp"):
            super().rename(folder, old, new)


# -- another order -----------------------------------------------------------------------


def _begun(scenario: Scenario, volume: Moments) -> Transaction:
    from blankslide.storage.transaction import Transaction

    slide = SimSlide(volume.inner, scenario.inodes)
    return Transaction.begin(slide, scenario.patches, profile="p", format="f", renames=scenario.renames, volume=volume)


def _writing_first(scenario: Scenario, volume: Moments) -> Iterator[None]:
    _begun(scenario, volume).write(unsafe_without_journal=True)
    yield from edit(scenario, volume)


def _promising_first(scenario: Scenario, volume: Moments) -> Iterator[None]:
    yield
    yield from edit(scenario, volume)


def _finishing_before_writing(scenario: Scenario, volume: Moments) -> Iterator[None]:
    transaction = _begun(scenario, volume)
    transaction.commit()
    yield
    transaction._state = "written"
    volume.record(transaction.id)
    transaction.finish()
    transaction._state = "committed"
    transaction.write()


def _recorded_last(scenario: Scenario, volume: Moments) -> Iterator[None]:
    transaction = _begun(scenario, volume)
    transaction.commit()
    yield
    transaction.write()
    transaction.finish()
    volume.record(transaction.id)


# -- code that knows less ----------------------------------------------------------------


def _exact_records() -> AbstractContextManager[None]:
    def exact(patches: Sequence[Patch], files: object) -> list[Block]:
        from blankslide.storage.blocks import Block

        return [Block(p.file, p.offset, p.length, p.data, p.byte, p.rank) for p in patches]

    return put("storage.transaction:compile_blocks", exact)


def _recovering(**less: Callable[[Any], Callable[[], None]]) -> Callable[[], AbstractContextManager[None]]:
    """Let transactions that are resumed have other methods than those that were begun."""

    def make(resume: Callable[..., Any]) -> Callable[..., Any]:
        def resumed(*given: Any) -> Any:
            transaction = resume(*given)
            for name, method in less.items():
                setattr(transaction, name, method(transaction))
            return transaction

        return resumed

    return lambda: wrapped("storage.transaction:resume", make)


def _believed(transaction: Any) -> Callable[[], None]:
    return lambda: setattr(transaction, "_state", "written")


def _nothing(transaction: Any) -> Callable[[], None]:
    return lambda: None


def _journalling(change: Callable[[tuple[Block, ...]], tuple[Block, ...]]) -> AbstractContextManager[None]:
    """Let other blocks stand in the journal than those that were compiled."""

    def make(encode: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
        return lambda journal: encode(journal._replace(blocks=change(journal.blocks)))

    return wrapped("storage.transaction:encode", make)


def _leaving() -> AbstractContextManager[None]:
    return put("storage.transaction:_discard", lambda *given: False)


_GONE = "the journal does not count any more, and holds nothing that was removed"
_ROOM = "it lets a full disk refuse before the commit point; which states there are does not depend on it"
_ORDER = "it is for readers that look meanwhile; the journal holds all blocks in any order"

MUTANTS = (
    Mutant("the journal is not synced", _without("sync", 1)),
    Mutant("its name is not synced at the commit point", _without("sync_dir", 1)),
    Mutant("the slide is not synced", _without("sync", 2)),
    Mutant("one member of a set is not synced", _without("sync", 3), on_set=True),
    Mutant("new names are not synced before the journal goes", _without("sync_dir", 2, 3), on_set=True),
    Mutant("the journal is wiped before its name is gone for sure", _without("sync_dir", 2)),
    Mutant("the journal is written under the name that counts", _NoTempName),
    Mutant("the journal gets the name that counts while it is empty", _NamedBeforeWritten),
    Mutant("the journal is wiped under the name that counts", _WipedUnderItsFinalName),
    Mutant("the slide is written before its journal", run=_writing_first),
    Mutant("it is promised before it is committed", run=_promising_first),
    Mutant("the journal is taken away before the slide is written", run=_finishing_before_writing),
    Mutant("the journal is taken away before the ledger knows", run=_recorded_last),
    Mutant("what is written is smaller than a block", changed=_exact_records),
    Mutant("a recovery believes that all was written", changed=_recovering(write=_believed)),
    Mutant("a recovery gives no names", changed=_recovering(give_names=_nothing), on_set=True),
    Mutant("a block is missing in the journal", changed=lambda: _journalling(lambda blocks: blocks[:-1])),
    Mutant("the rest of a journal is never removed", changed=_leaving),
    Mutant("the wiped journal is not synced", _without("sync", 3), benign=_GONE),
    Mutant("no room is reserved", _without("preallocate", 1), benign=_ROOM),
    Mutant("blocks come in another order", changed=lambda: _journalling(lambda b: b[::-1]), benign=_ORDER),
)
