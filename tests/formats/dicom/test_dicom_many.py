"""DICOM headers with very many elements or items: what is done with them is counted, not timed."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from blankslide.formats.dicom import ps315_table as table
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import SMALL, minimal, read
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType


def _calls(work: Callable[[], object]) -> Counter[str]:
    """Do something, and return how often each function was called."""
    seen: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen[frame.f_code.co_qualname] += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen


def test_steps_that_save_room_share_what_they_have_in_common(tmp_path: Path) -> None:
    """Each of nine steps wrote thirty thousand items again, though six of them differ in their marks only."""
    from blankslide import pipeline

    path = minimal(tmp_path, tile=16, OperatorsName="Ottoline Quillfeather")
    seen = _calls(lambda: pipeline.plan(path))
    drafts = seen["HeaderRewrite._header"]
    assert drafts > 6
    assert seen["HeaderRewrite._changes"] <= 3
    elements = len(read(path, stop_before_pixels=True)) + 1
    assert seen["_Builder.element"] <= 3 * (elements + 20) + drafts * 20  # the file meta group is small


def test_names_of_attributes_are_made_once() -> None:
    table.finding_id.cache_clear()
    table.title.cache_clear()
    seen = _calls(lambda: [(table.title(0x00081155), table.finding_id(0x00081155)) for _ in range(100)])
    assert (seen["title"], seen["finding_id"]) == (1, 1)


def test_a_header_with_more_attributes_than_any_scanner_writes_is_refused(tmp_path: Path) -> None:
    from pydicom import dcmread

    build_dicom(tmp_path / "s.dcm", **SMALL)
    slide = dcmread(tmp_path / "s.dcm")
    for i in range(9000):
        slide.add_new(0x00911000 + (i // 4000 << 17) + i % 4000, "LO", f"v{i}")
    slide.save_as(tmp_path / "s.dcm")
    before = (tmp_path / "s.dcm").read_bytes()
    refused = run_cli("anonymize", "--in-place", tmp_path / "s.dcm")
    assert (refused.code, (tmp_path / "s.dcm").read_bytes()) == (3, before)
    assert "more to remove than any scanner writes" in refused.err + refused.out
