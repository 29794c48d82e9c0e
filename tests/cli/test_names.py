"""Odd file names: nothing is executed, nothing fakes a line, nothing is lost.

Each name goes through inspect, anonymize and verify, anonymize as a real process. What is printed
must be one line a slide without control or direction characters.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from blankslide.testing.built import build_aperio
from blankslide.testing.process import Ended, run_cli

NAMES: dict[str, str | bytes] = {
    "spaces": "a slide of mine.svs",
    "leading and trailing space": " slide .svs ",
    "quotes": 'it\'s "quoted".svs',
    "command": "$(touch x).svs",
    "back-ticks": "`touch x`.svs",
    "semicolon": "a;touch x;.svs",
    "star": "*.svs",
    "percent": "%s%n %PATH% {0}.svs",
    "braces": "{path} [bold red]x.svs",
    "newline": "one\ntwo.svs",
    "escape": "\x1b[31mred\x1b]0;title\x07.svs",
    "tab and carriage return": "a\tb\rc.svs",
    "not UTF-8": b"caf\xe9 \xff.svs",
    "255 bytes": "x" * 251 + ".svs",
    "255 bytes of umlauts": "ü" * 125 + "x.svs",
    "right to left": "\u202egpj.svs \u05e9\u05dc\u05d5\u05dd.svs",
    "decomposed": "u\u0308ber.svs",
    "emoji": "\U0001f52c.svs",
    "no suffix": "slide",
    "capitals": "SLIDE.SVS",
    "dash": "-rf.svs",
    "backslash": "a\\b.svs",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("names") / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2), macro_size=(400, 140))
    return path.read_bytes()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_odd_name(
    original: bytes, tmp_path: Path, name: str | bytes, monkeypatch: pytest.MonkeyPatch, run_here: Callable[..., Ended]
) -> None:
    raw = os.fsencode(name)
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), raw)))
    try:
        path.write_bytes(original)
    except OSError:
        pytest.skip("this file system cannot have the name")
    for command in (("inspect",), ("anonymize", "--in-place"), ("verify",), ("verify", "--json")):
        ended = (run_cli if command[0] == "anonymize" else run_here)(*command, b"--", raw)
        assert (ended.code, ended.err) == (0, ""), ended.text
        odd = {c for c in ended.out if unicodedata.category(c)[0] == "C" and c != "\n"}
        assert odd == set()
        if command[0] != "inspect" and "--json" not in command:
            assert len(ended.out.splitlines()) == 1
    assert os.listdir(os.fsencode(tmp_path)) == [raw]


def test_a_name_may_be_a_pattern_for_one_slide_too(original: bytes, tmp_path: Path) -> None:
    slide = tmp_path / "KOWALSKI.svs"
    slide.write_bytes(original)
    out = tmp_path / "out"
    for pattern, code in (("{foo}", 2), ("{stem", 2), ("{n}/x", 2), ("A-{n:03}", 0), ("{{a}}", 0), ("{pseudonym}", 0)):
        ended = run_cli("anonymize", "--out", out, "--name", pattern, slide)
        assert ended.code == code, ended.text
    names = sorted(path.name for path in out.iterdir())
    assert names[:1] == ["A-001.svs"]
    assert names[2:] == ["{a}.svs"]
    assert names[1].startswith("slide-")
    assert len(names[1]) == 34
    again = run_cli("batch", "--out", out, "--name", "{pseudonym}", slide)
    assert (again.code, "1 nothing to do" in again.err) == (0, True), "both give the same name"
    assert run_cli("anonymize", "--in-place", "--name", "{pseudonym}", slide).code == 0
    assert (tmp_path / names[1]).exists()
    assert not slide.exists()


def test_folder_of_odd_names(original: bytes, tmp_path: Path) -> None:
    for name in list(NAMES.values())[:8]:
        (tmp_path / os.fsdecode(name)).write_bytes(original)
    ended = run_cli("anonymize", "--in-place", tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert len(ended.out.splitlines()) == 8


def test_name_that_is_no_slide_cannot_fake_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a\nb.svs · clean – checked by OpenSlide\r\x1b[2K.svs"
    path.write_bytes(b"no slide")
    ended = run_cli("verify", path)
    assert (ended.code, ended.out) == (3, "")
    assert len(ended.err.splitlines()) == 1
    assert "\x1b" not in ended.err
