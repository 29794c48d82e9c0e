"""No fixture, however long it lives, has the person's own home: their ledger and key would decide about tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def seen_by_a_module() -> Path:
    return Path.home()


def test_a_fixture_of_a_module_has_a_home_of_its_own(
    seen_by_a_module: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert seen_by_a_module.is_relative_to(tmp_path_factory.getbasetemp())
    assert home.is_relative_to(tmp_path_factory.getbasetemp())
    assert home != seen_by_a_module
