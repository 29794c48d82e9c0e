"""Plant values and pictures anywhere in a slide, from a seed, and hold the product to what became of them.

`core` runs the product and judges by bytes alone; `invented` makes people and numbers up, `pictures` labels.
A family of formats brings planters, functions that are registered by `core.planter`; see `core`.
"""
