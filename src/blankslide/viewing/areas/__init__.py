"""Levels and pictures of a slide, one reader a file; `base` holds what the readers share.

Each reader offers the same three functions: `can_read` says whether it is made for a file, `levels` opens
the slide, and `pictures` decodes what stands beside the tissue without opening a level.
"""
