"""Ventana BIF samples."""
