package io.plinth.geodns.place;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Every country of ISO 3166-1 (and XK) with its continent, as a country database does not name continents. */
public final class Countries {
    private static final Map<Continent, String> CODES = Map.of(
            Continent.AF,
            "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ "
                    + "NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
            Continent.AN,
            "AQ BV GS HM TF",
            Continent.AS,
            "AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV "
                    + "MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
            Continent.EU,
            "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME "
                    + "MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
            Continent.NA,
            "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX "
                    + "TC TT US VC VG VI",
            Continent.OC,
            "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
            Continent.SA,
            "AR BO BR CL CO EC FK GF GY PE PY SR UY VE");

    private static final Map<String, Continent> CONTINENTS = continents();

    private Countries() {}

    private static Map<String, Continent> continents() {
        Map<String, Continent> continents = new HashMap<>();
        CODES.forEach((continent, codes) -> {
            for (String code : codes.split(" ", -1)) {
                continents.put(code, continent);
            }
        });
        return Map.copyOf(continents);
    }

    /** The continent of a country's code in upper case, or null for a code that is none. */
    public static @Nullable Continent continent(String code) {
        return CONTINENTS.get(code);
    }

    /** Every code there is. */
    public static Set<String> codes() {
        return CONTINENTS.keySet();
    }
}
