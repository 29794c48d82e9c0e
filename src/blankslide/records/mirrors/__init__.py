"""Mirrors of the ledger in databases: the chain is the truth, a mirror follows it and is never waited for.

- `url` is where a mirror lies, `database` talks to it, `schema` says what its table holds.
- `comparing` holds a mirror against its chain.
- `keeper` lets it catch up in a thread of its own; `mirrored` is the ledger that has one.

SQLAlchemy and psycopg (LGPL) come with the extra ``database`` and are imported by `database` alone.
"""
