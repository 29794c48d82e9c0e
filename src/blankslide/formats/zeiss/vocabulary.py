"""Words that a CZI may have for devices, programs and settings.

A name of a microscope, an objective or a camera is given in the program's set-up, so it can be anybody's. It stays if
its words are those of makers, models and optics, with few digits. Settings have the terms of their schema.

Source: the CZI schema of Carl Zeiss and that of OME; names in real files.
"""

from __future__ import annotations

from functools import lru_cache

from blankslide.model.patterns import pattern

__all__ = ["DEVICE", "SETTING"]

#: Makers, models, optics and parts; none of the words is a surname, but for the maker's own.
_WORDS = frozenset(
    "indi mo carl zeiss microscopy gmbh axio axioscan scan observer axioobserver imager axioimager examiner zoom "
    "vert lab star lsm zen celldiscoverer elyra airyscan lightsheet primo primostar primovert stemi smartzoom "
    "palm lumar discovery indimo inverted upright axioskop axiophot axioplan axiovert axiocam cam mrm mrc mrxs "
    "hrc hrm icc ecrcmm hamamatsu photonics orca flash lt sca scmos emccd ccd cmos pmt gaasp apd hitachi hv fcl "
    "scl pike pco edge point grey gray basler baumer sony photometrics prime andor ixon zyla qimaging excelitas "
    "nikon olympus evident leica colibri vivatome solid duv hxp hal vhx excite lumencor spectra sola mtb mil tis "
    "usb ii iii rev color colour mono monochrome edition blue black lite pro core system desk browser connect "
    "file intellesis server client version release plan apochromat achromat planapochromat neofluar planneofluar "
    "uplsapo uplapo uplxapo uplan uplfl uplfln plapon plapo planapo planfl mplfln lmplfln lmplanfl lucplfln fluotar "
    "hc hcx pl cfi lambda fluor fluar epiplan achroplan apo ec lci lwd ld ld-plan n c a w korr corr imm oil water "
    "glyc glycerin air dry dic "
    "ph pol hd epi fcs ufluar uv vis ir obj objective lens aqua clear cla super semi objectives objectivechanger "
    "changer reflector reflectorchanger adapter camera front back left right top rear side port mount tv tube "
    "optovar condenser aperture diaphragm shutter stage motorized slide scanner tray detector detectors channel "
    "track led lamp laser halogen light source trans transmitted reflected fluorescence brightfield darkfield "
    "empty module none free filter set fset mirror beam splitter splitters mbs sbs dbs main plate position no "
    "default unknown other standard of with for and microscope".split()
)
_TOKEN = pattern(r"MTB|MIL|TIS|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_ALLOWED = pattern(r"[A-Za-z0-9 ._/+×,:()&-]{1,96}")
#: What is engraved on an objective, and a version.
_OPTICS = pattern(
    r"(?<!\d)\d{1,3}(?:[.,]\d{1,2})?[xX][OW]?(?: ?/ ?[01][.,]\d{1,2})?(?!\d)"
    r"|\bM27\b|\b[vVZ]?\d{1,2}(?:\.\d{1,4}){1,3}\b"
)
#: A part of the maker's list: it names a kind of part, and no single one.
_PART = pattern(r"(?:Objective|Reflector|Filter|Detector|Condenser|Adapter)\.\d{6}-\d{4}-\d{3}")
#: A day; a version has the same form, and so few digits.
_DAY = pattern(
    r"(?<![\d.])(?:\d{1,2}\.\d{1,2}\.(?:19|20)\d\d|(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.\d\d)(?!\.?\d)"
)
_MOST_DIGITS, _MOST_LETTERS = 6, 2


@lru_cache(maxsize=1024)
def _is_device(text: str) -> bool:
    if _PART.fullmatch(text):
        return True
    if not _ALLOWED.fullmatch(text) or _DAY.search(text):
        return False
    tokens = _TOKEN.findall(_OPTICS.sub(" ", text))
    rest = [t for t in tokens if t.lower() not in _WORDS]
    digits, letters = [t for t in rest if t.isdecimal()], "".join(t for t in rest if not t.isdecimal())
    few = sum(map(len, digits)) <= _MOST_DIGITS and all(len(t) < 4 for t in digits)
    return few and len(letters) <= _MOST_LETTERS and letters == letters.upper() and len(rest) < max(1, len(tokens))


class _Device:
    """Looks like a pattern, and matches names of devices and programs."""

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it is one, else None."""
        return text if _is_device(text) else None


DEVICE = _Device()

SETTING = (
    "Gray8|Gray16|Gray32|Gray32Float|Gray64|Gray64ComplexFloat|Bgr24|Bgr48|Bgr96Float|Bgra32|"
    "Bgr192ComplexFloat|Brightfield|Phase|PhaseContrast|DIC|HoffmanModulation|ObliqueIllumination|"
    "PolarizedLight|Darkfield|Fluorescence|PlasDIC|TIE|Other|Unknown|None|Undefined|Unspecified|"
    "Transmitted|Epifluorescence|Reflected|Oblique|NonLinear|WideField|Widefield|"
    "LaserScanningConfocalMicroscopy|SpinningDiskConfocal|SlitScanConfocal|MultiPhotonMicroscopy|"
    "StructuredIllumination|SingleMoleculeImaging|TotalInternalReflection|FluorescenceLifetime|"
    "SpectralImaging|FluorescenceCorrelationSpectroscopy|NearFieldScanningOpticalMicroscopy|"
    "SecondHarmonicGenerationImaging|PALM|STORM|STED|TIRF|FSM|LCM|BrightField|SweptFieldConfocal|SPIM|"
    "OpticalSectioning|Frame|Line|Spot|Step|Comb|Uni|Bi|Unidirectional|Bidirectional|Oil|Water|"
    "WaterDipping|Multi|Glycerol|Glycerin|Air|Silicone|AiryscanRaw|AiryscanRawSr|AiryscanVariance|"
    "AiryscanSum|AiryscanSuperResolution|AiryscanWeightedSum|Palette|Color|Colour|Monochrome|Range|Off|"
    "On|SinglePeak|Linear|Gamma|Spline|BestFit|MinMax|True|False|Uncompressed|Lossless|Lossy|Jpeg|"
    "JPEG|JpegXr|JpgXr|JPEGXR|JpegXR|Jpeg2000|Lzw|LZW|Zstd|Zstd0|Zstd1|ZSTD0|ZSTD1|Circular|"
    "Rectangular|Gaussian|Uniform|Upright|Inverted|Dissection|Electrophysiology|Stand|LightSheet|CCD|"
    "IntensifiedCCD|EMCCD|EBCCD|CMOS|sCMOS|PMT|GaAsP|Photodiode|Spectroscopy|APD|AvalanchePhotoDiode|"
    "LifetimeImaging|CorrelationSpectroscopy|FTIR|EM|AnalogVideo|LED|Led|Laser|Arc|Filament|Lamp|"
    "Halogen|LightEmittingDiode|GenericLightSource|Auto|Manual|Measured|Theoretic|Theoretical|Guess|"
    "Default|Calibrated|Achro|Achromat|Apo|Apochromat|Fluor|Fluar|Neofluar|Fluotar|Plan|PlanApo|"
    "PlanApochromat|PlanFluor|PlanNeofluar|SuperFluor|VioletCorrected|UV|Fl"
)
"""The terms of settings, as a pattern; a number of a setting stands beside them."""
