"""Slides of makers whose formats are known by name, but cannot be edited yet.

Who gives such a file must not be told that it is none, and no fallback may take it for a plain TIFF. A file is known by
its first bytes; where a maker uses a common container, its name must end as the maker's do.
"""

from __future__ import annotations

__all__ = ["known_maker"]

_OLE, _ZIP, _ANY = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b""
#: Name, place and bytes of its signature.
_SIGNATURES = (
    ("Olympus VSI", 8, b"\x18\0IS"),
    ("Olympus ETS", 0, b"SIS\0"),
    ("KFBIO KFB", 0, b"KFB"),
    ("KFBIO KFB", 4, b"KFB"),
    ("UNIC TMAP", 0, b"TMAP0"),
    ("Iris", 0, b"Iris"),
)
#: Endings of names, what a file of that name begins with, and whose it is.
_SUFFIXES = {
    ".vsi": (b"II", "Olympus VSI"),
    ".kfb": (b"\xf1", "KFBIO KFB"),
    ".sdpc": (b"SQ", "Sqray SDPC"),
    ".dyqx": (b"SQ", "Sqray DYQX"),
    ".tmap": (b"TMAP", "UNIC TMAP"),
    ".mds": (_OLE, "Motic MDS"),
    ".mdsx": (_ANY, "Motic MDSX"),
    ".vmic": (_ZIP, "PreciPoint VMIC"),
    ".szi": (_ZIP, "Smart Zoom Image"),
}
_OTHERS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"SQLite", b"<?xml")


def known_maker(head: bytes, name: str) -> str | None:
    """Return what a file is that cannot be edited yet, or None.

    Parameters
    ----------
    head
        Its first bytes, up to 64.
    name
        Its name.
    """
    for maker, at, signature in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return maker
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    begins, maker = _SUFFIXES.get(suffix, (b"", ""))
    fits = bool(head) and head.startswith(begins) and not head.startswith(_OTHERS)
    return maker if maker and fits else None
