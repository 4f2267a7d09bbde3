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
    public static final int LOC = 29;
    public static final int SRV = 33;
    public static final int NAPTR = 35;
    public static final int DNAME = 39;
    public static final int OPT = 41;
    public static final int DS = 43;
    public static final int SSHFP = 44;
    public static final int TLSA = 52;
    public static final int SVCB = 64;
    public static final int HTTPS = 65;
    public static final int TKEY = 249;
    public static final int TSIG = 250;
    public static final int IXFR = 251;
    public static final int AXFR = 252;
    public static final int MAILB = 253;
    public static final int MAILA = 254;
    public static final int ANY = 255;
    public static final int URI = 256;
    public static final int CAA = 257;

    /** Of private use (RFC 6895 section 3.1): stands in zone files, where it names what answers for a name's addresses. */
    public static final int ALIAS = 65_401;

    /** Of private use as well: names the policy that answers for a name's addresses. */
    public static final int POLICY = 65_402;

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
            Map.entry("LOC", LOC),
            Map.entry("SRV", SRV),
            Map.entry("NAPTR", NAPTR),
            Map.entry("DNAME", DNAME),
            Map.entry("DS", DS),
            Map.entry("SSHFP", SSHFP),
            Map.entry("TLSA", TLSA),
            Map.entry("SVCB", SVCB),
            Map.entry("HTTPS", HTTPS),
            Map.entry("ANY", ANY),
            Map.entry("URI", URI),
            Map.entry("CAA", CAA),
            Map.entry("ALIAS", ALIAS),
            Map.entry("POLICY", POLICY));

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

    /** How many octets stand before the names of a type that may be compressed (RFC 3597 section 4); -1 without any. */
    static int compressibleAt(int code) {
        return switch (code) {
            case NS, CNAME, PTR, SOA -> 0;
            case MX -> 2;
            default -> -1;
        };
    }

    /** How many names of a type may be compressed. */
    static int compressibleNames(int code) {
        return code == SOA ? 2 : compressibleAt(code) < 0 ? 0 : 1;
    }

    /** Types that stand in questions only or belong to a message, never to a zone (RFC 6895 section 3.1). */
    public static boolean isMeta(int code) {
        return code == 0 || code == OPT || (code >= 128 && code <= 255);
    }
}
