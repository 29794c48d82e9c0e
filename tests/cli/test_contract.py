"""The command line's contract: exit codes, JSON, several slides, folders, refusals.

Real processes. No run may print a traceback (`run_cli` sees to it); a refusal goes to stderr,
says that nothing was changed, and is true.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blankslide import __version__
from blankslide.errors import BlankslideError
from blankslide.testing.process import START, Ended, run_cli

fcntl = pytest.importorskip("fcntl", reason="flock is how a POSIX system locks")

COMMANDS = (("inspect",), ("verify",), ("recover",), ("anonymize", "--in-place"))
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(80)
Make = Callable[..., tuple[Path, Any]]


def check_refusal(ended: Ended, code: int, path: Path, before: bytes | None) -> None:
    """One line on stderr with the name; the file is as it was."""
    assert (ended.code, ended.out) == (code, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"{path.name} · ")
    assert "nothing was changed" in line
    assert before is None or path.read_bytes() == before


# -- exit codes ----------------------------------------------------------------------------


def test_exit_codes_of_a_slide_s_life(slide: Path) -> None:
    assert run_cli("inspect", slide).code == 0
    assert run_cli("verify", slide).code == 1
    assert run_cli("anonymize", "--dry-run", slide).code == 0
    assert run_cli("verify", slide).code == 1
    assert run_cli("recover", slide).code == 0
    assert run_cli("anonymize", "--in-place", slide).code == 0
    assert run_cli("verify", slide).code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_file_is_2(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "missing.svs"
    check_refusal(run_cli(*command, path), 2, path, None)


@pytest.mark.parametrize("command", [("inspect",), ("verify",), ("anonymize", "--in-place")])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"I",
        b"II*\0",
        b"II*\0\x08\0\0\0",
        PNG,
        b"MZ" * 500,
        b"\0" * 4096,
        b"%PDF-1.7\n",
        b"II+\0\x08\0\0\0" + b"\xff" * 8,
    ],
    ids=["empty", "one byte", "header only", "no directory", "PNG", "program", "zeros", "PDF", "BigTIFF to nowhere"],
)
def test_what_is_no_slide_is_3(tmp_path: Path, command: tuple[str, ...], content: bytes) -> None:
    path = tmp_path / "notes.svs"
    path.write_bytes(content)
    check_refusal(run_cli(*command, path), 3, path, content)


def test_png_named_like_a_slide_is_named_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.svs"
    path.write_bytes(PNG)
    assert "notes.svs · not a slide I know: PNG image · nothing was changed" in run_cli("inspect", path).err


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_truncated_slide_is_3(slide: Path, part: float) -> None:
    data = slide.read_bytes()[: int(slide.stat().st_size * part)]
    slide.write_bytes(data)
    check_refusal(run_cli("anonymize", "--in-place", slide), 3, slide, data)
    assert os.listdir(slide.parent) == [slide.name]


def test_read_only_file_is_4(slide: Path) -> None:
    before = slide.read_bytes()
    slide.chmod(0o444)
    check_refusal(run_cli("anonymize", "--in-place", slide), 4, slide, before)
    assert run_cli("inspect", slide).code == 0
    assert stat.S_IMODE(slide.stat().st_mode) == 0o444


def test_locked_slide_is_4(slide: Path) -> None:
    before = slide.read_bytes()
    with slide.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        check_refusal(run_cli("anonymize", "--in-place", slide), 4, slide, before)
    assert run_cli("anonymize", "--in-place", slide).code == 0


def test_hard_link_is_4(slide: Path) -> None:
    before = slide.read_bytes()
    os.link(slide, slide.with_name("other.svs"))
    ended = run_cli("anonymize", "--in-place", slide)
    check_refusal(ended, 4, slide, before)
    assert "2 names" in ended.err


def test_symbolic_link_leads_to_the_slide(slide: Path) -> None:
    link = slide.with_name("link.svs")
    link.symlink_to(slide)
    assert run_cli("anonymize", "--in-place", link).code == 0
    assert link.is_symlink()
    assert run_cli("verify", slide).code == 0


@pytest.mark.parametrize("kind", ["pipe", "device", "loop"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.svs"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    ended = run_cli("anonymize", "--in-place", path, timeout=20)
    assert ended.code in (2, 3, 4)
    assert "nothing was changed" in ended.err


def test_interrupted_slide_is_5_until_recovered(slide: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    kill = ("strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=pwrite64:signal=SIGKILL:when=3")
    assert run_cli("anonymize", "--in-place", slide, before=kill).code == -9
    for command in (("inspect",), ("verify",), ("anonymize", "--dry-run")):
        ended = run_cli(*command, slide)
        assert ended.code == 5
        assert "recover" in ended.text
        (row,) = run_cli(*command, "--json", slide).slides
        assert row["content"] == "pending"
    assert run_cli("recover", slide).code == 0
    assert run_cli("verify", slide).code == 0


@pytest.mark.parametrize(
    "wrong",
    [
        ["anonymize"],
        ["anonymize", "{slide}"],
        ["inspect"],
        ["inspect", "--no-such-option", "{slide}"],
        ["no-such-command"],
        ["anonymize", "--in-place", "--profile", "no-such-profile", "{slide}"],
        ["anonymize", "--in-place", "--profile", "missing.toml", "{slide}"],
        ["verify", "--profile", "x", "{slide}"],
        ["anonymize", "--in-place", "--ledger", "ftp://nowhere", "{slide}"],
    ],
)
def test_wrong_usage_is_2_and_changes_nothing(slide: Path, wrong: list[str]) -> None:
    before = slide.read_bytes()
    ended = run_cli(*(w.format(slide=slide) for w in wrong))
    assert ended.code == 2
    assert ended.err.strip()
    assert slide.read_bytes() == before


def test_profile_with_a_mistake_names_the_line(slide: Path, tmp_path: Path) -> None:
    profile = tmp_path / "site.toml"
    profile.write_text('name = "site"\n[classes]\nquasi = "keep"\ndirekt = "remove"\n')
    ended = run_cli("anonymize", "--in-place", "--profile", profile, slide)
    assert ended.code == 2
    assert "site.toml, line 4" in ended.err


# -- several slides ------------------------------------------------------------------------


def test_one_bad_slide_never_stops_the_others(make: Make, tmp_path: Path) -> None:
    good, late = make("good.svs")[0], make("late.svs")[0]
    bad = tmp_path / "bad.svs"
    bad.write_bytes(good.read_bytes()[:9000])
    missing = tmp_path / "missing.svs"
    ended = run_cli("anonymize", "--in-place", bad, good, missing, late)
    assert ended.code == 3
    assert [line.split(" · ")[0] for line in ended.out.splitlines()] == ["good.svs", "late.svs"]
    assert [line.split(" · ")[0] for line in ended.err.splitlines()] == ["bad.svs", "missing.svs"]
    assert run_cli("verify", good, late).code == 0


def test_worst_code_wins(make: Make, tmp_path: Path) -> None:
    dirty, bad, missing = make("dirty.svs")[0], tmp_path / "bad.svs", tmp_path / "missing.svs"
    bad.write_bytes(b"")
    assert run_cli("verify", dirty, bad, missing).code == 1
    assert run_cli("verify", bad, missing).code == 3
    assert run_cli("verify", missing).code == 2


def test_folder_is_searched_and_strangers_do_not_count(make: Make, tmp_path: Path) -> None:
    make("slides/a.svs")
    make("slides/deep/er/b.svs")
    (tmp_path / "slides/notes.txt").write_text("no slide")
    (tmp_path / "slides/deep/picture.png").write_bytes(PNG)
    (tmp_path / "slides/.hidden.svs").write_bytes(b"")
    ended = run_cli("anonymize", "--in-place", tmp_path / "slides")
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 2
    assert ended.err == "2 other files were left alone\n"
    assert (tmp_path / "slides/notes.txt").read_text() == "no slide"


def test_folder_without_slides(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no slide")
    (tmp_path / "empty").mkdir()
    ended = run_cli("inspect", tmp_path, tmp_path / "empty")
    assert (ended.code, ended.out) == (0, "")
    assert f"no slide found in {tmp_path.name}" in ended.err
    assert "no slide found in empty" in ended.err
    assert "1 other file was left alone" in ended.err


def test_damaged_slide_in_a_folder_counts(make: Make, tmp_path: Path) -> None:
    path = make("slides/a.svs")[0]
    path.write_bytes(path.read_bytes()[:9000])
    assert run_cli("verify", tmp_path / "slides").code == 3


def test_anonymize_names_several_slides_by_a_pattern_and_by_a_table(make: Make, tmp_path: Path) -> None:
    for name in ("one.svs", "two.svs"):
        make(f"in/{name}")
    (tmp_path / "names.csv").write_text("old,new\none,STUDY-9\ntwo,STUDY-8\n")
    slides = [tmp_path / "in" / name for name in ("one.svs", "two.svs")]
    ended = run_cli("anonymize", *slides, "--out", tmp_path / "a", "--name", "STUDY-{n:02}", "--json")
    assert [ended.code, *(row["content"] for row in ended.slides)] == [0, "clean", "clean"]
    assert sorted(os.listdir(tmp_path / "a")) == ["STUDY-01.svs", "STUDY-02.svs"]
    ended = run_cli("anonymize", tmp_path / "in", "--in-place", "--names", tmp_path / "names.csv")
    assert ended.code == 0
    assert sorted(os.listdir(tmp_path / "in")) == ["STUDY-8.svs", "STUDY-9.svs"]


def test_same_slide_named_twice(slide: Path) -> None:
    ended = run_cli("anonymize", "--in-place", slide, slide)
    assert ended.code == 0
    assert [line.count("nothing to do") for line in ended.out.splitlines()] == [0, 1]


# -- JSON ----------------------------------------------------------------------------------


def check_shape(row: dict[str, Any]) -> None:
    assert {"path", "format", "content", "medium", "name", "findings", "error"} <= set(row)
    assert row["content"] in ("clean", "untouched", "pending", "residue")
    assert row["medium"] in ("overwritten", "relocated", "shared", "unknown")
    assert row["name"] in ("plain", "identifying", "unknown")
    assert row["error"] is None or isinstance(row["error"], str)
    for finding in row["findings"]:
        assert set(finding) == {"id", "class", "action", "count"}
        assert finding["class"] in "DQVKPIS?"
        assert finding["action"] in "KXZDCU"
        assert finding["count"] >= 1


@pytest.mark.parametrize("command", COMMANDS)
def test_json_has_one_shape(make: Make, tmp_path: Path, command: tuple[str, ...]) -> None:
    bad = tmp_path / "bad.svs"
    bad.write_bytes(PNG)
    ended = run_cli(*command, "--json", make("good.svs")[0], bad, tmp_path / "missing.svs")
    assert ended.err == ""
    assert [Path(row["path"]).name for row in ended.slides] == ["good.svs", "bad.svs", "missing.svs"]
    for row in ended.slides:
        check_shape(row)
    _, stranger, missing = ended.slides
    assert missing["error"]
    assert bool(stranger["error"]) != (command == ("recover",)), "what is no slide has nothing to recover"
    assert stranger["format"] is None


def test_json_of_a_clean_run(slide: Path) -> None:
    (row,) = run_cli("anonymize", "--in-place", "--json", slide).slides
    assert (row["format"], row["content"], row["error"]) == ("aperio", "clean", None)
    assert {"picture.label", "picture.macro", "aperio.description.user"} <= {f["id"] for f in row["findings"]}


def test_json_of_formats_names_readers() -> None:
    (row,) = [f for f in json.loads(run_cli("formats", "--json").out)["formats"] if f["name"] == "aperio"]
    assert row["readers"] == ["OpenSlide", "tifffile", "fastslide", "slideio"]


# -- help, and the commands without slides -----------------------------------------------------


def test_help_is_readable() -> None:
    ended = run_cli("--help")
    assert ended.code == 0
    assert "\\b" not in ended.out
    lines = ended.out.splitlines()
    assert any(line.strip().startswith("blankslide inspect SLIDE ") for line in lines)
    assert any(line.strip().startswith("5  interrupted") or "  5  interrupted" in line for line in lines)
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("command", ["inspect", "anonymize", "verify", "recover", "samples", "formats", "demo"])
def test_every_command_has_help(command: str) -> None:
    for option in ("--help", "-h"):
        ended = run_cli(command, option)
        assert (ended.code, ended.err) == (0, "")
        assert f"blankslide {command}" in ended.out


def test_version() -> None:
    assert __version__ in run_cli("--version").out


def test_samples_writes_slides_and_the_key(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "samples"
    ended = run_cli("samples", folder)
    assert (ended.code, ended.err) == (0, "")
    names = {"aperio-classic.svs", "aperio-big.svs", "aperio-gt450.svs", "planted.json"}
    assert names <= set(os.listdir(folder))
    assert run_cli("verify", folder).code == 1


def test_samples_where_nothing_can_be_written_is_4(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = run_cli("samples", tmp_path / "file" / "below")
    assert (ended.code, ended.out) == (4, "")


def test_formats_are_told() -> None:
    ended = run_cli("formats")
    assert ended.code == 0
    assert "Aperio SVS (aperio) · .svs" in ended.out
    assert "OpenSlide, tifffile" in ended.out


#: Lets an interpreter do without the packages of blankslide[readers]: read by each Python that starts with it.
BASE_INSTALL = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("fastslide", "isyntax", "mrxsslide", "pylibCZIrw", "slideio", "wsidicom"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
"""


def test_demo_ends_clean_without_extras_and_says_where_its_slides_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, it took its slides away at the end, and exit code 3 from those that only extra readers can judge."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(BASE_INSTALL)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ended = run_cli("demo", env={"PYTHONPATH": f"{tmp_path / 'site'}:{os.environ.get('PYTHONPATH', '')}"})
    assert (ended.code, ended.err) == (0, "")
    slides = ended.out.count("things planted, ")
    assert slides >= 3
    assert ended.out.count("things planted, 0 of their values left in the file") == slides
    assert (
        f"2 of {slides + 2} slides need a reader that is not installed: pip install 'blankslide[readers]'" in ended.out
    )
    *_, where, following = ended.out.splitlines()
    (folder,) = (path for path in tmp_path.iterdir() if path.name != "site")
    assert where.startswith(f"The slides lie in {folder}: ")
    assert following.startswith(f"next: blankslide verify {folder}; ")
    assert (folder / "aperio-classic.svs").is_file()


def test_every_error_of_the_tree_has_a_code_of_the_contract() -> None:
    def tree(cls: type[BlankslideError]) -> set[int]:
        return {cls.exit_code}.union(*map(tree, cls.__subclasses__()))

    assert tree(BlankslideError) == {2, 3, 4, 5, 70, 130}


def test_a_reader_that_leaves_is_no_fault_of_the_slide(slide: Path) -> None:
    with subprocess.Popen(
        [*START, "inspect", str(slide), str(slide)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        said = run.stderr.read().decode()
    assert "nothing was changed" not in said
    assert "Traceback" not in said
    assert run.returncode != 0
