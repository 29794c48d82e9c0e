"""Runs public files, most of which are no slides, through the command line, in this process, and says what is wrong.

The files are those of the folder of real slides, and what installed packages have with them for tests of their own
(pydicom and scikit-image; the wheels of Pillow, tifffile and OpenSlide bring none). Each is looked at, planned and
anonymized in place, on a copy. Never right are: an exit code that the contract does not know, a traceback, a refusal
that changed a byte, and a message of more than one sentence.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.bench import contents

if TYPE_CHECKING:
    from click import Command

PACKAGES = ("pydicom", "PIL", "tifffile", "openslide", "skimage")
CODES = (0, 1, 2, 3, 4)
_ENDINGS = frozenset(
    ".avs .bif .bmp .czi .dcm .dic .gif .icc .isyntax .jp2 .jpeg .jpg .mrxs .ndpi .ndpis .png .qptiff .scn .svs "
    ".svslide .tif .tiff .vms .vmu .vsi".split()
)
_STEPS = (("inspect",), ("anonymize", "--dry-run"), ("anonymize", "--in-place"))
#: pydicom's folders of files for tests; their names end as they like.
_OF_TESTS = frozenset(("test_files", "charset_files", "palettes"))
#: More than one sentence: a full stop, and another one behind it.
_SENTENCES = re.compile(r"[.!?] [A-Z]|\n")


class Swept(NamedTuple):
    """What became of one file: its name, the exit code and words of the last step, and what is wrong."""

    name: str
    code: int
    said: str
    wrong: tuple[str, ...]


def public_files(shared: Path | None = None) -> Iterator[Path]:
    """Yield the files of installed packages, and those of the folder of real slides."""
    for package in PACKAGES:
        found = find_spec(package)
        if found is not None and found.origin is not None:
            below = Path(found.origin).parent
            yield from (p for p in sorted(below.rglob("*")) if _is_test_file(p, below))
    if shared is not None:
        yield from (p for p in sorted(shared.rglob("*")) if p.is_file())


def _is_test_file(path: Path, below: Path) -> bool:
    parts = path.relative_to(below).parts
    return path.is_file() and (path.suffix.lower() in _ENDINGS or not _OF_TESTS.isdisjoint(parts))


def sweep(command: Command, path: Path) -> Swept:
    """Run the three steps on a copy of a file, and of the files beside it if they are part of a real slide."""
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name, "files"), Path(name, "home")
        home.mkdir()
        target = _copied(path, folder)
        before, wrong, code, said = contents(folder), [], 0, ""
        for step in _STEPS:
            code, out, err = _run(command, [*step, str(target)], home)
            after = contents(folder)
            wrong += [f"{' '.join(step)}: {w}" for w in _wrong(code, out, err)]
            if after != before and (code not in (0, 1) or step is not _STEPS[-1]):
                wrong.append(f"{' '.join(step)}: exit {code}, and changed")
            said = (err or out).strip()
        return Swept(path.name, code, said, tuple(wrong))


def _copied(path: Path, folder: Path) -> Path:
    """Copy a file, and its neighbours where a slide is of several files."""
    if path.suffix in (".dcm", ".vsi") and len(list(path.parent.iterdir())) < 8:
        shutil.copytree(path.parent, folder)
    else:
        folder.mkdir()
        shutil.copyfile(path, folder / path.name)
        if path.with_suffix("").is_dir() and path.suffix:
            shutil.copytree(path.with_suffix(""), folder / path.stem)
    for each in (folder, *folder.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)
    return folder / path.name


def _run(command: Command, told: list[str], home: Path) -> tuple[int, str, str]:
    from click.testing import CliRunner

    environment = {"HOME": str(home), "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    with contextlib.redirect_stderr(io.StringIO()) as foreign:
        result = CliRunner().invoke(command, told, env=environment)
    return result.exit_code, result.stdout, result.stderr + foreign.getvalue()


def _wrong(code: int, out: str, err: str) -> Iterator[str]:
    if code not in CODES:
        yield f"exit {code}"
    if "Traceback" in out + err:
        yield "a traceback"
    lines = err.strip().splitlines()
    if code > 1 and not lines:
        yield f"exit {code}, and nothing is said"
    for line in lines:
        if _SENTENCES.search(line.partition(" · ")[2]) or (code > 1 and " · nothing was changed" not in line):
            yield f"no single sentence: {line}"
