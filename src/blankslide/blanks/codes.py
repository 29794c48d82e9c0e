"""Numbers of codecs: TIFF's, and two of our own below zero."""

from __future__ import annotations

RAW, LZW, JPEG, PACKBITS, ZSTD, JPEG_XR = 1, 5, 7, 32773, 50000, 22610
DEFLATE = (8, 32946)
JP2K = (33003, 33004, 33005, 34712)
RLE, PNG = -5, -6
"""DICOM's run-length code, and a whole PNG picture."""
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK, YCC = 0, 1, 2, 5, 6
#: How JPEG XR names formats of pixels: these bytes, and one more.
XR_FORMAT = b"\x24\xc3\xdd\x6f\x03\x4e\xfe\x4b\xb1\x85\x3d\x77\x76\x8d\xc9"
XR_BGR, XR_RGB = b"\x0c", b"\x0d"
