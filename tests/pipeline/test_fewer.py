"""A slide that is seen in fewer files after a run than were written to is told of, and not called pending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.pipeline import Options, anonymize_in_place, verify
from blankslide.pipeline.judging import FEWER
from blankslide.testing.built import builders
from blankslide.testing.own.forgetful import forget_in, oblivious

if TYPE_CHECKING:
    from pathlib import Path


def test_an_instance_that_kept_its_series_is_told(tmp_path: Path) -> None:
    path = tmp_path / "dicom-wsi.dcm"
    builders()["dicom-wsi.dcm"](path)

    with oblivious("dicom", forget_in(5)):
        outcome = anonymize_in_place(path, Options(ledger=None))

    assert outcome.content == "residue"
    assert FEWER in outcome.residue
    assert verify(path, Options(ledger=None)).content == "residue"
