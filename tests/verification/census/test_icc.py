"""A colour profile may hold anybody's words: each of its tags, its header and its gaps are read."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

import pytest

from blankslide.samples.kit.icc import profile
from blankslide.testing.planting.tiff_profiles import assembled, base
from blankslide.verification.census.account import Account
from blankslide.verification.census.icc import is_profile
from blankslide.verification.census.texts import speak, speak_profile

PROFILE = profile(datetime(2021, 5, 16, 3, 30, 13), "ScanScope of Thimblewick", "made by Sprocketon")


def read(data: bytes) -> dict[str, str]:
    account = Account()
    speak_profile(account, 0, "34675", data, 500, "page 0")
    return {t.path: t.value for t in account.texts}


def test_texts_and_date_are_told_and_numbers_are_not() -> None:
    assert is_profile(PROFILE)
    told = read(PROFILE)
    assert "Thimblewick" in " ".join(v for k, v in told.items() if k.startswith("34675/icc/desc"))
    assert told["34675/icc/cprt"] == "made by Sprocketon"
    assert told["34675/icc/header/date"] == "2021-5-16 3:30:13"
    assert not any("XYZ" in path or "TRC" in path for path in told)


def test_what_stands_behind_a_profile_or_in_its_reserved_bytes_is_told() -> None:
    assert read(PROFILE + b"Nonesuch")["34675/icc/gap"] == "Nonesuch"
    reserved = PROFILE[:100] + b"Nonesuch".ljust(28, b"\0") + PROFILE[128:]
    assert read(reserved)["34675/icc/header/reserved"] == "Nonesuch"


def test_a_profile_in_base64_is_read_tag_by_tag_where_its_wrapping_stands() -> None:
    account, wrapped = Account(), b64encode(PROFILE)
    speak(account, 0, "270/profile", wrapped, 500, "page 0")
    told = {t.path: t for t in account.texts}
    assert told["270/profile/(base64)/icc/cprt"].value == "made by Sprocketon"
    assert {(t.start, t.end) for t in account.texts} == {(500, 500 + len(wrapped))}


def test_other_bytes_are_no_profile() -> None:
    assert not is_profile(b"acs" * 50)
    assert not is_profile(PROFILE[:60])


@pytest.mark.parametrize(
    "tag",
    [
        b"curv\0\0\0\0Sprockershagen",
        b"XYZ \0\0\0\0Sprockershagen",
        b"XYZ \0\0\0\0Sprockershag",
        b"sf32\0\0\0\0Sprockershag",
        b"mft2\0\0\0\0Sprockershagen",
        b"curv\0\0\0\0\0\0\0\7Sprockershagen",
    ],
)
def test_numbers_of_a_profile_are_numbers_by_their_length_and_size(tag: bytes) -> None:
    told = read(assembled({**base(), "lumi": tag}))
    assert any("Sprockershag" in text for path, text in told.items() if path.startswith("34675/icc/lumi")), told
    assert not any("TRC" in path or "XYZ" in path or "chad" in path for path in told)
