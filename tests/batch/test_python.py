"""Many slides from Python: what comes back, and the script that the documentation shows."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import blankslide
from blankslide.errors import EnvironmentProblem, UsageError

DOCS = Path(__file__).resolve().parents[2] / "docs" / "batch.md"


def test_outcomes_are_in_order_true_if_clean_and_ready_for_json(few: Path, tmp_path: Path) -> None:
    (few / "bad.svs").write_bytes(b"no scanner wrote this")
    report = tmp_path / "report.json"
    outcomes = blankslide.anonymize_many(few, in_place=True, ledger="none", jobs=0, report=report)
    assert [outcome.path for outcome in outcomes] == [
        *(few / name for name in ("a.ndpi", "b.ndpi", "bad.svs", "set/small.vms", "set/deep/a.ndpi"))
    ]
    assert [bool(outcome) for outcome in outcomes] == [True, True, False, True, True]
    rows = json.loads(json.dumps([outcome.as_json() for outcome in outcomes]))
    assert [row["content"] for row in rows] == ["clean", "clean", "untouched", "clean", "clean"]
    assert (outcomes[2].exit_code, outcomes[2].reason) == (3, rows[2]["error"])
    assert "picture.macro" in outcomes[0].removed
    assert len(json.loads(report.read_text())["slides"]) == 5
    again = blankslide.anonymize_many([few / "a.ndpi", str(few / "set")], in_place=True, ledger="none", jobs=0)
    assert all(again)
    assert not any(outcome.transaction for outcome in again)


def test_what_makes_no_sense_raises_and_nothing_is_touched(few: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in few.rglob("*") if path.is_file()}
    for wanted in (
        {},
        {"in_place": True, "out": "x"},
        {"in_place": True, "shard": "7"},
        {"in_place": True, "name": "{what}"},
        {"in_place": True, "keep": "hamamatsu.tag.nonsense"},
    ):
        with pytest.raises(UsageError):
            blankslide.anonymize_many(few, jobs=0, ledger="none", **wanted)  # type: ignore[arg-type]
    with pytest.raises(EnvironmentProblem):
        blankslide.anonymize_many(few, jobs=0, ledger="none", in_place=True, report=tmp_path / "no" / "r.html")
    assert {path: path.read_bytes() for path in before} == before


def test_a_slide_that_is_not_clean_is_not_true(few: Path) -> None:
    (outcome,) = blankslide.anonymize_many(few / "a.ndpi", in_place=True, keep="macro", ledger="none", jobs=0)
    assert (outcome.content, bool(outcome), outcome.exit_code) == ("residue", False, 1)
    assert "macro" in outcome.reason


@pytest.mark.slow
def test_the_script_in_the_documentation_does_forty_slides(put: Callable[..., Path], tmp_path: Path) -> None:
    for i in range(36):
        put("small.ndpi", tmp_path / "ARCHIVE" / f"box {i % 4}", f"S24-{1000 + i}.ndpi")
    for kind in ("small.vms", "mirax.mrxs", "hamamatsu-vmu.vmu", "argos.avs"):
        put(kind, tmp_path / "ARCHIVE" / kind)
    (text,) = re.findall(r"^## In Python\n\n((?:    .*\n|\n)+)", DOCS.read_text("utf-8"), re.MULTILINE)
    script = re.sub(r"^    ", "", text, flags=re.MULTILINE).strip()
    assert len([line for line in script.splitlines() if line]) <= 15
    (tmp_path / "script.py").write_text(script, "utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    rows = list(csv.DictReader((tmp_path / "CLEAN.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 40
    refused = [row["slide"] for row in rows if row["result"] != "clean"]
    assert sorted(Path(slide).suffix for slide in refused) == [".vms", ".vmu"], done.stdout
    assert all(row["copy"].startswith("slide-") for row in rows if row["result"] == "clean")
    assert (tmp_path / "CLEAN.html").exists()
