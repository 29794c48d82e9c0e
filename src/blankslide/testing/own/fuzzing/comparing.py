"""Comparisons in instrumented code: the engine sees those of plain values, Python makes all others itself.

atheris 3.0 puts a call of its own in place of every comparison, and keeps what comes of it for ever. Of plain values
that is ``True`` or ``False``; of numpy arrays it is one more array, so that a process in which LZW is fuzzed grew with
every input until it met its limit. Nothing is lost by leaving those out: the engine learns from integers, texts and
bytes only.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

_PLAIN = frozenset((bool, int, float, str, bytes, type(None)))
#: As `dis.cmp_op` lists them.
_OPERATORS: tuple[Callable[[Any, Any], object], ...] = (
    operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge,
)  # fmt: skip


def keeping_no_results(trial: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return a trial before whose first input comparisons are mended: `atheris.Fuzz` itself puts its own there first.

    Parameters
    ----------
    trial
        Tries one input.
    """
    mended = False

    def tried(data: bytes) -> None:
        nonlocal mended
        if not mended:
            _mend()
            mended = True
        trial(data)

    return tried


def _mend() -> None:
    import atheris
    from atheris.version_dependent import CMP_OP_SHIFT_AMOUNT

    engine = atheris._trace_cmp

    def compared(left: object, right: object, which: int, counter: int, constant: bool) -> object:
        if type(left) in _PLAIN and type(right) in _PLAIN:
            return engine(left, right, which, counter, constant)
        return _OPERATORS[which >> CMP_OP_SHIFT_AMOUNT](left, right)

    atheris._trace_cmp = compared
