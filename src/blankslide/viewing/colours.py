"""Colours as a screen shows them: from the slide's own colour profile to sRGB, when somebody asks for it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[Any]]


class ToScreen:
    """Turns pixels of a profile into sRGB.

    Parameters
    ----------
    profile
        An ICC profile.

    Raises
    ------
    ValueError
        If it cannot be used for red, green and blue.
    """

    def __init__(self, profile: bytes) -> None:
        from PIL import ImageCms

        try:
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            made = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), "RGB", "RGB")
        except Exception:  # littleCMS raises what it likes
            raise ValueError("the colour profile cannot be used") from None
        self._transform: Any = made

    def __call__(self, pixels: Pixels) -> Pixels:
        """Return the same area in sRGB; what is no colour of 8 bits comes back as it is."""
        import numpy as np
        from PIL import Image, ImageCms

        if pixels.dtype != np.uint8 or pixels.shape[-1:] != (3,) or not pixels.size:
            return pixels
        flat = np.ascontiguousarray(pixels).reshape(-1, pixels.shape[-2] if pixels.ndim > 1 else 1, 3)
        image = Image.fromarray(flat, "RGB")
        ImageCms.applyTransform(image, self._transform, inPlace=True)
        return np.array(image).reshape(pixels.shape)
