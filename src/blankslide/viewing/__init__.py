"""Slides for the eye: lazy pyramids that any viewer can page through.

`open_pyramid` reads structure only; pixels are decoded when a viewer asks for them, tile by
tile. What cannot be decoded becomes a picture that says so, never an exception: one broken
strip must not take the whole slide from the screen. No toolkit is known here.
"""

from blankslide.viewing.pyramid import Pyramid, open_pyramid

__all__ = ["Pyramid", "open_pyramid"]
