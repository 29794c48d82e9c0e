-- The ledger's mirror in PostgreSQL: its table, and a role that may add and read, and nothing else.
--
-- Run it once as the owner of the database, with a password of your own:
--
--     psql -d lab -f postgresql.sql
--
-- Then Blankslide gets   --ledger postgresql://blankslide@HOST/lab   and the password by PGPASSFILE.
-- If the role may make tables, Blankslide makes the same table by itself, and this file is not needed.

CREATE TABLE blankslide_ledger (
    chain         text        NOT NULL,  -- which ledger: the hash of its first entry
    seq           bigint      NOT NULL,  -- the entry's number in it, from 1
    time          timestamptz NOT NULL,
    hash          text        NOT NULL,  -- SHA-256 of the line
    prev          text        NOT NULL,  -- that of the entry before
    transaction   text        NOT NULL,  -- the run
    pseudonym     text        NOT NULL,  -- the slide, by its old name and the site's key
    output        text,                  -- what the result is called, where that says nothing
    requester     text,
    specimen      text,
    block         text,
    slide         text,
    stain         text,
    mode          text        NOT NULL,  -- in place, or copy
    format        text        NOT NULL,
    profile       text        NOT NULL,
    content       text        NOT NULL,  -- clean, or residue: something is left
    medium        text        NOT NULL,  -- whether old bytes may still be on the disk
    name          text        NOT NULL,  -- whether the file's name can identify
    judges        text        NOT NULL,
    removed       integer     NOT NULL,  -- findings that went
    remaining     integer     NOT NULL,  -- things that are left
    tool          text        NOT NULL,
    line          text        NOT NULL,  -- the ledger's own line, which all other columns are made of
    PRIMARY KEY (chain, seq)
);

CREATE INDEX blankslide_ledger_time ON blankslide_ledger (time);

CREATE INDEX blankslide_ledger_pseudonym ON blankslide_ledger (pseudonym);

CREATE FUNCTION blankslide_ledger_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a ledger is only ever added to' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER blankslide_ledger_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON blankslide_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION blankslide_ledger_stays();

-- The trigger keeps everybody from changing a row by mistake, the owner too. The owner can put it aside, and has to for
-- `blankslide ledger mirror --rebuild`; the role below cannot.

CREATE ROLE blankslide LOGIN PASSWORD 'CHANGE THIS';

GRANT INSERT, SELECT ON blankslide_ledger TO blankslide;
