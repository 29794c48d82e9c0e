"""The format pages in docs/formats say what the format files say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from blankslide.formats import all_formats

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "format-pages"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def test_the_pages_are_those_of_the_format_files() -> None:
    done = run("--check")
    assert done.returncode == 0, done.stderr


def test_a_stale_a_missing_and_a_homeless_page_are_noticed(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    assert {p.stem for p in tmp_path.iterdir()} == {f.name for f in all_formats()}
    assert run("--check", tmp_path).returncode == 0
    page = tmp_path / "aperio.md"
    text = page.read_text(encoding="utf-8")
    for damage in (lambda: page.write_text(text + "x"), page.unlink, lambda: (tmp_path / "old.md").write_text("x")):
        damage()
        assert run("--check", tmp_path).returncode == 1
        assert run(tmp_path).returncode == 0
        assert run("--check", tmp_path).returncode == 0


def test_a_page_holds_docstring_tables_and_promises() -> None:
    text = (ROOT / "docs" / "formats" / "aperio.md").read_text(encoding="utf-8")
    for part in ("# Aperio SVS", "NewSubfileType", "| `barcode` | direct |", "**Removes:**", "aperio.tag.scan-date"):
        assert part in text


def test_the_readme_lists_every_format(tmp_path: Path) -> None:
    """Red? Run `make generated`."""
    command = [sys.executable, ROOT / "scripts" / "readme-formats"]
    assert subprocess.run([*command, "--check"], capture_output=True).returncode == 0
    copy = tmp_path / "README.md"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    copy.write_text(re.sub(r"- \[Aperio SVS\].*\n", "", text), encoding="utf-8")
    assert subprocess.run([*command, "--check", copy], capture_output=True).returncode == 1
    assert subprocess.run([*command, copy], capture_output=True).returncode == 0
    assert copy.read_text(encoding="utf-8") == text
