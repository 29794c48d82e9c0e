"""A second opinion on a slide that was edited.

Three questions, answered without a line of the code that planned or made the edit: do
independent readers still see the same slide (`observe`, `compare`), is a removed value still
in it in any spelling (`search`), and are the emptied places empty (`not_blank`)?
"""

from blankslide.verification.blank import not_blank
from blankslide.verification.compare import Agreement, compare, unjudged
from blankslide.verification.intact import judge_once
from blankslide.verification.observe import available
from blankslide.verification.search import Hit, Hits, Spelled, encodings, search
from blankslide.verification.views import LevelView, PictureView, ReaderView

__all__ = [
    "Agreement",
    "Hit",
    "Hits",
    "LevelView",
    "PictureView",
    "ReaderView",
    "Spelled",
    "available",
    "compare",
    "encodings",
    "judge_once",
    "not_blank",
    "search",
    "unjudged",
]
