"""What is remembered: the profile's name and whether a review begins as a dry run.

napari keeps these (Preferences > Blankslide) in a file of the plugin's own. Nothing else is
stored: no path, no folder, no value. Without such settings the defaults hold.
"""

from __future__ import annotations

from typing import Any

PROFILES = ("research", "strict")


def _settings() -> Any:
    try:
        from napari.settings import get_plugin_settings

        return get_plugin_settings("blankslide").review
    except (ImportError, KeyError, AttributeError):  # an older napari, or a plugin that is not installed
        return None


def profile() -> str:
    """Return the profile to begin with."""
    value = getattr(_settings(), "profile", "research")
    return str(getattr(value, "value", value))


def remember_profile(name: str) -> None:
    """Keep a built-in profile; a file's name could name a patient and is not kept."""
    found = _settings()
    if found is not None and name in PROFILES:
        found.profile = name


def dry_run() -> bool:
    """Whether a review begins as a dry run."""
    return bool(getattr(_settings(), "dry_run", True))
