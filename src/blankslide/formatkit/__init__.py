"""What formats share; public, so that a format outside of this package can use it.

It reads containers and makes findings and byte maps. It knows no vendor.
"""
