"""Vocabularies know the format, and not the samples: other names, other patients, and the strict profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.pipeline import Options, anonymize_in_place
from blankslide.samples.kit.patients import invent
from blankslide.testing.built import builders

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = (
    "3dhistech-export.tif",
    "dicom-native.dcm",
    "hamamatsu-channels.ndpis",
    "hamamatsu-vms.vms",
    "mirax.mrxs",
    "zeiss-raw.czi",
)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_strict_slide_of_any_name_is_clean(sample: str, tmp_path: Path) -> None:
    path = tmp_path / f"zq{sample[sample.index('.') :]}"
    builders()[sample](path, patient=invent(407))
    outcome = anonymize_in_place(path, Options(key=bytes(range(32)), ledger=None, profile="strict"))
    assert (outcome.content, outcome.residue) == ("clean", ())
