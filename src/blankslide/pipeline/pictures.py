"""What can be read in a slide's pictures: asked of the process that looks at them, told without what it says.

Looking costs seconds and not milliseconds, so it is done when it is asked for. A picture that stays and has writing in
it keeps a slide from being clean; where nobody looked, the report says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model.found import Found


def look_at_pictures(path: str | Path) -> tuple[Found, ...]:
    """Find text, barcodes and ink in the pictures of a slide and at the edges of its lowest level.

    Nothing is changed, and nothing that was read is returned: boxes only. It takes some seconds, and the extra ``ocr``.

        >>> for box in blankslide.look_at_pictures("slide.svs"):  # doctest: +SKIP
        ...     print(box.picture, box.kind, box.x, box.y, box.w, box.h)
        label text 26 35 240 22

    Parameters
    ----------
    path
        The slide; of one of several files its main file, or its folder.

    Returns
    -------
    tuple of Found
        Picture by picture, from top to bottom.

    Raises
    ------
    BlankslideError
        If it is no slide, or the extra is not installed or not as it should be.
    """
    from blankslide.found.asking import ask, require_installed
    from blankslide.pipeline.looking import refuse_pending
    from blankslide.pipeline.main_file import main_file

    require_installed()
    main = main_file(path)
    refuse_pending(main)
    return ask(main).found
