"""The generator of planted slides: what it plants is there, what it is told is judged right, and a short run of it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import click
import pytest

from blankslide.samples import builders
from blankslide.samples.aperio.slide import build_aperio
from blankslide.testing.planting import core, invented, pictures, table
from blankslide.testing.planting.core import Drawing, Plant
from blankslide.testing.planting.tiff_patch import Tiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("argos.avs", "generic-vips.tif", "hamamatsu-no-macro.ndpi", "leica-versa.scn", "ome-pyramid.ome.tif",
         "philips-pages.tiff", "trestle.tif", "ventana-iscan.bif")  # fmt: skip
SLIDES, SEED = 36, 13


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder, known = tmp_path_factory.mktemp("planting"), builders()
    for name in NAMES:
        known[name](folder / name)
    for flavour in ("big", "jp2k-rgb", "kfbio"):
        build_aperio(folder / f"aperio-{flavour}.svs", flavour, size=(512, 384))
    return tuple(sorted(path for path in folder.iterdir() if path.read_bytes()[:2] == b"II"))


@pytest.mark.parametrize("name", sorted(core.planters("tiff")))
def test_what_is_planted_is_there_and_was_not_before(samples: tuple[Path, ...], name: str, tmp_path: Path) -> None:
    plant = core.planters("tiff")[name]
    for sample in samples:
        target = tmp_path / sample.name
        found = plant(sample, target, Random(f"{name}/{sample.name}"))
        if found is not None:
            own = core.without_chance(found, sample)
            assert list(core.left_of(own, {target: target.read_bytes()})), found.encoding
            assert len(Tiff.read(target)) >= len(Tiff.read(sample)), "the slide has lost a page"
            return
    pytest.fail("it can be planted in none of the samples")


def test_a_seed_and_a_number_make_the_same_slide_again(samples: tuple[Path, ...], tmp_path: Path) -> None:
    made = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        plant, path, profile = Drawing("tiff", samples, SEED).plant(7, tmp_path / str(number))
        made.append((plant, path.name, path.read_bytes(), profile))
    assert made[0] == made[1]
    (tmp_path / "other").mkdir()
    assert Drawing("tiff", samples, SEED + 1).plant(7, tmp_path / "other")[0] != made[0][0]


def _content(rest: tuple[str, ...]) -> None:
    """Call any slide clean."""


def _ending(code: int, writes: bytes = b"") -> Callable[[tuple[str, ...]], None]:
    def end(rest: tuple[str, ...]) -> None:
        if writes:
            with open(rest[2], "ab") as file:
                file.write(writes)
        raise SystemExit(code)

    return end


def _crash(rest: tuple[str, ...]) -> None:
    raise KeyError("Kim")


@pytest.mark.parametrize(
    ("product", "word"),
    [
        (_content, core.LEFT),
        (_ending(1), core.TOLD),
        (_ending(3), core.REFUSED),
        (_ending(3, b"x"), core.CHANGED),
        (_ending(4, b"x"), core.CHANGED),
        (_ending(2), core.CRASH),
        (_ending(70), core.CRASH),
        (_crash, core.CRASH),
    ],
)
def test_a_product_that_forgets_or_breaks_is_caught(
    tmp_path: Path, product: Callable[[tuple[str, ...]], None], word: str
) -> None:
    slide = tmp_path / "slide" / "some.svs"
    slide.parent.mkdir()
    slide.write_bytes(b"II*\0 Weidenbrook")
    command = click.Command(
        "product",
        params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)],
        callback=product,
        context_settings={"ignore_unknown_options": True},
    )
    plant = Plant("aperio", "field", "utf-8", True, (b"Weidenbrook",))
    verdict = core.judge(command, plant, slide, "research", tmp_path / "home")
    assert verdict.word == word
    assert bool(table.worth_telling(verdict)), "it is an ordinary plant that did not end clean"


def test_what_is_packed_or_drawn_is_found_too(tmp_path: Path) -> None:
    import zlib

    import numpy as np
    import tifffile

    packed = {tmp_path / "a": b"before" + zlib.compress(b"born Weidenbrook") + b"behind"}
    plant = Plant("x", "y", "z", True, (b"Weidenbrook",))
    assert list(core.left_of(plant, packed)) == [b"Weidenbrook"]
    drawn, path = pictures.label(Random(1), 96, 80), tmp_path / "drawn.tif"
    tifffile.imwrite(path, np.ascontiguousarray(drawn), compression="lzw", photometric="rgb")
    needle = pictures.coded(drawn, "lzw").needles
    shown = Plant("x", "y", "z", True, tuple(n for n in needle if n in drawn.tobytes()), picture=True)
    assert shown.needles
    assert list(core.left_of(shown, {path: path.read_bytes()}))


@pytest.mark.parametrize("way", sorted(invented.ENCODINGS))
def test_a_value_is_known_again_in_every_encoding(way: str) -> None:
    random = Random(way)
    for _ in range(40):
        value = invented.anything(random)
        data = b"=\0" + value.written(way) + b"\0;"
        assert any(needle in data for needle in value.needles()), (way, value.kind)


def test_a_short_run_ends_without_a_fault(samples: tuple[Path, ...]) -> None:
    from blankslide.cli import main

    verdicts = list(core.run(main, Drawing("tiff", samples, SEED), SLIDES))
    print(*table.table(verdicts), sep="\n")
    told = [line for verdict in verdicts if (line := table.worth_telling(verdict))]
    assert core.faults(verdicts) == [], told
    assert core.share(verdicts) >= 0.99, told
