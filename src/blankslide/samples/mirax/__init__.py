"""MIRAX samples."""
