"""docs/schema.json describes what commands print as JSON: real outputs are held against it, and it takes no more."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import pytest

import blankslide
from blankslide.cli.commands import main
from blankslide.model import Action, PhiClass
from blankslide.testing import built

pytestmark = pytest.mark.skipif(find_spec("jsonschema") is None, reason="not installed: pip install blankslide[dev]")
ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "docs" / "schema.json").read_text("utf-8"))
Run = Callable[..., Any]


def late() -> Any:
    """Return jsonschema, whose import takes two seconds: each process of tests imports this file, one runs it."""
    import jsonschema

    return jsonschema


def check(what: str, document: Any) -> None:
    """Hold a document against one part of the schema, and against the whole."""
    jsonschema = late()
    for schema in (SCHEMA | {"anyOf": [{"$ref": f"#/$defs/{what}"}]}, SCHEMA):
        jsonschema.Draft202012Validator(schema).validate(document)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a folder with a slide, one with text beside it that names it, one that is damaged, and a note."""
    folder = tmp_path / "archive"
    folder.mkdir()
    built.aperio(folder / "a.svs", size=(512, 384), factors=(1, 2), macro_size=(400, 140))
    (folder / "a_label.txt").write_text("x")
    (folder / "b.svs").write_bytes((folder / "a.svs").read_bytes()[:9000])
    (folder / "notes.txt").write_text("no slide")
    return folder


def test_the_schema_is_one() -> None:
    late().Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["class"]["enum"] == [cls.value for cls in PhiClass]
    assert SCHEMA["$defs"]["action"]["enum"] == [action.value for action in Action]


def test_the_page_says_what_the_schema_says(tmp_path: Path) -> None:
    """Red? Run `make generated`."""
    main_of = runpy.run_path(str(ROOT / "scripts" / "schema-page"))["main"]
    assert main_of(["--check"]) == 0
    page = (ROOT / "docs" / "json.md").read_text("utf-8")
    (tmp_path / "json.md").write_text(page.replace("| `error` |", "| `mistake` |"), "utf-8")
    assert main_of(["--check", str(tmp_path / "json.md")]) == 1
    for name, part in SCHEMA["$defs"].items():
        told = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        assert told, name
        assert [key for key in part.get("properties", ()) if f"\n| `{key}` | " not in told] == []


def objects(part: Any) -> list[dict[str, Any]]:
    """Return every object with named keys in the schema."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    own = [part] if isinstance(part, dict) and "properties" in part and part.get("type") == "object" else []
    return own + [found for each in inner for found in objects(each)]


def test_no_object_takes_keys_that_are_not_told() -> None:
    assert len(objects(SCHEMA["$defs"])) >= 12
    assert all(each["additionalProperties"] is False for each in objects(SCHEMA["$defs"]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect"],
        ["inspect", "--show-values", "--readable"],
        ["verify"],
        ["anonymize", "--dry-run"],
        ["anonymize", "--out", "{out}", "--ledger", "none", "--link-table", "none"],
        ["recover", "--ledger", "none"],
    ],
)
def test_commands_about_slides(archive: Path, tmp_path: Path, run_here: Run, arguments: list[str]) -> None:
    said = [each.format(out=tmp_path / "out") for each in arguments]
    document = json.loads(run_here(*said, "--json", archive, archive / "missing.svs").out)
    check("slides", document)
    assert len(document["slides"]) == 3
    if "--readable" in arguments:
        assert document["slides"][0]["readable"]
        assert any("values" in finding for finding in document["slides"][0]["findings"])


def test_audit(archive: Path, run_here: Run) -> None:
    document = json.loads(run_here("audit", "--json", archive).out)
    check("audit", document)
    assert document["sum"]["something_left"] == 1


def test_batch_as_one_document_and_as_lines(archive: Path, run_here: Run) -> None:
    document = json.loads(run_here("batch", "--dry-run", "--json", "--jobs", "1", archive).out)
    check("batch", document)
    lines = [
        json.loads(line)
        for line in run_here("batch", "--dry-run", "--json-lines", "--jobs", "1", archive).out.splitlines()
    ]
    for line in lines:
        check("line", line)
    assert [{"others", "summary"} == set(line) for line in lines] == [False, False, True]
    assert {"slides": lines[:-1]} | lines[-1] == document


@pytest.mark.parametrize(
    ("what", "arguments"),
    [("formats", ["formats"]), ("profile", ["profile", "show"]), ("profile", ["profile", "show", "strict", "--ids"])],
)
def test_commands_without_slides(run_here: Run, what: str, arguments: list[str]) -> None:
    check(what, json.loads(run_here(*arguments, "--json").out))


def test_the_link_table(archive: Path, tmp_path: Path, run_here: Run) -> None:
    links, key = tmp_path / "t.links", tmp_path / "k.key"
    said = ["--key", key, "--link-table", links, "--ledger", "none", "--name", "STUDY-1"]
    assert run_here("anonymize", "--out", tmp_path / "out", *said, archive / "a.svs").code == 0
    for command in (["show"], ["find", "STUDY-1"]):
        document = json.loads(run_here("names", *command, links, "--key", key, "--json").out)
        check("links", document)
        assert len(document["links"]) == 1


def test_python_gives_the_same_object(archive: Path) -> None:
    check("slide", blankslide.anonymize(archive / "a.svs", in_place=True).as_dict())


def test_an_object_that_has_drifted_is_noticed(archive: Path, run_here: Run) -> None:
    slide = run_here("inspect", "--json", archive / "a.svs").slides[0]
    for wrong in ({"more": 1}, {"content": "done"}, {"findings": [{"id": "a.b", "class": "D", "action": "X"}]}):
        with pytest.raises(late().ValidationError):
            check("slide", slide | wrong)
    with pytest.raises(late().ValidationError):
        check("slide", {key: value for key, value in slide.items() if key != "name"})


#: Commands with ``--json`` whose output the schema describes.
TOLD = {
    *("inspect", "anonymize", "verify", "recover", "batch", "audit"),
    *("formats", "profile show", "names show", "names find", "seal list", "seal open"),
    "notebook-check",
}
#: Those whose own pages do.
ELSEWHERE = ("certificate", "ledger", "watch")


def commands(group: click.Group, before: str = "") -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    out: list[tuple[str, click.Command]] = []
    for name, command in found:
        assert command is not None
        out += commands(command, f"{before}{name} ") if isinstance(command, click.Group) else [(before + name, command)]
    return out


def test_every_command_that_prints_json_is_described() -> None:
    printing = {name for name, command in commands(main) if any("--json" in param.opts for param in command.params)}
    assert printing >= TOLD
    new = [name for name in printing - TOLD if not name.startswith(ELSEWHERE)]
    assert new == [], "add it to docs/schema.json, and a test of a real output here"
