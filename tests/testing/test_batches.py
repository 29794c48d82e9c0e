"""What `scripts/trust batch` does at length, in small: a run into copies that is killed, twice whole and once in part.

The seed says when it is killed; it is as good as any other. `batch/test_killed` kills runs in place.
"""

from __future__ import annotations

import shutil
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.own.batches.archive import build, kinds
from blankslide.testing.own.batches.audit import Audit, judged
from blankslide.testing.own.batches.killed import killed_runs
from blankslide.testing.own.batches.ruined import RUINS

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.testing.own.batches.archive import Kind

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the children of a process")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Kind]:
    return kinds(tmp_path_factory.mktemp("kinds") / "kinds")


@linux
@pytest.mark.slow
def test_copies_of_eight_formats_by_a_run_that_is_killed(built: list[Kind], tmp_path: Path) -> None:
    story = killed_runs(tmp_path, "out", 16, len(RUINS), Random(4), built)
    assert (story.wrong, story.facts["in the ledger"], story.facts["formats"]) == ([], 17, 8)


def test_the_audit_notices_what_is_left_missing_or_twice(built: list[Kind], tmp_path: Path) -> None:
    archive = build(tmp_path / "archive", built, 8, 1)
    audit = Audit(archive, None)
    audit.files()  # nothing was done: everything is left
    assert {what.partition(":")[0] for what in audit.wrong} == {repr(slide.path.name) for slide in archive.slides}
    assert all(any("a piece of" in what for what in judged(k, {n: k.folder / n for n in k.files})) for k in built)
    out = tmp_path / "out"
    shutil.copytree(archive.root / "year 2", out / "year 2")
    (out / "year 2" / ".blankslide-7.copy").write_bytes(b"half")
    (archive.root / next(iter(archive.slides[3].files))).write_bytes(b"another")
    audit = Audit(archive, out)
    audit.files()
    assert any("half" not in what and what.endswith("one too many") and ".copy" in what for what in audit.wrong)
    assert sum(what.endswith("missing") for what in audit.wrong) > 20
    assert sum(what.endswith("the original has changed") for what in audit.wrong) == 1
