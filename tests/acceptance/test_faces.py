"""All faces say the same of one slide: which findings, of which class, what becomes of each, and in how many places."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from blankslide import api
from blankslide.cli import main
from blankslide.session import Row, Session
from blankslide.testing.built import builders

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "aperio-classic.svs",
    "dicom-implicit.dcm",
    "hamamatsu-channels.ndpis",
    "leica-versa.scn",
    "mirax.mrxs",
    "philips-isyntax.isyntax",
    "sakura.svslide",
    "zeiss-axioscan.czi",
)
CLASSES = dict(zip("DQVKPIS?", "direct quasi device link path image science unknown".split(), strict=True))
ACTIONS = {"K": "keep", "X": "remove", "Z": "zero", "D": "replace", "C": "clean", "U": "new id"}


class Said(NamedTuple):
    """What a face says of one finding."""

    id: str
    kind: str
    action: str
    count: int


@pytest.fixture(params=NAMES)
def slide(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    path: Path = tmp_path / "work" / request.param
    builders()[path.name](path)
    return path


def said_by_the_command_line(path: Path, capsys: pytest.CaptureFixture[str]) -> list[Said]:
    with pytest.raises(SystemExit):
        main(["inspect", "--json", str(path)])
    (told,) = json.loads(capsys.readouterr().out)["slides"]
    return [
        Said(
            f["id"],
            CLASSES[f["class"]],
            "blank, unlink" if f["class"] == "I" and f["action"] != "K" else ACTIONS[f["action"]],
            f["count"],
        )
        for f in told["findings"]
    ]


def said_by_a_session(rows: list[Row]) -> list[Said]:
    return [Said(r.id, r.kind, "keep" if r.keeps else r.action, len(r.places)) for r in rows]


def said_by_a_line(line: Any) -> Said:
    """Read what a person sees in one line of the card's table."""
    _, _, where, kind, _ = line["cells"]
    places = where["title"].split("\n")
    more = re.fullmatch(r"and (\d+) more", places[-1])
    count = len(places) - 1 + int(more[1]) if more else len([p for p in places if p])
    choice = line["choice"]
    word = choice["options"][choice["chosen"]]
    return Said(line["id"], kind["text"], "keep" if choice["chosen"] else word, count)


def test_command_line_session_and_notebook_say_the_same(slide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ipywidgets", reason="the notebook face needs blankslide[jupyter]")
    from blankslide.jupyter import SlideReview

    told = said_by_the_command_line(slide, capsys)
    assert len(told) > 2
    session = Session(slide, api.options("research", ledger="none"))
    session.load()
    assert sorted(said_by_a_session(session.rows())) == sorted(told)

    review = SlideReview(slide, ledger="none")
    review._card.controls.kept.value = True
    shown = review._card.table._table.rows
    assert [said_by_a_line(line) for line in shown] == said_by_a_session(session.rows())
    assert review.session.headline == session.headline
    assert review.session.summary == session.summary
    review.close()


def test_the_headline_is_the_same_on_a_terminal(slide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(slide, api.options("research", ledger="none"))
    session.load()
    with pytest.raises(SystemExit):
        main(["inspect", str(slide)])
    lines = capsys.readouterr().out.splitlines()
    _, title, count = session.headline.split(" · ")
    assert lines[0].split(" · ")[:2] == [slide.name, title]
    assert lines[1] == count


def test_command_line_and_session_list_the_same_strings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """napari's fold and the card's are held to the same list in their own tests."""
    slide = tmp_path / "aperio-classic.svs"
    builders()[slide.name](slide)
    with pytest.raises(SystemExit):
        main(["inspect", "--readable", "--json", str(slide)])
    (told,) = json.loads(capsys.readouterr().out)["slides"]
    session = Session(slide, api.options("research", ledger="none"))
    session.load()
    assert session.strings is None
    session.read_strings()
    assert [line._asdict() for line in session.strings or ()] == told["readable"]
    new = sum(not line["explained"] for line in told["readable"])
    assert 0 < new == [line["why"] for line in told["readable"]].index("kept"), "what nothing explains comes first"
    assert {line["field"] for line in told["readable"] if line["why"] == "kept"} >= {"Filtered", "ICC date"}
    assert session.strings_summary.endswith(f"nothing explains the {new} marked !")
    session.keep("aperio.description.user", True)
    assert session.strings is None, "another choice, another list"
