package io.plinth.geodns.wire;

import java.util.Locale;
import java.util.Map;

/** Record types by number. What is not named here is written {@code TYPEn} (RFC 3597 section 5). */
public final class RecordType {
    public static final int A = 1;
    public static final int NS = 2;
    public static final int CNAME = 5;
    public static final int SOA = 6;
    public static final int PTR = 12;
    public static final int HINFO = 13;
    public static final int MX = 15;
    public static final int TXT = 16;
    public static final int AAAA = 28;
    public static final int SRV = 33;
    public static final int DNAME = 39;
    public static final int OPT = 41;
    public static final int DS = 43;
    public static final int TKEY = 249;
    public static final int TSIG = 250;
    public static final int IXFR = 251;
    public static final int AXFR = 252;
    public static final int MAILB = 253;
    public static final int MAILA = 254;
    public static final int ANY = 255;
    public static final int CAA = 257;

    private static final Map<String, Integer> CODES = Map.ofEntries(
            Map.entry("A", A),
            Map.entry("NS", NS),
            Map.entry("CNAME", CNAME),
            Map.entry("SOA", SOA),
            Map.entry("PTR", PTR),
            Map.entry("HINFO", HINFO),
            Map.entry("MX", MX),
            Map.entry("TXT", TXT),
            Map.entry("AAAA", AAAA),
            Map.entry("SRV", SRV),
            Map.entry("DS", DS),
            Map.entry("ANY", ANY),
            Map.entry("CAA", CAA));

    private RecordType() {}

    /** The number of a type's name or of {@code TYPEn}; -1 for a word that is neither. */
    public static int code(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        Integer code = CODES.get(upper);
        if (code != null) {
            return code;
        }
        if (!upper.startsWith("TYPE") || upper.length() == 4 || upper.length() > 9) {
            return -1;
        }
        int value = 0;
        for (int i = 4; i < upper.length(); i++) {
            int digit = upper.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value <= 0xFFFF ? value : -1;
    }

    /** The type's name, or {@code TYPEn}. */
    public static String name(int code) {
        for (Map.Entry<String, Integer> entry : CODES.entrySet()) {
            if (entry.getValue() == code) {
                return entry.getKey();
            }
        }
        return "TYPE" + code;
    }

    /** Types that stand in questions only or belong to a message, never to a zone (RFC 6895 section 3.1). */
    public static boolean isMeta(int code) {
        return code == 0 || code == OPT || (code >= 128 && code <= 255);
    }
}
