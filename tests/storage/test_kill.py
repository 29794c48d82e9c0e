"""Real processes, really killed: before each system call that changes the disk.

``strace`` stops a small program at its n-th call of one kind, without touching our code, so
this also shows that no change to the disk bypasses the volume.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.model import Patch, Rank
from blankslide.storage.journal import find
from blankslide.storage.slide_files import open_slide
from blankslide.storage.transaction import discard_leftover, resume

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys
from ast import literal_eval
from blankslide.model import Patch
from blankslide.storage.slide_files import open_slide
from blankslide.storage.lock import hold
from blankslide.storage.transaction import Transaction

patches = [Patch(*p) for p in literal_eval(sys.argv[2])]
with open_slide(sys.argv[1], write=True) as slide, hold(slide):
    transaction = Transaction.begin(slide, patches, profile="p", format="f")
    transaction.commit()
    transaction.write()
    print("clean", flush=True)
    transaction.finish()
"""
CALLS = ("pwrite64", "fsync", "fallocate", "rename", "renameat", "renameat2", "unlink", "unlinkat", "ftruncate")
PATCHES = (
    Patch(0, 4000, 300, b"n" * 300),
    Patch(0, 9000, 20000, None, 0, Rank.RELEASED),
    Patch(0, 8, 4, b"\1\2\3\4", 0, Rank.POINTER),
)
BEFORE = random.Random(3).randbytes(60_000)


def _after() -> bytes:
    image = bytearray(BEFORE)
    for p in PATCHES:
        image[p.offset : p.offset + p.length] = bytes(p.length) if p.data is None else p.data
    return bytes(image)


def _run(slide: Path, *options: str) -> subprocess.CompletedProcess[str]:
    patches = repr([tuple(p) for p in PATCHES])
    return subprocess.run(
        ["strace", "-f", "-qq", *options, sys.executable, "-B", "-S", "-c", PROGRAM, str(slide), patches],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "s.svs"
    path.write_bytes(BEFORE)
    return path


@pytest.fixture
def calls(slide: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Return how often an undisturbed run makes each of the calls."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    log = tmp_path_factory.mktemp("strace") / "log"
    done = _run(slide, "-o", str(log), "-e", f"trace={','.join('?' + c for c in CALLS)}")
    if done.returncode or not log.exists():
        pytest.skip("strace may not trace here")
    assert slide.read_bytes() == _after()
    lines = [line.partition(" ")[2].lstrip() for line in log.read_text().splitlines()]
    return {call: n for call in CALLS if (n := sum(line.startswith(call + "(") for line in lines))}


@pytest.mark.slow
def test_killed_before_any_change_to_the_disk_the_slide_is_whole(slide: Path, calls: dict[str, int]) -> None:
    assert sum(calls.values()) >= 12
    untouched = finished = 0
    for call, number in calls.items():
        for n in range(1, number + 1):
            slide.write_bytes(BEFORE)
            killed = _run(
                slide, "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={n}"
            )
            if killed.returncode == 0:
                pytest.skip("strace cannot inject signals here")
            assert killed.returncode in (-9, 137), killed.stderr
            with open_slide(slide, write=True) as opened:
                waiting = find(slide)
                if waiting is None:
                    discard_leftover(slide)
                else:
                    transaction = resume(opened, waiting)
                    transaction.write()
                    transaction.finish()
            assert os.listdir(slide.parent) == ["s.svs"]
            found = slide.read_bytes()
            if found == BEFORE:
                untouched += 1
                assert "clean" not in killed.stdout
            else:
                finished += 1
                assert found == _after()
    assert untouched >= 4
    assert finished >= 4
