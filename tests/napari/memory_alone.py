"""What `test_memory` runs: what is left of a label in the memory of the whole process, which is nothing.

Another process looks, so that the search itself leaves no copies; and the rows that it looks for stand nowhere here as
they are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc/PID/mem is Linux's")

BUILD = """
import sys
from pathlib import Path
import numpy as np
from blankslide.samples.kit.patients import invent
from blankslide.testing.built import build_aperio
from blankslide.viewing import open_pyramid
path = Path(sys.argv[1])
build_aperio(path, patient=invent(int(sys.argv[2])), size=(512, 384), factors=(1, 2))
with open_pyramid(path) as pyramid:
    for role in ("label", "macro"):
        pixels = pyramid.pictures[role][...]
        vivid = np.argsort(pixels.reshape(len(pixels), -1).std(axis=1))[-3:]
        for row in vivid:
            print(role, bytes(byte ^ 0x5A for byte in pixels[row, :64].tobytes()).hex())
"""

SEARCH = """
import sys
rows = [(role, bytes(b ^ 0x5A for b in bytes.fromhex(text))) for role, text in map(str.split, sys.stdin)]
found, total = set(), 0
with open(f"/proc/{sys.argv[1]}/maps") as maps:
    regions = [line.split() for line in maps]
with open(f"/proc/{sys.argv[1]}/mem", "rb", 0) as memory:
    for region in regions:
        if not region[1].startswith("rw"):
            continue
        start, end = (int(part, 16) for part in region[0].split("-"))
        for at in range(start, end, 1 << 26):
            try:
                memory.seek(at)
                data = memory.read(min((1 << 26) + 192, end - at))
            except (OSError, OverflowError):
                continue
            total += len(data)
            found |= {role for role, row in rows if row in data}
print(total, *sorted(found))
"""


def python(code: str, *arguments: str, told: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=told, capture_output=True, text=True, check=True
    )
    return done.stdout


def legible(rows: str) -> set[str]:
    """Name the pictures of which a row stands anywhere in the memory of this process."""
    try:
        total, *roles = python(SEARCH, str(os.getpid()), told=rows).split()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the memory of this process cannot be read from another: {error.stderr.splitlines()[-1]}")
    assert int(total) > 50_000_000
    return set(roles)


def test_no_row_of_label_or_macro_is_left_in_the_process(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    rows = python(BUILD, str(path), "700001")  # a patient of its own: other tests of this process leave other labels
    assert len(rows.splitlines()) == 6
    desk.open(path)
    desk.viewer.screenshot(canvas_only=True, flash=False)
    assert legible(rows) == {"label", "macro"}
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    desk.bot.wait(800)
    assert legible(rows) == set()


def test_no_row_is_left_once_a_slide_that_was_only_looked_at_is_closed(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    rows = python(BUILD, str(path), "700002")
    desk.open(path)
    assert legible(rows) == {"label", "macro"}
    desk.viewer.layers.clear()
    desk.settle()
    desk.bot.wait(800)
    assert legible(rows) == set()
