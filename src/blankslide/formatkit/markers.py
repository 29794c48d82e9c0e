"""Names of stains, dyes, markers and channels, as laboratories write them.

Such a name is science: without it nobody knows what a channel shows. There are too many to list whole names,
and each is written in many ways: ``PD-L1``, ``PDL1``, ``CD8 (Opal 520)``, ``Cy5.5``. So a name is taken
apart at blanks and punctuation, and each part must be a known word, or a letter code with a short number.
At least one part must name something by itself; a number or a colour beside it may stand.

A person's name has no such part. Where one has (a user called Green), it stands elsewhere as a person's
too, and there it is known for what it is: `findings.FindingCollector.name` compares the two at the end.

`MARKER` can stand in place of a compiled pattern; ``MARKER.fullmatch(text)`` is all that it knows.
"""

from __future__ import annotations

from functools import lru_cache

from blankslide.model.patterns import pattern

__all__ = ["MARKER", "Names", "is_marker"]

_LONGEST, _MOST_PARTS, _MOST_NUMBERS = 64, 8, 2
_BETWEEN = pattern(r"[\s()\[\]/,+;:_&#*|\u2013\u2014-]+")
_ALLOWED = pattern(r"[\w\s()\[\]/,+;:.&#*|\u2013\u2014-]+")
_GREEK = str.maketrans({"α": "a", "β": "b", "γ": "g", "δ": "d", "ε": "e", "κ": "k", "λ": "l", "µ": "u", "μ": "u"})
_NUMBER = pattern(r"\d{1,3}")
_WAVELENGTH = pattern(r"[3-8]\d\d")
_LATIN = pattern(r"i{1,3}|iv|vi{0,3}|ix")

#: Letter codes with numbers: clusters of differentiation, keratins, cytokines, dyes by their wavelength, ...
_CODED = pattern(
    r"cd\d{1,3}[a-z]{0,2}\d?|(?:ck|krt|k)\d{1,2}[a-z]?|p-?\d{2,3}[a-z]{0,4}\d?|muc\d{1,2}(?:a[cb])?|il\d{1,2}[a-z]{0,2}"
    r"|c?c[cx]c?[lr]\d{1,2}|cx3cr1|sox\d{1,2}|pax\d|cdx\d|gata\d|stat\d[ab]?|tlr\d{1,2}|[pg]?h2a\.?x"
    r"|p?hh?3|h[34]k\d{1,2}"
    r"(?:me\d|ac)?|s100(?:a\d{1,2}|b|p)?|col\d{1,2}a\d|bcl\d|irf\d|mcm\d|mlh\d|msh\d|pms\d|notch\d"
    r"|cldn\d{1,2}|mmp\d{1,2}"
    r"|tim\d|lag\d|siglec\d{1,2}|clec\d{1,2}[a-z]|aqp\d|fgfr\d|vegfr?\d?|her\d|erbb\d|casp\d|caspase\d|bv\d{3}|buv\d{3}"
    r"|bb\d{3}|af\d{3}(?:plus)?|a\d{3}|alexa(?:fluor)?\d{3}|opal\d{3}|atto\d{3}[a-z]{0,2}|dylight\d{3}"
    r"|cf\d{3}[a-z]?|cy\d(?:\.5)?"
    r"|cyanine\d(?:\.5)?|q?dots?\d{3}|qd\d{3}|irdye\d{3}[a-z]{0,2}|hoechst\d{5}|syto[a-z]?\d{0,2}"
    r"|draq\d|bodipy\d{3}|h\d{5}|jf\d{3}|lf\d{3}|sir\d{3}|janeliafluor\d{3}|snapcell\d{3}|topro\d|yopro\d|fluo\d|fura\d"
    r"|mturquoise\d?|mkate\d?|morange\d?|mtfp\d|mruby\d?|mclover\d?|mamber\d?|kusabira|mko\d|halotag"
    r"|apccy\d|percpcy5\.5|pecy\d(?:\.5)?|m?rfp\d?|[et]?[gycrb]fp\d?|mch?errys?\d?|tdtomato|ex\d{3}"
    r"|em\d{3}|ki\d{2}|pd(?:l|1|l1|l2)"
    r"|ae\d|ter119|b220|ly6[a-z]|hmb45|mart1|glut\d|ttf\d|wt\d|napsin[a-z]?|foxp\d|foxa\d|tcf\d|runx\d|lyve\d|iba\d"
    r"|tuj\d|map\d|sp1\d\d|gp100|pu\.1|tcrg?d?|hlad[rpq]|hla[a-g]|mhc[i]{1,2}|nanog|oct\d|klf\d|id[oh]\d"
    r"|nkx\d\.?\d?|dog\d|ini\d|smarca?b?\d"
    r"|brca\d|mum1|cad\d{1,2}|cdh\d{1,2}|itg[ab]\d|lamp\d|rab\d{1,2}[a-z]?|lc3b?|atg\d{1,2}|hsp\d{2}"
    r"|tgfb\d?|ifn[abg]|tnfa?"
    r"|ngn\d|neurod\d|sst\d?|trem\d|tmem\d{3}|ncam\d?|icam\d|vcam\d|olig\d|prox\d|fli\d|zeb\d|ets\d"
    r"|ercc\d|top2a|cep\d{1,2}|dna\d|p?stat\d[ab]?|tbet|f480|d240|ef\d{3}|ctla\d|vista"
    r"|(?:ch|c|chan|channel|chs|cam|camera|track|filter|marker|dye|band|round|cycle|spectrum|w|fl|tl|s|t)\d{1,2}"
)
#: Words that name a stain, a dye, a marker or a kind of light by themselves.
_NAMES = frozenset(
    # light and channels
    "channel channels ch chs chan brightfield bright bf transmitted darkfield phase dic pol polarization "
    "polarized polarised fluorescence fluorescent autofluorescence autofluor af reflected confocal tl rl epi uv "
    "ir nir farred rgb red green blue cyan magenta yellow orange violet aqua lime mono composite merge merged "
    "overlay background blank empty unstained none control isotype spectral unmixed msi sampleaf camera track "
    "round cycle "
    # dyes
    "dapi fitc tritc pe apc percp hoechst opal alexa alexafluor fluor cy cyanine atto dylight bodipy rhodamine "
    "rhod rhodamin texas texasred txred txrd txr gfp egfp yfp eyfp cfp ecfp rfp mrfp bfp ebfp mcherry mcitrine "
    "mplum mkate tdtomato dsred zsgreen venus cerulean citrine topaz emerald sapphire tagrfp mneongreen "
    "mscarlet spectrum spectrumgreen spectrumorange spectrumred spectrumaqua spectrumgold spectrumblue "
    "spectrumfarred spgreen spgr sporange spor spred spaqua spgold spblue qdot qdots qd irdye draq propidium pi "
    "ethidium acridine sytox syto yoyo toto topro calcein lysotracker mitotracker phalloidin nile coumarin "
    "pacific cascade oregon lucifer fluorescein isothiocyanate tsa cf tyramide dyl biotin streptavidin avidin "
    "digoxigenin hrp wga cona lipidtox aad efluor starbright realblue sybr eosin mvenus mstrawberry marinablue "
    "amca deac sirdna siractin sirtubulin sirlysosome thioflavin dii tmr halotagtmr "
    # stains
    "hematoxylin haematoxylin haematoxilin eosin eosiny he hes dab aec fastred nova vina giemsa masson trichrome gram "
    "ziehl neelsen congo pas pasd pasm alcian toluidine methyl methylene cresyl luxol nissl perls perl prussian "
    "gomori gms grocott reticulin elastic elastica evg verhoeff gieson vangieson picro picrosirius sirius "
    "safranin saffron orcein mucicarmine papanicolaou pap romanowsky grunwald grünwald warthin starry fontana "
    "bielschowsky bodian kossa alizarin oilred movat azan ladewig goldner feulgen ptah mgg silver stain stained "
    "counterstain ihc ish fish cish sish dish immunofluorescence mif hdab hne "
    # markers and genes
    "her neu egfr er pr ar esr pgr pd pdl pdcd pdcd1 pdl1 ki mki67 pck panck pancytokeratin cytokeratin "
    "cytokeratins keratin panckpan panmelanoma melan melana sma asma actin desmin vimentin vim collagen fibronectin "
    "fap laminin podoplanin elastin ecad ecadherin ncad ncadherin pcad pcadherin vecad cadherin catenin bcatenin "
    "claudin occludin integrin epcam muc ema cea psa psma psap nkx amacr erg fli fli1 vwf ve hla mhc b2m tcr cd mpo "
    "myeloperoxidase gzmb gzmk gzma granzyme perforin prf tbet eomes tox tigit ctla lag tim ido ifng il tnf tgf "
    "vegf hif arginase arg inos nos foxp foxp3 rorgt gata sox pax lyve neun gfap iba map tau amyloid abeta "
    "synuclein asyn tdp ubiquitin synaptophysin syp chromogranin chga nse insulin ins glucagon gcg somatostatin "
    "gastrin calcitonin ttf tg thyroglobulin napsin wt calretinin mesothelin inhibin oct plap sall afp hcg ca "
    "arginase1 hepar hsa glypican gpc uroplakin gata3 tp tp53 rb myc cmyc nmyc kras braf alk ros ros1 ret met cmet "
    "kit ckit pten akt pakt mtor erk perk mapk stat mlh msh pms ddx ssdna dna rna mrna rnascope dapib polr2a ppib "
    "ubc pcna geminin caspase casp cleaved tunel caix ca9 glut ldh lamp lysozyme tryptase chymase factor fviii "
    "factorviii kappa lambda igg iga igm igd ige igk igl ig kip ink4a trop trop2 nectin nectin4 bcma cldn vista "
    "siglec langerin clec mhci mhcii dcsign dclamp xcr batf slug snail twist zeb nestin nanog oct4 klf brdu edu "
    "histone hh lmnb lamin tubulin btubulin atubulin golgi giantin tom20 cox vdac calnexin pdi lc laptm mitf "
    "tyrosinase hmb pmel gp prame mart dog ini smarca smarcb idh atrx h3k27m wnt shh notch hes hey dll jag ebv eber "
    "lmp hpv cmv hsv hhv hbv hbsag hbcag sars cov helicobacter pylori pneumocystis nucleus nuclei nuclear cytoplasm "
    "membrane cytoplasmic dsdna atpase nakatpase centromere cep telomere cell cells vessel vessels tumor tumour "
    "stroma epithelium leukocyte lymphocyte macrophage neutrophil elastase aif marcks csf csfr csf1r mertk mrc "
    "marco adgre msr tmem trem p2ry p2ry12 nk nkg ncam icam vcam mcam pecam sele selp thy thy1 ng pdgfr pdgfra "
    "pdgfrb cspg rgs kdr flt tie tek cfos chat".split()
)
#: Words and letters that say nothing by themselves.
_BESIDE = frozenset(
    "and or with the of in on anti pan primary secondary antibody ab marker clone far near light deep super low "
    "high pos neg positive negative dim total plus minus new fast brown black white gray grey pink gold purple "
    "single dual double triple quad penta hexa band bandpass longpass filter cube set custom ex em emission "
    "excitation nm iodide bromide isotype acid dye target probe image layer scan spot mouse rabbit goat rat donkey "
    "human chicken hamster guinea pig mm ms rb gt dk hu a b c d g k l p t x y type i s n m r f u v w z o e h van "
    "von may oil sample polaris phospho smooth muscle alpha beta gamma delta epsilon am fm na tag plasma free "
    "linked bound specific homodimer led".split()
)
#: A clone, a mutation, a variety of a dye: ``2GV6``, ``R132H``, ``800CW``; it says nothing by itself.
_CODE = pattern(r"[a-z]?\d{1,3}[a-z]{1,2}\d?")
_MOST_JOINED = 3


@lru_cache(maxsize=4096)
def is_marker(text: str) -> bool:
    """Whether a text is the name of a stain, dye, marker or channel, or of several."""
    plain = text.strip().translate(_GREEK).lower()
    if not plain or len(plain) > _LONGEST or not _ALLOWED.fullmatch(plain):
        return False
    parts = [part for piece in _BETWEEN.split(plain) if (part := piece.strip("."))]
    if not 0 < len(parts) <= _MOST_PARTS:
        return False
    names, numbers, codes = 0, list[str](), 0
    while parts:
        taken = next((n for n in range(min(_MOST_JOINED, len(parts)), 0, -1) if _names("".join(parts[:n]))), 0)
        first = parts[0]
        if taken:
            names += 1
        elif _NUMBER.fullmatch(first):
            numbers.append(first)
        elif _CODE.fullmatch(first):
            codes += 1
        elif first not in _BESIDE and not _LATIN.fullmatch(first):
            return False
        del parts[: taken or 1]
    return (names > 0 and codes < 2 and _few(numbers)) or _is_wavelength(plain)


def _few(numbers: list[str]) -> bool:
    """Whether the numbers beside names are too few for a date: two, one of them a wavelength."""
    return len(numbers) <= _MOST_NUMBERS and sum(not _WAVELENGTH.fullmatch(n) for n in numbers) <= 1


def _is_wavelength(plain: str) -> bool:
    return _WAVELENGTH.fullmatch(plain.removesuffix("nm").strip()) is not None


def _names(part: str) -> bool:
    return part in _NAMES or _CODED.fullmatch(part) is not None


class Names:
    """Looks like a pattern, and matches names of markers.

    Parameters
    ----------
    also
        Pattern, as text, of whole names that a format has besides.
    """

    def __init__(self, also: str = "") -> None:
        self._also = pattern(also) if also else None

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it is one, else None."""
        return text if is_marker(text) or (self._also is not None and self._also.fullmatch(text)) else None


MARKER = Names()
