"""Certificates: they say what is known and no more, hold no value and no telling name, and any change is seen."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blankslide import pipeline
from blankslide.records import certificate
from blankslide.testing import built
from blankslide.testing.process import Ended, run_cli
from blankslide.testing.spellings import places_of

SMALL: dict[str, Any] = {"size": (512, 384), "factors": (1, 2), "macro_size": (400, 140)}
TELLING = "Doe Jane S19-12345.svs"
CANARY = "Zweigspitz-Canary-4711"
KINDS = ("html", "pdf", "json")


class House(NamedTuple):
    """A site: its slides, its key and ledger, and the values that were in the slides."""

    slides: Path
    keys: tuple[str, ...]
    values: frozenset[str]
    run: Callable[..., Ended]

    def certified(self, out: Path, *more: str, slides: Path | None = None) -> tuple[Ended, dict[str, Any]]:
        ended = self.run("certificate", slides or self.slides, "--out", out, *self.keys, *more)
        return ended, json.loads(data_in(out.read_bytes()))

    def check(self, path: Path, *more: Any) -> Ended:
        return self.run("certificate", "check", path, *more, *self.keys)


def data_in(raw: bytes) -> bytes:
    """Take the data out of a certificate, by other means than the program."""
    if raw.startswith(b"{"):
        return raw
    if raw.startswith(b"%PDF"):
        return raw[raw.index(b'{"certificate"') : raw.index(b"\n", raw.index(b'{"certificate"'))]
    found = re.search(rb'<script type="application/json" id="certificate">(.*?)</script>', raw)
    assert found is not None
    return found[1]


def text_in(raw: bytes) -> bytes:
    """Return all that can be read in a certificate: a PDF's pages are compressed."""
    if not raw.startswith(b"%PDF"):
        return raw
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", raw, re.DOTALL)
    return raw + b"".join(zlib.decompress(s) for s in streams if s[:1] == b"x")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, run_here: Callable[..., Ended]) -> House:
    """Clean, telling name, kept macro, never cleaned, cleaned without a ledger, and no slide: in this order."""
    home = tmp_path_factory.mktemp("house")
    slides = home / "slides"
    slides.mkdir()
    names = (TELLING, "slide 2.svs", "slide 3.svs", "slide 4.svs", "slide 5.svs")
    fields = {CANARY: "1", "User": CANARY, "Quillfeather": "Wyndham"}
    planted = [built.aperio(slides / name, seed=i, fields=fields, **SMALL) for i, name in enumerate(names)]
    (slides / "slide 6.svs").write_bytes(b"II*\0\x08")
    keys = ("--key", str(home / "site.key"), "--ledger", str(home / "ledger.jsonl"))
    for name, more in ((names[0], ()), (names[1], ()), (names[2], ("--keep", "macro"))):
        run_here("anonymize", "--in-place", slides / name, *keys, *more)
    run_here("anonymize", "--in-place", slides / names[4], *keys[:2], "--ledger", "none")
    values = {r.value for key in planted for r in key.removed if r.value and len(r.value) > 4}
    return House(
        slides, keys, frozenset(values | {CANARY, CANARY.lower(), "Quillfeather", "Wyndham", "S19-12345"}), run_here
    )


@pytest.fixture(scope="module")
def certified(house: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Ended, dict[str, Any]]]:
    """Certify once, and draw the same data in each way, as the command does."""
    folder = tmp_path_factory.mktemp("certified")
    ended, data = house.certified(folder / "c.json")
    for kind in KINDS[:2]:
        certificate.write(folder / f"c.{kind}", data)
    return {kind: (folder / f"c.{kind}", ended, data) for kind in KINDS}


@pytest.fixture
def data(certified: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = certified["json"][2]
    return found


# -- what it says ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_and_no_telling_name_is_in_it(house: House, certified: dict[str, Any], kind: str) -> None:
    path, ended, _ = certified[kind]
    raw = text_in(path.read_bytes())
    assert len(house.values) > 15
    assert {v for v in house.values if places_of(v, raw)} == set()
    for word in ("Doe", "Jane", str(house.slides.parent)):
        assert word.encode() not in raw
    assert b"name withheld" in raw
    assert ended.code == 1, "something is left in two of them"


def test_each_slide_is_what_it_is(data: dict[str, Any]) -> None:
    slides = data["slides"]
    assert [slide["content"] for slide in slides] == ["clean", "clean", "residue", "residue", "clean", "untouched"]
    assert [slide["name"] for slide in slides[:2]] == ["slide 1 (name withheld)", "slide 2.svs"]
    assert [slide.get("pseudonymised", False) for slide in slides] == [False, True, False, False, True, False]
    assert slides[5]["error"].startswith("not a TIFF file")
    assert slides[1]["judges"][0].startswith("OpenSlide 4.")


def test_what_was_done_is_the_ledgers_word(house: House, data: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in Path(house.keys[3]).read_text().splitlines()]
    for slide, line in zip(data["slides"], lines, strict=False):
        done = slide["done"]
        assert (done["sequence"], done["hash"], done["time"]) == (line["seq"], line["hash"], line["time"])
        assert sum(row["count"] for row in done["findings"]) == sum(r["count"] for r in line["entry"]["findings"])
        assert (done["transaction"], done["slide"]) == (line["entry"]["transaction"], line["entry"]["slide"])
    codes = {row["id"]: row["action"] for row in data["slides"][1]["done"]["findings"]}
    assert (codes["picture.label"], codes["aperio.description.imageid"]) == ("X", "D")
    assert data["ledger"] | {"head": lines[-1]["hash"]} == data["ledger"]
    assert (data["ledger"]["entries"], data["ledger"]["whole"]) == (3, True)


def test_a_slide_without_an_entry_says_so_and_nothing_more(data: dict[str, Any]) -> None:
    for slide in data["slides"][3:5]:
        assert slide["done"] is None
        assert slide["medium"]["verdict"] == "unknown"
        assert slide["hipaa"]["18"]["gone"] == "no"
    assert "not known" in data["slides"][4]["hipaa"]["18"]["because"]


def test_a_plain_digest_is_given_of_clean_slides_only(data: dict[str, Any]) -> None:
    """Who knows the rest of a file could test guesses for what is left in it."""
    assert [bool(slide.get("sha256")) for slide in data["slides"]] == [True, True, False, False, True, False]
    assert all(slide["keyed"] for slide in data["slides"][:5])


def test_levels_and_items_say_yes_only_for_what_is_clean_and_plainly_named(data: dict[str, Any]) -> None:
    slides = data["slides"]
    assert all(not slide["levels"]["V"] for slide in slides[:5])
    assert [slide["levels"]["I"] for slide in slides[:2]] == [False, True]
    assert [slide["levels"]["III"] for slide in slides[1:4]] == [True, False, False]
    assert [[slide["hipaa"][item]["gone"] for item in ("3", "13", "18")] for slide in slides[:4]] == [
        ["no", "no", "no"], ["yes", "yes", "no"], ["no", "no", "no"], ["no", "no", "no"],
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_pages_say_law_and_limits_in_plain_words(certified: dict[str, Any], kind: str) -> None:
    raw = text_in(certified[kind][0].read_bytes())
    for words in (
        b"NOT all clean",
        b"Art. 4\\(5\\)",
        b"2025/327",
        b"Art. 66\\(3\\)",
        b"no legal advice",
        b"never claimed",
    ):
        assert words.lower() in raw.lower() or words.replace(b"\\", b"").lower() in raw.lower(), words


class Outline(HTMLParser):
    """Collects what must not be in a page that loads nothing, and what a screen reader needs."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.types: list[str | None] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        named = dict(attributes)
        self.types += [named.get("type")] * (tag == "script")
        self.loads += [value or "" for name, value in attributes if name in ("src", "href")]


def test_the_page_runs_and_loads_nothing(certified: dict[str, Any]) -> None:
    text = certified["html"][0].read_text()
    page = Outline()
    page.feed(text)
    assert page.types == ["application/json"]
    assert page.loads == []
    assert text.startswith('<!DOCTYPE html><html lang="en">')
    assert page.tags.count("section") == 7, "a summary and a page a slide"
    assert {"main", "h1", "h2", "h3"} <= set(page.tags)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_a_pdf_has_one_sheet_a_slide(certified: dict[str, Any]) -> None:
    assert len(re.findall(rb"/Type /Page\b", certified["pdf"][0].read_bytes())) == 7


# -- what a check sees -------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_unchanged_certificate_holds_with_ledger_and_slides(
    house: House, certified: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    slides = [house.slides / TELLING, house.slides / "slide 2.svs", house.slides / "slide 3.svs"]
    ended = house.check(certified[kind][0], *slides)
    assert ended.code == 0, ended.text
    for line in ("unchanged since it was sealed", "slide 2 matches entry 2", "slide 2.svs is still slide 2"):
        assert line in ended.out


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_verdict_is_seen(house: House, certified: dict[str, Any], kind: str, tmp_path: Path) -> None:
    raw = certified[kind][0].read_bytes()
    assert raw.count(b'"content":"residue"') == 3, "two slides, and what the ledger says of one"
    forged = tmp_path / f"f.{kind}"
    forged.write_bytes(raw.replace(b'"content":"residue"', b'"content":"clean"  '))
    ended = house.check(forged)
    assert ended.code == 1
    assert "NO CHANGED since it was sealed" in ended.out


def test_a_word_that_is_changed_on_the_page_alone_is_seen(
    house: House, certified: dict[str, Any], tmp_path: Path
) -> None:
    text = certified["html"][0].read_text()
    forged = tmp_path / "f.html"
    forged.write_text(text.replace("NOT all clean", "all clean", 1))
    ended = house.check(forged)
    assert ended.code == 1
    assert "ok unchanged since it was sealed" in ended.out
    assert "NO CHANGED: its words are not those of its data" in ended.out


def test_a_pdf_whose_page_is_changed_is_seen(house: House, certified: dict[str, Any], tmp_path: Path) -> None:
    raw = certified["pdf"][0].read_bytes()
    forged = tmp_path / "f.pdf"
    forged.write_bytes(raw.replace(b"/Subject", b"/Subjekt", 1))
    assert "NO CHANGED: its words" in house.check(forged).out


def test_a_seal_of_ones_own_does_not_help(house: House, certified: dict[str, Any], tmp_path: Path) -> None:
    forged = tmp_path / "f.json"
    data = json.loads(certified["json"][0].read_bytes())
    data["slides"][2]["content"] = "clean"
    forged.write_bytes(certificate.text_of(certificate.sealed(data, b"x" * 32)))
    assert house.check(forged).code == 1
    assert "sealed with another key" in house.check(forged).out
    data["seal"]["key"] = json.loads(certified["json"][0].read_bytes())["seal"]["key"]
    forged.write_bytes(certificate.text_of(data))
    assert "NO CHANGED since" in house.check(forged).out


def test_without_the_key_nobody_can_tell(certified: dict[str, Any], house: House) -> None:
    ended = house.run("certificate", "check", certified["json"][0])
    assert ended.code == 1
    assert "cannot be told without the site's key" in ended.out


def test_a_changed_slide_and_a_stranger_are_seen(house: House, certified: dict[str, Any], tmp_path: Path) -> None:
    path = certified["json"][0]
    same = tmp_path / "slide 8.svs"
    shutil.copyfile(house.slides / "slide 2.svs", same)
    assert "slide 8.svs is still slide 2" in house.check(path, same).out
    data = bytearray(same.read_bytes())
    at = data.index(b"AppMag")
    data[at : at + 6] = b"AppMaG"
    same.write_bytes(data)
    ended = house.check(path, same)
    assert ended.code == 1
    assert "NO slide 8.svs is no slide of this certificate, or was changed since" in ended.out


def test_another_ledger_is_seen(house: House, certified: dict[str, Any], tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    lines = Path(house.keys[3]).read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:1]))
    check = ("certificate", "check", certified["json"][0], *house.keys[:2], "--ledger", ledger)
    ended = house.run(*check)
    assert ended.code == 1
    assert "NO the ledger here has another entry 3" in ended.out
    assert "NO slide 2: entry 2 of the ledger is another one" in ended.out
    ledger.write_bytes(b"".join([lines[0].replace(b'"clean"', b'"klean"'), *lines[1:]]))
    assert "chain of the ledger is broken" in house.run(*check).out


def test_thorough_gives_whole_files_and_tissue_is_compared(house: House, tmp_path: Path) -> None:
    slide = tmp_path / "slide 2.svs"
    built.aperio(slide, **SMALL | {"size": (1024, 768)})
    house.run("anonymize", "--in-place", slide, *house.keys[:2], "--ledger", "none")
    path = tmp_path / "c.json"
    ended, data = house.certified(path, "--thorough", slides=slide)
    assert ended.code == 0
    (file,) = data["slides"][0]["files"]
    assert (file["name"], file["bytes"]) == ("slide 2.svs", slide.stat().st_size)
    assert "is still slide 1 in every byte" in house.check(path, slide).out
    raw = bytearray(slide.read_bytes())
    start, end = pipeline.inspect(slide).maps[0].tissue()[0]
    assert end - start > 6000, "room between two samples of 4 KiB"
    raw[start + 5000] ^= 1
    slide.write_bytes(raw)
    assert "the tissue is not that of slide 1 any more" in house.check(path, slide).out


# -- how it is asked for -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--out", "c.doc"), "must end in .html, .pdf or .json"),
        (("--out", "nowhere/c.html"), "no such folder"),
        (("--out", "c.html", "--held", "Müller"), "plain letters"),
    ],
)
def test_what_cannot_be_written_is_told_before_any_slide_is_looked_at(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = house.run("certificate", house.slides, *more)
    assert ended.code in (2, 4)
    assert sentence in ended.err
    assert ended.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "nothing", '{"certificate":1}', '{"certificate":9}', "%PDF-1.4\n", "[" * 99999])
def test_what_is_no_certificate_is_refused_in_a_sentence(house: House, tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    ended = house.check(path)
    assert ended.code == 2
    assert "certificate" in ended.err


def test_where_the_link_table_is_held_is_the_sites_word(house: House, tmp_path: Path) -> None:
    path = tmp_path / "c.html"
    _, data = house.certified(path, "--held", "by <b>trust</b>", slides=house.slides / "slide 2.svs")
    assert data["link_table"] == "by <b>trust</b>"
    text = path.read_text()
    assert "by &lt;b&gt;trust&lt;/b&gt;. This is the site&#x27;s own statement; it was not checked." in text
    assert "<b>" not in text
    assert house.check(path).code == 0


def test_no_slide_no_certificate(house: House, tmp_path: Path) -> None:
    ended = house.run("certificate", tmp_path, "--out", tmp_path / "c.html")
    assert ended.code == 3
    assert "no certificate was written" in ended.err
    assert not (tmp_path / "c.html").exists()


def test_a_copy_has_its_certificate_too_and_is_told_from_its_sister(house: House, tmp_path: Path) -> None:
    """Two slides of one content: the entry under the slide's own name is its own."""
    source = tmp_path / "slide 7.svs"
    built.aperio(source, seed=7, **SMALL)
    keys = ("--key", house.keys[1], "--ledger", tmp_path / "ledger.jsonl")
    house.run("anonymize", "--out", tmp_path / "a", source, *keys)
    shutil.copyfile(source, tmp_path / "slide 8.svs")
    house.run("anonymize", "--out", tmp_path / "b", tmp_path / "slide 8.svs", *keys)
    out = tmp_path / "c.json"
    house.run("certificate", tmp_path / "a", tmp_path / "b", "--out", out, *keys)
    slides = json.loads(out.read_bytes())["slides"]
    assert [(s["done"]["sequence"], s["same"], s["same_name"]) for s in slides] == [(1, [2], True), (2, [1], True)]
    assert slides[0]["medium"]["in_words"].startswith("the original still holds everything")


def test_a_clean_slide_with_a_name_that_may_tell_is_not_shown_without_a_warning(certified: dict[str, Any]) -> None:
    text = certified["html"][0].read_text()
    assert text.count("\u00b7 the file&#x27;s name is not known to be plain</p>") == 1


def test_another_program_gets_data(certified: dict[str, Any], house: House) -> None:
    ended = house.check(certified["pdf"][0], house.slides / "slide 2.svs", "--json")
    answers = {answer["about"]: answer["verdict"] for answer in json.loads(ended.out)["answers"]}
    assert answers["seal"] == answers["words"] == answers["ledger"] == answers["slide 2.svs"] == "holds"


def test_making_one_makes_nothing_else(tmp_path: Path, home: Path) -> None:
    slide = tmp_path / "slide.svs"
    built.aperio(slide, **SMALL)
    ended = run_cli("certificate", slide, "--out", tmp_path / "c.html")
    assert ended.code == 1
    assert "not sealed, as there is no site key" in ended.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.html", "slide.svs"]
    assert [path for path in home.rglob("*") if path.is_file()] == []
