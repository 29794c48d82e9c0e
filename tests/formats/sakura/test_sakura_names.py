"""Names in the schema of an svslide: those of scanners stay, any other is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.formats.sakura.names import is_known
from blankslide.samples.sakura import build_sakura
from blankslide.testing.own.databases import change
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "name",
    ["SVScannedImageDataXPO", "DataManagerSQLiteConfigXPO", "XPObjectType", "SVGPI_", "iId_SVScannedImageDataXPO",
     "TILEID",
     "m_labelScan", "PosOnSlideMm", "NominalLensMagnification", "sqlite_stat1", "GCRecord",
     "Sakura.SVSlide.SVSlideDataXPO"],
)  # fmt: skip
def test_names_of_scanners_are_known(name: str) -> None:
    assert is_known(name)


@pytest.mark.parametrize(
    "name", ["Quixfeld_Perpetua", "Meier", "SVMeierXPO", "Case4711", "rosebrown", "Slide Quixfeld"]
)
def test_names_of_people_are_not(name: str) -> None:
    assert not is_known(name)


@pytest.mark.parametrize(
    "statement",
    ['ALTER TABLE "SVSlideDataXPO" ADD COLUMN "Quixfeld" text', 'CREATE TABLE "SVQuixfeldXPO" ("OID" integer)',
     'CREATE INDEX "Quixfeld" ON "SVSlideDataXPO" ("Creator")'],
)  # fmt: skip
def test_a_slide_with_a_strange_name_is_not_called_clean(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "s.svslide"
    build_sakura(path)
    change(path, statement)
    run = run_cli("anonymize", "--in-place", path)
    assert run.code == 1
    assert "schema.name" in run.out
