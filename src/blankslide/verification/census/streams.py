"""The proof that coded tissue is a picture and nothing else: each stream, walked by its codec from start to end.

Nothing of the formats, and no code that they read with, has a part in it. What a walk calls beside is not needed for
the picture: comments, application segments, surplus behind the end. It may be harmless; that is for others to say.
What is not one whole stream of its codec and size is no picture at all. Any input gives one of the two answers, in a
time that grows with its length only.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from blankslide.verification.census.coded import Coded, Ranges
from blankslide.verification.census.jpeg_walk import beside_jpeg, beside_tables
from blankslide.verification.census.signatures import picture_starts, sniff

__all__ = ["Coded", "beside", "beside_tables", "picture_starts", "sniff"]

_JPEG = frozenset((6, 7, 33007, 34892))
_WALKS = {
    "dicom_walk.beside_rle": (-1,),
    "dicom_walk.beside_jls": (-2,),
    "packed_walk.beside_raw": (1,),
    "packed_walk.beside_lzw": (5,),
    "packed_walk.beside_deflate": (8, 32946, 50013),
    "packed_walk.beside_packbits": (32773,),
    "packed_walk.beside_lerc": (34887,),
    "packed_walk.beside_lzma": (34925,),
    "packed_walk.beside_zstd": (34926, 50000),
    "jp2k_walk.beside_jp2k": (33003, 33004, 33005, 34712),
    "jxr_walk.beside_jxr": (22610, 34934),
    "png_walk.beside_png": (34933,),
    "webp_walk.beside_webp": (34927, 50001),
}
_PLACES = {number: place for place, numbers in _WALKS.items() for number in numbers}
_walks: dict[int, Callable[[bytes, Coded], Ranges | None]] = dict.fromkeys(_JPEG, beside_jpeg)


def beside(data: bytes, coded: Coded) -> list[tuple[int, int]] | None:
    """Return the ranges of a coded tile or strip that its picture does not need.

    Parameters
    ----------
    data
        The stream, without anything in front of it.
    coded
        What it must be.

    Returns
    -------
    list of tuple of int, or None
        Sorted and disjoint; None if `data` is not one whole stream of that codec and size, or nobody knows the codec.
    """
    walk = _walks.get(coded.compression) or _walk(coded.compression)
    if walk is None or (walk is not beside_jpeg and not coded.possible):
        return None
    return walk(data, coded)


def _walk(compression: int) -> Callable[[bytes, Coded], Ranges | None] | None:
    """Import the walk of a codec that is rarer than JPEG."""
    place = _PLACES.get(compression)
    if place is None:
        return None
    module, name = place.split(".")
    walk: Callable[[bytes, Coded], Ranges | None] = getattr(import_module(f"{__package__}.{module}"), name)
    _walks[compression] = walk
    return walk
