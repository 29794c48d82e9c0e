"""Names of markers, and of people, in the fields of five formats, through the whole command.

The slides are built by the shared folder's own writers (`hostile_runs.builders`). Each holds many names at once: as
channels of an OME-TIFF and a CZI, biomarkers of a QPTIFF, lines of an NDPI's shading data, filters of an MRXS.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock
from xml.sax.saxutils import escape

from blankslide.testing.bench import contents
from blankslide.testing.own.hostile_runs import builders

if TYPE_CHECKING:
    from click import Command

FORMATS = ("OME", "QPTIFF", "NDPI", "CZI", "MRXS")
ROOM = 9
"""Names that a CZI's text has room for."""


class Ended(NamedTuple):
    """How one slide ended: its format, the exit code, and which names are still in it."""

    format: str
    code: int
    names: tuple[str, ...]
    stayed: tuple[str, ...]
    said: str


def marker_runs(
    command: Command, folder: Path, samples: Path, names: Sequence[str], formats: Sequence[str] = FORMATS
) -> Iterator[Ended]:
    """Yield how ``command`` leaves slides of each format that have these names."""
    with builders(folder, samples):
        for kind in formats:
            step = ROOM if kind == "CZI" else len(names)
            for at in range(0, len(names), step):
                with tempfile.TemporaryDirectory() as name:
                    yield _run(command, kind, list(names[at : at + step]), Path(name))


def table(ended: Iterable[Ended], stays: bool) -> Iterator[str]:
    """Yield a line for each slide: how many names it had, how it ended, and which of them are wrong."""
    for one in ended:
        wrong = [name for name in one.names if (name in one.stayed) != stays]
        word = "kept" if stays else "gone"
        right = f"{len(one.names) - len(wrong)} of {len(one.names)} {word}"
        yield f"{one.format:7} exit {one.code}  {right:16}  {', '.join(wrong)}"


def _run(command: Command, kind: str, names: list[str], folder: Path) -> Ended:
    from click.testing import CliRunner

    case, marks = _WRITERS[kind](names)
    (folder / "slide").mkdir()
    target = case.write(folder / "slide")
    planted = _standing(marks, folder / "slide")
    if len(planted) < len(marks):
        raise AssertionError(f"not planted: {set(marks) - set(planted)}")
    homes = {key: str(folder) for key in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    with mock.patch.dict(os.environ, homes):
        result = CliRunner().invoke(command, ["anonymize", "--in-place", str(target)])
    return Ended(kind, result.exit_code, tuple(names), _standing(marks, folder / "slide"), result.output)


def _standing(marks: dict[str, bytes], folder: Path) -> tuple[str, ...]:
    """Return the names whose bytes stand in a file of a folder."""
    files = contents(folder).values()
    return tuple(name for name, mark in marks.items() if any(mark in data for data in files))


def _attribute(name: str) -> str:
    return escape(name, {'"': "&quot;"})


def _ome(names: list[str]) -> tuple[Any, dict[str, bytes]]:
    case = import_module("k30_marker_names").ome(_draw(), "slide.ome.tif", [_attribute(n) for n in names])
    return case, {n: f'Name="{_attribute(n)}"'.encode() for n in names}


def _qptiff(names: list[str]) -> tuple[Any, dict[str, bytes]]:
    kit = import_module("kit")
    each = "".join(f"<Name>{escape(n)}</Name><Biomarker>{escape(n)}</Biomarker>" for n in names)
    case = kit.Case("slide.qptiff", kit.qptiff(_draw(), each), kit.KEPT, "")
    return case, {n: f">{escape(n)}<".encode() for n in names}


def _ndpi(names: list[str]) -> tuple[Any, dict[str, bytes]]:
    kit = import_module("kit")
    lines = "target.white.intensity=235\r\n;NDP Shading Data\r" + "".join(f";Name={n}\r" for n in names)
    tags = [kit.raw(65434, names[0].encode() + b"\0", kit.ASCII), kit.raw(65449, lines.encode() + b"\0", kit.ASCII)]
    case = kit.Case("slide.ndpi", kit.ndpi_slide(_draw(), *tags), kit.KEPT, "")
    return case, {n: f"Name={n}\r".encode() for n in names}


def _czi(names: list[str]) -> tuple[Any, dict[str, bytes]]:
    case = import_module("k47_science_of_sets").channels("slide", [_attribute(n) for n in names])
    return case, {n: f'Name="{_attribute(n)}"'.encode() for n in names}


def _mirax(names: list[str]) -> tuple[Any, dict[str, bytes]]:
    kit = import_module("kit")
    files = kit.sample("mirax", "slide")
    import_module("sets").mirax_key(files, "slide", "FILTER_NAME", names[0])
    more = "".join(f"[LAYER_1_LEVEL_{i}_SECTION]\r\nFILTER_NAME = {n}\r\n" for i, n in enumerate(names[1:], 1))
    files["slide/Slidedat.ini"] = files["slide/Slidedat.ini"].rstrip() + b"\r\n" + more.encode()
    return kit.Case("slide.mrxs", files, kit.KEPT, ""), {n: f"FILTER_NAME = {n}\r\n".encode() for n in names}


def _draw() -> Any:
    return import_module("kit").Draw("names")


_WRITERS = {"OME": _ome, "QPTIFF": _qptiff, "NDPI": _ndpi, "CZI": _czi, "MRXS": _mirax}
