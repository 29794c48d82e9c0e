"""A run that dies between the ledger's entry and the copy's name: the next one makes the copy, and tells it no more."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from blankslide.pipeline import Options, anonymize_copy
from blankslide.records.ledger import Ledger
from blankslide.samples import builders
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that can be killed")


class Last(Ledger):
    """A ledger whose first entry is the last thing that its process does."""

    def append(self, entry: Mapping[str, object]) -> int:
        super().append(entry)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def dies(path: Path, out: Path, options: Options) -> None:
    child = os.fork()
    if not child:
        anonymize_copy(path, out, options)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("name", "profile"), [("slide.svs", "research"), ("slide.svs", "strict"), ("mirax.mrxs", "research")]
)
def test_an_entry_whose_copy_got_no_name_is_not_written_twice(tmp_path: Path, name: str, profile: str) -> None:
    path, out, ledger = tmp_path / "in" / name, tmp_path / "out", tmp_path / "ledger.jsonl"
    path.parent.mkdir()
    if name.endswith(".svs"):
        build_aperio(path, size=(256, 128), factors=(1,), macro_size=(160, 56))
    else:
        builders()[name](path)
    key = bytes(range(32))
    dies(path, out, Options("research", key=key, ledger=Last(ledger)))
    (first,) = ledger.read_bytes().splitlines()
    assert [each.name[:11] for each in out.iterdir()] == [".blankslide"]
    outcome = anonymize_copy(path, out, Options(profile, key=key, ledger=Ledger(ledger)))
    assert (outcome.content, [each.name[0] for each in out.iterdir()].count(".")) == ("clean", 0)
    entries = [json.loads(line)["entry"] for line in ledger.read_bytes().splitlines()]
    assert ledger.read_bytes().splitlines()[0] == first
    assert [each["profile"] for each in entries] == ["research"] + ["strict"] * (profile == "strict")
    assert outcome.transaction == entries[-1]["transaction"]
    assert len({each["transaction"] for each in entries}) == len(entries)


def test_a_copy_that_is_made_again_is_another_transaction(tmp_path: Path) -> None:
    path, ledger = tmp_path / "slide.svs", tmp_path / "ledger.jsonl"
    build_aperio(path, size=(256, 128), factors=(1,), macro_size=(160, 56))
    for folder in ("a", "b", "a"):
        anonymize_copy(path, tmp_path / folder, Options(key=bytes(32), ledger=Ledger(ledger)))
        (tmp_path / folder / "slide.svs").unlink()
    assert len({json.loads(line)["entry"]["transaction"] for line in ledger.read_bytes().splitlines()}) == 3
