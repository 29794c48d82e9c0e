"""Which ledger a URL names, and that no URL is ever repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from blankslide.errors import UsageError
from blankslide.records.ledger import Ledger
from blankslide.records.mirrors import url as module
from blankslide.records.mirrors.mirrored import Mirrored
from blankslide.records.opening import open_ledger


def test_a_mirror_alone_goes_with_the_users_own_chain(home: Path) -> None:
    own = open_ledger("sqlite:///m.db")
    assert isinstance(own, Mirrored)
    assert own.is_default
    assert own.path == Path(open_ledger(None).path)  # type: ignore[union-attr]
    assert own.target.file == Path("m.db").absolute()


def test_a_chain_may_be_named_beside(tmp_path: Path) -> None:
    own = open_ledger(f"{tmp_path}/odd, name.jsonl,postgresql://u:hidden@h/d")
    assert isinstance(own, Mirrored)
    assert own.path == tmp_path / "odd, name.jsonl"
    assert not own.is_default
    assert type(own.chain()) is Ledger
    for shown in (repr(own), str(own), repr(own.target), str(vars(own))):
        assert "hidden" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hid@den@h/d",
        "postgresql://u:hidden@h:port/d",
        "sqlite://hidden.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///hidden/",
        "mysql://u:hidden@h/d",
        "hidden",
    ],
)
def test_a_url_that_makes_no_sense_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_ledger(url)
    for part in ("hidden", "hid", "den"):
        assert part not in caught.value.sentence()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    ["postgresql://u%40site:p%40%2Fq@h/d", "postgres://h/d", "postgresql://[::1]:5433/d", "postgresql://u:a/b@h/d"],
)
def test_odd_urls_that_make_sense_are_taken(url: str) -> None:
    assert isinstance(open_ledger(url), Mirrored)


def test_the_environment_names_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{tmp_path}/a.jsonl,sqlite:///{tmp_path}/m.db\n")
    monkeypatch.setenv("BLANKSLIDE_LEDGER_FILE", str(secret))
    own = open_ledger(None)
    assert isinstance(own, Mirrored)
    assert own.path == tmp_path / "a.jsonl"
    assert open_ledger("none") is None, "what is typed wins"
    monkeypatch.setenv("BLANKSLIDE_LEDGER", "none")
    with pytest.raises(UsageError, match="both"):
        open_ledger(None)
    monkeypatch.delenv("BLANKSLIDE_LEDGER_FILE")
    assert open_ledger(None) is None


@pytest.mark.parametrize("held", [None, "", "\xff\xfe"])
def test_a_secret_that_cannot_be_read_is_no_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str | None
) -> None:
    """The user's own ledger in its place would be a record that nobody looks for."""
    secret = tmp_path / "secret"
    if held is not None:
        secret.write_bytes(held.encode("latin-1"))
    monkeypatch.setenv("BLANKSLIDE_LEDGER_FILE", str(secret))
    with pytest.raises(UsageError, match="BLANKSLIDE_LEDGER_FILE"):
        open_ledger(None)


def test_what_is_not_installed_is_said_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    for url in ("sqlite:///m.db", "postgresql://h/d"):
        with pytest.raises(UsageError, match="not installed") as caught:
            open_ledger(url)
        assert "blankslide[database]" in caught.value.sentence()
