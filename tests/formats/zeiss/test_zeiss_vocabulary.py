"""Names of devices stay for their words, settings for their terms."""

from __future__ import annotations

import re

import pytest

from blankslide.formats.zeiss.vocabulary import DEVICE, SETTING


@pytest.mark.parametrize(
    "name",
    ["Axio Scan.Z1", "Axio Imager.Z2", "Axio Observer.Z1 / 7", "LSM 880 IndiMo, AxioObserver",
     "Plan-Apochromat 20x/0.8 M27",
     "C-Apochromat 40x/1.2 W Korr FCS M27", "EC Plan-Neofluar 40x/0.90 Pol M27", "N-Achroplan 10x/0,25 Pol M27",
     "MTBCamera_MTBCameraPortChanger_Front.MILCamHitachi_FD202SCL", "Hitachi HV-F202SCL", "Axiocam 705 mono",
     "Hamamatsu Orca Flash 4.0 LT", "ZEN 3.1 (blue edition)", "3.1.0.0000", "1x Camera Adapter", "Pol 75 Trans.light",
     "Reflector.424931-0000-000"],
)  # fmt: skip
def test_a_device_is_known(name: str) -> None:
    assert DEVICE.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    ["Abel Pathologie Dr Rosemond", "Rose Brown", "Dr. Li", "LI", "Axio Scan Meier", "Axio 4711", "AB-24-3311",
     "Objective.471100815", "4711", "ABEL Pathology Dr Kuno", ""],
)  # fmt: skip
def test_a_person_or_a_number_is_none(name: str) -> None:
    assert not DEVICE.fullmatch(name)


@pytest.mark.parametrize(
    ("word", "legal"), [("Bgr24", True), ("Epifluorescence", True), ("Rosemond", False), ("Kuno", False)]
)
def test_settings_have_terms(word: str, legal: bool) -> None:
    assert bool(re.fullmatch(SETTING, word)) is legal
