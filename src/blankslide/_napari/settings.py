"""What is remembered: the profile's name and whether a review begins as a dry run.

napari keeps these (Preferences > Blankslide) in a file of the plugin's own. Nothing else is
stored: no path, no folder, no value. Without such settings the defaults hold.

napari makes the settings of all plugins when it is first asked for one, which takes as long as opening several
slides. So a slide is opened with `likely_profile`, which only looks into the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PROFILES = ("research", "strict")
_WRITTEN = re.compile(rf"(?m)^[ \t]+profile:[ \t]*['\"]?({'|'.join(PROFILES)})\b")


def _settings() -> Any:
    try:
        from napari.settings import get_plugin_settings

        return get_plugin_settings("blankslide").review
    except Exception:  # an older napari, a plugin that is not installed, or a file that holds something else
        return None


def profile() -> str:
    """Return the profile to begin with."""
    value = getattr(_settings(), "profile", "research")
    return str(getattr(value, "value", value))


def likely_profile() -> str:
    """Return the profile to begin with as far as napari's file tells it; whoever needs to be sure asks `profile`."""
    try:
        from napari import settings

        # where napari itself looks; a later one may look elsewhere, and then the dock has to plan anew
        written = Path(getattr(settings, "_CFG_PATH", None) or "").with_name("blankslide.yaml").read_text("utf-8")
    except (ImportError, OSError, ValueError):  # nothing was ever remembered
        return PROFILES[0]
    found = _WRITTEN.search(written)
    return found[1] if found else PROFILES[0]


def remember_profile(name: str) -> None:
    """Keep a built-in profile; a file's name could name a patient and is not kept."""
    found = _settings()
    if found is not None and name in PROFILES:
        found.profile = name


def dry_run() -> bool:
    """Whether a review begins as a dry run."""
    return bool(getattr(_settings(), "dry_run", True))
