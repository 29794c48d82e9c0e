"""Cutting a rectangle that stands at an angle out of a picture."""

from __future__ import annotations

from typing import Any


def upright(picture: Any, corners: Any) -> Any:
    """Return what is inside a rectangle at any angle, its long side lying; None if that is nothing.

    Parameters
    ----------
    picture
        Rows and columns, with or without colours.
    corners
        Clockwise or against the clock: array of shape (4, 2), x and y.
    """
    import cv2
    import numpy as np

    across, down = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[1])
    if across < down:
        corners, across, down = np.roll(corners, 1, axis=0), down, across
    width, height = max(1, round(across)), max(1, round(down))
    if height < 3:
        return None
    to = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(corners.astype(np.float32), to)
    return cv2.warpPerspective(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
