"""A replacement keeps the shape, is the same each time, and is known as ours."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide import home as home_module
from blankslide.errors import EnvironmentProblem, InternalError, NoPermission
from blankslide.home import load_key, user_folder
from blankslide.policy import pseudonyms as module
from blankslide.policy.pseudonyms import dicom_uid, is_dummy, is_foreign, is_ours, replace, slide_name

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
GUID = "b414feb2-9bd3-4f35-9dd2-fcf4ec6d8c3f"

posix = pytest.mark.skipif(os.name != "posix", reason="permission bits of POSIX")


# -- replacing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape", [GUID, GUID.upper(), "{" + GUID + "}", GUID.replace("-", ""), "{" + GUID.upper() + "}"]
)
def test_a_uuid_stays_a_uuid_of_its_shape(shape: str) -> None:
    new = replace(shape, KEY)
    assert re.sub("[0-9a-f]", "h", new) == re.sub("[0-9a-f]", "h", shape) or shape != shape.lower()
    assert re.sub("[0-9A-F]", "h", new) == re.sub("[0-9A-F]", "h", shape) or shape == shape.lower()
    parsed = uuid.UUID(new)
    assert (parsed.version, parsed.variant) == (8, uuid.RFC_4122)
    assert parsed != uuid.UUID(GUID)
    assert is_ours(new, KEY)
    assert replace(new, KEY) == new


def test_one_uuid_is_mapped_alike_however_it_is_written() -> None:
    shapes = (GUID, GUID.upper(), "{" + GUID + "}", GUID.replace("-", ""))
    assert len({uuid.UUID(replace(s, KEY)) for s in shapes}) == 1


def test_keys_and_uuids_make_a_difference() -> None:
    assert replace(GUID, KEY) != replace(GUID, OTHER)
    assert replace(GUID, KEY) != replace(str(uuid.UUID(int=5)), KEY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1234567", "0000000"),
        ("S20-1234 (B)", "000-0000 (0)"),
        ("a|b=c;d", "0|0=0;0"),
        ("Müller", "000000"),
        ("e\N{COMBINING ACUTE ACCENT}x", "000"),
        ("", ""),
        ("--", "--"),
        ("1" * 32, "0" * 32),
        (GUID[:-1], re.sub("[0-9a-f]", "0", GUID[:-1])),
        ("{" + GUID, re.sub("[0-9a-f]", "0", "{" + GUID)),
        (GUID.replace("-", "", 1), re.sub("[0-9a-f]", "0", GUID.replace("-", "", 1))),
    ],
)
def test_anything_else_becomes_zeros(old: str, new: str) -> None:
    assert replace(old, KEY) == new
    assert is_ours(new, KEY)
    assert is_ours(new, None)


@given(st.text(max_size=50) | st.uuids().map(str))
def test_replacing_keeps_the_length_and_happens_once(value: str) -> None:
    new = replace(value, KEY)
    assert len(new) == len(value)
    assert is_ours(new, KEY)
    assert replace(new, KEY) == new


def test_a_uuid_of_ours_is_known_under_any_key_and_told_apart() -> None:
    new = replace(GUID, KEY)
    assert all(is_ours(new, key) for key in (KEY, OTHER, None))
    assert replace(new, OTHER) == new
    assert [is_foreign(new, key) for key in (KEY, OTHER, None)] == [False, True, False]
    assert not is_foreign(GUID, OTHER)
    assert is_ours(str(uuid.UUID(int=0)), None)


def test_a_foreign_uuid_of_version_8_is_not_ours() -> None:
    for _ in range(2000):
        number = secrets.randbits(128) & ~(0xF << 76) & ~(3 << 62) | 8 << 76 | 2 << 62
        assert not is_ours(str(uuid.UUID(int=number)), KEY)
        assert not is_ours(f"2.25.{number}", KEY)


def test_each_bit_of_a_uuid_of_ours_counts() -> None:
    number = uuid.UUID(replace(GUID, KEY)).int
    for bit in range(128):
        assert not is_ours(str(uuid.UUID(int=number ^ 1 << bit)), KEY)


@pytest.mark.parametrize("value", ["Roe", GUID, "0x0", "00000000-0000-0000-0000-000000000001", "2.25.1", "é"])
def test_what_was_not_replaced_is_not_ours(value: str) -> None:
    assert not is_ours(value, KEY)
    assert not is_ours(value, None)


# -- DICOM and names -------------------------------------------------------------------


def test_a_dicom_uid_becomes_a_keyed_uuid() -> None:
    for number in range(2000):
        new = dicom_uid(KEY, f"1.2.826.0.1.3680043.8.498.{number}")
        assert 38 <= len(new) <= 44
        assert uuid.UUID(int=int(new[5:])).version == 8
        assert is_ours(new, KEY)
        assert is_ours(new, OTHER)
        assert (is_foreign(new, KEY), is_foreign(new, OTHER)) == (False, True)
        assert dicom_uid(OTHER, new) == dicom_uid(KEY, new) == new


@pytest.mark.parametrize(("length", "told"), [(12, False), (34, True), (42, True), (43, True), (64, True)])
def test_a_mapped_uid_is_known_under_any_key_and_told_apart(length: int, told: bool) -> None:
    news = [module.mapped_uid(f"1.2.{n}".ljust(length, "7"), KEY) for n in range(1000, 1040)]
    assert all(is_ours(new, key) for new in news for key in (KEY, OTHER, None))
    assert [module.mapped_uid(new, OTHER) for new in news] == news
    assert not any(is_foreign(new, KEY) for new in news)
    assert any(is_foreign(new, OTHER) for new in news) is told
    assert len(set(news)) == len(news)


def test_dicom_uids_of_the_standard_stay() -> None:
    assert dicom_uid(KEY, "1.2.840.10008.5.1.4.1.1.77.1.6") == "1.2.840.10008.5.1.4.1.1.77.1.6"


def test_a_slide_has_one_pseudonym_on_all_systems() -> None:
    composed, decomposed = "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.svs", "Mu\N{COMBINING DIAERESIS}ller.svs"
    assert slide_name(composed, KEY) == slide_name(decomposed, KEY)
    assert slide_name("a.svs", KEY) != slide_name("b.svs", KEY)
    assert slide_name("a.svs", KEY) != slide_name("a.svs", OTHER)
    assert re.fullmatch("slide-[0-9a-f]{24}", slide_name("a\udc80.svs", KEY))


def test_a_key_of_another_length_is_our_mistake() -> None:
    for use in (lambda: replace(GUID, b"k"), lambda: dicom_uid(b"", "1.2"), lambda: slide_name("a", b"k")):
        with pytest.raises(InternalError):
            use()


# -- the key file ----------------------------------------------------------------------


def test_the_key_is_made_once_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "site.key"
    key = load_key(path)
    assert len(key) == 32
    assert load_key(path) == key
    assert os.listdir(path.parent) == ["site.key"]


def test_the_default_key_lies_in_the_config_folder() -> None:
    assert load_key(None) == (user_folder("config") / "site.key").read_bytes()


@posix
def test_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    path = tmp_path / "site.key"
    old = os.umask(0)
    try:
        load_key(path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(NoPermission, match="others can read"):
            load_key(path)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_file_of_another_size_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "site.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(EnvironmentProblem, match="32 bytes"):
        load_key(path)


def test_a_key_that_cannot_be_made_is_a_problem_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblem) as caught:
        load_key(tmp_path / "file" / "site.key")
    assert str(tmp_path) not in caught.value.sentence()


def test_a_file_system_without_links_still_gets_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(home_module.os, "link", refuse)
    key = load_key(tmp_path / "site.key")
    assert load_key(tmp_path / "site.key") == key


def test_many_processes_make_one_key(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from blankslide.policy.pseudonyms import load_key\n"
    code += "print(load_key(Path(sys.argv[1])).hex())"
    command = [sys.executable, "-c", code, str(tmp_path / "site.key")]
    environment = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1


@pytest.mark.parametrize(
    ("platform", "part"), [("linux", ".config/blankslide"), ("darwin", "Application Support"), ("win32", "AppData")]
)
def test_each_system_has_its_folder(home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, part: str) -> None:
    monkeypatch.setattr(home_module.sys, "platform", platform)
    folder = user_folder("config")
    assert part in folder.as_posix()
    assert folder.is_relative_to(home)


def test_a_relative_folder_in_the_environment_is_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    assert user_folder("config") == home / ".config" / "blankslide"


# -- tokens ----------------------------------------------------------------------------

IDENTIFIERS = st.text(min_size=1, max_size=64).filter(lambda t: t.strip("\0 ") == t)


@given(IDENTIFIERS, st.sampled_from((8, 12)), st.sampled_from((KEY, OTHER, None)))
def test_a_token_is_short_and_known_to_everybody(old: str, least: int, key: bytes | None) -> None:
    new = module.token(old, key, least)
    assert re.fullmatch(r"X[0-9A-Z]{7,15}", new)
    assert least <= len(new) <= 16
    assert module.is_token(new)
    assert module.token(new, OTHER, least) == new
    assert module.token(old, key, least) == new
    assert len(new) <= max(least, len(old) + 1)


def test_tokens_keep_apart_and_depend_on_the_key() -> None:
    old = [f"S24-{i:05}" for i in range(2000)]
    for key in (KEY, OTHER, None):
        assert len({module.token(o, key) for o in old}) == len(old)
    assert module.token(old[0], KEY) != module.token(old[0], OTHER)


@pytest.mark.parametrize("value", ["X", "", "X1234567", "XABCDEFGHIJK", "x0000000", "S24-00001", "X" * 16, "X" * 17])
def test_what_only_looks_like_a_token_is_none(value: str) -> None:
    assert not module.is_token(value)


@pytest.mark.parametrize(
    ("value", "ours"),
    [("19000101", True), ("1970-01-01", True), ("1970-01-01 00:00", True), ("1970-01-01T00:00:00.000Z", True),
     ("1970-01-02", False), ("1970-01-01 00:30:00", False), ("1970-01-01 Quixfeld", False), ("19700101", False)],
)  # fmt: skip
def test_only_a_whole_dummy_is_ours(value: str, ours: bool) -> None:
    assert is_dummy(value) is ours
