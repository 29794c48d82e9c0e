"""``blankslide profile``: a site's file is checked whole, and every class, action and id can be looked up."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.formatkit.protocol import ROLES
from blankslide.model import Action, PhiClass
from blankslide.policy.known_ids import Known, known_ids
from blankslide.policy.profiles import actions_of_files, load
from blankslide.presentation import wording

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "profiles.md"
Run = Callable[..., Any]


def example() -> str:
    """Return the profile of the page."""
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    return str(text)


def write(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


# -- check -----------------------------------------------------------------------------------


def test_the_example_of_the_page_is_right_and_does_what_it_says(tmp_path: Path, run_here: Run, slide: Path) -> None:
    profile = write(tmp_path, example())
    ended = run_here("profile", "check", profile)
    assert (ended.code, ended.text) == (0, "study 7 is right: 6 findings named, all others by their class\n")
    ended = run_here("anonymize", "--dry-run", "--json", "--profile", profile, slide)
    got = {finding["id"]: finding["action"] for finding in ended.slides[0]["findings"]}
    assert (got["tiff.date-time"], got["aperio.description.date"]) == ("K", "K")
    assert (got["aperio.description.time"], got["aperio.description.parmset"]) == ("X", "X")
    assert got["aperio.tag.scanscope-id"] == "K", "its class is device"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('"aperio.description.usr" = "keep"', "did you mean aperio.description.user?"),
        ('"aperio.user" = "keep"', "did you mean aperio.description.user?"),
        (
            '"aperio.description.cabinet" = "keep"',
            "docs/profiles.md lists them · if a slide of yours has it, name that",
        ),
        ('"aperio.tagg.*" = "keep"', "is called like 'aperio.tagg.*'"),
        ('"apperio.description.user" = "keep"', "did you mean aperio.description.user?"),
        ('"macr" = "keep"', "did you mean macro?"),
        ('"macro" = "shred"', "must be keep, remove, zero or replace"),
        ('"macro" = "delete"', "did you mean remove?"),
    ],
)
def test_an_unknown_id_or_action_is_a_mistake_with_its_line(
    tmp_path: Path, run_here: Run, line: str, says: str
) -> None:
    ended = run_here("profile", "check", write(tmp_path, f"# ours\n[findings]\n{line}\n"))
    assert (ended.code, ended.out) == (2, "")
    (told,) = ended.err.splitlines()
    assert told.startswith("site.toml, line 3: ")
    assert says in told


def test_all_mistakes_of_a_file_are_told_in_the_order_of_its_lines(tmp_path: Path, run_here: Run) -> None:
    text = (
        'nmae = "x"\nbase = "mild"\n[classes]\ndirekt = "keep"\n[findings]\n"aperio.tag.scan-dat" = "keep"\n"a.b" = 3\n'
    )
    ended = run_here("profile", "check", write(tmp_path, text))
    assert ended.code == 2
    assert [line.split(":")[0] for line in ended.err.splitlines()] == [f"site.toml, line {n}" for n in (1, 2, 4, 6, 7)]


@pytest.mark.parametrize("id", ["dicom.private-00091001", "tiff.tag-50000", "*.barcode", "aperio.*", "picture.m*"])
def test_families_and_patterns_of_known_ids_are_right(tmp_path: Path, run_here: Run, id: str) -> None:
    assert run_here("profile", "check", write(tmp_path, f'[findings]\n"{id}" = "keep"\n')).code == 0


def test_an_id_that_a_slide_has_is_right(tmp_path: Path, run_here: Run, slide: Path) -> None:
    found = run_here("inspect", "--json", slide).slides[0]["findings"]
    known = {known.id for known in known_ids()}
    own = next(finding["id"] for finding in found if finding["class"] == "?" and finding["id"] not in known)
    profile = write(tmp_path, f'[findings]\n"{own}" = "remove"\n')
    assert run_here("profile", "check", profile).code == 2
    assert run_here("profile", "check", profile, slide).code == 0
    ended = run_here("profile", "check", profile, tmp_path / "none.svs")
    assert ended.code == 2
    assert ended.err.startswith("none.svs · the slide does not exist · nothing was changed · ")


def test_a_file_that_an_editor_of_windows_has_saved_is_read(tmp_path: Path, run_here: Run) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b'\xef\xbb\xbfbase = "strict"\r\n[findings]\r\n"picture.labl" = "keep"\r\n')
    ended = run_here("profile", "check", path)
    assert ended.code == 2
    assert "site.toml, line 3" in ended.err
    path.write_bytes(path.read_bytes().replace(b"labl", b"label"))
    assert run_here("profile", "check", path).code == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a = \n", "no valid TOML"),
        ("folder", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, run_here: Run, content: bytes | str | None, says: str
) -> None:
    path = tmp_path / "site.toml"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    for command in ("check", "show"):
        ended = run_here("profile", command, path)
        assert (ended.code, ended.out) == (2, "")
        (told,) = ended.err.splitlines()
        assert "site.toml" in told
        assert says in told


# -- show ------------------------------------------------------------------------------------


def test_show_says_what_each_class_gets(run_here: Run) -> None:
    words = run_here("profile", "show").out
    for cls in PhiClass:
        action = wording.action_name(load("research").classes[cls])
        assert re.search(rf"^ {wording.class_word(cls)} +{action} ", words, re.M)
    told = json.loads(run_here("profile", "show", "strict", "--json", "--ids").out)
    assert (told["name"], told["names"], told["weak"], told["classes"]["link"]) == ("strict", True, "remove", "replace")
    assert told["ids"]["picture.thumbnail"] == "remove"
    assert json.loads(run_here("profile", "show", "--json", "--ids").out)["ids"]["picture.thumbnail"] == "keep"


def test_show_says_what_ids_of_a_file_get(tmp_path: Path, run_here: Run) -> None:
    profile = write(tmp_path, example())
    assert re.search(r"^ tiff\.date-time +keep$", run_here("profile", "show", profile).out, re.M)
    ids = json.loads(run_here("profile", "show", profile, "--json", "--ids").out)["ids"]
    assert (ids["dicom.study-date"], ids["dicom.series-date"], ids["argos.barcode"]) == ("keep", "remove", "remove")


# -- the page --------------------------------------------------------------------------------


def test_the_page_is_up_to_date(script: dict[str, Any]) -> None:
    """Red? Run `make generated`."""
    text = PAGE.read_text("utf-8")
    assert script["page"](text, list(known_ids())) == text
    assert script["page"](text, [Known("tiff.new", (), False, "")]) != text


def test_the_page_has_every_class_and_action() -> None:
    text = PAGE.read_text("utf-8")
    for cls in PhiClass:
        assert f"| `{wording.class_word(cls)}` | {cls.value} | {wording.class_meaning(cls)} |" in text
    for action in Action:
        assert f"| `{wording.action_name(action)}` | {action.value} | {wording.action_meaning(action)} |" in text
    assert {wording.action_name(a) for a in actions_of_files().values()} <= actions_of_files().keys()


def test_the_list_has_what_formats_say(script: dict[str, Any]) -> None:
    """Of the four sources these cost nothing; `make generated` asks the samples too."""
    from blankslide.formats import all_formats

    known = {each.id: each for each in known_ids()}
    words = {form.first_word for form in all_formats()} | {"tiff", "jpeg", "png", "slide", "picture"}
    found = {each.id: {"classes": {PhiClass[name.upper()] for name in each.classes}} for each in known_ids()}
    rows = [*script["_of_tables"](found, words), *script["_of_source"](words), *script["_of_dicom"]()]
    assert [row[0] for row in rows if row[0] not in known] == [], "run `make generated`"
    assert {f"picture.{role}" for role in ROLES} <= known.keys()
    assert words - {"slide", "picture"} <= {name.partition(".")[0] for name in known}


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "profile-page"))


def test_every_finding_of_a_sample_slide_is_listed(slide: Path) -> None:
    """Red? Run `make generated`."""
    known = {each.id: each for each in known_ids()}
    for finding in blankslide.inspect(slide).findings:
        if finding.cls is not PhiClass.UNKNOWN:
            assert finding.cls.name.lower() in known[finding.id].classes
