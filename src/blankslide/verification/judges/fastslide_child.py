"""What runs in the process that lets fastslide look at a slide; imported by nobody else."""

from __future__ import annotations

from blankslide.verification.judges.apart import alone, picture, sampled

ANY_TIFF = "Generic TIFF"


def main(slide: str) -> None:
    """Look at a slide and tell what is seen.

    Parameters
    ----------
    slide
        Path of the file.

    Raises
    ------
    ValueError
        If it is of no format that the library knows.
    """
    with alone() as tell:
        from fastslide import FastSlide

        opened = FastSlide.from_file_path(slide)
        if opened.format == ANY_TIFF:
            raise ValueError("of no format that it knows")
        sizes, pictures = opened.level_dimensions, opened.associated_images
        # it takes the second page of a BIF for a mask: where that was unlinked, the tissue
        names = [name for name in sorted(pictures.keys()) if pictures.get_dimensions(name) not in sizes]
        tell(
            {
                "vendor": opened.format,
                "mpp": opened.mpp,
                "objective": None,
                "levels": [
                    sampled(size, i, len(sizes), lambda x, y, w, h, i=i: opened.read_region((x, y), i, (w, h)).numpy())
                    for i, size in enumerate(sizes)
                ],
                "pictures": [
                    picture(name, pictures.get_dimensions(name), lambda name=name: pictures[name].numpy())  # type: ignore[misc]
                    for name in names
                ],
            }
        )
