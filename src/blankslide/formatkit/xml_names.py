"""Names in XML: which elements, prefixes, namespaces and instructions are technical, and which could be anybody's.

Nobody can list the elements of all scanners and converters, but their names are made of few words: ``ImageType``,
``ObjectiveSettings``. A name of such words stays. Any other is text that somebody may have typed: ``<Kovacs_Ann/>``.
Namespaces are known as a whole, since a path of words can say anything.
"""

from __future__ import annotations

from functools import lru_cache

from blankslide.model.patterns import pattern

__all__ = ["DECLARATION", "INSTRUCTION", "NAMESPACE", "is_plain_name", "is_plain_prefix"]

_WORDS = frozenset(
    "a acquisition actual adapter admin affine after air algorithm all allocated amplification analyzer and "
    "angle annotation annotations anonymization aoi aperture applied approach arc area argos array as asset "
    "atmosphere attachment attendant attribute auto available average axis b band bands bandwidth barcode "
    "barcodes base beam before big bin binary binning bit bits black block blocks blue boolean border bottom "
    "boundary bright brightness build by c cac calibrated calibration camera cardinality center centre channel "
    "channels cluster co code codes collection color colour cols column columns comm comment comments component "
    "components compression computer concentration confidence configuration connection contrast coordinate "
    "coordinates copy correction count coverslip creation creator current cut custom d dark data dataset date "
    "datetime day db default defined delta derivation description detail detector device di diameter dicom "
    "dichroic dim dimension dimensions dir direction directory discrete display distance document double dp e "
    "edge electro ellipse emission emitting empty enable enabled encode encoded encoder end endian engaged "
    "entire environment event ex excitation excited experiment experimenter exposure extended external f factor "
    "factory fallback false field fields file filename filament fill filter filters first fixed flag flip float "
    "focal focus focusing folder font for form format formats frame frames frequency from full g gain gamma "
    "general generic given gray green grey grid group groups guid h has hash header headers height high holder "
    "home host hu i icc id ident identifier ids ifd illumination image images imaging immersion import in "
    "increment index info information input instrument int integer integration interface interleaved "
    "interpretation interval is item items j joined joint jp jpeg json k kept key keys kind kit l label lamp "
    "laser last layer layers leader led left length lens level levels light line linear lines link list "
    "location locked login long lossy lot low lower m machine macro magnification manipulation manufacturer "
    "manufacturers map mask matrix max maximum measure measurement medium message metadata method micro "
    "microbeam micron microns microscope mii min minimum mirror mode model moment month motor mpp msi multi n "
    "na name names namespace nd next no nominal none note notes num number numerical nv o object objective "
    "objectives of off offset ome on opal operator optical order orderer original origin oscillator other "
    "output over overlap overview ow owner p page pages pair parameter parameters parent part parts path per "
    "percent perkin elmer phase photometric physical picture pictures piim pim pinhole pixel pixels planar "
    "plane planes plate pmsvr pockels point points pol polygon polyline pos position power prescan pressure "
    "preview primary priority processing product profile profiles project properties property protection "
    "protocol pulse pump q qpi quality quantizer r rack radius range ranges rate ratio raw read readout reagent "
    "record rectangle red reduced ref reference referrer refractive region regions registration remark repeat "
    "representation res resolution resolutions response responsivity result retardances reverse rgb right "
    "rights held ri roi rois root rotate rotation row rows s sample samples sampling saturation sc scale "
    "scaling scan scaninfo scanned scanner scanners scanning scans scene schema scn screen seconds section "
    "segment selected selection sequence serial series server session set sets setting settings shape sharpness "
    "shift show signal significant site size sizes slide slides slot sme software source sources spacing speed "
    "spectral square stack stage start state states status step stitch stored storage strategy string stripe "
    "stroke structured style sub subtype suite summary supplemental sv svg system t tab table tag tags tech "
    "template templates temperature term text texture theta thickness threshold thumbnail tiff tile tiles "
    "tiling time times timestamp tint tissue title tma tolerance tool top total transform transformation "
    "transition transmission transmittance true tunable tune type types u ufs um under unit units unmixed upper "
    "use user users uuid uid v valid validation value values ver version versions view views visible voltage w "
    "warning wave wavelength wavelengths way wavelet well white whole width window working x ximagesize xml "
    "xmlns xsd xsi xy xyz y year yimagesize z zoom zone airyscan application applications averaging refs "
    "detection detectors digital fluor microscopes photon conversion airy positions rating scenes track tracks "
    "xx yx yy virtual dye duration orientation contour intensity minimal coverage sane minification encoding "
    "cws spatial relations relation weight tone mapping translate implicit reflector reflectors pupil geometry "
    "polarizing polarizer pyramid clip enhance percentage rotations viewer short hardware appliance appliances "
    "elements usage ocr ocrs content infos telescope mtb cameras tubelens tube lenses lightsources "
    "illuminations filtersets expose mean modality case patient study specimen accession physician department "
    "birth old new sop instance sex age email mail save theme ward lab hospital caller requested bench bed http "
    "https request aberration apotome bleach bleaching beamsplitter splitter eyepiece eyepieces incubator incubators "
    "deconvolution topography lightsheet colocalization fret automatic manual mosaic mosaics sharpening hdr dichroics "
    "phases limit limits modified diode used union only annotator numeric attenuation convention humidity rule "
    "multiplication marker mime pockel cell out repetition the timepoint tuneable modulo along accuracy span setups "
    "support protected grayscale stitching cube fluorophore depth stain category cuton cutoff active counts".split()
)
_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_MOST_DIGITS = 3
_PREFIX = pattern(
    r"[A-Za-z]{1,2}\d?|xml|xmlns|xsi|xsd|xlink|ome|OME|SPW|ROI|Bin|BIN|MLI|MLIF|SAB?|AML|DataHistory"
    r"|scn|rdf|xmp|xap|tiff|exif|photoshop"
    r"|crs|aux|xmpMM|xmpRights|stEvt|stRef|dcterms|svg|html|lipi|d\dp\d"
)
_OME = r"(?:OME|SA|ROI|SPW|BinaryFile|Additions|AnalysisModule|DataHistory|STD|CLI|DataExchange|MLI)"
#: Whole namespaces that say nothing.
NAMESPACE = pattern(
    r"https?://(?:www\.)?w3\.org/(?:2001/XMLSchema(?:-instance)?|1999/(?:02/22-rdf-syntax-ns#|xlink|xhtml)|XML/1998/namespace"
    r"|2000/(?:xmlns/|svg))"
    rf"|https?://(?:www\.)?openmicroscopy\.org/(?:Schemas|XMLschemas)/{_OME}/(?:FC/|RC\d/)?\d{{4}}-\d\d(?:/V\d)?/?"
    r"|http://www\.leica-microsystems\.com/scn/2010/(?:03/10|10/01)"
    r"|http://ns\.adobe\.com/(?:xap/1\.0/(?:mm/|rights/|bj/|t/pg/|g/img/|sType/(?:ResourceRef|ResourceEvent|Version|Job|Font|Dimensions)#)?"
    r"|photoshop/1\.0/|tiff/1\.0/|exif/1\.0/(?:aux/)?|camera-raw-settings/1\.0/|pdf/1\.3/|xmp/1\.0/)|adobe:ns:meta/"
    r"|http://purl\.org/dc/(?:elements/1\.[01]|terms)/"
    r"|http://www\.vips\.ecs\.soton\.ac\.uk/{1,2}(?:dzsave|vips|tiffsave|vipssave|image)?(?:/\d\.\d{1,2}(?:\.\d)?)?"
)
#: A declaration of XML as writers make it.
DECLARATION = pattern(
    rb"""<\?xml\s+version\s*=\s*["']1\.[01]["'](?:\s+encoding\s*=\s*["'](?i:utf-?(?:8|16)(?:[lb]e)?|iso-8859-\d{1,2}|us-ascii|ascii"""
    rb"""|latin-?1|windows-125\d)["'])?(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*\?>"""
)
#: Instructions that say nothing: the frame of XMP.
INSTRUCTION = pattern(
    rb"""<\?xpacket (?:begin=["'](?:\xef\xbb\xbf)?["'] id=["']W5M0MpCehiHzreSzNTczkc9d["']|end=["'][rw]["'])\s*\?>"""
)


@lru_cache(maxsize=4096)
def is_plain_name(name: str) -> bool:
    """Whether a name of an element or attribute is made of technical words, with at most three digits."""
    if not _NAME.fullmatch(name):
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    digits = sum(len(word) for word in words if word.isdigit())
    return digits <= _MOST_DIGITS and all(word in _WORDS for word in words if not word.isdigit())


def is_plain_prefix(prefix: str) -> bool:
    """Whether a prefix of names is known, or too short for a name."""
    return not prefix or _PREFIX.fullmatch(prefix) is not None
