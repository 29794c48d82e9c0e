"""The benchmark: its slides are the same each time, its score knows bad tools, and its key has a form."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from blankslide.errors import UsageError
from blankslide.testing.deid import audited, dataset, key, page, score, tools
from blankslide.testing.deid.key import HIDDEN, REMOVED, RETAINED, TISSUE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SCHEMA = Path(key.__file__).with_name("key.schema.json")
COPY = "import shutil,sys; shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True)"
SPOIL = (
    COPY + "; import pathlib; [p.write_bytes(bytes(len(p.read_bytes()))) for p in pathlib.Path(sys.argv[2]).rglob('*')]"
)


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[key.Case]]:
    folder = tmp_path_factory.mktemp("deid")
    return folder, dataset.build(folder, 7, words=("hamamatsu-nanozoomer", "argos"))


def tool(code: str) -> tools.Tool:
    return tools.Tool("other", (sys.executable, "-c", code, "{folder}", "{out}"))


def right(results: list[score.Result], *actions: str) -> list[bool | None]:
    return [each.right for result in results for each in result.judged if each.item.action in actions]


def test_the_key_has_its_form_and_is_read_back(slides: tuple[Path, list[key.Case]]) -> None:
    folder, cases = slides
    told = json.loads((folder / key.KEY_NAME).read_text())
    jsonschema.validate(told, json.loads(SCHEMA.read_text()))
    assert key.read(folder) == cases
    assert {item.action for case in cases for item in case.items} == {REMOVED, RETAINED, HIDDEN, TISSUE}
    assert {item.where for case in cases for item in case.items} > {"ordinary"}


def test_a_seed_makes_the_same_slides_and_another_one_others(tmp_path: Path) -> None:
    made = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        dataset.build(tmp_path / folder, seed, words=("argos",))
        made.append([p.read_bytes() for p in sorted((tmp_path / folder).rglob("*.avs"))])
    assert made[0] == made[1] != made[2]


def test_a_tool_that_only_copies_removes_nothing_and_keeps_everything(slides: tuple[Path, list[key.Case]]) -> None:
    results = list(tools.run(tool(COPY), *slides))
    assert [result.ending for result in results] == ["done"] * len(results)
    assert not any(right(results, REMOVED, HIDDEN))
    assert set(right(results, RETAINED, TISSUE)) <= {True, None}


def test_a_tool_that_spoils_slides_removes_everything_and_keeps_nothing(slides: tuple[Path, list[key.Case]]) -> None:
    results = list(tools.run(tool(SPOIL), *slides))
    assert all(right(results, REMOVED, HIDDEN))
    assert True not in right(results, RETAINED, TISSUE)


def test_a_tool_that_makes_nothing_has_no_result(slides: tuple[Path, list[key.Case]]) -> None:
    refused = list(tools.run(tool("raise SystemExit(3)"), *slides))
    failed = list(tools.run(tool("pass"), *slides))
    assert ({r.ending for r in refused}, {r.ending for r in failed}) == ({"refused"}, {"failed"})
    assert not any(result.judged for result in (*refused, *failed))


def test_ours_removes_everything_and_keeps_everything_and_the_page_says_so(slides: tuple[Path, list[key.Case]]) -> None:
    folder, cases = slides
    results = list(tools.run(tools.ours(), folder, cases[:2]))
    assert {result.ending for result in results} == {"done"}
    assert all(right(results, REMOVED, HIDDEN))
    assert set(right(results, RETAINED, TISSUE)) <= {True, None}
    told = page.markdown([tools.ours()], {tools.OURS: results}, [7], "2026-01-01")
    assert "## What blankslide missed\n\nNothing." in told
    assert "| blankslide | 2 of 2 | 0 |" in told
    assert not any(item.text and item.text in told for case in cases for item in case.items if item.action == REMOVED)


def test_the_audit_finds_what_the_score_finds_left_and_nothing_in_ours(slides: tuple[Path, list[key.Case]]) -> None:
    folder, cases = slides
    copied, ours = (list(tools.run(one, folder, cases[:2])) for one in (tool(COPY), tools.ours()))
    assert all(len(audited.left_of(result)) > 5 for result in copied)
    told = {audited.says(result.audit, item) for result in copied if result.audit for item in audited.left_of(result)}
    assert (told, [page.unheard(result) for result in copied]) == ({audited.NAMED}, [[], []])
    assert [result.audit for result in ours] == [score.Audit(), score.Audit()]
    row = page.markdown([tools.ours()], {tools.OURS: copied}, [7], "2026-01-01").split("audit: nothing left |")[1]
    left = sum(len(audited.left_of(result)) for result in copied)
    assert f"| blankslide | 2 | 2 | {left} | {left} | 0 | 0 | 0 | 0 | 0 |" in row


def test_what_the_audit_does_not_know_is_missed_or_told(slides: tuple[Path, list[key.Case]]) -> None:
    item = key.Item(REMOVED, "case", "hostile", "tag: unknown", text="Zweigspitz")
    assert audited.says(score.Audit(frozenset(("aperio.user",))), item) == audited.MISSED
    assert audited.says(score.Audit(others=2), item) == audited.DOUBT
    assert audited.says(score.Audit(others=2, texts=("of Zweigspitz",)), item) == audited.READ
    label = key.Item(HIDDEN, "picture", "ordinary", "the label", role="label")
    assert audited.says(score.Audit(frozenset(("picture.label",))), label) == audited.NAMED
    result = score.Result(slides[1][0], "done", (score.Judged(item, False),), score.Audit())
    told = page.markdown([tools.ours()], {tools.OURS: [result]}, [7], "2026-01-01")
    assert "| blankslide | argos | tag: unknown (hostile) | 1 |" in told


def test_values_are_found_in_other_spellings() -> None:
    import base64
    import zlib

    for form in (
        "Zweigspitz".encode("utf-16-be"),
        base64.b64encode(b"xyz Zweigspitz!"),
        zlib.compress(b"-Zweigspitz-" * 9),
    ):
        hay = [b"before" + form + b"after", *score._inflated(b"before" + form + b"after")]
        assert any(needle in data for needle in score.spellings("Zweigspitz") for data in hay)


def test_wrong_words_are_refused(tmp_path: Path, run_here: Callable[..., Any]) -> None:
    for wrong in ("mine", "mine=tool {in}", "=tool {in} {out}", "mine=tool {out}"):
        with pytest.raises(UsageError, match="a tool is NAME=COMMAND"):
            tools.parse(wrong)
    assert tools.parse("mine 1.2=tool {in} -o {out}") == tools.Tool("mine", ("tool", "{in}", "-o", "{out}"), "1.2")
    told = run_here("benchmark", "--only", "no such kind", "--keep", tmp_path / "kept")
    assert (told.code, "no kind of slide has such a name" in told.err) == (2, True)


def test_the_score_shares_no_code_with_the_core() -> None:
    import ast

    for module in (score, key):
        tree = ast.parse(Path(module.__file__).read_text())
        names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        assert {name for name in names if name.startswith("blankslide")} <= {"blankslide.testing.deid.key"}
