"""Whether a notebook may be passed on: pictures, states and names by place, values by the slide that has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from blankslide.cli import main
from blankslide.errors import SlideError
from blankslide.records.notebook_check import Left, left_in, read
from blankslide.testing.built import build_aperio

STATES = "application/vnd.jupyter.widget-state+json"
SUMMARY = {"state": {"still": "<p>this slide</p>", "_esm": "export default {}", "own": "1"}, "model_name": "AnyModel"}


def notebook(*outputs: Any, source: str = "1 + 1", states: Any = None, **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "source": source, "outputs": [{"data": each} for each in outputs]} | more
    metadata = {} if states is None else {"widgets": {STATES: {"state": states}}}
    return {"cells": [cell], "metadata": metadata, "nbformat": 4}


def kinds(found: list[Left]) -> list[tuple[str, str]]:
    return [(one.where, one.kind) for one in found]


def test_a_notebook_with_nothing_but_summaries_is_clean() -> None:
    assert left_in(notebook({"text/html": "<p>this slide · clean</p>"}, states={"1": SUMMARY}), ["Thimblewick"]) == []


@pytest.mark.parametrize(
    "made",
    [
        notebook({"image/png": "iVBORw0KGgoAAA"}),
        notebook({"image/svg+xml": ["<svg/>"]}),
        notebook({"text/html": '<img src="data:image/jpeg;base64,/9j/4AAQ">'}),
        notebook({"text/html": ["<div>", '<img src="data:image/gif;base64,R0lG">', "</div>"]}),
        notebook(attachments={"label.png": {"image/png": "x"}}),
    ],
)
def test_pictures_are_found_wherever_they_stand(made: dict[str, Any]) -> None:
    assert ("cell 1", "picture") in kinds(left_in(made))


@pytest.mark.parametrize(
    "state",
    [
        {"state": {"value": "Thimblewick"}, "model_name": "HTMLModel"},
        {"state": {}, "buffers": [{"data": "AAAA"}], "model_name": "ImageModel"},
        {"state": {"still": "", "rows": ["x"]}, "model_name": "AnyModel"},
        "nonsense",
    ],
)
def test_states_that_hold_what_was_shown_are_found(state: Any) -> None:
    made = notebook(states={"1": state})
    assert ("states of widgets", "state") in kinds(left_in(made))


def test_values_and_names_are_found_and_never_repeated(tmp_path: Path) -> None:
    made = notebook({"text/plain": ["by Thimble", "wick"]}, source='SlideReview("S19-12345.svs")')
    found = left_in(made, ["Thimblewick", "abc"])
    assert kinds(found) == [("cell 1", "value"), ("cell 1", "name")]
    assert "Thimblewick" not in str(found)
    assert "S19" not in str(found)
    assert left_in(notebook(source='SlideReview("slide.svs")')) == []


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    for name, data in (("a.ipynb", b"{"), ("b.ipynb", b"[]"), ("c.ipynb", b'{"cells": 1}'), ("d.ipynb", b"[" * 9999)):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SlideError, match="no notebook"):
            read(tmp_path / name)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["notebook-check", *words])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_the_command_says_what_is_left_and_by_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_aperio(tmp_path / "slide.svs", size=(512, 384), factors=(1, 2))
    good, bad = tmp_path / "good.ipynb", tmp_path / "bad.ipynb"
    good.write_text(json.dumps(notebook({"text/plain": "this slide · clean"})), encoding="utf-8")
    bad.write_text(json.dumps(notebook({"text/plain": "Thimblewick, Percivus"})), encoding="utf-8")
    assert run(capsys, str(good))[0] == 0
    assert run(capsys, str(bad))[0] == 0, "only the slide knows its values"
    code, out, _ = run(capsys, str(good), str(bad), "--slide", str(tmp_path / "slide.svs"))
    assert code == 1
    assert "good.ipynb · clean" in out
    assert "bad.ipynb · NOT clean: cell 1: " in out
    assert "Thimblewick" not in out
    code, out, _ = run(capsys, "--json", "--slide", str(tmp_path / "slide.svs"), str(bad))
    assert code == 1
    told = json.loads(out)
    jsonschema.validate(told, json.loads((Path(__file__).parents[2] / "docs" / "schema.json").read_text()))
    assert [one["kind"] for one in told["notebooks"][0]["left"]] == ["value"]
    code, _, err = run(capsys, str(tmp_path / "slide.svs"))
    assert code == 3
    assert "no notebook" in err
    code, _, err = run(capsys, str(tmp_path / "none.ipynb"))
    assert code == 4
