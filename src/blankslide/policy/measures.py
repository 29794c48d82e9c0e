"""Unknown fields whose values say nothing: which values may stay, and under which keys.

A small number is harmless only where its key says that it was measured or set: ``Gamma = 2.2``. The same
number as ``MRN = 4711`` or ``Birth Year = 1950`` is a person's. Nobody can list all keys that tell of a
person, so it is the other way round: each word of a key must be known, and at least one of them must be that
of a measure. A key without words, such as the number of a tag, tells nothing; its value goes, for eight
bytes of a number can spell a name or a date.

Promise: a value that stays has at most five digits before and twelve behind the point, or is a yes or no.
"""

from __future__ import annotations

import re
from functools import lru_cache

from blankslide.model.patterns import pattern

__all__ = ["harmless", "is_measure"]

_HARMLESS = pattern(
    r"(?:true|false|yes|no|on|off|[-+]?\d{1,4}|[-+]?\d{0,5}\.\d{1,17}(?:[eE][-+]?\d{1,3})?|[-+]?\d{1,5}\.)", re.I
)
_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MOST_DIGITS = 2

#: Words of what is measured or set on a microscope or in a picture.
_MEASURES = frozenset(
    "size width height depth length area diameter radius left top bottom right center centre offset position angle "
    "rotation rotate flip skew tilt slant shift stride overlap border margin crop roi pixel pixels px micron "
    "microns micrometer micrometre um mpp dpi resolution res ratio aspect scale scaling scaled zoom mag "
    "magnification objective lens optovar numerical aperture pinhole refractive working focus focal plane planes "
    "stack zstack step pitch gain gamma exposure brightness contrast saturation hue sharpness sharpen sharpened "
    "white black balance colour color intensity threshold noise blur filter filtered filtering bits bit bitdepth "
    "binning channels bands subsampling wavelength emission excitation frequency power voltage current temperature "
    "humidity pressure light lamp shutter iris camera sensor quality compression quantization tile tiles tiling "
    "level levels pyramid downsample downsampling stripe stripes rows columns resolutions layers interpolation "
    "orientation transformation matrix xx xy yx yy calibration correction autofocus stitching lossy lossless "
    "interleaved planar endian".split()
)
#: Words that may stand beside these.
_BESIDE = frozenset(
    "a of in at per to by and is has use used uses do not no min max minimum maximum mean average total first "
    "last default auto automatic manual enabled enable disabled mode type unit units value values number count "
    "index order line lines page pages image picture scan slide scanner stage tissue macro micro thumbnail "
    "region regions center centre samples x y z w h r g b u v i j k n s t c d xres yres red green blue alpha "
    "cyan magenta yellow grey gray rgb time high low upper lower start end begin inner outer horizontal "
    "vertical real physical relative absolute raw final original optical digital target ref reference fine "
    "coarse fast slow coefficient factor "
    "text".split()
)


def harmless(value: str) -> bool:
    """Whether a value is a yes or no, a decimal number, or a number of at most four digits.

    More than five digits before the point can be a date or a record number; several numbers
    can spell a name.
    """
    return _HARMLESS.fullmatch(value.strip()) is not None


@lru_cache(maxsize=4096)
def is_measure(key: str) -> bool:
    """Whether each word of a key is known, and at least one is that of a measure.

    Parameters
    ----------
    key
        As it is called in the slide: ``Focus Offset``, ``LineAreaXOffset``, ``EXPOSURE_TIME``.
    """
    if not key.isascii() or len(key) > 64:
        return False
    words = [word.lower() for word in _WORD.findall(key)]
    plain = [word for word in words if not word.isdigit()]
    if any(len(word) > _MOST_DIGITS for word in words if word.isdigit()):
        return False
    return any(word in _MEASURES for word in plain) and all(word in _MEASURES or word in _BESIDE for word in plain)
