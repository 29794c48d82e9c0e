"""Any thread may open, look at and close an iSyntax slide: libisyntax ends the process if two threads ask it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import builders

if TYPE_CHECKING:
    from pathlib import Path

ANY_THREAD = """
import sys, threading
from pathlib import Path
from blankslide.viewing.areas.pyisyntax import IsyntaxAreas

def apart(call):
    got = []
    thread = threading.Thread(target=lambda: got.append(call()))
    thread.start()
    thread.join()
    return got[0]

path = Path(sys.argv[1])
slide = apart(lambda: IsyntaxAreas(path))
here = slide.read(0, slice(0, 64), slice(0, 64))
there = apart(lambda: slide.read(0, slice(0, 64), slice(0, 64)))
apart(slide.close)
again = IsyntaxAreas(path)
last = again.read(0, slice(0, 64), slice(0, 64))
again.close()
assert here.shape == (64, 64, 3) and here.std() > 0
assert (here == there).all() and (here == last).all()
print("shown")
"""


def test_any_thread_may_ask(tmp_path: Path) -> None:
    pytest.importorskip("isyntax")
    path = tmp_path / "philips-isyntax.isyntax"
    builders()[path.name](path)
    run = subprocess.run([sys.executable, "-c", ANY_THREAD, path], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "shown\n"), run.stderr[-300:]
