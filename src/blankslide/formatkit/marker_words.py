"""The words of which names of stains, dyes, markers and channels are made; `markers` says how.

- A *word* names something by itself, however it is written.
- An *acronym* does so only in two capitals or more, because else it is somebody's name too: KIT is a receptor, Kit a
  person.
- A *phrase* names something only as a whole: "Congo Red" is a stain, "Congo" a place.
- An *eponym* is a person's name that became part of a stain's; it counts only beside a word of `STAINS`.
- What stands in `BESIDE` says nothing, and may stand beside a name. Surnames (White, Gold, Hu, Pan, Chan) do not.

All are written in small letters, phrases without blanks and hyphens. Source: common knowledge of laboratories. Whoever
adds a word looks first whether somebody is called so.
"""

from __future__ import annotations

from blankslide.model.patterns import pattern

__all__ = ["ACRONYMS", "BESIDE", "CLONE", "CODED", "EPONYMS", "FILTER", "GIVEN", "LONELY", "PHRASES", "STAINS", "WORDS"]

#: Words that name a stain, a dye, a marker or a kind of light by themselves.
WORDS = frozenset(
    # light and channels
    "channel channels phase brightfield bf transmitted transmission darkfield phasecontrast polarization polarized "
    "polarised fluorescence fluorescent autofluorescence autofluor reflected reflection confocal widefield epi uv ir "
    "nir farred rgb red green blue cyan magenta yellow orange lime aqua mono composite merge merged overlay "
    "background blank empty unstained none control isotype unmixed msi sampleaf pmt tpmt hyd smd esid airyscan shg "
    "thg tirf quad tl "
    # dyes
    "dapi fitc tritc percp hoechst alexafluor fluor cyanine atto dylight bodipy rhodamine rhod rhodamin txred txrd "
    "txr texred rox lissamine hex deac cfse icg iflor ifluor ethd nucblue nucred nucgreen zygreen zyorange gfp egfp "
    "yfp eyfp cfp ecfp rfp mrfp bfp ebfp mcherry mcitrine mplum mkate tdtomato dsred zsgreen mvenus venus cerulean "
    "mcerulean citrine turquoise mturquoise mapple mruby morange mko kaede dendra gcamp tagrfp tagbfp mneongreen "
    "mscarlet spectrumgreen spectrumorange spectrumred spectrumaqua spectrumgold spectrumblue spectrumfarred spgreen "
    "spgr sporange spor spred spaqua spgold spblue qdot qdots qd irdye draq propidium ethidium sytox syto calcein "
    "lysotracker mitotracker ertracker cellmask celltrace phalloidin coumarin fluorescein isothiocyanate tsa tyramide "
    "biotin streptavidin avidin digoxigenin hrp wga cona lipidtox aad aadvanced efluor starbright realblue sybr eosin "
    "allophycocyanin phycoerythrin calcofluor auramine thioflavin thios tht indocyanine abberior platinumbright "
    # stains
    "hematoxylin haematoxylin haematoxilin hematoxilin dab aec fastred giemsa masson trichrome pentachrome gram "
    "neelsen pas pasd pasm alcian toluidine methyl methylene cresyl luxol nissl perls perl gomori gömöri gms grocott "
    "reticulin reticulum elastic elastica elastin evg vvg picro picrosirius safranin safran orcein mucicarmine "
    "papanicolaou pap romanowsky bielschowsky bodian alizarin movat azan feulgen gallyas ptah mgg ihc ish cish sish "
    "immunofluorescence immunohistochemistry mif hdab hne psr lfb afb oro msb jms diffquik leishman heidenhain "
    "rhodanine fuchsin diastase esterase chloroacetate periodic schiff iron copper "
    # markers and genes
    "egfr esr pgr pdl pck panck pancytokeratin ckpan cytokeratin cytokeratins keratin panckpan panmelanoma hmwck hmwk "
    "lmwck lmwk melan melana sma actin desmin vimentin collagen fibronectin tenascin periostin postn laminin "
    "podoplanin ecad ecadherin ncad ncadherin pcad pcadherin vecad cadherin catenin bcatenin claudin occludin "
    "integrin epcam mcea pcea psa psma psap amacr vwf hla mhc hladr tcr mpo myeloperoxidase gzmb gzmk gzma granzyme "
    "perforin tbet eomes tigit ctla ifng tnf tgf vegf hif arginase inos nos foxp rorgt rorγt gata pax lyve neun gfap "
    "map tau ptau amyloid abeta synuclein asyn tdp ptdp ubiquitin synaptophysin syp chromogranin chga nse insulin "
    "glucagon gcg somatostatin gastrin calcitonin serotonin prolactin ttf thyroglobulin napsin calretinin mesothelin "
    "inhibin plap sall hcg hepar heppar myod sqstm glypican gpc uroplakin tp myc cmyc nmyc kras nras braf cmet ckit "
    "pten akt pakt mtor pegfr perk mapk stat mlh msh pms ddx ssdna dna rna mrna rnascope dapib ubc pcna geminin "
    "caspase ccasp casp cyclin caix glut ldh ldha lamp lysozyme tryptase mct chymase fviii factorviii igg iga igm igd "
    "igk igl ink4a nectin bcma cldn langerin dcsign dclamp mhci mhcii batf snail slug twist nestin nanog brdu histone "
    "lamin tubulin btubulin atubulin giantin vdac calnexin calreticulin mitf tyrosinase pmel prame smarca smarcb idh "
    "atrx smad notch ebv hpv cmv hsv hhv vzv ebvlmp hbsag hbcag sars covid pylori helicobacter treponema pallidum "
    "pneumocystis toxoplasma mycobacteria mycobacterium adenovirus parvovirus polyomavirus aspergillus cryptococcus "
    "nucleus nuclei nuclear cytoplasm membrane cytoplasmic dsdna atpase nakatpase centromere telomere tumor tumour "
    "stroma epithelium leukocyte lymphocyte macrophage neutrophil elastase csf csfr mertk adgre tmem icam vcam mcam "
    "pecam pdgfr pdgfra pdgfrb cspg icos gitr tnfr vista her erbb mtap bap arid ciita cgas sting tdt mammaglobin "
    "gcdfp villin calponin caldesmon hcaldesmon smmhc myogenin msa acta tpit galectin neurofilament mbp plp "
    "parvalbumin synapsin vglut gad fibrinogen albumin gapdh hcv hbv hev hiv pjp interleukin interferon microglobulin "
    "ferritin transferrin hemoglobin haemoglobin spectrin glycophorin ankyrin kappa lambda aldh telpna cep tunel fap "
    "prox cga pnad ngfr mmr mammary betacatenin sdhb acth haematoxylineosin vecadherin kinyoun bcr abl igh b2m ncam "
    "sdha sdhc g6pd rb siractin sirdna hladp hladq bhcg pgp trka trkb trkc ntrk pantrk dcx psd gephyrin doublecortin "
    "map2ab alphasma claudins osteopontin osteocalcin runx myosin troponin dystrophin utrophin dysferlin sarcoglycan "
    "nephrin podocin megalin uromodulin aquaporin cubilin surfactant mucin lactoferrin cathepsin calprotectin trypsin "
    "amylase lipase golgi mitochondria lysosome peroxisome proteasome ribosome centrosome kinetochore "
    "mstrawberry amca halotag eosiny cfos homodimer snapcell sirtubulin mclover mtfp kusabira".split()
)
#: Letters that name something in two capitals at least; with fewer they are somebody's name, or a word.
ACRONYMS = frozenset(
    "chat dii tmr "
    "asma eber edu ige lana mart tamra cea muc evi he pi pe er pr ar af pd ck ki cy tx pol dic dish fish kit ret ros1 "
    "alk erk ema met rb ng il nk tg ca te wt inh lag tox ido sel thy prf hes hey jag shh wnt tie tek flt kdr pax sox "
    "vim fam tet sir pp cf apc hps vip zn ne fh mts nf th gh lh fsh tsh prl pth cs sf bk rcc tdt sts erg esr afp fra "
    "lmp dcis mum oct hmb ins sst syn msn mrc msr cc nse ttf srb bme gbm sca ly dab tsc ph aid ms".split()
)
#: Names of several parts, or words that are names only with the part beside them; without blanks and hyphens.
PHRASES = frozenset(
    # dyes and light
    "texasred txred nilered nileblue congored oregongreen oregon488 pacificblue pacificorange cascadeblue "
    "cascadeyellow luciferyellow acridineorange propidiumiodide sytoxgreen violetlight crystalviolet methylviolet "
    "cresylviolet gentianviolet farred nearir brightfield phasecontrast secondharmonic starred stargreen starorange "
    "superbrightviolet starbrightviolet sparkblue sparkviolet sparkyuv janeliafluor breakapart evansblue trypanblue "
    "indiaink janusgreen lightgreen malachitegreen bromophenolblue bismarckbrown calcofluorwhite brilliantblue "
    "brilliantviolet brilliantultraviolet superbright apcfire livedead dualband tripleband quadband spectrumgreen "
    "spectrumorange spectrumred spectrumaqua spectrumgold spectrumblue tyellow farredlight rhodaminegreen fastgreen "
    "fastblue lissaminegreen lasergreen cyred vectorred vectorblue permanentred warpred vulcanfastred ferangiblue "
    "marinablue sybrgold sybrgreen sybrsafe novared vinagreen cellrox tealchromogen deepspacblack deepspaceblack "
    # stains
    "siriusred handeosin mayergrünwald maygrünwald maygrunwald vonkossa vangieson verhoeffvangieson elasticvangieson "
    "elasticavangieson warthinstarry fontanamasson massonfontana massongoldner goldnertrichrome ziehlneelsen "
    "grocottgomori prussianblue oilred oilredo sudanblack sudanblackb sudaniii sudaniv toluidineblue tolblue acidfast "
    "fitefaraco brownbrenn brownhopps gordonsweet gordonandsweet gordonsweets jonessilver jonesmethenamine "
    "jonesmethenaminesilver klüverbarrera kluverbarrera martiusscarletblue scarletblue victoriablue rubeanicacid "
    "phosphotungsticacid colloidaliron halescolloidaliron indigocarmine golgicox wrightgiemsa wrightstain aniline "
    "anilineblue methenaminesilver newmethyleneblue carbolfuchsin aldehydefuchsin acidfuchsin diffquik quickdiff "
    "giemsawright fite "
    # markers
    "coxiv silverstain candidaalbicans smoothmuscle factorviii factorvii factorix factorxiii heppar heppar1 "
    "celltraceviolet celltraceyellow pancytokeratin pankeratin panck pancadherin pantrk coli coliii coliv colvi "
    "cd45ro cd45ra cd45rb dabbrown b2microglobulin beta2m beta2microglobulin nakatpase kappalambda lambdakappa tcell "
    "calceinam deeppurple discoverypurple discoveryteal tealhrp cyclevioletblue nuclearmask cellmask rnapolii "
    "tyrosinehydroxylase substancep cpeptide fumaratehydratase acidphosphatase cresylfastviolet methylgreenpyronin "
    "calfluorred calfluororange calfluorgold quasar570 quasar670 quasar705 iglambda igkappa factorh factorb "
    "factorxiiia hlaabc annexinv annexina1 annexina2 annexina5 bclxl ifngamma ifnalpha ifnbeta sirpa pparg ppara ikba "
    "nfkb 3bhsd gsk3b bf1 ab40 ab42 actubulin polii kspcadherin cytc safo champclair campoclaro campochiaro "
    "jchain nfkbp65 siglecf connexin43 pannexin1 haematoxylinod hematoxylinod eosinod dabod hesaffron cellmasks "
    "bcell mastcell nktcell willebrandfactor vonwillebrandfactor bkvirus classi classii ianephropathy iganephropathy "
    "hepatocyte tcells bcells mastcells smallcell hepparone braftv600e sarscov scov hpylori tpallidum panactin panras "
    "cytokeratinpan highmolecularweight lowmolecularweight ngfreceptor estrogenreceptor oestrogenreceptor "
    "progesteronereceptor androgenreceptor growthhormone betahcg hcgbeta luteinizinghormone "
    "folliclestimulatinghormone amyloidp amyloida serumamyloida lightchain lightchains freekappa freelambda".split()
)
#: People whose names are part of a stain's; they count beside one of `STAINS`.
EPONYMS = frozenset(
    "mayer mayers harris gill gills carazzi ehrlich delafield weigert jones wright steiner warthin starry fontana "
    "fite brown hopps brenn leder lendrum dahl bennhold lillie herovici verhoeff gieson goldner ladewig mallory "
    "heidenhain shikata hale hales mowry turnbull perl perls gordon sweet wilder gridley hotchkiss mcmanus dieterle "
    "levaditi sternheimer malbin ziehl kossa klüver kluver barrera gomori masson movat grimelius churukian schenk "
    "sevier munger holzer kinyoun macchiavello gimenez romanowsky papanicolaou shorr cajal hortega nauta schmorl "
    "puchtler llewellyn".split()
)
#: Words of stains that make a person's name beside them an eponym.
STAINS = frozenset(
    "hematoxylin haematoxylin trichrome pentachrome silver methenamine mucicarmine orcein iron elastic elastica "
    "reticulin giemsa gomori masson eosin stain elastin resorcin fuchsin gms pas neelsen blue reticulum "
    "argentaffin".split()
)
#: Words and letters that say nothing by themselves.
BESIDE = frozenset(
    "and or with the of in on anti primary secondary antibody ab marker clone far near light deep super low high pos "
    "neg positive negative dim total plus minus new fast single dual double triple quad penta hexa band bandpass "
    "longpass filter cube set custom ex em emission excitation nm iodide bromide acid dye target probe image layer "
    "scan spot mouse rabbit goat rat donkey human chicken hamster guinea pig mm gt dk a b c d g k l p t x y type i s "
    "n m r f u v w z o e h oil sample polaris opal phospho smooth muscle alpha beta gamma delta epsilon zeta tag "
    "plasma free linked bound specific ch chs af spectrum bright-field cell cells vessel vessels stain stained "
    "staining counterstain dic pol led laser lp bp sp camera track round cycle cyc class receptor factor "
    "protein mutant wildtype fused fusion split ph dnd peak ir hc proto pathway digested photon dig isoform chain "
    "chains heavy complex core virus large antigen cleaved cv neu fl alexa silver narrow wide trans od bit hyb tissue "
    "discovery mask am bg hmw lmw spectral projection".split()
)

#: Letter codes with numbers: clusters of differentiation, keratins, cytokines, families of genes, dyes, ...
CODED = pattern(
    # clusters, keratins, mucins, cytokines and their receptors
    r"m?h?cd\d{1,3}[a-z]{0,2}\d?(?:b220)?|b220|(?:ck|krt|cytokeratin|keratin|k)\d{1,2}(?:\d{1,2})?[a-z]?"
    r"|c?casp(?:ase)?\d{1,2}|muc\d{1,2}(?:a[cb])?|p?il\d{1,2}[a-z]{0,2}\d?r?|c?c[cx]c?[lr]\d{1,2}|cx3cr1|cx3cl1"
    r"|tlr\d{1,2}|tnfrs?f\d{1,2}[a-z]?|ifn[abgl]\d?|tnfa?|tgfb\d?|csf\dr?|vegf[abcd]?|ccn[abdeg]\d|cyclin[abde]\d?"
    # proteins by weight, and their phosphorylated forms
    r"|(?:dn|δn)?p-?\d{2,3}[a-z]{0,4}\d?[a-z]?|p(?:s6|erk|akt|mapk|jnk|src|tau|egfr|her\d|tdp\d{2}"
    r"|smad\d{0,2})\d{0,3}|p?erk\d{1,2}|ck[12][ab]|p?hh?3|(?:h[34]|h2[ab])k\d{1,2}(?:me\d|ac|m|ub)?"
    r"|[pgy]?h2a\.?[xz]?|p?stat\d[ab]?"
    # genes and antigens by families
    r"|s100(?:a\d{1,2}|b|p)?(?:a\d{1,2})?|s100a\d{1,2}a\d{1,2}|(?:sox|hox[abcd]|klf|klk|mmp|timp|cldn|cdh|cad|wnt"
    r"|fgf|bmp|ngfr|ldlr|cxcl|ccl|ccr|aldh|abcb|abcg|slc|tmem|trim|nlrp|gsdm[abcde]|usp|znf|ezh|hdac|kdm|sirt|map"
    r"|mapk|rps|rpl|ddx|eif|psm[abcd]|claudin|galectin|lgals|siglec|clec|ceacam|cadherin|annexin|anxa|aqp|plin|fabp"
    r"|apo[abcde]|cyp|ugt|gst[mpt])\d{1,3}[a-z]{0,2}\d{0,2}|(?:pax|cdx|gata|foxa|foxp|fox[a-s]|irf|mcm|mlh|msh|pms"
    r"|bcl|notch|jag|dll|hes|hey|lag|tim|ido|tcf|lef|tox|runx|lyve|prox|olig|zeb|ets|fli|ercc|erg|mdm|cdk|smad|satb"
    r"|sall|brca|brg|bap|arid|ini|smarc[abd]|mum|oct|sf|pit|wt|ttf|nkx|dog|tle|insm|sstr|sst|trps|pin|rcc|upk|gpc"
    r"|folr|fr|mart|mage[ac]?|ny-?eso|tacstd|trop|nectin|liv|dpc|mtor|sdh[abcd]|idh|atp|cox|tom|gm|eea|rab|arf|lc"
    r"|atg|lamp|hsp|hif|glut|hk|ldh[ab]?|cpt|g6pd|psd|syn|synapsin|gad|vglut|map|iba|aif|nf|mbp|tau|at|aqp|p2ry|tmem"
    r"|trem|csf|pdgfr[ab]?|fgfr|vegfr|her|erbb|ros|alk|ret|met|ntrk|trk|egfr|esr|er|pr|ar|ca|hpv|hhv|hsv|ebv|hiv"
    r"|htlv|cmv|lmp|ebna|sv|bk|jc|b7h|b7-h|ox|icam|vcam|ncam|pecam|itg[abm]|cxcr|gzm|prf|stat|tlr|ifn|tbx|nfatc|nfkb"
    r"|rel|jak|akt|pik3c[abdg]|rb|tp|kip|cip|ink|e2f|cdc|cdt|aurk|plk|kif|tpx|top|pol|rad|xrcc|parp|atm|atr|chek"
    r"|fanc|mgmt|pcna|rrm|tyms|tubb|tuba|actb|acta|actg|actn|myh|myo|myl|des|vim|lmn[ab]|col|lam|lamin|fn|tnc|eln"
    r"|fbn|postn|spp|sparc|thbs|loxl?|has|cspg|ng|bcan|vcan|dcn|bgn|lum|glypican|sdc"
    r"|hspg)\d{1,2}(?:[a-z]{1,3}\d{0,2})?|gm130|ca125|nf200|sv40|hspg2|ox40|at8|gad6[57]|p2ry1[23]"
    r"|col(?:lagen)?\d{1,2}(?:a\d{1,2})?|hla[a-g]|hlad[rpqm](?:[ab]\d?)?|mhc[i]{1,2}|tcr(?:[abgd]{1,2}"
    r"|[vg]d?\d{0,2})?|ig[agmd]\d?|c[1345][a-z]?(?:b9)?|c5b9|factor(?:v?i{1,3}|ix|x)|ly6[a-z]|gr1|ter119|f480|d240"
    r"|ae\d(?:ae\d)?|hmb45|hbme1?|gp100|gcdfp\d{2}|ca\d{2,3}(?:\d|-9)?|ca199|ca153|smi\d{2}|at8|mib1|do7|moc31"
    r"|ber?-?ep4|cam5\.2|heppar1?|ov-?tl|napsin[a-z]?|granzyme[a-z]|melan-?a|chromogranin[ab]|inhibin[a-z]?|pd(?:l|1"
    r"|l1|l2|cd1|cd1lg2)|ctla\d|vista|b7h\d|4-?1bb|fr[abgd]|cc3|arg\d|grb\d{1,2}|abl\d|myod\d|sqstm\d|meca\d{2}"
    r"|lamin[abc]\d?|kim1|ki-?67|mki-?67|pu\.1|bob\.?1|tbet|tuj\d|sp1\d\d|nkx\d[.-]?\d?|cldn18\.?2|claudin18\.?2"
    r"|zo-?1|pgp9\.?5|cdkn\d[abc]?|id[oh]\d|r132h|v600e|g34[rv]|k27m?|egfrviii|arv7|lb509|6e10|4g8|34(?:b|beta)e12"
    r"|ks20\.8|mic2|mart1|2sc|c4d|pla2r|cptd|psma\d?|dna\d|cep\d{1,2}"
    # dyes
    r"|(?:pe|apc|percp)(?:cy|cyanine|cf|h|r|efluor|vio|fire|dazzle|alexa|af)\d{1,3}(?:\.5)?|apc(?:cy|h7|r700)?"
    r"|percpcy5\.5|pecy\d(?:\.5)?|b[buy]?v\d{3}|buv\d{3}|bb\d{3}|ry\d{3}|rb\d{3}|r718|v\d{3}|(?:af|a|alexa(?:fluor)?"
    r"|i?fluor|efluor|opal|atto|dylight|cf|jf|abberior|star|fire|spark|vio|vivid|coralite|mica|nir|spectrum|tsa"
    r"|tyramide|polaris|confocal|laser|led|ex|em|bp|lp|sp|ef|q)-?\d{3}(?:plus|[a-z]{1,2})?|cyanine\d(?:\.5)?"
    r"|cy\d(?:\.5)?|qd(?:ot)?s?\d{3}|irdye\d{3}[a-z]{0,2}|hoechst\d{5}|h\d{5}|syto[a-z]?\d{0,2}|draq\d|nucspot\d{3}"
    r"|lf\d{3}|snap-?cell\d{3}|mkate\d?|fluo-?\d|fura-?\d|mclover\d|mamber\d|mtfp\d|(?:to|yo|po|bo)-?(?:to|yo|po|bo|pro)-?\d|ethd-?\d|7-?aad|bodipy(?:\d{3}|fl|tmr|tr)|m?i?rfp\d{0,3}|mi?rfp\d{3}"
    r"|[et]?[gycrb]fp\d?|mch?errys?\d?|tdtomato2?|mturquoise\d|mvenus\d?|morange\d|mko\d|mruby\d|mscarlet[a-z]?\d?"
    r"|dsred\d|zsgreen\d|dendra\d|j?r?gcamp\d[a-z]?|jrgeco\d[a-z]|siractin|sirdna|eub338|telpna|dnd\d{2}"
    # channels
    r"|(?:ch|c|chan|channel|chs|cam|camera|track|filter|marker|dye|band|round|cycle|cyc|spectrum|w|fl|tl|s|t|r|pmt"
    r"|hyd|ph)-?\d{1,2}|(?:cyc|ch|c)0\d\d"
)
#: Letters of codes that are somebody's name, where a blank and a number follow.
GIVEN = frozenset(
    "tim tom ros mart liv lum zeb kip lam cox per pin syn pol has des jag hey hes met ret alk kit kim bob sal star "
    "map ets atm rab clec trim lamp mica max col".split()
)
#: A letter or two with a number are a channel, a code, or how an accession number begins: no bare number stands beside.
LONELY = pattern(r"[a-z]\d{1,3}|sp\d{1,3}|(?!(?:cd|ck|il|cy|af|cf|bv|qd)\d)[a-z]{2}\d\d")
#: Clones: a plate's well (22C3), a maker's series (SP263, EPR3864), or what is cited everywhere.
CLONE = pattern(
    r"\d{1,3}[a-h]\d{1,2}(?:\.?[a-h]?\d{1,2})?|sp\d{1,3}|epr?\d{1,5}[a-z]?|[de]\d{1,2}[a-z]\d{1,2}[a-z]{0,2}|28-8"
    r"|73-10|30-9|mib-?1|do-?7|d07|kp1|pg-?m1|pg-?b3|l26|2gv6|qbend10|jc70a|bp53-?12|c8144b|pgr636|ber-?ep4|moc-?31"
    r"|cam5\.2|hbme-?1|ov-?tl1230|id5|1d5|v9|d33|e29|jc70|spt24|g168-?15|es0?[15]|fe11|ve1|h09|m1|6f-?h2|a103|4b5"
    r"|sp6|oct3|bc4|uchl1|hmb45|ki-?s5|l50-823|nat105|yr145|qr005|sen28|mma|ber-?h2|qbend|ov-?tl|dcs-?31|dba44|lca|e6h4|mnf116|mrq\d{1,2}|bsb\d{1,3}|hid\d|b-?ly6|ncl"
)
#: A filter by its middle and width, or by a maker's number.
FILTER = pattern(
    r"(?:(?:bp|lp|sp|em|ex|et|ff)? ?[3-9]\d\d(?:/\d{1,3})?(?: ?nm)?)|(?:led|laser|ex|em|lp|bp"
    r"|sp)[ -]?[3-9]\d\d(?: ?nm)?|\d{2} (?:he(?: led)?|dapi|cy\d|dsred|gfp|yfp|cfp|hc)|l5|n2\.1|n21|n3|y[357]|i3|a4?"
    r"|\d|(?:dapi|[ft]ritc|fitc|tx?red|cy[3578]|[cgyr]fp|mcherry|sp(?:gr|or|aq|red|gold)|lf\d{3})-(?:\d{4}[a-z]|[a-z])-[a-z0-9]{3}"
    r"|tx2|gfp|fi/rh|da/fi/tr(?:/cy5(?:-a)?)?|dftcy5|(?:\d[- ]?photon|2p) ?[7-9]\d\d|ch[ads]|aβ|[κλ]"
)
