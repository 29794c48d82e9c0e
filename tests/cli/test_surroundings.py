"""Odd surroundings: a terminal that knows few letters, a user without a home, a folder that is none."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from blankslide.testing.process import START, Ended, run_cli

LETTERS = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "cp1252"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
]
few_letters = pytest.mark.parametrize("env", LETTERS, ids=["ascii", "cp1252", "C"])


@pytest.fixture
def two(make: Callable[..., tuple[Path, object]]) -> tuple[Path, Path]:
    return make("a.svs")[0], make("b\udcff.svs")[0]


@few_letters
def test_a_terminal_of_few_letters_stops_no_run(two: tuple[Path, Path], tmp_path: Path, env: dict[str, str]) -> None:
    env = {**env, "PYTHONUTF8": "0"}
    (tmp_path / "brok\u00e9n.svs").write_bytes(two[0].read_bytes()[:-100])
    for command in (
        ["inspect", "--show-values"],
        ["anonymize", "--dry-run"],
        ["anonymize", "--in-place"],
        ["verify"],
        ["recover"],
    ):
        ended = run_cli(*command, tmp_path, env=env)
        assert ended.code == (0 if command == ["recover"] else 3), ended.text
        assert all(name in ended.out for name in ("a.svs", "b\\xff.svs")), ended.text
        assert "n.svs" in ended.text
    if env.get("PYTHONIOENCODING") != "cp1252":
        assert ended.text.isascii()


@few_letters
@pytest.mark.parametrize("command", [["formats"], ["--help"], ["inspect", "--n\u00f6\u2192"], ["demo", "--help"]])
def test_what_needs_no_slide_is_told_there_too(command: list[str], env: dict[str, str]) -> None:
    ended = run_cli(*command, env={**env, "PYTHONUTF8": "0"})
    assert ended.code == (2 if len(command) == 2 and command[0] == "inspect" else 0)


def test_signs_become_their_look_alikes(two: tuple[Path, Path]) -> None:
    out = run_cli("inspect", two[0], env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}).out
    assert "a.svs - Aperio SVS - 512x384, 2 levels, 0.499 um/px" in out
    assert "\n *  picture.label" in out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_the_table_of_a_terminal_too(two: tuple[Path, Path], encoding: str) -> None:
    ours, theirs = pty.openpty()
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "COLUMNS": "100", "TERM": "xterm"}
    with subprocess.Popen([*START, "inspect", *two], stdout=theirs, stderr=theirs, env=env) as run:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 1 << 16):
                seen += part
        except OSError:  # the other end was closed
            pass
    os.close(ours)
    assert run.returncode == 0, seen
    assert seen.count(b"picture.label") == 2
    assert b"*" in seen


EMPTY = [
    ["anonymize", "--in-place", ""],
    ["anonymize", "--in-place", "--", ""],
    ["anonymize", "--out", "", "a.svs"],
    ["anonymize", "--out=", "a.svs"],
    ["anonymize", "--in-place", "--key", "", "a.svs"],
    ["batch", "--in-place", "--jobs", "1", ""],
    ["recover", ""],
    ["verify", "a.svs", ""],
    ["watch", "", "--in-place", "--once", "--quiet", "0"],
    ["samples", ""],
    ["ledger", "list", "--ledger", ""],
    [""],
]


@pytest.mark.parametrize("words", EMPTY, ids=[" ".join(words) or "nothing" for words in EMPTY])
def test_an_empty_word_is_not_the_folder_that_a_person_is_in(two: tuple[Path, Path], words: list[str]) -> None:
    before = {path: path.read_bytes() for path in two[0].parent.iterdir()}
    ended = subprocess.run([*START, *words], capture_output=True, text=True, cwd=two[0].parent, timeout=60)
    assert ended.returncode == 2, ended.stderr
    assert "is empty: is a variable of your shell not set?" in ended.stderr
    assert {path: path.read_bytes() for path in two[0].parent.iterdir()} == before


def test_an_equals_sign_at_the_end_of_a_value_is_no_empty_word(two: tuple[Path, Path]) -> None:
    ended = run_cli("anonymize", "--dry-run", "--requester", "Study=", two[0])
    assert ended.code == 0, ended.text


@pytest.mark.skipif(os.name != "posix", reason="a folder in use cannot be removed there")
@pytest.mark.parametrize(
    "words", [["batch", "--out", "o"], ["anonymize", "--out", "o"], ["watch", "--once", "--out", "o"]]
)
def test_a_folder_that_is_gone_while_one_is_in_it_is_4(
    two: tuple[Path, Path], tmp_path: Path, words: list[str]
) -> None:
    there = two[0].parent if words[0] == "watch" else two[0]
    code = f"import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n{START[-1]}"
    ended = subprocess.run(
        [sys.executable, "-c", code, *words, str(there)], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert ended.returncode == 4, ended.stderr
    assert "the folder that you are in is not there any more \u00b7 go into another one: cd" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_mistake_of_ours_is_70_and_says_where_and_no_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from blankslide.cli import main, show

    def broken(as_json: bool) -> None:
        raise KeyError("KOWALSKI^ANNA")

    monkeypatch.setattr(show, "formats", broken)
    with pytest.raises(SystemExit) as ended:
        main(["formats"])
    said = capsys.readouterr()
    assert ended.value.code == 70
    assert "our own mistake (KeyError)" in said.err
    assert "blankslide.cli.commands, line" in said.err
    assert "KOWALSKI" not in said.err
    assert "Traceback" not in said.err


def test_it_runs_as_a_module(two: tuple[Path, Path]) -> None:
    done = subprocess.run([sys.executable, "-m", "blankslide", "inspect", two[0]], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("a.svs \u00b7 Aperio")
    usage = subprocess.run([sys.executable, "-m", "blankslide", "inspect"], capture_output=True, text=True)
    assert usage.returncode == 2
    assert usage.stderr.startswith("Usage: blankslide inspect")


# -- nobody's home -------------------------------------------------------------------------

STRANGER = (
    *("env", "-u", "HOME", "-u", "XDG_STATE_HOME", "-u", "XDG_CONFIG_HOME"),
    *("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),  # pip's folders may be root's own
)


@pytest.fixture
def homeless() -> Callable[..., Ended]:
    """Return a function that runs the command line as a user whom this machine does not know."""
    if os.name != "posix" or shutil.which("setpriv") is None or os.geteuid() != 0:
        pytest.skip("becoming an unknown user needs root and setpriv")
    if subprocess.run([*STRANGER, "true"], capture_output=True).returncode:
        pytest.skip("this kernel gives no ambient capabilities")

    def run(*arguments: str | Path, **env: str) -> Ended:
        return run_cli(*arguments, before=[*STRANGER, "env", *(f"{k}={v}" for k, v in env.items())])

    return run


def test_looking_needs_no_home(homeless: Callable[..., Ended], two: tuple[Path, Path]) -> None:
    for command in (["inspect"], ["inspect", "--json"]):
        assert homeless(*command, two[0]).code == 0
    assert homeless("anonymize", "--dry-run", two[0]).code == 0
    assert homeless("verify", two[0]).code == 1
    assert homeless("formats").code == 0


def test_without_a_home_it_is_said_what_to_set(homeless: Callable[..., Ended], two: tuple[Path, Path]) -> None:
    before = two[0].read_bytes()
    for more, missing in (
        ([], "--key"),
        (["--key", two[0].with_name("site.key")], "--ledger"),
        (["--ledger", "none"], "--key"),
    ):
        ended = homeless("anonymize", "--in-place", *more, two[0])
        assert (ended.code, ended.out) == (4, "")
        assert len(ended.err.splitlines()) == 1
        assert missing in ended.err
        assert "XDG_" in ended.err
    assert two[0].read_bytes() == before


def test_without_a_home_places_can_be_named(homeless: Callable[..., Ended], two: tuple[Path, Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to all but root
        one, other = (shutil.copyfile(slide, Path(folder) / f"{i}.svs") for i, slide in enumerate(two))
        for path in (Path(folder), one, other):
            os.chown(path, 12345, 12345)
        named = ["--key", f"{folder}/site.key", "--ledger", f"{folder}/l.jsonl"]
        assert homeless("anonymize", "--in-place", *named, one).code == 0
        places = {"XDG_CONFIG_HOME": f"{folder}/c", "XDG_STATE_HOME": f"{folder}/s"}
        assert homeless("anonymize", "--in-place", other, **places).code == 0
        assert (Path(folder) / "c/blankslide/site.key").is_file()
        assert (Path(folder) / "s/blankslide/ledger.jsonl").is_file()


# -- folders that are none -----------------------------------------------------------------


@pytest.mark.parametrize("command", [["demo", "--dir"], ["samples"]], ids=["demo", "samples"])
@pytest.mark.parametrize("where", ["file", "file/below", "/proc/below"])
def test_a_folder_that_cannot_be_is_4(tmp_path: Path, command: list[str], where: str) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = run_cli(*command, os.path.join(tmp_path, where))
    assert (ended.code, ended.out) == (4, "")
    assert len(ended.err.splitlines()) == 1
    assert "cannot be" in ended.err
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_demo_without_room_is_4(tmp_path: Path) -> None:
    ended = run_cli("demo", before=["sh", "-c", 'ulimit -f 20; exec "$@"', "sh"])
    assert (ended.code, len(ended.err.splitlines())) == (4, 1), ended.text
