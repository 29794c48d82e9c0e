"""One order of findings for every face."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.cli.show import decision_rows
from blankslide.model import PhiClass
from blankslide.model.plan import UNKNOWN_TITLE
from blankslide.pipeline import Options
from blankslide.presentation.html_card import card_of
from blankslide.session import Session
from blankslide.testing.built import builders

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Decision

NAMES = ("aperio-classic.svs", "dicom-wsi.dcm", "philips-both.tiff", "sakura.svslide")


def shown(decision: Decision) -> str:
    return UNKNOWN_TITLE if decision.cls is PhiClass.UNKNOWN else decision.title


@pytest.mark.parametrize("name", NAMES)
def test_terminal_card_and_table_list_the_findings_in_one_order(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    builders()[name](path)
    session = Session(path, Options(profile="research"))
    session.load()
    assert session.plan is not None
    by_id = {d.id: d for d in session.plan.decisions}
    table = [row.id for row in session.rows()]
    assert sorted(table) == sorted(by_id)
    hot = [by_id[row.id] for row in session.rows() if row.sensitive]
    terminal = [row[1] for row in decision_rows(pipeline.plan(path)[1].decisions, {})]
    assert terminal == [d.id for d in hot]
    card = [unescape(t) for t in re.findall(r"&ensp;([^<]*) <code", card_of(session.plan))]
    assert card == [shown(by_id[i]) for i in table]


def test_pictures_come_first_and_what_stays_last(tmp_path: Path) -> None:
    path = tmp_path / "aperio-classic.svs"
    builders()[path.name](path)
    session = Session(path)
    session.load()
    ranks = [(not r.sensitive, not r.id.startswith("picture."), r.unknown) for r in session.rows()]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) >= 4
