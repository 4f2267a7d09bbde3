package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

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

/** What the API changes is answered at once, kept in versions, and taken back. */
class ApiIT {
    private static final String ZONE = """
        $TTL 300
        @    SOA    ns1 hostmaster 1 2 3 4 60
        @    NS     ns1
        ns1  A      192.0.2.1
        www  POLICY edge
        """;
    private static final String SECTION = """
        zones: { shop.example: shop.example.zone }
        policies:
          edge: { by: failover, order: [a, b], targets: { a: [192.0.2.10], b: [192.0.2.20] }, shed-from: 50 }
        """;

    @TempDir
    Path folder;

    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        Files.writeString(folder.resolve("shop.example.zone"), ZONE);
        node = TestNode.start(folder, "eu: { serves: [EU] }\n", SECTION);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private List<String> answer(String name, int type) throws Exception {
        return records(node.udp(query(name, type)), Section.ANSWER);
    }

    private String send(String method, String path, String body, int status) throws Exception {
        var response = node.admin(method, path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return response.body();
    }

    @Test
    void recordsAndZonesChangeAtOnceAndCanBeTakenBack() throws Exception {
        String path = "/zones/shop.example/records/new/A";
        assertThat(send("PUT", path + "?dry-run=true", "60 192.0.2.5\n60 192.0.2.6\n", 200))
                .contains("+ new.shop.example. 60 IN A 192.0.2.5")
                .contains("\"version\" : 0");
        assertThat(node.udp(query("new.shop.example.", Type.A)).getRcode()).isEqualTo(Rcode.NXDOMAIN);

        send("PUT", path, "60 192.0.2.5\n60 192.0.2.6\n", 200);
        assertThat(answer("new.shop.example.", Type.A)).hasSize(2);
        assertThat(answer("www.shop.example.", Type.A)).containsExactly("www.shop.example. 30 A 192.0.2.10");
        assertThat(send("GET", "/zones", "", 200)).contains("\"serial\" : 2").contains("\"from\" : \"api\"");
        assertThat(send("DELETE", path, "", 200)).contains("- new.shop.example. 60 IN A 192.0.2.6");
        assertThat(answer("new.shop.example.", Type.A)).isEmpty();

        assertThat(send("PUT", "/zones/shop.example", ZONE + "bad A x\n", 422))
                .contains("address: x (expected: an IPv4 address");
        send("PUT", "/zones/more.example", ZONE.replace("www  POLICY edge", "x TXT hello"), 200);
        assertThat(answer("x.more.example.", Type.TXT)).hasSize(1);

        node.node().reload().get();
        assertThat(answer("x.more.example.", Type.TXT)).hasSize(1);

        assertThat(send("GET", "/versions", "", 200)).contains("\"version\" : 3");
        send("POST", "/versions/1/rollback", "", 200);
        assertThat(answer("new.shop.example.", Type.A)).hasSize(2);
        assertThat(node.udp(query("x.more.example.", Type.TXT)).getRcode()).isEqualTo(Rcode.REFUSED);
        send("POST", "/versions/0/rollback", "", 200);
        assertThat(send("GET", "/zones", "", 200)).contains("\"from\" : \"file\"");
        send("POST", "/versions/99/rollback", "", 400);
    }

    @Test
    void targetsOverridesAndLoadsSteerTheAnswers() throws Exception {
        send("PUT", "/targets/edge/a", "192.0.2.11 192.0.2.12", 200);
        assertThat(answer("www.shop.example.", Type.A)).hasSize(2);
        send("PUT", "/targets/edge/c", "192.0.2.11", 400);
        send("PUT", "/targets/edge/a", "lb.cdn.example. 192.0.2.12", 400);
        assertThat(send("PUT", "/zones/shop.example/records/www/MX?dry-run=true", "60 10 ns1.shop.example.", 200))
                .contains("+ www.shop.example. 60 IN MX");
        send("PUT", "/targets/edge/a", "lb.cdn.example.", 200);
        assertThat(answer("www.shop.example.", Type.AAAA))
                .containsExactly("www.shop.example. 30 CNAME lb.cdn.example.");
        assertThat(send("PUT", "/zones/shop.example/records/www/MX", "60 10 ns1.shop.example.", 422))
                .contains("(expected: nothing beside a policy that answers names");
        send("PUT", "/targets/edge/a", "192.0.2.11 192.0.2.12", 200);
        send("PUT", "/overrides/192.0.2.11", "down", 200);
        send("PUT", "/overrides/edge/192.0.2.12?for=1h", "down", 200);
        TestNode.await(
                "b", () -> answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 30 A 192.0.2.20")));
        assertThat(send("GET", "/targets", "", 200)).contains("\"overridden\" : true");
        send("DELETE", "/overrides/192.0.2.11", "", 200);
        TestNode.await(
                "a again",
                () -> answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 30 A 192.0.2.11")));
        send("PUT", "/loads/edge/a", "100", 200);
        TestNode.await(
                "shed", () -> answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 30 A 192.0.2.20")));
        send("PUT", "/latency/edge", "127.0.0.0/8 b=1 a=9\n", 200);
        send("PUT", "/loads/edge/a", "0", 200);
        assertThat(answer("www.shop.example.", Type.A)).containsExactly("www.shop.example. 30 A 192.0.2.20");
        assertThat(send("PUT", "/latency/edge", "127.0.0.0/8 z=1\n", 422)).contains("member: z");
    }

    @Test
    void anOverrideExpiresAndTheTtlGoesTowardsThat() throws Exception {
        send("PUT", "/overrides/192.0.2.10?for=2s", "down", 200);
        TestNode.await(
                "b until then",
                () -> answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 15 A 192.0.2.20")));
        TestNode.await(
                "a after it",
                () -> answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 30 A 192.0.2.10")));
    }

    @Test
    void changesOutliveTheNode() throws Exception {
        send("PUT", "/zones/shop.example/records/kept/A", "60 192.0.2.5", 200);
        node.close();
        node = TestNode.start(folder, "eu: { serves: [EU] }\n", SECTION);
        assertThat(answer("kept.shop.example.", Type.A)).hasSize(1);
    }
}
