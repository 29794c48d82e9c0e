"""A stage is a `Stage` everywhere: who watches a run gets one, and it says whether Cancel is still obeyed."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import Cancelled
from blankslide.model import Stage
from blankslide.pipeline import Options, anonymize_copy, anonymize_in_place, recover, verify
from blankslide.presentation.wording import next_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from blankslide.model import Outcome

SOURCE = Path(__file__).parents[2] / "src" / "blankslide"
IN_PLACE = [
    Stage.OPEN,
    Stage.INSPECT,
    Stage.PLAN,
    Stage.OBSERVE,
    Stage.JOURNAL,
    Stage.WRITE,
    Stage.VERIFY,
    Stage.RECORD,
]
COPY = [Stage.OPEN, Stage.INSPECT, Stage.PLAN, Stage.OBSERVE, Stage.COPY, Stage.DIGEST, Stage.VERIFY, Stage.RECORD]


def watched(options: Options, run: Callable[[], Outcome]) -> tuple[list[Stage], Outcome]:
    """Return the stages that a run told, each once, and its outcome."""
    seen: list[Stage] = []
    parts: list[float] = []
    options.progress = lambda stage, part: (seen.append(stage), parts.append(part))[0]
    outcome = run()
    assert all(type(stage) is Stage for stage in seen)
    assert all(type(name) is str for name in outcome.seconds)
    assert parts == sorted(parts)
    assert set(outcome.seconds) == {stage.value for stage in seen}
    return list(dict.fromkeys(seen)), outcome


def test_whoever_watches_gets_stages(slide: Path, options: Options, tmp_path: Path) -> None:
    assert watched(options, lambda: anonymize_in_place(slide, options, dry_run=True))[0] == IN_PLACE[:3]
    assert watched(options, lambda: anonymize_copy(slide, tmp_path / "out", options))[0] == COPY
    assert watched(options, lambda: anonymize_in_place(slide, options))[0] == IN_PLACE
    assert watched(options, lambda: verify(slide, options))[0] == [Stage.VERIFY]
    assert watched(options, lambda: anonymize_in_place(slide, options))[0] == [*IN_PLACE[:3], Stage.VERIFY]


def test_a_recovery_tells_stages(slide: Path, options: Options, interrupt: Callable[..., None]) -> None:
    interrupt(slide, options)
    told, outcome = watched(options, lambda: recover(slide, options))
    assert told == [Stage.WRITE, Stage.VERIFY, Stage.RECORD]
    assert outcome.content == "clean"


@pytest.mark.parametrize("stage", IN_PLACE)
def test_before_the_commit_is_where_a_run_in_place_can_be_stopped(slide: Path, options: Options, stage: Stage) -> None:
    before = slide.read_bytes()
    told: list[Stage] = []
    options.progress = lambda now, part: told.append(now)
    options.cancelled = lambda: stage in told
    if stage.before_commit:
        with pytest.raises(Cancelled):
            anonymize_in_place(slide, options)
        assert slide.read_bytes() == before
    else:
        assert anonymize_in_place(slide, options).content == "clean"


@pytest.mark.parametrize("stage", [stage for stage in COPY if stage.before_commit])
def test_before_the_commit_a_copy_can_be_stopped(slide: Path, options: Options, tmp_path: Path, stage: Stage) -> None:
    told: list[Stage] = []
    options.progress = lambda now, part: told.append(now)
    options.cancelled = lambda: stage in told
    with pytest.raises(Cancelled):
        anonymize_copy(slide, tmp_path / "out", options)
    assert not (tmp_path / "out").exists()


def test_every_stage_has_words() -> None:
    assert all(next_stage(stage) for stage in Stage)
    assert Stage.START.before_commit


def loose(tree: ast.AST) -> list[int]:
    """Return the lines where a text stands for a stage: as an argument, or held against one."""
    lines = []
    for node in ast.walk(tree):
        held: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TAKES_STAGE:
            held = node.args[:1]
        elif isinstance(node, ast.Compare) and any(map(_is_stage, (node.left, *node.comparators))):
            held = [node.left, *node.comparators]
        elif isinstance(node, ast.Assign) and any(map(_is_stage, _flat(node.targets))):
            held = _flat([node.value])
        texts = [each for each in _flat(held) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        lines += [text.lineno for text in texts]
    return lines


_TAKES_STAGE = ("lap", "progress", "next_stage")


def _is_stage(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "stage"


def _flat(nodes: list[ast.expr]) -> list[ast.expr]:
    return [part for node in nodes for part in (node.elts if isinstance(node, ast.Tuple | ast.List) else [node])]


def test_no_loose_text_stands_for_a_stage() -> None:
    assert loose(ast.parse('if self.stage == "open": pass\nclock.lap("open", 0.1)\na.stage, b = "", 0'))
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        lines = loose(ast.parse(text))
        if path.name != "stage.py" and Stage.OBSERVE.value in text:
            lines.append(0)
        if lines:
            found[str(path.relative_to(SOURCE))] = lines
    assert found == {}
