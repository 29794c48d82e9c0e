"""Every sample is accepted by exactly one format, and everybody else says why not; each format is tested whole once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from blankslide import formats
from blankslide.formatkit.protocol import Probe
from blankslide.formats import all_formats, detect
from blankslide.testing.built import builders
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.memory import MemorySlide

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", sorted(builders()))
def test_a_sample_is_one_formats_own(name: str, tmp_path: Path) -> None:
    planted = builders()[name](tmp_path / name)
    files = {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    answers = {f.name: f.detect(Probe(MemorySlide(files, name))) for f in all_formats() if not f.fallback}
    accepted = [n for n, reason in answers.items() if reason is None]
    assert accepted in ([planted.format], []), "another format accepts it too"
    assert all(reason is None or reason.strip() for reason in answers.values())
    # a format that is not even imported for its marks would have declined
    seen = Probe(MemorySlide(files, name)).fingerprint
    for card in formats._cards():
        if card.marks and not any(mark in seen for mark in card.marks):
            assert answers[card.name] is not None, f"the marks of {card.name} miss a slide of its own"
    assert detect(Probe(MemorySlide(files, name))).name == planted.format


def test_one_class_of_each_format_runs_the_suite_whole(request: pytest.FixtureRequest) -> None:
    """Of the formats whose tests take part in this run: of all, if the whole folder is run."""
    modules = {item.module for item in request.session.items if isinstance(item, pytest.Function)}
    suites = {
        suite
        for module in modules
        for suite in vars(module).values()
        if isinstance(suite, type) and issubclass(suite, FormatConformance) and suite.__name__.startswith("Test")
    }
    whole = Counter(suite.format.name for suite in suites if suite.whole)
    assert whole == dict.fromkeys({suite.format.name for suite in suites}, 1)
