"""How containers are called: found by walking the package, and recorded while the intact samples are looked at.

Each public function or class of `blankslide.containers` that takes bytes, a text or a file is a way into a parser;
nobody lists them. What else it is given (a range, a codec, how a DICOM tag is looked up) is taken from real calls,
which a profiler hook sees. Of objects that come back every public property and every method without arguments is
asked, and whatever iterates is gone through. What a function's own docstring says that it raises may come.
"""

from __future__ import annotations

import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

import blankslide.containers
from blankslide.errors import BlankslideError
from blankslide.source import MemorySource, Window
from blankslide.testing.own.fuzzing.memory_slide import Traced

_HOME = "blankslide.containers."
_EACH = 40  # recorded calls of one function
_SHORT = 64  # what is never given more is no parser to spend much on
_LARGEST = 1 << 21
_MOST = 64  # so many of what comes back are looked at
_BYTES, _TEXT, _FILE, _READ = "bytes", "str", "ByteSource", "Read"
_SIMPLE = (int, str, bool, float, frozenset, type(None))


class Call(NamedTuple):
    """One recorded call: the function, which argument is bytes, a text or a file, its content, and the others."""

    function: Callable[..., Any]
    taken: str
    kind: str
    data: bytes
    others: Mapping[str, Any]

    def raises(self) -> tuple[str, ...]:
        """Names of the exceptions that the function's docstring says it raises."""
        _, _, behind = (self.function.__doc__ or "").partition("Raises\n")
        lines = [line.strip() for line in behind.splitlines()]
        return tuple(word for line in lines for word in line.split(", ") if word.isidentifier())

    def again(self, data: bytes) -> Any:
        """Call it with other bytes.

        Parameters
        ----------
        data
            What stands in place of the recorded bytes. Arguments that were their length are their length again.
        """
        given: Any = data
        if self.kind == _FILE:
            given = Window(MemorySource(data))
        elif self.kind == _READ:
            given = _reader(data)
        elif self.kind == _TEXT:
            given = data.decode("utf-8", "replace")
        size = len(self.data)
        others = {
            n: len(data) if v == size and type(v) is int and n != self.taken else v for n, v in self.others.items()
        }
        return self.function(**{self.taken: given}, **others)


def modules() -> Iterator[ModuleType]:
    """Yield the modules of the package, packages aside."""
    for info in pkgutil.walk_packages(blankslide.containers.__path__, _HOME):
        if not info.ispkg:
            yield import_module(info.name)


def ways_in(module: ModuleType) -> Iterator[tuple[Callable[..., Any], str, str]]:
    """Yield what of a module takes bytes, a text or a file, with the name and the kind of that argument."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
            continue
        if not isinstance(thing, FunctionType | type) or (isinstance(thing, type) and issubclass(thing, tuple)):
            continue
        function = thing.__init__ if isinstance(thing, type) else thing
        kinds = (_FILE, _READ, _BYTES) if isinstance(thing, type) else (_FILE, _READ, _BYTES, _TEXT)
        given = inspect.signature(function).parameters.values() if isinstance(function, FunctionType) else ()
        taken = sorted((kinds.index(p.annotation), p.name) for p in given if p.annotation in kinds)
        if taken:
            yield thing, taken[0][1], kinds[taken[0][0]]


def _reader(data: bytes) -> Callable[[int, int], bytes]:
    """What reads up to so many bytes at an offset."""
    return lambda offset, length: data[max(offset, 0) : max(offset, 0) + max(length, 0)]


def _code(thing: Callable[..., Any]) -> CodeType:
    function: Any = thing.__init__ if isinstance(thing, type) else thing  # type: ignore[misc]
    code: CodeType = function.__code__
    return code


def recorded(act: Callable[[], object]) -> dict[str, list[Call]]:
    """Return the calls of each module, by its name in the package, that are made while ``act`` runs."""
    known = {_code(thing): (m, thing, taken, kind) for m in modules() for thing, taken, kind in ways_in(m)}
    seen: dict[CodeType, dict[bytes, Call]] = {code: {} for code in known}

    def notice(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or frame.f_code not in seen or len(seen[frame.f_code]) >= 4 * _EACH:
            return
        _, thing, taken, kind = known[frame.f_code]
        data = _content(frame.f_locals[taken])
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        others = {n: frame.f_locals[n] for n in names if n not in ("self", taken)}
        if data is not None and all(_lasts(value) for value in others.values()):
            mark = data[:64] + repr((len(data), sorted(others))).encode()
            seen[code].setdefault(mark, Call(thing, taken, kind, data, others))

    sys.setprofile(notice)
    try:
        act()
    finally:
        sys.setprofile(None)
    out: dict[str, list[Call]] = {m.__name__.removeprefix(_HOME): [] for m in modules() if any(ways_in(m))}
    for code, calls in seen.items():
        module, thing, taken, kind = known[code]
        kept = sorted(calls.values(), key=lambda call: len(call.data))
        kept = kept[:: -(-len(kept) // (_EACH if kept and len(kept[-1].data) > _SHORT else 4)) or 1]
        out[module.__name__.removeprefix(_HOME)] += kept
    for module, thing, taken, kind in known.values():
        name = module.__name__.removeprefix(_HOME)
        if not any(call.function is thing for call in out[name]):
            out[name] += _never_made(thing, taken, kind, _stand_in(name, out))
    return out


def _stand_in(name: str, made: Mapping[str, list[Call]]) -> bytes:
    """Bytes of the kind that a module is for, where no sample has them: a picture, or what others were given."""
    import imagecodecs
    import numpy as np

    small = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    if name.endswith("jp2k"):
        return bytes(imagecodecs.jpeg2k_encode(small, level=50))
    if name.endswith("jpegxr"):
        return bytes(imagecodecs.jpegxr_encode(small))
    near = [call.data for other, calls in made.items() for call in calls if other.split(".")[0] == name.split(".")[0]]
    return min((data for data in near if len(data) > 1024), key=len, default=bytes(256))


def _never_made(thing: Callable[..., Any], taken: str, kind: str, data: bytes) -> list[Call]:
    """A call for what no sample needs, if nothing but bytes and numbers is asked for."""
    function: Any = thing.__init__ if isinstance(thing, type) else thing  # type: ignore[misc]
    others: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("self", taken) or parameter.default is not parameter.empty:
            continue
        if parameter.annotation not in ("int", "bool", "bytes", "str"):
            return []
        size = parameter.name in ("end", "length", "size", "room")
        others[parameter.name] = {"int": len(data) if size else 0, "bool": False, "bytes": b"", "str": ""}[
            parameter.annotation
        ]
    return [Call(thing, taken, kind, data, others)]


def _content(value: object) -> bytes | None:
    """The bytes behind an argument, if they are not too many."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value) if len(value) <= _LARGEST else None
    if isinstance(value, Window | MemorySource | Traced) and value.size <= _LARGEST:
        return value.read(0, value.size)
    return None


def _lasts(value: object) -> bool:
    """Whether an argument can be given again."""
    if isinstance(value, (*_SIMPLE, FunctionType)):
        return True
    if isinstance(value, bytes):
        return len(value) < 1 << 16
    return isinstance(value, tuple | list) and len(value) < 4096 and all(isinstance(v, _SIMPLE) for v in value)


# -- going through what comes back -------------------------------------------------------


def explored(thing: object, depth: int = 3) -> None:
    """Ask an object of a container for all it offers.

    Raises
    ------
    BlankslideError
        What the container says of damage.
    """
    if isinstance(thing, str | bytes | int | float | type(None)) or depth < 0:
        return
    if isinstance(thing, Mapping):
        thing = thing.values()
    if isinstance(thing, Iterable):
        for number, inner in enumerate(thing):
            if number < _MOST:
                explored(inner, depth - 1)
    if not type(thing).__module__.startswith(_HOME):
        return
    first: BlankslideError | None = None
    for name in _offers(type(thing)):
        try:
            value = getattr(thing, name)
            explored(value() if callable(value) else value, depth - 1)
        except BlankslideError as error:  # each is asked, whatever another has said
            first = first or error
    if first is not None:
        raise first


_known: dict[type, list[str]] = {}


def _offers(kind: type) -> list[str]:
    """Names of the properties, and of the methods that need no argument."""
    if kind not in _known:
        names = [n for n in dir(kind) if not n.startswith("_") and not hasattr(tuple, n)]
        _known[kind] = [n for n in names if n != "forget" and _is_asked_for_nothing(inspect.getattr_static(kind, n))]
    return _known[kind]


def _is_asked_for_nothing(offered: object) -> bool:
    if not isinstance(offered, FunctionType):
        return not isinstance(offered, staticmethod | classmethod)
    parameters = list(inspect.signature(offered).parameters.values())[1:]
    return all(p.default is not p.empty for p in parameters)
