"""The sentences of a certificate: facts in plain words, for whoever has to decide.

Nothing here is legal advice, and every sentence says what was looked at, not what follows from it. The answers to the
items of HIPAA's Safe Harbor are *yes* only if nothing speaks against it that is known.
"""

from __future__ import annotations

ACTIONS = {
    "K": "kept",
    "X": "removed",
    "Z": "emptied",
    "D": "replaced",
    "C": "cleaned",
    "U": "new id",
}
"""The action codes of DICOM PS3.15 Annex E that occur, in words."""

CLASSES = {
    "D": "names the person",
    "Q": "narrows down (dates, places)",
    "V": "names the device",
    "K": "links to other data",
    "P": "path of a file",
    "I": "picture beside the tissue",
    "S": "science",
    "?": "unknown field",
}

CONTENT = {
    "clean": "clean",
    "residue": "NOT clean",
    "pending": "interrupted: run recover",
    "untouched": "not judged",
}

NOT_CLAIMED = (
    "The tissue stays linkable: whoever has the original, or another image of the same section, can match it. "
    "Level V of the guideline is never claimed.",
    "Writing on the glass inside the scanned area, engraved numbers and rare findings in the tissue were not "
    "looked for.",
    "Letters in pictures are not read, and text hidden inside compressed pixels is not found.",
    "Of large levels some tiles were looked into, and all of them only where it says so.",
    "Backups, snapshots, the scanner's own disk and other copies were not looked at.",
    "A word that the format itself uses in that very place is not told apart from a person of that name.",
)

GDPR = (
    "Route: pseudonymised data in the sense of Art. 4(5) GDPR. Attributing the slide to a person needs additional "
    "information: the original slide, the site's key, or a link table. None of them is in the slide, in this "
    "certificate or in the ledger. It is not claimed that the slide is anonymous (recital 26)."
)
GDPR_NOT = (
    "Art. 4(5) GDPR: not stated for this slide, because it is not clean or its file name is not known to be plain."
)
EHDS = (
    "Regulation (EU) 2025/327 (EHDS), Art. 66(3): what is needed to reverse the pseudonymisation is kept apart from "
    "the slide. Who may hold it is for the health data access body, or the trusted third party, to settle."
)
HELD = "The link table is held: {}. This is the site's own statement; it was not checked."
NOT_HELD = "Where a link table is held, if there is one, was not stated when this certificate was made."
HIPAA = "HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i): is it gone from the file and its name?"
ADVICE = "These are facts for the officer who decides, and no legal advice."

LEVELS = {
    "I": "the file name does not identify",
    "II": "label and macro are not referenced",
    "III": "label and macro are destroyed",
    "IV": "all identifying metadata is gone",
    "V": "the tissue cannot be linked",
}
"""The levels of the guideline, in their order."""

ITEMS = {
    "3": "dates of the person",
    "13": "device identifiers and serial numbers",
    "18": "other unique numbers or codes",
}
LEFT_IN = "something is left in it, or nobody could judge it"
NAME_MAY = "the file's name is not known to be plain"
GONE = {
    "3": "no date of a person, case or scan was found; when a colour profile was made does not count",
    "13": "no serial number of a device was found; the name of a model may stay",
    "18": "no such number was found in fields, pictures and name; the tissue itself is as unique as before",
}
CODES = "{} of linking data were replaced by zeros or by codes made with the site's key; see 45 CFR 164.514(c)"
CODE_NAME = "the file's name is a code made with the site's key; see 45 CFR 164.514(c)"
CODES_UNKNOWN = "whether ids were replaced by codes is not known, as no ledger entry is about this slide"

NO_ENTRY = (
    "No entry of the ledger is about the slide as it is now. So what was found in it before, and what was done, is not "
    "known; only how it is now was judged."
)
OTHERWISE = (
    "Under this slide's name the ledger has entry {}: if that was this slide, its bytes have been changed since, by "
    "something that is not in this ledger."
)
UNSURE = (
    "Entry {} under the same name was written without a digest of the slide, by an older version or without a key: "
    "whether it is about this slide is not known."
)
EARLIER = "entry {} under the same name: of this slide in an earlier state, or of another one that was called so"
NO_LEDGER = "No ledger was asked. So what was found in the slide before, and what was done, is not known."
CANNOT_READ = "The ledger could not be read: {}. So what was done is not known."
CHAIN = {True: "the chain of the whole ledger holds", False: "the chain of the ledger is BROKEN"}
BYTES = "all bytes that are not tissue, and samples of the tissue"
HOW = "Check it with: blankslide certificate check FILE SLIDES, or by hand as docs/certificate.md shows."
UNSEALED = "Not sealed: there was no site key. Nobody can tell later whether this was changed."


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where that is right."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
