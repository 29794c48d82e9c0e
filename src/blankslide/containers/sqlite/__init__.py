"""The pages and records of an SQLite database, to the byte."""
