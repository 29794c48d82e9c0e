"""The pages for a laboratory are true: what they tell people to type works, what they quote is really said."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blankslide.testing import built

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text() for name in ("nas", "technician", "officer", "certificate")}
SMALL: dict[str, Any] = {"size": (512, 384), "factors": (1, 2)}
COMMAND = re.compile(r"\bblankslide ([a-z]+)((?: (?:[a-z]+|--[a-z-]+))*)")


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGES[page], re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_are_there(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGES[page]):
        assert (DOCS / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_exist(page: str) -> None:
    import click

    from blankslide.cli.commands import main

    context = click.Context(main)
    for name, more in COMMAND.findall("\n".join(re.findall(r"^    .*|`blankslide [^`]*`", PAGES[page], re.MULTILINE))):
        if name == "watch" and name not in main.list_commands(context):
            continue  # its page is of a later step
        command = main.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            first = more.split()[0] if more.split() else ""
            command = command.commands.get(first) or command.commands["make"]
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", more)) <= known, (name, more)


def test_the_first_steps_on_a_nas_work(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    for block in blocks("nas", "sh"):
        subprocess.run(["bash", "-euc", block], check=True, cwd=tmp_path, timeout=60)
    url = (tmp_path / "blankslide/secrets/ledger_url").read_text()
    assert re.fullmatch(r"postgresql://blankslide:[0-9a-f]{48}@postgres/blankslide", url)
    assert {path.name for path in (tmp_path / "slides").iterdir()} == {"in", "out", "quarantine", "originals"}


def test_the_settings_of_a_nas_are_those_of_the_compose_file() -> None:
    (block,) = blocks("nas", "ini")
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert {line.split("=")[0] for line in block.splitlines()} == asked
    secrets = set(re.findall(r"file: \./secrets/(\w+)", (ROOT / "compose.yaml").read_text()))
    assert all(f"secrets/{name}" in PAGES["nas"] for name in secrets)


def test_a_requesters_file_is_one_that_the_watch_reads(tmp_path: Path) -> None:
    (block,) = blocks("nas", "toml")
    said = tomllib.loads(block)
    assert all(isinstance(value, str) for value in said.values())
    policies = pytest.importorskip("blankslide.watch.policies", reason="this version has no watched folder")
    (tmp_path / "blankslide.toml").write_text(block)
    assert policies._read(str(tmp_path / "blankslide.toml")) == said


# -- what the person at the scanner reads ------------------------------------------------


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory, run_here: Callable[..., Any]) -> str:
    """Return what is said of slides that cannot be done."""
    folder = tmp_path_factory.mktemp("bad")
    whole = folder / "whole.svs"
    built.aperio(whole, **SMALL)
    data = whole.read_bytes()
    (folder / "half.svs").write_bytes(data[: len(data) // 2])
    (folder / "zero.svs").write_bytes(b"")
    (folder / "text.svs").write_text("hello")
    (folder / "slide.vsi").write_bytes(b"II*\0" + b"\0" * 99)
    built.build_mirax(folder / "set.mrxs")
    next((folder / "set").glob("Data*.dat")).unlink()
    names = ("half.svs", "zero.svs", "text.svs", "slide.vsi", "set.mrxs")
    said: str = run_here("anonymize", "--dry-run", *(folder / name for name in names)).text
    return said


def test_each_reason_on_the_page_is_one_that_is_really_given(reasons: str) -> None:
    quoted = re.findall(r"^\| `([^`]+)`", PAGES["technician"], re.MULTILINE)
    assert len(quoted) == 6
    for sentence in quoted:
        start = sentence.removesuffix("…")
        assert start in reasons or start == "NOT clean: ", sentence


def test_the_picture_of_the_quarantine_shows_what_is_said(reasons: str) -> None:
    picture = (DOCS / "images" / "lab-quarantine.svg").read_text()
    found = re.search(r"says why: ([^<\"]+)", picture)
    assert found is not None
    assert found[1] in reasons
    assert f"`{found[1]}`" in PAGES["technician"]


def test_the_picture_of_the_folders_is_that_of_the_start_command() -> None:
    text = (ROOT / "Dockerfile").read_text()
    start = json.loads(next(line for line in text.splitlines() if line.startswith("CMD "))[4:])
    picture = (DOCS / "images" / "lab-folders.svg").read_text()
    for folder in (word for word in start if word.startswith("/slides/")):
        assert f">{Path(folder).name}</text>" in picture
        assert f"`{Path(folder).name}`" in PAGES["technician"]
    assert 'role="img"' in picture
    assert "prefers-color-scheme: dark" in picture
