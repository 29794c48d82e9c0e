"""The one sentence, and how it is held: what may come of any bytes, and what is wrong.

For any bytes, inspecting returns an inspection whose byte map is exact, or raises a documented error, within two
seconds of work and 256 MiB; and no plan made from it touches coded tissue. Nothing of the planner's own proof is used:
claims and gaps are added up here, and patches are held against the claims of tissue one by one. Besides, a message is
one sentence that quotes no value of the slide.
"""

from __future__ import annotations

import signal
import time
import traceback
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import BlankslideError, EnvironmentProblem, InternalError, SlideError, UsageError
from blankslide.spans import ByteClass

if TYPE_CHECKING:
    from types import FrameType

    from blankslide.model import Patch
    from blankslide.spans import ByteMap
    from blankslide.testing.own.fuzzing.looked import Look

SUSPECT = "a plan for what was tissue"
SECONDS = 2.0
MIB = 256
_STOP = 20.0  # so long it may go on, to see whether it ends at all
Spans = Mapping[str, Sequence[tuple[int, int]]]


class Verdict(NamedTuple):
    """How one input ended.

    Attributes
    ----------
    word
        ``inspected``, ``refused`` or ``wrong``.
    what
        Of a wrong one: what is wrong, in words that are the same for the same fault; of a refused one the class.
    seconds
        Processor time.
    """

    word: str
    what: str = ""
    seconds: float = 0.0


class TooSlow(Exception):
    """It has not ended in ten times as long as it may take."""


def held(act: Callable[[], str], secrets: Sequence[str] = (), documented: Sequence[str] = ()) -> Verdict:
    """Let ``act`` look at something, and judge how that ends.

    Parameters
    ----------
    act
        Returns what is wrong with what it has seen, or nothing.
    secrets
        What no message may quote.
    documented
        Names of further exceptions that may come.
    """
    start = time.process_time()
    try:
        with _watched():
            found = act()
        verdict = Verdict("suspect" if found == SUSPECT else "wrong", found) if found else Verdict("inspected")
    except BlankslideError as error:
        verdict = _refused(error, secrets)
    except TooSlow as error:
        verdict = Verdict("wrong", f"it does not end, at {_place(error)}")
    except MemoryError as error:
        verdict = Verdict("wrong", f"more than {MIB} MiB, at {_place(error)}")
    except Exception as error:
        word = "refused" if type(error).__name__ in documented else "wrong"
        verdict = Verdict(word, f"{type(error).__name__} at {_place(error)}")
    seconds = time.process_time() - start
    if seconds > SECONDS and verdict.word != "wrong":
        verdict = Verdict("wrong", "more than two seconds")
    return verdict._replace(seconds=seconds)


def _refused(error: BlankslideError, secrets: Sequence[str]) -> Verdict:
    if isinstance(error, InternalError | EnvironmentProblem | UsageError) or not isinstance(error, SlideError):
        return Verdict("wrong", f"{type(error).__name__} ({error.message}) at {_place(error)}")
    said = error.sentence()
    if not error.message.strip() or "\n" in said:
        return Verdict("wrong", f"a message that is no sentence, at {_place(error)}")
    if any(secret in said for secret in secrets):
        return Verdict("wrong", f"a message that quotes the slide, at {_place(error)}")
    return Verdict("refused", type(error).__name__)


@contextmanager
def _watched() -> Iterator[None]:
    signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, _STOP)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlow


def _place(error: BaseException) -> str:
    """The line of ours in which an error arose; the same fault has the same."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/fuzzing/" not in f.filename]
    own = [f for f in frames if "/blankslide/" in f.filename] or frames
    if not own:
        return "an unknown place"
    last = own[-1]
    return f"{last.filename.rpartition('/blankslide/')[2]}:{last.lineno} {last.name}"


# -- maps and plans ----------------------------------------------------------------------


def faults(seen: Look, names: Sequence[str], tissue: Spans) -> str:
    """Say what is wrong with an inspection and a plan, or nothing.

    Parameters
    ----------
    names
        Names of the slide's files, in the order of their numbers.
    tissue
        What was coded tissue before the slide was broken, as far as it still stands in the same place.
    """
    inspection, plan = seen
    if len(inspection.maps) != len(inspection.files) or len(inspection.files) > len(names):
        return "files and maps are not as many"
    for bytemap in inspection.maps:
        if wrong := _inexact(bytemap):
            return wrong
    parts = [m.tissue_parts() for m in inspection.maps]
    if wrong := _meets(plan.patches, parts):
        return wrong
    before = [tissue.get(name, ()) for name in names]
    return SUSPECT if _meets(plan.patches, before) else ""


def _inexact(bytemap: ByteMap) -> str:
    """Whether claims and gaps make up the whole file, each byte once."""
    fine = [(s, e) for s, e, cls, _ in bytemap.claims() if cls != ByteClass.TISSUE]
    spans = sorted([*fine, *bytemap.tissue_parts(), *bytemap.gaps()])
    reached = 0
    for start, end in spans:
        if start != reached or end <= start:
            return "a byte map with a hole" if start > reached else "a byte map in which two own a byte"
        reached = end
    return "" if reached == bytemap.size else "a byte map that ends elsewhere than its file"


def _meets(patches: Sequence[Patch], tissue: Sequence[Sequence[tuple[int, int]]]) -> str:
    for patch in patches:
        spans = tissue[patch.file] if patch.file < len(tissue) else ()
        index = bisect_right(spans, (patch.offset, 1 << 63)) - 1
        for start, end in spans[max(index, 0) : index + 2]:
            if start < patch.offset + patch.length and patch.offset < end:
                return "a plan that touches tissue"
    return ""
