"""Blank JPEG pictures, for formats that compose the record in which a picture stands.

A page of a TIFF is blanked by the planner; a format only says where it is. Where a picture is part
of a text or of a database, the format draws it itself, with what `blankslide.blanks.jpeg` offers.
"""

from blankslide.blanks.jpeg import Frame, blank, fresh, grey, padded, parse

__all__ = ["Frame", "blank", "fresh", "grey", "padded", "parse"]
