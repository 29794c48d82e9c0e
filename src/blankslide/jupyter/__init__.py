"""The notebook face: the same card, session and words as everywhere, in one widget.

    from blankslide.jupyter import AuditLog, BatchReview, SlideReview, SpotCheck
    review = SlideReview("slide.svs")
    review

Nothing here decides anything: cards show what `blankslide.session`, `blankslide.batch` and
`blankslide.review` say and pass on what the person chose. Work runs beside the kernel, never in its way. What a saved
notebook may keep of it is in docs/jupyter.md.
"""

from __future__ import annotations

try:
    import anywidget  # noqa: F401 - asked here, so that the answer can say what to install
    import ipywidgets  # noqa: F401
except ImportError as problem:
    raise ImportError(
        "the notebook face needs ipywidgets and anywidget: pip install 'blankslide[jupyter]'"
    ) from problem

from blankslide.jupyter.audit_log import AuditLog
from blankslide.jupyter.batch_review import BatchReview
from blankslide.jupyter.review import SlideReview
from blankslide.jupyter.spot_check import SpotCheck

__all__ = ["AuditLog", "BatchReview", "SlideReview", "SpotCheck"]
