"""The notebook of the documentation, and what a notebook saved by a machine may hold."""

from __future__ import annotations

import json
import os
import shutil
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.records.notebook_check import left_in

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
    assert [p.stem for p in NOTEBOOKS] == [
        "01_inspect_and_anonymize",
        "02_a_folder",
        "03_spot_check_and_report",
        "04_write_a_profile",
        "05_scale_out_with_dask",
    ]


@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_short_and_ends_with_what_was_learned(script: Path) -> None:
    cells = read(script.with_suffix(".ipynb")).cells
    assert len(cells) <= 20
    assert cells[-1].cell_type == "markdown"
    assert cells[-1].source.startswith("## What you have learned")


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
    if "dask" in script.stem:
        pytest.importorskip("distributed", reason="distributed is not installed")
    notebook = read(script.with_suffix(".ipynb"))
    saved = execute(notebook, tmp_path)
    assert ("widgets" in notebook.metadata) is ("dask" not in script.stem), "states of widgets were saved, too"
    assert leaks(saved, built.values()) == []  # the notebook's slides are the same invented patient's
    assert left_in(json.loads(saved), built.values()) == []
    assert list(tmp_path.glob("*.svs")) == []


SAVED = """
from blankslide import api
from blankslide.jupyter import AuditLog, BatchReview, SlideReview, SpotCheck
own = {"ledger": "ledger.jsonl", "key": "site.key"}
def looked_at(card):
    sheet = getattr(card, "_sheet", None) or card._card.sheet
    sheet._hear(None, {"hello": "a page"})  # as a browser does
api.inspect("slide.svs")
---
api.plan("slide.svs")
---
review = SlideReview("slide.svs", **own)
review
---
await review.idle()
looked_at(review)
controls = review._card.controls
controls.values.value = controls.kept.value = True
controls.filter.value = "Thimble" + "wick"
controls.filter.value = ""
review._card.strings.part.value = True
await review.idle()
review._card.pictures.list.hear({"do": "enlarge", "value": "label"})
while not review._closeup.part.sources: await asyncio.sleep(0.01)
review._closeup.part.hear({"do": "tile", "key": "k", "level": 0, "x": 0, "y": 0, "epoch": review._closeup.part.epoch})
await asyncio.sleep(0.3)
---
spot = SpotCheck(".", "Dr. None" + "such", ledger="none")
spot
---
await spot.idle()
looked_at(spot)
spot.note.value = "Thimble" + "wick"
spot.give("fail")
await spot.idle()
---
api.anonymize("slide.svs", in_place=True, **own)
---
batch = BatchReview(".", jobs=0, **own)
batch
---
await batch.idle()
looked_at(batch)
batch._open("1")
await batch._review.idle()
---
audit = AuditLog(**own)
audit
---
await audit.idle()
looked_at(audit)
audit.name.value = "Thimble" + "wick"
await audit.idle()
"""


@pytest.mark.slow
def test_whatever_was_shown_no_saved_notebook_holds_it(
    execute: Callable[[Any, Path], str], leaks: Leaks, built: Any
) -> None:
    """Values shown, strings listed, a label enlarged, a note typed; states of widgets saved; nothing was finished."""
    from nbformat import v4

    cells = [v4.new_code_cell(code) for code in ("import asyncio\n" + SAVED).split("---")]
    saved = execute(v4.new_notebook(cells=cells), built.path.parent)
    assert "this slide · clean" in saved or "this slide \\u00b7 clean" in saved
    assert leaks(saved, [*built.values(), "Nonesuch"]) == []
    assert left_in(json.loads(saved), built.values()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("loopback")
def test_while_a_folder_is_done_another_cell_answers(
    lab: ModuleType, built: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jupyter_client = pytest.importorskip("jupyter_client")
    pytest.importorskip("ipykernel")
    for name, value in lab.environment(home).items():
        monkeypatch.setenv(name, value)
    for number in range(5):
        shutil.copy(built.path, built.path.with_name(f"slide-{number}.svs"))
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3", cwd=str(built.path.parent))
    try:

        def cell(code: str) -> str:
            answer = client.execute_interactive(code, timeout=60, output_hook=said.append, store_history=False)
            assert answer["content"]["status"] == "ok"
            texts = [m["content"].get("text", "") for m in said if m["msg_type"] == "stream"]
            said.clear()
            return "".join(texts)

        said: list[Any] = []
        cell(
            "from blankslide.jupyter import BatchReview\n"
            "batch = BatchReview('.', jobs=1, ledger='none', key='site.key')\nawait batch.idle()\n"
            "batch.plan.click()\nawait batch.idle()\nbatch.confirm.value = True\nbatch.go.click()"
        )
        took = []
        while cell("print(batch._worker.busy)").strip() == "True":
            began = time.perf_counter()
            cell("1 + 1")
            took.append(time.perf_counter() - began)
        assert cell("print(batch._sheet.words())").count("clean – checked by") == 6
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print(f"{len(took)} answers, median {median(took) * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms")
    assert len(took) > 3
    assert median(took) < 0.2, "on a machine that others use, too, a single one may be late"


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
