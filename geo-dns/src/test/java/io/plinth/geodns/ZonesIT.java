package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Zones of one node, some of which break. */
class ZonesIT {
    private static final String ZONES = "{ a.example: a.zone, b.example: b.zone }";

    @TempDir
    Path folder;

    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        zone("a", 1, "");
        zone("b", 1, "");
        node = TestNode.start(folder, "eu: {}\n", "zones: " + ZONES + "\n");
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private void zone(String name, int serial, String more) throws Exception {
        Files.writeString(
                folder.resolve(name + ".zone"),
                "$TTL 300\n@ SOA ns1 h " + serial + " 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2." + serial
                        + "\n" + more);
    }

    private List<String> www(String zone) throws Exception {
        return records(node.udp(query("www." + zone + ".example.", Type.A)), Section.ANSWER);
    }

    private String zones() throws Exception {
        return node.admin("GET", "/zones").body().replaceAll("\\s+", " ");
    }

    @Test
    void aBrokenZoneKeepsItsLastGoodVersionAndSaysWhyWhileOthersAreReloaded() throws Exception {
        zone("a", 2, "bad MX x\n");
        zone("b", 2, "");
        assertThatThrownBy(() -> node.node().reload().get())
                .hasMessageContaining("a.zone:6:1: number: x")
                .hasMessageNotContaining("b.zone");
        assertThat(www("a")).containsExactly("www.a.example. 300 A 192.0.2.1");
        assertThat(www("b")).containsExactly("www.b.example. 300 A 192.0.2.2");
        assertThat(zones())
                .contains("\"zone\" : \"a.example.\", \"serial\" : 1,")
                .contains("a.zone:6:1: number: x")
                .contains("\"zone\" : \"b.example.\", \"serial\" : 2,");
        assertThat(node.admin("GET", "/metrics").body()).contains("geodns_zones_broken 1.0");

        zone("a", 3, "");
        node.node().reload().get();
        assertThat(www("a")).containsExactly("www.a.example. 300 A 192.0.2.3");
        assertThat(zones()).doesNotContain("a.zone");
        assertThat(node.admin("GET", "/metrics").body()).contains("geodns_zones_broken 0.0");
    }

    @Test
    void aMissingFileAndANewZoneThatWasNeverGoodConcernNobodyElse() throws Exception {
        Files.delete(folder.resolve("a.zone"));
        zone("b", 2, "");
        zone("c", 1, "www A 192.0.2\n");
        TestNode.write(folder, "eu: {}\n", "zones: { a.example: a.zone, b.example: b.zone, c.example: c.zone }\n");
        assertThatThrownBy(() -> node.node().reload().get())
                .hasMessageContaining("a.zone:1:1: zone file: missing")
                .hasMessageContaining("c.zone:6:1: address: 192.0.2 ");
        assertThat(www("a")).containsExactly("www.a.example. 300 A 192.0.2.1");
        assertThat(www("b")).containsExactly("www.b.example. 300 A 192.0.2.2");
        assertThat(node.udp(query("www.c.example.", Type.A)).getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(zones()).contains("\"zone\" : \"c.example.\", \"from\" : \"file\"");
    }

    @Test
    void aChangeOfTheApiIsNotHeldUpByAnotherZoneThatIsBroken() throws Exception {
        zone("a", 2, "bad MX x\n");
        assertThat(node.admin("PUT", "/zones/b.example/records/www/A", "60 192.0.2.9")
                        .statusCode())
                .isEqualTo(200);
        assertThat(www("a")).containsExactly("www.a.example. 300 A 192.0.2.1");
        assertThat(www("b")).containsExactly("www.b.example. 60 A 192.0.2.9");
        assertThat(node.admin("PUT", "/zones/b.example/records/www/A", "60 192.0.2")
                        .statusCode())
                .isEqualTo(422);
        assertThat(www("b")).containsExactly("www.b.example. 60 A 192.0.2.9");
    }

    @Test
    void aNodeDoesNotStartWithAZoneThatWasNeverGood() throws Exception {
        zone("a", 2, "bad MX x\n");
        Path other = Files.createDirectories(folder.resolve("other"));
        Files.copy(folder.resolve("a.zone"), other.resolve("a.zone"));
        Files.copy(folder.resolve("b.zone"), other.resolve("b.zone"));
        assertThatThrownBy(() -> TestNode.start(other, "eu: {}\n", "zones: " + ZONES + "\n"))
                .hasMessageContaining("a.zone:6:1: number: x");
    }
}
