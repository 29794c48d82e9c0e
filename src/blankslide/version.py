"""The version, in a module of its own so that everybody may ask for it without importing the API."""

__version__ = "0.1.0"
