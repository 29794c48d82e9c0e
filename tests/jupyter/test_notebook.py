"""The notebook of the documentation, and what a notebook saved by a machine may hold."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
pytestmark = pytest.mark.filterwarnings(
    # jupyter_client's own kernels: unencrypted loopback sockets, and pipes left to the collector
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore::DeprecationWarning:jupyter_client",
)

Leaks = Callable[[str, list[str]], list[str]]


@pytest.fixture
def execute(lab: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch, loopback: None) -> Callable[[Any, Path], str]:
    """Return a function that runs a notebook in a kernel of its own and returns what would be saved."""
    for module in ("nbclient", "ipykernel", "ipywidgets"):
        pytest.importorskip(module, reason=f"{module} is not installed: notebooks are not run")
    import nbformat
    from nbclient import NotebookClient

    for name, value in lab.environment(home).items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)

    def run(notebook: Any, folder: Path) -> str:
        resources = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
        return str(nbformat.writes(notebook))

    return run


def read(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def test_there_is_a_notebook() -> None:
    assert [p.name for p in NOTEBOOKS] == ["01_inspect_and_anonymize.py"]


@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda p: p.stem)
def test_both_files_of_a_pair_say_the_same(script: Path) -> None:
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    pair = [jupytext.read(script), jupytext.read(script.with_suffix(".ipynb"))]
    text, notebook = ([(c.cell_type, c.source) for c in n.cells] for n in pair)
    assert text == notebook, "run: jupytext --to ipynb --update notebooks/*.py"
    assert pair[0].metadata.kernelspec == pair[1].metadata.kernelspec
    assert pair[1].metadata.kernelspec.language == "python"


@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_committed_notebook_holds_no_outputs(script: Path) -> None:
    pytest.importorskip("nbformat", reason="nbformat is not installed")
    notebook = read(script.with_suffix(".ipynb"))
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert code
    assert all(not c.outputs and c.execution_count is None for c in code)
    assert "widgets" not in notebook.metadata


@pytest.mark.slow
@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_notebook_runs_from_top_to_bottom_and_may_be_saved(
    script: Path, execute: Callable[[Any, Path], str], leaks: Leaks, built: Any, tmp_path: Path
) -> None:
    notebook = read(script.with_suffix(".ipynb"))
    saved = execute(notebook, tmp_path)
    assert "this slide \\u00b7 clean" in saved or "this slide · clean" in saved
    assert "widgets" in notebook.metadata, "the state of the widgets was saved too"
    assert leaks(saved, built.values()) == []  # the notebook's slide is the same invented patient's
    assert list(tmp_path.glob("*.svs")) == []


CELLS = """
from blankslide.jupyter import SlideReview
review = SlideReview("slide.svs", ledger="none")
review
---
await review.idle()
review._card.controls.values.value = True
review._card.controls.filter.value = "Thimble" + "wick"
review._card.controls.filter.value = ""
review._card.controls.profile.value = "strict"
await review.idle()
"""


@pytest.mark.slow
def test_only_finish_makes_a_notebook_with_widget_states_safe(
    execute: Callable[[Any, Path], str], leaks: Leaks, built: Any
) -> None:
    from nbformat import v4

    def saved(*more: str) -> str:
        cells = [v4.new_code_cell(c) for c in (*CELLS.split("---"), *more)]
        return execute(v4.new_notebook(cells=cells), built.path.parent)

    risky = leaks(saved(), built.values())
    assert "a picture" in risky, "the search must see what is there"
    assert "Thimblewick, Percivus" in risky
    assert leaks(saved("review.finish()"), built.values()) == []
    assert leaks(saved("review.close()"), built.values()) == []
    # the card is emptied by a timer that an earlier cell has started: what it says is lost for whoever runs notebooks
    timer = "import asyncio; asyncio.get_running_loop().call_later(0.3, review._wipe)"
    assert leaks(saved(timer, "await asyncio.sleep(1)", "review.finish()"), built.values()) == []


def test_the_notebook_extra_asks_for_no_window_system() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = " ".join([*project["dependencies"], *project["optional-dependencies"]["jupyter"]]).lower()
    assert "ipywidgets" in asked
    assert [word for word in ("pyqt", "pyside", "qtpy", "napari", "magicgui") if word in asked] == []


def test_what_the_extra_brings_needs_no_window_system_either() -> None:
    """Follow the installed metadata from the extra down: no Qt binding anywhere."""
    from importlib.metadata import PackageNotFoundError, requires

    packaging = pytest.importorskip("packaging.requirements", reason="packaging is not installed")
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [*project["dependencies"], *project["optional-dependencies"]["jupyter"]]
    seen: set[str] = set()
    while waiting:
        wanted = packaging.Requirement(waiting.pop())
        if wanted.name.lower() in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        seen.add(wanted.name.lower())
        try:
            waiting += requires(wanted.name) or []
        except PackageNotFoundError:
            continue
    assert "ipython" in seen, "the walk must go below the first level"
    assert {n for n in seen if "qt" in n or "pyside" in n or n in ("napari", "magicgui")} == set()
