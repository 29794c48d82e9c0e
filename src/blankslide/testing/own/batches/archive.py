"""An archive as there are many: nested folders, eight formats, names that people give, and some files that are broken.

Each kind of slide is built once; every slide of the archive is a copy of its files under a name of its own. So what a
run makes of two slides of one kind has to be the same, and each result needs a close look only once.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blankslide.testing.own.batches.ruined import RUINS, Ruined

if TYPE_CHECKING:
    from blankslide.samples import Planted

#: Suffix of the slides -> the sample that they are copies of.
SAMPLES = {
    ".mrxs": "mirax.mrxs",
    ".dcm": "dicom-wsi.dcm",
    ".bif": "ventana-iscan.bif",
    ".scn": "leica-versa.scn",
    ".ome.tif": "ome-pyramid.ome.tif",
    ".czi": "zeiss-axioscan.czi",
}
_NDPI: dict[str, Any] = {"size": (128, 96), "factors": (1,), "macro_size": (90, 40), "map_page": False}
_SVS: dict[str, Any] = {"size": (256, 128), "factors": (1,), "macro_size": (160, 56)}
_ODD = (
    "Pr\u00e4parat {}",
    "it's {}",
    "-rf {}",
    "two  spaces {}",
    "\u65e5\u672c {}",
    "50% {};x",
    "new\nline {}",
    "[{}]*",
)
_EVERY_ODD = 9


@dataclass(frozen=True, slots=True)
class Kind:
    """One slide that was built, and what is known of it.

    Attributes
    ----------
    folder
        Where it stands, alone.
    planted
        Its answer key.
    files
        Its files' paths below the folder, with their digests.
    """

    suffix: str
    folder: Path
    planted: Planted
    files: dict[str, str]

    @property
    def stem(self) -> str:
        """What its files' and folders' names begin with."""
        return self.planted.file.removesuffix(self.suffix)

    @property
    def main(self) -> Path:
        """The file that names it."""
        return self.folder / self.planted.file


@dataclass(frozen=True, slots=True)
class Placed:
    """A slide of the archive.

    Attributes
    ----------
    path
        As a run names it: the main file, or the folder of a DICOM slide.
    files
        Path below the archive -> path of the kind's file.
    """

    kind: Kind
    path: Path
    files: dict[str, str]


@dataclass(slots=True)
class Archive:
    """A folder full of slides.

    Attributes
    ----------
    slides, ruined
        Those that can be done, and what cannot, as a run names it.
    aside
        Paths below the archive of all files of what cannot be done, and of what is no slide.
    others
        How many files are no slides.
    """

    root: Path
    slides: list[Placed] = field(default_factory=list)
    ruined: dict[Path, Ruined] = field(default_factory=dict)
    aside: set[str] = field(default_factory=set)
    others: int = 0


def kinds(folder: Path, *suffixes: str) -> list[Kind]:
    """Build one slide of each kind, or of those with these suffixes."""
    from blankslide.samples import builders
    from blankslide.samples.hamamatsu.slide import build_hamamatsu
    from blankslide.testing.built import build_aperio

    known = builders()
    wanted: dict[str, tuple[str, Callable[[Path], Planted]]] = {
        suffix: (name, known[name]) for suffix, name in SAMPLES.items()
    }
    wanted[".ndpi"] = ("small.ndpi", partial(build_hamamatsu, **_NDPI))
    wanted[".svs"] = ("small.svs", partial(build_aperio, **_SVS))
    made = []
    for suffix in suffixes or wanted:
        name, build = wanted[suffix]
        home = folder / suffix.strip(".")
        home.mkdir(parents=True)
        planted = build(home / name)
        planted.file = name
        made.append(Kind(suffix, home, planted, digests(home)))
    return made


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, by its path."""
    return {os.path.relpath(path, folder): digest(path) for path in files_below(folder)}


def digest(path: str | Path) -> str:
    """Return the digest of a file."""
    with open(path, "rb") as file:
        return blake2b(file.read(), digest_size=16).hexdigest()


def files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of all regular files below a folder."""
    for here, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(here, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def build(root: Path, of: list[Kind], count: int, ruined: int) -> Archive:
    """Fill an archive with so many slides, and so many files that cannot be done."""
    made = Archive(root)
    for i in range(count):
        made.slides.append(_place(root, of[i % len(of)], i))
    for i in range(ruined):
        _ruin(made, of, i)
    for i in range(1 + count // 100):
        (root / f"year {i % 5}" / f"list {i}.txt").write_text("no slide")
        made.aside.add(f"year {i % 5}/list {i}.txt")
        made.others += 1
    return made


def _ruin(made: Archive, of: list[Kind], number: int) -> None:
    """Put a file that cannot be done into the archive; one of DICOM has a folder of its own, which is told then."""
    ruin = RUINS[number % len(RUINS)]
    is_series = ruin.suffix == ".dcm"
    home = Path(f"year {number % 5}", f"series ? {number}" if is_series else f"left over {number % 3}")
    (made.root / home).mkdir(parents=True, exist_ok=True)
    path = made.root / home / f"bad {number}{ruin.suffix}"
    ruin.make(next(kind for kind in of if kind.suffix == ruin.suffix).main, path)
    made.ruined[made.root / home if is_series else path] = ruin
    made.aside |= {str(home / path.name), str(home / f".{path.name}")}


def _place(root: Path, kind: Kind, number: int) -> Placed:
    """Copy a slide of a kind under a name of its own; a DICOM slide gets a folder that holds nothing else."""
    odd = number % _EVERY_ODD == 0
    stem = _ODD[number // _EVERY_ODD % len(_ODD)].format(number) if odd else f"slide-{number:05}"
    home = Path(f"year {number % 5}", f"box {number % 23}")
    if kind.suffix == ".dcm":
        home = home / f"series {number}"
    elif number % 3 == 0:
        home = home / "deep" / "er"
    files = {}
    for name in kind.files:
        new = str(home / name.replace(kind.stem, stem, 1))
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kind.folder / name, root / new)
        files[new] = name
    main = home if kind.suffix == ".dcm" else home / f"{stem}{kind.suffix}"
    return Placed(kind, root / main, files)
