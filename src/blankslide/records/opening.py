"""Which ledger a person asked for, by URL; and where the URL comes from if nobody typed one.

    FILE.jsonl                          the chain
    sqlite:///FILE, postgresql://…      the user's own chain, with a mirror that follows it
    FILE.jsonl,postgresql://…           a chain by name, with a mirror
    none                                nothing is recorded

``BLANKSLIDE_LEDGER`` holds such a URL for all runs, ``BLANKSLIDE_LEDGER_FILE`` names a file that holds it: a secret
of a container. No message here repeats a URL, because it can hold a password.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from blankslide.errors import UsageError
from blankslide.home import user_folder
from blankslide.records.ledger import Ledger

_WITH_MIRROR = re.compile(r"(?:(?P<chain>.+\.jsonl),)?(?P<mirror>(?:sqlite|postgres(?:ql)?)(?:\+\w+)?://.*)", re.DOTALL)
_SUPPORTED = "use FILE.jsonl, sqlite:///FILE, postgresql://..., or none"
_LONGEST = 1 << 16


def open_ledger(url: str | None) -> Ledger | None:
    """Return the ledger that a person asked for; nothing is read or made yet, but for a file that holds the URL.

    Parameters
    ----------
    url
        None for what the environment says, or the default in the user's state folder; ``"none"`` for no ledger; a file
        whose name ends in ``.jsonl``; or the URL of a mirror, with such a file and a comma before it or without.

    Raises
    ------
    UsageError
        For anything else, or if what the database needs is not installed.
    EnvironmentProblem
        If the user has no home and nothing else is said, or the file with the URL cannot be read.
    """
    if url is None:
        url = _surrounding()
    if url is None:
        return Ledger(user_folder("state") / "ledger.jsonl", is_default=True)
    if url == "none":
        return None
    match = _WITH_MIRROR.fullmatch(url)
    if match is not None:
        from blankslide.records.mirrors.mirrored import Mirrored
        from blankslide.records.mirrors.url import Target

        target = Target.parse(match["mirror"])
        if match["chain"]:
            return Mirrored(Path(match["chain"]), target)
        return Mirrored(user_folder("state") / "ledger.jsonl", target, is_default=True)
    if "://" in url or not url.endswith(".jsonl"):
        raise UsageError("this kind of ledger is not supported", _SUPPORTED)
    return Ledger(Path(url))


def _surrounding() -> str | None:
    """Return the URL that the environment holds; None if it holds none."""
    url = os.environ.get("BLANKSLIDE_LEDGER")
    file = os.environ.get("BLANKSLIDE_LEDGER_FILE")
    if url and file:
        raise UsageError("BLANKSLIDE_LEDGER and BLANKSLIDE_LEDGER_FILE are both set", "set only one of them")
    if not file:
        return url or None
    try:
        with open(file, encoding="utf-8") as held:
            url = held.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError):
        raise UsageError("the file named by BLANKSLIDE_LEDGER_FILE cannot be read") from None
    if not url:
        raise UsageError("the file named by BLANKSLIDE_LEDGER_FILE is empty", "write the ledger's URL into it")
    return url
