package io.plinth.geodns.zone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import io.plinth.kit.config.Problem;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Master;
import org.xbill.DNS.Record;

class ZoneParserTest {
    private static final Name ORIGIN = Name.parse("shop.example");
    private static final String HEAD = "$TTL 300\n@ IN SOA ns1 hostmaster 1 2 3 4 60\n@ IN NS ns1\nns1 A 192.0.2.1\n";

    private static Zone parse(String text) throws ZoneException {
        return ZoneParser.parse(ORIGIN, 0, text, new ZoneLimits(1_000, 10), PolicyNumbers.NONE);
    }

    private static PolicyNumbers at(String name) {
        return new PolicyNumbers(Map.of("edge", 0), Map.of(Name.parse(name), 0));
    }

    private static List<String> problems(String text) {
        ZoneException exception = catchThrowableOfType(ZoneException.class, () -> parse(text));
        assertThat(exception).as("problems of %s", text).isNotNull();
        return exception.problems().stream()
                .map(problem -> problem.line() + ": " + problem.message())
                .toList();
    }

    private static RecordSet set(Zone zone, String name, int type) {
        Node node = zone.node(Name.parse(name, ORIGIN));
        return Objects.requireNonNull(Objects.requireNonNull(node).find(type));
    }

    private static String hex(Zone zone, String name, int type) {
        return HexFormat.of()
                .formatHex(set(zone, name, type).records().getFirst().octets());
    }

    /** Every record of {@code text} as octets, read by dnsjava. */
    private static List<String> byDnsjava(String text) throws IOException {
        org.xbill.DNS.Name origin = org.xbill.DNS.Name.fromString("shop.example.");
        List<String> records = new ArrayList<>();
        try (Master master = new Master(new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)), origin)) {
            for (Record record = master.nextRecord(); record != null; record = master.nextRecord()) {
                records.add(record.getName() + " " + record.getTTL() + " " + record.getType() + " "
                        + HexFormat.of().formatHex(record.rdataToWireCanonical()));
            }
        }
        return records;
    }

    private static void assertLikeDnsjava(String text) throws Exception {
        Zone zone = parse(text);
        List<String> theirs = byDnsjava(text);
        assertThat(theirs).hasSize(zone.records());
        for (String record : theirs) {
            String[] fields = record.split(" ", -1);
            Node node = zone.node(Name.parse(fields[0]));
            assertThat(node).as(record).isNotNull();
            RecordSet set = node.find(Integer.parseInt(fields[2]));
            assertThat(set).as(record).isNotNull();
            assertThat(set.ttl()).as(record).isEqualTo(Integer.parseInt(fields[1]));
            assertThat(set.records().stream().map(Rdata::octets).map(HexFormat.of()::formatHex))
                    .as(record)
                    .contains(fields[3]);
        }
    }

    @Test
    void everyRecordIsWhatDnsjavaReadsIt() throws Exception {
        assertLikeDnsjava("""
            ; a comment
            $ORIGIN shop.example.
            $TTL 1h30m
            @   IN  SOA ns1.shop.example. hostmaster (
                    2026010101 ; serial
                    1h 10m 2w
                    60 )   ; negative
                IN  NS  ns1
                NS      ns2.other.example.
            ns1 300 IN A 192.0.2.1
                IN 300 AAAA 2001:db8::1
            mixed aaaa 2001:db8::192.0.2.5
            www CNAME @
            mail IN MX 10 mail
            mail MX 20 mx.other.example.
            mail A 192.0.2.9
            txt TXT "one two" three "four \\"five\\"" \\"six
            txt2 TXT ( "a;b"
                 "c" ) ; rest
            _sip._tcp SRV 0 5 5060 ns1
            4.3.2.1 PTR host.shop.example.
            @ CAA 128 issue "ca.example; policy=ev"
            dn DNAME elsewhere.example.
            host HINFO "x86" Linux
            n NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
            tls TLSA 3 1 1 ( 92003ba34942dc74152e2f2c408d29ec
                a5a520e7f2e06bb944f4dca346baf63c )
            fp SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
            ds DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
            u URI 10 1 "ftp://ftp.example.com/public"
            loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
            svc SVCB 1 svc4.example.net. alpn="h2,h3" port=8004 ipv4hint=192.0.2.1,192.0.2.2 key667="a b"
            alias-form HTTPS 0 www
            web HTTPS 1 . mandatory=alpn,port alpn=h3 port=443 no-default-alpn ipv6hint=2001:db8::1 ech=AAEC
            odd TYPE65280 \\# 3 010203
            empty TYPE65281 \\# 0
            split TYPE731 \\# 6 ( abcd
                ef01 2345 )
            $ORIGIN sub.shop.example.
            a   60 A 192.0.2.3
            @   TXT sub
            b.shop.example. A 192.0.2.4
            a\\.b A 192.0.2.5
            """);
    }

    @Test
    void theDemosZoneIsRightAndPlain() throws Exception {
        try (var in = ZoneParserTest.class.getResourceAsStream("/zones/shop.example.zone")) {
            assertThat(in).isNotNull();
            assertLikeDnsjava(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void aTtlIsTheRecordsOwnElseTheDefaultElseTheLastElseTheSoasMinimum() throws Exception {
        Zone zone =
                parse("@ IN SOA ns1 h 1 2 3 4 77\n@ NS ns1\na 5 A 192.0.2.1\nb A 192.0.2.2\n$TTL 9\nns1 A 192.0.2.3\n");
        assertThat(set(zone, "@", RecordType.SOA).ttl()).isEqualTo(77);
        assertThat(set(zone, "b", RecordType.A).ttl()).isEqualTo(5);
        assertThat(set(zone, "ns1", RecordType.A).ttl()).isEqualTo(9);
    }

    @Test
    void unlikeTtlsOfASetBecomeTheSmallestAndTwinsOneRecord() throws Exception {
        Zone zone = parse(HEAD + "a 50 A 192.0.2.1\na 40 A 192.0.2.2\nA 60 A 192.0.2.1\n");
        RecordSet set = set(zone, "a", RecordType.A);
        assertThat(set.ttl()).isEqualTo(40);
        assertThat(set.records()).hasSize(2);
    }

    @Test
    void escapesInStringsAreOctets() throws Exception {
        Zone zone = parse(HEAD + "t TXT \"\\000\\255\\;\" a\\ b\n");
        assertThat(hex(zone, "t", RecordType.TXT)).isEqualTo("0300ff3b" + "03612062");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a A 192.0.2                 | 5: address: 192.0.2 (expected: an IPv4 address such as 192.0.2.1)",
                "a A 192.0.2.1 192.0.2.2     | 5: value: 192.0.2.2 (expected: the end of the record)",
                "a AAAA 2001:db8::g          | 5: address: 2001:db8::g (expected: an IPv6 address such as 2001:db8::1)",
                "a AAAA ::1%lo               | 5: address: ::1%lo (expected: an IPv6 address such as 2001:db8::1)",
                "a MX mail                   | 5: number: mail (expected: 0 to 65535)",
                "a MX 10                     | 5: name: missing (expected: one more value)",
                "a SRV 0 0 65536 b           | 5: number: 65536 (expected: 0 to 65535)",
                "a CAA 0 is-sue x            | 5: tag: is-sue (expected: letters and digits, such as issue)",
                "a CH A 192.0.2.1            | 5: class: CH (expected: IN)",
                "a 5x A 192.0.2.1            | 5: TTL: 5x (expected: seconds, as 300 or 5m)",
                "a 99999999999 A 192.0.2.1   | 5: TTL: 99999999999 (expected: at most 2147483647 seconds)",
                "a TYPE1234 \\# 2 01         | 5: data: 2 hex digits (expected: 4, two for each octet)",
                "a TYPE1 \\# 3 010203        | 5: data: \\# 3 010203 (expected: octets of the form of A)",
                "a TXT \"open                | 5: string: unfinished (expected: a \" on the same line)",
                "a TXT ( x                   | 5: parenthesis: ( (expected: a ) that closes it)",
                "a TXT x )                   | 5: parenthesis: ) (expected: a ( before it)",
                "b.other.example. A 192.0.2.1| 5: owner: b.other.example. (expected: a name at or below shop.example.)",
                "a..b A 192.0.2.1            | 5: name: a..b (expected: labels of 1 to 63 octets)",
            })
    void mistakesAreToldByLineWithWhatWasExpected(String line, String problem) {
        assertThat(problems(HEAD + line + "\n")).containsExactly(problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "$INCLUDE other.zone | 5: $INCLUDE: other.zone: no files beside this text (expected: a file",
                "$GENERATE 2-1 a A 1 | 5: $GENERATE: 2-1 (expected: a rising range",
                "$GENERATE 1-2 a A   | 5: $GENERATE: too short (expected: $GENERATE 1-9",
                "$OTHER x            | 5: directive: $OTHER (expected: $ORIGIN, $TTL, $INCLUDE or $GENERATE)",
                "*.a DNAME b         | 5: DNAME: *.a.shop.example. (expected: one, and not at a wildcard",
                "a TYPE39 \\# 0      | 5: name: at octet 0 of record data (expected: uncompressed, whole)",
                "a NAPTR x           | 5: number: x (expected: 0 to 65535)",
                "ns1 ALIAS b         | 5: ALIAS: ns1.shop.example. (expected: one, without addresses",
                "a POLICY edge       | 5: POLICY: edge (expected: one of [])",
                "a SVCB 1 . port=x   | 5: port: x (expected: 0 to 65535)",
                "a SVCB 1 . mandatory=port | 5: mandatory: port (expected: keys of the same record",
                "a SVCB 1 . port=1 port=2 | 5: parameter: port (expected: once)",
                "a LOC 91 N 1 E 0m   | 5: LOC: degrees (expected: DEGREES",
                "a TYPE255 \\# 0     | 5: type: TYPE255 (expected: SOA",
                "a TYPE777 x         | 5: data: x (expected: \\# LENGTH HEX",
                "a NS \\# 2 0000     | 5: data: \\# 2 0000 (expected: octets of the form of NS)",
                "b SOA ns1 h 1 2 3 4 5 | 5: SOA: b.shop.example. (expected: one, at shop.example.)",
                "@ SOA ns2 h 1 2 3 4 5 | 2: SOA: shop.example. (expected: one, at shop.example.)",
                "ns1 CNAME b         | 5: CNAME: ns1.shop.example. (expected: nothing beside it",
                "*.s NS ns1          | 5: NS: *.s.shop.example. (expected: no delegation at a wildcard",
                "s NS ns.s           | 5: NS: ns.s.shop.example. (expected: its A or AAAA beside it",
            })
    void whatCannotBeServedIsRefused(String line, String begins) {
        assertThat(problems(HEAD + line + "\n")).singleElement().asString().startsWith(begins);
    }

    @Test
    void knownTypesAreReadInTheirGenericFormToo() throws Exception {
        Zone zone = parse(HEAD + "a TYPE1 \\# 4 c0000205\nb NS \\# 3 016300\nl LOC 42 N 71 6 W 24m 30m\n");
        assertThat(hex(zone, "a", RecordType.A)).isEqualTo("c0000205");
        assertThat(RdataText.format(
                        RecordType.NS, set(zone, "b", RecordType.NS).records().getFirst()))
                .isEqualTo("c.");
        assertThat(RdataText.format(
                        RecordType.LOC, set(zone, "l", RecordType.LOC).records().getFirst()))
                .isEqualTo("42 0 0.000 N 71 6 0.000 W 24.00m 30.00m 10000.00m 10.00m");
    }

    @Test
    void generateMakesARecordForEachNumber() throws Exception {
        Zone zone = parse(HEAD + "$GENERATE 1-3 host-$ 60 IN A 192.0.2.$\n"
                + "$GENERATE 8-16/4 h${2,4,x} TXT \"n $ \\$\"\n$GENERATE 10-10 ${0,5,n}.x CNAME host-1\n");
        assertThat(hex(zone, "host-3", RecordType.A)).isEqualTo("c0000203");
        assertThat(hex(zone, "h0012", RecordType.TXT)).isEqualTo("06" + "6e2031362024");
        assertThat(zone.node(Name.parse("h000e.shop.example"))).isNotNull();
        assertThat(zone.node(Name.parse("a.0.0.x.shop.example"))).isNotNull();
        assertThat(zone.records()).isEqualTo(10);
    }

    @Test
    void includedFilesHaveAnOriginOfTheirOwnAndTheirMistakesAreToldByFile(@TempDir Path folder) throws Exception {
        Path main = Files.writeString(
                folder.resolve("main.zone"), HEAD + "a A 192.0.2.1\n$INCLUDE part.zone sub\n\tTXT behind\n");
        Files.writeString(folder.resolve("part.zone"), "x A 192.0.2.2\n$ORIGIN deeper\ny A 192.0.2.3\n");
        List<Problem> problems = new ArrayList<>();
        ZoneFiles files = new ZoneFiles(new ZoneLimits(100, 10), 10_000);
        Zone zone = Objects.requireNonNull(files.read(ORIGIN, 0, main, PolicyNumbers.NONE, problems));
        assertThat(hex(zone, "x.sub", RecordType.A)).isEqualTo("c0000202");
        assertThat(hex(zone, "y.deeper.sub", RecordType.A)).isEqualTo("c0000203");
        assertThat(hex(zone, "a", RecordType.TXT)).isEqualTo("06626568696e64");
        Files.writeString(folder.resolve("part.zone"), "x A 192.0.2.2\n$INCLUDE part.zone\n");
        assertThat(files.read(ORIGIN, 0, main, PolicyNumbers.NONE, problems)).isNull();
        assertThat(problems)
                .singleElement()
                .asString()
                .contains("part.zone")
                .contains("at most 8 files within each other");
    }

    @Test
    void aZoneNeedsSoaAndNs() {
        assertThat(problems("$TTL 5\na A 192.0.2.1\n"))
                .containsExactly(
                        "1: SOA: missing (expected: one at shop.example.)",
                        "1: NS: missing (expected: at least one at shop.example.)");
        assertThat(problems("\ta A 192.0.2.1\n"))
                .containsExactly("1: owner: missing (expected: a name before the first record)");
        assertThat(problems("a A 192.0.2.1\n"))
                .containsExactly("1: TTL: missing (expected: $TTL before the first record)");
    }

    @Test
    void everyMistakeIsReportedAtOnceWithItsOwnLine() {
        assertThat(problems(HEAD + "a A x\nb TXT (\n  one\n  two )\nc A y\n\n; nothing\nd MX z z\n"))
                .extracting(problem -> problem.substring(0, problem.indexOf(':')))
                .containsExactly("5", "9", "12");
    }

    @Test
    void limitsEndTheReading() {
        StringBuilder many = new StringBuilder(HEAD);
        for (int i = 0; i < 11; i++) {
            many.append("a A 192.0.2.").append(i).append('\n');
        }
        assertThat(problems(many.toString())).singleElement().asString().contains("limits.records-per-set, 10");
        assertThatThrownBy(() -> ZoneParser.parse(ORIGIN, 0, HEAD, new ZoneLimits(2, 10), PolicyNumbers.NONE))
                .isInstanceOf(ZoneException.class)
                .hasMessageContaining("limits.records, 2");
    }

    @Test
    void policyNamesAreCheckedAgainstTheZone() {
        String zone = HEAD + "alias CNAME ns1\nsub NS ns1\n";
        assertThatThrownBy(() -> ZoneParser.parse(ORIGIN, 0, zone, new ZoneLimits(100, 10), at("alias.shop.example")))
                .hasMessageContaining("CNAME: alias.shop.example.");
        assertThatThrownBy(() -> ZoneParser.parse(ORIGIN, 0, zone, new ZoneLimits(100, 10), at("x.sub.shop.example")))
                .hasMessageContaining("not below sub.shop.example.");
    }
}
