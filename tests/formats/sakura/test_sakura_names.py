"""Names in the schema of an svslide: those of scanners stay, any other is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.formats.sakura.names import is_known
from blankslide.testing.built import build_sakura
from blankslide.testing.own.databases import KEY, built, change, cleaned, rows
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


def test_tables_of_the_object_mapper_and_of_scanners_end_clean(tmp_path: Path) -> None:
    made = [
        "CREATE TABLE [XPWeakReference] ([Oid] char(36) NOT NULL, [TargetType] int NULL, PRIMARY KEY ([Oid] ), "
        'CONSTRAINT "FK_XPWeakReference_TargetType" FOREIGN KEY ([TargetType]) REFERENCES [XPObjectType]([OID]))',
        'CREATE TABLE "SVAnnotationDataXPO" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "ParentScan" int NULL, '
        '"Annotation" text NULL, "WhiteBalance" int NULL, "Width" double NULL, "CreationDate" datetime NULL)',
        "CREATE INDEX [iParentScan_SVAnnotationDataXPO] ON [SVAnnotationDataXPO]([ParentScan] )",
        "INSERT INTO SVAnnotationDataXPO VALUES (1, 1, 'Dr. Quixfeld saw this', -65536, 2.5, '2012-03-04')",
        "INSERT INTO XPObjectType (TypeName) VALUES ('Sakura.SVSlide.SVHRScanDataXPO'), ('SVAnnotationDataXPO')",
    ]
    path = built(tmp_path, more=made)
    cleaned(path)
    assert rows(path, "SELECT trim(Annotation), Width FROM SVAnnotationDataXPO") == [("", 2.5)]


@pytest.mark.parametrize("name", ["White", "Field", "SVBlockXPO", "Light"])
def test_words_of_scanners_that_are_surnames_are_not_clean_alone(tmp_path: Path, name: str) -> None:
    path = built(tmp_path, more=[f'CREATE TABLE "{name}" ("OID" integer)'])
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert outcome.content == "residue"
    assert not any(name in sentence for sentence in outcome.residue)
