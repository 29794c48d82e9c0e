"""What a colour profile in a DICOM header says besides its curves, which are science and stay.

Texts that makers of profiles write, and the date, go under ``strict``. Any other text, private tags, reserved bytes
and what stands behind the profile go under every profile of ours.
"""

from __future__ import annotations

from typing import NamedTuple

from blankslide.containers import icc
from blankslide.formatkit.profile_words import is_profile_text
from blankslide.source import MemorySource


class Said(NamedTuple):
    """What a profile says.

    Attributes
    ----------
    strange
        Bytes that nobody needs, and texts that are no maker's.
    texts
        Those texts.
    quiet
        Bytes of the date, the check sum and all texts.
    """

    strange: tuple[tuple[int, int], ...]
    texts: tuple[str, ...]
    quiet: tuple[tuple[int, int], ...]


def said(data: bytes) -> Said | None:
    """Read a profile; None if it is none."""
    spans = icc.spans(MemorySource(data), 0, len(data))
    if spans is None:
        return None
    loud = [words for words in spans.words if not is_profile_text(words.text)]
    strange = [(words.start, words.end) for words in loud] + list(spans.foreign)
    size = int.from_bytes(data[:4], "big")
    if 0 < size < len(data) and any(data[size:]):
        strange.append((size, len(data)))
    if strange:
        strange.append(spans.id)  # it is the check sum of what changes
    texts = tuple(dict.fromkeys(words.text for words in loud))
    return Said(tuple(strange), texts, (spans.date, spans.id, *spans.texts))


def without_strange(data: bytes) -> bytes:
    """Blank what is strange in a profile."""
    found = said(data)
    return data if found is None else _blanked(data, found.strange)


def quiet(data: bytes) -> bytes:
    """Blank all that a profile says."""
    found = said(data)
    return data if found is None else _blanked(data, (*found.strange, *found.quiet))


def _blanked(data: bytes, spans: tuple[tuple[int, int], ...]) -> bytes:
    out = bytearray(data)
    for start, end in spans:
        out[start:end] = bytes(end - start)
    return bytes(out)
