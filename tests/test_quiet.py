"""One silence for all who read through tifffile: of this thread only, and only while a block lasts."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from blankslide.quiet import quiet

if TYPE_CHECKING:
    import pytest


def test_only_this_threads_log_is_unheard(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("tifffile")
    with quiet():
        with quiet():
            log.warning("a value from a tag")
        log.warning("another one, after the inner block")
        other = threading.Thread(target=log.warning, args=("somebody else's",))
        other.start()
        other.join()
    log.warning("afterwards")
    assert [r.message for r in caplog.records] == ["somebody else's", "afterwards"]
