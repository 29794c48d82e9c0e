"""What runs in the process that lets slideio look at a slide; imported by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from blankslide.verification.judges.apart import alone, picture, sampled

SCENES = 16
UNREAD = {("SCN", "label")}
"""Of these version 2.10 reads a part and hands out memory for the rest, other at each look."""


def main(slide: str) -> None:
    """Look at a slide and tell what is seen.

    Parameters
    ----------
    slide
        Path of the file; its suffix is the name of the driver.
    """
    with alone() as tell:
        import slideio

        driver = slide.rpartition(".")[2].upper()
        with slideio.open_slide(slide, driver) as opened:
            scenes = [opened.get_scene(i) for i in range(min(SCENES, opened.num_scenes))]
            tell(
                {
                    "vendor": driver,
                    "mpp": [metres * 1e6 for metres in scenes[0].resolution],
                    "objective": scenes[0].magnification,
                    "levels": [level for scene in scenes for level in _levels(scene)],
                    "pictures": [
                        _picture(opened, name) for name in opened.get_aux_image_names() if (driver, name) not in UNREAD
                    ],
                }
            )


def _levels(scene: Any) -> Iterator[dict[str, Any]]:
    count = scene.num_zoom_levels
    for i in range(count):
        size = scene.get_zoom_level_info(i).size
        yield sampled(
            (size.width, size.height),
            i,
            count,
            lambda x, y, w, h, i=i: scene.read_block_from_level(i, rect=(x, y, w, h)),
        )


def _picture(opened: Any, name: str) -> dict[str, Any]:
    found = opened.get_aux_image(name)
    return picture(name, tuple(found.size), lambda: found.read_block())
