"""Letting another process look at a slide's pictures, and what it answers.

The question goes through a pipe, so no name stands in the list of processes. The answer is one line of numbers and
words of ours; what does not look like that is no answer. The process is ended when its time is over.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from blankslide.errors import DamagedSlide, EnvironmentProblem
from blankslide.model.found import Found, FoundKind

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 300.0
"""No slide's pictures take longer, or it is told that they could not be looked at."""
NEEDED = ("cv2", "onnxruntime", "rapidocr", "zxingcpp")
_CODE = (
    "import json, sys; sys.dont_write_bytecode = True; a = json.loads(sys.stdin.readline()); sys.path[:] = a['path']; "
    "from blankslide.found.barriers import shut; shut(); "
    "from importlib import import_module as i; i('blankslide.viewing.reading_apart').main(a)"
)
_KINDS = frozenset(get_args(FoundKind))
_MOST = 1 << 20


class Answer(NamedTuple):
    """What the other process saw.

    Attributes
    ----------
    found
        Boxes, picture by picture.
    unseen
        Pictures that could not be decoded or were too large.
    rows, parts
        Of the names and patterns that were asked for: those that were read on the slide.
    """

    found: tuple[Found, ...]
    unseen: tuple[str, ...]
    rows: tuple[int, ...] = ()
    parts: tuple[Mapping[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"<Answer: {len(self.found)} boxes, {len(self.rows)} rows, {len(self.parts)} sets of parts>"


def is_installed() -> bool:
    """Whether the packages of the extra ``ocr`` are here; none is imported for that."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in NEEDED)


def require_installed() -> None:
    """Refuse to begin without the extra.

    Raises
    ------
    EnvironmentProblem
        If something of it is not installed.
    """
    if not is_installed():
        raise EnvironmentProblem(
            "pictures cannot be looked at for text: the extra 'ocr' is not installed", "pip install 'blankslide[ocr]'"
        )


def ask(
    path: Path,
    pictures: Sequence[str] | None = None,
    *,
    names: Sequence[str] = (),
    patterns: Sequence[str] = (),
    timeout: float = SECONDS,
) -> Answer:
    """Let another process look at a slide's pictures.

    Parameters
    ----------
    path
        The slide's main file.
    pictures
        Roles of those to look at, with ``level`` for the edges of the lowest one; None for all of them.
    names
        Names to be looked for in what is read.
    patterns
        Regular expressions with named groups, as `blankslide.policy.identifiers` checks them.
    timeout
        Seconds after which it is ended.

    Raises
    ------
    EnvironmentProblem
        If the extra is not installed, a model file is not the one that it should be, or the process has ended early.
    DamagedSlide
        If the slide cannot be opened there.
    """
    import json
    import subprocess

    require_installed()
    question = {
        "path": sys.path,
        "slide": os.path.realpath(path),
        "pictures": pictures if pictures is None else list(pictures),
        "names": list(names),
        "patterns": list(patterns),
    }
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter with our own code
            [sys.executable, "-I", "-c", _CODE],
            input=json.dumps(question).encode() + b"\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
            process_group=0 if os.name == "posix" else None,  # Ctrl-C in a terminal is for us, not for it
        )
        told = json.loads(ended.stdout) if not ended.returncode and len(ended.stdout) <= _MOST else None
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(
            f"the process that looks at pictures was ended, because it took more than {timeout:.0f} seconds", _SKIP
        ) from None
    except ValueError:
        told = None
    return _answer(told)


_SKIP = "run it again, or without looking at pictures"


def _answer(told: Any) -> Answer:
    """Turn what came through the pipe into an answer; nothing of it is taken on trust.

    Raises
    ------
    EnvironmentProblem, DamagedSlide
        If it tells of one, or tells nothing.
    """
    if not isinstance(told, dict):
        raise EnvironmentProblem("the process that looks at pictures ended without an answer", _SKIP)
    if "model" in told:
        file, what = told["model"]
        raise EnvironmentProblem(
            f"the model file {file!r} of rapidocr {what}, so no picture is read with it",
            "pip install --force-reinstall 'blankslide[ocr]'",
        )
    if "slide" in told:
        raise DamagedSlide("its pictures cannot be opened, so they cannot be looked at")
    try:
        return Answer(
            tuple(map(_found, told["found"])),
            tuple(map(_picture, told["unseen"])),
            tuple(map(int, told["rows"])),
            tuple({str(key): str(value) for key, value in parts.items()} for parts in told["parts"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EnvironmentProblem("the process that looks at pictures gave no sensible answer", _SKIP) from None


def _found(row: Sequence[Any]) -> Found:
    picture, kind, x, y, w, h, confidence, (width, height) = row
    if kind not in _KINDS:
        raise ValueError("not a kind of ours")
    return Found(_picture(picture), kind, int(x), int(y), int(w), int(h), float(confidence), (int(width), int(height)))


def _picture(name: str) -> str:
    """Return a picture's name: a role and perhaps a number, whatever came through the pipe."""
    role, _, number = name.partition(" ")
    if not (
        role.isascii() and role.replace("-", "").isalpha() and len(role) < 32 and (not number or number.isdecimal())
    ):
        raise ValueError("not a name of a picture")
    return name
