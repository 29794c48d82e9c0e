"""What the ledger says beside the outcome helps to find a slide, and is never a removed value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api, pipeline
from blankslide.errors import UsageError
from blankslide.pipeline import Mode
from blankslide.pipeline.ledger_facts import require_sayable
from blankslide.policy.file_names import name_verdict
from blankslide.testing import built

if TYPE_CHECKING:
    from pathlib import Path

KEPT = {"specimen": "0012", "block": "A1", "slide": "3", "stain": "HE"}
ACCESSION = "S25-004711"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("original") / "a.svs"
    built.aperio(path, size=(512, 384), factors=(1, 2), macro_size=(400, 140), fields={"Barcode": ACCESSION})
    return path.read_bytes()


@pytest.fixture
def recorded(original: bytes, tmp_path: Path) -> Any:
    """Return a function that copies a slide and returns its entry, and the line as text."""

    def run(old: str, new: str | None = None, in_place: bool = False, **about: str) -> dict[str, Any]:
        path = tmp_path / old
        path.write_bytes(original)
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
        options = api.options(ledger=str(file), link_table="none", about=about)
        pipeline.anonymize(path, options, Mode(None if in_place else tmp_path / "out", False), new)
        entry: dict[str, Any] = json.loads(file.read_text().splitlines()[-1])["entry"]
        return entry

    return run


def test_what_a_person_says_of_a_slide_is_kept(recorded: Any) -> None:
    entry = recorded("old name.svs", "STUDY-0001.svs", requester="Biobank Süd", **KEPT)
    assert entry["output"] == "STUDY-0001.svs"
    assert entry["requester"] == "Biobank Süd"
    assert entry["kept"] == KEPT


def test_without_anything_to_say_an_entry_is_as_before(recorded: Any) -> None:
    entry = recorded("Jane Quill.svs", in_place=True)
    assert {"output", "requester", "kept"} & set(entry) == set()


NAMES = [
    ("slide 1.svs", None, True),  # plain, though it is the old one
    ("Quill Jane.svs", None, False),
    ("Quill Jane.svs", "STUDY-0001", True),
    ("Quill Jane.svs", "STUDY-Quill-1", False),
    ("Quill Jane.svs", "quilljane-0001", False),
    ("Li HE.svs", "STUDY-Li", False),
    ("Li.svs", "STUDY-clinic", True),  # no word of its own
    ("case 20417.svs", "STUDY-20417", False),
    ("case 20417 HE.svs", "STUDY-0002-HE", True),  # HE is said to be kept
    ("x.svs", f"STUDY-{ACCESSION}", False),  # the removed barcode
    ("x.svs", "S19-12345", False),  # looks like somebody's number
]


@pytest.mark.parametrize(("old", "new", "is_told"), NAMES)
@pytest.mark.parametrize("in_place", [False, True], ids=["copy", "in place"])
def test_a_new_name_is_told_only_if_it_says_nothing(
    recorded: Any, old: str, new: str | None, is_told: bool, in_place: bool
) -> None:
    entry = recorded(old, new, in_place=in_place, stain="HE")
    assert entry.get("output") == ((f"{new}.svs" if new else old) if is_told else None)
    if not is_told:
        for word in (new or old).replace("-", " ").removesuffix(".svs").split():
            if word not in ("STUDY", "HE") and name_verdict(word) != "plain":
                assert word not in json.dumps(entry)


def test_a_removed_value_is_never_an_identifier_that_is_kept(recorded: Any) -> None:
    entry = recorded("x.svs", "STUDY-1.svs", requester=f"for {ACCESSION.lower()}", specimen=ACCESSION, block="A1")
    assert entry["kept"] == {"block": "A1"}
    assert "requester" not in entry
    assert ACCESSION.lower() not in json.dumps(entry).lower()


@pytest.mark.parametrize(
    "about",
    [
        {"ward": "3"},
        {"requester": "x" * 101},
        {"requester": "/mnt/share/lab"},
        {"stain": "HE\nclean"},
        {"block": "A\x1b[2J"},
        {"block": 5},
    ],
)
def test_what_the_ledger_cannot_hold_is_refused_before_a_slide_is_touched(about: Any) -> None:
    """Refused later, it would leave a slide pending for ever."""
    with pytest.raises(UsageError):
        require_sayable(about)


def test_what_reaches_the_pipeline_all_the_same_is_left_out(original: bytes, tmp_path: Path) -> None:
    path, file = tmp_path / "x.svs", tmp_path / "l.jsonl"
    path.write_bytes(original)
    options = api.options(ledger=str(file), link_table="none")
    options.about = {"requester": "/mnt/share/lab", "block": "A1"}
    assert pipeline.anonymize(path, options, Mode(None, False), None).content == "clean"
    entry = json.loads(file.read_text())["entry"]
    assert "requester" not in entry
    assert entry["kept"] == {"block": "A1"}
