package io.plinth.geodns.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.MmdbWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Each kind of policy as the file has it, asked as clients ask. */
class PoliciesTest {
    private static final String WWW = "www POLICY edge\n";
    private static final String ABC = "targets: { a: [203.0.113.1], b: [203.0.113.2], c: [203.0.113.3] }";
    private static final String A = "203.0.113.1";
    private static final String B = "203.0.113.2";
    private static final String C = "203.0.113.3";
    private static final String NOWHERE = "10.0.0.1";

    @TempDir
    private Path folder = Path.of("");

    private Loaded load(String policy) throws Exception {
        return new Loaded(folder, WWW, "policies:\n  edge: { " + policy + " }\n");
    }

    private Loaded loadWithPlaces(String policy, String more) throws Exception {
        return new Loaded(folder, WWW, "database: city.mmdb\n" + more + "policies:\n  edge: { " + policy + " }\n");
    }

    private static Map<String, Object> city(String continent, String country, List<String> divisions, String city) {
        return Map.of(
                "continent",
                Map.of("code", continent),
                "country",
                Map.of("iso_code", country),
                "subdivisions",
                divisions.stream().map(division -> Map.of("iso_code", division)).toList(),
                "city",
                Map.of("names", Map.of("en", city)));
    }

    private void writeCities() throws Exception {
        new MmdbWriter("Test-City")
                .put("192.0.2.0/26", city("EU", "DE", List.of("BY"), "Munich"))
                .put("192.0.2.64/26", city("EU", "DE", List.of("BY"), "Nuremberg"))
                .put("192.0.2.128/26", city("EU", "DE", List.of("HE"), "Frankfurt"))
                .put("192.0.2.192/26", city("EU", "FR", List.of("IDF", "75"), "Paris"))
                .put("198.51.100.0/24", city("EU", "CZ", List.of("10", "101"), "Prague"))
                .put("203.0.113.0/24", city("AS", "JP", List.of("13"), "Tokyo"))
                .write(folder.resolve("city.mmdb"));
    }

    @Test
    void geoGoesFromContinentToCityAndTheNearestAncestorWins() throws Exception {
        writeCities();
        Loaded loaded = loadWithPlaces("""
            targets: { all: [10.1.0.1], eu: [10.1.0.2], de: [10.1.0.3], by: [10.1.0.4], munich: [10.1.0.5],
                       district: [10.1.0.6], paris: [10.1.0.7] }, default: all,
            map: { EU: [eu], EU/DE: [de], EU/DE/BY: [by], EU/DE/BY/Munich: [munich], EU/CZ/10/101: [district],
                   EU/FR/Paris: [paris] }\
            """, "");
        assertThat(loaded.www("192.0.2.1")).containsExactly("10.1.0.5");
        assertThat(loaded.www("192.0.2.65")).containsExactly("10.1.0.4");
        assertThat(loaded.www("192.0.2.129")).containsExactly("10.1.0.3");
        // Subdivisions between may be left out, and may be as deep as the database has them.
        assertThat(loaded.www("192.0.2.193")).containsExactly("10.1.0.7");
        assertThat(loaded.www("198.51.100.1")).containsExactly("10.1.0.6");
        assertThat(loaded.www("203.0.113.1")).containsExactly("10.1.0.1");
        assertThat(loaded.www(NOWHERE)).containsExactly("10.1.0.1");
        assertThat(loaded.scope("192.0.2.1")).isEqualTo(26);
        // The nearest that is healthy, then the usual order.
        loaded.down("10.1.0.5");
        assertThat(loaded.www("192.0.2.1")).containsExactly("10.1.0.1");
    }

    @Test
    void systemsAndNetworksCountMoreThanPlaces() throws Exception {
        writeCities();
        new MmdbWriter("Test-ASN")
                .put("192.0.2.0/27", Map.of("autonomous_system_number", 64500))
                .write(folder.resolve("asn.mmdb"));
        Loaded loaded = loadWithPlaces(
                ABC + ", default: c, map: { EU: [a], AS64500: [b] }, networks: { 192.0.2.16/28: [c] }",
                "asn-database: asn.mmdb\n");
        assertThat(loaded.www("192.0.2.40")).containsExactly(A);
        assertThat(loaded.www("192.0.2.1")).containsExactly(B);
        assertThat(loaded.www("192.0.2.17")).containsExactly(C);
        assertThat(loaded.scope("192.0.2.17")).isEqualTo(28);
    }

    @Test
    void theLongestNetworkCountsAndAFileMayHoldMore() throws Exception {
        Files.writeString(folder.resolve("nets"), "10.0.0.0/8 a # office\n2001:db8::/32 b\n");
        Loaded loaded = load("by: geo, map: { EU: [a] }, default: c, networks-file: nets, " + ABC
                + ", networks: { 10.1.0.0/16: [b] }");
        assertThat(loaded.www("10.2.0.1")).containsExactly(A);
        assertThat(loaded.www("10.1.0.1")).containsExactly(B);
        assertThat(loaded.www("192.0.2.1")).containsExactly(C);
        assertThat(loaded.www("2001:db8::1")).containsExactly(B);
        assertThat(loaded.scope("10.1.0.1")).isEqualTo(16);
    }

    private void writePoints() throws Exception {
        // Frankfurt, half way to Paris, New York; New York has no country, which is enough for a point.
        new MmdbWriter("Points")
                .put("192.0.2.0/24", Map.of("country_code", "DE", "latitude", 50.1, "longitude", 8.7))
                .put("198.51.100.0/24", Map.of("country_code", "FR", "latitude", 49.5, "longitude", 5.7))
                .put("203.0.113.0/24", Map.of("country_code", "US", "latitude", 40.7, "longitude", -74.0))
                .write(folder.resolve("city.mmdb"));
    }

    @Test
    void nearestGoesByCoordinatesAndBias() throws Exception {
        writePoints();
        String policy = "by: nearest, default: c, " + ABC
                + ", coordinates: { a: \"50.1, 8.7\", b: \"48.9, 2.3\", c: \"38.9, -77\" }";
        Loaded loaded = loadWithPlaces(policy, "");
        assertThat(loaded.www("192.0.2.1")).containsExactly(A);
        assertThat(loaded.www("198.51.100.1")).containsExactly(A);
        assertThat(loaded.www("203.0.113.1")).containsExactly(C);
        loaded.down(C);
        assertThat(loaded.www("203.0.113.1")).containsExactly(B);
        // Half way, 50 km decide.
        loaded = loadWithPlaces(policy + ", bias: { b: 50 }", "");
        assertThat(loaded.www("198.51.100.1")).containsExactly(B);
        assertThat(loaded.www("192.0.2.1")).containsExactly(A);
    }

    @Test
    void latencyIsWhatWasMeasuredElseDistance() throws Exception {
        writePoints();
        Files.writeString(folder.resolve("millis"), "192.0.2.0/25 a=80 b=12\n");
        Loaded loaded = loadWithPlaces(
                "by: latency, networks-file: millis, default: c, " + ABC
                        + ", coordinates: { a: \"50.1, 8.7\", b: \"48.9, 2.3\", c: \"38.9, -77\" }",
                "");
        assertThat(loaded.www("192.0.2.1")).containsExactly(B);
        assertThat(loaded.www("192.0.2.129")).containsExactly(A);
        assertThat(loaded.www(NOWHERE)).containsExactly(C);
        loaded.overlay(new Overlay(Map.of(), Map.of(), Map.of("edge", "192.0.2.128/26 c=1 b=2 a=3\n")));
        assertThat(loaded.www("192.0.2.129")).containsExactly(C);
        assertThat(loaded.www("192.0.2.1")).containsExactly(B);
        loaded.down(C);
        assertThat(loaded.www("192.0.2.129")).containsExactly(B);
    }

    @Test
    void weightsAreSharesWithWhatAFileSaysTakenOff() throws Exception {
        Loaded loaded = load("by: weighted, weights: { a: 1, b: 3, c: 0 }, " + ABC);
        assertThat(shares(loaded).get(A)).isBetween(800, 1_200);
        assertThat(shares(loaded)).containsOnlyKeys(A, B);
        loaded.weight(B, 33);
        assertThat(shares(loaded).get(A)).isBetween(1_800, 2_200);
        loaded.weight(B, 0);
        assertThat(shares(loaded)).containsOnlyKeys(A);
        // With nobody else it answers all the same.
        loaded.down(A);
        assertThat(loaded.www(NOWHERE)).isNotEmpty();
    }

    private static Map<String, Integer> shares(Loaded loaded) {
        Map<String, Integer> shares = new TreeMap<>();
        for (int i = 0; i < 4_000; i++) {
            shares.merge(loaded.www(NOWHERE).getFirst(), 1, Integer::sum);
        }
        return shares;
    }

    @Test
    void aStickyNetworkStaysAndAtMostOneNthMovesWhenATargetGoes() throws Exception {
        Loaded loaded = load("by: weighted, sticky: true, targets: "
                + "{ a: [10.1.0.1], b: [10.1.0.2], c: [10.1.0.3], d: [10.1.0.4], e: [10.1.0.5] }");
        Map<String, String> before = new HashMap<>();
        for (int i = 0; i < 2_000; i++) {
            String network = "10." + (i >> 8) + "." + (i & 0xFF);
            String member = loaded.www(network + ".1").getFirst();
            assertThat(loaded.www(network + ".254")).containsExactly(member);
            before.put(network, member);
        }
        assertThat(loaded.scope("10.0.0.1")).isEqualTo(24);
        loaded.down("10.1.0.3");
        long moved = before.entrySet().stream()
                .filter(entry -> !loaded.www(entry.getKey() + ".1").getFirst().equals(entry.getValue()))
                .count();
        long gone = before.values().stream().filter("10.1.0.3"::equals).count();
        assertThat(moved).isEqualTo(gone).isBetween(330L, 470L);
    }

    @Test
    void failoverGoesInOrder() throws Exception {
        Loaded loaded = load("by: failover, order: [c, a, b], " + ABC);
        assertThat(loaded.www(NOWHERE)).containsExactly(C);
        loaded.down(C);
        assertThat(loaded.www(NOWHERE)).containsExactly(A);
        loaded.down(C, A);
        assertThat(loaded.www(NOWHERE)).containsExactly(B);
        loaded.down(C, A, B);
        assertThat(loaded.www(NOWHERE)).containsExactly(C);
        assertThat(loaded.scope(NOWHERE)).isZero();
    }

    @Test
    void multivalueAnswersKOfTheHealthyNEachInItsTurn() throws Exception {
        Loaded loaded = load("by: multivalue, picks: 2, targets: "
                + "{ a: [10.1.0.1, 10.1.0.2], b: [10.1.0.3], c: [10.1.0.4, 10.1.0.5] }");
        loaded.down("10.1.0.2");
        Set<String> seen = new TreeSet<>();
        Set<List<String>> answers = new java.util.HashSet<>();
        for (int i = 0; i < 200; i++) {
            List<String> answer = loaded.www(NOWHERE);
            assertThat(answer).hasSize(2).doesNotHaveDuplicates();
            seen.addAll(answer);
            answers.add(answer);
        }
        assertThat(seen).containsExactly("10.1.0.1", "10.1.0.3", "10.1.0.4", "10.1.0.5");
        assertThat(answers).hasSize(4);
        loaded.down("10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4");
        assertThat(loaded.www(NOWHERE)).containsExactly("10.1.0.5");
    }

    @Test
    void aLoadedMemberShedsMoreAndMore() throws Exception {
        Loaded loaded = load("by: failover, order: [a, b], shed-from: 60, shed-until: 80, " + ABC);
        loaded.load("a", 59);
        assertThat(shares(loaded)).containsOnlyKeys(A);
        loaded.load("a", 65);
        assertThat(shares(loaded).get(B)).isBetween(850, 1_150);
        loaded.load("a", 80);
        assertThat(shares(loaded)).containsOnlyKeys(B);
        // Where to, if not to somebody healthy.
        loaded.down(B, C);
        assertThat(shares(loaded)).containsOnlyKeys(A);
    }

    @Test
    void aFencedRegionsUsersNeverLeaveIt() throws Exception {
        String policy = ABC + ", map: { EU: [a], AS: [b, a] }, default: c, fence: true, ";
        writeCities();
        Loaded loaded = loadWithPlaces(policy + "on-all-down: none", "");
        assertThat(loaded.www("192.0.2.1")).containsExactly(A);
        loaded.down(A);
        assertThat(loaded.www("192.0.2.1")).isEmpty();
        assertThat(loaded.ask("www.shop.example.", Type.A, "192.0.2.1").getRcode())
                .isEqualTo(Rcode.NOERROR);
        assertThat(loaded.www("203.0.113.1")).containsExactly(B);
        loaded.down(B);
        assertThat(loaded.www("203.0.113.1")).isEmpty();
        // As if all were up: theirs, still not another's.
        loaded = loadWithPlaces(policy + "on-all-down: all", "");
        loaded.down(A);
        assertThat(loaded.www("192.0.2.1")).containsExactly(A);
        assertThatThrownBy(() -> loadWithPlaces(policy + "on-all-down: fallback", ""))
                .hasMessageContaining("fallback (expected: all or none with `fence`");
    }

    @Test
    void whatTheApiSaysIsHeldAgainstTheFilesRulesAndLeftOutWhereTheFileNoLongerFits() throws Exception {
        Loaded loaded = load("by: failover, order: [a, b, c], health: /up, " + ABC);
        Overlay name = new Overlay(Map.of(), Map.of("edge", Map.of("a", List.of("lb.cdn.example."))), Map.of());
        assertThatThrownBy(() -> loaded.change(Overlay.NONE, name))
                .hasMessageContaining("(expected: `probe-at: { lb.cdn.example.: ADDRESS }`");
        loaded.overlay(name);
        assertThat(loaded.www(NOWHERE)).containsExactly(A);

        Overlay gone = new Overlay(Map.of(), Map.of(), Map.of("edge", "192.0.2.0/24 gone=1 b=2\n10.0.0.0/8 gone=1\n"));
        assertThatThrownBy(() -> loaded.change(Overlay.NONE, gone)).hasMessageContaining("member: gone (expected:");
        loaded.overlay(gone);
        assertThat(loaded.www("192.0.2.1")).containsExactly(B);
        assertThat(loaded.www("10.0.0.1")).containsExactly(A);
    }

    @Test
    void aChangeOfTheApiReadsNoFileAgain() throws Exception {
        Files.writeString(folder.resolve("nets"), "10.0.0.0/8 c\n");
        Loaded loaded = load("by: failover, order: [a, b, c], networks-file: nets, " + ABC);
        Files.writeString(folder.resolve("nets"), "half a li");
        Files.writeString(folder.resolve("shop.example.zone"), "half a zo");
        loaded.change(
                Overlay.NONE, new Overlay(Map.of(), Map.of("edge", Map.of("a", List.of("192.0.2.77"))), Map.of()));
        assertThat(loaded.www("192.0.2.1")).containsExactly("192.0.2.77");
        assertThat(loaded.www("10.0.0.1")).containsExactly(C);
    }

    @Test
    void aFileOfNetworksHasALimit() throws Exception {
        Files.writeString(folder.resolve("nets"), "10.0.0.0/8 c\n".repeat(100));
        String section = "limits: { networks-file: 1KiB }\npolicies:\n  edge: { by: failover, networks-file: nets, "
                + ABC + " }\n";
        assertThatThrownBy(() -> new Loaded(folder, WWW, section))
                .hasMessageContaining("nets: 1300 octets (expected: at most limits.networks-file, 1024)");
    }

    @Test
    void aPolicyThatComesToAnswerNamesMustStandAlone() throws Exception {
        Loaded loaded = new Loaded(
                folder, WWW + "www MX 10 ns1\n", "policies:\n  edge: { by: failover, targets: { a: [192.0.2.1] } }\n");
        Overlay name = new Overlay(Map.of(), Map.of("edge", Map.of("a", List.of("lb.cdn.example."))), Map.of());
        assertThatThrownBy(() -> loaded.change(Overlay.NONE, name))
                .hasMessageContaining("MX: www.shop.example. (expected: nothing beside a policy that answers names");
    }

    @Test
    void aZoneMaySayWhatTheFileSaysOfANameButNothingElse() throws Exception {
        String policies =
                "policies:\n  edge: { by: failover, names: [www.shop.example], targets: { a: [203.0.113.1] } }\n";
        Loaded loaded = new Loaded(folder, WWW, policies);
        assertThat(loaded.www(NOWHERE)).containsExactly(A);
        assertThatThrownBy(() -> new Loaded(
                        folder,
                        "www POLICY other\n",
                        policies + "  other: { by: failover, targets: { a: [192.0.2.2] } }\n"))
                .hasMessageContaining("(expected: one policy; another lists this name)");
    }

    @Test
    void strictEntriesAreServedByTheirMembersAlone() throws Exception {
        writeCities();
        String policy = ABC + ", order: [c], strict: true, map: { EU: [a], EU/CZ: [] }, networks: { 10.1.0.0/16: [b] }";
        Loaded loaded = loadWithPlaces(policy, "");
        assertThat(loaded.www("198.51.100.1")).isEmpty();
        loaded.down(A, C);
        assertThat(loaded.www("192.0.2.1")).containsExactly(A);
        assertThat(loaded.www(NOWHERE)).containsExactly(C);
        loaded.down(B);
        assertThat(loaded.www("10.1.0.1")).containsExactly(B);
        loaded = loadWithPlaces(policy.replace("strict: true", "strict: false").replace(", EU/CZ: []", ""), "");
        loaded.down(A, C);
        assertThat(loaded.www("192.0.2.1")).containsExactly(B);
        assertThatThrownBy(() -> loadWithPlaces(policy.replace("strict: true", "strict: false"), ""))
                .hasMessageContaining("no members (expected: at least one, or `strict: true`)");
    }

    @Test
    void ofWeightsAShareMayHaveToBeHealthy() throws Exception {
        Loaded loaded = load("by: weighted, weights: { a: 2, b: 1, c: 1 }, up-share: 50, " + ABC);
        loaded.down(A);
        assertThat(shares(loaded)).containsOnlyKeys(B, C);
        loaded.down(A, B);
        assertThat(shares(loaded)).containsOnlyKeys(A, B, C);
    }

    @Test
    void withEverythingDownThePolicySaysWhatIsAnswered() throws Exception {
        Loaded loaded = load("by: failover, order: [a, b, c], on-all-down: none, " + ABC);
        loaded.down(A, B, C);
        assertThat(loaded.www(NOWHERE)).isEmpty();
        loaded = load("by: failover, order: [a, b, c], on-all-down: fallback, default: b, " + ABC);
        loaded.down(A, B, C);
        assertThat(loaded.www(NOWHERE)).containsExactly(B);
    }

    @Test
    void policiesNestAndPassHealthUpAndScopesDown() throws Exception {
        writeCities();
        Loaded loaded = new Loaded(folder, "", """
            database: city.mmdb
            policies:
              edge:
                names: [www.shop.example]
                map: { EU: [near] }
                default: far
                targets: { near: ["policy:shares"], far: [203.0.113.9] }
              shares: { by: weighted, sticky: true, targets: { x: ["policy:pair"], y: [203.0.113.2] } }
              pair: { by: failover, order: [p, q], targets: { p: [203.0.113.3], q: [203.0.113.4] } }
            """);
        Set<String> seen = new TreeSet<>();
        for (int i = 0; i < 64; i++) {
            seen.addAll(loaded.www("192.0.2.1"));
            seen.addAll(loaded.www("198.51.100.7"));
        }
        loaded.down("203.0.113.3", "203.0.113.2");
        assertThat(loaded.www("192.0.2.1")).containsExactly("203.0.113.4");
        assertThat(loaded.scope("192.0.2.1")).isEqualTo(24);
        loaded.down("203.0.113.3", "203.0.113.2", "203.0.113.4");
        assertThat(loaded.www("192.0.2.1")).containsExactly("203.0.113.9");
        assertThat(loaded.www(NOWHERE)).containsExactly("203.0.113.9");
        assertThat(seen).isSubsetOf("203.0.113.2", "203.0.113.3");
    }

    @Test
    void keysOfADatabaseMayBeFlatNestedAndTheUsersOwn() throws Exception {
        new MmdbWriter("Own")
                .put("192.0.2.0/24", Map.of("geo", Map.of("where", List.of(Map.of("cc", "DE")), "town", "Ulm")))
                .put("198.51.100.0/24", Map.of("country_code", "US"))
                .write(folder.resolve("city.mmdb"));
        String policy = ABC + ", default: c, map: { EU/DE: [a], EU/DE/Ulm: [b], NA: [a] }";
        Loaded loaded = loadWithPlaces(policy, "");
        assertThat(loaded.www("192.0.2.1")).containsExactly(C);
        assertThat(loaded.www("198.51.100.1")).containsExactly(A);
        loaded = loadWithPlaces(policy, "database-keys: { country: geo.where.*.cc, city: geo.town }\n");
        assertThat(loaded.www("192.0.2.1")).containsExactly(B);
        // The usual keys are looked at all the same.
        assertThat(loaded.www("198.51.100.1")).containsExactly(A);
    }

    @Test
    void aMemberMayBeANameWhichIsAnsweredAsAnAlias() throws Exception {
        String section = """
            policies:
              edge:
                by: failover
                order: [a, b, c]
                ttl: 40s
                targets: { a: [203.0.113.1, "2001:db8::1"], b: [LB.cdn.example.], c: [in.shop.example.] }
            """;
        Loaded loaded = new Loaded(folder, WWW + "* POLICY edge\nin A 192.0.2.7\n", section);
        assertThat(loaded.www(NOWHERE)).containsExactly(A);
        assertThat(loaded.ask("www.shop.example.", Type.MX, NOWHERE).getSection(Section.ANSWER))
                .isEmpty();
        loaded.down(A, "2001:db8::1");
        for (int type : new int[] {Type.A, Type.AAAA, Type.MX, Type.CNAME, Type.ANY}) {
            assertThat(answers(loaded, "www", type)).containsExactly("www.shop.example. 40 CNAME LB.cdn.example.");
        }
        assertThat(answers(loaded, "any", Type.TXT)).containsExactly("any.shop.example. 40 CNAME LB.cdn.example.");
        // A name of our own is followed.
        loaded.down(A, "2001:db8::1", "LB.cdn.example.");
        assertThat(answers(loaded, "www", Type.A))
                .containsExactly("in.shop.example. 300 A 192.0.2.7", "www.shop.example. 40 CNAME in.shop.example.");
        assertThat(answers(loaded, "www", Type.CNAME)).containsExactly("www.shop.example. 40 CNAME in.shop.example.");
    }

    private static List<String> answers(Loaded loaded, String label, int type) {
        return io.plinth.geodns.answer.Asker.records(
                loaded.asker().tcp(io.plinth.geodns.answer.Asker.query(label + ".shop.example.", type)),
                Section.ANSWER);
    }

    @Test
    void namesMayBeWeighted() throws Exception {
        Loaded loaded = load("by: weighted, targets: { a: [a.cdn.example.], b: [b.cdn.example.], c: [203.0.113.3] }");
        assertThat(shares(loaded)).containsOnlyKeys("a.cdn.example.", "b.cdn.example.", C);
    }

    @Test
    void aNameStandsAlone() {
        assertThatThrownBy(() -> load("by: failover, targets: { a: [lb.cdn.example., 192.0.2.1] }"))
                .hasMessageContaining("name `lb.cdn.example.` (expected: alone, as an answer has one CNAME)");
        assertThatThrownBy(() -> load("by: multivalue, targets: { a: [lb.cdn.example.] }"))
                .hasMessageContaining("(expected: addresses, with `by: multivalue`)");
        assertThatThrownBy(() -> load("by: failover, health: /up, targets: { a: [lb.cdn.example.] }"))
                .hasMessageContaining("(expected: `probe-at: { lb.cdn.example.: ADDRESS }`");
        assertThatThrownBy(() -> load("by: failover, targets: { a: [lb.cdn.example] }"))
                .hasMessageContaining("or a name that ends with a dot)");
        assertThatThrownBy(() -> new Loaded(
                        folder,
                        WWW + "www MX 10 ns1\n",
                        "policies:\n  edge: { by: failover, targets: { a: [lb.cdn.example.] } }\n"))
                .hasMessageContaining("MX: www.shop.example.")
                .hasMessageContaining("(expected: nothing beside a policy that answers names; RFC 2181 10.1)");
    }
}
