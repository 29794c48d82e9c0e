"""The report: everything that was done, nothing that was in the slide."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest

from blankslide import pipeline
from blankslide.errors import EnvironmentProblem, NoPermission, UsageError
from blankslide.model import Action, Decision, Outcome, PhiClass
from blankslide.pipeline import Options
from blankslide.records import report
from blankslide.records.ledger import Ledger
from blankslide.records.report import Section
from blankslide.testing.built import build_aperio
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"size": (512, 384), "factors": (1, 2), "macro_size": (400, 140)}


class Case:
    def __init__(self, path: Path, key: Planted, outcome: Outcome) -> None:
        self.path, self.key, self.outcome = path, key, outcome

    @property
    def section(self) -> Section:
        return Section(self.path.name, self.outcome)


@pytest.fixture
def copied(tmp_path: Path) -> Case:
    path = tmp_path / "slide.svs"
    key = build_aperio(path, **SMALL, fields={"Jane Doe's ward": "0815 4711", "Second": "x" * 9})
    options = Options(key=bytes(32), ledger=Ledger(tmp_path / "ledger.jsonl"))
    return Case(path, key, pipeline.anonymize_copy(path, tmp_path / "out", options))


def written(path: Path, *sections: Section) -> str:
    report.write(path, sections)
    if path.suffix != ".xlsx":
        return path.read_text("utf-8")
    with ZipFile(path) as book:  # what is packed would hide from a search
        return "\n".join(book.read(name).decode("utf-8") for name in book.namelist())


@pytest.mark.parametrize("suffix", [".html", ".json", ".csv", ".xlsx"])
def test_no_value_of_the_slide_is_in_it(copied: Case, tmp_path: Path, suffix: str) -> None:
    data = written(tmp_path / f"r{suffix}", copied.section).encode()
    values = {r.value for r in copied.key.removed if r.value and len(r.value) >= 5}
    assert len(values) > 10
    assert [v for v in values if places_of(v, data)] == []
    assert b"Jane" not in data
    assert b"jane" not in data


def test_it_says_what_the_interface_asks_for(copied: Case, tmp_path: Path) -> None:
    (slide,) = json.loads(written(tmp_path / "r.json", copied.section))["slides"]
    found = {f["id"]: f for f in slide["findings"]}
    assert found["picture.label"] | {"where": []} == {
        "id": "picture.label", "what": "Label picture", "class": "image", "action": "blank, unlink",
        "fields": 1, "places": 1, "where": [], "identifying": True,
    }  # fmt: skip
    assert found["aperio.description.unknown"]["fields"] >= 2
    assert (slide["result"], slide["mode"], slide["profile"]) == ("clean", "copy", "research")
    assert slide["readers"] == ["OpenSlide", "tifffile"]
    assert slide["tissue"]["before"] == slide["tissue"]["after"] == copied.outcome.tissue[0]
    assert (slide["medium"], slide["ledger_entry"]) == (copied.outcome.medium, 1)
    assert {k: v["reached"] for k, v in slide["levels"].items()} == {
        "I": True, "II": True, "III": True, "IV": True, "V": False,
    }  # fmt: skip


def test_every_report_says_that_level_v_is_not_reached(tmp_path: Path) -> None:
    for name in ("r.html", "r.json"):
        assert "stay linkable to the original" in written(tmp_path / name)


# -- levels ------------------------------------------------------------------------------


def outcome_of(*left: Decision, **more: Any) -> Outcome:
    residue = tuple(f"kept: {d.id}" for d in left)
    return Outcome("residue" if left else "clean", name="plain", decisions=left, residue=residue, **more)


def kept(id: str, cls: PhiClass) -> Decision:
    return Decision(id, id, cls, Action.KEEP, 1, "page 0", True)


def reached(outcome: Outcome) -> str:
    return " ".join(name for name, level in report.levels(outcome).items() if level["reached"])


def test_only_what_was_judged_is_reached() -> None:
    macro, user = kept("picture.macro", PhiClass.IMAGE), kept("aperio.description.user", PhiClass.DIRECT)
    assert reached(outcome_of()) == "I II III IV"
    assert reached(outcome_of(macro)) == "I IV"
    assert reached(outcome_of(user)) == "I II III"
    assert reached(Outcome("residue", name="plain", residue=("left: tiff.artist",))) == "I"
    assert reached(Outcome("untouched", name="plain")) == "I"
    assert reached(Outcome("pending")) == ""


@pytest.mark.parametrize(("verdict", "level"), [("plain", True), ("unknown", False), ("identifying", False)])
def test_only_a_plain_name_reaches_the_first_level(verdict: Any, level: bool) -> None:
    assert report.levels(Outcome("clean", name=verdict))["I"]["reached"] is level


# -- names -------------------------------------------------------------------------------


def names_in(text: str) -> list[str]:
    return [slide["slide"] for slide in json.loads(text)["slides"]]


def test_names_that_are_not_known_to_be_plain_are_withheld(tmp_path: Path) -> None:
    sections = [
        Section("S19-12345.svs", Outcome("clean", name="identifying")),
        Section("S19-12345.svs", None, "the file is empty"),
        Section("Doe_Jane.svs", Outcome("clean", name="unknown")),
        Section("Doe_Jane.svs", None, "the file is empty"),
        Section("slide 5.svs", None, "the file is empty"),
        Section("S19-12345.svs", Outcome("clean", name="plain", target="slide 7.svs", copied=True)),
    ]
    text = written(tmp_path / "r.json", *sections)
    assert names_in(text) == [
        *(f"slide {number} (name withheld)" for number in (1, 2, 3, 4)), "slide 5.svs", "slide 7.svs",
    ]  # fmt: skip
    assert "Doe" not in text + written(tmp_path / "r.html", *sections) + written(tmp_path / "r.csv", *sections)


@pytest.mark.parametrize("suffix", [".html", ".json"])
def test_a_site_may_ask_for_names_and_the_report_says_so(tmp_path: Path, suffix: str) -> None:
    sections = [Section("Doe_Jane.svs", Outcome("clean", name="unknown")), Section("S19-12345.svs", None, "empty")]
    report.write(tmp_path / f"r{suffix}", sections, with_names=True)
    text = (tmp_path / f"r{suffix}").read_text("utf-8")
    assert "Doe_Jane.svs" in text
    assert "S19-12345.svs" in text
    assert "not to be passed on" in text
    assert "not to be passed on" not in written(tmp_path / f"r{suffix}", *sections)


def test_names_cannot_fake_lines_or_markup(tmp_path: Path) -> None:
    section = Section("<script>alert(1)</script>\n\u202e.svs", None, "a & <b>")
    report.write(tmp_path / "r.html", [section], with_names=True)
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "script&gt;" in text
    assert "<script" not in text
    assert "\u202e" not in text
    assert "a &amp; &lt;b&gt;" in text


def test_keys_of_unknown_fields_are_taken_out_of_sentences(tmp_path: Path) -> None:
    odd = Decision("aperio.description.jane", "jane", PhiClass.UNKNOWN, Action.REMOVE, 1, "page 0", False)
    longer = odd._replace(id="aperio.description.jane-quux", title="Jane Quux")
    outcome = Outcome("residue", decisions=(odd, longer), residue=("left: aperio.description.jane-quux",))
    for name in ("r.json", "r.html", "r.csv"):
        text = written(tmp_path / name, Section("a.svs", outcome)).lower()
        assert "jane" not in text
        assert "quux" not in text
        assert "left: aperio.description.unknown" in text


# -- the page ----------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects tags and checks that they are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "srcset", "action")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_loads_nothing_and_knows_light_and_dark(copied: Case, tmp_path: Path) -> None:
    text = written(tmp_path / "r.html", copied.section, Section("bad.svs", None, "the file is empty"))
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.links == []
    assert page.tags.count("section") == 2
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not re.search(r"https?:|@import|url\(", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_html_and_json_say_the_same(copied: Case, tmp_path: Path) -> None:
    text = written(tmp_path / "r.html", copied.section)
    (slide,) = json.loads(written(tmp_path / "r.json", copied.section))["slides"]
    for finding in slide["findings"]:
        assert finding["id"] in text
    for word in (slide["tissue"]["after"], slide["medium_in_words"], slide["transaction"], *slide["readers"]):
        assert word in text


def test_the_table_has_a_row_for_each_slide_and_no_formula(copied: Case, tmp_path: Path) -> None:
    report.write(tmp_path / "r.csv", [copied.section, Section("=1+1.svs", None, "empty")], True, ["@x", "notes.txt"])
    first, *rows = csv.DictReader((tmp_path / "r.csv").read_text("utf-8").splitlines())
    assert (first["slide"], first["result"], first["mode"], first["profile"]) == (
        *("slide.svs", "clean", "copy", "research"),
    )
    assert int(first["findings"]) == len(copied.outcome.decisions) <= int(first["places"])
    assert [(row["slide"], row["why not"]) for row in rows[:1]] == [("'=1+1.svs", "empty")]
    assert [row["slide"] for row in rows[1:]] == ["'@x", "notes.txt"]


def test_the_workbook_has_the_rows_of_the_table_and_neither_formula_nor_link(copied: Case, tmp_path: Path) -> None:
    calamine = pytest.importorskip("python_calamine", reason="the extra `tables` is not installed")
    odd = [Section("=1+1.svs", None, "=cmd|' /C calc'!A0"), Section("b.svs", None, "http://x" * 5_000)]
    for name in ("r.xlsx", "r.csv"):
        report.write(tmp_path / name, [copied.section, *odd], True, ["@x", "1e5"])
    book = calamine.CalamineWorkbook.from_path(str(tmp_path / "r.xlsx"))
    assert book.sheet_names == ["slides", "about"]
    rows = book.get_sheet_by_name("slides").to_python()
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    assert [str(cell).removesuffix(".0") for cell in rows[1]] == table[1]
    assert rows[0] == table[0]
    assert [row[0] for row in rows[2:]] == ["=1+1.svs", "b.svs", "@x", "1e5"]
    assert rows[2][2] == "=cmd|' /C calc'!A0"
    assert len(rows[3][2]) == 32_767
    with ZipFile(tmp_path / "r.xlsx") as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in sheet
    assert not [word for word in ("<f>", "hyperlink", 't="e"') if word in sheet]


@pytest.mark.slow
def test_libreoffice_reads_the_workbook_as_we_wrote_it(copied: Case, tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    odd = Section("=1+1.svs", None, "=2+2")
    report.write(tmp_path / "r.xlsx", [copied.section, odd], True, ["notes.txt"])
    home = f"-env:UserInstallation=file://{tmp_path}/lo"
    command = ["soffice", home, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1", "r.xlsx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        head, first, second, third = csv.reader(file)
    assert (head[0], first[0], first[1]) == ("slide", "slide.svs", "clean")
    assert second[:3] == ["=1+1.svs", "refused", "=2+2"]
    assert third[0] == "notes.txt"


# -- refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["slide.svs", "report", "r.txt", "r.xls"])
def test_only_html_json_and_csv_so_that_no_slide_is_overwritten(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        report.check(tmp_path / name)


def test_a_place_that_cannot_be_written_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentProblem):
        report.check(tmp_path / "missing" / "r.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(EnvironmentProblem):
        report.check(tmp_path / "folder.html")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(NoPermission):
        report.check(tmp_path / "r.html")


def test_a_failed_write_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.json").write_text("old")

    def full(self: Path, *_: object) -> Callable[..., int]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(EnvironmentProblem, match="No space"):
        report.write(tmp_path / "r.json", [])
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]
    assert (tmp_path / "r.json").read_text() == "old"
