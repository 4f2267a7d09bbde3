package io.plinth.geodns.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.MmdbWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeoIndexTest {
    private static final long MAX = 1 << 20;

    @TempDir
    Path folder;

    private final Regions regions =
            new Regions(Map.of("eu", List.of("EU", "AF", "AS"), "us", List.of("NA", "SA", "OC"), "none", List.of()));
    private final Ranking ranking = new RegionRanking(regions, List.of("eu", "none", "us"), "none");
    private GeoIndex index = GeoIndex.compile(GeoSource.none(""), ranking, List.of());

    @BeforeEach
    void compile() throws IOException {
        Path file = new MmdbWriter("Test-Country")
                .put("198.51.100.0/24", Map.of("country_code", "US"))
                .put("198.51.101.0/24", Map.of("country_code", "CA"))
                .put("192.0.2.0/25", Map.of("country_code", "DE"))
                .put("192.0.2.128/25", Map.of("country_code", "FR"))
                .put("203.0.113.0/24", Map.of("country_code", "ZZ"))
                .put("2001:db8:1::/48", Map.of("country_code", "US"))
                .put("2001:db8:2::/48", Map.of("country_code", "JP"))
                .write(folder.resolve("country.mmdb"));
        index = GeoIndex.compile(
                new GeoSource(new MmdbDatabase(file, PlaceKeys.USUAL, MAX), null, ""), ranking, List.of());
    }

    private String find(String address) {
        byte[] octets = InetAddress.ofLiteral(address).getAddress();
        return find(octets);
    }

    private String find(byte[] octets) {
        int found = index.find(octets, octets.length * 8);
        int order = found >>> 8;
        return (order == GeoIndex.UNKNOWN
                        ? "-"
                        : List.of("eu", "none", "us")
                                .get(index.orders().get(order).getFirst())) + "/" + (found & 0xFF);
    }

    @ParameterizedTest
    @CsvSource({
        "198.51.100.7, us/23", // US and CA side by side are served alike
        "198.51.101.7, us/23",
        "192.0.2.1, eu/24", // DE and FR too
        "192.0.2.200, eu/24",
        "2001:db8:1::5, us/48",
        "2001:db8:2::5, eu/48",
    })
    void addressesHaveTheirRegionAndTheWidestScopeItHoldsFor(String address, String found) {
        assertThat(find(address)).isEqualTo(found);
    }

    @Test
    void anAddressOrCountryNobodyKnowsHasNoOrder() {
        assertThat(find("203.0.113.9")).startsWith("-/");
        assertThat(find("10.0.0.1")).startsWith("-/");
    }

    @ParameterizedTest
    @CsvSource({
        "00000000000000000000ffffc6336407, us/119", // IPv4-mapped
        "0064ff9b0000000000000000c6336407, us/119", // NAT64
        "000000000000000000000000c6336407, us/119", // IPv4-compatible
        "2002c633640700000000000000000001, us/39", // 6to4
        "200100004136e378800063bf39cc9bf8, us/119", // Teredo, inverted
    })
    void ipv4InIpv6IsWhereTheIpv4IsAndTheScopeCountsFromTheIpv6(String hex, String found) {
        assertThat(find(java.util.HexFormat.of().parseHex(hex))).isEqualTo(found);
    }

    @Test
    void aPrefixThatEndsBeforeTheIpv4SaysNothingAboutIt() {
        byte[] mapped = java.util.HexFormat.of().parseHex("00000000000000000000ffff00000000");
        assertThat(index.find(mapped, 96) >>> 8).isEqualTo(GeoIndex.UNKNOWN);
    }

    @Test
    void nestedKeysAreFollowed() throws IOException {
        Path file = new MmdbWriter("Nested")
                .put("192.0.2.0/24", Map.of("country", Map.of("iso_code", "us")))
                .write(folder.resolve("nested.mmdb"));
        PlaceDatabase database = new MmdbDatabase(file, PlaceKeys.USUAL, MAX);
        assertThat(database.place(InetAddress.ofLiteral("192.0.2.1"))).isEqualTo(Place.of("US"));
        assertThat(database.place(InetAddress.ofLiteral("192.0.3.1"))).isNull();
    }

    @Test
    void aFileThatIsNoDatabaseOrTooLargeIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("not.mmdb"), "not a database");
        assertThatThrownBy(() -> new MmdbDatabase(file, PlaceKeys.USUAL, MAX)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> new MmdbDatabase(file, PlaceKeys.USUAL, 3))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("limits.database");
    }
}
