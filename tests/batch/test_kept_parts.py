"""Specimen, block and stain stay in a new name, the case number goes, and who fits no pattern is told first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.batch import Pattern
from blankslide.batch import kept_parts as said
from blankslide.batch.queue import Task
from blankslide.errors import UsageError
from blankslide.policy.identifiers import UNSAFE, Identifiers
from blankslide.policy.profiles import load
from blankslide.records.link_table import read

KEY = bytes(range(32))
LAB = Identifiers.of(
    "lab", r"(?P<case>[A-Z]\d{2}-\d{3,6})_(?P<specimen>[A-Z]\d?)_(?P<block>\d{1,3})(?:_(?P<stain>.+))?"
)
CODE = Identifiers.of("code", r"(?P<case>\d+);(?P<block>\d+)")
PROFILE = f"[identifiers]\nlab = '{LAB.text}'\ncode = '{CODE.text}'\n"


def named(pattern: str, *names: str, in_place: bool = False) -> list[str | None]:
    """Return the new names, in brackets why there is none, None for a slide that keeps its name."""
    tasks = [Task(i, Path("/archive") / f"{name}.svs") for i, name in enumerate(names, 1)]
    made = Pattern(pattern, [LAB, CODE]).named(tasks, KEY, in_place)
    return [f"({task.refusal})" if task.refusal else task.name for task in made]


def test_parts_are_kept_and_the_case_goes() -> None:
    assert named("{specimen}-{block}-{stain}-{n}", "S19-12345_A_3_HE", "S19-12346_B2_11_CD3") == [
        "A-3-HE-1",
        "B2-11-CD3-2",
    ]
    one, same, other = named("{case_pseudonym}-{block}", "S19-12345_A_3_HE", "S19-12345_B_4_HE", "S19-12346_A_3_HE")
    assert str(one)[:-2] == str(same)[:-2] != str(other)[:-2]
    assert "12345" not in str(one)


def test_a_slide_that_fits_no_pattern_or_lacks_the_part_is_refused(tmp_path: Path) -> None:
    assert named("{block}-{stain}", "no such name", "S19-12345_A_3") == [
        f"({said.NO_MATCH})",
        "(its name has no part {stain})",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("S19-12345_A_3_Mustermann", UNSAFE),
        ("S19-12345_A_3_HE 1957", UNSAFE),
        ("S19-12345_A_3_S19-12345", UNSAFE),
        ("S19-123_A_3_CD123", said.REPEATS),
        ("S19-00123_A_123_HE", said.REPEATS),
    ],
)
def test_what_could_tell_the_case_or_a_person_is_never_kept(name: str, why: str) -> None:
    assert named("{block}-{stain}", name) == [f"({why})"]
    assert "12345" not in why


def test_its_present_name_does_not_come_in_by_another_way() -> None:
    assert named("{block}-{stem}", "S19-12345_A_3_HE") == [f"({said.REPEATS})"]
    assert named("x-{stem}", "S19-12345_A_3_HE") == ["x-S19-12345_A_3_HE"], "who asks for it alone, gets it"


def test_in_place_only_a_name_that_tells_nothing_is_taken_for_ours() -> None:
    pattern = "{specimen}-{block}-{n:02}"
    assert named(pattern, "S19-12345_A_3_HE", "A-3-01", "S19-12346_A_3", in_place=True) == ["A-3-02", None, "A-3-03"]
    for name in ("S19-12345-01", "Zweig-3-01", "A-12345-01"):
        assert named(pattern, name, in_place=True) == [f"({said.NO_MATCH})"], "it may be a case, so it is told"
    assert named("{case_pseudonym}-{block}", "case-" + "0f" * 12 + "-3", in_place=True) == [None]


@pytest.mark.parametrize(
    ("patterns", "field", "problem", "hint"),
    [
        ([LAB], "case", "is what goes", "case_pseudonym"),
        ([], "block", "the profile has no pattern that finds it", "[identifiers]"),
        ([], "case_pseudonym", "the profile has no pattern that finds it", "[identifiers]"),
        ([CODE], "stain", "no pattern of the profile finds this part", "[identifiers]"),
        ([LAB], "stian", "no such field", "did you mean {stain}?"),
        ([LAB], "x", "no such field", "fields are {n}, {stem}, {pseudonym}, {block}"),
    ],
)
def test_fields_that_no_name_can_have_are_wrong_usage(
    patterns: list[Identifiers], field: str, problem: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Pattern(f"{{{field}}}", patterns)
    assert problem in caught.value.message
    assert hint in caught.value.hint


# -- through the whole -----------------------------------------------------------------------


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    path = tmp_path / "lab.toml"
    path.write_text(PROFILE)
    return path


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_slides_and_sets_get_names_of_their_kept_parts_and_the_rest_is_told_first(
    put: Callable[..., Path], tmp_path: Path, lab: Path, dicom: Callable[[Path], None]
) -> None:
    root, key = tmp_path / "archive", tmp_path / "site.key"
    put("small.ndpi", root, "S19-12345_A_3_HE.ndpi")
    put("small.ndpi", root, "unknown.ndpi")
    put("mirax.mrxs", root / "m")
    (root / "m" / "mirax").rename(root / "m" / "S19-12345_B_1_PAS")
    (root / "m" / "mirax.mrxs").rename(root / "m" / "S19-12345_B_1_PAS.mrxs")
    dicom(root / "S19-12347_C_2_HE")
    wanted: dict[str, Any] = {"name": "{case_pseudonym}-{specimen}-{stain}", "profile": str(lab), "key": key, "jobs": 0}
    before = contents(root)
    outcomes = blankslide.anonymize_many(root, in_place=True, every=True, **wanted)
    assert not any(outcomes)
    assert [o.error.partition(" \u00b7 ")[0] for o in outcomes if o.error_code] == [said.NO_MATCH]
    assert contents(root) == before
    copies = blankslide.anonymize_many(root, out=tmp_path / "out", **wanted)
    outcomes = blankslide.anonymize_many(root, in_place=True, **wanted)
    for each in (copies, outcomes):
        ends = sorted((o.target.partition("-")[2].partition("-")[2], o.content) for o in each if o.target)
        assert ends == [("A-HE.ndpi", "clean"), ("B-PAS.mrxs", "clean"), ("C-HE", "clean")]
    for folder in (root, tmp_path / "out"):
        assert not [p for p in folder.rglob("*") if "S19" in p.name]
    cases = {o.target.split("-")[1] for o in outcomes if o.target}
    assert len(cases) == 2, "two slides are of one case"
    links = read(None, key.read_bytes())
    assert {link.old for link in links} == {"S19-12345_A_3_HE.ndpi", "m/S19-12345_B_1_PAS.mrxs", "S19-12347_C_2_HE"}
    assert blankslide.verify(next(root.glob("case-*.ndpi")), key=key)
    assert not any(
        o.error for o in blankslide.anonymize_many(root, in_place=True, **wanted) if "unknown" not in str(o.path)
    )


def test_a_barcode_is_taken_apart_if_the_name_tells_nothing(
    put: Callable[..., Path], tmp_path: Path, lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = {"a.ndpi": ["4711;8", "no"], "b.ndpi": ["4711;8", "4712;8"], "c.ndpi": None}
    monkeypatch.setattr(said, "barcodes", lambda path: codes[path.name])
    tasks = [Task(i, Path("/archive") / name) for i, name in enumerate(codes, 1)]
    a, b, c = Pattern("B{block}", [LAB, CODE]).named(tasks, KEY, False)
    assert (a.name, b.refusal, c.name, c.refusal) == ("B8", said.SEVERAL, None, "")


@pytest.fixture
def dicom() -> Callable[[Path], None]:
    from blankslide.samples.dicom import build_dicom

    def build(folder: Path) -> None:
        folder.mkdir(parents=True)
        build_dicom(folder / "slide.dcm")

    return build


def test_the_example_in_the_documentation_does_what_it_says(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "batch.md").read_text("utf-8")
    text = page.partition("    # lab.toml\n")[2].partition("\n\n    $ ")[0]
    (tmp_path / "lab.toml").write_text("\n".join(line.strip() for line in text.splitlines()))
    identifiers = load(str(tmp_path / "lab.toml")).identifiers
    assert [each.name for each in identifiers] == ["scanner", "barcode"]
    pattern = Pattern("{case_pseudonym}-{specimen}{block}-{stain}", identifiers)
    (task,) = pattern.named([Task(1, tmp_path / "S19-12345_B_3_HE.svs")], KEY, False)
    assert str(task.name).startswith("case-")
    assert str(task.name).endswith("-B3-HE")
