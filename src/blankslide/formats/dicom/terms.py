"""Words that code strings and short texts of a slide may consist of: closed lists, one for each attribute.

A word of a dictionary may be somebody's name as well, so no text stays because its words are known.
Code strings stay if they are defined terms of their attribute. Descriptions and names of optical
paths consist of words for light, filters and stains, none of which is a surname, and a short number.

Promise: a value that is in no list goes, or becomes ``NONE`` among several; nothing is guessed.

Source: DICOM PS3.3 (defined terms and enumerated values), PS3.5 6.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from re import Pattern

IMAGE_TYPE, FRAME_TYPE = 0x00080008, 0x00089007
IMAGE_WORDS = frozenset(
    "ORIGINAL DERIVED PRIMARY SECONDARY VOLUME LABEL OVERVIEW THUMBNAIL LOCALIZER NONE RESAMPLED REFORMATTED MIXED "
    "SAMPLED FILTERED DISTORTED MERGED".split()
)
_YES = pattern("YES|NO")
_ROLES = "OWNER|PARENT|CHILD|SPOUSE|SIBLING|RELATIVE|GUARDIAN|CUSTODIAN|AGENT|INVESTIGATOR|VETERINARIAN"
_TISSUES = (
    "ABDOMEN ADRENAL ANUS AORTA APPENDIX ARM BILEDUCT BLADDER BONE BONE_MARROW BRAIN BREAST BRONCHUS CERVIX CHEST "
    "COLON DUODENUM EAR ENDOMETRIUM ESOPHAGUS EXTREMITY EYE FALLOPIANTUBE FINGER FOOT GALLBLADDER HAND HEAD HEART "
    "HIP ILEUM JEJUNUM KIDNEY KNEE LARYNX LEG LIVER LUNG LYMPH_NODE MOUTH NECK NERVE NOSE OVARY PANCREAS PELVIS "
    "PENIS PERITONEUM PHARYNX PLACENTA PLEURA PROSTATE RECTUM SALIVARY_GLAND SCALP SINUS SKIN SKULL SMALL_INTESTINE "
    "SOFT_TISSUE SPINE SPLEEN STOMACH TESTIS THYMUS THYROID TONGUE TONSIL TRACHEA URETER URETHRA UTERUS VAGINA "
    "VULVA WHOLEBODY"
).replace(" ", "|")
_DIRECTIONS = "L|R|A|P|H|F|LE|RT|D|V|CR|CD|M|PA|PL"
#: Attribute -> its terms.
_TERMS: dict[int, Pattern[str]] = {
    0x00080005: pattern(r"ISO_IR (?:6|13|100|101|109|110|126|127|138|144|148|166|192|203)|"
                        r"ISO 2022 IR (?:6|13|58|87|100|101|109|110|126|127|138|144|148|149|159|166|203)|GB18030|GBK"),
    0x0008001C: _YES,
    0x00080053: pattern("CLASSIC|ENHANCED"),
    0x00080060: pattern("SM|GM|XC|OT|ANN|SEG|SR|PR|KO"),
    0x00080105: pattern("DCMR|SDM|UMLS|FMA|MCID"),
    0x0008010A: pattern("DOC|OWL|CSV|FHIR"),
    0x0008010B: _YES,
    0x0008010F: pattern(r"(?:CID ?)?\d{1,5}[a-z]?"),
    0x00080303: pattern("SAFE|UNSAFE|MIXED"),
    0x00080307: pattern("D|Z|X|U"),
    0x0008030A: pattern("A[EST]|CS|D[AST]|F[DL]|IS|L[OT]|O[BDFLVW]|PN|S[HLQSTV]|TM|U[CILNRSTV]"),
    0x00089206: pattern("VOLUME|SAMPLED|DISTORTED|MIXED"),
    0x00100022: pattern("TEXT|RFID|BARCODE"),
    0x00100200: _YES,
    0x00102210: pattern("BIPED|QUADRUPED"),
    0x00102298: pattern(_ROLES),
    0x00120062: _YES,
    0x00120084: pattern("NAMED_PROTOCOL|RESTRICTED_REUSE|PUBLIC_RELEASE"),
    0x00120085: pattern("YES|NO|WITHDRAWN"),
    0x00180015: pattern(_TISSUES),
    0x00185100: pattern("HFP|HFS|HFDR|HFDL|FFDR|FFDL|FFP|FFS|LFP|LFS|RFP|RFS|AFP|AFS|PFP|PFS"),
    0x00189004: pattern("PRODUCT|RESEARCH|SERVICE"),
    0x00189214: pattern("START_RESPIR|END_RESPIR|UNDETERMINED"),
    0x00189236: pattern("END_SYSTOLE|END_DIASTOLE|UNDETERMINED"),
    0x00200020: pattern(_DIRECTIONS),
    0x00200060: pattern("[RLUB]"),
    0x00200062: pattern("[RLUB]"),
    0x00209311: pattern("3D|3D_TEMPORAL|TILED_FULL|TILED_SPARSE"),
    0x00220028: _YES,
    0x00280004: pattern("MONOCHROME[12]|PALETTE COLOR|RGB|HSV|ARGB|CMYK|YBR_(?:FULL|FULL_422|PARTIAL_42[02]|ICT|RCT)"),
    0x00280300: pattern("YES|NO|BOTH"),
    0x00280301: _YES,
    0x00280302: _YES,
    0x00280303: pattern("UNMODIFIED|MODIFIED|REMOVED"),
    0x0028135A: pattern("YES|NO|REORIENTED_ONLY"),
    0x00282002: pattern("SRGB|ADOBERGB|ROMMRGB|DISPLAYP3"),
    0x00282110: pattern("0[01]"),
    0x00282114: pattern(r"ISO_(?:10918_1|14495_1|15444_1|15444_15|13818_2|14496_10|18181_1|23008_2)"),
    0x00400033: pattern("DNS|EUI64|ISO|URI|UUID|X400|X500"),
    0x00400035: pattern("AN|MR|PI|PT|PN|VN|SS|SN|U"),
    0x0040A040: pattern("TEXT|NUM|NUMERIC|CODE|DATETIME|DATE|TIME|UIDREF|PNAME|COMPOSITE|IMAGE|CONTAINER"),
    0x00480010: _YES,
    0x00480011: pattern("AUTO|MANUAL"),
    0x00480012: _YES,
    0x0050001A: pattern("GLASS|PLASTIC|METAL"),
    0x01000410: pattern("NS|OR|AO|AC"),
    0x04000015: pattern("RIPEMD160|SHA1|MD5|SHA(?:256|384|512)"),
    0x20500020: pattern("IDENTITY|INVERSE"),
}  # fmt: skip
#: Words of coding schemes' names.
_SCHEME_WORDS = frozenset(
    "dicom dcm controlled terminology snomed ct rt loinc ucum systematized nomenclature of medicine clinical terms "
    "unified codes code for units measure logical observation identifiers names and the using style values".split()
)
#: Words of descriptions of optical paths: light, filters, detectors. None of them is a surname.
_LIGHT = frozenset(
    "brightfield fluorescence fluorescent darkfield phase contrast polarized polarised confocal transmitted "
    "reflected illumination spectrum full visible infrared ultraviolet autofluorescence channel channels optical "
    "path nuclei nuclear membrane cytoplasm background stain staining stained counterstain unstained hematoxylin "
    "haematoxylin eosin dapi fitc tritc cy cyanine fluor hoechst he ihc immunohistochemistry multispectral band "
    "pass excitation emission nm rgb bf fl af dic epi ch uv ir led lamp halogen monochrome colour color image "
    "default and with the of".split()
)
#: Phrases with words that are names when they stand alone -> what they count as.
_PHRASES = {
    "bright field": "brightfield", "dark field": "darkfield", "alexa fluor": "fluor", "texas red": "fluor",
    "full colour": "colour", "full color": "color",
}  # fmt: skip
_WORD = pattern(r"[A-Za-z]+|\d+|[^A-Za-z\d]")
_BETWEEN = frozenset(" ,.;:/()+&_-")
_LONGEST_NUMBER, _MOST_NUMBERS, _LONGEST = 3, 2, 64


def is_term(tag: int, value: str) -> bool:
    """Whether one value of a code string is a defined term of its attribute."""
    if tag in (IMAGE_TYPE, FRAME_TYPE):
        return not value or value in IMAGE_WORDS
    terms = _TERMS.get(tag)
    return not value or (terms is not None and terms.fullmatch(value) is not None)


def as_term(tag: int, value: str) -> str:
    """Return a value if it is a term, or ``NONE``; label and overview, in any case, become capitals and stay.

    A level's word is left as it is written: readers would see another slide if it became a term now.
    """
    plain = value.strip().upper()
    if plain in ("LABEL", "OVERVIEW"):
        return plain
    return value if is_term(tag, value) else "NONE"


def is_light(text: str) -> bool:
    """Whether a text describes an optical path and can mean nothing else."""
    return _consists(text, _LIGHT)


def is_scheme_name(text: str) -> bool:
    """Whether a text is the name of a public coding scheme."""
    return _consists(text, _SCHEME_WORDS)


def _consists(text: str, words: frozenset[str]) -> bool:
    plain = text.lower()
    for phrase, word in _PHRASES.items():
        plain = plain.replace(phrase, word)
    parts = _WORD.findall(plain)
    numbers = [part for part in parts if part.isdigit()]
    if len(text) > _LONGEST or len(numbers) > _MOST_NUMBERS or any(len(n) > _LONGEST_NUMBER for n in numbers):
        return False
    return all(part.isdigit() or part in _BETWEEN or part in words for part in parts)
