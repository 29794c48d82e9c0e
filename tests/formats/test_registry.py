"""A new format is one file in formats/, one in samples/ and one test; nobody lists it by hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blankslide import formats
from blankslide.errors import ContradictorySlide, NotASlide
from blankslide.formatkit.protocol import Format, Probe
from blankslide.formats import all_formats, detect, registered
from blankslide.testing.memory import MemorySlide

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "blankslide"
TOY = ROOT / "tests" / "toy"


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the package and add three files: the whole work of adding a format."""
    root = tmp_path_factory.mktemp("grown")
    shutil.copytree(PACKAGE, root / "src" / "blankslide", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(TOY / "format.py", root / "src" / "blankslide" / "formats" / "toyscope.py")
    shutil.copyfile(TOY / "sample.py", root / "src" / "blankslide" / "samples" / "toyscope.py")
    shutil.copyfile(TOY / "case.py", root / "test_toyscope.py")
    return root


def run(root: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


CLI = ("-c", "from blankslide.cli import main; main()")


def test_the_command_line_knows_a_format_that_was_only_dropped_in(grown: Path) -> None:
    assert "Toyscope" in run(grown, *CLI, "formats")
    run(grown, *CLI, "samples", "out")
    assert (grown / "out" / "toyscope.toy").is_file()
    assert "toyscope.toy · Toyscope" in run(grown, *CLI, "inspect", "out/toyscope.toy")
    assert run(grown, *CLI, "anonymize", "--in-place", "--ledger", "none", "out/toyscope.toy").count("clean") == 1


def test_its_conformance_test_passes_unchanged(grown: Path) -> None:
    out = run(grown, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:npe2", "test_toyscope.py")
    assert re.search(r"2\d passed", out)


def test_no_file_outside_names_a_format_module() -> None:
    """Formats and samples are found by walking; an import by name elsewhere would be a list by hand."""
    names = "|".join(p.stem for p in (PACKAGE / "formats").glob("[a-z]*"))
    direct = re.compile(rf"(?:from|import) blankslide\.formats(?:\.| import )(?:{names})\b")
    outside = [p for p in PACKAGE.rglob("*.py") if p.parent.parent != PACKAGE / "formats" and p.name != "ps315.py"]
    guilty = [p.name for p in outside if direct.search(p.read_text(encoding="utf-8"))]
    assert guilty == []


def test_every_module_of_the_package_is_in_the_registry() -> None:
    found = {type(f).__module__.removeprefix("blankslide.formats.") for f in all_formats()}
    folder = PACKAGE / "formats"
    assert found == {p.stem for p in folder.glob("[a-z]*.py")} | {
        f"{p.parent.name}.{p.stem}" for p in folder.glob("*/format*.py")
    }


def test_the_card_read_as_text_is_what_the_format_says() -> None:
    for card in formats._cards():
        known = formats._load(card.module)
        assert (card.name, card.marks, card.suffixes) == (known.name, known.marks, known.suffixes)
        assert known.fallback is (card.marks == ())


def test_two_formats_that_accept_are_an_error_and_a_guest_leaves_again() -> None:
    class Greedy(Format):
        name = title = "Greedy"

        def detect(self, probe: Probe) -> str | None:
            return None

    one, two = Greedy(), Greedy()
    probe = Probe(MemorySlide({"x": b"x" * 99}, "x"))
    with registered(one):  # type: ignore[arg-type]
        assert detect(probe) is one
        with registered(two), pytest.raises(ContradictorySlide, match="Greedy and Greedy"):  # type: ignore[arg-type]
            detect(probe)
    with pytest.raises(NotASlide):
        detect(probe)
