"""A dock that only looks, or makes a dry run, leaves nothing of ours in the person's home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk


def ours(home: Path) -> set[str]:
    return {p.name for p in home.rglob("*") if p.name in ("site.key", "ledger.jsonl") or p.name == "blankslide"}


def test_the_dock_makes_the_key_with_the_first_real_run(desk: Desk, tmp_path: Path, home: Path) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    desk.open(path)
    assert ours(home) == set()
    desk.click(desk.panel.foot.run)
    desk.settle()
    assert desk.session.outcome.content == "untouched"
    assert ours(home) == set()
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    assert ours(home) == {"blankslide", "site.key", "ledger.jsonl"}
    assert desk.session.summary == "nothing to do"
