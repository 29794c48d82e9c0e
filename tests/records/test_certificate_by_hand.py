"""The page on certificates is true: its commands, run as they stand there, find what a certificate says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blankslide.testing import built

PAGE = Path(__file__).parents[2] / "docs" / "certificate.md"
TOOLS = ("jq", "openssl", "pdfdetach", "sha256sum", "xxd")


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_by_hand_finds_what_the_certificate_says(
    blocks: list[str], tmp_path: Path, run_here: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    built.aperio(tmp_path / "slide.svs", size=(512, 384), factors=(1, 2), macro_size=(400, 140))
    keys = ("--key", "site.key", "--ledger", "ledger.jsonl")
    run_here("anonymize", "--in-place", "slide.svs", *keys)
    for kind in ("html", "pdf"):
        made = run_here("certificate", "slide.svs", "--out", f"study.{kind}", "--thorough", *keys)
        assert made.code == 0, made.text

    def by_hand(number: int) -> str:
        ended = subprocess.run(["bash", "-ec", blocks[number]], capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    html = blocks[0].splitlines()[0]
    subprocess.run(["bash", "-ec", html], check=True, timeout=60)
    page = json.loads(Path("study.json").read_text())
    digest = by_hand(1).split()[0]
    assert f"SHA-256 {digest}." in Path("study.html").read_text()

    by_hand(0)  # its last line is about the PDF
    data = json.loads(Path("study.json").read_text())
    assert data["slides"] == page["slides"]
    computed, stated = by_hand(2).split("\n")[:2]
    assert computed.endswith(stated)
    assert stated == data["seal"]["hmac_sha256"]
    assert data["slides"][0]["files"][0]["sha256"] in by_hand(4) or by_hand(4) == "slide.svs: OK\n"
    slide, entry, head = by_hand(3).splitlines()
    assert slide == f"slide 1: {entry}"
    assert entry == head
