"""The vocabulary of MIRAX slides: which words and values say nothing about a person.

Names of layers, filters and objectives, and the comments that describe XML fields, could hold any
text. They stay if every word is one that the makers use; anything else is unknown and goes by
default. The words are from real slides of several generations. Only a few digits and single
letters may stand beside them, so a date, a case number or a spelled-out name does not pass.
"""

from __future__ import annotations

import re

from blankslide.formatkit.vocabulary import LONG_NUMBER
from blankslide.model.patterns import pattern

_WORDS = frozenset(
    # the structure of a slide
    "slide zoom level filter scan info scaninfo layer data default empty map stage position buffer scanned fovs fov "
    "fo vs scaninfolayer scandatalayer defaultlevel xml header profile profileinfo mask preview thumbnail barcode "
    "whole stitching intensity histogram vimslide vim status statusmap compressed microscope focus extended camera "
    "settings digital content type brightfield fluorescence fluorescent version value general specific field name num "
    "float text bool long unit comm autofocus points walked gray png jpeg jpg bmp jpegxr saved auto manual none "
    # objectives, cameras, filters
    "objective plan apochromat achromat neofluar fluar ec lci uplsapo apo oil water immersion axiocam axio cam mrm "
    "mrc rev hitachi hv cl fcl pike pco edge point grey gs flea grasshopper stingray adimec quartz cis vcc vcxu "
    "baumer sony hamamatsu orca zeiss nikon olympus blue green red cyan yellow magenta white gold aqua orange dapi "
    "fitc tritc rhodamine cy texas spectrum alexa fluor gfp rfp yfp cfp hoechst quad triple dual band single far "
    "transmitted achroplan epiplan achrostigmat fluotar ld lwd elwd slwd lci hc hcx pl planapo planfl planfluor "
    "planapochromat uplan uplfl uplfln uplxapo uplapo uplansapo plapon mplfln lmplfln planneofluar cfi lambda korr "
    "led semrock chroma deac lucplfln lmplanfl lmplfl "
    "corr ph dic pol imm glyc immersol dry super semi universal epi obj "
    # what the XML fields are and mean
    "x y z image images pos motor error position axis microstep object optical laser focusing neighbours neighbors "
    "focal plane acquisition time on of in the is to a at by and for or with per used mode unfocused focused "
    "foreground background pixel ration ratio pictures picture prifile path hierarchical create use coverslip cut "
    "left top right bottom limiting range lower upper limit map creating step maximum exposure individual exp spots "
    "change scanning threshold fluor database selected save reduced size coarse optimized visualization stored "
    "storing compression quality channel number count real display order multi multiple scan stack stacking offset "
    "units um ms min max minimum interval correction flat algorithm adapter optovar distance area selection tissue "
    "detection sample sensitivity search start end neighbourhood neighbour interpolated extrapolated measured "
    "label macro overview decoded code string symbology raw result "
    "calculated fl enabled disabled true false yes no off".split()
)
_TOKEN = pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_PLAIN = pattern(r"[\w .,:;/()<>+%-]{0,120}")
#: What is engraved on an objective: magnification, aperture, thread.
_OPTICS = pattern(r"(?<!\d)\d{1,3}(?:[.,]\d)?[xX][OW]?(?: ?/ ?[01][.,]\d{1,2})?(?!\d)|\bM27\b")
_MOST_DIGITS, _MOST_LETTERS = 4, 2

NUMBER = pattern(LONG_NUMBER)
STATE = pattern(r"true|false|on|off|yes|no|enabled|disabled|auto|manual|none", re.I)


def is_number(value: str) -> bool:
    """Whether a value is one number, or a word for on or off."""
    return NUMBER.fullmatch(value) is not None or STATE.fullmatch(value) is not None


def is_vocabulary(value: str) -> bool:
    """Whether a text has only the makers' words, and at most four digits and two single letters."""
    if not _PLAIN.fullmatch(value):
        return False
    rest = [t for t in _TOKEN.findall(_OPTICS.sub(" ", value)) if t.lower() not in _WORDS]
    digits = sum(len(token) for token in rest if token.isdecimal())
    letters = [token for token in rest if not token.isdecimal()]
    return digits <= _MOST_DIGITS and len(letters) <= _MOST_LETTERS and all(len(token) == 1 for token in letters)
