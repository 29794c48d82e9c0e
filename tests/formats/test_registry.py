"""A new format is one file in formats/, one in samples/ and one test; nobody lists it by hand."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from blankslide import formats
from blankslide.errors import ContradictorySlide, NotASlide
from blankslide.formatkit.protocol import Format, Probe
from blankslide.formats import all_formats, detect, registered
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.memory import MemorySlide

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "blankslide"
TOY = ROOT / "tests" / "toy"


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project and add two vendors by the files that CONTRIBUTING names: one of one file, one of a package."""
    root = tmp_path_factory.mktemp("grown")
    shutil.copytree(PACKAGE, root / "src" / "blankslide", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs" / "formats", root / "docs" / "formats")
    shutil.copytree(ROOT / "scripts", root / "scripts")
    for name in ("README.md", "napari.yaml", "Makefile", "docs/profiles.md", "docs/api.md", "docs/schema.json"):
        shutil.copyfile(ROOT / name, root / name)
    package, tests = root / "src" / "blankslide", root / "tests" / "formats"
    tests.mkdir(parents=True)
    shutil.copyfile(TOY / "format.py", package / "formats" / "toyscope.py")
    shutil.copyfile(TOY / "toyscope.words", package / "formats" / "toyscope.words")
    shutil.copyfile(TOY / "sample.py", package / "samples" / "toyscope.py")
    shutil.copyfile(TOY / "case.py", tests / "test_toyscope.py")
    add_a_package(package, tests)
    return root


def add_a_package(package: Path, tests: Path) -> None:
    """Add Toypack: Toyscope under another name, with its vocabulary in a file of its own."""
    text = {n: renamed((TOY / f"{n}.py").read_text("utf-8")) for n in ("format", "sample", "case")}
    own = re.search(r"^_NUMBER = .*?^FIELDS = [^\n]*\n", text["format"], re.MULTILINE | re.DOTALL)
    assert own is not None
    taken = "from blankslide.formats.toypack.vocabulary import FIELDS, SCIENCE\n"
    vendor = package / "formats" / "toypack"
    vendor.mkdir()
    (vendor / "__init__.py").write_text('"""Toypack."""\n')
    (vendor / "vocabulary.py").write_text(
        f'"""Toypack\'s own words."""\n\nimport re\n\nfrom blankslide.model import PhiClass\n\n{own[0]}'
    )
    whole = text["format"].replace(own[0], "").replace("from blankslide.model", f"{taken}from blankslide.model")
    (vendor / "format.py").write_text(whole, encoding="utf-8")
    words = renamed((TOY / "toyscope.words").read_text("utf-8"))
    (vendor / "toypack.words").write_text(words, encoding="utf-8")
    (package / "samples" / "toypack.py").write_text(text["sample"], encoding="utf-8")
    case = text["case"].replace("blankslide.formats.toypack", "blankslide.formats.toypack.format")
    (tests / "test_toypack.py").write_text(case, encoding="utf-8")


def renamed(text: str) -> str:
    return text.replace("oyscope", "oypack").replace('".toy"', '".toyp"').replace("toypack.toy", "toypack.toyp")


def run(root: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONPYCACHEPREFIX": str(root / "compiled")}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # napari's alone takes longer than the tests
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a dozen runs would compile the whole copy each time
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


CLI = ("-c", "from blankslide.cli import main; main()")


VENDORS = pytest.mark.parametrize(("title", "sample"), [("Toyscope", "toyscope.toy"), ("Toypack", "toypack.toyp")])


@pytest.fixture(scope="module")
def samples(grown: Path) -> Path:
    """Build the samples of the two vendors alone, by the registry of samples."""
    code = (
        "from pathlib import Path; from blankslide.samples import builders; Path('out').mkdir()\n"
        "for name, build in builders().items():\n"
        "    if name.startswith('toy'): build(Path('out') / name)"
    )
    run(grown, "-c", code)
    return grown / "out"


@VENDORS
def test_the_command_line_knows_a_format_that_was_only_dropped_in(
    grown: Path, samples: Path, title: str, sample: str
) -> None:
    assert title in run(grown, *CLI, "formats")
    path = (samples / sample).relative_to(grown)
    assert f"{sample} · {title}" in run(grown, *CLI, "inspect", str(path))
    assert run(grown, *CLI, "anonymize", "--in-place", "--ledger", "none", str(path)).count("clean") == 1


def test_its_conformance_test_passes_unchanged(grown: Path) -> None:
    """For both vendors: the suite says a sentence for each test that fails."""
    out = run(grown, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:npe2", "tests/formats")
    each = sum(name.startswith("test_") for name in dir(FormatConformance))
    assert f"{2 * each} passed" in out


def test_make_generated_lists_it(grown: Path) -> None:
    """Run what ``make generated`` runs, in the copy; only files that it writes may differ from ours."""
    recipe = re.search(r"^generated:\n((?:\t.*\n)+)", (grown / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    scripts = re.findall(r"python (scripts/\S+)", recipe[1])
    assert len(scripts) == 6
    for script in scripts:
        run(grown, script)
        run(grown, script, "--check")
    readme, manifest = (grown / "README.md").read_text("utf-8"), (grown / "napari.yaml").read_text("utf-8")
    for name, title, suffix in (("toyscope", "Toyscope", ".toy"), ("toypack", "Toypack", ".toyp")):
        assert f"- [{title}](docs/formats/{name}.md) (`{suffix}`)\n" in readme
        assert f'"*{suffix}"' in manifest
        assert f"# {title}\n" in (grown / "docs" / "formats" / f"{name}.md").read_text("utf-8")
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert [line for line in readme.splitlines() if "oypack" not in line and "oyscope" not in line] == lines


# -- what CONTRIBUTING says ----------------------------------------------------------------


SAID = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block() -> str:
    """Return the code block of the section on new formats, as a file would hold it."""
    found = re.search(
        r"^ +class Toyscope\(Format\):.*?^ +FORMAT: Format = Toyscope\(\)\n", SAID, re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return textwrap.dedent(found[0])


def names_in(text: str) -> tuple[dict[str, object], set[str]]:
    """Return attributes with their values, and methods, of the one format class in a text."""
    (made,) = (n for n in ast.parse(text).body if isinstance(n, ast.ClassDef) and n.name == "Toyscope")
    values = [n for n in made.body if isinstance(n, ast.Assign)]
    attributes = {ast.unparse(n.targets[0]): ast.literal_eval(n.value) for n in values}
    return attributes, {n.name for n in made.body if isinstance(n, ast.FunctionDef)}


def test_the_code_in_contributing_is_the_contract() -> None:
    attributes, methods = names_in(block())
    contract = {n for n in vars(Format) if not n.startswith("_")} | set(Format.__annotations__)
    assert attributes.keys() | methods <= contract
    needed = {n for n in Format.__annotations__ if not hasattr(Format, n)} | {"detect", "inspect"}
    assert needed <= attributes.keys() | methods
    section = SAID[SAID.index("## One new format") : SAID.index("### The kit")]
    optional = re.search(r"`marks = \(\)`(.*?)are for slides of several files", section, re.DOTALL)
    assert optional is not None
    assert {n.partition(" ")[0] for n in re.findall(r"`(\w+(?: = \w+)?)`", optional[1])} <= contract


def test_the_toy_is_written_as_contributing_says() -> None:
    said, methods = names_in(block())
    done, has = names_in((TOY / "format.py").read_text(encoding="utf-8"))
    assert done.keys() == said.keys()
    assert has == methods
    for name in said.keys() - {"removes", "keeps"}:  # which stand there shortened
        assert done[name] == said[name], name


def test_the_registry_reads_the_code_of_contributing_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its comments, and without an import: there is nothing that could be imported."""
    monkeypatch.setattr(formats, "__path__", [str(tmp_path)])
    for text in (block(), re.sub(r"(?<=Format\):) +#.*", "", block()), re.sub(r"  +#.*", "", block())):
        (tmp_path / "wordy.py").write_text(text, encoding="utf-8")
        assert formats._card("wordy") == ("wordy", "toyscope", (b"Toyscope",), (".toy",))


def test_every_place_that_contributing_names_is_there() -> None:
    for name in re.findall(r"`((?:tests|src|docs|scripts)/[\w/.-]+)`", SAID):
        assert "NNNN" in name or (ROOT / name).exists(), name
    kit = SAID[SAID.index("### The kit") : SAID.index("### Where other things go")]
    for row in re.findall(r"^\| (`.*?) \|", kit, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", row):
            assert (PACKAGE / "formatkit" / f"{name}.py").is_file(), name


@pytest.mark.parametrize(
    "written",
    [
        *(b'("x")', b'"x" "y"', b'("a" "b",)', rb'"a\n"', b"'a'", b'("a,b",)', b"x", b'len("a")', b'rb"a"', b'f"a"'),
        *(b"(x,)", b'"', b'("a", ("b",))', b'("a",,)', b'"a"+"b"', b'(b"a"', b'["a"]', b'"a#b"'),
    ],
)
def test_what_is_no_plain_literal_is_not_guessed(written: bytes) -> None:
    with pytest.raises(ValueError, match="text"):
        formats._value(written)


@pytest.mark.parametrize(
    "written", ["None", "()", '("x",)', '(b"x", "y",\n)', '"x"', 'b"x"', '""', '(  # why\n  b"x",  # this\n)']
)
def test_a_plain_literal_has_its_value(written: str) -> None:
    assert formats._value(written.encode()) == ast.literal_eval(written)


# -- the registry itself -------------------------------------------------------------------


def test_no_file_outside_names_a_format_module() -> None:
    """Formats and samples are found by walking; an import by name elsewhere would be a list by hand."""
    names = "|".join(p.stem for p in (PACKAGE / "formats").glob("[a-z]*"))
    direct = re.compile(rf"(?:from|import) blankslide\.formats(?:\.| import )(?:{names})\b")
    outside = [
        p for p in PACKAGE.rglob("*.py") if p.parent.parent != PACKAGE / "formats" and not p.name.startswith("ps315")
    ]
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
