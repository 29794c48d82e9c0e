"""Copies of slides: written with the changes already in them, verified, then named."""
