"""Small slides for the command line's tests, and a way to run it without a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.cli import main
from blankslide.samples.aperio.slide import build_aperio
from blankslide.testing.process import Argument, Ended

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

Made = tuple["Path", "Planted"]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    """Return a function that builds a small slide, in the folder of the test or below it."""

    def build(name: str = "slide.svs", **recipe: Any) -> Made:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path, build_aperio(path, **{"size": (512, 384), "factors": (1, 2), "macro_size": (400, 140), **recipe})

    return build


@pytest.fixture
def slide(make: Callable[..., Made]) -> Path:
    return make()[0]


@pytest.fixture
def run_here() -> Callable[..., Ended]:
    """Return a function like `run_cli` that starts no process, for what a process does not change."""

    def run(*arguments: Argument) -> Ended:
        streams = [TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2)]
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]), pytest.raises(SystemExit) as ended:
            main([os.fsdecode(argument) for argument in arguments], prog_name="blankslide")
        out, err = (stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in streams)  # type: ignore[attr-defined]
        code = ended.value.code or 0
        assert isinstance(code, int)
        return Ended(code, out, err)

    return run
