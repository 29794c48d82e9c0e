"""Bytes that nobody wrote on purpose, for every container and every format, and what must hold for all of them.

One sentence is held (`invariant`): for any bytes, inspecting returns an inspection whose byte map is exact, or raises a
documented error, within two seconds and 256 MiB; and no plan made from it touches coded tissue.
"""
