"""Nothing of a label is left in the memory of a process that has shown it, as a person's window is one.

The process of these tests has shown hundreds of labels, and what the C library cannot give back of half-used pages may
still hold a row of one. So the window is opened in a process of its own: `memory_alone` is what runs there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc/PID/mem is Linux's")


def test_no_row_of_a_label_is_left_in_a_process_after_a_run_or_after_closing() -> None:
    alone = Path(__file__).with_name("memory_alone.py")
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-rs"]
    run += ["--show-capture=no", str(alone)]  # Qt says so much that what failed would not be read
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(run, capture_output=True, text=True, check=False, env=environment, timeout=300)
    if "cannot be read from another" in done.stdout:
        pytest.skip("the memory of a process cannot be read from another here")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "2 passed" in done.stdout
