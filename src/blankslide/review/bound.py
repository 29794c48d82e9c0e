"""What a sample says of the whole: the exact bound for a finite number of slides, drawn without putting back.

If n of N slides were looked at and k of them failed, then at most `at_most` of the N are bad, with the asked
confidence: with more bad ones, a sample would have shown more than k in all but 1 - confidence of the draws. The
chances are those of the hypergeometric distribution; a list of chances is summed exactly (`math.fsum`), in
logarithms, so that they hold for a million slides as well.

Source: the one-sided Clopper-Pearson argument for a finite population.
"""

from __future__ import annotations

import math

from blankslide.errors import UsageError


def chance(total: int, bad: int, size: int, failures: int) -> float:
    """Return the chance to see at most so many failures in a sample.

    Parameters
    ----------
    total, bad
        Slides, and how many of them are bad.
    size, failures
        Slides of the sample, and how many of them failed at most.
    """
    lowest, highest = max(0, size - (total - bad)), min(failures, size, bad)
    if highest < lowest:
        return 0.0
    if failures >= min(size, bad):
        return 1.0
    first = _log_chance(total, bad, size, lowest)
    logs = [first]
    for seen in range(lowest, highest):
        ratio = (bad - seen) * (size - seen) / ((seen + 1) * (total - bad - size + seen + 1))
        logs.append(logs[-1] + math.log(ratio))
    return min(1.0, math.fsum(math.exp(log) for log in logs))


def _log_chance(total: int, bad: int, size: int, seen: int) -> float:
    """Return the logarithm of the chance to see exactly so many; a product of ratios, so nothing overflows."""
    few, many = sorted((size, bad))
    if seen == 0:  # of ``few`` draws none hits one of the ``many``
        return math.fsum(math.log1p(-many / (total - i)) for i in range(few))
    return _log_choose(bad, seen) + _log_choose(total - bad, size - seen) - _log_choose(total, size)


def _log_choose(n: int, k: int) -> float:
    k = min(k, n - k)
    return math.fsum(math.log((n - i) / (k - i)) for i in range(k))


def at_most(total: int, size: int, failures: int = 0, confidence: float = 0.95) -> int:
    """Return how many of all slides are bad at most.

    Parameters
    ----------
    total, size, failures
        All slides, those that were looked at, and those of them that failed.
    confidence
        Between 0 and 1, both left out.

    Raises
    ------
    UsageError
        If the numbers cannot be.
    """
    _check(confidence)
    if not 0 <= failures <= size <= total:
        raise UsageError("a sample is no larger than the whole, and no more slides of it can fail than it has")
    low, high = failures, total - (size - failures)  # those that passed are not bad
    while low < high:
        middle = (low + high + 1) // 2
        if chance(total, middle, size, failures) > 1 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def sample_size(total: int, share: float, confidence: float = 0.95) -> int:
    """Return the smallest sample that, without a failure, says: at most this share of the slides is bad.

    Parameters
    ----------
    total
        All slides.
    share
        Between 0 and 1; 0 asks for all slides.

    Raises
    ------
    UsageError
        If the numbers cannot be.
    """
    _check(confidence)
    if total < 1:
        raise UsageError("there is no slide to draw from")
    if not 0 <= share < 1:
        raise UsageError("the share of bad slides must be at least 0 and below 100 %")
    allowed = math.floor(share * total + 1e-9)
    low, high = 0, total
    while low < high:
        middle = (low + high) // 2
        if at_most(total, middle, 0, confidence) <= allowed:
            high = middle
        else:
            low = middle + 1
    return low


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise UsageError("the confidence must lie between 0 and 100 %")
