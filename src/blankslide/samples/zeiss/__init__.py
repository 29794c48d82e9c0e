"""Zeiss CZI samples."""
