"""The generator of planted sets: what it plants is there, a product that forgets is caught, and a short run of it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import click
import pytest

from blankslide.testing.planting import core, set_samples, table
from blankslide.testing.planting.core import Drawing
from blankslide.testing.planting.sets import FAMILY, members_of

if TYPE_CHECKING:
    from pathlib import Path

SLIDES, SEED, TRIES = 14, 14, 40
NAMES = ("dicom-jpeg", "dicom-native", "mirax", "zeiss-raw", "sakura", "philips-isyntax")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder, out = tmp_path_factory.mktemp("sets"), []
    for name, build in set_samples.BUILDERS.items():
        if name.rpartition(".")[0] in NAMES:
            path = folder / name.rpartition(".")[0] / name
            path.parent.mkdir()
            build(path)
            out.append(path)
    return tuple(out)


@pytest.mark.parametrize("name", sorted(n for n in core.planters(FAMILY) if not n[-1].isdecimal()))
def test_what_is_planted_is_there_and_was_not_before(samples: tuple[Path, ...], name: str, tmp_path: Path) -> None:
    plant = core.planters(FAMILY)[name]
    for attempt in range(TRIES):
        for sample in samples:
            target = tmp_path / f"{attempt} {sample.stem}" / sample.name
            target.parent.mkdir()
            found = plant(sample, target, Random(f"{name}/{attempt}/{sample.name}"))
            if found is not None:
                own = dict.fromkeys([target], b"".join(members_of(sample).files.values()))
                assert list(core.left_of(found, core.files(target.parent))), (found.where, found.encoding)
                assert not any(needle in data for needle in found.needles for data in own.values())
                return
    pytest.fail("it can be planted in none of the samples")


def _product(*, says: str = "") -> click.Command:
    """Return a product that does nothing, and calls every slide clean."""
    return click.Command(
        "product",
        params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)],
        callback=lambda rest: click.echo(says),
        context_settings={"ignore_unknown_options": True},
    )


@pytest.mark.parametrize("name", ["plant_mirax_record", "plant_frame", "plant_czi_tile", "plant_cell", "plant_beside"])
def test_a_product_that_forgets_is_caught(samples: tuple[Path, ...], name: str, tmp_path: Path) -> None:
    target = tmp_path / "slide"
    target.mkdir()
    plant, slide, profile = Drawing(FAMILY, samples, SEED, (name,)).plant(0, target)
    assert core.judge(_product(), plant, slide, profile, tmp_path / "home").word == core.LEFT
    if plant.beside:
        named = _product(says=f"left as they are beside it: {plant.beside}")
        assert core.judge(named, plant, slide, profile, tmp_path / "home").word == core.TOLD


def test_a_short_run_ends_without_a_fault(samples: tuple[Path, ...]) -> None:
    from blankslide.cli import main

    verdicts = list(core.run(main, Drawing(FAMILY, samples, SEED), SLIDES))
    print(*table.table(verdicts), sep="\n")
    told = [line for verdict in verdicts if (line := table.worth_telling(verdict))]
    assert core.faults(verdicts) == [], told
