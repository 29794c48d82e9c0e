"""Residues in every format, in small: what is put back or planted is flagged, and a product that forgets is caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from blankslide.cli import main
from blankslide.samples.kit.answer_key import Planted, Removed
from blankslide.testing.own import residues
from blankslide.testing.own.residues import Case, Clean, cases, cleaned, judged
from blankslide.testing.sampled import sampled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ["trestle", "mirax.mrxs", "dicom-native"]
FEW = 40


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Clean]:
    return cleaned(main, tmp_path_factory.mktemp("residues"), NAMES)


def test_what_is_put_back_or_planted_is_flagged(samples: list[Clean]) -> None:
    ended = [judged(main, samples, case) for case in sampled(cases(samples), FEW, "residues")]
    assert [residues.worth_telling(verdict) for verdict in ended if verdict.word in residues.FAULTS] == []
    there = [verdict for verdict in ended if verdict.word != residues.NO_CASE]
    assert len(there) > FEW // 3
    assert {verdict.case.way for verdict in there} >= {residues.PUT_BACK, residues.PLANTED}


def test_a_name_in_the_tables_of_a_picture_that_was_blanked_is_flagged(samples: list[Clean]) -> None:
    """The one residue of three thousand that was not."""
    number, clean = next((n, one) for n, one in enumerate(samples) if one.key and one.format == "trestle")
    assert clean.key is not None
    entry = next(n for n, r in enumerate(clean.key.removed) if r.id == "picture.macro" and r.value)
    assert judged(main, samples, Case(number, residues.PUT_BACK, f"{entry}/every place")).word == residues.FLAGGED


def test_all_formats_and_planters_have_their_turn(samples: list[Clean]) -> None:
    made = cases(samples, rounds=2)
    assert {case.sample for case in made} == set(range(len(samples)))
    assert {clean.family for clean in samples} == {"", "tiff", "sets"}
    assert {clean.format for clean in samples} == {"trestle", "mirax", "dicom"}
    assert len(made) == len(set(made))
    assert {case.round for case in made if case.way == residues.PLANTED} == {0, 1}


def _product(end: Callable[[tuple[str, ...]], None]) -> click.Command:
    return click.Command(
        "product",
        params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)],
        callback=end,
        context_settings={"ignore_unknown_options": True},
    )


def _clean(rest: tuple[str, ...]) -> None:
    """Call any slide clean."""


def _writes(rest: tuple[str, ...]) -> None:
    with open(rest[-1], "ab") as file:
        file.write(b"x")
    raise SystemExit(1)


def _breaks(rest: tuple[str, ...]) -> None:
    raise KeyError("Kim")


@pytest.mark.parametrize(
    ("end", "word"), [(_clean, residues.MISSED), (_writes, residues.CHANGED), (_breaks, residues.CRASH)]
)
def test_a_product_that_forgets_writes_or_breaks_is_caught(
    samples: list[Clean], end: Callable[[tuple[str, ...]], None], word: str
) -> None:
    number = next(n for n, clean in enumerate(samples) if clean.key)
    verdict = judged(_product(end), samples, Case(number, residues.PUT_BACK, "0/every place"))
    assert verdict.word == word
    assert residues.worth_telling(verdict)
    assert list(residues.table([verdict]))[-2].split()[-1] == "1"


def test_what_cannot_be_shown_to_be_there_is_no_case(tmp_path: Path) -> None:
    slide = tmp_path / "slide" / "some.tif"
    slide.parent.mkdir()
    slide.write_bytes(b"named Weidenbrook, and named")
    entry = Removed("some.id", "Weidenbrook", "latin-1", ((6, 11),))
    key = Planted("some.tif", "some", (entry,), ())
    clean = Clean(slide, {"some.tif": slide.read_bytes()}, key)
    case = Case(0, residues.PUT_BACK, "0/every place")
    assert judged(_product(_clean), [clean], case).word == residues.NO_CASE, "it is there already"
    slide.write_bytes(b"named ###########, and named")
    assert judged(_product(_clean), [clean], case).word == residues.MISSED


def test_a_sample_that_does_not_end_clean_is_no_base(tmp_path: Path) -> None:
    def refuses(rest: tuple[str, ...]) -> None:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match="ends with 3"):
        cleaned(_product(refuses), tmp_path, ["trestle"])
