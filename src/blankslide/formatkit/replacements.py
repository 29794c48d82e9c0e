"""Replacements for ids, for formats that write the new value themselves.

The functions are the policy's (`blankslide.policy.pseudonyms`). They stand here as well, so that a
format outside of this package needs nothing but the kit.
"""

from blankslide.policy.measures import harmless
from blankslide.policy.pseudonyms import is_ours, is_standard, is_token, mapped_uid, replace, token

__all__ = ["harmless", "is_ours", "is_standard", "is_token", "mapped_uid", "replace", "token"]
