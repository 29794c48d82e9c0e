"""What comes through the pipe is not trusted; a model that has changed is told and never fetched."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from blankslide.errors import DamagedSlide, EnvironmentProblem
from blankslide.found import models
from blankslide.found.asking import Answer, _answer, ask, is_installed
from blankslide.model.found import Found

needs_extra = pytest.mark.skipif(not is_installed(), reason="the extra ocr is not installed")
BOX = ["label", "text", 1, 2, 30, 40, 0.9, [100, 200]]


def test_an_answer_becomes_boxes() -> None:
    answer = _answer({"found": [BOX], "unseen": ["macro"], "rows": [3], "parts": []})
    assert answer.found == (Found("label", "text", 1, 2, 30, 40, 0.9, (100, 200)),)
    assert (answer.unseen, answer.rows) == (("macro",), (3,))


@pytest.mark.parametrize(
    "told", [None, [], 7, {}, {"found": [[1, 2]], "unseen": [], "rows": [], "parts": []},
             {"found": [["label", "somebody's name", *BOX[2:]]], "unseen": [], "rows": [], "parts": []}],
)  # fmt: skip
def test_what_does_not_look_like_an_answer_is_none(told: object) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        _answer(told)
    assert caught.value.exit_code == 4
    assert "name" not in str(caught.value)


def test_a_slide_that_cannot_be_opened_there_is_damaged() -> None:
    with pytest.raises(DamagedSlide):
        _answer({"slide": "not opened"})


def test_what_it_proposes_is_in_no_repr() -> None:
    assert "S23" not in repr(Answer((), (), (1,), ({"case": "S23-1"},)))


def changed_model(folder: Path) -> Path:
    """Make a folder that holds rapidocr's models, one of which has another byte; nothing else of it."""
    found = find_spec("rapidocr")
    assert found is not None
    assert found.origin is not None
    own = folder / "rapidocr"
    (own / "models").mkdir(parents=True)
    (own / "__init__.py").write_text("")
    for file in models.DIGESTS:
        shutil.copyfile(Path(found.origin).parent / "models" / file, own / "models" / file)
    with (own / "models" / models.DETECT).open("r+b") as file:
        file.seek(5000)
        file.write(b"\0\1\2\3")
    return folder


@needs_extra
def test_a_changed_model_is_an_error_and_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = changed_model(tmp_path)
    before = (folder / "rapidocr" / "models" / models.DETECT).read_bytes()
    monkeypatch.syspath_prepend(str(folder))
    with pytest.raises(EnvironmentProblem) as caught:
        ask(tmp_path / "no.svs")
    assert caught.value.exit_code == 4
    assert models.DETECT in str(caught.value)
    assert "has changed on the disk" in str(caught.value)
    assert (folder / "rapidocr" / "models" / models.DETECT).read_bytes() == before


@needs_extra
def test_the_models_are_those_that_were_tried() -> None:
    for file in models.DIGESTS:
        assert len(models.checked(file)) > 1_000_000


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(models.WrongModel, match="cannot be read"):
        models.checked(models.READ, str(tmp_path))


@needs_extra
def test_a_process_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="took more than"):
        ask(tmp_path / "no.svs", timeout=0.01)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blankslide.found.asking.NEEDED", ("no_such_package_of_anybody",))
    with pytest.raises(EnvironmentProblem, match=r"pip install 'blankslide\[ocr\]'"):
        ask(Path("no.svs"))
