"""Aperio SVS samples."""
