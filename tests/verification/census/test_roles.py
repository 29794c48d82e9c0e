"""Roles proven by pixels: tables of real slides and samples, and what liars and thieves would like to be believed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.verification.census.decode import ALL
from blankslide.verification.census.pixels import Look
from blankslide.verification.census.roles import Candidate, prove

if TYPE_CHECKING:
    from pathlib import Path

L, T, LABEL, M, OTHER, U, CH = "level", "thumbnail", "label", "macro", "other", "unclear", "channel"

REAL = [
    ("aperio/CMU-1-Small-Region.svs", [L, T, LABEL, M], [L, T, OTHER, OTHER]),
    ("aperio/openslide-python-small.svs", [L, T], [L, T]),
    ("generic/openslide-python-boxes.tiff", [L] * 4, [L] * 4),
    ("generic/slaid-test.tif", [L] * 3, [L] * 3),
    ("ome/wsic-bfconvert-jpeg.ome.tiff", [L], [L]),
    ("qptiff/small_vectra.qptiff", [L, L, L, T, M, LABEL], [L, L, L, T, OTHER, OTHER]),
    # one picture in strips: nothing agrees, and nothing else shows that it is a slide
    ("ome/qupath-cells.ome.tif", [L], [U]),
    ("vsi/vsi-ets-test-jpg2k.vsi", [L], [U]),
]
SAMPLES = [
    ("aperio-gt450.svs", [L, T, L, L, L, LABEL, M], [L, T, L, L, L, OTHER, OTHER]),
    ("hamamatsu-nanozoomer.ndpi", [L, L, L, M, "unknown"], [L, L, L, OTHER, "map"]),
    ("leica-scn400.scn", [M, M, L, L], [OTHER, OTHER, L, L]),
    ("qptiff-fluorescence.qptiff", [*[L] * 3, T, *[L] * 6, M, LABEL], [*[CH] * 3, T, *[L] * 6, OTHER, OTHER]),
    ("qptiff-fluorescence.qptiff", [""] * 12, [*[CH] * 3, T, *[L] * 6, OTHER, OTHER]),
    ("ventana-dp200.bif", [M, "unknown", L, L, L], [OTHER, "map", L, L, L]),
    ("ventana-iscan.bif", [M, T, L, L, L], [OTHER, T, L, L, L]),
    ("ome-pyramid.ome.tif", [L, L, L, LABEL, M, M], [L, L, L, OTHER, OTHER, OTHER]),
]


def proven(candidates: list[Candidate]) -> list[str]:
    return [role.proven for role in prove(candidates)]


@pytest.mark.parametrize(("name", "said", "roles"), REAL, ids=lambda value: value if isinstance(value, str) else "")
def test_real_slides(name: str, said: list[str], roles: list[str], shared: Path, kit: Any) -> None:
    assert proven(kit.slide_of(shared / name, said)) == roles


@pytest.mark.parametrize(("name", "said", "roles"), SAMPLES, ids=lambda value: value if isinstance(value, str) else "")
def test_samples(name: str, said: list[str], roles: list[str], sample: Callable[[str], Path], kit: Any) -> None:
    assert proven(kit.slide_of(sample(name), said)) == roles


def test_words_do_not_decide(sample: Callable[[str], Path], kit: Any) -> None:
    """Label and level swapped: tissue is never called a label, whatever the plan says; a label is never a level."""
    said = [LABEL, T, L, L, M, L, T]
    roles = prove(kit.slide_of(sample("aperio-gt450.svs"), said))
    assert [role.proven for role in roles] == [L, T, L, L, L, OTHER, OTHER]
    assert "0." in roles[0].reason or "1." in roles[0].reason
    assert proven(kit.slide_of(sample("aperio-gt450.svs"), ["unknown"] * 7)) == [L, T, L, L, L, OTHER, OTHER]
    assert proven(kit.slide_of(sample("aperio-gt450.svs"), [""] * 7)) == [L, T, L, L, L, OTHER, OTHER]


def test_words_do_not_decide_on_a_real_slide(shared: Path, kit: Any) -> None:
    path = shared / "aperio" / "CMU-1-Small-Region.svs"
    assert proven(kit.slide_of(path, [LABEL, M, L, T])) == [L, T, OTHER, OTHER]


@pytest.mark.parametrize("few", [4, 33, ALL])
def test_however_much_is_looked_at_a_true_thumbnail_stays(few: int, shared: Path, kit: Any) -> None:
    """Strips and tiles share parts of values at their edges; those are no difference."""
    roles = prove(kit.slide_of(shared / "aperio" / "CMU-1-Small-Region.svs", [L, T, LABEL, M], few))
    assert [role.proven for role in roles] == [L, T, OTHER, OTHER]
    assert (roles[1].looked > 0.95) == (few == ALL)


# -- a label on a thumbnail ----------------------------------------------------------------


@pytest.fixture(scope="module")
def vectra(shared: Path, kit: Any) -> tuple[list[Candidate], Any]:
    path = shared / "qptiff" / "small_vectra.qptiff"
    slide = kit.slide_of(path, [L, L, L, T, M, LABEL], ALL)
    (page, _), *_ = kit.pages_of(path)[3:]
    return slide, page.asarray()


@pytest.fixture(scope="module")
def cmu(shared: Path, kit: Any) -> tuple[list[Candidate], Any]:
    path = shared / "aperio" / "CMU-1-Small-Region.svs"
    slide = kit.slide_of(path, [L, T, LABEL, M], ALL)
    (page, _), *_ = kit.pages_of(path)[1:]
    return slide, page.asarray()


@pytest.fixture(scope="module")
def printed() -> Any:
    from blankslide.samples.kit.drawing import label
    from blankslide.samples.kit.patients import invent

    return label(invent(7))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, 0.2])
@pytest.mark.parametrize("corner", [(0.02, 0.02), (0.4, 0.5), (0.85, 0.1)])
@pytest.mark.parametrize("slide", ["cmu", "vectra"])
def test_a_label_pasted_on_a_real_thumbnail(
    slide: str, corner: tuple[float, float], share: float, printed: Any, request: Any, kit: Any
) -> None:
    candidates, array = request.getfixturevalue(slide)
    array = array.copy()
    high, wide = (int(side * share**0.5) for side in array.shape[:2])
    if share:
        y, x = (min(int(s * c), s - n) for s, c, n in zip(array.shape, corner, (high, wide), strict=False))
        array[y : y + high, x : x + wide] = np.asarray(printed.resize((wide, high)))
    at = [c.said for c in candidates].index(T)
    spoilt = [*candidates]
    spoilt[at] = kit.candidate(array, T, tiled=False, segment=10_000)
    role = prove(spoilt)[at]
    assert (role.proven == T) == (share == 0.0)
    assert role.proven in (T, U, OTHER)
    assert share or role.looked > 0.95


# -- built slides --------------------------------------------------------------------------


def shrunk(array: Any, width: int, height: int) -> Any:
    from PIL import Image

    return np.asarray(Image.fromarray(array).resize((width, height), Image.Resampling.LANCZOS))


@pytest.fixture(scope="module")
def levels(kit: Any) -> list[Any]:
    full = kit.tissue(1024, 768)
    return [full, shrunk(full, 512, 384), shrunk(full, 256, 192)]


def spots(seed: int, size: tuple[int, int] = (384, 512)) -> Any:
    """Return a channel of fluorescence: dark, with sparse bright structures of its own."""
    rng = np.random.default_rng(seed)
    picture = np.full(size, 8, np.uint8)
    for y, x in rng.integers(0, min(size) - 20, (60, 2)):
        picture[y : y + 14, x : x + 14] = rng.integers(90, 220)
    return picture


def test_channels_need_not_look_alike(kit: Any) -> None:
    channels = [kit.candidate(spots(seed), L) for seed in (1, 2, 3, 4)]
    reduced = [kit.candidate(shrunk(spots(seed), 256, 192), L) for seed in (1, 2, 3, 4)]
    label = np.full((384, 512), 245, np.uint8)
    label[40:300:12, 60:400] = 20
    slide = [*channels, *reduced, kit.candidate(label, L)]
    assert proven(slide) == [*["channel"] * 4, *["level"] * 4, OTHER]
    assert proven(channels) == ["channel"] * 4
    assert proven([*channels, kit.candidate(label, LABEL, tiled=False)]) == [*["channel"] * 4, OTHER]


def test_a_thumbnail_may_show_all_channels_at_once_and_nothing_else(kit: Any) -> None:
    planes = [spots(seed) for seed in (1, 2, 3)]
    slide = [kit.candidate(p, "") for p in planes] + [kit.candidate(shrunk(p, 256, 192), "") for p in planes]
    mixed = shrunk(np.stack(planes, axis=2), 128, 96) // (1, 2, 3) + 20
    pasted = mixed.copy()
    pasted[10:20, 10:20] = 90
    label = np.full((96, 128), 245, np.uint8)
    label[10:80:6, 20:100] = 20
    beside = [kit.candidate(a.astype(np.uint8), "", tiled=False) for a in (mixed, pasted, label)]
    assert proven([*slide, *beside]) == [*[CH] * 3, *[L] * 3, T, U, OTHER]
    assert proven([*slide, beside[2]])[-1] == OTHER


def test_planes_and_repeated_pages_are_levels(kit: Any, levels: list[Any]) -> None:
    from PIL import Image, ImageFilter

    blurred = [np.asarray(Image.fromarray(levels[1]).filter(ImageFilter.GaussianBlur(r))) for r in (0, 1, 2)]
    assert proven([kit.candidate(array, L) for array in blurred]) == [L] * 3


def test_a_map_is_the_negative(kit: Any, levels: list[Any]) -> None:
    slide = [kit.candidate(levels[0], L), kit.candidate(levels[2], L)]
    negative = 255 - shrunk(levels[0], 64, 48)
    assert proven([*slide, kit.candidate(negative, "unknown", tiled=False)]) == [L, L, "map"]
    named = negative.copy()
    named[6:12, 8:16] = np.where(np.random.default_rng(1).random((6, 8)) < 0.4, 0, 255)[..., None]
    roles = prove([*slide, kit.candidate(named, "unknown", tiled=False)])
    assert float(roles[2].reason.split()[-4]) < -0.85, "as a whole it is the negative still"
    assert roles[2].proven == OTHER, (roles[2], "a name printed on it")


def test_turned_pictures_are_the_slide_and_are_not_kept(kit: Any, levels: list[Any]) -> None:
    slide = [kit.candidate(array, L) for array in levels]
    turned = np.ascontiguousarray(np.rot90(levels[2]))
    upside = np.ascontiguousarray(levels[2][::-1, ::-1])
    for array in (turned, upside):
        assert proven([*slide, kit.candidate(array, T, tiled=False)]) == [L, L, L, U]
        assert proven([*slide, kit.candidate(array, LABEL, tiled=False)])[3] in (T, L)
    assert proven([*slide, kit.candidate(upside, L)]) == [L, L, L, U]


def test_a_soft_picture_of_another_shape_is_not_the_slide(kit: Any) -> None:
    """Gradients are alike when they are stretched to one square; a macro is no thumbnail for that."""
    y, x = np.mgrid[0:192, 0:256]
    slide = (40 + 0.4 * y + 0.3 * x).astype(np.uint8)
    macro = np.ascontiguousarray(shrunk(np.repeat(slide[..., None], 3, 2), 120, 40))
    found = proven([kit.candidate(slide, L, segment=64), kit.candidate(macro, "", tiled=False)])
    assert found == [L, U]


def test_shifted_and_cropped_thumbnails_stay(kit: Any, levels: list[Any]) -> None:
    slide = [kit.candidate(array, L) for array in levels]
    full = levels[0]
    for array in (full[40:-36, 50:-54], np.roll(full, (16, 20), (0, 1))[:, :1000]):
        small = shrunk(np.ascontiguousarray(array), 240, 180)
        assert proven([*slide, kit.candidate(small, T, tiled=False)]) == [L, L, L, T]


def test_a_level_on_a_canvas_of_whole_tiles(kit: Any) -> None:
    full = kit.tissue(900, 600)
    canvas = np.zeros((256, 256, 3), np.uint8)
    canvas[:150, :225] = shrunk(full, 225, 150)
    slide = [kit.candidate(full, L), kit.candidate(shrunk(full, 450, 300), L), kit.candidate(canvas, L, segment=256)]
    assert proven(slide) == [L, L, L]


def test_a_single_level_is_the_only_large_picture_in_many_tiles(kit: Any, levels: list[Any], printed: Any) -> None:
    label = np.asarray(printed)
    level = kit.candidate(levels[0], L)
    assert proven([level]) == [L]
    assert proven([level, kit.candidate(label, LABEL, tiled=False)]) == [L, OTHER]
    assert proven([level, kit.candidate(shrunk(label, 64, 64), L)]) == [L, OTHER]
    assert proven([kit.candidate(levels[0], L, tiled=False, segment=2000)]) == [U]


def test_two_large_pictures_that_do_not_agree_are_both_unclear(kit: Any, levels: list[Any], printed: Any) -> None:
    label = np.asarray(printed.resize((700, 700)))
    slide = [kit.candidate(levels[0], L), kit.candidate(label, L)]
    assert proven(slide) == [U, U]


def test_two_equal_labels_do_not_outvote_a_slide(kit: Any, levels: list[Any], printed: Any) -> None:
    label = np.asarray(printed)
    twice = [kit.candidate(label, LABEL, tiled=False), kit.candidate(label, LABEL, tiled=False)]
    assert set(proven([kit.candidate(levels[0], L), *twice])) == {U}
    # with a second level the slide has a voice of its own
    assert proven([kit.candidate(levels[0], L), *twice, kit.candidate(levels[1], L)]) == [L, OTHER, OTHER, L]


def test_the_largest_picture_is_not_always_the_slide(kit: Any, levels: list[Any], printed: Any) -> None:
    macro = np.asarray(printed.resize((1600, 1000)))
    slide = [kit.candidate(macro, M, tiled=False), *(kit.candidate(a, L) for a in levels)]
    assert proven(slide) == [OTHER, L, L, L]


def test_an_empty_slide_is_told_by_its_shapes(kit: Any) -> None:
    rng = np.random.default_rng(5)
    glass = (241 + rng.normal(0, 0.8, (768, 1024, 3))).round().astype("u1")
    slide = [kit.candidate(glass, L), kit.candidate(glass[::4, ::4].copy(), L), kit.candidate(glass[:90, :50], M)]
    assert proven(slide)[:2] == [L, L]
    assert proven(slide)[2] in (U, "blank")


def test_pictures_of_one_colour_are_blank_and_empty_levels_are_not(kit: Any, levels: list[Any]) -> None:
    slide = [kit.candidate(levels[0], L), kit.candidate(levels[1], L)]
    white = np.full((400, 300, 3), 255, np.uint8)
    assert proven([*slide, kit.candidate(white, LABEL, tiled=False, segment=400)]) == [L, L, "blank"]
    assert proven([*slide, kit.candidate(np.full((192, 256, 3), 255, np.uint8), L, segment=256)])[2] == "blank"
    unseen = Look(4096, 3072, kit.look_of(white, 64).samples, None, True)  # eight tiles of glass of thousands
    assert proven([*slide, Candidate(4096, 3072, unseen, True, 3072, L)])[2] == L
    assert proven([*slide, Candidate(4096, 3072, unseen, True, 3072, M)])[2] == "blank"
    assert proven([*slide, Candidate(100, 90, None, False, 1, LABEL)])[2] == U


def test_levels_of_another_picture_are_unclear_if_called_levels(sample: Callable[[str], Path], kit: Any) -> None:
    """A second region of tissue and a macro with levels of its own are the same to pixels."""
    assert proven(kit.slide_of(sample("leica-scn400.scn"), [L, L, L, L])) == [U, U, L, L]


def test_nothing_is_nothing() -> None:
    assert prove([]) == []
    assert proven([Candidate(5, 5, None, False, 1, "")]) == [U]


def test_hundreds_of_pictures_take_no_hour(kit: Any) -> None:
    rng = np.random.default_rng(9)
    many = [
        kit.candidate(rng.integers(0, 255, (rng.integers(20, 60), 40), dtype=np.uint8).repeat(3, 0), "", tiled=False)
        for _ in range(100)
    ]
    start = time.process_time()
    prove(many)
    assert time.process_time() - start < 10
