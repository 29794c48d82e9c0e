CREATE TABLE blankslide_ledger (
    chain         TEXT    NOT NULL,
    seq           INTEGER NOT NULL,
    time          TEXT    NOT NULL,
    hash          TEXT    NOT NULL,
    prev          TEXT    NOT NULL,
    "transaction" TEXT    NOT NULL,
    pseudonym     TEXT    NOT NULL,
    output        TEXT,
    requester     TEXT,
    specimen      TEXT,
    block         TEXT,
    slide         TEXT,
    stain         TEXT,
    mode          TEXT    NOT NULL,
    format        TEXT    NOT NULL,
    profile       TEXT    NOT NULL,
    content       TEXT    NOT NULL,
    medium        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    judges        TEXT    NOT NULL,
    removed       INTEGER NOT NULL,
    remaining     INTEGER NOT NULL,
    tool          TEXT    NOT NULL,
    line          TEXT    NOT NULL,
    PRIMARY KEY (chain, seq)
) WITHOUT ROWID;

CREATE INDEX blankslide_ledger_time ON blankslide_ledger (time);

CREATE INDEX blankslide_ledger_pseudonym ON blankslide_ledger (pseudonym);

CREATE TRIGGER blankslide_ledger_no_update BEFORE UPDATE ON blankslide_ledger
BEGIN SELECT RAISE(ABORT, 'a ledger is only ever added to'); END;

CREATE TRIGGER blankslide_ledger_no_delete BEFORE DELETE ON blankslide_ledger
BEGIN SELECT RAISE(ABORT, 'a ledger is only ever added to'); END;
