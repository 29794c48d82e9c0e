"""``blankslide completion``: real shells ask the real command line what a word may become."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.testing.process import LINES

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., Any]
SETUP = {"bash": "source {script}", "zsh": "autoload -Uz compinit; compinit -u -D; source {script}"}
START = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the scripts of all shells, and let them find a program called ``blankslide``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "blankslide"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{LINES}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def script(shell: str, folder: Path, run_here: Run) -> Path:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    ended = run_here("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    path = folder / f"completion.{shell}"
    path.write_text(ended.out)
    return path


def ask_bash(path: Path, *words: str) -> list[str]:
    """Let bash's own function complete the last of the words."""
    lines = f'source {path}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _blankslide_completion blankslide'
    done = subprocess.run(
        ["bash", "-c", f'{lines}; printf "%s\\n" "${{COMPREPLY[@]}}"', "bash", "blankslide", *words],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout.split()


def test_bash_completes_commands_options_and_choices(tools: Path, run_here: Run) -> None:
    path = script("bash", tools, run_here)
    assert ask_bash(path, "ba") == ["batch"]
    assert {"inspect", "anonymize", "verify", "recover", "profile", "completion"} <= set(ask_bash(path, ""))
    assert ask_bash(path, "batch", "--name") == ["--name", "--names", "--names-columns"]
    assert ask_bash(path, "profile", "") == ["check", "show"]
    assert ask_bash(path, "batch", "--keep", "ma") == ["macro", "map"]
    assert ask_bash(path, "verify", "--profile", "") == ["research", "strict"]
    assert ask_bash(path, "completion", "") == ["bash", "zsh", "fish"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("inspect sl", "file,sl"),
        ("anonymize --in-place ", "file,"),
        ("anonymize --out ", "dir,"),
        ("samples ", "dir,"),
        ("batch --profile si", "file,si"),
        ("batch --jobs ", ""),
        ("batch --name ", ""),
        ("nothing", ""),
    ],
)
def test_files_and_folders_are_left_to_the_shell(
    run_here: Run, monkeypatch: pytest.MonkeyPatch, words: str, kind: str
) -> None:
    monkeypatch.setenv("_BLANKSLIDE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"blankslide {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" "))))
    assert run_here().out.strip() == kind


class Typist:
    """A person at a terminal with a shell."""

    def __init__(self, command: list[str], folder: Path) -> None:
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.environ.update(PS1="READY ", TERM="dumb", INPUTRC="/dev/null")
            os.execvp(command[0], command)  # noqa: S606
        self.pid = pid

    def types(self, text: str, until: str) -> str:
        """Type, and read until something appears; return all that appeared."""
        os.write(self.terminal, text.encode())
        seen, end = "", time.monotonic() + 60
        while until not in seen and time.monotonic() < end:
            if select.select([self.terminal], [], [], 1)[0]:
                seen += os.read(self.terminal, 1 << 16).decode("utf-8", "replace")
        assert until in seen, seen
        return seen

    def leave(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


@pytest.fixture
def typist() -> Iterator[list[Typist]]:
    made: list[Typist] = []
    yield made
    for each in made:
        each.leave()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_person_presses_tab(shell: str, tools: Path, tmp_path: Path, run_here: Run, typist: list[Typist]) -> None:
    path = script(shell, tools, run_here)
    (tmp_path / "notes.txt").write_text("no slide")
    typist.append(Typist(START[shell], tmp_path))
    (at,) = typist
    at.types(f"{SETUP[shell].format(script=path)}; echo set'tled'\n", "settled")
    at.types("blankslide insp\t", "inspect")
    at.types("no\t", "tes.txt")
    at.types("\n", "text file")


def test_fish_completes(tools: Path, run_here: Run) -> None:
    path = script("fish", tools, run_here)

    def ask(line: str) -> list[str]:
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {path}; complete -C '{line}'"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return [each.split("\t")[0] for each in done.stdout.splitlines()]

    assert ask("blankslide ba") == ["batch"]
    assert ask("blankslide batch --names-") == ["--names-columns"]


def test_a_shell_that_is_not_known_is_named(run_here: Run) -> None:
    ended = run_here("completion", "tcsh")
    assert ended.code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in ended.err
