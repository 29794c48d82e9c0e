"""Surroundings that refuse some slides of a run: each is told, the others are done, and the next run does the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.errors import NoSpace

Put = Callable[..., Path]
Run = Callable[..., Any]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 640 kB."""
    point = tmp_path / "disk"
    point.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("mounting needs root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=640k", "none", point], capture_output=True).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    yield point
    subprocess.run(["umount", "-l", point], check=True)


def test_a_disk_that_is_full_for_some(put: Put, tmp_path: Path, small_disk: Path) -> None:
    root, out = tmp_path / "archive", small_disk / "out"
    put("small.ndpi", root, "z.ndpi")
    for i in range(4):  # 290 kB each: every one of them would fit alone
        put("argos.avs", root / f"box {i}", f"{i}.avs")
    before = contents(root)
    with pytest.raises(NoSpace, match="do not all fit"):
        blankslide.anonymize_many(root, out=out, every=True, ledger="none", jobs=1)
    assert not out.exists()
    outcomes = blankslide.anonymize_many(root, out=out, ledger="none", jobs=2)
    full = [o for o in outcomes if not o]
    assert (len(outcomes), len(full), {o.exit_code for o in full}) == (5, 2, {4})
    assert all("fit" in o.error or "full" in o.error for o in full), [o.error for o in full]
    assert len([*blankslide.slides(out)]) == 3
    assert not [*out.rglob(".blankslide*")]
    assert contents(root) == before
    os.unlink(next(out.rglob("*.avs")))
    again = blankslide.anonymize_many(root, out=out, ledger="none", jobs=1)
    assert (sum(map(bool, again)), sum(bool(o.transaction) for o in again)) == (3, 1), "there is room for one more"


@pytest.fixture
def locked() -> Iterator[Callable[[Path], None]]:
    """Return a function that takes the permission to write away, from root as well."""
    fixed: list[Path] = []

    def lock(path: Path) -> None:
        if not hasattr(os, "geteuid") or shutil.which("chattr") is None:
            pytest.skip("no file can be made immutable here")
        if os.geteuid():
            path.chmod(0o500 if path.is_dir() else 0o400)
        elif subprocess.run(["chattr", "+i", path], capture_output=True).returncode:
            pytest.skip("chattr is not allowed here")
        fixed.append(path)

    yield lock
    for path in fixed:
        free(path)


def free(path: Path) -> None:
    if os.geteuid():
        path.chmod(0o700)
    else:
        subprocess.run(["chattr", "-i", path], check=True)


def test_permission_for_some(put: Put, tmp_path: Path, locked: Callable[[Path], None], run_here: Run) -> None:
    root = tmp_path / "archive"
    for name in ("a", "b", "fixed"):
        put("small.ndpi", root, f"{name}.ndpi")
    put("small.ndpi", root / "closed", "c.ndpi")
    wanted = ("batch", "--in-place", "--jobs", "1", "--ledger", "none", "--key", tmp_path / "site.key", root)
    for path in (root / "fixed.ndpi", root / "closed"):
        locked(path)
    before = contents(root)
    ended = run_here(*wanted, "--all")
    assert (ended.code, contents(root)) == (4, before), ended.text
    assert "--all: 2 of 4 slides cannot be done, so none is begun" in ended.err
    ended = run_here(*wanted)
    assert ended.code == 4
    assert [line.split(" \u00b7 ")[0] for line in ended.out.splitlines()] == ["a.ndpi", "b.ndpi"]
    lines = [line for line in ended.err.splitlines() if line.startswith(("fixed.ndpi", "closed/c.ndpi"))]
    assert len(lines) == 2, ended.err
    assert all("nothing was changed" in line for line in lines)
    assert "2 clean \u00b7 2 refused" in ended.err
    assert "begin it again: it tries again what is not clean yet" in ended.err
    assert {n for n, data in contents(root).items() if data == before[n]} == {
        str(root / "fixed.ndpi"),
        str(root / "closed" / "c.ndpi"),
    }
    for path in (root / "fixed.ndpi", root / "closed"):
        free(path)
    ended = run_here(*wanted)
    assert (ended.code, "2 clean \u00b7 2 nothing to do" in ended.err) == (0, True), ended.text
    assert "begin it again" not in ended.err
