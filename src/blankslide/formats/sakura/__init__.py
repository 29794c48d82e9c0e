"""Sakura svslide: an SQLite database."""
