"""Filters, objectives, channels and dyes as laboratories write them stay in MIRAX and CZI; people's names do not.

Each list is longer than what the issue asks for: 30 filters, 20 objectives, 35 channels.
"""

from __future__ import annotations

import re

import pytest

from blankslide.formatkit.markers import is_marker
from blankslide.formats.mirax.vocabulary import is_vocabulary
from blankslide.formats.zeiss.metadata_xml import _CHANNEL
from blankslide.formats.zeiss.vocabulary import DEVICE

FILTERS = """
    DAPI | FITC | TRITC | Cy3 | Cy5 | Cy7 | Texas Red | Rhodamine | SpectrumGreen | SpectrumOrange | SpectrumAqua
    | SpectrumGold | SpGreen | SpOrange | SpAqua | SpRed | SpGold | DAPI/FITC/TRITC | DAPI-Q | Quad band | Triple
    Band DAPI-FITC-TRITC | Dual FITC/TRITC | CFP | GFP | YFP | mCherry | Alexa 488 | Alexa Fluor 647 | AF555 |
    Opal 520 | Opal 690 | Hoechst 33342 | BFP | Far Red | Blue | Green | Red | Cy5.5 | DEAC | LED FITC |
    Brightfield | BF | Pol | PolFilter | Empty | FilterLevel_3 | Autofluorescence | AF | SYBR Green | PI |
    Propidium iodide | ATTO 594 | Coumarin | TxRed | Texas-Red | Cyan | DAPI-50LP-A | FITC-5050A | Zeiss 49 |
    Filter 43 HE | 49 DAPI | 38 HE eGFP | Semrock | LF488
"""
OBJECTIVES = """
    Plan-Apochromat 20x/0.8 M27 | Plan-Apochromat | EC Plan-Neofluar | EC Epiplan | LD-Plan-Neofluar | LD Plan-
    Neofluar 20x/0.4 Korr M27 | Plan-Neofluar | C-Apochromat 40x/1.2 W | Achroplan | N-Achroplan 10x/0.25 | Fluar
    5x | Fluar 20x/0.75 | UPlanSApo | UPLSAPO 20X | UPLXAPO40X | PlanApo | Plan Apo Lambda 20x | CFI Plan Apo 40x
    | CFI Plan Fluor 10x | HC PL APO 20x/0.80 | HCX PL FLUOTAR | N PLAN 10x | LUCPLFLN 20X | MPLFLN | PLAPON 60X |
    LCI Plan-Apochromat 25x | LD LCI Plan-Apochromat | W Plan-Apochromat 20x/1.0 | W N-Achroplan | Plan-Apochromat
    63x/1.40 Oil DIC M27 | Plan-APOCHROMAT 40X/0.95 Korr | Plan-Apo 20x | Epiplan-Neofluar | EC Plan-NEOFLUAR
    40x/0.75 | Objective 20x | 20x | 40x/0.95 | UPlanXApo 20x/0.8 | CFI Plan Apochromat Lambda D 20X | UPLFLN40XO
    | ACHROPLAN 20x/0.45 | Plan-Apochromat 20x Dry
"""
CHANNELS = """
    AF488 | Cy5.5 | CD8-Opal520 | Ki67 | SYTOX Green | TL Brightfield | AF568 | Propidium Iodide | mRFP1 | BV421 |
    Atto647N | A594 | DAPI | Hoechst 33342 | EGFP | GFP | mCherry | tdTomato | Alexa Fluor 647 | AlexaFluor 488 |
    Cy3 | Cy5 | FITC | TRITC | Texas Red | Rhodamine | mTurquoise2 | ECFP | EYFP | Venus | mVenus | mKate2 |
    mOrange | DsRed | DRAQ5 | SiR-DNA | ATTO 488 | ATTO 550 | Dylight 594 | CF568 | Opal 570 | Opal 780 | PE | APC
    | PerCP | BODIPY | Phalloidin-AF546 | WGA-633 | TOPRO3 | TO-PRO-3 | SYTO 13 | SYBR Gold | LysoTracker Red |
    MitoTracker Deep Red | Nile Red | Calcein | Fluo-4 | Fura-2 | Fast Red | DAB | Hematoxylin | H&E | EosinY |
    PD-L1 | PDL1 (22C3) | CD3 | CD20 | CD45RO | PanCK | pan-Cytokeratin | SMA | aSMA | FoxP3 | HER2 | ER | PR |
    Vimentin | E-Cadherin | beta-Catenin | Laminin | NeuN | GFAP | Iba1 | ChAT | c-Fos | BrdU | EdU | pHH3 |
    Caspase-3 | T PMT | Ch1 | ChS1 | ESID | TV2 | TaPMT | PMT | Brightfield | DIC | Pol_15 | Phase | Reflected
    Light | Autofluorescence | FarRed | Cyan | LED 385 | mNeonGreen | Cerulean | mStrawberry | Janelia Fluor 549 |
    JF646 | HaloTag TMR | SNAP-Cell 647 | Qdot 605 | AMCA | Pacific Blue | Cascade Blue | Marina Blue | Oregon
    Green 488 | Lucifer Yellow | Acridine Orange | Ethidium Homodimer | DiI | Thioflavin S | Congo Red | Sirius
    Red | AF790 | IRDye 800CW | Cy7
"""
PEOPLE = """
    Rose Brown | Rosemond | Dr. Kuno Abel | Anna Meier | Li Wei | Kim | John Smith DAPI | Schmidt 20x | Meier-Filter |
    Abel | Quillfeather Ottoline | Karl Zeiss | MRN 471108 | S19-4711 | Peter Pan | Maria FITC | Iris Gold | He Li |
    Marina | Tamra | Sir Henry | Dio | Kate | Alpha Meier | Chroma Meier | Led Meier | 12.05.1950 | 12.05.50 |
    Violet Hunter | Axio 12.05.1950
"""


def names(rows: str) -> list[str]:
    return [" ".join(name.split()) for name in rows.split("|") if name.strip()]


def in_mirax(name: str) -> bool:
    return is_vocabulary(name) or is_marker(name)


def in_czi(name: str) -> bool:
    return is_marker(name) or re.fullmatch(_CHANNEL, name) is not None


@pytest.mark.parametrize(("rows", "stays", "least"), [
    (FILTERS, in_mirax, 30), (OBJECTIVES, is_vocabulary, 20), (CHANNELS, in_czi, 35), (OBJECTIVES, DEVICE.fullmatch, 20)
], ids=["filters of MIRAX", "objectives of MIRAX", "channels of CZI", "objectives of CZI"])  # fmt: skip
def test_names_of_laboratories_stay(rows: str, stays: object, least: int) -> None:
    assert callable(stays)
    assert len(names(rows)) >= least
    lost = [name for name in names(rows) if not stays(name)]
    assert lost == []


@pytest.mark.parametrize("stays", [in_mirax, is_vocabulary, in_czi, DEVICE.fullmatch])
def test_names_of_people_do_not(stays: object) -> None:
    assert callable(stays)
    assert [name for name in names(PEOPLE) if stays(name)] == []
