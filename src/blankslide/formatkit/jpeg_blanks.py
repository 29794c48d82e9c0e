"""Blank JPEG pictures, for formats that write the record around a picture themselves.

The planner blanks a page of a TIFF; a format only says where it is. Where a picture is part of a
text or of a database, the format draws the blank one itself, with these functions.
"""

from blankslide.blanks.jpeg import Frame, blank, fresh, grey, padded, parse

__all__ = ["Frame", "blank", "fresh", "grey", "padded", "parse"]
