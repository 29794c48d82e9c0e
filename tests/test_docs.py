"""Every page of the documentation can be relied on: its commands can be typed, its code compiles, its links lead on.

That they do what they say is for `test_snippets.py`; these look at whatever a page holds, prose too.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from blankslide.cli.commands import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the command lines of a page, as words; a backslash continues a line, ``#`` or two spaces begin a remark."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^\s*(?:\$ )?(blankslide [a-z].*)$", text, re.MULTILINE):
        if re.search(r"\[--|\u2026|\.\.\.|^blankslide \w+ (is|was|are)\b", line):
            continue  # a sketch of the options, or a sentence
        words = shlex.split(re.split(r" {2,}", line)[0], comments=True)
        for stop in (">", "|", ">>", "&&", "2>&1"):
            words = words[: words.index(stop)] if stop in words else words
        yield words[1:]


def parsed(words: list[str]) -> None:
    """Read a command line as click does, without running it."""
    context = main.make_context("blankslide", list(words))
    command: click.Command = main
    rest = [*context._protected_args, *context.args]
    while isinstance(command, click.Group) and rest:
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        context = command.make_context(name, rest, parent=context)
        rest = [*context._protected_args, *context.args]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_tells_to_type_can_be_typed(page: Path) -> None:
    for words in commands(page):
        try:
            parsed(words)
        except click.exceptions.Exit:
            continue  # --help
        except click.UsageError as error:
            pytest.fail(f"{' '.join(words)}: {error.format_message()}")


#: Options in prose that are not ours: of dask, Slurm, git, napari, jupytext, systemctl and our own scripts.
OTHERS = {
    *("nthreads", "array", "follow", "plugin", "with", "to", "update", "now"),
    *("write", "real", "corpus", "engine", "gui"),
}


def options(command: click.Command, context: click.Context) -> set[str]:
    """Return the long options of a command and of all below it."""
    found = {name for each in command.get_params(context) for name in (*each.opts, *each.secondary_opts)}
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found |= options(below, click.Context(below, parent=context))
    return {name for name in found if name.startswith("--")}


def test_options_in_prose_are_options_that_there_are() -> None:
    """Commands are read as click does; in a sentence an option that went, or is Python's only, would stay unseen."""
    ours = options(main, click.Context(main))
    assert "--mask-macro" in ours
    told = {(page.name, name) for page in PAGES if page.name != "CHANGELOG.md" for name in prose_options(page)}
    assert len(told) > 100
    assert sorted(each for each in told if each[1] not in ours and each[1][2:] not in OTHERS) == []


def prose_options(page: Path) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]+", page.read_text(encoding="utf-8")))


def test_a_wrong_option_on_a_page_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("    $ blankslide inspect --unreadable slide.svs  # a remark\n")
    (words,) = commands(tmp_path / "page.md")
    with pytest.raises(click.UsageError):
        parsed(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_on_a_page_is_code(page: Path) -> None:
    for _, kind, code in FENCED.findall(page.read_text(encoding="utf-8")):
        if kind == "python" and ">>>" not in code:
            is_signature = re.fullmatch(r"[\w.]+\(.*\) -> .*\n", code, re.DOTALL)
            ast.parse(f"def {code.rstrip().replace('.', '_')}: ..." if is_signature else code)
        elif kind == "toml":
            tomllib.loads(code)
        elif kind == "json":
            json.loads(code)
        elif kind == "sh":
            said = subprocess.run(["bash", "-n", "-c", code], capture_output=True, text=True, check=False)
            assert said.returncode == 0, said.stderr


def test_the_site_is_built_and_every_link_in_it_leads_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="mkdocs is not installed")
    run = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    said = subprocess.run(
        run, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    )
    assert said.returncode == 0, said.stdout + said.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= len(PAGES)
    assert _dead_links(tmp_path / "site") == []
    for page in pages:  # nothing is loaded from elsewhere: a page may be read where there is no network
        assert not re.findall(r'(?:src|href)="(https?://[^"]+\.(?:js|css|woff2?))"', page.read_text(encoding="utf-8"))


def _dead_links(site: Path) -> list[str]:
    """Return links of a built site, as a browser would follow them, to files or headings that are not there."""
    texts = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html") if page.name != "404.html"}
    named = {page: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for page, text in texts.items()}
    dead = []
    for page, text in texts.items():
        for link in set(re.findall(r'<a\b[^>]*\bhref="([^"]+)"', text)):
            path, _, heading = unquote(unescape(link)).partition("#")
            if re.match(r"\w+:", path):
                continue
            target = (page.parent / path).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or (heading and target in named and heading not in named[target]):
                dead.append(f"{page.name}: {link}")
    return sorted(dead)
