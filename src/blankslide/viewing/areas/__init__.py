"""Pixels of a slide's levels, one reader a file."""
