"""What stands in place of an id, for formats that compose their own values.

The rules are the policy's (`blankslide.policy.pseudonyms`); formats ask for them here, so that they
need nothing but this kit.
"""

from blankslide.policy.profiles import harmless
from blankslide.policy.pseudonyms import is_ours, is_standard, is_token, mapped_uid, replace, token

__all__ = ["harmless", "is_ours", "is_standard", "is_token", "mapped_uid", "replace", "token"]
