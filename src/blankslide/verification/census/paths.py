"""Paths of leaves: names with strokes between them, bounded however deep a text is nested."""

from __future__ import annotations

LONGEST = 400  # characters of a path; what is deeper is named by the beginning and its own name
NAME = 200  # characters of a name in a path
CUT = "/…/"


def below(path: str, name: str) -> str:
    """Return the path of a name under another; one with `CUT` does not name all that it stands under."""
    if CUT not in path and len(path) + len(name) < LONGEST and len(name) < NAME:
        return f"{path}/{name}" if path else name
    return f"{path.partition(CUT)[0]}{CUT}{name if len(name) < NAME else ''}"
