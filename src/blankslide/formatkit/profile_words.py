"""The words of colour profiles: which names and notices may stay in a profile, and in texts that name it.

``sRGB IEC61966-2.1``, ``ScanScope v1`` and ``Copyright (c) 1998 Hewlett-Packard Company`` say nothing of a patient.
They stay if every word is one that makers of profiles, cameras and scanners use; versions, years in a notice and few
short numbers may stand beside. Anything else is unknown: a profile can be called after whoever was on the slide.
"""

from __future__ import annotations

from functools import lru_cache

from blankslide.formatkit.vocabulary import VERSION
from blankslide.model.patterns import pattern

__all__ = ["PROFILE_NAME", "is_profile_text"]

_WORDS = frozenset(
    # colours
    "srgb rgb adobe adobergb romm prophoto apple generic gray grey cmyk lab xyz scrgb display p3 dci rec bt hdr "
    "sdr hd tv linear gamma default colour color colors colours space profile profiles icc icm built in builtin "
    "calibrated uncalibrated calibration calibrate monitor lcd led crt oled scanner scan slide slides camera "
    "digital whole image images wsi pathology epathology white black point matrix lut table based trc curve "
    "curves tone perceptual relative absolute colorimetric saturation intent media input output standard "
    "reference viewing condition conditions illuminant daylight tungsten fluorescent brightfield d50 d55 d65 "
    "d75 dmax target it8 q60 chart film fl sirius datacolor spyder huey x rite xrite i1 i1profiler "
    "gretagmacbeth macbeth colorchecker colormunki embedded compact tiny micro nano parametric pcs v2 v4 "
    "version type model device manufacturer serial none unknown custom sensor raw ycc yuv bt709 bt2020 bt601 "
    "pal ntsc smpte trueview translated translation normalized "
    # who makes scanners and profiles
    "aperio leica biosystems scanscope at at2 turbo cs cs2 xt gl lv1 fl versa gt gt450 gt450dx dx imagescope "
    "danaher hamamatsu photonics kk k nanozoomer s20 s20md s60 s210 s360 s360md s540 xr sq ht rs ndp ventana "
    "roche dp dp200 dp600 iscan coreo philips ufs intellisite sg sg20 sg60 sg300 ultra huron technologies "
    "tissuescope le le120 iq pe motic easyscan easy pro infinity one kfbio kf grundium ocus ocus20 ocus40 "
    "mikroscan sl sl5 carl zeiss axio axioscan axiocam z1 microscopy 3dhistech pannoramic panoramic p250 p1000 "
    "p480 midi desk flash mirax medical olympus evident vs vs120 vs200 slideview sakura finetek visiontek akoya "
    "vectra polaris phenoimager perkinelmer trestle medmicro omnyx ge healthcare sunquest objective optrascan "
    "os os15 os120 dakewe precice unic aiforia hewlett packard hp company inc incorporated corp corporation ltd "
    "limited gmbh co llc ag microsoft windows kodak eastman canon nikon sony epson agfa fuji fujifilm "
    "heidelberg eizo dell nec barco samsung lg google facebook nine degrees below international consortium "
    "artifex ghostscript argyll colorsync little cms lcms lcms2 lino linotype imaging software systems system "
    "group basler point grey flir ximea "
    # notices
    "copyright copyrighted c r all rights reserved no not use used freely public domain license licence licensed "
    "free this is of and by for with the to a an from be may under cc0 cc creative commons attribution http www ch "
    "org com iec iso ansi cie".split()
)
_NOTICE = frozenset(("copyright", "copyrighted", "c", "rights", "license", "licence"))
_TOKEN = pattern(r"[A-Za-z]+(?:\d{1,4}[A-Za-z]{0,2})?|\d[\d.:]*[A-Za-z]{0,9}")
_ALLOWED = pattern(r"[A-Za-z0-9 .,:;()\[\]/+&_'\"\r\n\t\xa9\xae\u2122-]+")
_STANDARD = pattern(r"(?:iec\s*)?(?:IEC)?61966(?:-\d{1,2}){1,2}(?:\.\d)?", 2)
_YEAR = pattern(r"199\d|20[0-4]\d")
_SHORT = pattern(r"\d{1,3}(?:\.\d{1,2})?(?:bit|k|mm|nm|x|dpi)?")
_VERSION_WORD = pattern(r"v\d{0,2}")
_VERSIONS = pattern(rf"v?{VERSION}", 2)
_LONGEST, _MOST_NUMBERS = 256, 2


@lru_cache(maxsize=1024)
def is_profile_text(text: str) -> bool:
    """Whether a text has only words that name profiles, or that stand in their notices."""
    if len(text) > _LONGEST or not _ALLOWED.fullmatch(text):
        return False
    tokens = _TOKEN.findall(_STANDARD.sub(" ", text))
    words = [token.lower() for token in tokens if token[0].isalpha()]
    numbers = [token.lower().rstrip(".:") for token in tokens if token[0].isdigit()]
    is_notice = not _NOTICE.isdisjoint(words)
    unknown = [word for word in words if word not in _WORDS and not _VERSION_WORD.fullmatch(word)]
    years = [number for number in numbers if _YEAR.fullmatch(number)]
    rest = [n for n in numbers if n not in years and n not in _WORDS]
    if any(not (_SHORT.fullmatch(n) or _VERSIONS.fullmatch(n)) for n in rest):
        return False
    return not unknown and len(rest) <= _MOST_NUMBERS and (not years or is_notice or years == ["1998"])


class _Name:
    """Looks like a pattern, and matches names of profiles only, with or without the suffix of a file."""

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it is one, else None."""
        return text if is_profile_text(text.removesuffix(".icc").removesuffix(".icm")) else None


PROFILE_NAME = _Name()
