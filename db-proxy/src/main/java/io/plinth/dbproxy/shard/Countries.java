package io.plinth.dbproxy.shard;

import java.util.List;
import java.util.Map;

/** The countries of each continent, by their codes of ISO 3166-1; continents by the codes that regions use. Stateless. */
public final class Countries {
    private static final Map<String, List<String>> BY_CONTINENT = Map.of(
            "AF",
            codes("""
                AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW
                MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW
                """),
            "AN",
            codes("AQ BV GS HM TF"),
            "AS",
            codes("""
                AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO
                MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE
                """),
            "EU",
            codes("""
                AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD
                ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK
                """),
            "NA",
            codes("""
                AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV
                SX TC TT US VC VG VI
                """),
            "OC",
            codes("AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS"),
            "SA",
            codes("AR BO BR CL CO EC FK GF GY PE PY SR UY VE"));

    private Countries() {}

    private static List<String> codes(String text) {
        return List.of(text.strip().split("\\s+"));
    }

    /** The countries of a continent; none for any other word. */
    public static List<String> of(String continent) {
        return BY_CONTINENT.getOrDefault(continent, List.of());
    }

    public static boolean knows(String country) {
        return BY_CONTINENT.values().stream().anyMatch(countries -> countries.contains(country));
    }
}
