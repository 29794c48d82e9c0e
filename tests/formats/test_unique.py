"""Every sample is accepted by exactly one format, and everybody else says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide import formats
from blankslide.formatkit.protocol import Probe
from blankslide.formats import all_formats, detect
from blankslide.samples import builders
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
        other, marks = card.name, card.marks
        if marks and not any(mark in seen for mark in marks):
            assert answers[other] is not None, f"the marks of {other} miss a slide of its own"
    assert detect(Probe(MemorySlide(files, name))).name == planted.format
