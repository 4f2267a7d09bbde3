package io.plinth.geodns.differential;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * A zone of everything that makes answers differ, some of it by chance: sets of all types, wildcards and what stands in
 * their way, empty non-terminals, cuts with glue of every kind, chains of aliases, DNAME, sets too large for UDP.
 */
final class RandomZone {
    /** What gdnsd 3.8 reads by name; it takes other types in their generic form (RFC 3597). */
    private static final Set<String> COMMON =
            Set.of("SOA", "A", "AAAA", "NS", "PTR", "CNAME", "MX", "SRV", "TXT", "NAPTR", "CAA");

    private final SplittableRandom random;
    private final String origin;
    private final boolean plain;
    private final List<Entry> entries = new ArrayList<>();

    private record Entry(String owner, int ttl, String type, String data) {}

    /**
     * Makes a zone.
     *
     * @param plain without what gdnsd does not have: DNAME, DS, loops of aliases
     */
    RandomZone(String origin, boolean plain, SplittableRandom random) {
        this.origin = origin;
        this.plain = plain;
        this.random = random;
        apex();
        hosts();
        wildcards();
        cuts();
        aliases();
        large();
        if (!plain) {
            beyondPlain();
        }
    }

    String origin() {
        return origin;
    }

    /** Every name that has records, the origin first; wildcards with their asterisk. */
    List<String> owners() {
        Set<String> owners = new LinkedHashSet<>();
        entries.forEach(entry -> owners.add(entry.owner()));
        return new ArrayList<>(owners);
    }

    /** As a file, types by their names. */
    String text() {
        return entries.stream()
                .map(entry -> entry.owner() + " " + entry.ttl() + " IN " + entry.type() + " " + entry.data() + "\n")
                .collect(Collectors.joining());
    }

    /** As a file, rarer types in their generic form. */
    String genericText() {
        return entries.stream()
                .map(entry -> entry.owner() + " " + entry.ttl() + " IN "
                        + (COMMON.contains(entry.type()) || entry.type().startsWith("TYPE")
                                ? entry.type() + " " + entry.data()
                                : generic(entry))
                        + "\n")
                .collect(Collectors.joining());
    }

    private static String generic(Entry entry) {
        try {
            int type = Type.value(entry.type());
            byte[] data = Record.fromString(Name.root, type, DClass.IN, 0, entry.data(), Name.root)
                    .rdataToWireCanonical();
            return "TYPE" + type + " \\# " + data.length + " "
                    + java.util.HexFormat.of().formatHex(data);
        } catch (IOException e) {
            throw new IllegalStateException(entry.toString(), e);
        }
    }

    private void put(String label, String type, String data) {
        String owner = label.isEmpty() ? origin : label + "." + origin;
        entries.stream()
                .filter(entry -> entry.owner().equals(owner) && entry.type().equals(type))
                .findFirst()
                .ifPresentOrElse(
                        entry -> entries.add(new Entry(owner, entry.ttl(), type, data)),
                        () -> entries.add(new Entry(owner, 60 + random.nextInt(3_000), type, data)));
    }

    private void apex() {
        entries.add(new Entry(
                origin,
                3_600,
                "SOA",
                "ns1." + origin + " hostmaster." + origin + " 7 3600 600 86400 " + (30 + random.nextInt(5_000))));
        put("", "NS", "ns1." + origin);
        put("", "NS", "ns2." + origin);
        put("", "MX", "10 host1." + origin);
        put("", "TXT", "\"v=spf1 -all\"");
        put("", "A", "192.0.2.7");
        put("", "CAA", "0 issue \"ca.test\"");
        put("ns1", "A", "192.0.2.1");
        put("ns1", "AAAA", "2001:db8::1");
        put("ns2", "A", "192.0.2.2");
    }

    /** Names with one to four of all types. */
    private void hosts() {
        for (int i = 0; i < 40; i++) {
            String name = "host" + i;
            for (int j = 1 + random.nextInt(4); j > 0; j--) {
                any(name, random.nextInt(17));
            }
        }
        put("MiXed.Case", "A", "192.0.2.99");
        put("a.b.c.ent", "A", "192.0.2.3");
        put("x.y.ent", "TXT", "\"below\"");
        put("_sip._tcp", "SRV", "1 2 5060 host1." + origin);
        put("with\\.dot", "A", "192.0.2.4");
        put("\\000\\255", "TXT", "\"odd\" \"\" \"\\000\\\"\"");
        put("a".repeat(63), "A", "192.0.2.5");
        put(("b".repeat(40) + ".").repeat(4) + "deep", "A", "192.0.2.6");
    }

    private void any(String name, int kind) {
        int n = random.nextInt(200);
        switch (kind) {
            case 0, 1 -> put(name, "A", "192.0.2." + n);
            case 2 -> put(name, "AAAA", "2001:db8::" + Integer.toHexString(n));
            case 3 -> put(name, "MX", n + " host" + n % 45 + "." + origin);
            case 4 -> put(name, "MX", n + " mail.elsewhere.test.");
            case 5 -> put(name, "TXT", "\"text " + n + "\" \"more\"");
            case 6 -> put(name, "SRV", n + " 1 80 host" + n % 45 + "." + origin);
            case 7 -> put(name, "NAPTR", n + " 1 \"u\" \"sip+E2U\" \"!^.*$!sip:a@b!\" .");
            case 8 -> put(name, "CAA", "128 issuewild \"ca" + n + ".test; a=b\"");
            case 9 -> put(name, "PTR", "host" + n % 45 + "." + origin);
            case 10 -> put(name, "TLSA", "3 1 1 " + "0123456789abcdef".repeat(4));
            case 11 -> put(name, "SSHFP", "4 2 " + "fedcba9876543210".repeat(4));
            case 12 -> put(name, "SVCB", n % 7 + 1 + " svc." + origin + " alpn=\"h2,h3\" port=8443");
            case 13 -> put(name, "HTTPS", n % 7 + 1 + " . alpn=h3 ipv4hint=192.0.2." + n + ",192.0.2.1");
            case 14 -> put(name, "URI", n + " 1 \"https://a.test/" + n + "\"");
            case 15 -> put(name, "LOC", n % 90 + " 1 2.500 N 3 4 5 W -24m 1m 200m 10m");
            default -> put(name, "TYPE" + (65_280 + n % 4), "\\# 4 0a0b0c" + Integer.toHexString(16 + n));
        }
    }

    private void wildcards() {
        put("*.wild", "A", "192.0.2.20");
        put("*.wild", "TXT", "\"wild\"");
        put("*.wild", "MX", "5 host2." + origin);
        put("there.wild", "TXT", "\"there\"");
        put("b.blocked.wild", "A", "192.0.2.21");
        put("*.nested.wild", "AAAA", "2001:db8::20");
        put("*.alias", "CNAME", "host3." + origin);
        put("*.missing", "CNAME", "nowhere." + origin);
        put("*.circle", "CNAME", "x.wild." + origin);
        put("*.away", "CNAME", "www.elsewhere.test.");
        put("*.service", "SRV", "1 1 443 host4." + origin);
        put("sub.*.star", "A", "192.0.2.22");
        put("*", "TXT", "\"anything\"");
    }

    private void cuts() {
        put("cut", "NS", "ns.cut." + origin);
        put("cut", "NS", "ns.elsewhere.test.");
        put("ns.cut", "A", "192.0.2.30");
        put("ns.cut", "AAAA", "2001:db8::30");
        put("bare", "NS", "ns1.elsewhere.test.");
        put("bare", "NS", "ns2.elsewhere.test.");
        put("beside", "NS", "ns1." + origin);
        put("beside", "NS", "ns2." + origin);
        put("deep.er", "NS", "a.b.deep.er." + origin);
        put("a.b.deep.er", "A", "192.0.2.31");
        put("many", "NS", "n1.many." + origin);
        for (int i = 1; i <= 12; i++) {
            put("many", "NS", "n" + i + ".many." + origin);
            put("n" + i + ".many", "A", "192.0.2." + (40 + i));
            put("n" + i + ".many", "AAAA", "2001:db8::" + (40 + i));
        }
    }

    private void aliases() {
        for (int i = 0; i < 6; i++) {
            put("c" + i, "CNAME", (i == 5 ? "host5." : "c" + (i + 1) + ".") + origin);
        }
        put("gone", "CNAME", "nowhere.gone-too.er." + origin);
        put("away", "CNAME", "www.elsewhere.test.");
        put("to-cut", "CNAME", "www.cut." + origin);
        put("to-wild", "CNAME", "some.wild." + origin);
        put("to-ent", "CNAME", "b.c.ent." + origin);
        put("to-apex", "CNAME", origin);
        put("to-mixed", "CNAME", "mIxEd.cAsE." + origin);
    }

    private void large() {
        for (int i = 0; i < 45; i++) {
            put("forty", "A", "198.51.100." + i);
        }
        for (int i = 0; i < 10 + random.nextInt(20); i++) {
            put("texts", "TXT", "\"" + "t".repeat(random.nextInt(200)) + i + "\"");
        }
        for (int i = 0; i < 20; i++) {
            put("mails", "MX", i + " host" + i + "." + origin);
        }
        for (int size : new int[] {380, 420, 440, 450, 460, 470, 480, 1_100, 1_150, 1_180, 1_200}) {
            int first = Math.min(size, 250);
            StringBuilder text = new StringBuilder("\"" + "x".repeat(first) + "\"");
            for (int left = size - first; left > 0; left -= 250) {
                text.append(" \"").append("y".repeat(Math.min(left, 250))).append('"');
            }
            put("size" + size, "TXT", text.toString());
        }
    }

    private void beyondPlain() {
        put("cut", "DS", "12345 13 2 " + "0123456789ABCDEF".repeat(4));
        put("to-cut-apex", "CNAME", "cut." + origin);
        put("www.cut", "A", "192.0.2.32");
        put("below.bare", "TXT", "\"hidden\"");
        put("lonely", "NS", "n1.many." + origin);
        put("dname", "DNAME", "ent." + origin);
        put("dname", "TXT", "\"beside\"");
        put("leave", "DNAME", "elsewhere.test.");
        put("again", "DNAME", "dname." + origin);
        put("long", "DNAME", ("l".repeat(60) + ".").repeat(3) + "wild." + origin);
        put("to-dname", "CNAME", "a.b.c.dname." + origin);
        put("loop1", "CNAME", "loop2." + origin);
        put("loop2", "CNAME", "loop1." + origin);
        put("self", "CNAME", "self." + origin);
        put("hinfo", "HINFO", "\"cpu\" \"os\"");
        for (int i = 0; i < 14; i++) {
            put("long" + i, "CNAME", (i == 13 ? "host6." : "long" + (i + 1) + ".") + origin);
        }
    }

    @Override
    public String toString() {
        return origin.toLowerCase(Locale.ROOT) + (plain ? ", plain" : "");
    }
}
