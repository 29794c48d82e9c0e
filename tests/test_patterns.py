"""No regular expression of the package takes more than linear time, whatever text it is given.

All patterns are collected, those of modules and those inside functions. For every repetition in
each of them texts are made that enter it, go round many times, and fail. One long text may take about
as long as the same amount of text in sixteen pieces: what is compared is work, not seconds. A quick look
says which texts deserve that comparison; where the clock ticks slowly, it may suspect some that are innocent.
"""

from __future__ import annotations

import ast
import gc
import importlib
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from re import _constants as C  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import blankslide
from blankslide.model import patterns as model_patterns

SOURCE = Path(blankslide.__file__).parent
SEARCHING = ("search", "sub", "subn", "split", "findall", "finditer")
SHORT, LONG, FEW = 2048, 8192, 24
SUSPICIOUS, DEADLINE, RATIO = 0.004, 0.15, 8
PIECES, LONGEST, SURE, SOON = 16, LONG * 16, 0.1, 0.06  # clocks tick in 10 ms at worst
TAILS = ("\0", "!")
Pattern = tuple[str | bytes, int]


# -- all patterns ------------------------------------------------------------------------


def modules() -> Iterator[tuple[Any, ast.Module, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if "_napari" in parts or "jupyter" in parts or "samples" in parts or "testing" in parts:
            continue  # faces that need a screen, and what only tests call
        text = path.read_text(encoding="utf-8")
        yield importlib.import_module(name), ast.parse(text), text


def written(module: Any, tree: ast.Module) -> Iterator[tuple[Pattern, str]]:
    """Patterns in calls of `re` and `pattern` whose text is known without running the function."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id == "pattern":
            method = "fullmatch"
        elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re":
            method = called.attr
        else:
            continue
        try:
            text, *more = (eval(compile(ast.Expression(a), "", "eval"), vars(module)) for a in node.args[:2])  # noqa: S307 our own
        except NameError:
            continue  # made of a function's own values; found in memory if a module made it
        flags = more[0] if more and isinstance(more[0], re.RegexFlag) else 0
        if isinstance(text, str | bytes):
            yield (text, int(flags)), method


def collected(elders: list[Any]) -> dict[Pattern, set[str]]:
    """All patterns with the methods that they are used by."""
    found: dict[Pattern, set[str]] = {}
    for module, tree, text in modules():
        for pattern, method in written(module, tree):
            found.setdefault(pattern, set()).add(method)
        for name, value in vars(module).items():
            if isinstance(value, model_patterns.Lazy):
                used = re.findall(rf"\b{re.escape(name)}\.(match|{'|'.join(SEARCHING)})\b", text)
                found.setdefault((value._text, value._flags), set()).update(used)
    for value in (*gc.get_objects(), *elders):
        if isinstance(value, model_patterns.Lazy):
            found.setdefault((value._text, value._flags), set())
    return found


# -- texts that go round and fail --------------------------------------------------------


def examples(parsed: Iterable[Any]) -> list[str]:
    """A few short texts that a part of a pattern matches, or nearly."""
    out = [""]
    for node in parsed:
        out = [a + b for a in out for b in _example(node)][:6]
    return out


def _example(node: Any) -> list[str]:
    op, value = node
    if op is C.LITERAL:
        return [chr(value)]
    if op is C.NOT_LITERAL:
        return ["a" if value != 97 else "b"]
    if op is C.ANY:
        return ["a"]
    if op is C.IN:
        return _of_class(value)
    if op is C.BRANCH:
        return list(dict.fromkeys(t for branch in value[1] for t in examples(branch)[:2]))[:6]
    if op in (C.MAX_REPEAT, C.MIN_REPEAT, C.POSSESSIVE_REPEAT):
        return [text * max(1, value[0]) for text in examples(value[2])[:3]]
    if op is C.SUBPATTERN:
        return examples(value[3])
    if op is C.ATOMIC_GROUP:
        return examples(value)
    return [""]


_CATEGORY = {C.CATEGORY_DIGIT: "1", C.CATEGORY_SPACE: " ", C.CATEGORY_WORD: "a1"}


def _of_class(parts: Any) -> list[str]:
    out: list[str] = []
    negated = parts[0][0] is C.NEGATE
    for op, value in parts:
        if op is C.LITERAL:
            out.append(chr(value))
        elif op is C.RANGE:
            out.append(chr(value[0]))
        elif op is C.CATEGORY:
            out += _CATEGORY.get(value, "a")
    if not negated:
        return out[:4]
    return [c for c in "a1 <-" if c not in out][:3]


def rounds(parsed: Iterable[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Each way into a repetition: what stands in front of it, and what goes round."""
    for node in parsed:
        op, value = node
        if op in (C.MAX_REPEAT, C.MIN_REPEAT, C.POSSESSIVE_REPEAT):
            if value[1] > 64:
                for text in examples(value[2]):
                    yield before, text
            yield from rounds(value[2], before)
        elif op is C.SUBPATTERN:
            yield from rounds(value[3], before)
        elif op is C.ATOMIC_GROUP:
            yield from rounds(value, before)
        elif op is C.BRANCH:
            for branch in value[1]:
                yield from rounds(branch, before)
        elif op in (C.ASSERT, C.ASSERT_NOT):
            yield from rounds(value[1], before)
        before += _example(node)[0]


def hostile(pattern: Pattern) -> list[tuple[str, str]]:
    """What stands in front, and what goes round, of all texts for one pattern."""
    parsed = _parser.parse(*pattern)
    single = [("", c) for c in ("1", "a", " ", "<", "-", "A1", "a=", "\n")]
    return list(dict.fromkeys((a, b) for a, b in (*rounds(parsed), *single) if b))[:FEW]


# -- measuring ---------------------------------------------------------------------------


class Late(Exception):
    """The pattern did not answer in time."""


def _late(*_: object) -> None:
    raise Late


def took(run: Callable[[Any], Any], text: str | bytes, times: int = 1, deadline: float = DEADLINE) -> float:
    """Seconds of this thread's own time; the engine listens to signals while it matches."""
    gc.disable()  # a collection of all that the other tests have left would count as the pattern's time
    signal.setitimer(signal.ITIMER_PROF, deadline)
    began = time.thread_time()
    try:
        for _ in range(times):
            run(text)
    except Late:
        return float("inf")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        gc.enable()
    return time.thread_time() - began


def complaint(pattern: Pattern, methods: set[str]) -> str:
    """Say which text takes one pattern too long, or return an empty string."""
    found = re.compile(*pattern)
    runs: list[Callable[[Any], Any]] = [found.fullmatch]
    if "match" in methods:
        runs.append(found.match)
    if methods & set(SEARCHING):
        runs.append(lambda text: all(found.finditer(text)))
    binary = isinstance(pattern[0], bytes)
    for before, turn in hostile(pattern):
        for tail in TAILS:
            for run in runs:

                def made(length: int, before: str = before, turn: str = turn, tail: str = tail) -> str | bytes:
                    text = before + turn * (length // len(turn)) + tail
                    return text.encode("latin-1", "replace") if binary else text

                if is_late(run, made(FEW * 2)) or is_steep(run, made):
                    return f"{before[:40]!r} + {turn!r} * n + {tail!r}"
    return ""


def is_late(run: Callable[[Any], Any], text: str | bytes) -> bool:
    """Whether even a short text takes far too long, three times in a row: others use this machine, too."""
    return all(took(run, text) > DEADLINE / 2 for _ in range(3))


def is_steep(run: Callable[[Any], Any], made: Callable[[int], str | bytes]) -> bool:
    """Whether a long text takes far more than the same amount in pieces, three times in a row."""
    if not is_suspicious(run, made):
        return False
    length = LONG
    while took(run, made(length)) < SURE:
        if length == LONGEST:
            return False  # what was suspected at a sixteenth of this length would take far longer if it were true
        length *= 4
    for _ in range(3):
        while (pieces := took(run, made(length // PIECES), PIECES, 2 * DEADLINE)) == float("inf"):
            length //= 4
        if took(run, made(length), 1, max(SOON, 4 * pieces)) < float("inf"):
            return False
    return True


def is_suspicious(run: Callable[[Any], Any], made: Callable[[int], str | bytes]) -> bool:
    """Whether four times the text seems to take far more than four times as long; one tick of the clock is enough."""
    long = took(run, made(LONG))
    return long >= SUSPICIOUS and long >= RATIO * max(took(run, made(SHORT)), 1e-5)


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    before = signal.signal(signal.SIGPROF, _late)
    yield
    signal.signal(signal.SIGPROF, before)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no timer of this kind")
def test_no_pattern_takes_more_than_linear_time(elders: list[Any]) -> None:
    patterns = collected(elders)
    assert len(patterns) > 200, "the collector is broken"
    slow = {p[0]: said for p, methods in patterns.items() if (said := complaint(p, methods))}
    assert not slow, "\n".join(f"{text!r}: {said}" for text, said in slow.items())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no timer of this kind")
@pytest.mark.parametrize("text", [r"(?:\d+[\s;]*)+", r"\s*(?:<!--.*?-->\s*)*<a", r"(a|a)*b", rb"(?:[a-z]+ ?)+="])
def test_slow_patterns_are_found(text: str | bytes) -> None:
    assert complaint((text, int(re.S)), set())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no timer of this kind")
@pytest.mark.parametrize("text", [r"\s*(?:<!--(?:(?!-->).)*+-->\s*+)*+<a", r"\d++[\s;]*", r"[^,]+,?"])
def test_linear_patterns_are_not(text: str) -> None:
    assert complaint((text, int(re.S)), {"search"} if "," in text else set()) == ""


def possessive_groups(parsed: Iterable[Any]) -> Iterator[Any]:
    """Yield what is repeated possessively and is more than one character."""
    for name, node in parsed:
        if name is C.POSSESSIVE_REPEAT and not (len(node[2]) == 1 and node[2][0][0] in ONE):
            yield node
        for part in node if isinstance(node, (tuple, list)) else (node,):
            if isinstance(part, _parser.SubPattern):
                yield from possessive_groups(part)
            elif isinstance(part, list):
                for branch in part:
                    yield from possessive_groups(branch) if isinstance(branch, _parser.SubPattern) else ()


ONE = (C.LITERAL, C.NOT_LITERAL, C.ANY, C.IN, C.GROUPREF)


def test_no_group_is_repeated_possessively(elders: list[Any]) -> None:
    """Before Python 3.11.5 ``(...)*+`` keeps what a failed turn has read (gh-106052); ``(?>(...)*)`` does not."""
    assert list(possessive_groups(_parser.parse(r"a(?:b(c|(?:de)*+))")))
    assert not list(possessive_groups(_parser.parse(r"a*+[bc]{2,3}+.?+(?>(?:de)*)")))
    bad = [text for text, flags in collected(elders) if any(possessive_groups(_parser.parse(text, flags)))]
    assert not bad


def test_atomic_groups_are_right_in_this_python() -> None:
    for text, said, end in ((r"(?>(?:.(?!D))+)", "ABCDE", 2), (r"(?>(?:ab?c)+)", "aca", 2)):
        found = re.match(text, said)
        assert found is not None
        assert found.end() == end
