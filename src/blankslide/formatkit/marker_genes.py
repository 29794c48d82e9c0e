"""Symbols of genes and names of proteins by which panels of many markers are labelled, and metals of mass cytometry.

`marker_words` has what pathologists stain for; this is what is added where hundreds of genes are shown at once. The
same care holds: a symbol of letters alone needs two capitals, and one with a number is a whole, so that no name with a
number behind it becomes one ("Lin 28"). No bare number may stand beside it, since "TP19-345" is an accession number.

Source: common knowledge of laboratories; symbols as HGNC writes them; masses of stable isotopes.
"""

from __future__ import annotations

from blankslide.model.patterns import pattern

__all__ = ["GENE", "ISOTOPE", "PROTEINS", "SYMBOLS"]

#: Proteins, molecules and kinds of pictures that name something however they are written.
PROTEINS = frozenset(
    "acetyl acetylated acetyltransferase activin adiponectin adipophilin adrenomedullin afadin agglutinin "
    "aggrecan aldolase aldosterone amyloidosis amytracker angiotensin antichymotrypsin antitrypsin arginase "
    "aromatase ataxin auflicht autofluoreszenz avidin axin bassoon bcat biglycan bilirubin bkg blankaf bluing "
    "bodipy bombesin brachyury brevican calbindin calcineurin calgranulin carbonyl carboxypeptidase "
    "catalase cathelicidin catulin caveolin cellrox ceruloplasmin chemerin cholecystokinin chondroitin chordin "
    "clathrin clusterin cofilin coilin complexin concanavalin contactin cortactin cortisol cripto crotonyl "
    "curcumin cystatin cytochrome dapb dazl deacetylase decarboxylase decorin defensin dehydrogenase demethylase "
    "dermatan desmocollin desmoglein desmoplakin dickkopf dishevelled drebrin dunkelfeld durchlicht dynactin "
    "dynamin dynein dynorphin ematossilina emerin emilin endoglin endomucin endorphin endosialin enkephalin "
    "enolase envoplakin eosina eosine epha ephb ephrin estradiol ezrin fascin ferroportin fetuin fibrillarin "
    "fibrillin fibulin filaggrin filamin filipin fluoreszenz follistatin frizzled galanin gelsolin ghrelin "
    "glutamate glutamine haptoglobin hedgehog helicase hellfeld hematossilina hematoxilina hemopexin heparan "
    "hepcidin hexokinase histidine huntingtin hyaluronan hyaluronic hydroxylase hydroxysteroid hämatoxylin "
    "hématoxyline involucrin isolectin jagged janelia kanal keratan keratocan kinase kindlin kinesin lactadherin "
    "lectin leptin ligase lipocalin lipofuscin loricrin lumican luminol lycopersicon lysine matrilin melanin "
    "methoxy methylated mitosox moesin morphology myoglobin nanog nebulin nectin neddylation netrin neurexin "
    "neurocan neurogenin neurogranin neuroligin neuropilin neuroserpin neutravidin nidogen nitro nitrotyrosine "
    "noggin nonactin nucleolin nucleophosmin nucleoporin omentin opticin optineurin orexin osteonectin "
    "osteoprotegerin oxidase oxytocin parafibromin paxillin pendrin perilipin peripherin perlecan peroxidase "
    "phasenkontrast phosphatase phosphorylated pimonidazole piwi plakin plakoglobin plakophilin plasminogen "
    "plectin plexin podoplanin polymerase profilin progranulin prominin properdin purple radixin rankl "
    "reductase reelin renin residual resistin retic rrna sclerostin secretin segmentation selectin semaphorin "
    "septin smoothened stathmin sumo survivin synaptobrevin synaptotagmin syntaxin synthase telomerase teneurin "
    "tensin thrombomodulin thrombospondin titin topoisomerase transaminase transglutaminase transillumination "
    "translight transthyretin tricellulin trich trichohyalin tropoelastin tropomyosin tryptase tryptophan uricase "
    "vasopressin versican vinculin visfatin wingless zonula zonulin zyxin éosine".split()
)
#: Symbols of letters alone; with fewer than two capitals they are somebody's name, or a word.
SYMBOLS = frozenset(
    "abpas actb adipoq afog afp ager agrp alb alcam alk alp amh ampk anpep apob apoc apod apoe areg asc aspm atm "
    "atpb atr aurka avp axl bax bip bmp bod btk btla cae calca cald camkii cars casr cck cenpf cftr cgamp cgas "
    "cgrp cldu clu cnpase cpa cparp crh crp ctcf ctsb ctsd ctsk dat dbh dcn des did dio dnapk edu elane emcn epor "
    "fasn fcgrt fgf flt fos fosb fus gaba gcsf gfb ghrh gip glp glul gmcsf gnly gnrh gpib gpnmb grn gsdmd gsk gsn "
    "gypa habp hbb hbv hcn hgal hlaabc hladra hmw hmwk hpl hras htlv hvg idu igk igkc igl inhba isw itgal itgam "
    "itgax jchain junb kcc kchip kdel kir klrb ku lag lca lilrb lmw lox lrrk ltf lyz mafa mafb maged mait mapt "
    "mart mbp mecom mertk mgmt mgp mip mlana mlkl mme mnda mpl msln mtap myb nadh nadhtr nasdcl ncam ncx "
    "nefl nes nfr nicd nis nkp nos nppa nppb npy nut opn oxt pampk parp pcr pdgf pdh pdi pdia pdl pdpn pge pgr "
    "pigr pka pkc pkm pla plau plb plp plvap pml pmlkl pnmt polr polra polya polygp polyt pomc pparg ppib prkdc "
    "prph psca ptgs pthrp ptprc pvalb pyy ras rela reln rnapii rorc rpa rsv ryr saf scf sct sdh sele selp serca "
    "sert sftpb sftpc sirpa sncg sparc ssea sst ssx sts syk syn tagln tbk tbp tert tfe tfeb tfec tfrc tgn thbd "
    "tnc tni tnt tpo trac trap trbc trdc trh trpml tslp ttr tyr uchl ucp umod upa upar vachat vacht vgat vhl vip "
    "vmat vsir wt xiap yap".split()
)
#: Symbols of genes with their numbers, without blanks: ``NPM1``, ``HMGB1``, ``LIN28B``.
GENE = pattern(
    r"(?:"
    r"abc[a-g]|ace|ackr|acrbp|acta|actn|acvr|adam|adamts|adcy|adora|adrb|agr|aim|akr|alox|anapc|angpt|ankrd"
    r"|anp|ap|apobec|arhgap|arl|arnt|arpc|arrb|ascl|asf|aspm|atf|atp1[ab]|atp5[a-z]?|aurk|axin|b3gat|b4galnt"
    r"|bach|bage|bard|bbc|bcas|birc|bmi|bmpr|brd|brip|bst|btn|btnl|bub|cacna|cadm|calb|calr|camk|capn|cav|cbx"
    r"|ccdc|ccna|ccnb|ccnd|ccne|cdca|cebp|cenp|cfl|cftr|chd|chi3l|chrm|chrna|cited|cks|claudin|clic|cnksr|cnr"
    r"|cntn|cpa|creb|crip|crtam|crtc|csnk|cst|csta|ctcf|ctip|ctla|ctnn[abd]|cts|cul|cux|cx|cyba|cybb|cyr|dach"
    r"|dapk|dax|dclk|ddit|ddr|defa|defb|dkk|dlg|dlk|dll|dlx|dmbt|dmrt|dnajb|dnmt|dock|dpp|dpysl|drebrin|drp"
    r"|dusp|dvl|ebf|ecm|edn|ednr|efna|efnb|egf|egln|egr|elavl|elf|elk|emx|eno|enpp|epas|eph|epha|ephb|ephx|erp"
    r"|esm|etv|evi|f2r|fads|fam|fbln|fbxo|fbxw|fcer|fcgr|fcn|fcrl|fen|fgl|fhl|fkbp|flt|fmo|fosl|foxo|frzb|fsp"
    r"|fut|fxyd|fzd|gabra|gage|galnt|gap|gas|gbp|gcm|gdf|gfi|giantin|gja|gjb|gli|glis|glp|gls|glud|glun|glur"
    r"|gna|gnb|golgin|gpr|gpx|grb|grem|gria|grik|grin|grm|grn|grp|gsk|gtf|gyp[abce]|havcr|hba|hbb|hck|hdac"
    r"|hexim|hist1h|hmga|hmgb|hmgcs|hmox|hnf|hnrnp|homer|hras|hrpt|hsd|hspa|hspb|htr|ifi|ifih|ifit|ifitm|ifna"
    r"|ifnar|ifnb|ifngr|igf|igfbp|igfr|igh[agm]|ikbk|ikzf|ilk|imp|inhb|irak|irs|isg|isl|islet|itch|itgax|itk"
    r"|itln|itpr|jagged|jak|jam|jarid|junb|kcn[a-z]|kcnk|kdr|kif|kir|klh|klhl|klrb|klrc|klrd|klrf|klrg|klrk"
    r"|kmt|kpna|lair|lama|lamb|lamc|lcn|lcp|ldb|lgals|lgr|lhx|lilr[ab]|lin|lmnb|lmo|lpar|lpl|lrp|lrrc|lrrk"
    r"|ltbp|lyn|mafa|mafb|maged|mam|map1[ab]|mapkapk|marc|mbd|mbnl|mcl|mcoln|mef|mef2[a-d]|meis|mfn|mfsd|mgat"
    r"|mlkl|mllt|mmp|mpeg|mrc|mre|ms4a|msh|msi|mst|msx|mta|munc|mx|myb|mybl|mybpc|myf|mzb|ncf|nck|ncoa|ncor"
    r"|ncr|ndrg|nedd|nefh|nek|neurod|neurog|nfat|nfatc|nfe|nfia|nfil|nfkbi|ngn|nkcc|nkg|nkp|nlgn|nlrc|nlrp"
    r"|nmdar|nmu|npas|npc|nphs|npm|npr|npy|nqo|nr|nr4a|nrcam|nrg|nrp|nrxn|nsd|nt5|ntn|ntng|numb|nup|oasl|olfm"
    r"|onecut|opa|orai|osm|otx|p2rx|p2x|p2y|padi|pai|parp|pbx|pck|pcsk|pdgf|pdia|pdk|pdlim|pdx|pecam|pgf|phf"
    r"|phox|pigr|pik3[a-z]*|pim|pink|pitx|pkm|pkp|plau|plcg|plk|plod|plp|plxn|pmp|pnpla|polr|pon|pou|ppara"
    r"|ppib|ppm|ppp|prame|prdm|prf|prk|prkc|prkd|prmt|prom|prox|prrx|psca|psen|psg|ptch|ptgs|ptk|ptp|ptpn|ptx"
    r"|rac|rag|ramp|rasa|rasgrp|rbfox|rbm|rbp|reg|rela|rgs|ripk|rnap|rock|ropn|ror|rorc|rspo|rxr|ryr|s1pr|satb"
    r"|scg|scgb|scn|sdc|sec|sema|senp|serpin[a-h]|setd|sfrp|sftp|sgk|shank|shox|sirp|sirt|skp|slamf|slfn|slit"
    r"|smo|smoc|smpd|snai|snca|socs|sod|sorcs|sost|spag|spink|spint|spp|spry|ssx|stab|stag|steap|stim|stk|stmn"
    r"|stx|sumo|suz|sv|sycp|sypl|syt|tacr|tagln|tap|tbk|tbl|tbr|tbx|tcl|tead|tec|tert|tet|tex|tfap|tff|tfrc"
    r"|tgfbr|tgm|thbs|thsd|thy|tia|tie|tif|tim|timd|timm|tjp|tktl|tlx|tm4sf|tmprss|tnc|tnfaip|tnni|tnnt|tomm"
    r"|topo|tor|tpd|tph|tpm|tpsab|tpx|traf|trat|trav|trbc|trbv|treml|trex|trib|trp|trpc|trpm|trpv|tsc|tshr"
    r"|tspan|ttll|ttr|txn|tyro|tyrp|ubash|ube|ubqln|uchl|ucp|ulbp|ulk|unc|upk|utrn|vamp|vav|vdr|vegfr|vgll"
    r"|vipr|vmat|vps|vsig|vsir|vtcn|wasf|wdr|wee|wisp|wnk|xaf|xage|xbp|xcl|xcr|xiap|xist|yap|ybx|ywha[a-z]?"
    r"|zap|zbtb|zc3h|zeb|zfp|zic|znf"
    r")\d{1,2}(?:[a-z]{1,2}\d{0,2})?"
    r"|p?rip[km]\d|h[1-4]|h2[ab]|ed1|o4|sm[ai]-?3\d\d?|tra-?1-?(?:60|81)|cd(?:15s|45\.[12]|49[a-f]|62[elp]|66[a-f]|140[ab])"
    r"|nk1\.1|5-?ht(?:t|r?\d[a-f]?)?|[58]-?(?:hmc|mc|ohdg|fc|cac)|18s|28s|5\.8s|hp1[abg]|nf-?kb1?|i-?a/?i-?e|c9orf72|igg[1-4][abc]?"
    r"|tcf7l\d|tdp43|grp(?:78|94)|erk5|a1at|aat|sc35|climp63|pmp(?:22|70)|tgn(?:38|46)|gat[1-3]|ho-?1|id[1-4]|nt5e|l1cam|c1q[abc]|pik3ca|gd[23]|myd88|h3\.[13]|s100b|gal-?[1-9]|vdac\d|y?h2av|trpv\d|hoechst\d{1,2}|dapi\d{1,2}"
    r"|cd3[egdz]|atp5b|cyp[a-c]?|cyt-?c|ef5|ki67p|hmgcs\d|n?nos[1-3]|[ein]nos|pgc1a|vglut\d|vs38c?|cam5\.2|mcpyv|cytc|ga733|mnf116|panck\d"
)
_METALS = (
    ("y", 89), ("in", 113), ("in", 115), ("cd", 106), ("cd", 110), ("cd", 111), ("cd", 112), ("cd", 113), ("cd", 114),
    ("cd", 116), ("ru", 96), ("ru", 98), ("ru", 99), ("ru", 100), ("ru", 101), ("ru", 102), ("ru", 104), ("la", 138),
    ("la", 139), ("ce", 140), ("ce", 142), ("pr", 141), ("lu", 175), ("lu", 176), ("pt", 190), ("tb", 159), ("ho", 165),
    ("tm", 169), ("ta", 181), ("au", 197), ("hg", 202), ("pb", 208), ("bi", 209), ("i", 127), ("rh", 103),
    ("sn", 120),
    ("os", 189), ("os", 190), ("os", 192), ("ir", 191), ("ir", 193), ("ar", 80), ("arar", 80), ("xe", 131), ("xe", 134),
    ("ba", 138), ("bckg", 190), ("pd", 102), ("pd", 104), ("pd", 105), ("pd", 106), ("pd", 108), ("pd", 110),
    ("ag", 107),
    ("ag", 109),
    *(("nd", n) for n in (142, 143, 144, 145, 146, 148, 150)),
    *(("sm", n) for n in (144, 147, 148, 149, 150, 152, 154)),
    *(("eu", n) for n in (151, 153)), *(("gd", n) for n in (152, 154, 155, 156, 157, 158, 160)),
    *(("dy", n) for n in (156, 158, 160, 161, 162, 163, 164)), *(("er", n) for n in (162, 164, 166, 167, 168, 170)),
    *(("yb", n) for n in (168, 170, 171, 172, 173, 174, 176)), *(("pt", n) for n in (192, 194, 195, 196, 198)),
)  # fmt: skip
#: Metals by which antibodies are told apart, the mass before or behind the symbol: ``191Ir``, ``Yb171Di``.
ISOTOPE = frozenset(f"{a}{b}{di}" for s, n in _METALS for a, b in ((s, n), (n, s)) for di in ("", "di"))
