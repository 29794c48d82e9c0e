"""Helpers of this project's own tests; no promise to others."""
