"""Readers in a process of their own, and what is handed over between it and ours.

Libraries written in C and C++ end the process, by a signal or by themselves, where a file is not as they expect, and
print what they like. Such an end must be an answer and not ours too, so a fresh interpreter looks. The slide's name
goes through a pipe, not into the list of processes; what is printed there goes nowhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.verification.views import (
    EMPTY,
    FAILS,
    PICTURE_LIMIT,
    LevelView,
    PictureView,
    ReaderView,
    digest,
    effort,
    places,
)

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 256 << 20
_SIDE = 32
_CODE = (
    "import json, sys; a = json.loads(sys.stdin.readline()); sys.path[:] = a['path']; "
    "from importlib import import_module as i; i('blankslide.verification.judges.' + a['child']).main(a['slide'])"
)
_ROLES = {"overview": "macro", "slidepreview": "macro", "mask": "probability", "unknown": ""}


def version(package: str, distribution: str) -> str:
    """Return the version of a package that is not loaded here; an import error if it is not installed."""
    from importlib.util import find_spec
    from pathlib import Path

    found = find_spec(package)
    if found is None or found.origin is None:
        raise ImportError(f"{distribution} is not installed")
    # importlib.metadata costs more than a whole inspection
    infos = Path(found.origin).parents[1].glob(f"{distribution}-*.dist-info")
    return next((info.name.removesuffix(".dist-info").partition("-")[2] for info in infos), "unknown")


def ask(child: str, path: Path, timeout: float) -> tuple[dict[str, Any], bytes]:
    """Let another process look.

    Parameters
    ----------
    child
        Name of the module beside this one whose ``main`` looks.
    path
        The file.
    timeout
        Seconds after which it is ended.

    Returns
    -------
    what it says, and the bytes behind that

    Raises
    ------
    OSError
        If the library cannot open it, or has ended its process.
    """
    import json

    question = json.dumps({"path": sys.path, "slide": str(path.resolve()), "child": child})
    code, said = _ended(question.encode() + b"\n", timeout)
    head, _, data = said.partition(b"\n")
    if code or not head or len(data) > _MOST:
        raise OSError("the reader could not open the file")
    told: dict[str, Any] = json.loads(head)
    return told, data


def _ended(question: bytes, timeout: float) -> tuple[int, bytes]:
    """Let a process answer a question; return how it ended, and what it said."""
    import subprocess

    ended = subprocess.run(  # noqa: S603 - our own interpreter with our own code
        [sys.executable, "-I", "-c", _CODE],
        input=question,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=timeout,
        check=False,
        process_group=0 if os.name == "posix" else None,  # Ctrl-C in a terminal is for us, not for it
    )
    return ended.returncode, ended.stdout


# -- what children say that look at pixels themselves ------------------------------------


class Area(NamedTuple):
    """Pixels as a child has seen them: a plain digest (empty if they do not decode), and what they look like."""

    digest: str
    blank: bool = False
    dark: bool = False


def seen(read: Callable[[], Any]) -> Area:
    """Read an array of pixels; whatever the library raises is the answer that it cannot."""
    from hashlib import sha256

    try:
        pixels = read()
        kind = repr((pixels.shape, str(pixels.dtype)))
        data = pixels.tobytes()
    except Exception:  # foreign code on a foreign file
        return Area("")
    if not data:
        return Area("")
    return Area(sha256(kind.encode() + data).hexdigest(), _blank(pixels), not any(data))


def _blank(pixels: Any) -> bool:
    """Whether all is of one colour, whichever side of the array the channels are on."""
    if pixels.ndim == 3 and pixels.shape[0] < pixels.shape[2]:
        pixels = pixels.transpose(1, 2, 0)
    return bool((pixels == pixels[0, 0]).all())


def sampled(size: tuple[int, int], index: int, count: int, read: Callable[..., Any]) -> dict[str, Any]:
    """Sample a level; ``read(x, y, width, height)`` returns an array of its pixels."""
    spots = places(*size, _SIDE, effort(index, count))
    return {"size": size, "samples": [seen(lambda spot=spot: read(*spot)) for spot in spots]}  # type: ignore[misc]


def picture(name: str, size: tuple[int, int], read: Callable[[], Any]) -> dict[str, Any]:
    """Look at a picture, if it is not too large to be looked at."""
    found = seen(read) if size[0] * size[1] <= PICTURE_LIMIT else Area("")
    return {"name": name, "size": size, "seen": found}


@contextmanager
def alone() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Keep the pipe for the one line that a child says: a library prints into nothing."""
    import json

    pipe, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    with os.fdopen(pipe, "wb") as out:

        def tell(told: dict[str, Any]) -> None:
            out.write(json.dumps(told).encode() + b"\n")

        yield tell


def view(reader: str, of: str, told: dict[str, Any]) -> ReaderView:
    """Return what a child has said as a view: with keyed digests, which say nothing of the picture to anybody."""
    mpp = told["mpp"]
    return ReaderView(
        reader=reader,
        version=of,
        vendor=told["vendor"],
        mpp=(mpp[0], mpp[1]) if all(mpp) else None,
        objective=told["objective"] or None,
        levels=tuple(
            LevelView((level["size"][0], level["size"][1]), tuple(_sample(Area(*area)) for area in level["samples"]))
            for level in told["levels"]
        ),
        # one that it could not decode before either tells nothing; whoever knows the format better says so
        pictures=tuple(_picture(each) for each in told["pictures"] if Area(*each["seen"]).digest),
    )


def _sample(area: Area) -> str:
    if not area.digest:
        return FAILS
    # what a library could not decode it may hand out as zeros: whoever saw nothing else is no judge
    return EMPTY if area.dark else digest(area.digest.encode())


def _picture(told: dict[str, Any]) -> PictureView:
    area, name, size = Area(*told["seen"]), told["name"].lower(), told["size"]
    return PictureView(
        _ROLES.get(name, name), (size[0], size[1]), area.digest and digest(area.digest.encode()), area.blank
    )
