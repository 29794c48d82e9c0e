"""Parts and the sheet: what pages are told, what they may say, and that none of it is a widget's state."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("anywidget", reason="anywidget is not installed: the notebook face needs blankslide[jupyter]")

import ipywidgets as W

from blankslide.jupyter.lists import PictureList, Table
from blankslide.jupyter.parts import Box, Button, Check, Choice, Field, Fold, Keys, Part, Text
from blankslide.jupyter.sheet import Sheet

SECRET = "Thimblewick, Percivus"
PNG = b"\x89PNG\r\n\x1a\n" + SECRET.encode()


def heard(sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, list[bytes]]]:
    sent: list[tuple[Any, list[bytes]]] = []
    monkeypatch.setattr(sheet.widget, "send", lambda said, blobs: sent.append((json.loads(json.dumps(said)), blobs)))
    return sent


def say(sheet: Sheet, part: Part, **said: object) -> None:
    sheet._hear(None, {"part": part.id} | said)


def states() -> str:
    return str(W.Widget.get_manager_state(widgets=None)["state"])


def test_a_page_gets_all_when_it_asks_and_then_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    text, pictures = Text(lines=[SECRET]), PictureList()
    item = {"key": "label", "caption": "label", "alt": "", "image": PNG, "why": "", "opens": ""}
    pictures.items = [item]
    sheet = Sheet(Box(text, pictures, name="card"))
    sent = heard(sheet, monkeypatch)
    text.lines = [SECRET, "more"]
    assert sent == [], "no page is there"
    sheet._hear(None, {"hello": "me"})
    ((said, blobs),) = sent
    assert said["to"] == "me"
    assert SECRET in json.dumps(said)
    assert blobs == [PNG]
    text.lines = ["new"]
    assert sent[-1] == ({"fill": {}, "put": {str(text.id): {"lines": ["new"]}}}, [])
    text.lines = ["new"]
    assert len(sent) == 2, "what was said already is not said again"
    sheet.root.children = (text,)
    assert list(sent[-1][0]["fill"]) == [str(sheet.root.id)]


def test_no_state_of_a_widget_holds_what_parts_say() -> None:
    W.Widget.close_all()
    item = {"key": "label", "caption": "label", "alt": "", "image": PNG, "why": "", "opens": ""}
    rows = [{"id": "1", "cells": [{"text": SECRET}]}]
    parts = (Text(lines=[SECRET]), PictureList(items=[item]), Table(rows=rows), Field(SECRET), Button(label=SECRET))
    sheet = Sheet(Box(*parts, name=SECRET))
    sheet._hear(None, {"hello": "me"})
    sheet.still = "<p>summary</p>"
    assert "summary" in states()
    assert SECRET not in states()
    assert "PNG" not in states()
    assert sheet.still == "<p>summary</p>"
    sheet.close()
    W.Widget.close_all()


def test_what_a_page_may_say() -> None:
    done: list[object] = []
    button = Button(lambda: done.append("pressed"), label="go")
    check = Check(False, done.append)
    field = Field("", done.append)
    choice = Choice([("one", "1"), ("two", "2")], None, done.append)
    keys = Keys(does=done.append, keys=("p",))
    table = Table(lambda row, chosen: done.append((row, chosen)), lambda row: done.append(row))
    table.rows = [
        {"id": "a", "cells": [], "choice": {"options": ["x", "y"], "disabled": False}},
        {"id": "b", "cells": [], "press": {"label": "Open", "disabled": False}},
    ]
    sheet = Sheet(Box(button, check, field, choice, keys, table))
    say(sheet, button, do="press")
    say(sheet, check, do="set", value=True)
    say(sheet, field, do="set", value="typed")
    say(sheet, choice, do="set", value=1)
    say(sheet, keys, do="key", value="p")
    say(sheet, table, do="choose", row="a", value=1)
    say(sheet, table, do="row", row="b")
    assert done == ["pressed", True, "typed", "2", "p", ("a", 1), "b"]
    assert (check.value, field.value, choice.value, choice.chosen_words) == (True, "typed", "2", "two")
    done.clear()
    for part, said in (
        (check, {"value": "yes"}),
        (field, {"value": 5}),
        (field, {"value": "x" * 5000}),
        (choice, {"value": 7}),
        (choice, {"value": True}),
    ):
        say(sheet, part, do="set", **said)
    say(sheet, keys, do="key", value="q")
    say(sheet, table, do="choose", row="a", value=9)
    say(sheet, table, do="choose", row="z", value=0)
    say(sheet, table, do="row", row="a")
    button.disabled = check.disabled = True
    say(sheet, button, do="press")
    say(sheet, check, do="set", value=False)
    sheet._hear(None, "nonsense")
    sheet._hear(None, {"part": -1, "do": "press"})
    assert done == []
    sheet.close()


def test_words_are_what_a_person_can_read_now() -> None:
    hidden, fold = Text(lines=["hidden"], shown=False), Fold(Text(lines=["inside"]), label="fold")
    sheet = Sheet(Box(Text(lines=["seen"]), hidden, fold))
    assert sheet.words().split() == ["seen", "fold"]
    fold.value = True
    hidden.shown = True
    assert sheet.words().split() == ["seen", "hidden", "fold", "inside"]
    sheet.close()


def test_a_part_says_only_what_it_can() -> None:
    with pytest.raises(AttributeError, match="says no colour"):
        Text(colour="red")
