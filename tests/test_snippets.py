"""What a page shows is run as it stands there: its commands with the slides it speaks of, its Python, its profiles.

A page's commands are run in order, in this process, in a folder that holds what the page presumes (`LAID`). What is
shown below a command must be said, whatever its numbers are. What is run by another test, or cannot be run here, stands
in `APART` with the test's name or the reason; a snippet that is in neither fails, and so does a line of `APART` of
which nothing is left.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.kit.drawing import one_tissue
from blankslide.testing import built
from blankslide.testing.own.pages import Snippet, is_said, snippets, words_of

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    if path.parent.name != "adr" and path.name != "CHANGELOG.md"  # these tell of what was
}
SMALL: dict[str, Any] = {"size": (512, 384), "factors": (1, 2), "macro_size": (400, 140)}
Run = Callable[..., Any]

#: Beginnings of snippets that are not run here: the test that runs or reads them, or why nobody does.
APART: dict[str, dict[str, str]] = {
    "README.md": {
        "make demo": "targets of the Makefile; tests/cli/test_contract.py runs the demo",
        "blankslide samples DIR": "tests/cli/test_contract.py",
    },
    "CONTRIBUTING.md": {
        "class Toyscope": "tests/formats/test_registry.py",
        "cli | jupyter": "a drawing of the rooms; import-linter holds the code to them",
    },
    "docs/api.md": {"python:": "tests/test_api_page.py", "import blankslide": "tests/test_api_page.py"},
    "docs/benchmark.md": {
        "blankslide benchmark": "tests/testing/test_deid.py",
    },
    "docs/batch.md": {"import csv": "tests/batch/test_python.py"},
    "docs/certificate.md": {"sh:": "tests/records/test_certificate_by_hand.py"},
    "docs/conformance.md": {"from blankslide.testing": "tests/testing/test_conformance.py"},
    "docs/developer.md": {"make test": "targets of the Makefile: tests/test_release.py, tests/test_docs.py"},
    "docs/fuzzing.md": {
        "scripts/trust fuzz": "takes hours: tests/testing/test_fuzzing.py",
        "sample =": "tests/testing/test_cases.py",
    },
    "docs/jupyter.md": {"jupytext": "tests/jupyter/test_notebook.py"},
    "docs/ledger.md": {
        "blankslide anonymize --in-place --ledger postgresql:": "tests/records/mirrors/test_postgresql.py",
        "blankslide anonymize --in-place --ledger /data": "tests/records/mirrors/test_postgresql.py",
        "blankslide ledger mirror --ledger postgresql:": "tests/records/mirrors/test_postgresql.py",
        "SELECT date_trunc": "tests/records/mirrors/test_postgresql.py",
        "psql": "tests/records/mirrors/test_postgresql.py",
    },
    "docs/link-table.md": {"import sys, json, base64": "tests/records/test_link_table.py"},
    "docs/napari.md": {
        "pip install blankslide[napari]": "opens a window, and waits for a person; tests/napari/test_reader.py",
        "from blankslide._napari": "tests/napari/test_form.py",
    },
    "docs/nas.md": {
        "sh:": "tests/test_lab_pages.py",
        "ini:": "tests/test_lab_pages.py",
        "requester =": "tests/test_lab_pages.py",
        "docker": "there is no Docker daemon here: tests/test_containers.py runs what the image runs in a stand-in",
    },
    "docs/pictures.md": {
        "blankslide inspect --pictures": "takes seconds a slide: tests/cli/test_pictures.py",
        "blankslide anonymize --in-place --pictures": "tests/cli/test_pictures.py",
        "blankslide verify --pictures": "tests/cli/test_pictures.py",
        ">>> for box in": "tests/found/test_asking.py",
        "blankslide names propose": "tests/cli/test_pictures.py",
    },
    "docs/release.md": {
        "sh:": "tests/test_release.py",
        "blankslide ssh-ed25519": "tests/test_release.py",
        "make test": "targets of the Makefile: tests/test_release.py",
    },
    "docs/sealed-originals.md": {"import sys, io": "tests/records/test_sealed.py"},
    "docs/trust.md": {"make trust": "takes hours: tests/storage/test_crash.py and tests/testing run parts of it"},
    "docs/viewing.md": {"sudo apt install": "changes the machine; scripts/system-libs installs the same packages"},
    "docs/watch.md": {"[Unit]": "no systemd runs here; tests/watch/test_service.py starts the same command"},
    "docs/words.md": {
        "270/AppMag": "tests/test_snippets.py::test_words_of_a_vocabulary_are_read_as_the_page_says",
        "$ scripts/vocabulary": "writes into the source: tests/formats/test_registry.py runs it in a copy of that",
    },
}


# -- what pages presume --------------------------------------------------------------------


def slide(name: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    built.aperio(Path(name), **SMALL)


def large(run: Run) -> None:
    """Lay a slide with a name that the page's profile fits, and whose macro has room, and shows its tissue."""
    Path("ARCHIVE").mkdir()
    Path("SLIDE").write_bytes(with_its_tissue())
    shutil.copyfile("SLIDE", "ARCHIVE/S19-12345_B_3_HE.svs")


@cache
def with_its_tissue() -> bytes:
    with one_tissue():
        build_aperio(Path("drawn.svs"), size=(512, 384), factors=(1, 2))
    data = Path("drawn.svs").read_bytes()
    Path("drawn.svs").unlink()
    return data


def archive(run: Run) -> None:
    for name in ("slide.svs", "SLIDE", "ARCHIVE/a.svs", "ARCHIVE/sub/b.svs"):
        slide(name)


def cleaned(run: Run) -> None:
    archive(run)
    assert all(blankslide.anonymize_many("ARCHIVE", out="CLEAN", jobs=0))
    assert run("anonymize", "--in-place", "slide.svs").code == 0


def study(run: Run) -> None:
    slide("in/a.svs")
    assert run("anonymize", "--out", "out/STUDY-A", "in/a.svs").code == 0


def renamed(run: Run) -> None:
    archive(run)
    slide("S19-1234 A1.svs")
    words = ("--out", "CLEAN", "--name", "STUDY-0042", "--requester", "Biobank")
    assert run("anonymize", *words, "S19-1234 A1.svs").code == 0
    assert run("anonymize", "--in-place", "SLIDE").code == 0
    slide("SLIDE")
    (key,) = Path.home().rglob("site.key")
    (ledger,) = Path.home().rglob("ledger.jsonl")
    shutil.copyfile(key, "site.key")
    shutil.copyfile(ledger, "again.jsonl")
    shutil.copyfile(ledger, "ledger.jsonl")
    secrets = Path("../run/secrets")
    secrets.mkdir(parents=True)
    (secrets / "ledger").write_text("sqlite:///other.db\n")
    for path in (secrets / "ledger", Path("site.key")):
        path.chmod(0o600)


def linked(run: Run) -> None:
    slide("S19-1234.svs")
    assert run("anonymize", "--out", "CLEAN", "--name", "STUDY-0007", "S19-1234.svs").code == 0


def mixed_up(run: Run) -> None:
    slide("STUDY-0007.svs")
    slide("slide.svs")
    Path("../secure").mkdir()
    assert run("anonymize", "--in-place", "--seal", "../secure/originals", "STUDY-0007.svs").code == 0


def shared(run: Run) -> None:
    slide("../archive/a.svs")
    slide("../slides/in/Study A/a.svs")
    Path("../slides/in/Study A/requests.csv").write_text("old,new\na.svs,A-1.svs\n")
    (said,) = (each.text for each in snippets(PAGES["docs/watch.md"].read_text()) if each.begins("requester ="))
    Path("../slides/in/Study A/blankslide.toml").write_text(said)


def notebook(run: Run) -> None:
    import nbformat

    cleaned(run)
    slide("ORIGINAL.svs")
    Path("ledger.jsonl").write_bytes(next(Path.home().rglob("ledger.jsonl")).read_bytes())
    nbformat.write(nbformat.v4.new_notebook(), "work.ipynb")


def nothing(run: Run) -> None:
    """Lay nothing: the page speaks of no slide."""


#: What is laid for a page.
LAID: dict[str, Callable[[Run], None]] = {
    "README.md": cleaned,
    "docs/audit.md": archive,
    "docs/batch.md": large,
    "docs/certificate.md": cleaned,
    "docs/developer.md": archive,
    "docs/json.md": archive,
    "docs/jupyter.md": notebook,
    "docs/ledger.md": renamed,
    "docs/ledger-format.md": renamed,
    "docs/link-table.md": linked,
    "docs/officer.md": study,
    "docs/profiles.md": archive,
    "docs/sealed-originals.md": mixed_up,
    "docs/spotcheck.md": cleaned,
    "docs/watch.md": shared,
}


# -- running them --------------------------------------------------------------------------

#: What is said beside the words of a page: a service would run for ever, and wait for copiers.
MORE = {"watch": ("--once", "--quiet", "0", "--sweep", "0.05"), "batch": ("--jobs", "1")}
#: Exit codes that are not 0, by page and beginning, and why.
CODES = {
    ("README.md", "audit"): 1,  # nobody has cleaned that archive
    ("docs/audit.md", "audit"): 1,
    ("docs/batch.md", "batch --in-place --keep-label"): 1,  # the page says so
    ("docs/watch.md", "watch /slides/in --status"): 4,  # it is not running any more
}
#: Blocks of a page that quote what a command would say which stands there in other words.
QUOTED = {("docs/certificate.md", "ok its words"): "blankslide certificate check slide.pdf slide.svs"}
#: What is shown below a command and cannot be said here, with the test that holds it.
NOT_SAID = {("docs/watch.md", "watch /slides/in --status"): "tests/watch/test_health.py"}  # of a service that runs
#: Pages whose commands each begin with what is laid, because one of them would leave nothing to do for the next.
ANEW = {"docs/batch.md"}
TYPED = {"spotcheck": "p\np\n"}
EXTRAS = {
    "docs/certificate.md": ["fpdf"],
    "docs/officer.md": ["fpdf"],
    "docs/batch.md": ["segno"],
    "docs/jupyter.md": ["anywidget", "ipywidgets", "nbformat"],
    "docs/ledger.md": ["sqlalchemy", "xlsxwriter"],
}


def unclaimed(page: str) -> list[Snippet]:
    """Return the snippets of a page that are not run elsewhere."""
    found = snippets(PAGES[page].read_text(encoding="utf-8"))
    return [each for each in found if not any(each.begins(start) for start in APART.get(page, {}))]


def entry(table: dict[tuple[str, str], Any], page: str, words: str, otherwise: Any) -> Any:
    return next((value for (of, start), value in table.items() if of == page and words.startswith(start)), otherwise)


def named(snippet: Snippet) -> str:
    """Return the name of the file that a snippet is, if its first line is a remark that says so."""
    found = re.match(r"# ([\w-]+\.toml)\b", snippet.text)
    return found[1] if found else ""


def is_python(snippet: Snippet) -> bool:
    if snippet.kind not in ("", "python") or named(snippet):
        return False
    try:
        return bool(ast.parse(snippet.text).body)
    except SyntaxError:
        return False


def here(word: str) -> str:
    """Return a word with places at the root of a disk put beside the present folder, and a real head of a ledger."""
    word = re.sub(r"(?<![\w:/])/(?=(?:slides|archive|secure|run)\b)", f"{Path.cwd().parent}/", word)
    if re.fullmatch(r"\d+:\w+…", word):
        last = json.loads(Path("again.jsonl").read_text().splitlines()[-1])
        return f"{last['seq']}:{last['hash']}"
    return word


@pytest.fixture
def told(run_here: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[[Snippet], tuple[str, int, str]]:
    """Return a function that runs a command of a page, and returns its words, its exit code and what it says."""

    def run(command: Snippet) -> tuple[str, int, str]:
        variables, words = words_of(command.text)
        monkeypatch.setattr(sys, "stdin", io.StringIO(TYPED.get(words[0], "")))
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, here(value))
            ended = run_here(*map(here, words), *(() if "--status" in words else MORE.get(words[0], ())))
        return " ".join(words), ended.code, ended.text

    return run


@pytest.fixture
def laid(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Return a function that makes the present folder, and what stands beside it, as a page presumes them."""

    def lay(page: str) -> None:
        for extra in EXTRAS.get(page, ()):
            pytest.importorskip(extra, reason=f"{extra} is not installed")
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(tmp_path / "root", ignore_errors=True)
        (tmp_path / "root" / "here").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "root" / "here")
        LAID[page](run_here)
        for each in unclaimed(page):
            if named(each):
                Path(named(each)).write_text(each.text)

    return lay


@pytest.mark.parametrize("page", LAID)
def test_the_commands_of_a_page_do_what_it_says(page: str, laid: Any, told: Any) -> None:
    laid(page)
    commands = [each for each in unclaimed(page) if each.kind == "command"]
    for (of, start), command in QUOTED.items():
        if of == page:
            (quoted,) = (each for each in unclaimed(page) if each.begins(start))
            commands.append(Snippet("command", command, tuple(quoted.text.splitlines())))
    for number, each in enumerate(commands):
        if number and page in ANEW:
            laid(page)
        words, code, said = told(each)
        assert code == entry(CODES, page, words, 0), (each.text, said)
        if not entry(NOT_SAID, page, words, ""):
            assert [line for line in each.shown if not is_said(line, said)] == [], (each.text, said)


@pytest.mark.parametrize("page", [page for page in PAGES if any(map(is_python, unclaimed(page)))])
def test_the_python_of_a_page_runs(
    page: str, laid: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    laid(page)
    monkeypatch.setattr(sys, "argv", ["page", "ledger.jsonl"])
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    names: dict[str, Any] = {"__name__": page}
    for each in filter(is_python, unclaimed(page)):
        exec(compile(each.text, page, "exec"), names)  # noqa: S102 it is our own page
    if page == "docs/ledger-format.md":
        assert capsys.readouterr().out.splitlines()[-2:] == ["2 good", f"complete {here('2:5b0c…')[2:]}"]


def test_words_of_a_vocabulary_are_read_as_the_page_says() -> None:
    from blankslide.verification.census.grammar import Vocabulary

    (lines,) = (
        each.text.splitlines() for each in snippets(PAGES["docs/words.md"].read_text()) if "AppMag" in each.text
    )
    known = Vocabulary(lines)
    assert [known.at(place) for place in ("270/AppMag", "270")] == [{"#"}, {"JPEG/RGB Q=#"}]
    assert known.at("OME/Image/Pixels/Channel/@Name") == {"=kept"}


def test_the_libraries_that_a_page_names_are_those_that_are_installed_for_the_tests() -> None:
    (line,) = (each.text for each in snippets(PAGES["docs/viewing.md"].read_text()) if each.begins("sudo apt"))
    (known,) = re.findall(r'\[gui\]="([^"]*)"', (ROOT / "scripts" / "system-libs").read_text())
    of_the_screen = {"xvfb", "xauth"}
    assert set(line.split()[3:]) == {each.split("|")[0] for each in known.split()} - of_the_screen


# -- nothing is left out -------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_is_run_or_says_why_not(page: str) -> None:
    for each in unclaimed(page):
        quoted = any(of == page and each.begins(start) for of, start in QUOTED)
        done = (each.kind == "command" and page in LAID) or is_python(each) or named(each) or quoted
        # tests/test_project.py knows the extras
        installs = all(line.removeprefix("$ ").startswith("pip install ") for line in each.text.splitlines())
        assert done or installs, f"{page}: nobody runs this:\n{each.text}"


def test_every_reason_is_about_something_and_every_test_in_one_is_there() -> None:
    for page, reasons in APART.items():
        found = list(snippets(PAGES[page].read_text(encoding="utf-8")))
        for start, reason in reasons.items():
            assert any(each.begins(start) for each in found), f"{page} has no {start!r} any more"
            for path, name in re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", reason):
                assert f"def {name}" in (ROOT / path).read_text(encoding="utf-8"), reason
    for table in (CODES, QUOTED, NOT_SAID):
        for page, start in table:
            texts = [
                each.text.removeprefix("blankslide ") for each in snippets(PAGES[page].read_text(encoding="utf-8"))
            ]
            assert any(text.startswith(start) for text in texts), (page, start)


def test_a_snippet_that_nobody_runs_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "    $ blankslide verify a.svs  # look\n    a.svs · clean\n\n```ini\nA=1\n```\n\n    import csv\n\n    x = 1\n"
    )
    (tmp_path / "page.md").write_text(text)
    monkeypatch.setitem(PAGES, "page.md", tmp_path / "page.md")
    assert list(snippets(text)) == [
        Snippet("command", "blankslide verify a.svs  # look", ("a.svs · clean",)),
        Snippet("ini", "A=1"),
        Snippet("", "import csv\n\nx = 1"),
    ]
    with pytest.raises(AssertionError, match="nobody runs this"):
        test_every_snippet_is_run_or_says_why_not("page.md")
