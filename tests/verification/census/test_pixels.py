"""Two pictures held against each other: registration, what a global correlation cannot see, and silence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from blankslide.verification.census.decode import ALL
from blankslide.verification.census.overlay import cut, fit_line, register, turned, worst_block
from blankslide.verification.census.pixels import Look, Sample, covered, likeness, pearson


@pytest.fixture(scope="module")
def slide(kit: Any) -> Any:
    return kit.tissue(768, 512)


@pytest.fixture(scope="module")
def label(kit: Any) -> Any:
    from blankslide.samples.kit.drawing import label
    from blankslide.samples.kit.patients import invent

    return np.asarray(label(invent(7)))


def shrunk(array: Any, width: int = 192, height: int = 128) -> Any:
    from PIL import Image

    return np.asarray(Image.fromarray(array).resize((width, height), Image.Resampling.LANCZOS))


def test_a_reduction_is_the_same_block_by_block(slide: Any, kit: Any) -> None:
    found = likeness(kit.look_of(shrunk(slide)), kit.look_of(slide), strict=True)
    assert found.verdict == "same"
    assert found.correlation > 0.97
    assert found.worst < 12


def test_a_label_is_another_picture(slide: Any, label: Any, kit: Any) -> None:
    found = likeness(kit.look_of(label), kit.look_of(slide))
    assert found.verdict == "other"
    assert found.correlation < 0.6


@pytest.mark.parametrize("turn", range(1, 8))
def test_a_turn_explains_and_never_keeps(turn: int, slide: Any, kit: Any) -> None:
    other = np.ascontiguousarray(turned(shrunk(slide), turn))
    a, b = kit.look_of(other), kit.look_of(slide)
    assert likeness(a, b).verdict == "same"
    assert likeness(a, b, strict=True).verdict == "maybe"
    assert register(a.whole, b.whole).turn


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda a: np.roll(a, (12, -20), (0, 1)), id="shifted 2.5 %"),
        pytest.param(lambda a: a[26:-26, 38:-38], id="cropped 5 % all round"),
        pytest.param(lambda a: a[:-26], id="cropped 5 % below"),
        pytest.param(lambda a: np.pad(a, ((20, 20), (30, 30), (0, 0)), mode="edge"), id="a margin of 4 %"),
    ],
)
def test_small_shifts_and_crops_are_registered(change: Any, slide: Any, kit: Any) -> None:
    a, b = kit.look_of(shrunk(change(slide))), kit.look_of(slide)
    assert pearson(a.whole, b.whole) < 0.9
    found = likeness(a, b)
    assert found.verdict == "same"
    assert found.correlation > 0.9


def test_contrast_of_a_fiftieth_is_enough(slide: Any, kit: Any) -> None:
    weak = np.clip(200 + (slide.astype(float) - 200) * 0.02, 0, 255).round().astype("u1")
    found = likeness(kit.look_of(weak.repeat(1, 0)), kit.look_of(slide))
    assert found.verdict in ("same", "none")
    assert found.verdict == ("none" if weak.std() < 1.5 else "same")
    deep = (20_000 + (slide.astype(float) - 200) * 20).astype("u2")
    assert likeness(kit.look_of(deep), kit.look_of(slide)).verdict == "same"


def test_no_contrast_is_no_verdict(slide: Any, kit: Any) -> None:
    rng = np.random.default_rng(4)
    glass = (240 + rng.normal(0, 1, (512, 768, 3))).round().astype("u1")
    assert likeness(kit.look_of(glass), kit.look_of(slide)).verdict == "none"
    assert likeness(kit.look_of(glass), kit.look_of(glass)).verdict == "none"
    assert likeness(kit.look_of(glass, 64), kit.look_of(slide, 64)).verdict == "none"


def test_the_negative_is_told_by_its_sign(slide: Any, kit: Any) -> None:
    for a, b in (
        (kit.look_of(255 - slide), kit.look_of(slide)),
        (kit.look_of(255 - slide, 64), kit.look_of(slide, 64)),
    ):
        found = likeness(a, b)
        assert found.verdict == "other"
        assert found.correlation < -0.95


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("corner", [(0.03, 0.05), (0.4, 0.45), (0.75, 0.5)])
def test_a_pasted_label_hides_from_a_correlation_and_not_from_the_worst_block(
    share: float, corner: tuple[float, float], slide: Any, label: Any, kit: Any
) -> None:
    small = shrunk(slide).copy()
    high, wide = (int(side * share**0.5) for side in small.shape[:2])
    y, x = (min(int(side * c), side - n) for side, c, n in zip(small.shape, corner, (high, wide), strict=False))
    small[y : y + high, x : x + wide] = shrunk(label, wide, high)
    found = likeness(kit.look_of(small), kit.look_of(slide), strict=True)
    assert found.verdict != "same"
    if share == 0.01:
        assert found.correlation > 0.85
        assert found.worst > 16


def test_a_printed_line_on_glass_is_seen(kit: Any, slide: Any) -> None:
    from PIL import Image, ImageDraw

    picture = Image.fromarray(shrunk(slide))
    ImageDraw.Draw(picture).text((4, 116), "Mustermann, Erika", fill=(20, 20, 20))
    found = likeness(kit.look_of(np.asarray(picture)), kit.look_of(slide), strict=True)
    assert found.verdict == "maybe"
    assert found.worst > 16


def test_parts_are_compared_where_they_lie_over_each_other(slide: Any, label: Any, kit: Any) -> None:
    a, b = kit.look_of(slide, 64), kit.look_of(shrunk(slide, 384, 256), 32)
    assert a.whole is None or b.whole is None or len(a.samples) == 8
    assert likeness(kit.look_of(slide, 16), kit.look_of(shrunk(slide, 384, 256), 8)).verdict == "same"
    whole = kit.look_of(shrunk(slide))
    assert likeness(kit.look_of(slide, 64), whole).verdict == "same"
    assert 0.01 < covered(kit.look_of(slide, 64), whole) < 0.5
    assert covered(kit.look_of(slide, 64, ALL), whole) == 1.0
    assert likeness(kit.look_of(shrunk(label, 768, 512), 64), whole).verdict == "other"


def test_a_part_that_does_not_fit_is_seen_where_it_was_looked(slide: Any, label: Any, kit: Any) -> None:
    small = shrunk(slide).copy()
    small[52:74, 84:114] = shrunk(label, 30, 22)  # the middle, which is looked at
    level = kit.look_of(slide, 64)
    assert level.whole is None
    assert likeness(kit.look_of(shrunk(slide)), level, strict=True).verdict == "same"
    assert likeness(kit.look_of(small), level, strict=True).verdict == "maybe"


def test_too_little_in_common_is_no_verdict(slide: Any, kit: Any) -> None:
    grey = np.asarray(slide[..., 1], np.float32)
    a = Look(768, 512, (Sample((0.0, 0.0, 0.5, 1.0), grey[:, :384]),), None, False)
    b = Look(768, 512, (Sample((0.6, 0.0, 1.0, 1.0), grey[:, 460:]),), None, False)
    assert likeness(a, b).verdict == "none"
    tiny = Look(768, 512, (Sample((0.0, 0.0, 0.005, 0.005), grey[:3, :3]),), None, False)
    assert likeness(a, tiny).verdict == "none"
    busy = Look(768, 512, (Sample((0.4, 0.4, 0.41, 0.41), grey[200:206, 300:306]),), None, False)
    assert likeness(busy, busy).verdict == "none"  # 36 values with contrast
    assert likeness(a, Look(1, 1, (), None, False)).verdict == "none"


def test_what_was_pasted_does_not_bend_the_line(slide: Any) -> None:
    grey = cut(slide[..., 1].astype(np.float32), (0.0, 0.0, 1.0, 1.0), 64, 64)
    spoilt = grey * 0.5 + 20
    assert worst_block(spoilt, grey) < 0.1
    spoilt[:16, :24] = 250
    assert worst_block(spoilt, grey) > 40
    slope, offset = fit_line(spoilt.ravel(), grey.ravel())
    assert abs(slope - 0.5) < 0.01
    assert abs(offset - 20) < 2


def test_a_margin_is_judged_too(slide: Any, kit: Any) -> None:
    """What a thumbnail shows beyond the slide's edge has nothing to be held against; it must be plain."""
    framed = np.pad(slide, ((20, 20), (30, 30), (0, 0)), mode="edge")
    assert likeness(kit.look_of(shrunk(framed)), kit.look_of(slide), strict=True).verdict == "same"
    framed[2:16, 300:420] = 10
    assert likeness(kit.look_of(shrunk(framed)), kit.look_of(slide), strict=True).verdict == "maybe"


def test_cutting_by_matrices_and_by_pillow_is_the_same() -> None:
    grey = np.random.default_rng(1).random((60, 66)).astype(np.float32)
    large = np.pad(grey, ((0, 60), (0, 66)))
    for width, height in ((8, 8), (31, 17), (66, 60), (100, 90)):
        small = cut(grey, (0.1, 0.2, 0.9, 1.0), width, height)
        from PIL import Image

        box = (6.6, 12.0, 59.4, 60.0)
        pillow = Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR, box=box)
        assert np.abs(small - np.asarray(pillow)).max() < 0.02
    assert cut(large, (0.0, 0.0, 1.0, 1.0), 5, 7).shape == (7, 5)


def test_bright_and_dark_strips_agree_by_chance_only_outside() -> None:
    """A label and a macro, seen in eight strips each: light above, dark below, and nothing else in common."""
    rng = np.random.default_rng(3)

    def seen() -> Look:
        strips = []
        for i in range(8):
            grey = rng.normal(30 + 28 * i, 25, (4, 64)).astype(np.float32)
            strips.append(Sample((0.0, i / 8, 1.0, i / 8 + 0.04), grey))
        return Look(600, 400, tuple(strips), None, False)

    a, b = seen(), seen()
    found = likeness(a, b)
    assert found.correlation > 0.85
    assert found.verdict == "maybe"
    assert likeness(a, a).verdict == "same"
