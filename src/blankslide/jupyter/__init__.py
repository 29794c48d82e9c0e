"""The notebook face: the same card, session and words as everywhere, in one widget.

    from blankslide.jupyter import SlideReview
    review = SlideReview("slide.svs")
    review

Nothing here decides anything: `SlideReview` shows what `blankslide.session` says and passes
on what the person chose. Work runs beside the kernel, never in its way. What a saved
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

from blankslide.jupyter.review import SlideReview

__all__ = ["SlideReview"]
