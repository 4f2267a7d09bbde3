package io.plinth.geodns.answer;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.place.GeoIndex;
import io.plinth.geodns.place.GeoSource;
import io.plinth.geodns.place.MmdbDatabase;
import io.plinth.geodns.place.PlaceKeys;
import io.plinth.geodns.place.Ranking;
import io.plinth.geodns.place.RegionRanking;
import io.plinth.geodns.place.Regions;
import io.plinth.geodns.policy.Member;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.policy.Target;
import io.plinth.testkit.MmdbWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class GeoAnswerTest {
    private static final String ZONE = """
        $TTL 300
        @      SOA   ns1 hostmaster 1 2 3 4 60
        @      NS    ns1
        ns1    A     192.0.2.1
        www    A     127.0.0.1
        www    TXT   "static"
        shop   CNAME www
        """;

    @TempDir
    Path folder;

    private Asker asker = Asker.of(Map.of());

    private static Policy policy(GeoSource source) {
        Ranking ranking = new RegionRanking(
                new Regions(Map.of("eu", List.of("EU"), "us", List.of("NA"))), List.of("eu", "us"), "eu");
        return new Policy(
                "edge",
                0,
                Policy.By.GEO,
                List.of(
                        new Member("eu", 0, List.of(new Target("edge", "eu", "203.0.113.1")), null, 1),
                        new Member(
                                "us",
                                1,
                                List.of(
                                        new Target("edge", "us", "203.0.113.2"),
                                        new Target("edge", "us", "2001:db8::2")),
                                null,
                                1)),
                GeoIndex.compile(source, ranking, List.of()),
                ranking,
                new Policy.Ttl(15, 30),
                0,
                false,
                false,
                0,
                Policy.Shedding.NEVER,
                Policy.AllDown.ALL,
                null);
    }

    private static Asker asker(GeoSource source) {
        return new Asker(Asker.snapshot(
                Map.of("shop.example", ZONE),
                Map.of("www.shop.example", "edge", "*.pool.shop.example", "edge"),
                source,
                List.of(policy(source))));
    }

    @BeforeEach
    void start() throws IOException {
        Path file = new MmdbWriter("Test")
                .put("198.51.100.0/24", Map.of("country_code", "US"))
                .put("192.0.2.0/24", Map.of("country_code", "DE"))
                .put("2001:db8:1::/48", Map.of("country_code", "US"))
                .write(folder.resolve("country.mmdb"));
        asker = asker(new GeoSource(new MmdbDatabase(file, PlaceKeys.USUAL, 1 << 20), null, ""));
    }

    private String address(Message message) {
        return String.join(" ", records(message, Section.ANSWER));
    }

    private static ClientSubnetOption subnet(String address, int prefix) {
        return new ClientSubnetOption(prefix, InetAddress.ofLiteral(address));
    }

    private Message asked(String name, String address, int prefix) {
        return asker.udp(query(name, Type.A, subnet(address, prefix)));
    }

    private static ClientSubnetOption echoed(Message message) {
        List<EDNSOption> options = message.getOPT().getOptions(EDNSOption.Code.CLIENT_SUBNET);
        assertThat(options).hasSize(1);
        return (ClientSubnetOption) options.getFirst();
    }

    @Test
    void withoutASubnetTheResolversAddressCounts() {
        assertThat(address(asker.from("198.51.100.9").ask("www.shop.example.", Type.A)))
                .isEqualTo("www.shop.example. 30 A 203.0.113.2");
        assertThat(address(asker.from("192.0.2.9").ask("www.shop.example.", Type.A)))
                .isEqualTo("www.shop.example. 30 A 203.0.113.1");
        assertThat(address(asker.from("10.0.0.1").ask("www.shop.example.", Type.A)))
                .isEqualTo("www.shop.example. 30 A 203.0.113.1");
        assertThat(address(asker.from("2001:db8:1::9").ask("www.shop.example.", Type.AAAA)))
                .isEqualTo("www.shop.example. 30 AAAA 2001:db8:0:0:0:0:0:2");
    }

    @Test
    void aSubnetCountsMoreThanTheResolversAddressAndComesBackWithTheScope() {
        Message message = asker.from("192.0.2.9").udp(query("www.shop.example.", Type.A, subnet("198.51.100.0", 24)));
        assertThat(address(message)).isEqualTo("www.shop.example. 30 A 203.0.113.2");
        ClientSubnetOption echoed = echoed(message);
        assertThat(echoed.getAddress().getHostAddress()).isEqualTo("198.51.100.0");
        assertThat(echoed.getSourcePrefixLength()).isEqualTo(24);
        assertThat(echoed.getScopePrefixLength()).isEqualTo(24);
    }

    @ParameterizedTest
    @CsvSource({
        "www.shop.example., 198.51.100.0, 24, 24",
        "www.shop.example., 198.51.100.77, 32, 24",
        "www.shop.example., 198.51.0.0, 16, 18", // narrower than given: the client's resolver may ask again with more
        "shop.shop.example., 198.51.100.0, 24, 24", // through an alias
        "a.pool.shop.example., 198.51.100.0, 24, 24", // through a wildcard
        "www.shop.example., 2001:db8:1::, 56, 48",
        "ns1.shop.example., 198.51.100.0, 24, 0", // the same for everybody
        "nothing.shop.example., 198.51.100.0, 24, 0",
        "other.example., 198.51.100.0, 24, 0",
    })
    void theScopeIsHowMuchOfTheAddressTheAnswerDependsOn(String name, String address, int prefix, int scope) {
        assertThat(echoed(asked(name, address, prefix)).getScopePrefixLength()).isEqualTo(scope);
    }

    @ParameterizedTest
    @CsvSource({
        "0000:0000:0000:0000:0000:ffff:c633:6400, 120, 120", // IPv4-mapped
        "::c633:6400, 120, 120", // IPv4-compatible
        "::ffff:0:c633:6400, 120, 120", // SIIT
        "64:ff9b::c633:6400, 120, 120", // NAT64
        "2002:c633:6400::, 48, 40", // 6to4
    })
    void anIpv4SubnetWithinIpv6IsWhereTheIpv4Is(String address, int prefix, int scope) throws Exception {
        byte[] octets = io.netty.util.NetUtil.createByteArrayFromIpAddressString(address);
        assertThat(octets).hasSize(16);
        byte[] option = new byte[4 + (prefix + 7) / 8];
        option[1] = 2;
        option[2] = (byte) prefix;
        System.arraycopy(octets, 0, option, 4, option.length - 4);
        // dnsjava takes IPv4-mapped addresses for IPv4 ones and refuses to read them in the answer.
        asker.from("192.0.2.9");
        byte[] out = java.util.Objects.requireNonNull(
                asker.datagram(query("www.shop.example.", Type.A, new org.xbill.DNS.GenericEDNSOption(8, option))
                        .toWire()));
        assertThat(java.util.HexFormat.of().formatHex(out)).contains("0004cb007102");
        assertThat(out[out.length - option.length + 3]).isEqualTo((byte) scope);
    }

    @Test
    void aSubnetOfNoBitsMeansTheResolversAddressAndScopeZero() {
        Message message = asker.from("198.51.100.9").udp(query("www.shop.example.", Type.A, subnet("0.0.0.0", 0)));
        assertThat(address(message)).isEqualTo("www.shop.example. 30 A 203.0.113.2");
        assertThat(echoed(message).getScopePrefixLength()).isZero();
    }

    @Test
    void aPolicyReplacesTheAddressesOfTheZoneFileAndNothingElse() {
        assertThat(records(asker.ask("www.shop.example.", Type.TXT), Section.ANSWER))
                .containsExactly("www.shop.example. 300 TXT static");
        assertThat(records(asker.from("192.0.2.9").ask("www.shop.example.", Type.AAAA), Section.AUTHORITY))
                .hasSize(1);
    }

    @Test
    void withoutADatabaseThePolicyAnswersItsDefaultToAllWithScopeZero() {
        Asker without = asker(GeoSource.none("test"));
        Message message =
                without.from("198.51.100.9").udp(query("www.shop.example.", Type.A, subnet("198.51.100.0", 24)));
        assertThat(address(message)).isEqualTo("www.shop.example. 30 A 203.0.113.1");
        assertThat(echoed(message).getScopePrefixLength()).isZero();
        assertThat(without.from("2001:db8::1").ask("www.shop.example.", Type.A).getSection(Section.ANSWER))
                .hasSize(1);
    }
}
