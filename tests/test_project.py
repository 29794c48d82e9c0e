"""Promises about the project itself: start-up cost, file sizes, one version, one manifest, no private paths."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

HEAVY = {
    "PIL", "PyQt5", "PyQt6", "PySide2", "PySide6", "SQLAlchemy", "click", "dask", "imagecodecs", "ipywidgets",
    "magicgui", "napari", "numpy", "openslide", "pydicom", "qtpy", "rich", "sqlalchemy", "tifffile", "zarr",
}  # fmt: skip


def imported_by(statement: str) -> set[str]:
    """Top-level names of all modules that a fresh interpreter holds after ``statement``."""
    code = f"import sys; {statement}; print(*sorted(sys.modules), sep='\\n')"
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env).stdout
    return {name.partition(".")[0] for name in out.split()}


def test_importing_the_package_imports_nothing_heavy() -> None:
    names = imported_by("import blankslide")
    assert "blankslide" in names
    assert names & HEAVY == set()


def test_the_guard_would_see_a_heavy_import() -> None:
    assert "numpy" in imported_by("import numpy") & HEAVY


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT / "src").as_posix())
def test_source_files_stay_readable_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT / "src").as_posix())
def test_source_files_open_with_their_promise(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lstrip()
    assert text.removeprefix("r").startswith('"""') or not text, "a module opens with strategy and promise"


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def taken_from_the_root(path: Path) -> set[str]:
    """Names that a source file imports from the package itself, submodules left out."""
    package = ROOT / "src" / "blankslide"
    nodes = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.ImportFrom)]
    names = {alias.name for n in nodes if n.module == "blankslide" for alias in n.names}
    return {n for n in names if not (package / n).is_dir() and not (package / f"{n}.py").is_file()}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT / "src").as_posix())
def test_our_own_code_takes_only_the_version_from_the_root(path: Path) -> None:
    """Else the lazy API of the root would be a way around the import borders."""
    assert taken_from_the_root(path) <= {"__version__"}


def test_the_guard_of_the_root_sees_a_name_taken(tmp_path: Path) -> None:
    sneaky = tmp_path / "sneaky.py"
    sneaky.write_text("from blankslide import anonymize, model\n", encoding="utf-8")
    assert taken_from_the_root(sneaky) == {"anonymize"}


def test_changelog_package_and_metadata_name_one_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.search(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert latest is not None
    assert latest[1] == PROJECT["version"]
    assert import_module("blankslide").__version__ == PROJECT["version"]


def test_the_installed_version_is_this_one() -> None:
    try:
        installed = version("blankslide")
    except PackageNotFoundError:
        pytest.skip("Blankslide is not installed in this environment")
    assert installed == PROJECT["version"]


def test_the_packaged_manifest_is_the_one_at_the_root() -> None:
    pytest.importorskip("blankslide_manifest", reason="Blankslide is not installed in this environment")
    packaged = files("blankslide_manifest").joinpath("napari.yaml").read_bytes()
    assert packaged == (ROOT / "napari.yaml").read_bytes()


def test_napari_finds_the_manifest_and_its_commands() -> None:
    pytest.importorskip("blankslide_manifest", reason="Blankslide is not installed in this environment")
    npe2 = pytest.importorskip("npe2", reason="npe2 is not installed")
    manifest = npe2.PluginManifest.from_distribution("blankslide")
    manifest.validate_imports()
    assert manifest.name == PROJECT["name"]


def test_every_extra_but_dev_is_part_of_all() -> None:
    extras = PROJECT["optional-dependencies"]
    (everything,) = extras["all"]
    named = re.fullmatch(r"blankslide\[(.*)\]", everything)
    assert named is not None
    assert set(named[1].split(",")) == set(extras) - {"all", "dev"}


@cache
def modules_imported() -> set[str]:
    """Top-level names of all modules that our own code imports, wherever in it."""
    names: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
    return names


# the binding is used through qtpy
MODULES = {
    "pyisyntax": "isyntax",
    "PySide6-Essentials": "qtpy",
    "opencv-python-headless": "cv2",
    "rapidocr": "onnxruntime",  # of its wheel only the models are used
    "python-calamine": "python_calamine",
    "fpdf2": "fpdf",
    "SQLAlchemy": "sqlalchemy",
    "XlsxWriter": "xlsxwriter",
    "zxing-cpp": "zxingcpp",
}


@pytest.mark.parametrize("extra", sorted(set(PROJECT["optional-dependencies"]) - {"all", "dev"}))
def test_an_extra_installs_only_what_our_code_imports(extra: str) -> None:
    names = [re.match(r"[\w-]+", line)[0] for line in PROJECT["optional-dependencies"][extra]]  # type: ignore[index]
    assert names
    assert {MODULES.get(name, name) for name in names} - modules_imported() == set()


def test_extras_that_documents_name_exist() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SOURCES]:
        for names in re.findall(r"blankslide\[([\w,]+)\]", path.read_text(encoding="utf-8")):
            assert set(names.split(",")) <= set(PROJECT["optional-dependencies"]), path.name


def test_openslide_is_none_with_known_holes() -> None:
    (floor,) = [line for line in PROJECT["dependencies"] if line.startswith("openslide-bin")]
    version_of = tuple(map(int, floor.partition(">=")[2].split(".")))
    assert version_of >= (4, 0, 1, 1)


def test_no_qt_binding_comes_with_the_base_install() -> None:
    base = " ".join(PROJECT["dependencies"]).lower()
    assert not re.search(r"pyqt|pyside|napari|ipywidgets", base)


def tracked_files() -> list[Path]:
    """Files that git knows or would add; without git, all but caches and environments."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        out = subprocess.run(command, check=True, capture_output=True).stdout
        found = [ROOT / os.fsdecode(name) for name in out.split(b"\0") if name]
    except (OSError, subprocess.CalledProcessError):
        skip = re.compile(r"/(\.git|\.venv|\.\w+_cache|\.hypothesis|__pycache__|build|dist)/")
        found = [p for p in ROOT.rglob("*") if not skip.search(p.relative_to(ROOT.parent).as_posix())]
    return [path for path in found if path.is_file()]


def machine_paths() -> re.Pattern[bytes]:
    """Match absolute paths that exist only on the machine of whoever wrote them."""
    places = [os.fsencode(ROOT), *(b"/" + top for top in (b"root", b"work", b"Users"))]
    return re.compile(rb"(?<![\w.~<])(?:" + b"|".join(map(re.escape, places)) + rb")/")


def test_the_search_for_machine_paths_sees_one() -> None:
    assert machine_paths().search(b"open('" + bytes(ROOT) + b"/src')")
    assert not machine_paths().search(b"../work/notes and https://example.org/work/notes")


def test_no_tracked_file_names_a_path_of_somebodys_machine() -> None:
    pattern = machine_paths()
    tracked = tracked_files()
    assert ROOT / "pyproject.toml" in tracked
    guilty = [path.relative_to(ROOT).as_posix() for path in tracked if pattern.search(path.read_bytes())]
    assert guilty == []
