"""Going through directories: what is told of each file, and that the work grows with the files and no faster.

Work is counted, not timed: how often a file or a folder is opened, by an audit hook in a real run.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from blankslide.formats import all_formats, format_named, known_suffixes
from blankslide.testing.built import build_hamamatsu_ndpis
from blankslide.testing.process import START, run_cli

Make = Callable[..., tuple[Path, Any]]
COUNTING = (
    "import sys, atexit; seen = [0]\n"
    "def hook(event, args):\n"
    "    seen[0] += event in ('open', 'os.scandir', 'os.listdir') and sys.argv[-1] in str(args[0])\n"
    "sys.addaudithook(hook); atexit.register(lambda: print('opened', seen[0], file=sys.stderr))\n"
)


def opened(*arguments: str | Path, code: int = 0) -> int:
    """Run a command on a folder; return how often the folder and its files were opened."""
    command = [START[0], "-c", COUNTING + START[2], *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr[-800:]
    return int(re.findall(r"^opened (\d+)$", done.stderr, re.MULTILINE)[0])


# -- files that are called like slides ---------------------------------------------------


@pytest.mark.parametrize("name", ["a.svs", "b.MRXS", "c.dcm", "d.vsi", "e.kfb", "f.sdpc", "g.tmap", "h.mdsx"])
def test_what_is_called_like_a_slide_and_is_none_is_told(make: Make, tmp_path: Path, name: str) -> None:
    good, _ = make("slides/good.svs")
    (good.parent / name).write_bytes(b"no scanner wrote this")
    (good.parent / "notes.txt").write_text("no slide")
    table = tmp_path / "list.csv"
    ended = run_cli("inspect", "--json", "--with-names", "--csv", table, good.parent)
    assert ended.code == 3
    found = json.loads(ended.out)
    assert [Path(row["path"]).name for row in found["slides"] if row["error"]] == [name]
    assert [Path(other).name for other in found["others"]] == ["notes.txt"]
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [Path(row["path"]).name for row in rows if row["error"]] == [name]


def test_they_stand_in_reports_too(make: Make, tmp_path: Path) -> None:
    good, _ = make("slides/good.svs")
    (good.parent / "bad.svs").write_bytes(b"")
    for other in ("notes.txt", "more.txt"):
        (good.parent / other).write_text("no slide")
    report = tmp_path / "report.json"
    ended = run_cli("anonymize", "--in-place", "--ledger", "none", "--with-names", "--report", report, good.parent)
    assert ended.code == 3
    assert ended.err.splitlines()[-1] == "2 other files were left alone"
    told = json.loads(report.read_text())
    assert [(s["slide"], s["result"]) for s in told["slides"]] == [("bad.svs", "refused"), ("good.svs", "clean")]
    assert told["others"] == ["more.txt", "notes.txt"]
    page = report.with_suffix(".html")
    assert run_cli("anonymize", "--dry-run", "--report", page, good.parent).code == 3
    assert "notes.txt" not in page.read_text()
    assert "file 2 (name withheld)" in page.read_text()


@pytest.mark.parametrize("kind", ["pipe", "dangling"])
def test_what_cannot_be_read_is_told(make: Make, kind: str) -> None:
    good, _ = make("slides/good.svs")
    odd = good.with_name("odd.svs")
    os.mkfifo(odd) if kind == "pipe" else odd.symlink_to("nowhere.svs")
    ended = run_cli("inspect", good.parent, timeout=20)
    assert ended.code in (2, 3)
    assert ended.err.startswith("odd.svs · ")


def test_a_folder_that_cannot_be_read_is_told(make: Make) -> None:
    good, _ = make("slides/good.svs")
    shut = good.parent / "shut"
    shut.mkdir()
    code = (
        "import os; real = os.scandir\n"  # root may list everything
        "def scandir(path='.'):\n"
        "    if str(path).endswith('shut'): raise PermissionError(13, 'no', str(path))\n"
        "    return real(path)\n"
        "os.scandir = scandir\n"
    )
    command = [START[0], "-c", code + START[2], "inspect", str(good.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    assert "shut · the folder cannot be read · nothing was changed" in done.stderr
    assert done.stdout.startswith("good.svs")


def test_suffixes_are_read_without_importing_formats() -> None:
    assert known_suffixes() == {suffix.lower() for known in all_formats() for suffix in known.suffixes}


def test_members_of_a_set_are_known_through_a_link_to_the_folder(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    build_hamamatsu_ndpis(real / "z.ndpis", size=(128, 96), factors=(1,), macro_size=(90, 40), map_page=False)
    (tmp_path / "link").symlink_to(real)
    assert [Path(row["path"]).name for row in run_cli("inspect", "--json", tmp_path / "link").slides] == ["z.ndpis"]


# -- many slides -------------------------------------------------------------------------


def test_work_grows_with_the_slides(make: Make, tmp_path: Path) -> None:
    first, _ = make("few/s00.svs")
    for i in range(1, 30):
        shutil.copyfile(first, first.with_name(f"s{i:02}.svs"))
    shutil.copytree(first.parent, tmp_path / "many")
    for i in range(30, 60):
        shutil.copyfile(first, tmp_path / "many" / f"s{i:02}.svs")
    for folder in ("few", "many"):
        os.utime(tmp_path / folder, (1e9, 1e9))  # as in an archive: nothing comes or goes
    few, many = opened("inspect", tmp_path / "few"), opened("inspect", tmp_path / "many")
    assert many <= 2 * few
    assert few <= 30 * 8


def test_the_first_slide_is_told_before_all_are_inspected(make: Make) -> None:
    first, _ = make("slides/s00.svs")
    for i in range(1, 20):
        shutil.copyfile(first, first.with_name(f"s{i:02}.svs"))
    code = (
        "import sys; from blankslide.formats import aperio; kind = type(aperio.FORMAT); real = kind.inspect\n"
        "def inspect(self, probe): print('inspected', flush=True); return real(self, probe)\n"
        "kind.inspect = inspect\n"
    )
    command = [START[0], "-c", code + START[2], "inspect", str(first.parent)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[0] == "inspected"
    assert lines[1].startswith("s00.svs")
    assert lines.count("inspected") == 20


@pytest.mark.parametrize("command", [("inspect",), ("verify",)])
def test_many_series_in_one_folder(shared: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    series = _series(shared)
    counts = []
    for number in (10, 20):
        folder = tmp_path / f"flat{number}"
        folder.mkdir()
        for i in range(number):
            (folder / f"f{i:03}.dcm").write_bytes(series(i))
        past = 1_600_000_000
        for path in folder.iterdir():
            os.utime(path, (past, past))
        _let_clocks_tick()
        counts.append(opened(*command, folder, code=1 if command == ("verify",) else 0))
    few, many = counts
    assert many <= 2 * few + 10, "each further slide takes the work of a slide"


def _let_clocks_tick() -> None:
    """What changed just now is not remembered, by design."""
    import time

    time.sleep(0.15)


def _series(shared: Path) -> Callable[[int], bytes]:
    """Return a function that makes the i-th slide of a level of one small tile."""
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.dcmread(shared / "dicom" / "highdicom-sm_image.dcm")

    def made(i: int) -> bytes:
        dataset.SeriesInstanceUID, dataset.SOPInstanceUID = f"1.2.3.{i + 1}.4", f"1.2.3.{i + 1}.5"
        dataset.StudyInstanceUID = f"1.2.3.{i + 1}.3"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        out = io.BytesIO()
        dataset.save_as(out)
        return out.getvalue()

    return made


def test_a_file_that_changed_is_asked_again(shared: Path, tmp_path: Path) -> None:
    from blankslide.pipeline.series import series_of

    series, path = _series(shared), tmp_path / "a.dcm"
    for i in range(20):
        path.write_bytes(series(i))
        assert series_of(str(path)) == f"1.2.3.{i + 1}.4"
    _let_clocks_tick()
    assert series_of(str(path)) == series_of(str(path)) == "1.2.3.20.4"
    path.write_bytes(series(30))
    assert series_of(str(path)) == "1.2.3.31.4"


@pytest.mark.parametrize("name", sorted(f.name for f in all_formats() if f.one_file))
def test_a_format_of_one_file_opens_no_other(name: str) -> None:
    """What is not inspected to know its files must have no others."""
    module = import_module(type(format_named(name)).__module__)
    text = Path(str(module.__file__)).read_text("utf-8")
    assert ".files.open(" not in text
    assert ".files.names(" not in text
