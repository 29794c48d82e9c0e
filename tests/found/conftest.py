from __future__ import annotations

import os
import sys

import pytest


@pytest.fixture
def import_path() -> dict[str, str]:
    """Return an environment whose Python imports what this one does."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
